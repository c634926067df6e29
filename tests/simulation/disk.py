"""The disks of a world: stores and high-water marks in memory, whose every write can go wrong.

A write may be lost in a crash, or kept in one; it may fail and be lost, or be reported failed and be kept; or the disk
is full, and nothing changes. What a write returned from survives every crash. A high-water mark may also be torn: only
the first sectors of its slot are new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import apsw

from nodes.highwater import HighWater
from nodes.memory_store import MemoryStore
from nodes.store import (
    OWN_COSIGNED,
    THEIR_COSIGNED,
    THEIR_NEWEST,
    THEIR_SIGNED,
    Ahead,
    Row,
    StoreBroken,
    StoreFull,
)
from protocol.checkpoint import Checkpoint
from protocol.merkle import Frontier
from tests.simulation.loop import Killed, Process

READING = (
    "head",
    "read",
    "body",
    "hashes",
    "root",
    "find",
    "cosigned_at",
    "flash_from",
    "note",
    "durable_note",
    "later",
)
"""What goes to the store as it is, and often."""

NOWHERE = Path("high-water")
FATES = ("crash-lost", "crash-kept", "eio-lost", "eio-kept")
TORN = "crash-torn"
SECTOR_BYTES = 512
NOTES = (OWN_COSIGNED, THEIR_SIGNED, THEIR_NEWEST, THEIR_COSIGNED)
"""Notes that may be damaged."""


class Watcher(Protocol):
    """Who decides how writes go, and is told of those that took place."""

    def fate(self, process: Process, what: str) -> str:
        """How a write goes: `ok`, `full` or one of FATES; that of a mark also TORN."""

    def sectors(self, count: int) -> int:
        """How many of so many sectors a torn write changes: at least one, and not all."""

    def wrote_own(self, disk: ChannelDisk, process: Process, size: int, rows: Sequence[Row], last_ms: int) -> None:
        """Entries of the own log are durable."""

    def wrote_their(self, disk: ChannelDisk, process: Process, start: int, rows: Sequence[Row]) -> None:
        """Entries of the mirror are durable."""

    def read_mark(self, disk: ChannelDisk, note: bytes | None) -> None:
        """A start read a mark."""

    def wrote_mark(self, disk: ChannelDisk, process: Process, checkpoint: Checkpoint) -> None:
        """A signed checkpoint is durable."""

    def wrote_cosigned(self, disk: ChannelDisk, process: Process, note: bytes, size: int) -> None:
        """A receipt is durable."""


@dataclass(frozen=True)
class Image:
    """A disk as it was."""

    store: MemoryStore
    mark: tuple[bytes, Checkpoint] | None
    slots: tuple[bytes, bytes]


class ChannelDisk:
    """What one party keeps of one channel, over all its lives.

    Attributes:
        store: the logs.
        mark: the last signed checkpoint and its note, as the slots have them.
        slots: of the high-water mark, as bytes.
        derived: the file of the projection, which may be gone at any time.
    """

    def __init__(self, party: str, counterpart: str) -> None:
        self.party, self.counterpart = party, counterpart
        self.store = MemoryStore(own=party, their=counterpart)
        self.mark: tuple[bytes, Checkpoint] | None = None
        self.derived: apsw.Connection | None = None
        self.slots = [b"", b""]

    def image(self) -> Image:
        """All of it, for putting it back later."""
        return Image(self.store.crashed(), self.mark, (self.slots[0], self.slots[1]))

    def put_back(self, image: Image, *, mark: bool) -> None:
        """Make it what it was.

        Args:
            image: of this disk.
            mark: whether the high-water mark lies on it too.
        """
        self.store = image.store.crashed()
        if mark:
            self.mark, self.slots = image.mark, list(image.slots)

    def flip(self, voice: str, index: int, what: int) -> str:
        """Change a bit of what is stored of an entry, as a disk does by itself.

        Args:
            voice: whose log.
            index: place of the entry.
            what: chooses entry, body, hash or a note, and the bit.

        Returns:
            What was changed.
        """
        log: Any = self.store._voices[voice]
        place, bit = what // 32, 1 << what % 8

        def changed(data: bytes) -> bytes:
            at = place % len(data)
            return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]

        log.roots.clear()
        match what // 8 % 4:
            case 0:
                log.entries[index] = changed(log.entries[index])
                return "entry"
            case 1 if index in log.bodies:
                log.bodies[index] = changed(log.bodies[index])
                return "body"
            case 3 if kept := sorted(self.store._notes.keys() & {*NOTES}):
                name = kept[index % len(kept)]
                self.store._notes[name] = changed(self.store._notes[name])
                return "note"
            case _:
                log.levels[0][index] = changed(log.levels[0][index])
                return "hash"

    def crash(self) -> None:
        """Forget what was not durable, and what a process that is gone still holds on to."""
        self.store = self.store.crashed()


class FaultyStore:
    """The store as one process sees it; see `nodes.store.LogStore`."""

    def __init__(self, disk: ChannelDisk, process: Process, watcher: Watcher) -> None:
        self.own, self.their = disk.party, disk.counterpart
        self._disk = disk
        self._inner = disk.store
        self._process = process
        self._watcher = watcher

        for name in READING:
            setattr(self, name, getattr(disk.store, name))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _write(self, what: str, apply: Callable[[], None]) -> None:
        fate = self._watcher.fate(self._process, what)
        if fate == "full":
            raise StoreFull("disk-full", what)
        if fate in ("ok", "crash-kept", "eio-kept"):
            apply()
        if fate.startswith("crash"):
            raise Killed
        if fate.startswith("eio"):
            raise StoreBroken("store-broken", what)

    def append_own(self, size: int, rows: Sequence[Row], frontier: Frontier, last_ms: int) -> None:
        def apply() -> None:
            self._inner.append_own(size, rows, frontier, last_ms)
            self._watcher.wrote_own(self._disk, self._process, size, rows, last_ms)

        self._write("own", apply)

    def append_their(self, size: int, rows: Sequence[Row], frontier: Frontier, note: bytes, last_ms: int) -> None:
        def apply() -> None:
            self._inner.append_their(size, rows, frontier, note, last_ms)
            self._watcher.wrote_their(self._disk, self._process, size, rows)

        self._write("mirror", apply)

    def put_cosigned(self, note: bytes, size: int, at_ms: int) -> None:
        def apply() -> None:
            self._inner.put_cosigned(note, size, at_ms)
            self._watcher.wrote_cosigned(self._disk, self._process, note, size)

        self._write("receipt", apply)

    def put_ahead(self, item: Ahead) -> None:
        self._write("ahead", lambda: self._inner.put_ahead(item))

    def flush(self) -> None:
        self._write("flush", self._inner.flush)

    def put_waiting(self, name: str, statement_id: bytes, record: bytes, at_ms: int) -> None:
        self._write("waiting", lambda: self._inner.put_waiting(name, statement_id, record, at_ms))

    def drop_waiting(self, statement_id: bytes) -> None:
        self._write("waiting", lambda: self._inner.drop_waiting(statement_id))


class FaultyMark(HighWater):
    """The high-water mark on a disk of the world: its two slots in memory."""

    def __init__(self, disk: ChannelDisk, process: Process, watcher: Watcher) -> None:
        super().__init__(NOWHERE)
        self._disk = disk
        self._process = process
        self._watcher = watcher
        self._putting: tuple[bytes, Checkpoint] | None = None
        self._load()
        watcher.read_mark(disk, self._note)

    def put(self, note: bytes, checkpoint: Checkpoint) -> None:
        self._putting = note, checkpoint
        super().put(note, checkpoint)

    def _read(self, slot: int, count: int) -> bytes:
        return self._disk.slots[slot][:count]

    def _write(self, slot: int, data: bytes) -> None:
        assert self._putting is not None
        fate, slots = self._watcher.fate(self._process, "mark"), self._disk.slots
        # The room for a mark was taken when its file was made.
        if fate in ("ok", "full", "crash-kept", "eio-kept"):
            slots[slot], self._disk.mark = data, self._putting
            self._watcher.wrote_mark(self._disk, self._process, self._putting[1])
        elif fate == TORN:
            new = SECTOR_BYTES * self._watcher.sectors(-(-len(data) // SECTOR_BYTES))
            slots[slot] = data[:new] + slots[slot].ljust(len(data), b"\x00")[new:]
        if fate.startswith("crash"):
            raise Killed
        if fate.startswith("eio"):
            raise StoreBroken("store-broken", "mark")
