"""What the docket knows of one statement: how far it was taken note of, and what has become of it.

Rungs and answers are marks: the index of the entry that made the mark, in the log of whoever made it, and that log's
time. They are facts of the logs; whether a clock was kept is computed from them (`protocol.clocks`).

Source: spec/docket.md, "Items".
"""

from dataclasses import dataclass, fields
from typing import Any, Final

import msgpack

from protocol.canonical import encode_sorted
from protocol.course import Course, Mark
from protocol.verdict import NO_LOCATION

OPEN: Final = "open"
HELD: Final = "held"
DECLINED: Final = "declined"
RETRACTED: Final = "retracted"

RUNNING_STATES: Final = frozenset({OPEN, HELD, "proposed", "declared", "renewed"})
"""States in which the answer that a kind is owed, if it is, is still to come."""

OVER_STATES: Final = frozenset({RETRACTED, "withdrawn", "ended"})
"""States in which nothing more is owed."""

Extension = tuple[int, int]
"""When a holding reply was logged, and the `respond_by` of its header, UTC milliseconds."""


@dataclass(slots=True)
class Item:
    """One statement that people made and that counts.

    Attributes:
        place: location of its entry.
        thread: location of its thread's opener.
        kind: name of its kind.
        status: `actual`, `exercise`, `test` or `system`.
        precedence: which clocks run for it.
        logged_at_ms: its author's time of logging, UTC milliseconds.
        at: index of the home entry at which it has its place in home order.
        state: one of the states of its kind's procedure (`protocol.procedures`), or said. It knows of no time: whether
            it has lapsed is computed.
        respond_by_ms: the time its header asks an answer by, by its author's clock, or None.
        reply: location of the statement it answers, or NO_LOCATION.
        held: where the other node first logged that it held it.
        opened: where an officer of the other party first said that it was opened.
        acknowledged: where one first acknowledged it.
        answered: where the answer that it is owed was first given, in part or in full, or refused.
        answer_seen_ms: when the asker's own node logged that it held that answer, by the asker's clock, or None.
        holdings: holding replies that counted.
        holding: where the first holding reply was logged.
        extended_ms: the longest interval, from `held`, that a holding reply asked for the answer; 0 for none. How
            much of it counts, the clocks say. Only replies that were in time although no clock had stood still are in
            it.
        course: from when and until when it is in force, and what is owed on it; None where it has none.
        reign: number of the reign that governs it (`protocol.governance`): its clocks are those of that agreement.
        belated: the other holding replies that asked for time, in the order of their log. One counts if clocks stood
            still so long that it was in time all the same; a home does not know of that, the clocks say.
    """

    place: int
    thread: int
    kind: str
    status: str
    precedence: str
    logged_at_ms: int
    at: int
    state: str
    respond_by_ms: int | None = None
    reply: int = NO_LOCATION
    held: Mark | None = None
    opened: Mark | None = None
    acknowledged: Mark | None = None
    answered: Mark | None = None
    answer_seen_ms: int | None = None
    holdings: int = 0
    holding: Mark | None = None
    extended_ms: int = 0
    course: Course | None = None
    reign: int = 0
    belated: tuple[Extension, ...] = ()

    @property
    def voice(self) -> int:
        """Its author, 0 or 1."""
        return self.place & 1

    @property
    def index(self) -> int:
        """Its index in its author's log."""
        return self.place >> 1

    @property
    def rung(self) -> str:
        """How far the other party has taken note of it: sent, held, opened, acknowledged or answered."""
        if self.answered is not None:
            return "answered"
        if self.acknowledged is not None:
            return "acknowledged"
        if self.opened is not None:
            return "opened"
        return "sent" if self.held is None else "held"

    def encode(self) -> bytes:
        """The item in canonical bytes. What only some have stands behind, as far as there is any of it."""
        values: list[Any] = [
            self.place,
            self.thread,
            self.kind,
            self.status,
            self.precedence,
            self.logged_at_ms,
            self.at,
            self.state,
            self.respond_by_ms,
            self.reply,
            self.held,
            self.opened,
            self.acknowledged,
            self.answered,
            self.answer_seen_ms,
            self.holdings,
            self.holding,
            self.extended_ms,
        ]
        if self.course is not None or self.reign or self.belated:
            values.append(None if self.course is None else self.course.values())
        if self.reign or self.belated:
            values.append(self.reign)
        if self.belated:
            values.append(self.belated)
        return encode_sorted(values)

    @classmethod
    def parse(cls, data: bytes) -> "Item":
        """Read what `encode` wrote. It comes from our own memory or database, so its spelling is not looked at."""
        values: Any = msgpack.unpackb(data)
        for place in _MARKS:
            if values[place] is not None:
                values[place] = tuple(values[place])
        if len(values) > _COURSE and values[_COURSE] is not None:
            values[_COURSE] = Course.of(values[_COURSE])
        if len(values) > _BELATED:
            values[_BELATED] = tuple((at_ms, until_ms) for at_ms, until_ms in values[_BELATED])
        return cls(*values)


_MARKS: Final = tuple(
    number
    for number, field in enumerate(fields(Item))
    if field.name in {"held", "opened", "acknowledged", "answered", "holding"}
)
_COURSE: Final = 18
_BELATED: Final = 20
