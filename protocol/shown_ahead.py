"""What of their log was shown ahead of its place, remembered until that place has come.

People have read it and may have acted on it. So what takes its place has to be the same entry: another one there, under
another checkpoint that they signed, is a fork, and the proof of inclusion with which it came shows it to anyone. The
checkpoint alone does not: it may be of a size that their log never reaches.

Source: spec/channel.md, "Ahead"; spec/disputes.md, "Fork".
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from protocol import canonical
from protocol.effects import KeepNote
from protocol.errors import ProtocolError
from protocol.fork import Leaf
from protocol.incoming import Incoming
from protocol.merkle import HASH_BYTES, Hash
from protocol.shelf import Shelf

AHEAD_NOTE: Final = "their-ahead"
"""Note name: place, leaf hash, inclusion proof and signed checkpoint of each that is ahead."""

NOTE_BYTES_MAX: Final = 1_048_576
"""Bytes of that note: 64 times a checkpoint with two lines, and a proof."""

_Shown = tuple[Leaf, bytes]


class ShownAhead:
    """See the module; one a mirror.

    Args:
        shelf: what is durable.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._shown: dict[int, _Shown] = {}
        self.recall()

    def recall(self) -> None:
        """Go by what is durable. What cannot be read any more proves nothing, and accuses nobody."""
        self._shown = {}
        data = self._shelf.note(AHEAD_NOTE)
        if data is None:
            return
        try:
            value = canonical.decode(data, bytes_max=NOTE_BYTES_MAX)
        except ProtocolError:
            return
        for row in value if isinstance(value, list) else []:
            match row:
                case [int(index), bytes(leaf), bytes(path), bytes(note)]:
                    self._shown[index] = Leaf(leaf, _hashes(path), ()), note

    def add(self, index: int, leaf: Hash, path: Sequence[Hash], note: bytes, *, still: Collection[int]) -> KeepNote:
        """An entry was verified and is about to be shown.

        Args:
            index: its place.
            leaf: its leaf hash.
            path: its inclusion proof.
            note: the signed checkpoint that the proof leads to.
            still: places that are ahead now; of others nothing need be remembered any more.

        Returns:
            What is to be kept with it.
        """
        self._shown = {place: one for place, one in self._shown.items() if place in still}
        self._shown[index] = Leaf(leaf, tuple(path), ()), note
        rows = [[place, one.leaf, b"".join(one.path), signed] for place, (one, signed) in self._shown.items()]
        return KeepNote(AHEAD_NOTE, canonical.encode(rows))

    def replaced(self, incoming: Incoming) -> Iterator[tuple[int, Leaf, bytes]]:
        """Places at which entries that come now are others than those that were shown, with what was shown there and
        its checkpoint."""
        for index in sorted(self._shown):
            shown, note = self._shown[index]
            if (
                incoming.start <= index < incoming.frontier.size
                and incoming.leaves[index - incoming.start] != shown.leaf
            ):
                yield index, shown, note


def _hashes(data: bytes) -> tuple[Hash, ...]:
    return tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))
