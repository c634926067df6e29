"""What a node keeps of one channel: two logs with their bodies and hashes, notes, drafts and what waits.

One contract, several implementations; one conformance suite runs on all. Every method is synchronous and may be called
from any thread; those that write return once the write is durable, except `later`. Voices are named by the parties'
short names. A write that fails because the disk is full changes nothing and raises `StoreFull`; any other failed write
raises `StoreBroken`, after which the process must end: the next start verifies what is there.

Source: design of the log in spec/log.md; spec/channel.md, "Commit points".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from nodes.errors import NodeError
from protocol.glance import Gone
from protocol.merkle import Frontier, Hash, HashReader
from protocol.shelf import ShelfDamaged

OWN_SIGNED = "own-signed"
"""Note name: the newest checkpoint of our log, two lines."""
OWN_COSIGNED = "own-cosigned"
"""Note name: the newest checkpoint of our log that the counterpart cosigned, four lines."""
THEIR_SIGNED = "their-signed"
"""Note name: the newest checkpoint of their log that covers what we hold, two lines."""
THEIR_NEWEST = "their-newest"
"""Note name: the newest checkpoint of their log that was seen while its entries were not here yet, two lines."""
THEIR_COSIGNED = "their-cosigned"
"""Note name: the newest checkpoint of their log that we cosigned, four lines."""
WITNESSED = "witnessed"
"""Note name: a checkpoint of our log that the counterpart and witnesses cosigned; it can be had again."""


class StoreFull(NodeError):
    """The disk is full. Nothing was changed; it may be tried again when there is room."""


class StoreBroken(NodeError):
    """A write or a sync failed, or what was read back differs. The process must end and verify at its next start."""


class StoreDamaged(StoreBroken, ShelfDamaged):
    """Something that was stored cannot be read, or is not what it was. While reading, that is no failed write: what is
    damaged is fetched back from the counterpart (`nodes/scrub.py`), and the process goes on."""


class StoreUnreadable(StoreBroken):
    """A channel's file cannot be opened for what it holds, and nothing on this disk says what it should be. It is set
    aside and had back whole (`nodes/recovery.py`)."""


class StoreBehind(NodeError):
    """The log is not at the size that the writer thought: somebody else has written to it."""


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log goes.

    Args:
        size: number of entries.
        root: its root, 32 bytes.
        frontier: what the next append needs.
        last_ms: the time last used in this log (ours: of an entry; theirs: of a cosignature), UTC milliseconds.
    """

    size: int
    root: Hash
    frontier: Frontier
    last_ms: int


@dataclass(frozen=True, slots=True)
class Row:
    """One entry to be written.

    Args:
        entry: its bytes.
        leaf: its leaf hash.
        body: the body it names, or None.
        statement_id: 16 bytes, or None where it has none that can be read.
        flash: whether its precedence is flash.
        gone: what it says of a body that its node holds no more, or None.
        lacks: the digest of the body that it names and that did not come, because whoever gave it holds it no more.
    """

    entry: bytes
    leaf: Hash
    body: bytes | None
    statement_id: bytes | None
    flash: bool
    gone: Gone | None = None
    lacks: Hash | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """An entry that came before its predecessors.

    Args:
        index: its place in the other side's log.
        entry: its bytes.
        body: its body, or None.
        note: the signed checkpoint that it was proved under.
    """

    index: int
    entry: bytes
    body: bytes | None
    note: bytes


@dataclass(frozen=True, slots=True)
class Branch:
    """Entries of the other side's log that contradict the mirror, kept beside it.

    Args:
        number: from 1.
        start: index of the first.
        size: one beyond the index of the last.
        note: the newest signed checkpoint that covers them.
        bytes: what entries and bodies take.
    """

    number: int
    start: int
    size: int
    note: bytes
    bytes: int


