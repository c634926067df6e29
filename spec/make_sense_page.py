"""Make the page of sense: what real public incidents come to by the thresholds of the model agreement.

    python spec/make_sense_page.py

Writes `spec/sense.md` and `spec/sense.svg` from the incident data of the demonstration (`hotline/data`). A test makes
them again and compares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from hotline.agreement_lint import lint
from hotline.agreements import base_terms, model_text
from hotline.assessing import Incident
from hotline.demo.letters import notification, severity
from hotline.incidents import load_incidents
from nodes.resources import catalogue
from protocol.accumulation import EXERCISE, RETRACTED, Case, Sum, accumulate
from protocol.threshold_set import BANDS, CRITERIA, ThresholdSet, threshold_set_of

SPEC = Path(__file__).resolve().parent
WIDTH, HEIGHT, LEFT, BOTTOM = 900, 320, 60, 40
BETWEEN_MS = 10 * 86_400_000
SHOWN = 3
"""Curves in the plot: those that came highest."""


def rules() -> ThresholdSet:
    """The threshold set of the model agreement."""
    draft, _ = lint(model_text(), base_terms(at_ms=0), catalogue(), today=datetime(2026, 1, 1, tzinfo=UTC).date())
    found = threshold_set_of(draft)
    if found is None:
        raise SystemExit("the model agreement has no thresholds")
    return found


def cases(known: ThresholdSet) -> list[Case]:
    """Every incident of the data as it would have been told, at the last day that its end may mean."""
    found = []
    for one in load_incidents():
        values = notification(one, catalogue())
        told = Incident(
            serial=one.id,
            thread="",
            at_ms=one.last_possible_ms,
            values=values,
            severity=severity(one)[0],
            state="",
        )
        found.append(told.case(known))
    return found


@dataclass(frozen=True, slots=True)
class Curve:
    """A line with a group over time.

    Attributes:
        name: of the line.
        group: values.
        least: impact that it asks for.
        points: time and sum at each incident, UTC milliseconds and points.
        highest: the sum at its highest.
        crossed: the first sum that crossed it, with its time; or None.
    """

    name: str
    group: tuple[str, ...]
    least: int
    points: tuple[tuple[int, int], ...]
    highest: Sum
    crossed: tuple[int, Sum] | None

    @property
    def most(self) -> int:
        """The highest sum."""
        return max(each for _, each in self.points)


def moments(told: Sequence[Case]) -> list[tuple[int, int]]:
    """When sums are looked at: at each incident, and at times between; each with how many had been told by then."""
    found = [(one.at_ms, place) for place, one in enumerate(told, 1)]
    for place, (one, following) in enumerate(pairwise(told), 1):
        found += [(at_ms, place) for at_ms in range(one.at_ms + BETWEEN_MS, following.at_ms, BETWEEN_MS)]
    return sorted(found)


def curves(known: ThresholdSet, told: Sequence[Case]) -> list[Curve]:
    """Every line for sums with every group, the highest first."""
    points: dict[tuple[str, tuple[str, ...]], list[tuple[int, int]]] = {}
    crossed: dict[tuple[str, tuple[str, ...]], tuple[int, Sum]] = {}
    highest: dict[tuple[str, tuple[str, ...]], Sum] = {}
    for at_ms, place in moments(told):
        for one in accumulate(known, told[:place], at_ms=at_ms).sums:
            key = one.threshold.name, one.group
            if key not in highest or one.points[0] > highest[key].points[0]:
                highest[key] = one
            points.setdefault(key, []).append((at_ms, one.points[0]))
            if one.crossed:
                crossed.setdefault(key, (at_ms, one))
    made = [
        Curve(key[0], key[1], best.threshold.impact_at_least, tuple(points[key]), best, crossed.get(key))
        for key, best in highest.items()
    ]
    return sorted(made, key=lambda one: (-one.most, one.name, one.group))


def day(at_ms: int) -> str:
    """A time as its day."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).strftime("%Y-%m-%d")


def crossed_again(known: ThresholdSet, told: Sequence[Case], at_ms: int, curve: Curve) -> bool:
    """Whether a line is crossed by a group at a time."""
    sums = accumulate(known, told, at_ms=at_ms).crossed
    return any((one.threshold.name, one.group) == (curve.name, curve.group) for one in sums)


def named(one: Curve) -> str:
    """A curve by its line and group."""
    return f"{one.name} ({', '.join(one.group)})"


def single_rows(alone: Sequence[Case]) -> str:
    """The table of what crosses a line by itself."""
    return "\n".join(
        f"| {one.serial} | {day(one.at_ms)} | {' / '.join(map(str, one.assessment.points))} | "
        f"{', '.join(line.name for line in one.assessment.crossed)} |"
        for one in alone
    )


def sum_rows(drawn: Sequence[Curve]) -> str:
    """The table of what adds up."""
    rows = []
    for one in drawn:
        if one.most * 3 < one.least:
            continue
        what = ["never", "", ""]
        if one.crossed is not None:
            what = [day(one.crossed[0]), str(len(one.crossed[1].shares)), "yes" if one.crossed[1].alone else "no"]
        rows.append(f"| {one.name} | {', '.join(one.group)} | {one.most} of {one.least} | {' | '.join(what)} |")
    return "\n".join(rows)


