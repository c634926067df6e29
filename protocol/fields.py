"""Fields: what a statement says, one named value at a time.

A kind of statement declares its fields as data (protocol/kinds.py). One engine here checks every value, reads it from
what a person typed, and shows it again. The values are plain: None, bool, int, str, list, dict; None means absent, and
an empty text or list is refused, so that absence has one spelling.

| type | value | typed as |
|---|---|---|
| line | str, one line | the text |
| text | str, one or more lines | the text |
| identifier | str of letters, digits and few signs, such as "CVE-2024-3400" or "ARC 17" | the text |
| integer | int | digits |
| flag | bool | yes or no |
| when | str, a partial time | 2015, 2015-12, 2015-12-23, 2015-12-23T14:05Z |
| grade | str, such as "B2" | a letter A to F and a digit 1 to 6 |
| choice | str, a code of the vocabulary | the code or its label |
| choices | list of codes, no code twice | separated by commas or lines |
| identifiers | list of str, none twice | separated by commas or lines |
| lines | list of str | one a line |
| records | list of dicts, every column present | one a line, columns separated by " | " |
| ordinal | int, the place in the list, from 1; only as a column | not typed |

Lengths of text are counted in bytes of UTF-8, lengths of lists in items.

Source: spec/catalogue.md, "Field types".
"""

from collections.abc import Mapping

from protocol.field import Field, FieldRefused, HasFields, Problem, Value, Vocabularies
from protocol.field_types import FIELD_TYPES, check_field, how_typed, parse_text, show_text

__all__ = [
    "FIELD_TYPES",
    "Field",
    "FieldRefused",
    "HasFields",
    "Problem",
    "Value",
    "Vocabularies",
    "check_field",
    "check_fields",
    "how_typed",
    "parse_text",
    "show_text",
]


def check_fields(kind: HasFields, values: Mapping[str, Value], catalogue: Vocabularies) -> tuple[Problem, ...]:
    """Check all values of a statement against its kind.

    Args:
        kind: the kind, for its fields.
        values: value by field name; a missing name and None both mean absent.
        catalogue: where vocabularies are looked up.

    Returns:
        Every problem, in the order of the fields; empty when the values are good.
    """
    found: list[Problem] = []
    for item in kind.fields:
        found.extend(check_field(item, values.get(item.name), catalogue))
    known = {item.name for item in kind.fields}
    for name in values:
        if name not in known:
            found.append(Problem(field=str(name), code="unknown-field", text="is no field of this kind"))
    return tuple(found)
