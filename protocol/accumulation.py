"""Accumulation: what several incidents come to together, in a window, each less the older it is, and none twice.

Rules:

1. A thread is one incident: what was said last in it counts, and it counts from when it was first told.
2. What was retracted, an exercise, a test, and what is older than the window counts nothing.
3. Of incidents that share a mark, such as a case number, the one with the most impact counts, the earlier of two alike.
4. After the half-life an incident counts half, after another a quarter, and in a straight line between.
5. Incidents add up by what a line groups them by; one with two sectors is in both groups. Impact is added; of
   attribution and of miscalculation the highest counts.

A pure function in whole numbers, so that everybody finds the same. A line that is crossed is a flag for persons.

Source: spec/thresholds.md, "Accumulation".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from protocol.assessment import Assessment
from protocol.threshold_set import CRITERIA, SUM, Accumulation, Threshold, ThresholdSet

WHOLE: Final = 1000
"""An incident of now counts so many thousandths."""

RETRACTED, EXERCISE, TEST, OLD, AHEAD, SAME = "retracted", "exercise", "test", "old", "ahead", "same"
LEFT_OUT: Final = (RETRACTED, EXERCISE, TEST, OLD, AHEAD, SAME)
"""Why an incident counts nothing; the first that holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One incident.

    Attributes:
        serial: of what told it first.
        at_ms: when that was, by the clock of whoever counts, UTC milliseconds.
        assessment: of what was said last.
        groups: its values by each of `GROUPS`.
        marks: what it may have in common with another report of the same incident.
        state: `retracted`, `exercise`, `test`, or empty.
    """

    serial: str
    at_ms: int
    assessment: Assessment
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    marks: frozenset[str] = frozenset()
    state: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of an incident counts.

    Attributes:
        case: the incident.
        thousandths: 0 to 1000.
        left_out: one of `LEFT_OUT`, or empty.
        same_as: serial of the incident that counts in its place, or empty.
    """

    case: Case
    thousandths: int
    left_out: str = ""
    same_as: str = ""

    @property
    def impact(self) -> int:
        """In thousandths of a point."""
        return self.case.assessment.points[0] * self.thousandths


@dataclass(frozen=True, slots=True)
class Sum:
    """What the incidents of a group come to under a line.

    Attributes:
        threshold: the line.
        group: values by which they are one group, in the order of the line's `by`.
        shares: of the incidents that count, the earliest first.
    """

    threshold: Threshold
    group: tuple[str, ...]
    shares: tuple[Share, ...]

    @property
    def points(self) -> tuple[int, int, int]:
        """In the order of `CRITERIA`, in whole points; impact is cut down."""
        impact = sum(one.impact for one in self.shares) // WHOLE
        highest = [max((one.case.assessment.points[place] for one in self.shares), default=0) for place in (1, 2)]
        return impact, highest[0], highest[1]

    @property
    def over(self) -> tuple[int, int, int]:
        """Points above each minimum, below it where negative."""
        impact, attribution, miscalculation = (
            have - least for have, least in zip(self.points, self.threshold.minima, strict=True)
        )
        return impact, attribution, miscalculation

    @property
    def crossed(self) -> bool:
        """Whether the line is crossed: all minima, and enough incidents."""
        return min(self.over) >= 0 and len(self.shares) >= (self.threshold.incidents_at_least or 1)

    @property
    def alone(self) -> bool:
        """Whether one of the incidents would cross it without the others."""
        impact, attribution, miscalculation = self.threshold.minima
        return (self.threshold.incidents_at_least or 1) == 1 and any(
            one.impact >= impact * WHOLE
            and one.case.assessment.points[1] >= attribution
            and one.case.assessment.points[2] >= miscalculation
            for one in self.shares
        )

    def explanation(self) -> tuple[str, ...]:
        """In words: what adds up, and how far it is from the line."""
        named = f" ({', '.join(self.group)})" if self.group else ""
        verdict = "crossed" if self.crossed else "not crossed"
        lines = [f"{self.threshold.name}{named}: {verdict}; {self.threshold.reason}"]
        lines += [
            f"  {one.case.serial}: impact {one.case.assessment.points[0]}, counts {one.thousandths} of {WHOLE}"
            for one in self.shares
        ]
        for criterion, have, least in zip(CRITERIA, self.points, self.threshold.minima, strict=True):
            if least:
                lines.append(f"  {criterion} {have} of {least}")
        wanted = self.threshold.incidents_at_least
        if wanted is not None:
            lines.append(f"  incidents {len(self.shares)} of {wanted}")
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class Accumulated:
    """What all incidents come to at a time.

    Attributes:
        shares: of every incident, the earliest first.
        sums: by line and group, in the order of the set and of the groups' values.
    """

    shares: tuple[Share, ...]
    sums: tuple[Sum, ...]

    @property
    def crossed(self) -> tuple[Sum, ...]:
        """The lines that are crossed."""
        return tuple(one for one in self.sums if one.crossed)


