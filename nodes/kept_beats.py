"""The last beats of the other side that stay in memory, as evidence for whoever asks; bounded by what they take.

A beat is signed by the other side, and carries its cosignatures: some 8 KB where its sender is honest, three times that
where it is not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

BEATS_KEPT: Final = 256
BEATS_BYTES_MAX: Final = 1_048_576
"""Bytes of them on one line; a node may have two hundred lines."""


class KeptBeats:
    """Beats and their signatures, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[tuple[bytes, bytes]] = deque()
        self._bytes = 0

    def append(self, beat: bytes, signature: bytes) -> None:
        """Keep one, and let go of the oldest ones that there is no room for."""
        self._kept.append((beat, signature))
        self._bytes += len(beat) + len(signature)
        while len(self._kept) > BEATS_KEPT or self._bytes > BEATS_BYTES_MAX:
            self._bytes -= sum(map(len, self._kept.popleft()))

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)
