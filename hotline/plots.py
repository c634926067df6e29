"""Plots as SVG, drawn from numbers alone: the same numbers give the same bytes.

Shapes carry classes and no styles, so that a page's own sheet colours them, by day and by night and in print.

Source: SVG 2 (W3C), chapters 9 to 11.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM = 960, 160, 48, 20
COLUMNS = 120


def span_of(*series: Sequence[int]) -> tuple[int, int]:
    """The first and the last time of all of them, at least a second apart; (0, 1000) for none."""
    ends = [time for one in series for time in (min(one, default=None), max(one, default=None)) if time is not None]
    first, last = (min(ends), max(ends)) if ends else (0, 0)
    return first, max(last, first + 1_000)


def column(at_ms: int, span: tuple[int, int]) -> int:
    """In which of COLUMNS a time falls."""
    first, last = span
    return min(COLUMNS - 1, max(0, (at_ms - first) * COLUMNS // (last - first + 1)))


def place(at_ms: int, span: tuple[int, int]) -> float:
    """Where a time stands on the axis."""
    first, last = span
    share = min(1.0, max(0.0, (at_ms - first) / (last - first)))
    return round(LEFT + share * (WIDTH - LEFT), 1)


def counts(times: Sequence[int], span: tuple[int, int]) -> list[int]:
    """How many fall into each column."""
    found = [0] * COLUMNS
    for at_ms in times:
        found[column(at_ms, span)] += 1
    return found


def two_voices(
    voices: Sequence[tuple[str, Sequence[int]]],
    *,
    span: tuple[int, int],
    ends: tuple[str, str],
    gaps: Sequence[tuple[int, int]] = (),
    marks: Sequence[tuple[int, str]] = (),
) -> str:
    """Two series of times as columns, one upwards and one downwards, with stretches behind and marks above.

    Args:
        voices: name and times of each of two.
        span: of the axis.
        ends: what stands at its ends.
        gaps: stretches of time that are shaded.
        marks: times with a title.
    """
    middle, tallest = HEIGHT // 2, max(1, *(max(counts(times, span)) for _, times in voices))
    wide = (WIDTH - LEFT) / COLUMNS
    parts = []
    for begin, end in gaps:
        x = place(begin, span)
        parts.append(
            f'<rect class="gap" x="{x}" y="0" width="{max(1.0, place(end, span) - x):.1f}" height="{HEIGHT}"/>'
        )
    for number, (_, times) in enumerate(voices):
        for index, count in enumerate(counts(times, span)):
            if count:
                high = max(1.0, count / tallest * (middle - 12))
                x, y = LEFT + index * wide, middle - high if number == 0 else middle
                shape = f'x="{x:.1f}" y="{y:.1f}" width="{wide * 0.8:.1f}" height="{high:.1f}"'
                parts.append(f'<rect class="voice{number}" {shape}/>')
    for at_ms, title in marks:
        x = place(at_ms, span)
        parts.append(f'<path class="mark" d="M{x} 0l4 8h-8z"><title>{escape(title)}</title></path>')
    parts.append(f'<path class="axis" d="M{LEFT} {middle}H{WIDTH}"/>')
    for number, (name, _) in enumerate(voices):
        parts.append(f'<text x="0" y="{middle - 8 if number == 0 else middle + 16}">{escape(name)}</text>')
    total = " and ".join(f"{len(times)} of {name}" for name, times in voices)
    return _svg(parts, ends, f"Entries over time: {total}")


def level(opened: Sequence[int], closed: Sequence[int], *, span: tuple[int, int], ends: tuple[str, str]) -> str:
    """How many stood open at each time: a line that rises and falls."""
    begun, done = sorted(opened), sorted(closed)
    heights = []
    for index in range(COLUMNS + 1):
        at_ms = span[0] + (span[1] - span[0]) * index // COLUMNS
        heights.append(bisect_right(begun, at_ms) - bisect_right(done, at_ms))
    tallest = max(1, *heights)
    wide = (WIDTH - LEFT) / COLUMNS
    points = [(LEFT + index * wide, HEIGHT - 12 - high / tallest * (HEIGHT - 28)) for index, high in enumerate(heights)]
    path = "M" + " ".join(
        f"{x:.1f} {y:.1f}" if not number else f"L{x:.1f} {y:.1f}" for number, (x, y) in enumerate(points)
    )
    parts = [
        f'<path class="axis" d="M{LEFT} {HEIGHT - 12}H{WIDTH}"/>',
        f'<path class="level" d="{path}"/>',
        f'<text x="0" y="20">{tallest}</text><text x="0" y="{HEIGHT - 8}">0</text>',
    ]
    return _svg(parts, ends, f"Matters that waited for an answer: at most {tallest}, {heights[-1]} at the end")


def stacked(rows: Sequence[tuple[str, Sequence[int]]], names: Sequence[str]) -> str:
    """Rows of shares of a whole, each with its numbers as a title."""
    tallest = max(1, *(sum(values) for _, values in rows)) if rows else 1
    parts = []
    for number, (label, values) in enumerate(rows):
        x, y = 200.0, number * 26 + 4
        parts.append(f'<text x="0" y="{y + 14}">{escape(label)}</text>')
        for place_, value in enumerate(values):
            if value:
                wide = value / tallest * (WIDTH - 260)
                title = f"{names[place_]}: {value}"
                shape = f'x="{x:.1f}" y="{y}" width="{max(1.0, wide):.1f}" height="18"'
                parts.append(f'<rect class="part{place_}" {shape}><title>{escape(title)}</title></rect>')
                x += wide
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 14}">{sum(values)}</text>')
    high = max(1, len(rows)) * 26
    title = "; ".join(f"{label}: {sum(values)}" for label, values in rows)
    return f'<svg role="img" viewBox="0 0 {WIDTH} {high}"><title>{escape(title)}</title>{"".join(parts)}</svg>'


def _svg(parts: Sequence[str], ends: tuple[str, str], title: str) -> str:
    high = HEIGHT + BOTTOM
    axis = f'<text x="{LEFT}" y="{high - 4}">{escape(ends[0])}</text>'
    axis += f'<text class="end" x="{WIDTH}" y="{high - 4}">{escape(ends[1])}</text>'
    body = "".join(parts)
    return f'<svg role="img" viewBox="0 0 {WIDTH} {high}"><title>{escape(title)}</title>{body}{axis}</svg>'
