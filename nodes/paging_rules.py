"""Whom a node calls, for what, and when: one table.

A *cause* is something that a person has to know of: a statement that nobody has opened, a clock that runs against us, a
draft, an alarm, a line that is down. It has steps. A step begins at a point of the cause and names roles; the first of
them that can be reached is called, on each of its pagers in turn, until a person has acknowledged.

| point | when |
|---|---|
| start | the cause began |
| share | so much of the clock has passed as the agreement says before the next person is called |
| due | the clock is due |

Source: spec/paging.md, "Steps".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from protocol.statement import PRECEDENCES

Event = Literal["flash", "statement", "due-soon", "overdue", "alarm", "line-down", "draft-waits"]
EVENTS: Final[tuple[Event, ...]] = (
    "flash",
    "statement",
    "due-soon",
    "overdue",
    "alarm",
    "line-down",
    "draft-waits",
)
"""What a pager may be called for, by the names that settings use."""

Family = Literal["statement", "clock", "draft", "alarm", "warning", "line"]
Point = Literal["start", "share", "due"]

WAITED_FOR: Final = "?"
"""In the place of a role: the one that a draft waits for."""

_MINUTE, _HOUR = 60_000, 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of the table.

    Attributes:
        event: what pagers take it for.
        roles: the first that has a pager for the event, and is not muted, is called.
        point: of the cause, from which time counts.
        after_ms: beyond the point.
        every_ms: again so long after, while nobody acknowledges; 0 for once.
        reminder_ms: once acknowledged, again after so long while the cause stands; 0 for never.
        precedences: of the statement, to which the row applies.
    """

    event: Event
    roles: tuple[str, ...]
    point: Point = "start"
    after_ms: int = 0
    every_ms: int = 0
    reminder_ms: int = 0
    precedences: tuple[str, ...] = PRECEDENCES


_DUTY = ("duty", "release", "senior", "technical", "admin", "legal")
_ALTERNATE = ("release", "duty", "senior", "technical", "admin", "legal")
_SENIOR = ("senior", "release", "duty", "technical", "admin", "legal")
_MACHINE = ("technical", "admin", "duty", "release", "senior", "legal")
_KEEPER = ("admin", "technical", "duty", "release", "senior", "legal")

STEPS: Final[Mapping[Family, tuple[Step, ...]]] = {
    "statement": (
        Step(event="flash", roles=_DUTY, every_ms=5 * _MINUTE, precedences=("flash",)),
        Step(event="flash", roles=_ALTERNATE, after_ms=2 * _MINUTE, precedences=("flash",)),
        Step(event="flash", roles=_SENIOR, after_ms=5 * _MINUTE, precedences=("flash",)),
        Step(event="statement", roles=_DUTY, precedences=("immediate", "priority", "routine")),
    ),
    "clock": (
        Step(event="due-soon", roles=_DUTY, point="share"),
        Step(event="due-soon", roles=_ALTERNATE, point="share", precedences=("flash", "immediate")),
        Step(
            event="overdue",
            roles=_DUTY,
            point="due",
            every_ms=10 * _MINUTE,
            reminder_ms=_HOUR,
            precedences=("flash", "immediate"),
        ),
        Step(
            event="overdue",
            roles=_DUTY,
            point="due",
            every_ms=4 * _HOUR,
            reminder_ms=24 * _HOUR,
            precedences=("priority", "routine"),
        ),
        Step(
            event="overdue",
            roles=_SENIOR,
            point="due",
            after_ms=5 * _MINUTE,
            reminder_ms=4 * _HOUR,
            precedences=("flash", "immediate"),
        ),
        Step(
            event="overdue",
            roles=_SENIOR,
            point="due",
            after_ms=4 * _HOUR,
            precedences=("priority", "routine"),
        ),
    ),
    "draft": (Step(event="draft-waits", roles=(WAITED_FOR, *_DUTY)),),
    "alarm": (
        Step(event="alarm", roles=_MACHINE, every_ms=4 * _HOUR),
        Step(event="alarm", roles=_DUTY, after_ms=5 * _MINUTE),
        Step(event="alarm", roles=_SENIOR, after_ms=30 * _MINUTE),
    ),
    "warning": (Step(event="alarm", roles=_KEEPER, every_ms=24 * _HOUR),),
    "line": (
        # Not at once: a line is down as well while its node has just started.
        Step(event="line-down", roles=_MACHINE, after_ms=_MINUTE, every_ms=4 * _HOUR),
        Step(event="line-down", roles=_DUTY, after_ms=5 * _MINUTE),
    ),
}
"""The table."""

UNTIL_IT_ENDS: Final[frozenset[Family]] = frozenset({"statement", "clock", "draft", "line"})
"""Families whose cause stands for as long as a state does; an alarm happened, and stands until it is acknowledged."""
