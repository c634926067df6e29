"""Recovery from nothing: a node with its keys and no logs runs without a word until it has everything back.

The same lines, sessions and checks as ever bring the logs back (`protocol/recovery.py`); here nothing new is signed on
our own log whatever happens, the progress is shown, a counterpart that cannot or does not give back what it should ends
it, and at the end everything is read again: every hash, signature and body of both logs, and every body that is sealed
is opened with the party's own key. What came is kept, so that an interrupted recovery goes on where it was.

Source: spec/recovery.md, "From nothing".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from nodes import restored
from nodes.errors import NodeError
from nodes.files import sync_directory
from nodes.home import ChannelHome
from nodes.line import Line
from nodes.node import Node
from nodes.restored import Restored
from nodes.store import StoreUnreadable
from nodes.store_check import Keys, check_store
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.line_keys import voice_keys

LOOK_EVERY_S: Final = 0.1
PATIENCE_S: Final = 60.0
"""How long nothing may come before people are told."""

FATAL: Final = frozenset({"recovery-refused", "tail-lost", "fork-self", "nothing-held", "high-water-differs"})
"""Alarms after which nothing better comes of itself."""


class RecoveryFailed(NodeError):
    """What there is cannot become the log that was signed."""


class RecoveryStands(NodeError):
    """Nothing more comes; what came is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Come:
    """How far one line is.

    Attributes:
        counterpart: short name.
        step: `fetching`, `checking` or `opening`.
        own, own_of: entries of our log, and how many there are; None before that is known.
        their, their_of: of the mirror.
    """

    counterpart: str
    step: str
    own: int
    own_of: int | None
    their: int
    their_of: int | None


Say = Callable[[Come], None]


def prepare(node: Node, now_ms: int) -> list[Path]:
    """Before the node is opened: leave on every channel without a log the record that there was one.

    A file that no node can use any more is set aside first, and with it whatever waited in it and was said to nobody.

    Args:
        node: not opened yet.
        now_ms: the time, UTC milliseconds.

    Returns:
        The files that were set aside, under their new names.

    Raises:
        NodeError: a channel's file cannot be read or written, or a node of the home runs.
    """
    node.lock.take()
    aside = []
    for channel in node.home.channels():
        size = 0
        if channel.log_db.is_file():
            try:
                size = _size(node, channel)
            except StoreUnreadable:
                aside.append(_set_aside(node, channel, now_ms))
        if size == 0 and not restored.is_bereft(channel):
            restored.write(channel, Restored(backup_at_ms=None, restored_at_ms=now_ms, bereft=True))
    return aside


def _size(node: Node, channel: ChannelHome) -> int:
    """How many entries of our log a channel's file has; what says so is mended first, as at every start."""
    line = node.open_line(channel)
    try:
        return line.store.head(node.party).size
    finally:
        line.close()


def _set_aside(node: Node, channel: ChannelHome, now_ms: int) -> Path:
    """Give a file and its log other names; nothing is thrown away."""
    path = channel.log_db
    named = path.with_name(f"damaged-{now_ms}-{path.name}")
    for suffix in ("-wal", "-shm", ""):
        one = path.with_name(path.name + suffix)
        if one.exists():
            one.rename(named.with_name(named.name + suffix))
    sync_directory(path.parent)
    return named


async def recover(node: Node, say: Say, *, patience_s: float = PATIENCE_S) -> list[Come]:
    """Run a silent node until all of its lines have their logs back, and check them.

    Args:
        node: opened, silent.
        say: told how far each line is.
        patience_s: how long nothing may come.

    Returns:
        What each line has now.

    Raises:
        RecoveryFailed: `recovery-failed`, with what the line was told.
        RecoveryStands: `recovery-stands-still`; run it again.
        NodeError: the node could not go on.
    """
    running = asyncio.create_task(node.run())
    try:
        waiting = [asyncio.create_task(_line(line, say, patience_s)) for line in node.lines.values()]
        pending: set[asyncio.Task[object]] = {running, *waiting}
        while pending - {running}:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                # What ended otherwise than well comes out here, the node's own end among it.
                task.result()
            if running in done:
                raise RecoveryStands("recovery-stands-still", "the node was told to stop; what came is kept")
        return [task.result() for task in waiting]
    finally:
        node.stop()
        for task in waiting:
            task.cancel()
        await asyncio.gather(running, *waiting, return_exceptions=True)


