"""Events: what the docket needs to know of a judged entry, and no more.

The docket is a function of headers and verdicts. An entry waits for its arrival in the other party's home order, which
may be long after it was judged; so what the fold needs of it is cut out once and kept small.

Source: spec/docket.md, "The fold".
"""

from dataclasses import dataclass
from typing import Any

import msgpack

from protocol.canonical import encode_sorted
from protocol.facts import FORCED, PHASE, STARTS
from protocol.verdict import NO_LOCATION, Verdict, location


@dataclass(slots=True)
class Event:
    """One entry as the docket sees it.

    Attributes:
        voice: 0 or 1, the author.
        index: place in the author's log.
        logged_at_ms: the author's time of logging, never below that of an earlier entry, UTC milliseconds.
        held: how far the author's node held the other log: the effective value.
        kind: name of its kind where the entry counts and people speak in it; empty for every other entry.
        thread: location of the thread's opener, or NO_LOCATION.
        reply: location of the entry answered, or NO_LOCATION.
        status: as in the header, empty where it could not be read.
        precedence: as in the header, empty where it could not be read.
        outcome: as in the header, or None.
        respond_by_ms: as in the header, or None.
        severity: as in the header, or None.
        aware_at_ms: as in the header, or None.
        valid_until_ms: as in the header, or None.
        starts_ms: the fact of that name, or None: it is in force not before.
        forced: the fact of that name: no notice is kept.
        phase: the fact of that name, or None.
        reign: number of the reign that governs it (`protocol.governance`).
    """

    voice: int
    index: int
    logged_at_ms: int
    held: int
    kind: str = ""
    thread: int = NO_LOCATION
    reply: int = NO_LOCATION
    status: str = ""
    precedence: str = ""
    outcome: str | None = None
    respond_by_ms: int | None = None
    severity: int | None = None
    aware_at_ms: int | None = None
    valid_until_ms: int | None = None
    starts_ms: int | None = None
    forced: bool = False
    phase: int | None = None
    reign: int = 0

    @property
    def place(self) -> int:
        """The entry's location."""
        return location(self.voice, self.index)

    def encode(self) -> bytes:
        """The event in canonical bytes, for a database that can be rebuilt."""
        return encode_sorted(
            [
                self.voice,
                self.index,
                self.logged_at_ms,
                self.held,
                self.kind,
                self.thread,
                self.reply,
                self.status,
                self.precedence,
                self.outcome,
                self.respond_by_ms,
                self.severity,
                self.aware_at_ms,
                self.valid_until_ms,
                self.starts_ms,
                self.forced,
                self.phase,
                self.reign,
            ]
        )

    @classmethod
    def parse(cls, data: bytes) -> "Event":
        """Read what `encode` wrote. It comes from our own database, so its spelling is not looked at."""
        values: Any = msgpack.unpackb(data)
        return cls(*values)


def event_of(verdict: Verdict, last_ms: int) -> Event:
    """Cut out what the docket needs.

    Args:
        verdict: of the entry.
        last_ms: the latest logging time of the voice up to and with it; it stands in where the entry's own went back.

    Returns:
        The event. An entry without effect, a machine entry or a document keeps its time and what it holds.
    """
    statement, kind = verdict.statement, verdict.kind
    if statement is None:
        return Event(verdict.voice, verdict.index, last_ms, verdict.held.size)
    counts = kind is not None and not kind.machine and not kind.document and verdict.effective
    event = Event(
        verdict.voice,
        verdict.index,
        last_ms,
        verdict.held.size,
        statement.kind if counts else "",
        verdict.thread,
        verdict.reply,
        statement.status,
        statement.precedence,
        statement.outcome,
        statement.respond_by_ms,
    )
    if counts:
        event.reign = verdict.reign
        event.severity = statement.severity
        event.aware_at_ms = statement.aware_at_ms
        event.valid_until_ms = statement.valid_until_ms
        facts = statement.facts
        if facts:
            event.starts_ms = facts.get(STARTS)
            event.forced = FORCED in facts
            event.phase = facts.get(PHASE)
    return event
