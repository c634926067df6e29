"""Pauses: the times in which clocks stood still, because a suspension of either party was in force.

Source: spec/docket.md, "Clocks".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from protocol.docket_item import Item

SUSPENSIONS: Final = "suspensions"
EXERCISES: Final = "exercises"
"""The register of what stops clocks."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """When clocks stood still, up to a time.

    Attributes:
        spans: from and until, UTC milliseconds, in order and apart from one another.
        now: the last of them is not over.
    """

    spans: tuple[tuple[int, int], ...] = ()
    now: bool = False

    def due(self, start_ms: int, allowed_ms: int) -> int:
        """When an interval from a time is over that does not run in the pauses."""
        due = start_ms + allowed_ms
        for begin, end in self.spans:
            if begin >= due:
                break
            if end > start_ms:
                due += end - max(begin, start_ms)
        return due

    def stops(self, due_ms: int) -> bool:
        """Whether a clock that was due at this time stands still now."""
        return self.now and due_ms > self.spans[-1][0]


NO_PAUSES: Final = Pauses()


def pauses_of(suspensions: Iterable[Item], status: str, at_ms: int) -> Pauses:
    """When clocks stood still up to a time.

    Args:
        suspensions: every statement of the register of suspensions, in any order.
        status: of the statements whose clocks they are; an exercise suspends exercises.
        at_ms: now; what is in force then stands still until then.
    """
    spans = []
    for item in suspensions:
        course = item.course
        if course is None or course.from_ms is None or item.status != status or course.from_ms >= at_ms:
            continue
        spans.append((course.from_ms, min(course.ends_ms, at_ms)))
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif begin < end:
            joined.append((begin, end))
    return Pauses(tuple(joined), bool(joined) and joined[-1][1] >= at_ms)
