"""Field types: what each type of field accepts, how it is typed and how it is shown.

One engine for all kinds: a table of types, each with a check, a parser and a way to show. protocol/fields.py lists the
types for readers.

Source: spec/catalogue.md, "Field types".
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from protocol.field import COLUMN_SEPARATOR, Field, FieldRefused, Problem, Value, Vocabularies
from protocol.partial_time import parse_partial_time
from protocol.plain_text import problem_of_line, problem_of_text, tidy

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+/@-]*(?: [A-Za-z0-9._:+/@-]+)*", re.ASCII)
_GRADE = re.compile(r"[A-F][1-6]", re.ASCII)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_YES = frozenset({"yes", "true", "y", "1"})
_NO = frozenset({"no", "false", "n", "0"})


def how_typed(item: Field) -> str:
    """Say how a value of a field is typed, in English.

    Args:
        item: the field.

    Returns:
        One clause; for records with the columns in order, the optional ones in brackets.
    """
    if item.type != "records":
        return FIELD_TYPES[item.type].how
    typed = [column for column in item.columns if column.type != "ordinal"]
    return "one a line: " + f" {COLUMN_SEPARATOR} ".join(
        column.name if column.required else f"[{column.name}]" for column in typed
    )


def check_field(item: Field, value: Value, catalogue: Vocabularies, *, where: str | None = None) -> tuple[Problem, ...]:
    """Check one value against its field.

    Args:
        item: the field.
        value: its value, None where absent.
        catalogue: where vocabularies are looked up.
        where: how to name the field in problems; its own name where None.

    Returns:
        Every problem; empty when the value is good.
    """
    where = item.name if where is None else where
    if value is None:
        if item.required:
            return (Problem(field=where, code="missing-field", text="is required"),)
        return ()
    return tuple(FIELD_TYPES[item.type].check(item, value, catalogue, where))


def parse_text(item: Field, text: str | Sequence[str], catalogue: Vocabularies | None = None) -> Value:
    """Read a value from what a person typed: a prompt, a flag, or a flag given several times.

    The result is of the right shape; check_field says whether it is also within the limits and the vocabulary.

    Args:
        item: the field.
        text: the text, or several texts that count as lines.
        catalogue: where given, a code may also be typed as its label and in any case.

    Returns:
        The value; None where nothing was typed.

    Raises:
        FieldRefused: the text is no value of the type.
    """
    joined = tidy(text if isinstance(text, str) else "\n".join(text))
    if not joined:
        return None
    return FIELD_TYPES[item.type].parse(item, joined, catalogue)


def show_text(item: Field, value: Value) -> str:
    """Show a value as parse_text would take it again; the empty text for None.

    Args:
        item: the field.
        value: a value of the field that passed its check.

    Returns:
        Text of one or more lines.
    """
    return "" if value is None else FIELD_TYPES[item.type].show(item, value)


# --- Checks: a value from a body, which may be anything ---------------------------------------------------------------

_Check = Callable[[Field, Value, Vocabularies, str], Iterable[Problem]]
_Parse = Callable[[Field, str, "Vocabularies | None"], Value]
_Show = Callable[[Field, Value], str]


def _bad(where: str, text: str) -> list[Problem]:
    return [Problem(field=where, code="bad-field", text=text)]


def _check_string(
    item: Field, value: Value, where: str, problem_of: Callable[[str], str | None], most: int
) -> list[Problem]:
    if not isinstance(value, str):
        return _bad(where, "is no text")
    if len(value) > most:  # every character is at least one byte; nothing larger is looked at
        return [Problem(field=where, code="field-too-long", text=f"is longer than {most} bytes")]
    problem = problem_of(value)
    if problem is not None:
        return _bad(where, problem)
    if len(value.encode()) > most:
        return [Problem(field=where, code="field-too-long", text=f"is longer than {most} bytes")]
    return []


def _check_line(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    return _check_string(item, value, where, problem_of_line, item.max)


def _check_text(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    return _check_string(item, value, where, problem_of_text, item.max)


def _problem_of_identifier(item: Field) -> Callable[[str], str | None]:
    def problem_of(value: str) -> str | None:
        if _IDENTIFIER.fullmatch(value) is None:
            return "is no identifier: letters, digits, . _ : + / @ - and single blanks, a letter or digit first"
        if item.pattern is not None and re.fullmatch(item.pattern, value, re.ASCII) is None:
            return f"is not of the form {item.pattern}"
        return None

    return problem_of


def _check_identifier(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    return _check_string(item, value, where, _problem_of_identifier(item), item.max)


def _check_integer(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    if isinstance(value, bool) or not isinstance(value, int):
        return _bad(where, "is no whole number")
    if not item.min <= value <= item.max:
        return _bad(where, f"is not between {item.min} and {item.max}")
    return []


def _check_flag(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    return [] if isinstance(value, bool) else _bad(where, "is neither yes nor no")


def _check_when(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    if not isinstance(value, str) or parse_partial_time(value) is None:
        return _bad(where, "is no date or time of the form 2015, 2015-12, 2015-12-23 or 2015-12-23T14:05Z")
    return []


def _check_grade(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    if not isinstance(value, str) or _GRADE.fullmatch(value) is None:
        return _bad(where, "is no source grade: a letter A to F and a digit 1 to 6, such as B2")
    return []


def _check_choice(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    vocabulary = catalogue.vocabulary(item.vocabulary or "")
    if not isinstance(value, str):
        return _bad(where, "is no code")
    if vocabulary is None or vocabulary.term(value) is None or (item.only and value not in item.only):
        return _bad(where, f"is not one of the vocabulary {item.vocabulary}")
    return []


def _check_list(
    item: Field, value: Value, where: str, check_one: Callable[[Value, str], Iterable[Problem]], *, unique: bool
) -> list[Problem]:
    if not isinstance(value, list):
        return _bad(where, "is no list")
    if not value:
        return _bad(where, "is an empty list; leave it out instead")
    if len(value) > item.max:
        return [Problem(field=where, code="field-too-long", text=f"has more than {item.max} items")]
    found: list[Problem] = []
    for number, one in enumerate(value, 1):
        found.extend(check_one(one, f"{where}[{number}]"))
    if unique and not found and len(set(value)) != len(value):
        found.extend(_bad(where, "names something twice"))
    return found


def _check_choices(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    return _check_list(item, value, where, lambda one, at: _check_choice(item, one, catalogue, at), unique=True)


def _check_identifiers(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    problem_of = _problem_of_identifier(item)

    def check_one(one: Value, at: str) -> list[Problem]:
        return _check_string(item, one, at, problem_of, item.item_max)

    return _check_list(item, value, where, check_one, unique=True)


def _check_lines(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    def check_one(one: Value, at: str) -> list[Problem]:
        return _check_string(item, one, at, problem_of_line, item.item_max)

    return _check_list(item, value, where, check_one, unique=False)


def _check_records(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    names = {column.name for column in item.columns}
    last = item.columns[-1].name
    position = 0

    def check_one(one: Value, at: str) -> list[Problem]:
        nonlocal position
        position += 1
        if not isinstance(one, dict) or set(one) != names:
            return _bad(at, f"does not have exactly the columns {', '.join(sorted(names))}")
        found: list[Problem] = []
        for column in item.columns:
            cell = one[column.name]
            if column.type == "ordinal":
                if isinstance(cell, bool) or cell != position:
                    found.extend(_bad(f"{at}.{column.name}", f"is not {position}, its place in the list"))
                continue
            found.extend(check_field(column, cell, catalogue, where=f"{at}.{column.name}"))
            # Only the last column may hold the separator: so a row that is shown can be read again.
            if column.name != last and isinstance(cell, str) and COLUMN_SEPARATOR in cell:
                found.extend(_bad(f"{at}.{column.name}", f"holds {COLUMN_SEPARATOR}, which separates columns"))
        return found

    return _check_list(item, value, where, check_one, unique=False)


def _check_ordinal(item: Field, value: Value, catalogue: Vocabularies, where: str) -> list[Problem]:
    return _bad(where, "is a place in a list and stands only in one")


# --- Parsing and showing: text from a person, who is told at once what is wrong ------------------------------------


def _parse_as_is(item: Field, text: str, catalogue: Vocabularies | None) -> Value:
    return text


def _parse_integer(item: Field, text: str, catalogue: Vocabularies | None) -> Value:
    if _INTEGER.fullmatch(text) is None:
        raise FieldRefused(name=item.name, text=f"{text!r} is no whole number")
    return int(text)


def _parse_flag(item: Field, text: str, catalogue: Vocabularies | None) -> Value:
    word = text.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise FieldRefused(name=item.name, text=f"{text!r} is neither yes nor no")


def _parse_when(item: Field, text: str, catalogue: Vocabularies | None) -> Value:
    if parse_partial_time(text) is None:
        raise FieldRefused(
            name=item.name, text=f"{text!r} is no date or time; write 2015, 2015-12, 2015-12-23 or 2015-12-23T14:05Z"
        )
    return text


def _parse_grade(item: Field, text: str, catalogue: Vocabularies | None) -> Value:
    grade = text.upper()
    if _GRADE.fullmatch(grade) is None:
        raise FieldRefused(
            name=item.name, text=f"{text!r} is no source grade; write a letter A to F and a digit 1 to 6"
        )
    return grade


def _parse_choice(item: Field, text: str, catalogue: Vocabularies | None) -> Value:
    if catalogue is None or item.vocabulary is None:
        return text
    vocabulary = catalogue.vocabulary(item.vocabulary)
    code = None if vocabulary is None else vocabulary.resolve(text)
    if vocabulary is None or code is None or (item.only and code not in item.only):
        known = item.only or (() if vocabulary is None else vocabulary.codes)
        raise FieldRefused(name=item.name, text=f"{text!r} is not one of: {', '.join(known)}")
    return code


def _pieces(text: str, *, commas: bool) -> list[str]:
    parts = re.split(r"[,\n]", text) if commas else text.split("\n")
    return [part.strip() for part in parts if part.strip()]


def _parse_choices(item: Field, text: str, catalogue: Vocabularies | None) -> Value:
    return [_parse_choice(item, part, catalogue) for part in _pieces(text, commas=True)] or None


def _parse_identifiers(item: Field, text: str, catalogue: Vocabularies | None) -> Value:
    return _pieces(text, commas=True) or None


def _parse_lines(item: Field, text: str, catalogue: Vocabularies | None) -> Value:
    return _pieces(text, commas=False) or None


def _parse_records(item: Field, text: str, catalogue: Vocabularies | None) -> Value:
    typed = [column for column in item.columns if column.type != "ordinal"]
    rows: list[Value] = []
    for number, line in enumerate(_pieces(text, commas=False), 1):
        cells = [cell.strip() for cell in line.split(COLUMN_SEPARATOR, len(typed) - 1)]
        cells += [""] * (len(typed) - len(cells))
        row: dict[str, Value] = {column.name: number for column in item.columns if column.type == "ordinal"}
        for column, cell in zip(typed, cells, strict=True):
            try:
                row[column.name] = parse_text(column, cell, catalogue)
            except FieldRefused as refused:
                raise FieldRefused(name=f"{item.name}[{number}].{column.name}", text=refused.text) from None
            if column.required and row[column.name] is None:
                raise FieldRefused(name=f"{item.name}[{number}].{column.name}", text=f"is required; {how_typed(item)}")
        rows.append(row)
    return rows or None


def _parse_ordinal(item: Field, text: str, catalogue: Vocabularies | None) -> Value:
    raise FieldRefused(name=item.name, text="is not typed")


def _show_as_is(item: Field, value: Value) -> str:
    return str(value)


def _show_flag(item: Field, value: Value) -> str:
    return "yes" if value else "no"


def _show_commas(item: Field, value: Value) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _show_lines(item: Field, value: Value) -> str:
    return "\n".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _show_records(item: Field, value: Value) -> str:
    if not isinstance(value, list):
        return str(value)
    rows = []
    for row in value:
        cells = [show_text(column, row.get(column.name)) for column in item.columns if column.type != "ordinal"]
        while cells and not cells[-1]:
            cells.pop()
        rows.append(f" {COLUMN_SEPARATOR} ".join(cells))
    return "\n".join(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldType:
    """What the engine does for one type.

    Attributes:
        how: how a value is typed, in English.
        check: finds the problems of a value that came in a body.
        parse: reads a value a person typed.
        show: shows a value as it would be typed.
    """

    how: str
    check: _Check
    parse: _Parse
    show: _Show


_COMMAS = "separated by commas, or one a line"
FIELD_TYPES: Mapping[str, FieldType] = {
    "line": FieldType(how="one line of text", check=_check_line, parse=_parse_as_is, show=_show_as_is),
    "text": FieldType(how="text of one or more lines", check=_check_text, parse=_parse_as_is, show=_show_as_is),
    "identifier": FieldType(how="an identifier", check=_check_identifier, parse=_parse_as_is, show=_show_as_is),
    "integer": FieldType(how="a whole number", check=_check_integer, parse=_parse_integer, show=_show_as_is),
    "flag": FieldType(how="yes or no", check=_check_flag, parse=_parse_flag, show=_show_flag),
    "when": FieldType(
        how="what is known of it: 2015, 2015-12, 2015-12-23, 2015-12-23T14Z, 2015-12-23T14:05Z or 2015-12-23T14:05:09Z",
        check=_check_when,
        parse=_parse_when,
        show=_show_as_is,
    ),
    "grade": FieldType(
        how="reliability A to F and credibility 1 to 6, such as B2",
        check=_check_grade,
        parse=_parse_grade,
        show=_show_as_is,
    ),
    "choice": FieldType(how="one code of the vocabulary", check=_check_choice, parse=_parse_choice, show=_show_as_is),
    "choices": FieldType(
        how=f"codes of the vocabulary, {_COMMAS}", check=_check_choices, parse=_parse_choices, show=_show_commas
    ),
    "identifiers": FieldType(
        how=f"identifiers, {_COMMAS}", check=_check_identifiers, parse=_parse_identifiers, show=_show_commas
    ),
    "lines": FieldType(how="one a line", check=_check_lines, parse=_parse_lines, show=_show_lines),
    "records": FieldType(how="one a line", check=_check_records, parse=_parse_records, show=_show_records),
    "ordinal": FieldType(how="not typed", check=_check_ordinal, parse=_parse_ordinal, show=_show_as_is),
}
"""Every field type by name."""
