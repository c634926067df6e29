"""The figures of spec/soak.md, written from what was kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.soak.parts import Part
from tests.soak.record import Record, Stretch

BEGIN, END = "<!-- figures: python -m tests.soak --page -->\n", "<!-- end of figures -->\n"


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |\n"


def overview(parts: Iterable[Part]) -> str:
    """The table of what there is."""
    text = _row("part", "tries", "cases") + _row("---", "---", "---:")
    return text + "".join(_row(f"`{part.name}`", part.about, f"{part.count:,}") for part in parts)


def _figures(stretch: Stretch) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in sorted(stretch.figures.items()))


def figures(parts: Iterable[tuple[Part, Record]]) -> str:
    """What was run, under which commits."""
    text = _row("part", "commit", "cases", "held", "time", "until", "figures") + _row(*["---"] * 7)
    for part, record in parts:
        for one in record.stretches:
            cases = f"{one.first:,} to {one.last:,}"
            hours = f"{one.seconds / 3600:.1f} h" if one.seconds >= 3600 else f"{one.seconds / 60:.1f} min"
            text += _row(f"`{part.name}`", f"`{one.commit}`", cases, f"{one.cases:,}", hours, one.at, _figures(one))
        for failed in record.failures:
            cases = f"{failed['first']:,}, {failed['count']:,} from there"
            text += _row(f"`{part.name}`", f"`{failed['commit']}`", cases, "**failed**", "", "", failed["text"][:200])
    return text


def renew(page: Path, parts: Iterable[tuple[Part, Record]]) -> None:
    """Write the tables into the page, between its two marks.

    Raises:
        ValueError: the page has no marks.
    """
    both = list(parts)
    text = page.read_text()
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    tables = f"\n{overview(part for part, _ in both)}\n{figures(both)}\n"
    page.write_text(before + BEGIN + tables + END + after)
