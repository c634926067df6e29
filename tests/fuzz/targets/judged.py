"""What a counterpart's officers may sign: judged, folded into the docket, and shown to people.

An input is a list of [signer, bytes]: entries as they are, or statements that an officer, a node or the roots of the
counterpart sign. Each goes through the projection of a node as it runs, and every view of it through the local API and
the screens of the command line.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

import msgpack

from hotline.output import Output
from hotline.showing import header_lines, verdict_lines, view_line
from keys.roles import KeyRole
from nodes.api_frames import encode_answer
from nodes.memory_store import MemoryStore
from nodes.projection import Projection
from nodes.store import Row
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.glance import glance
from protocol.limits import ENTRY_BYTES_MAX
from protocol.merkle import leaf_hash
from protocol.signature import Signature, sign_statement
from tests.builders import NAMES, START_MS, World, hybrid, keyring
from tests.fuzz.quick import quick
from tests.fuzz.target import Target, unpacked

SIGNERS = (("person/1", "duty"), ("node", "node"), ("root/1", "root"), ("person/2", "release"))
ENTRIES_MAX = 4
PLAIN = Output()


@cache
def directory() -> Path:
    """Where the projection's file lies."""
    return Path(tempfile.mkdtemp(prefix="hotline-fuzz-"))


@cache
def world() -> World:
    """Something that was said, to refer to."""
    made = World()
    told = made.say("ARC", "notification")
    made.say("BOR", "clarification-request", thread=told, reply=told)
    made.state("ARC", "arrival")
    return made


@cache
def base() -> MemoryStore:
    """ARC's store of these logs, and its projection in a file."""
    store = MemoryStore(own="ARC", their="BOR")
    for party in NAMES:
        log = world().logs[party]
        append(store, party, log.entries, log.bodies)
    projection = opened(store, "base")
    while projection.advance():
        pass
    projection.close()
    return store


def opened(store: MemoryStore, name: str) -> Projection:
    """A projection of a store."""
    path = directory() / f"{name}.db"
    return Projection.open(path, store=store, agreement=world().agreement, catalogue=world().catalogue)


def append(store: MemoryStore, party: str, entries: list[bytes], bodies: list[bytes | None]) -> None:
    """Log entries as a node does."""
    head = store.head(party)
    rows = []
    for entry, body in zip(entries, bodies, strict=True):
        seen = glance(entry)
        rows.append(Row(entry, leaf_hash(entry), body, seen.statement_id, seen.flash))
    frontier = head.frontier.extend([row.leaf for row in rows])
    if party == store.own:
        store.append_own(head.size, rows, frontier, START_MS)
    else:
        store.append_their(head.size, rows, frontier, b"note", START_MS)


def signed(statement: bytes, signer: int) -> bytes | None:
    """An entry of BOR with a statement of any bytes."""
    channel = world().agreement.channel
    rows: list[Signature] = []
    for name, role in (SIGNERS[signer % 4], SIGNERS[3])[: 1 + (signer % 4 == 0)]:
        kind, _, number = name.partition("/")
        if kind == "node":
            key = keyring("BOR", channel).node_signer()
        else:
            key = hybrid(f"BOR {number}", KeyRole.ROOT if kind == "root" else KeyRole.OFFICER)
        rows.append(sign_statement(statement, channel=channel, party="BOR", signer=name, role=role, key=key))
    held = world().logs["ARC"].state()
    try:
        return Entry(statement=statement, signatures=tuple(rows), logged_at_ms=START_MS + 60_000, held=held).encode()
    except ProtocolError:
        return None


def attempt(data: bytes) -> None:
    """Every entry gets a verdict, every view can be told, and nothing that is shown acts on a screen."""
    value = unpacked(data)
    if not isinstance(value, list):
        value = [data]
    entries = []
    with quick():
        for item in value[:ENTRIES_MAX]:
            match item:
                case [int(signer), bytes(statement)] if len(statement) <= ENTRY_BYTES_MAX:
                    entries.append(signed(statement, abs(signer)))
                case bytes() if len(item) <= ENTRY_BYTES_MAX:
                    entries.append(item)
                case _:
                    return
        judge([entry for entry in entries if entry is not None])


def judge(entries: list[bytes]) -> None:
    """Append, judge, and look at everything."""
    store = base().crashed()
    shutil.copyfile(directory() / "base.db", directory() / "now.db")
    start = store.head("BOR").size
    if entries:
        append(store, "BOR", entries, [None] * len(entries))
    projection = opened(store, "now")
    try:
        count = 0
        while found := projection.advance():
            count += len(found)
        assert count == len(entries), "an entry has no verdict"
        projection.digest()
        views = [*projection.inbox(), *projection.threads(), *projection.due(START_MS + 10**12)]
        views += [view for index in range(start, start + len(entries)) if (view := projection.entry("BOR", index))]
        for thread in projection.threads():
            views += projection.thread(thread["thread"]) if isinstance(thread.get("thread"), bytes) else []
        encode_answer(1, {"counts": projection.counts(), "views": views})
        lines: list[str] = []
        for view in views:
            if "rungs" in view and "faults" in view:
                lines += [view_line(view, PLAIN), *verdict_lines(view, PLAIN)]
        for entry in entries:
            try:
                statement = Entry.parse(entry).parse_statement()
            except ProtocolError:
                continue
            lines += header_lines(statement, world().catalogue.kind(statement.kind), PLAIN)
        acting = [line for line in lines if not line.isprintable()]
        assert not acting, f"what acts on a screen was shown: {acting!r}"
    finally:
        projection.close()
        for path in directory().glob("now.db*"):
            path.unlink()


def close() -> None:
    """Remove the files."""
    shutil.rmtree(directory(), ignore_errors=True)
    for forget in (directory, base):
        forget.cache_clear()


TARGET = Target(name="judged", attempt=attempt, bytes_max=16_384, shape="msgpack", close=close)


def seeds() -> dict[str, bytes]:
    """One statement of each kind, and an entry that nobody can read."""
    made = {"noise": msgpack.packb([b"noise", [0, b"noise"]])}
    with quick():
        asked = ("ARC", 2)
        for kind in world().catalogue.kinds:
            if kind.document:
                statement = world().statement("BOR", kind.name, body_digest=sha256(b"x").digest(), body_length=1)
            else:
                thread = {} if kind.procedure == "notice" and kind.name in {"notification", "goodwill"} else asked
                options = {"thread": asked, "in_reply_to": asked} if thread else {}
                statement = world().statement("BOR", kind.name, **options)
            signer = 1 if kind.machine else 2 if kind.document else 0
            made[kind.name] = msgpack.packb([[signer, statement.encode()]])
    return made
