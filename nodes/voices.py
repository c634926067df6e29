"""The voices of a channel: each log that ended as far as it counts, and the present one behind it, in one row.

This is what is judged, folded and shown to people: entry 40 of a voice may be entry 0 of its second log. A store alone
is a channel without a past, where both numbers are the same.

Source: spec/succession.md, "Counting on".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from nodes.past import Past
from nodes.store import OWN_COSIGNED, Ahead, Head, LogStore
from protocol.merkle import Frontier, Hash, HashReader, leaf_hash


class VoiceReader(Protocol):
    """What judging, folding and showing need of the logs; a `LogStore` has all of it."""

    own: str
    their: str

    def head(self, voice: str) -> Head:
        """How far a voice goes."""

    def read(self, voice: str, start: int, end: int, *, bytes_max: int | None = None) -> list[bytes]:
        """Entries from `start`, at least one and at most up to `end`."""

    def body(self, voice: str, index: int) -> bytes | None:
        """The body of an entry."""

    def hash_rows(self, voice: str, level: int, start: int, end: int) -> list[Hash | None]:
        """Hashes of leaves."""

    def hashes(self, voice: str) -> HashReader:
        """Reader of leaf hashes; of a log that ended, of nothing else."""

    def root(self, voice: str, size: int) -> Hash:
        """Root of the log that ends at a number, or that goes on there."""

    def cosigned_at(self, index: int) -> int | None:
        """When the first receipt for an entry of ours came."""

    def note(self, name: str) -> bytes | None:
        """A note of the present logs."""

    def flash_from(self, voice: str, start: int, count: int) -> list[int]:
        """Flash entries from `start`."""

    def ahead(self) -> list[Ahead]:
        """What came before its predecessors."""

    def ahead_indexes(self) -> list[int]:
        """Where that is."""


def frontier_at(reader: VoiceReader, voice: str, size: int) -> Frontier:
    """What the next append to the log of a voice needs at a number: nothing of it where a successor begins."""
    if isinstance(reader, Voices):
        store, inside = reader.inside(voice, size)
        return Frontier.read(inside, store.hashes(voice))
    return Frontier.read(size, reader.hashes(voice))


def newest_receipt(reader: VoiceReader, index: int) -> tuple[bytes | None, int]:
    """The checkpoint that the counterpart cosigned last of our log that has an entry, and at which number of our voice
    that log begins. It need not cover the entry."""
    if isinstance(reader, Voices):
        store, inside = reader.inside(reader.own, index)
        return store.note(OWN_COSIGNED), index - inside
    return reader.note(OWN_COSIGNED), 0


def sound_leaf(reader: VoiceReader, voice: str, index: int) -> Hash | None:
    """The leaf hash of an entry to be named in a statement; None where the disk changed the entry or its hash."""
    leaf = leaf_hash(reader.read(voice, index, index + 1)[0])
    return leaf if reader.hash_rows(voice, 0, index, index + 1) == [leaf] else None


def begins(reader: VoiceReader, voice: str, number: int) -> bool:
    """Whether a successor begins at a number of a voice."""
    return isinstance(reader, Voices) and number in reader.starts[voice]


class Voices:
    """Both voices of a channel with a past. Numbers are of the voice; see `VoiceReader`.

    Args:
        store: the present logs.
        past: those that ended.

    Attributes:
        starts: where the successors of each voice begin.
    """

    def __init__(self, store: LogStore, past: Past) -> None:
        self.own, self.their = store.own, store.their
        self._store = store
        # Of each voice, its logs with the number of their first entry and the size at which they end.
        self._logs: dict[str, list[tuple[int, int | None, LogStore]]] = {}
        for voice in (store.own, store.their):
            logs: list[tuple[int, int | None, LogStore]] = [(one.base, one.size, one.store) for one in past.of(voice)]
            self._logs[voice] = [*logs, (past.base(voice), None, store)]
        self.starts = {voice: {base for base, _, _ in logs if base} for voice, logs in self._logs.items()}

    def base(self, voice: str) -> int:
        """Number at which the present log of a voice begins."""
        return self._logs[voice][-1][0]

    def inside(self, voice: str, number: int) -> tuple[LogStore, int]:
        """Whose entry a number is: the store it is in, and its index there."""
        base, _, store = [row for row in self._logs[voice] if row[0] <= number][-1]
        return store, number - base

    def head(self, voice: str) -> Head:
        """See VoiceReader; the frontier is of the present log."""
        head = self._store.head(voice)
        return replace(head, size=self.base(voice) + head.size)

    def read(self, voice: str, start: int, end: int, *, bytes_max: int | None = None) -> list[bytes]:
        """See VoiceReader; a log that ended is not read beyond what counts of it."""
        base, size, store = [row for row in self._logs[voice] if row[0] <= start][-1]
        stop = end - base if size is None else min(end - base, size)
        return store.read(voice, start - base, stop, bytes_max=bytes_max)

    def body(self, voice: str, index: int) -> bytes | None:
        """See VoiceReader."""
        store, inside = self.inside(voice, index)
        return store.body(voice, inside)

    def hash_rows(self, voice: str, level: int, start: int, end: int) -> list[Hash | None]:
        """See VoiceReader; what is asked for lies in one log, as what `read` gives does."""
        store, inside = self.inside(voice, start)
        return store.hash_rows(voice, level, inside, inside + end - start)

    def hashes(self, voice: str) -> HashReader:
        """See VoiceReader."""

        def read(level: int, index: int) -> Hash:
            store, inside = self.inside(voice, index)
            return store.hashes(voice)(level, inside)

        return read

    def root(self, voice: str, size: int) -> Hash:
        """See VoiceReader; where a successor begins, of the log before."""
        for base, end, store in self._logs[voice]:
            if end is None or size <= base + end:
                return store.root(voice, size - base)
        raise AssertionError("a voice always has a present log")

    def cosigned_at(self, index: int) -> int | None:
        """See VoiceReader."""
        store, inside = self.inside(self.own, index)
        return store.cosigned_at(inside)

    def note(self, name: str) -> bytes | None:
        """See VoiceReader."""
        return self._store.note(name)

    def flash_from(self, voice: str, start: int, count: int) -> list[int]:
        """See VoiceReader."""
        found: list[int] = []
        for base, size, store in self._logs[voice]:
            inside = store.flash_from(voice, max(0, start - base), count)
            found += [base + one for one in inside if size is None or one < size]
        return found[:count]

    def ahead(self) -> list[Ahead]:
        """See VoiceReader."""
        base = self.base(self.their)
        return [replace(item, index=base + item.index) for item in self._store.ahead()]

    def ahead_indexes(self) -> list[int]:
        """See VoiceReader."""
        base = self.base(self.their)
        return [base + index for index in self._store.ahead_indexes()]
