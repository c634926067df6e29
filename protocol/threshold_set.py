"""The threshold set of an agreement: what counts towards each criterion, and what crosses a line.

Every weight and every limit is a term of the agreement with one sentence of reason. The program has no number of its
own.

Source: spec/thresholds.md, "The set".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from protocol.agreement_checks import check_line, check_number, refuse
from protocol.canonical import encode
from protocol.limits import INTERVAL_MS_MAX
from protocol.tagged import digest

CRITERIA: Final = ("impact", "attribution", "miscalculation")
"""Impact on essential functions, likelihood that a credible actor did it, danger of miscalculation if nothing is
said."""

BANDS: Final = ("none", "watch", "raise", "threshold", "grave")
"""What an assessment comes to, from the lowest; the vocabulary `band` of the catalogue."""

ONE, SUM = "one", "sum"
COUNTS: Final = (ONE, SUM)
"""Whether an incident crosses a line by itself, or several together."""

GROUPS: Final = ("actor", "sector", "class")
"""By what incidents are added up."""

POINTS_MAX: Final = 100
OBSERVABLES_MAX: Final = 256
THRESHOLDS_MAX: Final = 32
INCIDENTS_MAX: Final = 10_000

ANY: Final = "*"
CONTEXT: Final = "context"
"""Questions that a person answers: the observables of this field name them, and count where the answer is yes."""

_FIELD = re.compile(r"[a-z_]{1,40}(?:\.[a-z_]{1,40})?", re.ASCII)
_NAME = re.compile(r"[a-z0-9-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Accumulation:
    """How incidents add up.

    Attributes:
        version: of the threshold set, as statements name it.
        window_ms: incidents older than this count no more.
        half_life_ms: after so long an incident counts half, and so on.
    """

    version: int
    window_ms: int
    half_life_ms: int

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `out-of-range`."""
        check_number(self.version, f"{where}.version", 1, 9_999)
        check_number(self.window_ms, f"{where}.window_ms", 1, INTERVAL_MS_MAX)
        check_number(self.half_life_ms, f"{where}.half_life_ms", 1, INTERVAL_MS_MAX)


