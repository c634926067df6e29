"""The tables that reports are coded by, and what is found in them.

Source: spec/intake.md; `hotline/data/report-tables.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

FILE = "report-tables.toml"


@cache
def tables() -> Mapping[str, Any]:
    """All tables."""
    text = resources.files("hotline").joinpath("data", FILE).read_text(encoding="utf-8")
    return tomllib.loads(text)


def longest_prefix(table: Mapping[str, str], code: str) -> str | None:
    """The value under the longest beginning of a code."""
    for end in range(len(code), 0, -1):
        if code[:end] in table:
            return table[code[:end]]
    return None


def ordered_classes(found: Iterable[str | None]) -> list[str]:
    """Classes once each, the most telling first, no more than the table says; `undetermined` where there is none."""
    known = tables()["classes"]
    order: list[str] = known["order"]
    return sorted({one for one in found if one}, key=order.index)[: known["count_max"]] or ["undetermined"]


def classes_of_techniques(techniques: Iterable[str]) -> list[str | None]:
    """The class that each ATT&CK technique speaks of, or None."""
    return [longest_prefix(tables()["classes"]["technique"], one) for one in techniques]


def harmed(classes: Iterable[str]) -> list[str]:
    """What the classes harm, in alphabetical order."""
    table = tables()["effects"]["class"]
    return sorted({table[name] for name in classes if name in table})


def sectors_in(words: str) -> list[str]:
    """The sectors that words of a text name, in alphabetical order."""
    table = tables()["sectors"]["keyword"]
    lowered = words.lower()
    return sorted({code for word, code in table.items() if re.search(rf"\b{re.escape(word)}\b", lowered)})


@dataclass(frozen=True, slots=True)
class Severity:
    """How grave an incident counts.

    Attributes:
        level: 0 to 5.
        reasons: what counts how much.
        precedence: that a notification of this level has.
    """

    level: int
    reasons: tuple[str, ...]
    precedence: str


def severity(classes: Iterable[str], sectors: Iterable[str], techniques: Iterable[str]) -> Severity:
    """How grave an incident counts, by the tables: its main class, a grave sector, many techniques."""
    table = tables()["severity"]
    main = next(iter(classes), "undetermined")
    level: int = table["class"].get(main, table["otherwise"])
    reasons = [f"class {main} counts {level}"]
    grave = sorted({*table["grave_sectors"]} & {*sectors})
    if grave:
        level += 1
        reasons.append(f"sector {grave[0]} adds 1")
    many = len(list(techniques))
    if many >= table["many_techniques"]:
        level += 1
        reasons.append(f"{many} techniques add 1")
    level = min(level, table["most"])
    return Severity(level, tuple(reasons), table["precedence"]["levels"][level])
