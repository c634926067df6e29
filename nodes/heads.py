"""How far the logs of a channel go, found in the entries themselves where the row that says so is damaged.

Two short rows say of each log how many entries it has and what the next one needs. A start cannot do without them, and
nobody else knows them for certain: what the counterpart holds may be less. But entries and hashes are still there, and
they are believed as far as a signed checkpoint says that they are right. What lies beyond it was written and not signed
or not receipted yet; it is believed where each entry gives the hash that stands beside it.

A head is written only where all of that holds. Otherwise the file is of no use to a node, and is had back whole.

Source: spec/disputes.md, "Damage"; spec/recovery.md, "An unreadable file".
"""

from __future__ import annotations

from typing import Final

from nodes.highwater import HighWater
from nodes.soundness import checkpoint_of
from nodes.sqlite_store import SqliteStore
from nodes.store import OWN_COSIGNED, OWN_SIGNED, THEIR_COSIGNED, THEIR_SIGNED, Head, StoreDamaged, StoreUnreadable
from protocol.checkpoint import Checkpoint
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.merkle import Frontier, Hash, leaf_hash

ROWS: Final = 256
"""Rows read at a time."""


def mend_heads(store: SqliteStore, mark: HighWater) -> int:
    """Write anew what says how far the logs go, where it is damaged; for a node that is about to start.

    Returns:
        How many rows were written.

    Raises:
        StoreUnreadable: it is damaged, and what is left does not say what it was.
        StoreFull, StoreBroken: it could not be written.
    """
    heads: dict[str, Head] = {}
    damaged = []
    for voice in (store.own, store.their):
        known = _known(store, voice)
        if known is not None and _ends_there(store, voice, known.size):
            heads[voice] = known
            continue
        found = _found(store, mark, voice)
        if found is not None:
            damaged.append(voice)
            heads[voice] = found
        elif known is not None and not store.goes_beyond(voice, known.size):
            # Its last entry cannot be read, which is for the scrub.
            heads[voice] = known
        else:
            text = f"how far the log of {voice} goes is damaged, and its entries do not give a root that was signed"
            raise StoreUnreadable("store-unreadable", f"{store.path}: {text}")
    if damaged:
        store.put_heads(heads)
    return len(damaged)


def _known(store: SqliteStore, voice: str) -> Head | None:
    try:
        return store.head(voice)
    except StoreDamaged:
        return None


def _ends_there(store: SqliteStore, voice: str, size: int) -> bool:
    """Whether the last entry of a log of that size is there, and none after it."""
    # Where that cannot be read, nothing speaks against what is said.
    return not store.goes_beyond(voice, size) and (size == 0 or store.goes_beyond(voice, size - 1) is not False)


def _found(store: SqliteStore, mark: HighWater, voice: str) -> Head | None:
    """How far a log goes by its entries and hashes; None where they do not tell."""
    leaves: list[Hash] = []
    last: bytes | None = None
    own_hashes: list[Hash | None] = []
    while True:
        start = len(leaves)
        rows = store.hash_rows(voice, 0, start, start + ROWS)
        entries, _ = store.looked_at(voice, start, start + ROWS)
        for row, entry in zip(rows, entries, strict=True):
            if row is None and entry is None:
                break
            given = None if entry is None else leaf_hash(entry)
            leaves.append(row if row is not None else given or b"")
            own_hashes.append(given)
            last = entry
        if len(leaves) < start + ROWS:
            break
    size = len(leaves)
    if store.goes_beyond(voice, size) is not False:
        # Something in the middle is missing.
        return None
    frontier = _signed(store, mark, voice, leaves, own_hashes)
    if frontier is None:
        return None
    return Head(size, frontier.root(), frontier, _last_ms(last) if voice == store.own else 0)


def _signed(
    store: SqliteStore, mark: HighWater, voice: str, leaves: list[Hash], given: list[Hash | None]
) -> Frontier | None:
    """The frontier of leaves that give a signed root; those beyond it fit their entries."""
    tops = _checkpoints(store, mark, voice, len(leaves))
    for top in tops or [Checkpoint("", 0, Frontier.empty().root())]:
        beyond = range(top.size, len(leaves))
        if any(given[index] != leaves[index] for index in beyond):
            continue
        for row in (leaves, [one or leaf for one, leaf in zip(given, leaves, strict=True)]):
            frontier = Frontier.empty().extend(row[: top.size])
            if frontier.root() == top.root:
                return frontier.extend(row[top.size :])
    return None


def _checkpoints(store: SqliteStore, mark: HighWater, voice: str, size: int) -> list[Checkpoint]:
    """Checkpoints of a log that carry signatures and are of no more than there is, the largest first. What the disk
    made of one of them gives no root, so it counts for nothing; the mark is kept apart, with a checksum."""
    own = voice == store.own
    if own and mark.checkpoint is not None and mark.checkpoint.size <= size:
        return [mark.checkpoint]
    found = []
    for name in (OWN_SIGNED, OWN_COSIGNED) if own else (THEIR_SIGNED, THEIR_COSIGNED):
        try:
            note = store.note(name)
            if note is not None:
                found.append(checkpoint_of(note, name))
        except StoreDamaged:
            continue
    return sorted((one for one in found if one.size <= size), key=lambda one: one.size, reverse=True)


def _last_ms(entry: bytes | None) -> int:
    """The time in the last entry; 0 where it cannot be read, and the clock then goes by the other log."""
    try:
        return 0 if entry is None else Entry.parse(entry).logged_at_ms
    except ProtocolError:
        return 0
