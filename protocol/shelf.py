"""What a channel may read of what its node holds: the one window of the core to durable state.

Everything here was committed before; reading it twice gives the same. The stores of `nodes` and the simulator's memory
both fit it.

Source: spec/channel.md, "Effects".
"""

from typing import Protocol

from protocol.merkle import Frontier, Hash, HashReader


class ShelfHead(Protocol):
    """How far a log goes; see `nodes.store.Head`."""

    @property
    def size(self) -> int:
        """Number of entries."""

    @property
    def root(self) -> Hash:
        """Its root."""

    @property
    def frontier(self) -> Frontier:
        """What the next append needs."""

    @property
    def last_ms(self) -> int:
        """The time last used in this log, UTC milliseconds."""


class Shelf(Protocol):
    """Reads of committed state; voices are short names of parties."""

    def head(self, voice: str) -> ShelfHead:
        """How far a log goes."""

    def read(self, voice: str, start: int, end: int, *, bytes_max: int | None = None) -> list[bytes]:
        """Entries `start` up to `end`, fewer if they would exceed `bytes_max`, but at least one."""

    def body(self, voice: str, index: int) -> bytes | None:
        """The body of an entry."""

    def hashes(self, voice: str) -> HashReader:
        """Reader of complete subtrees."""

    def root(self, voice: str, size: int) -> Hash:
        """Root at a size the log had."""

    def note(self, name: str) -> bytes | None:
        """A kept note: `own-signed`, `own-cosigned`, `their-signed` or `their-cosigned`."""

    def flash_from(self, voice: str, start: int, count: int) -> list[int]:
        """Indexes of flash entries from `start`."""

    def ahead_indexes(self) -> list[int]:
        """Indexes of what is held ahead of its predecessors."""
