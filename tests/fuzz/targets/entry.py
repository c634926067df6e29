"""Entries, statements and what a mirror looks at before it takes one."""

from __future__ import annotations

from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.glance import glance
from protocol.limits import ENTRY_BYTES_MAX
from protocol.statement import Statement
from tests.builders import World
from tests.fuzz.target import Target, read_or_refused


def attempt(data: bytes) -> None:
    """An entry, the statement in it, and the same bytes as a statement; a glance gives an answer about anything."""
    glance(data)
    read_or_refused(data, Statement.parse, Statement.encode, ProtocolError)
    entry = read_or_refused(data, Entry.parse, Entry.encode, ProtocolError)
    if entry is not None:
        read_or_refused(entry.statement, Statement.parse, Statement.encode, ProtocolError)


TARGET = Target(name="entry", attempt=attempt, bytes_max=ENTRY_BYTES_MAX + 1, shape="msgpack")


def seeds() -> dict[str, bytes]:
    """A notification, an arrival, and a roster's statement."""
    world = World()
    world.say("ARC", "notification", severity=2)
    world.say("ARC", "early-warning", precedence="flash")
    world.state("ARC", "arrival")
    log = world.logs["ARC"].entries
    made = {f"entry-{place}": entry for place, entry in enumerate(log[1:])}
    made.update({f"statement-{place}": Entry.parse(entry).statement for place, entry in enumerate(log[1:])})
    return made
