"""What a channel may read of what its node holds: the one window of the core to durable state.

Everything here was committed before; reading it twice gives the same. The stores of `nodes` and the simulator's memory
both fit it.

Source: spec/channel.md, "Effects".
"""

from collections.abc import Sequence
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


class ShelfDamaged(Exception):
    """What was stored cannot be read any more. It says nothing about the other side."""


class BranchHead(Protocol):
    """One branch beside the mirror; see `nodes.store.Branch`."""

    @property
    def number(self) -> int:
        """From 1."""

    @property
    def start(self) -> int:
        """The first place where it differs from the mirror."""

    @property
    def size(self) -> int:
        """One beyond its last entry."""

    @property
    def note(self) -> bytes:
        """The newest checkpoint that covers it."""

    @property
    def bytes(self) -> int:
        """What its entries and bodies take."""


class Shelf(Protocol):
    """Reads of committed state; voices are short names of parties."""

    def head(self, voice: str) -> ShelfHead:
        """How far a log goes."""

    def read(self, voice: str, start: int, end: int, *, bytes_max: int | None = None) -> list[bytes]:
        """Entries `start` up to `end`, fewer if they would exceed `bytes_max`, but at least one."""

    def body(self, voice: str, index: int) -> bytes | None:
        """The body of an entry."""

    def gone(self, voice: str, index: int) -> bool:
        """Whether one of the two logs says that the body which an entry names is gone."""

    def lacks(self, voice: str) -> bool:
        """Whether an entry of a log names a body that is neither here nor said to be gone."""

    def hashes(self, voice: str) -> HashReader:
        """Reader of complete subtrees."""

    def root(self, voice: str, size: int) -> Hash:
        """Root at a size the log had."""

    def note(self, name: str) -> bytes | None:
        """A kept note: `own-signed`, `own-cosigned`, `their-signed`, `their-newest` or `their-cosigned`."""

    def durable_note(self, name: str) -> bytes | None:
        """The same, without what was given to be kept and is not on the disk yet."""

    def flash_from(self, voice: str, start: int, count: int) -> list[int]:
        """Indexes of flash entries from `start`."""

    def ahead_indexes(self) -> list[int]:
        """Indexes of what is held ahead of its predecessors."""

    def branches(self) -> Sequence[BranchHead]:
        """The branches beside the mirror, by number."""

    def read_branch(self, number: int, start: int, end: int) -> list[bytes]:
        """Entries of a branch from `start` up to `end`."""

    def branch_body(self, number: int, index: int) -> bytes | None:
        """The body of an entry of a branch."""