def thousandths(age_ms: int, terms: Accumulation) -> int:
    """How much an incident of an age counts."""
    if not 0 <= age_ms <= terms.window_ms:
        return 0
    halved, rest = divmod(age_ms, terms.half_life_ms)
    return WHOLE * (2 * terms.half_life_ms - rest) // ((2 * terms.half_life_ms) << halved)


def accumulate(rules: ThresholdSet, cases: Iterable[Case], *, at_ms: int) -> Accumulated:
    """Add incidents up at a time.

    Args:
        rules: of the agreement.
        cases: incidents, each once.
        at_ms: UTC milliseconds.
    """
    ordered = sorted(cases, key=lambda one: (one.at_ms, one.serial))
    stands_for = _representatives([one for one in ordered if not _left_out(one, rules.accumulation, at_ms)])
    shares = []
    for case in ordered:
        why, same_as = _left_out(case, rules.accumulation, at_ms), stands_for.get(case.serial, case.serial)
        if not why and same_as != case.serial:
            shares.append(Share(case, 0, SAME, same_as))
            continue
        shares.append(Share(case, 0 if why else thousandths(at_ms - case.at_ms, rules.accumulation), why))
    counting = [one for one in shares if not one.left_out]
    sums = [one for threshold in rules.thresholds if threshold.counts == SUM for one in _sums(threshold, counting)]
    return Accumulated(tuple(shares), tuple(sums))


def _left_out(case: Case, terms: Accumulation, at_ms: int) -> str:
    if case.state:
        return case.state
    if case.at_ms > at_ms:
        return AHEAD
    return OLD if at_ms - case.at_ms > terms.window_ms else ""


def _representatives(cases: Sequence[Case]) -> dict[str, str]:
    """For each incident, the serial of the one that counts of those it hangs together with by marks."""
    of_mark: dict[str, int] = {}
    chosen = list(range(len(cases)))

    def root(place: int) -> int:
        while chosen[place] != place:
            chosen[place] = place = chosen[chosen[place]]
        return place

    for place, case in enumerate(cases):
        for mark in case.marks:
            other = of_mark.setdefault(mark, place)
            first, second = root(other), root(place)
            chosen[max(first, second)] = min(first, second)
    best: dict[int, Case] = {}
    for place, case in enumerate(cases):
        top = root(place)
        before = best.get(top)
        if before is None or case.assessment.points[0] > before.assessment.points[0]:
            best[top] = case
    return {case.serial: best[root(place)].serial for place, case in enumerate(cases)}


def _sums(threshold: Threshold, shares: Sequence[Share]) -> list[Sum]:
    groups: dict[tuple[str, ...], list[Share]] = {}
    for one in shares:
        for group in product(*(dict.fromkeys(one.case.groups.get(name, ())) for name in threshold.by)):
            groups.setdefault(group, []).append(one)
    return [Sum(threshold, group, tuple(found)) for group, found in sorted(groups.items())]
