"""The journals of a world's parties: each outlives the processes that write it, as what was durable of it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, cast

from keys.note_key import NoteKeyType, NoteSigner
from nodes.highwater import SLOT_BYTES, HighWater
from nodes.journal import Journal, JournalLog
from nodes.memory_store import MemoryStore
from nodes.resources import journal_catalogue
from protocol.entry import Entry
from protocol.journal import journal_origin
from protocol.statement import Statement
from tests.builders import seed
from tests.simulation import parties
from tests.simulation.disk import NOWHERE

if TYPE_CHECKING:
    from tests.simulation.world import Life, World


class MemoryMark(HighWater):
    """A high-water mark whose two slots are in memory."""

    def __init__(self, slots: list[bytes]) -> None:
        super().__init__(NOWHERE)
        self._slots = slots
        self._load()

    def _read(self, slot: int, count: int) -> bytes:
        return self._slots[slot][:count].ljust(min(count, 12), b"\0")

    def _write(self, slot: int, data: bytes) -> None:
        assert len(data) <= SLOT_BYTES
        self._slots[slot] = data


class KeptJournal:
    """What a party has of its journal on its disk.

    Args:
        party: short name.
        world: where it writes.
    """

    def __init__(self, party: str, world: World) -> None:
        self.party = party
        self._world = world
        self._store = MemoryStore(own=party, their="")
        self._slots = [b"", b""]
        # By a chance of its own, so that what is written here changes nothing of what a seed draws elsewhere.
        self._entropy = Random(f"journal {world.seed} {party}").randbytes

    def open(self, life: Life) -> Journal:
        """The journal of one life of the party's node."""
        origin = journal_origin(f"{self.party.lower()}.example", seed(f"{self.party} journal", 16))
        log = (
            NoteSigner(origin, NoteKeyType.ED25519, seed(f"{self.party} journal ed", 32)),
            NoteSigner(origin, NoteKeyType.MLDSA44, seed(f"{self.party} journal ml", 32)),
        )
        ring = parties.keyring(self.party)
        return Journal(
            party=self.party,
            open_log=lambda: JournalLog(origin, self._store, MemoryMark(self._slots), log, {"reason": "first"}),
            at_once=self._store.head(self.party).size > 0,
            catalogue=journal_catalogue(),
            node=ring.node_signer(),
            sealing=ring.sealing(),
            rosters=lambda: {name: line.own_rosters[-1] for name, line in life.lines.items()},
            executor=cast(Any, None),
            alarm=lambda code, text: None,
            read=self._world.clocks[self.party].read,
            entropy=self._entropy,
        )

    def crash(self) -> None:
        """The process that wrote it is gone."""
        self._store = self._store.crashed()

    def acts(self) -> list[Statement]:
        """What is in it, in order."""
        store = self._store
        entries = store.read(self.party, 0, store.head(self.party).size)
        return [Entry.parse(entry).parse_statement() for entry in entries]