@dataclass(frozen=True, slots=True)
class Observable:
    """One thing that can be seen, and what it counts.

    Attributes:
        criterion: one of `CRITERIA`.
        field: of a notification, with the column behind a point where the field has rows: `functions.effect`; or
            `severity`; or `context`.
        value: the code that it has, or `*` for any.
        points: 1 to 100.
        reason: one line.
        text: of a question of the context, what the person is asked; else None.
    """

    criterion: str
    field: str
    value: str
    points: int
    reason: str
    text: str | None = None

    @property
    def subject(self) -> str:
        """The field without its column."""
        return self.field.partition(".")[0]

    @property
    def column(self) -> str:
        """The column, or an empty text."""
        return self.field.partition(".")[2]

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `bad-rule`, `bad-text` or `out-of-range`."""
        if self.criterion not in CRITERIA:
            raise refuse("bad-rule", f"{where}.criterion", "one of " + ", ".join(CRITERIA))
        if _FIELD.fullmatch(self.field) is None:
            raise refuse("bad-rule", f"{where}.field", "a field, or a field and its column: functions.effect")
        check_line(self.value, f"{where}.value")
        check_number(self.points, f"{where}.points", 1, POINTS_MAX)
        check_line(self.reason, f"{where}.reason")
        if (self.field == CONTEXT) != (self.text is not None):
            raise refuse("bad-rule", f"{where}.text", "what a person is asked, for `context` and for nothing else")
        if self.text is not None:
            check_line(self.text, f"{where}.text")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A line, and what it permits.

    Attributes:
        name: as statements call it.
        band: what an assessment comes to that crosses it.
        counts: `one` incident, or the `sum` of several.
        impact_at_least, attribution_at_least, miscalculation_at_least: all three must be reached; 0 is always. Of a
            sum, impact is added up, and of the other two the highest counts.
        permits: the highest rung of the ladder that it is enough for, by its code.
        reason: one line.
        incidents_at_least: of a sum, so many incidents; None for one.
        by: of a sum, incidents count together that have all of these in common; empty for all incidents.
    """

    name: str
    band: str
    counts: str
    impact_at_least: int
    attribution_at_least: int
    miscalculation_at_least: int
    permits: str
    reason: str
    incidents_at_least: int | None = None
    by: tuple[str, ...] = ()

    @property
    def minima(self) -> tuple[int, int, int]:
        """In the order of `CRITERIA`."""
        return self.impact_at_least, self.attribution_at_least, self.miscalculation_at_least

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `bad-rule`, `bad-text` or `out-of-range`."""
        if _NAME.fullmatch(self.name) is None:
            raise refuse("bad-rule", f"{where}.name", "small letters, digits and hyphens")
        if self.band not in BANDS[1:]:
            raise refuse("bad-rule", f"{where}.band", "one of " + ", ".join(BANDS[1:]))
        if self.counts not in COUNTS:
            raise refuse("bad-rule", f"{where}.counts", "one of " + ", ".join(COUNTS))
        most = POINTS_MAX if self.counts == ONE else POINTS_MAX * INCIDENTS_MAX
        for criterion, least, highest in zip(CRITERIA, self.minima, (most, POINTS_MAX, POINTS_MAX), strict=True):
            check_number(least, f"{where}.{criterion}_at_least", 0, highest)
        if not any(self.minima):
            raise refuse("bad-rule", where, "a line that asks for nothing is crossed by everything")
        if _NAME.fullmatch(self.permits) is None:
            raise refuse("bad-rule", f"{where}.permits", "the code of a rung")
        check_line(self.reason, f"{where}.reason")
        if self.counts == ONE and (self.incidents_at_least is not None or self.by):
            raise refuse("bad-rule", where, "one incident has no number of incidents and no group")
        if self.incidents_at_least is not None:
            check_number(self.incidents_at_least, f"{where}.incidents_at_least", 2, INCIDENTS_MAX)
        if len(set(self.by)) != len(self.by) or not {*self.by} <= {*GROUPS}:
            raise refuse("bad-rule", f"{where}.by", "some of " + ", ".join(GROUPS))


@dataclass(frozen=True, slots=True)
class ThresholdSet:
    """All of it.

    Attributes:
        accumulation: how incidents add up, and the version.
        observables: what counts.
        thresholds: the lines.
    """

    accumulation: Accumulation
    observables: tuple[Observable, ...]
    thresholds: tuple[Threshold, ...]

    @property
    def digest(self) -> bytes:
        """What an assessment names as its rules: the SHA-256 of the terms in their order, 32 bytes."""
        terms = self.accumulation
        return digest(
            encode(
                [
                    "hotline-thresholds",
                    1,
                    [terms.version, terms.window_ms, terms.half_life_ms],
                    [
                        [one.criterion, one.field, one.value, one.points, one.reason, one.text]
                        for one in self.observables
                    ],
                    [
                        [one.name, one.band, one.counts, *one.minima, one.incidents_at_least, list(one.by), one.permits]
                        for one in self.thresholds
                    ],
                ]
            )
        )

    @property
    def questions(self) -> tuple[Observable, ...]:
        """What a person is asked: each value once."""
        found = {one.value: one for one in reversed(self.observables) if one.field == CONTEXT}
        return tuple(reversed(found.values()))

    def check(self, where: str) -> None:
        """Check what the terms say together.

        Raises:
            AgreementRefused: `bad-rule`, `too-many-rules`.
        """
        for name, given, most in (
            ("observable", self.observables, OBSERVABLES_MAX),
            ("threshold", self.thresholds, THRESHOLDS_MAX),
        ):
            if len(given) > most:
                raise refuse("too-many-rules", f"{where}{name}", f"at most {most}")
        seen: set[tuple[str, str, str]] = set()
        for number, one in enumerate(self.observables, 1):
            key = (one.criterion, one.field, one.value)
            if key in seen:
                raise refuse(
                    "bad-rule", f"{where}observable[{number}]", "counts already, with other points or the same"
                )
            seen.add(key)
        names = [one.name for one in self.thresholds]
        for number, name in enumerate(names, 1):
            if name in names[: number - 1]:
                raise refuse("bad-rule", f"{where}threshold[{number}].name", "a name once")


def threshold_set_of(terms: Any) -> ThresholdSet | None:
    """The threshold set of an agreement, or of a draft; None where it has none.

    Args:
        terms: has the attributes `accumulation`, `observables` and `thresholds` of `Agreement`.
    """
    if terms.accumulation is None:
        return None
    return ThresholdSet(terms.accumulation, terms.observables, terms.thresholds)