async def _line(line: Line, say: Say, patience_s: float) -> Come:
    before: tuple[int, int, tuple[int, int]] | None = None
    since_s = time.monotonic()
    while True:
        fatal = next((alarm for alarm in line.alarms if alarm["code"] in FATAL), None)
        if fatal is not None:
            raise RecoveryFailed("recovery-failed", f"{line.counterpart}: {fatal['code']}: {fatal['text']}")
        now = line.returned()
        come = _come(line, "fetching")
        say(come)
        own, their, judged = now["own"], now["their"], now["judged"]
        if now["whole"] and now["their_goal"] is not None and their >= now["their_goal"] and judged == (own, their):
            break
        if (own, their, judged) != before:
            before, since_s = (own, their, judged), time.monotonic()
        elif time.monotonic() - since_s > patience_s:
            text = f"{line.counterpart}: nothing came for {patience_s:.0f} s; {own} entries of ours are here"
            raise RecoveryStands("recovery-stands-still", text)
        await asyncio.sleep(LOOK_EVERY_S)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, _check, line, say)


def _come(line: Line, step: str, own: int | None = None, their: int | None = None) -> Come:
    now = line.returned()
    return Come(
        counterpart=line.counterpart,
        step=step,
        own=now["own"] if own is None else own,
        own_of=now["own_goal"] or (now["own"] if now["whole"] else None),
        their=now["their"] if their is None else their,
        their_of=now["their_goal"],
    )


def _check(line: Line, say: Say) -> Come:
    """Read all of it again, and open what is sealed. On a thread."""
    own, their = line.own_rosters[-1], line.their_rosters[-1]
    keys = Keys(
        voice_keys(line.agreement, own.roster, own.tls_pins), voice_keys(line.agreement, their.roster, their.tls_pins)
    )
    own_size = line.store.head(line.own).size

    def checked(done: int, _: int) -> None:
        say(_come(line, "checking", min(done, own_size), max(0, done - own_size)))

    check_store(line.store, keys, progress=checked)
    _open_all(line, say)
    return _come(line, "opening")


def _open_all(line: Line, say: Say) -> None:
    """Open every sealed body. One of the counterpart's that does not open is its fault and shown with the entry; one of
    our own was readable to us once."""
    with ThreadPoolExecutor(thread_name_prefix="open") as threads:
        for voice in (line.own, line.counterpart):
            size = line.store.head(voice).size
            for start in range(0, size, 256):
                problems = threads.map(partial(_problem, line, voice), range(start, min(size, start + 256)))
                for index, problem in enumerate(problems, start):
                    if problem and voice == line.own:
                        text = f"{voice} {index} came back and does not open with our sealing key: {problem}"
                        raise RecoveryFailed("recovery-failed", text)
                done = min(size, start + 256)
                say(_come(line, "opening", *((done, 0) if voice == line.own else (None, done))))


def _problem(line: Line, voice: str, index: int) -> str:
    """Why a body that should open does not; empty where it does, or where there is none to open."""
    body = line.store.body(voice, index)
    if body is None:
        return ""
    try:
        entry = Entry.parse(line.store.read(voice, index, index + 1)[0])
        kind = line.catalogue.kind(entry.parse_statement().kind)
        if kind is not None and not kind.document:
            line.open_statement(entry.statement, body)
    except ProtocolError as error:
        return str(error)
    return ""
