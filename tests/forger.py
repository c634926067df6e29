"""A hostile party with its own keys: it signs any log it likes, and sends what it likes.

It speaks in a session that an honest channel of the same party opened, which is how a stolen key or a second copy of a
node looks from the other side.

    liar = Forger("ARC", [b"one", b"two"])
    liar.show(wire.bor)                  # everything, from where they say they hold it
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from protocol import frames
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import verify_note
from protocol.frames import FrameType
from protocol.merkle import Frontier, leaf_hash, leaf_reader, prove_consistency
from tests.builders import START_MS
from tests.lines import Side, line_keys

ROUNDS_MAX = 200

leaf = lru_cache(maxsize=4096)(leaf_hash)


class Forger:
    """One log under a party's keys.

    Attributes:
        party: whose keys.
        entries: the log.
        bodies: by index.
    """

    def __init__(self, party: str, entries: Sequence[bytes], bodies: dict[int, bytes] | None = None) -> None:
        self.party = party
        self.entries = list(entries)
        self.bodies = bodies or {}

    def note(self, size: int | None = None) -> bytes:
        """A signed checkpoint of the log at a size, its end by default."""
        leaves = [leaf(entry) for entry in self.entries[:size]]
        frontier = Frontier.empty().extend(leaves)
        keys = line_keys(self.party)
        checkpoint = Checkpoint(keys.own.origin, frontier.size, frontier.root())
        return sign_checkpoint(checkpoint, keys.signers.log, START_MS)

    def append(self, start: int, end: int, size: int | None = None) -> list[bytes]:
        """The frames of one append with its bodies."""
        size = len(self.entries) if size is None else size
        read = leaf_reader([leaf(entry) for entry in self.entries])
        proof = prove_consistency(end, size, read) if end < size else []
        found = [
            frames.encode(
                FrameType.APPEND, note=self.note(size), start=start, entries=self.entries[start:end], proof=proof
            )
        ]
        bodies = ((index, self.bodies[index]) for index in range(start, end) if index in self.bodies)
        return [*found, *(frames.encode(FrameType.BODY, index=index, body=body) for index, body in bodies)]

    def show(self, side: Side, *, start: int | None = None, at_a_time: int = 1 << 30, size: int | None = None) -> None:
        """Send the log to a side, and go back as far as it asks, as an honest sender does."""
        size = len(self.entries) if size is None else size
        cursor = min(side.core.mirror_size if start is None else start, size)
        side.out.clear()
        for _ in range(ROUNDS_MAX):
            if cursor >= size or not side.core.is_open:
                return
            end = min(size, cursor + at_a_time)
            for data in self.append(cursor, end, size):
                side.receive(data)
            cursor = end
            while side.out:
                frame = frames.parse(side.out.popleft())
                if frame.type is FrameType.WANT:
                    cursor = min(cursor, frame["start"])
        raise AssertionError("they ask for earlier entries again and again")


def size_of(note: bytes) -> int:
    """The size that a checkpoint names, whoever signed it besides its log."""
    return verify_note(note, line_keys("ARC").own.log, exactly=False).checkpoint.size
