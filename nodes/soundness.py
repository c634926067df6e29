"""What is stored of a log, compared with what was signed: hashes, bodies, tiles and the root.

Every function reads through the store's careful ways (`looked_at`, `hash_rows`), believes nothing that it finds, and
takes time in proportion to what it is given; none of it waits for anyone.

Source: spec/disputes.md, "Damage".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from nodes.highwater import HighWater
from nodes.store import OWN_COSIGNED, THEIR_COSIGNED, THEIR_SIGNED, LogStore, StoreDamaged
from protocol.checkpoint import Checkpoint, parse_text
from protocol.effects import GivenBack
from protocol.errors import ProtocolError
from protocol.glance import glance
from protocol.merkle import Frontier, Hash, complete_root, leaf_hash
from protocol.note import parse as parse_note

STEP: Final = 64
"""Entries looked at before others have their turn: about a hundredth of a second."""

ROWS: Final = 4_096
"""Hashes read at a time for a root."""

TILE: Final = 256


@dataclass(frozen=True, slots=True)
class Truth:
    """What must stand at damaged places.

    Attributes:
        rows: their own hashes, where those give the signed root.
        leaves: the hashes of the entries there, where those do, and the hashes on disk are wrong.
    """

    rows: Mapping[int, Hash]
    leaves: Mapping[int, Hash]


@dataclass(slots=True)
class Damage:
    """What was found of one log.

    Attributes:
        entries: places where entry and hash do not fit each other, or one of them cannot be read.
        bodies: places whose body is not the one that the entry names.
    """

    entries: set[int] = field(default_factory=set)
    bodies: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.entries or self.bodies)

    def all(self) -> set[int]:
        """Every place."""
        return self.entries | self.bodies


def look(store: LogStore, voice: str, start: int, end: int, damage: Damage) -> int:
    """Hash a few entries and bodies again, and add to the damage; gives the bytes read."""
    rows = store.hash_rows(voice, 0, start, end)
    entries, bodies = store.looked_at(voice, start, end)
    read = 0
    for index, row, entry, body in zip(range(start, end), rows, entries, bodies, strict=True):
        read += len(entry or b"") + len(body or b"")
        if entry is None or leaf_hash(entry) != row:
            damage.entries.add(index)
            continue
        seen = glance(entry)
        if not seen.met_by(body) and not (body is None and store.gone(voice, index)):
            damage.bodies.add(index)
    return read


def whole(store: LogStore, voice: str, index: int) -> tuple[bytes, bytes | None]:
    """An entry and its body, as they were logged.

    Raises:
        StoreDamaged: one of them cannot be read, or is not what was logged.
    """
    damage = Damage()
    look(store, voice, index, index + 1, damage)
    if damage:
        raise StoreDamaged("log-damaged", f"{voice} {index} on this disk is not what was logged")
    return store.read(voice, index, index + 1)[0], store.body(voice, index)


def root_of(store: LogStore, voice: str, size: int, instead: Mapping[int, Hash]) -> Hash | None:
    """The root that the leaves on disk give, with some put in the place of others; None where one is missing."""
    frontier = Frontier.empty()
    for start in range(0, size, ROWS):
        rows = store.hash_rows(voice, 0, start, min(size, start + ROWS))
        leaves = [instead.get(index, row) for index, row in enumerate(rows, start)]
        whole = [leaf for leaf in leaves if leaf is not None]
        if len(whole) != len(leaves):
            return None
        frontier = frontier.extend(whole)
    return frontier.root()


def wrong_tiles(store: LogStore, voice: str, size: int) -> dict[int, Hash]:
    """A leaf under each hash of an upper level that the hashes below do not give, with its hash."""
    wrong: dict[int, Hash] = {}
    level = 1
    while size >> (8 * level):
        for index in range(size >> (8 * level)):
            below = store.hash_rows(voice, level - 1, index * TILE, (index + 1) * TILE)
            known = [one for one in below if one is not None]
            (row,) = store.hash_rows(voice, level, index, index + 1)
            if len(known) == TILE and complete_root(known) != row:
                leaf = index << (8 * level)
                (hash_,) = store.hash_rows(voice, 0, leaf, leaf + 1)
                if hash_ is not None:
                    wrong[leaf] = hash_
        level += 1
    return wrong


def right_head(store: LogStore, voice: str) -> Frontier | None:
    """The frontier that the leaves on disk give, where it is not the one that is kept; None where it is."""
    head = store.head(voice)
    frontier = Frontier.empty()
    for start in range(0, head.size, ROWS):
        rows = store.hash_rows(voice, 0, start, min(head.size, start + ROWS))
        leaves = [row for row in rows if row is not None]
        if len(leaves) != len(rows):
            return None
        frontier = frontier.extend(leaves)
    return None if frontier == head.frontier else frontier


def truth(store: LogStore, voice: str, top: Checkpoint, places: list[int]) -> Truth | None:
    """What must stand at damaged places, where the disk alone tells; None where it does not."""
    rows = {index: store.hash_rows(voice, 0, index, index + 1)[0] for index in places}
    if root_of(store, voice, top.size, {}) == top.root:
        return Truth({index: row for index, row in rows.items() if row is not None}, {})
    leaves: dict[int, Hash] = {}
    for index in places:
        (entry,), _ = store.looked_at(voice, index, index + 1)
        if entry is not None:
            leaves[index] = leaf_hash(entry)
    if len(leaves) == len(places) and root_of(store, voice, top.size, leaves) == top.root:
        return Truth({}, leaves)
    return None


def right(
    store: LogStore,
    voice: str,
    top: Checkpoint,
    damage: Damage,
    given: Mapping[int, GivenBack],
    rows: Mapping[int, Hash] | None,
) -> set[int]:
    """Which of the entries that came back are what was signed.

    Args:
        given: what came back, by place.
        rows: the hashes that must stand at the damaged places; None where they are not known. Then all that came back
            gives the signed root together, or none of it is believed.
    """
    leaves = {index: leaf_hash(one.entry) for index, one in given.items()}
    if rows is None:
        if damage.entries - given.keys() or root_of(store, voice, top.size, leaves) != top.root:
            return set()
        return set(given)
    known = {index: rows.get(index) for index in given}
    for index in given.keys() - damage.entries:
        known[index] = store.hash_rows(voice, 0, index, index + 1)[0]
    return {index for index in given if leaves[index] == known[index]}


def damage_of(store: LogStore, mark: HighWater, voice: str) -> int:
    """How many places of a log are damaged; 1 also where all of it is whole and is not what was signed."""
    top = newest_signed(store, mark, voice)
    if top is None:
        return 0
    damage = Damage()
    for start in range(0, top.size, STEP):
        look(store, voice, start, min(top.size, start + STEP), damage)
    places = len(damage.all()) + len(wrong_tiles(store, voice, top.size))
    return places or int(root_of(store, voice, top.size, {}) != top.root)


def mend_hashes(store: LogStore, mark: HighWater) -> int:
    """Compute anew the hashes that are damaged, where the entries give the signed root; for a node that cannot start.

    Returns:
        How many leaves were written.
    """
    written = 0
    for voice in (store.own, store.their):
        top = newest_signed(store, mark, voice)
        if top is None:
            continue
        damage = Damage()
        for start in range(0, top.size, STEP):
            look(store, voice, start, min(top.size, start + STEP), damage)
        found = truth(store, voice, top, sorted(damage.entries))
        if found is None:
            continue
        for leaves in (found.leaves, wrong_tiles(store, voice, top.size)):
            if leaves:
                store.mend(voice, entries={}, bodies={}, leaves=leaves)
                written += len(leaves)
    return written


def checkpoint_of(note: bytes, what: str) -> Checkpoint:
    """What a kept note names.

    Raises:
        StoreDamaged: the disk changed it. The other side has it, and gives it in the next session.
    """
    try:
        return parse_text(parse_note(note).text)
    except ProtocolError as error:
        raise StoreDamaged("store-damaged", f"{what} on this disk is not what was kept: {error}") from error


def newest_signed(store: LogStore, mark: HighWater, voice: str) -> Checkpoint | None:
    """The newest checkpoint of a log that is signed and under which everything is here, or was."""
    own = voice == store.own
    found = [mark.checkpoint] if own else []
    for name in (OWN_COSIGNED,) if own else (THEIR_SIGNED, THEIR_COSIGNED):
        note = store.note(name)
        if note is None:
            continue
        try:
            found.append(checkpoint_of(note, name))
        except StoreDamaged:
            # It lies on the same disk as what is looked at.
            continue
    # Looked at last: a log that grows meanwhile has what was signed before, and else would seem to have nothing signed.
    here = store.head(voice).size
    return max((one for one in found if one is not None and one.size <= here), key=lambda one: one.size, default=None)
