"""A report: what one source says of one incident, in the words of a notification."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from protocol.plain_text import problem_of_line

TITLE_MAX = 200
SUMMARY_MAX = 8_000
LINE_MAX = 400
"""Of a source, in bytes of UTF-8; those of title and summary are the catalogue's too."""

LOOKED_AT = 8
"""Characters of a source that are looked at, for each byte that may be taken over: no more, however many come."""

STACKED_MAX = 30
"""Combining marks on one letter; no language has more, and putting more in order takes ever longer.

Source: Unicode Standard Annex 15, "Stream-Safe Text Format".
"""

NAME_BYTES_MAX = 100
"""Of what a source calls a report."""

MARK_CHARS = 16


class ReportRefused(Exception):
    """A report that cannot be taken in; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report.

    Attributes:
        source_id: how the source names it; the same name again is the same report.
        values: of a notification's fields, by name.
        header: choices of its header, by name, as a person types them.
        victim: whom it befell, to tell one report from another; it is not taken over.
        notes: what was not taken over, and why; for whoever reads the draft.
        digest: of what was reported; another one under the same name is a report that changed.
    """

    source_id: str
    values: Mapping[str, Any]
    header: Mapping[str, str] = field(default_factory=dict)
    victim: str = ""
    notes: tuple[str, ...] = ()
    digest: str = ""


def marks(report: Report, values: Mapping[str, Any]) -> frozenset[str]:
    """What two reports of one incident have in common: its name; or the summary and whom it befell; or class, sectors,
    whom, and the day of its beginning, where the day is known.

    Args:
        report: as it was read.
        values: of a notification's fields, checked.
    """
    said, victim = report.values.get("summary"), report.victim
    found = [("name", " ".join(name.casefold().split())) for name in values.get("names", [])]
    if isinstance(said, str):
        found.append(("summary", f"{victim} {' '.join(said.casefold().split())}"))
    first = values.get("first_seen") or ""
    if len(first) >= len("2015-12-23") and values.get("sectors"):
        found.append(("act", " ".join([victim, values["class"][0], *sorted(values["sectors"]), first[:10]])))
    return frozenset(digest_of(one)[:MARK_CHARS] for one in found)


def digest_of(document: object) -> str:
    """A digest of what was reported, whatever the order of its parts."""
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def line(text: object, *, most: int = LINE_MAX) -> str:
    """A text or a number as one line without control characters, cut to so many bytes; of anything else nothing."""
    return _cut(" ".join(_printing(_told(text)[: most * LOOKED_AT]).split()), most)


def text(value: object, *, most: int = SUMMARY_MAX) -> str:
    """A text of several lines without other control characters, cut to so many bytes, and saying so; of anything that
    is neither text nor number nothing."""
    told = _told(value)
    looked_at = told[: most * LOOKED_AT]
    lines = [" ".join(_printing(part).split()) for part in looked_at.splitlines()]
    whole = "\n".join(one for one in lines if one)
    if len(looked_at) == len(told) and len(whole.encode()) <= most:
        return whole
    said = "\n[The report says more than fits here.]"
    return _cut(whole, most - len(said)) + said


def _told(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""


def _printing(value: str) -> str:
    """What may stand in a field; anything hidden becomes a blank, and so does a mark upon too many others."""
    if value.isascii() and value.isprintable():
        return value
    kept: list[str] = []
    stacked = 0
    for one in value:
        stacked = stacked + 1 if unicodedata.category(one).startswith("M") else 0
        kept.append(one if stacked <= STACKED_MAX else " ")
    normal = unicodedata.normalize("NFC", "".join(kept))
    return "".join(one if problem_of_line(one) is None else " " for one in normal)


def _cut(value: str, most: int) -> str:
    return value.encode()[:most].decode(errors="ignore").rstrip()


def filled(**values: Any) -> dict[str, Any]:
    """Values without those that say nothing."""
    return {name: value for name, value in values.items() if value not in (None, "", [], ())}
