"""The course of a matter: from when and until when it is in force, and what is owed on it by times of its own.

A statement has a course where its kind is listed in a register or has a clock that a course needs, or where it states
an end. All of it are times and marks that follow from headers; nothing here looks at a clock. Whether it is in force at
a time, and whether it has lapsed, is computed from it (`protocol.standing`).

Times are of the home: a statement takes effect where it has its place in home order, by the home node's clock.

Source: spec/docket.md, "In force".
"""

from dataclasses import dataclass
from typing import Any, Final

SEVERE: Final = 4
"""From this severity on an update is owed at intervals."""

ENDLESS_MS: Final = 1 << 62
"""Stands for no end where ends are compared."""

Mark = tuple[int, int]
"""Index of an entry and its time of logging, UTC milliseconds by its author's clock."""


@dataclass(slots=True)
class Course:
    """See the module. All times are UTC milliseconds.

    Attributes:
        starts_ms: the time that its header says it is in force not before, or None.
        offered_until_ms: the `valid_until` of its header, or None.
        from_ms: from when it is in force, or None where it never was.
        until_ms: when it lapses by itself, or None.
        review_by_ms: when it lapses if it is not reviewed before, or None.
        reviews: reviews that counted.
        ended_ms: from when it is in force no more because somebody said so, or None.
        suspended_ms: from when it is suspended, or None.
        phase: the number of the phase that was stated last, or None.
        report_by_ms: by when it was to be logged, by its author's clock, or None.
        follow_by_ms: by when what follows it is owed, by its author's clock, or None.
        followed: where that was logged.
        update_by_ms: by when the next update is owed, by its author's clock, or None.
        updates_missed: updates that came late.
    """

    starts_ms: int | None = None
    offered_until_ms: int | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    review_by_ms: int | None = None
    reviews: int = 0
    ended_ms: int | None = None
    suspended_ms: int | None = None
    phase: int | None = None
    report_by_ms: int | None = None
    follow_by_ms: int | None = None
    followed: Mark | None = None
    update_by_ms: int | None = None
    updates_missed: int = 0

    @property
    def lapses_ms(self) -> int:
        """When it lapses if nothing more is said; ENDLESS_MS for never."""
        if self.from_ms is None:
            return ENDLESS_MS if self.offered_until_ms is None else self.offered_until_ms
        until = ENDLESS_MS if self.until_ms is None else self.until_ms
        return until if self.review_by_ms is None else min(until, self.review_by_ms)

    @property
    def ends_ms(self) -> int:
        """When it is in force no more, as far as is known: ended or lapsed, whichever is first."""
        return self.lapses_ms if self.ended_ms is None else min(self.ended_ms, self.lapses_ms)

    def lapsed_at(self, at_ms: int) -> bool:
        """Whether it had lapsed by itself at a time, before anybody ended it."""
        lapses = self.lapses_ms
        return lapses <= at_ms and (self.ended_ms is None or lapses < self.ended_ms)

    def in_force_at(self, at_ms: int) -> bool:
        """Whether it is in force at a time: begun, not ended, not lapsed, not suspended."""
        if self.from_ms is None or not self.from_ms <= at_ms < self.ends_ms:
            return False
        return self.suspended_ms is None or at_ms < self.suspended_ms

    def values(self) -> tuple[Any, ...]:
        """All of it in order, for the encoding of the item."""
        return (
            self.starts_ms,
            self.offered_until_ms,
            self.from_ms,
            self.until_ms,
            self.review_by_ms,
            self.reviews,
            self.ended_ms,
            self.suspended_ms,
            self.phase,
            self.report_by_ms,
            self.follow_by_ms,
            self.followed,
            self.update_by_ms,
            self.updates_missed,
        )

    @classmethod
    def of(cls, values: list[Any]) -> "Course":
        """Read what `values` gave."""
        if values[_FOLLOWED] is not None:
            values[_FOLLOWED] = tuple(values[_FOLLOWED])
        return cls(*values)


_FOLLOWED: Final = 11
