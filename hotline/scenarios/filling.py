"""Values for the fields that a kind needs and a scenario does not care about.

They are short and dull, and good by the field's own declaration, so that a scenario says only what it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hotline.zulu import zulu
from protocol.field import Field
from protocol.kinds import Catalogue, Kind
from protocol.rules import broken_rules

TEXT = "As the scenario has it."


def fill(kind: Kind, given: dict[str, Any], catalogue: Catalogue, *, now_ms: int) -> dict[str, Any]:
    """Give the values with everything that the kind requires.

    Args:
        kind: of the statement.
        given: by the scenario.
        catalogue: for vocabularies.
        now_ms: the author's clock, UTC milliseconds.
    """
    made = dict(given)
    for item in kind.fields:
        if item.required and item.name not in made:
            made[item.name] = sample(item, catalogue, now_ms=now_ms)
    for rule in broken_rules(kind, made, {}, catalogue):
        if rule.type == "count" and isinstance(rule.least, int):
            for name in rule.fields:
                _count(made, kind, name, rule.least, sample_of=lambda item: sample(item, catalogue, now_ms=now_ms))
    return made


def _count(made: dict[str, Any], kind: Kind, name: str, least: int, *, sample_of: Callable[[Field], Any]) -> None:
    """Fill a field that a rule counts, as often as it asks."""
    item = kind.field(name)
    if item is None or (name in made and item.type != "records"):
        return
    found = sample_of(item)
    made[name] = [dict(row) for row in found for _ in range(least)] if item.type == "records" else found


def sample(item: Field, catalogue: Catalogue, *, now_ms: int) -> Any:
    """A value that the field takes."""
    match item.type:
        case "line" | "text":
            return TEXT[: item.max]
        case "identifier":
            return _identifier(item)
        case "identifiers":
            return [_identifier(item)]
        case "integer":
            return max(item.min, min(1, item.max))
        case "flag":
            return True
        case "when":
            return zulu(now_ms)[:16] + "Z"
        case "grade":
            return "B2"
        case "choice":
            return _codes(item, catalogue)[0]
        case "choices":
            return [_codes(item, catalogue)[0]]
        case "lines":
            return [TEXT[: item.item_max]]
        case "records":
            return [
                {
                    column.name: 1
                    if column.type == "ordinal"
                    else sample(column, catalogue, now_ms=now_ms)
                    if column.required
                    else None
                    for column in item.columns
                }
            ]
        case _:
            raise ValueError(f"{item.name} is of a type without a sample: {item.type}")


def _codes(item: Field, catalogue: Catalogue) -> tuple[str, ...]:
    if item.only:
        return item.only
    found = catalogue.vocabulary(item.vocabulary or "")
    return () if found is None else found.codes


def _identifier(item: Field) -> str:
    """Something of the field's pattern; patterns are few."""
    import re

    for text in ("CASE-17", "case-17", "en", "T1566", "CVE-2024-3400", "ARC 1", "17", "ab" * 32, "AB" * 16):
        if item.pattern is None or re.fullmatch(item.pattern, text):
            return text
    raise ValueError(f"{item.name}: give a value, none is known for its pattern")
