"""Assessment: what an incident comes to by the agreement's threshold set, with the reasons in words.

A pure function of the fields of an incident, of a person's answers and of the set: both nodes and an auditor who has
the same fields find the same. It decides nothing: it says what the rules say, and what would change it.

Rules:

1. Of a field the value counts that has the most points; of a field with rows the row counts that has the most, added
   over its columns, so that the likelihood of one claim is never held together with the grade of another.
2. What the fields of a criterion count is added up, and 100 is the most.
3. The band is the highest of the lines that one incident crosses: all of its minima are reached.

Source: spec/thresholds.md, "Assessment".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol.threshold_set import ANY, BANDS, CONTEXT, CRITERIA, ONE, POINTS_MAX, Observable, Threshold, ThresholdSet

NO_BAND: Final = BANDS[0]


@dataclass(frozen=True, slots=True)
class Counted:
    """An observable that was seen.

    Attributes:
        observable: with its points and reason.
        value: that it was seen with.
    """

    observable: Observable
    value: str


@dataclass(frozen=True, slots=True)
class Score:
    """What one criterion comes to.

    Attributes:
        criterion: which.
        points: 0 to 100.
        counted: why, in the order of the set.
        beyond: points beyond 100 that count nothing.
    """

    criterion: str
    points: int
    counted: tuple[Counted, ...]
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class Margin:
    """How far an incident is from a line.

    Attributes:
        threshold: the line.
        over: points above each minimum, in the order of `CRITERIA`; below it where negative.
    """

    threshold: Threshold
    over: tuple[int, int, int]

    @property
    def crossed(self) -> bool:
        """Whether all minima are reached."""
        return min(self.over) >= 0

    @property
    def lacks(self) -> int:
        """Points that are missing in all, 0 where it is crossed."""
        return -sum(min(0, each) for each in self.over)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an incident comes to.

    Attributes:
        scores: in the order of `CRITERIA`.
        band: one of `BANDS`.
        margins: of every line that one incident may cross, in the order of the set.
        rules: digest of the set.
    """

    scores: tuple[Score, Score, Score]
    band: str
    margins: tuple[Margin, ...]
    rules: bytes

    @property
    def points(self) -> tuple[int, int, int]:
        """In the order of `CRITERIA`."""
        first, second, third = (score.points for score in self.scores)
        return first, second, third

    @property
    def crossed(self) -> tuple[Threshold, ...]:
        """The lines that it crosses."""
        return tuple(one.threshold for one in self.margins if one.crossed)

    def explanation(self) -> tuple[str, ...]:
        """The reasons in words: inputs, rule, margin, and what would change it."""
        lines: list[str] = []
        for score in self.scores:
            lines.append(f"{score.criterion}: {score.points} of {POINTS_MAX}")
            lines += [
                f"  {one.observable.points} for {_said(one)}: {one.observable.reason}" for one in score.counted
            ] or ["  nothing that counts was reported"]
            if score.beyond:
                lines.append(f"  {score.beyond} beyond {POINTS_MAX} count nothing")
        lines.append(f"band: {self.band}")
        lines += [f"  {line}" for line in self._why()]
        return tuple(lines)

    def _why(self) -> Iterable[str]:
        highest = max((one for one in self.margins if one.crossed), key=_rank, default=None)
        if highest is None:
            yield "no line is crossed"
        else:
            yield f"crosses {highest.threshold.name}: {highest.threshold.reason}"
            tight = min(
                (over, criterion)
                for over, criterion, least in zip(highest.over, CRITERIA, highest.threshold.minima, strict=True)
                if least
            )
            yield f"it would not with {tight[0] + 1} points less of {tight[1]}"
        above = [one for one in self.margins if not one.crossed and (highest is None or _rank(one) > _rank(highest))]
        if above:
            near = min(above, key=lambda one: one.lacks)
            missing = [f"{-over} of {name}" for over, name in zip(near.over, CRITERIA, strict=True) if over < 0]
            yield f"nearest above is {near.threshold.name} ({near.threshold.band}): it lacks {' and '.join(missing)}"


def _rank(margin: Margin) -> int:
    return BANDS.index(margin.threshold.band)


def _said(one: Counted) -> str:
    if one.observable.field == CONTEXT:
        return f"yes to: {one.observable.text}"
    return f"{one.observable.field} {one.value}"


def assess(
    rules: ThresholdSet, values: Mapping[str, Any], *, severity: int | None = None, context: Iterable[str] = ()
) -> Assessment:
    """Assess one incident.

    Args:
        rules: of the agreement.
        values: of a notification's fields, checked; fields that are not there count nothing.
        severity: of the header.
        context: the questions that a person answered with yes, by their values.
    """
    seen: dict[str, Any] = {**values, "severity": None if severity is None else str(severity), CONTEXT: [*context]}
    scores = [_score(rules, criterion, seen) for criterion in CRITERIA]
    points = [score.points for score in scores]
    margins = []
    for threshold in rules.thresholds:
        if threshold.counts == ONE:
            impact, attribution, miscalculation = (
                have - least for have, least in zip(points, threshold.minima, strict=True)
            )
            margins.append(Margin(threshold, (impact, attribution, miscalculation)))
    bands = [BANDS.index(one.threshold.band) for one in margins if one.crossed]
    first, second, third = scores
    return Assessment((first, second, third), BANDS[max(bands, default=0)], tuple(margins), rules.digest)


def _score(rules: ThresholdSet, criterion: str, seen: Mapping[str, Any]) -> Score:
    counted: list[Counted] = []
    asked = [one for one in rules.observables if one.criterion == criterion]
    for subject in dict.fromkeys(one.subject for one in asked):
        rows = _rows(seen.get(subject))
        if subject == CONTEXT:
            # Each question is a thing of its own.
            counted += [found for one in asked if one.subject == subject for found in _best([one], rows)]
            continue
        counted += _best([one for one in asked if one.subject == subject], rows)
    whole = sum(one.observable.points for one in counted)
    return Score(criterion, min(whole, POINTS_MAX), tuple(counted), max(0, whole - POINTS_MAX))


def _best(asked: Sequence[Observable], rows: Sequence[Mapping[str, str]]) -> list[Counted]:
    """What counts of one field: that row which counts most, the earlier of two that count the same."""
    best: list[Counted] = []
    for row in rows:
        found: dict[str, Counted] = {}
        for one in asked:
            value = row.get(one.column)
            if value is None or one.value not in {ANY, value}:
                continue
            before = found.get(one.column)
            if before is None or one.points > before.observable.points:
                found[one.column] = Counted(one, value)
        if _whole(found.values()) > _whole(best):
            best = list(found.values())
    return best


def _whole(counted: Iterable[Counted]) -> int:
    return sum(one.observable.points for one in counted)


def _rows(value: Any) -> list[dict[str, str]]:
    """What a field has, row by row: one row for each value where it has no columns."""
    if isinstance(value, bool):
        return [{"": "yes" if value else "no"}]
    if isinstance(value, str):
        return [{"": value}]
    if not isinstance(value, list):
        return []
    return [_row(one) if isinstance(one, Mapping) else {"": str(one)} for one in value]


def _row(told: Mapping[str, Any]) -> dict[str, str]:
    """The columns of a row; a grade is told apart into reliability and credibility, which are never one judgement."""
    row = {name: ("yes" if value else "no") if isinstance(value, bool) else str(value) for name, value in told.items()}
    row = {name: value for name, value in row.items() if told[name] is not None}
    grade = row.get("grade", "")
    if len(grade) == len("A1"):
        row |= {"reliability": grade[0], "credibility": grade[1]}
    return row
