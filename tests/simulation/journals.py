"""The journals of a world's parties: each outlives the processes that write it, as what was durable of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, cast

from keys.keyring import NodeKeyring
from keys.note_key import NoteKeyType, NoteSigner
from nodes.clock import Reading
from nodes.export import documents_of, log_files
from nodes.highwater import SLOT_BYTES, HighWater
from nodes.journal import Journal, JournalLog
from nodes.line import Line
from nodes.memory_store import MemoryStore
from nodes.resources import journal_catalogue
from protocol.entry import Entry
from protocol.evidence import MemoryEvidence
from protocol.exported_log import CHECKPOINT_FILE, POLICY_FILE
from protocol.finding import Report
from protocol.journal import journal_origin
from protocol.journal_audit import audit_journal
from protocol.policy import NONE, LogLine, Policy
from protocol.statement import Statement
from tests.builders import seed
from tests.simulation.disk import NOWHERE


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
        ring: the keys of the party's node.
        seed_name: all that is drawn for it follows from this.
        read: its clocks.
    """

    def __init__(self, ring: NodeKeyring, *, seed_name: str, read: Reading) -> None:
        self.party = ring.party
        self._ring = ring
        self._read = read
        party = ring.party
        self._store = MemoryStore(own=party, their="")
        self._slots = [b"", b""]
        self._origin = origin = journal_origin(f"{party.lower()}.example", seed(f"{party} journal", 16))
        self._signers = (
            NoteSigner(origin, NoteKeyType.ED25519, seed(f"{party} journal ed", 32)),
            NoteSigner(origin, NoteKeyType.MLDSA44, seed(f"{party} journal ml", 32)),
        )
        # By a chance of its own, so that what is written here changes nothing of what a seed draws elsewhere.
        self._entropy = Random(f"journal {seed_name} {party}").randbytes

    def open(self, lines: Callable[[], Mapping[str, Line]]) -> Journal:
        """The journal of one life of the party's node.

        Args:
            lines: those of that life.
        """
        origin, log = self._origin, self._signers
        return Journal(
            party=self.party,
            open_log=lambda: JournalLog(origin, self._store, MemoryMark(self._slots), log, {"reason": "first"}),
            at_once=self._store.head(self.party).size > 0,
            catalogue=journal_catalogue(),
            node=self._ring.node_signer(),
            sealing=self._ring.sealing(),
            rosters=lambda: {name: line.own_rosters[-1] for name, line in lines().items()},
            executor=cast(Any, None),
            alarm=lambda code, text: None,
            read=self._read,
            entropy=self._entropy,
        )

    def crash(self) -> None:
        """The process that wrote it is gone."""
        self._store = self._store.crashed()

    def audited(self) -> Report:
        """What the party's auditor finds in all of it."""
        mark = MemoryMark(self._slots)
        checkpoint, note = mark.checkpoint, mark.note
        assert checkpoint is not None
        assert note is not None
        documents = dict(documents_of(self._store, self.party, checkpoint.size))
        files = dict(log_files(self._store, self.party, checkpoint, documents))
        policy = Policy(tuple(LogLine(one.verifier) for one in self._signers), (), (), NONE).encode()
        evidence = MemoryEvidence("journal", {**files, CHECKPOINT_FILE: note, POLICY_FILE: policy})
        return audit_journal([evidence], policy, journal_catalogue())

    def acts(self) -> list[Statement]:
        """What is in it, in order."""
        store = self._store
        entries = store.read(self.party, 0, store.head(self.party).size)
        return [Entry.parse(entry).parse_statement() for entry in entries]
