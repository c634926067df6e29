"""Standing: how a matter stands at a time, in words that mean one thing each.

The docket itself knows of no time. What is in force, lapsed or unanswered follows from an item and a time given to it,
so that two nodes and an auditor who ask for the same time are told the same.

Why there is no answer has five names and no sixth, on every screen and in every report:

| code | it is so |
|---|---|
| suspended | a suspension that one of the parties declared is in force, and the clock stands still |
| fault | the line is down: nobody can be silent about what is not there, nor answer what was not yet due |
| declined | the other party refused, or objected |
| holding | a holding reply was given, and the time that it allows is not over |
| silence | an answer was due while the line was not down, and none came; a fault that came later undoes none |

Source: spec/docket.md, "In force" and "Why there is no answer".
"""

from typing import Final, Literal

from protocol.clocks import Clockwork
from protocol.docket_item import HELD, RUNNING_STATES, Item
from protocol.pauses import NO_PAUSES, Pauses

Absence = Literal["suspended", "fault", "declined", "holding", "silence"]

ABSENCES: Final[dict[Absence, str]] = {
    "suspended": "declared suspension",
    "fault": "technical fault",
    "declined": "refusal",
    "holding": "holding reply",
    "silence": "silence",
}
"""Why there is no answer: code and English words."""

LAPSED: Final = "lapsed"
ACCEPTED: Final = "accepted"
IN_FORCE: Final = "in-force"
_REFUSED: Final = frozenset({"declined", "objected"})


def state_at(item: Item, at_ms: int) -> str:
    """The state of a matter at a time: that of its procedure, or `lapsed`.

    Args:
        item: as the docket has it.
        at_ms: UTC milliseconds. What was logged after it is in the item all the same; whoever asks about the past folds
            the logs up to then.
    """
    course = item.course
    if course is None:
        return item.state
    if course.lapsed_at(at_ms):
        return LAPSED
    if item.state == IN_FORCE and course.from_ms is not None and at_ms < course.from_ms:
        return ACCEPTED
    return item.state


def in_force(item: Item, at_ms: int) -> bool:
    """Whether a matter is in force at a time. Only what has a course is."""
    return item.course is not None and item.course.in_force_at(at_ms)


def absence(
    item: Item, clockwork: Clockwork, at_ms: int, *, pauses: Pauses = NO_PAUSES, held: bool, down_since_ms: int | None
) -> Absence | None:
    """Why there is no answer to a matter, or None where one came, none is owed, or its time is not over.

    Args:
        item: the matter.
        clockwork: its clocks.
        at_ms: now.
        pauses: when clocks stood still.
        held: the other node is known to hold it.
        down_since_ms: the last sign of the other node, where the line is down, UTC milliseconds; None where it is not.
    """
    if item.state in _REFUSED:
        return "declined"
    if item.state not in RUNNING_STATES or item.answered is not None or state_at(item, at_ms) == LAPSED:
        return None
    answers = [one for one in clockwork.clocks(item, pauses) if one.name == "answer"]
    if not answers and held:
        return None
    overdue = bool(answers) and answers[0].overdue_at(at_ms)
    if pauses.now and not overdue and not clockwork.passes(item):
        return "suspended"
    if overdue and (down_since_ms is None or answers[0].due_ms < down_since_ms):
        return "silence"
    if overdue or not held:
        return None if down_since_ms is None else "fault"
    return "holding" if item.state == HELD else None