class LogStore(Protocol):
    """The store of one channel."""

    own: str
    their: str

    def head(self, voice: str) -> Head:
        """How far a log goes; also between its parts in one read."""

    def read(self, voice: str, start: int, end: int, *, bytes_max: int | None = None) -> list[bytes]:
        """Entries `start` up to `end` (exclusive), fewer if they would exceed `bytes_max`, but at least one."""

    def body(self, voice: str, index: int) -> bytes | None:
        """The body of an entry, or None where it has none, or where it is gone."""

    def gone(self, voice: str, index: int) -> bool:
        """Whether one of the two logs says that the body which an entry names is gone."""

    def erased_by(self, voice: str, index: int) -> tuple[str, int] | None:
        """The entry that says that a body was destroyed, ours before theirs: whose log, and where; None for none."""

    def lacks(self, voice: str) -> bool:
        """Whether an entry of a log names a body that is neither here nor said to be gone."""

    def bodies_from(self, voice: str, start: int, count: int) -> list[int]:
        """At most `count` indexes of entries from `start` whose body is here."""

    def hashes(self, voice: str) -> HashReader:
        """Reader of complete subtrees of a log."""

    def tile(self, voice: str, level: int, index: int, width: int) -> bytes:
        """A hash tile (tlog-tiles): `width` hashes in a row."""

    def root(self, voice: str, size: int) -> Hash:
        """Root of a log at a size that it had."""

    def note(self, name: str) -> bytes | None:
        """A kept note by its name (the constants of this module)."""

    def durable_note(self, name: str) -> bytes | None:
        """The same, without what `later` was given and no write has taken along yet."""

    def find(self, statement_id: bytes) -> int | None:
        """Where in our own log a statement is."""

    def cosigned_at(self, index: int) -> int | None:
        """When the first receipt for an entry of ours came, by our clock, UTC milliseconds.

        The time that the counterpart signed stands in the receipt, in whole seconds."""

    def flash_from(self, voice: str, start: int, count: int) -> list[int]:
        """At most `count` indexes of flash entries from `start`."""

    def ahead_indexes(self) -> list[int]:
        """Indexes of what came before its predecessors and still waits for them."""

    def ahead(self) -> list[Ahead]:
        """What came before its predecessors and still waits for them."""

    def branches(self) -> list[Branch]:
        """The branches beside the mirror, by number."""

    def read_branch(self, number: int, start: int, end: int) -> list[bytes]:
        """Entries of a branch from `start` up to `end` (exclusive)."""

    def branch_body(self, number: int, index: int) -> bytes | None:
        """The body of an entry of a branch, or None where it has none."""

    def append_branch(
        self, number: int, start: int, entries: Sequence[bytes], bodies: Sequence[bytes | None], note: bytes
    ) -> None:
        """Add entries to a branch that ends at `start`, or begin one there.

        Raises:
            StoreBehind, StoreFull, StoreBroken.
        """

    def looked_at(self, voice: str, start: int, end: int) -> tuple[list[bytes | None], list[bytes | None]]:
        """Entries and bodies of a range as they are on disk, with nothing believed: None for what cannot be read."""

    def hash_rows(self, voice: str, level: int, start: int, end: int) -> list[Hash | None]:
        """Hashes of a tile level as they are on disk; level 0 is the leaves."""

    def mend(
        self,
        voice: str,
        *,
        entries: Mapping[int, bytes],
        bodies: Mapping[int, bytes],
        leaves: Mapping[int, Hash],
    ) -> None:
        """Write over what is damaged, by index, with the hashes of the full tiles above these leaves.

        Whoever calls has verified it against what was signed.

        Raises:
            StoreFull, StoreBroken.
        """

    def mend_head(self, voice: str, frontier: Frontier) -> None:
        """Write anew what the next append of a log needs; its size stays.

        Raises:
            StoreBehind, StoreFull, StoreBroken.
        """

    def mend_tables(self) -> list[str]:
        """Look through what stands beside the entries and is written with them, and write anew what is damaged of it:
        from the entries, or as far as it can be read.

        Returns:
            The names of the tables that were.

        Raises:
            StoreDamaged: one of them cannot be.
            StoreFull, StoreBroken.
        """

    def append_own(self, size: int, rows: Sequence[Row], frontier: Frontier, last_ms: int) -> None:
        """Append to our log if it still has `size` entries. What we say there of a body that we destroyed destroys it:
        neither is on the disk without the other, whoever gave us our log back.

        Raises:
            StoreBehind, StoreFull, StoreBroken.
        """

    def append_their(self, size: int, rows: Sequence[Row], frontier: Frontier, note: bytes, last_ms: int) -> None:
        """Append to the mirror if it still has `size` entries; keeps their note and drops what was ahead and now has
        its place.

        Raises:
            StoreBehind, StoreFull, StoreBroken.
        """

    def put_cosigned(self, note: bytes, size: int, at_ms: int) -> None:
        """Keep a checkpoint of ours that the counterpart cosigned, and when its receipt came."""

    def put_ahead(self, item: Ahead) -> None:
        """Keep an entry that came before its predecessors."""

    def later(self, name: str, note: bytes) -> None:
        """Keep a note with the next write, or at the next `flush`; it can be made again."""

    def flush(self) -> None:
        """Write what `later` was given."""

    def put_waiting(self, name: str, statement_id: bytes, record: bytes, at_ms: int) -> None:
        """Keep or replace a statement that waits: `name` is "draft", "queue" or "refused"."""

    def waiting(self, name: str) -> list[tuple[bytes, bytes, int]]:
        """What waits, oldest first: statement id, record, when it was first kept."""

    def waiting_of(self, statement_id: bytes) -> tuple[str, bytes] | None:
        """Where a statement waits, and its record; None where it does not."""

    def drop_waiting(self, statement_id: bytes) -> None:
        """Forget a statement that waits no more."""

    def scour(self) -> list[str]:
        """Leave nothing in the file of what was destroyed or dropped. It may take a while.

        Returns:
            What stands in the way, for people; nothing where nothing is left.

        Raises:
            StoreFull, StoreBroken.
        """

    def tidy(self) -> None:
        """Housekeeping that may take a while; called when nobody waits."""

    def close(self) -> None:
        """Flush and let go."""