def page() -> str:
    """The page."""
    known = rules()
    told = cases(known)
    drawn = curves(known, told)
    bands = Counter(one.assessment.band for one in told)
    alone = [one for one in told if BANDS.index(one.assessment.band) >= BANDS.index("threshold")]
    together = [(one, *one.crossed) for one in drawn if one.crossed is not None]
    near = max((one for one in drawn if one.crossed is None), key=lambda one: one.most / one.least)
    curve, at_ms, crossing = min(together, key=lambda one: (one[2].points[0] - one[0].least, one[1]))
    last = crossing.shares[-1].case.serial
    until = [one.serial for one in told].index(last) + 1
    retracted = [replace(one, state=RETRACTED) if one.serial == last else one for one in told[:until]]
    drilled = [replace(one, state=EXERCISE) for one in told]
    flagged = {one.serial for one in alone} | {one.case.serial for _, _, each in together for one in each.shares}
    lacking = [
        f"{-over} of {criterion}" for criterion, over in zip(CRITERIA, near.highest.over, strict=True) if over < 0
    ]
    return PAGE.format(
        count=len(told),
        bands=", ".join(f"{bands[band]} to {band}" for band in BANDS),
        singles=single_rows(alone),
        sums=sum_rows(drawn),
        crossing=named(curve),
        crossed_on=day(at_ms),
        incidents=len(crossing.shares),
        sum=f"{crossing.points[0]} of {curve.least}",
        gravest=max(one.case.assessment.points[0] for one in crossing.shares),
        near=named(near),
        near_sum=f"{near.most} of {near.least}",
        lacking=" and ".join(lacking) or f"incidents: it has {len(near.highest.shares)}",
        last=last,
        undone="is still crossed" if crossed_again(known, retracted, at_ms, curve) else "is not crossed",
        drills=len([one for one in curves(known, drilled) if one.crossed is not None]),
        flagged=len(flagged),
        alone=len(alone),
    )


PAGE = """\
# Sense

<!-- Made by spec/make_sense_page.py from hotline/data. Edit that. -->

What the thresholds of the model agreement ([thresholds](thresholds.md)) make of real public incidents: the {count}
records of the demonstration, facts about campaigns of MITRE ATT&CK and incidents of VCDB (sources and licences:
`hotline/data/NOTICE.md`). Each is taken as if it had been told as a notification on the last day that its end may mean,
with the severity of the tables of intake; nobody answered a question about the context. Attributions are claims of
their sources.

![The highest sums over time, each with its line](sense.svg)

## Alone

The {count} records come to: {bands}. These cross a line of band `threshold` by themselves:

| record | told | impact / attribution / miscalculation | crosses |
|---|---|---|---|
{singles}

## Together

Sums whose impact came at least a third of the way:

| line | group | highest impact | first crossed | by | one alone would |
|---|---|---|---|---|---|
{sums}

1. **A crossing that no single incident causes.** {crossing} is first crossed on {crossed_on} by {incidents} incidents
   with an impact of {sum}; the gravest of them has {gravest}.
2. **A near miss.** {near} reaches an impact of {near_sum} and is not crossed: it lacks {lacking}.
3. **One undone by a retraction.** With {last} retracted, the line of 1 {undone} by what had been told until then.
4. **Exercises.** The same records as an exercise cross {drills} lines.
5. **Flagged.** {flagged} of the {count} records would have been part of a flag: {alone} alone, the others in a sum when
   it first crossed its line.

Records that are known to the year only all fall on its last day, which piles them up there: a line that is crossed on a
31 December says as much about the record as about the year. The window is short, so records of different years never
add up. The data is a sample, and no history of anybody.
"""


def plot() -> str:
    """The highest curves as SVG, one colour each, with the line that each is held against."""
    known = rules()
    drawn = curves(known, cases(known))[:SHOWN]
    begins, ends = (edge(at for one in drawn for at, _ in one.points) for edge in (min, max))
    top = max(one.most for one in drawn)
    colours = ("#0b5cad", "#8a3ffc", "#a40e26")

    def x(at_ms: int) -> float:
        return LEFT + (WIDTH - LEFT - 20) * (at_ms - begins) / (ends - begins)

    def y(points: int) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 20) * points / top

    box = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<path d="M{LEFT} 20V{HEIGHT - BOTTOM}H{WIDTH - 20}" fill="none" stroke="#57606a"/>',
        f'<text x="{LEFT - 8}" y="{y(top) + 4:.1f}" text-anchor="end" fill="#57606a">{top}</text>',
        f'<text x="{LEFT - 8}" y="{y(0) + 4:.1f}" text-anchor="end" fill="#57606a">0</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 14}" fill="#57606a">{day(begins)}</text>',
        f'<text x="{WIDTH - 20}" y="{HEIGHT - 14}" text-anchor="end" fill="#57606a">{day(ends)}</text>',
    ]
    for place, (one, colour) in enumerate(zip(drawn, colours, strict=True)):
        path = f"M{x(one.points[0][0]):.1f} {y(0):.1f}"
        for (before, _), (at, points) in pairwise([one.points[0], *one.points]):
            # A sum that nothing is left of is no curve until there is something again.
            gap = at - before > BETWEEN_MS
            path += f"V{y(0):.1f}M{x(at):.1f} {y(0):.1f}V{y(points):.1f}" if gap else f"L{x(at):.1f} {y(points):.1f}"
        level = y(one.least)
        parts += [
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
            f'<path d="M{LEFT} {level:.1f}H{WIDTH - 20}" stroke="{colour}" stroke-dasharray="4 4"/>',
            f'<text x="{LEFT + 12}" y="{36 + 16 * place}" fill="{colour}">{one.name}: {", ".join(one.group)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Write both files."""
    (SPEC / "sense.md").write_text(page(), encoding="utf-8")
    (SPEC / "sense.svg").write_text(plot(), encoding="utf-8")


if __name__ == "__main__":
    main()
