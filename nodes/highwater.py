"""The high-water mark: how far a node has signed its own log, kept apart from the data.

The file has two slots of fixed size, written in turn: a mark is written to the older slot and synced with one call, so
that a torn write leaves the other one whole. A slot holds a counter, a length, the signed checkpoint and a SHA-256 over
all of it. The checkpoint kept here is what makes a signature durable before it leaves.

A signer that asks this file first never signs a second root for a size, nor a size below its last.

    slot   = counter (8 bytes) length (4 bytes) note SHA-256 (32 bytes), zeros up to SLOT_BYTES
    file   = slot 0, slot 1

Source: spec/log.md, "High-water mark".
"""

from __future__ import annotations

import errno
import os
import threading
from hashlib import sha256
from pathlib import Path

from nodes.files import sync_directory
from nodes.store import Head, StoreBroken, StoreFull
from protocol.checkpoint import Checkpoint, parse_text
from protocol.note import parse as parse_note

SLOT_BYTES = 16_384
"""A note with two signature lines has about 4,000 bytes; each slot is on disk blocks of its own."""


class HighWater:
    """The mark of one log.

    Attributes:
        turn: held by whoever writes entries and signs them, and by whoever raises the mark, so that nothing is written
            that the mark does not let be signed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counter = 0
        self._note: bytes | None = None
        self._checkpoint: Checkpoint | None = None
        self._handle = -1
        self.turn = threading.RLock()
        # What the slots begin with, as read or written last; a damaged one counts as it is.
        self._counters = [0, 0]

    @classmethod
    def open(cls, path: Path) -> HighWater:
        """Open the file, and make it if there is none.

        Raises:
            StoreFull: there is no room to make it.
            StoreBroken: it cannot be opened or both slots are damaged.
        """
        mark = cls(path)
        fresh = not path.exists()
        try:
            mark._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(mark._handle).st_size < 2 * SLOT_BYTES:
                # Room is taken now, so that a full disk can never keep a signature from being made durable.
                os.posix_fallocate(mark._handle, 0, 2 * SLOT_BYTES)
                os.fsync(mark._handle)
            # Also its name, which a start that was killed here may have left unsynced: a mark that a power cut takes
            # away vouches for nothing.
            sync_directory(path.parent)
        except OSError as error:
            mark.close()
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFull("disk-full", f"{path}: {error.strerror}") from error
            raise StoreBroken("home-unwritable", f"{path}: {error.strerror}") from error
        if not fresh:
            mark._load()
        return mark

    @classmethod
    def peek(cls, path: Path) -> bytes | None:
        """Read the note of a mark beside a node that may be writing it; None where there is none.

        Raises:
            StoreBroken: it cannot be read, or both slots are damaged.
        """
        mark = cls(path)
        try:
            mark._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            mark._load()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreBroken("home-unwritable", f"{path}: {error.strerror}") from error
        finally:
            mark.close()
        return mark.note

    def _load(self) -> None:
        damaged = 0
        for slot in (0, 1):
            data = self._read(slot, SLOT_BYTES)
            counter, length = int.from_bytes(data[:8], "big"), int.from_bytes(data[8:12], "big")
            self._counters[slot] = counter
            if counter == 0:
                continue
            note, check = data[12 : 12 + length], data[12 + length : 44 + length]
            if len(check) != 32 or sha256(data[: 12 + length]).digest() != check:
                damaged += 1
            elif counter > self._counter:
                self._counter, self._note = counter, note
        if damaged == 2:
            raise StoreBroken("high-water-missing", f"{self._path}: both slots are damaged")

    @property
    def note(self) -> bytes | None:
        """The last checkpoint signed, as it was signed; None if there was none."""
        return self._note

    @property
    def checkpoint(self) -> Checkpoint | None:
        """What that note says. The file is our own and its slots are checked, so its lines are not verified again."""
        if self._checkpoint is None and self._note is not None:
            self._checkpoint = parse_text(parse_note(self._note).text)
        return self._checkpoint

    def signed(self, size: int) -> tuple[Checkpoint, bytes] | None:
        """The last checkpoint and its note, if the log still has as many entries; None if not, or for a new log."""
        checkpoint = self.checkpoint
        if checkpoint is None or self._note is None or checkpoint.size > size:
            return None
        return checkpoint, self._note

    def owed(self, size: int) -> tuple[Checkpoint, bytes] | None:
        """The last checkpoint and its note, if the log has fewer entries now: it was put back. None if it was not."""
        checkpoint = self.checkpoint
        if checkpoint is None or self._note is None or checkpoint.size <= size:
            return None
        return checkpoint, self._note

    def learn(self, note: bytes, checkpoint: Checkpoint) -> None:
        """Make durable what we signed before and did not know any more; as `put`, and nothing where it is known."""
        with self.turn:
            last = self.checkpoint
            if last is None or last.size < checkpoint.size:
                self.put(note, checkpoint)

    def equals(self, head: Head) -> bool:
        """Whether the log stands just where it was last signed."""
        checkpoint = self.checkpoint
        return checkpoint is not None and (checkpoint.size, checkpoint.root) == (head.size, head.root)

    def put(self, note: bytes, checkpoint: Checkpoint) -> None:
        """Make a signed checkpoint durable.

        Args:
            note: as it was signed.
            checkpoint: what it says.

        Raises:
            StoreBroken: the write or the sync failed; or somebody else has written to the file, as a second copy of
                this node would, or this process is one that was put back to an older moment.
        """
        self._check_alone()
        counter = self._counter + 1
        data = counter.to_bytes(8, "big") + len(note).to_bytes(4, "big") + note
        data += sha256(data).digest()
        if len(data) > SLOT_BYTES:
            raise StoreBroken("high-water-missing", f"{self._path}: a note of {len(note)} bytes has no room")
        self._write(counter % 2, data)
        self._counters[counter % 2] = counter
        self._counter, self._note, self._checkpoint = counter, note, checkpoint

    def _read(self, slot: int, count: int) -> bytes:
        """The first bytes of a slot."""
        try:
            return os.pread(self._handle, count, slot * SLOT_BYTES)
        except OSError as error:
            raise StoreBroken("store-broken", f"{self._path}: {error.strerror}") from error

    def _write(self, slot: int, data: bytes) -> None:
        """Write the first bytes of a slot, durably."""
        try:
            written = os.pwrite(self._handle, data, slot * SLOT_BYTES)
            os.fdatasync(self._handle)
        except OSError as error:
            raise StoreBroken("store-broken", f"{self._path}: {error.strerror}") from error
        if written != len(data):
            raise StoreBroken("store-broken", f"{self._path}: short write")

    def _check_alone(self) -> None:
        """A machine that was rolled back with its memory goes on where it was; a mark on another disk shows it."""
        # A slot that was torn in a crash is as it was when we began; only what changed since is somebody else's.
        if [int.from_bytes(self._read(slot, 8), "big") for slot in (0, 1)] != self._counters:
            raise StoreBroken("high-water-ahead", f"{self._path}: somebody else has written here; start again")

    def close(self) -> None:
        """Let go of the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
