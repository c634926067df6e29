"""Erasure at a node: which bodies are due to be destroyed, and destroying them.

The agreement decides what is due, and nobody here. Each body goes with an entry of our own log that says so; the store
makes the two one (`nodes/gone_bodies.py`). Only what the other side holds as well, or what we cosigned, is let go: what
is still on its way is needed as it is.

Source: spec/erasure.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nodes.errors import ApiRefused
from nodes.soundness import checkpoint_of
from nodes.store import OWN_COSIGNED, THEIR_COSIGNED, LogStore
from nodes.voices import Voices
from protocol.agreement import Agreement
from protocol.agreement_conduct import KEEP
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.glance import GONE, RETENTION
from protocol.retention import kept_until_ms
from protocol.statement import Statement

if TYPE_CHECKING:
    from nodes.line import Line

READ: Final = 256
"""Places of bodies that are looked for at once."""

LISTED_MAX: Final = 100
"""Statements in one answer, and bodies destroyed in one request."""


@dataclass(frozen=True, slots=True)
class Due:
    """A body whose retention ended.

    Attributes:
        voice: whose log names it.
        index: of the entry.
        statement: its header.
        due_ms: when retention ended, UTC milliseconds.
    """

    voice: str
    index: int
    statement: Statement
    due_ms: int

    def as_dict(self, store: LogStore) -> dict[str, Any]:
        """As the local API gives it; `by` is the entry by which the other side says that it destroyed its own."""
        by = store.erased_by(self.voice, self.index)
        return {
            "voice": self.voice,
            "index": self.index,
            "kind": self.statement.kind,
            "due_ms": self.due_ms,
            "by": None if by is None else f"{by[0]} {by[1]}",
        }

    def facts(self) -> dict[str, Any]:
        """What our log says of it."""
        return {
            "party": self.voice,
            "index": self.index,
            "digest": self.statement.body_digest,
            "length": self.statement.body_length,
            "reason": RETENTION,
        }


def due_bodies(store: LogStore, agreement: Agreement, at_ms: int) -> Iterator[Due]:
    """The bodies that are here and whose retention has ended, in the order of our log and then of theirs.

    Args:
        store: of the channel.
        agreement: the one in force.
        at_ms: the time, UTC milliseconds.
    """
    for voice, note in ((store.own, OWN_COSIGNED), (store.their, THEIR_COSIGNED)):
        start, end = 0, _held(store, note)
        while start < end and (places := store.bodies_from(voice, start, READ)):
            for index in places:
                found = _due(store, agreement, voice, index, at_ms) if index < end else None
                if found is not None:
                    yield found
            start = places[-1] + 1


def _held(store: LogStore, name: str) -> int:
    """How far a log is held by both: as the side that does not write it cosigned."""
    note = store.note(name)
    return 0 if note is None else checkpoint_of(note, name).size


def _due(store: LogStore, agreement: Agreement, voice: str, index: int, at_ms: int) -> Due | None:
    try:
        entry = Entry.parse(store.read(voice, index, index + 1)[0])
        statement = entry.parse_statement()
    except ProtocolError:
        # What nobody can read has no kind, and no retention.
        return None
    due_ms = kept_until_ms(agreement, statement, entry.logged_at_ms)
    return Due(voice, index, statement, due_ms) if due_ms is not None and due_ms <= at_ms else None


def listed(line: Line, at_ms: int) -> dict[str, Any]:
    """What is due at a time: the first of it, how much it is, and whether the agreement says anything of retention.
    Call it on a thread."""
    first: list[dict[str, Any]] = []
    count = 0
    for count, one in enumerate(due_bodies(line.store, line.agreement, at_ms), 1):
        if count <= LISTED_MAX:
            first.append(one.as_dict(line.store))
    agreed = any(one.clock == KEEP for one in line.agreement.kind_clocks)
    return {"bodies": first, "count": count, "retention": agreed}


async def erase(line: Line, places: Sequence[tuple[str, int]], at_ms: int) -> list[str]:
    """Destroy bodies whose retention has ended, each with an entry that says so.

    Args:
        line: of the channel.
        places: whose logs, and which entries; at most LISTED_MAX.
        at_ms: the time, UTC milliseconds.

    Returns:
        What is in the way of leaving nothing in the files, for people; nothing where nothing is left.

    Raises:
        ApiRefused: `not-due`; or `erasure-refused`, where nothing can be said now. What went before it stays destroyed.
    """
    if isinstance(line.voices, Voices):
        raise ApiRefused("erasure-refused", "the channel has a log that ended; its bodies are kept")
    found = await asyncio.to_thread(_looked_up, line, places, at_ms)
    for one in found:
        await line.say_now(GONE, one.facts())
    return await asyncio.to_thread(line.store.scour)


def _looked_up(line: Line, places: Sequence[tuple[str, int]], at_ms: int) -> list[Due]:
    found = []
    store = line.store
    for voice, index in places:
        held = index < _held(store, OWN_COSIGNED if voice == store.own else THEIR_COSIGNED)
        one = _due(store, line.agreement, voice, index, at_ms) if held else None
        if one is None:
            raise ApiRefused("not-due", f"{voice} {index} has no body whose retention has ended")
        if store.bodies_from(voice, index, 1) == [index]:
            found.append(one)
    return found
