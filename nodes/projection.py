"""The projection: what a node derives from the two logs of a channel, in a file that can be rebuilt.

It judges every entry of both voices and folds the docket, a batch at a time, behind the log: entries are held and
receipted before they are judged, and judging never stands in a receipt's way. Each batch is one transaction, so that
after any crash the file is at some size of each log and goes on from there. It is thrown away and folded anew when it
is of another schema, channel or catalogue, or does not fit the logs.

`advance` is for one thread at a time. The queries (`nodes/docket_views.py`) may run on any thread beside it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from itertools import islice
from pathlib import Path
from typing import Any, Final

import apsw

from keys.root_set import RootChain
from keys.roster import parse as parse_roster
from nodes.distrust import Distrusted
from nodes.docket_db import SCHEMA_VERSION, DocketTables, connect
from nodes.docket_views import DocketViews
from nodes.errors import NodeError
from nodes.matters import View
from nodes.resources import catalogue_of
from nodes.store import Ahead, StoreDamaged
from nodes.verified import Verified
from nodes.voices import VoiceReader
from protocol import canonical
from protocol.agreement import Agreement
from protocol.clocks import Clockwork
from protocol.docket import Docket, Home, docket_digest
from protocol.entry import Entry
from protocol.event import event_of
from protocol.governance import Governance, Reign
from protocol.judge import Judge, VoiceState
from protocol.kinds import Catalogue
from protocol.lineage import Lineage
from protocol.merkle import Hash, leaf_hash
from protocol.reading import RosterInForce, first_roots
from protocol.statement import LogState
from protocol.verdict import Verdict
from protocol.walk import Walk

BATCH_MAX: Final = 256
"""Entries judged in one transaction."""

BEGINNING_ENTRIES: Final = 2
"""The agreement and the first roster, with which every log begins: no other document stands before them."""

MARKS_MAX: Final = 1024
"""Sizes of each log at which the docket's digest is remembered."""


class ProjectionBroken(NodeError):
    """The file could not be written. It was put back to where it was; the next `advance` tries again."""


class Projection(DocketViews):
    """Judgement and docket of one channel, as a node keeps them.

    Args:
        path: the file, which need not exist.
        store: the two logs, or voices.
        agreement: the one that founds the channel.
        catalogue: what the kinds mean.
        executor: threads that verify signatures, or None for none.
        verified: verifies them instead, and knows some already.
        lineage: where successor logs begin; `store` then gives voices (`nodes/voices.py`), and every size is of those.
    """

    def __init__(
        self,
        path: Path,
        *,
        store: VoiceReader,
        agreement: Agreement,
        catalogue: Catalogue,
        executor: Executor | None = None,
        verified: Verified | None = None,
        lineage: Lineage | None = None,
    ) -> None:
        self.path = path
        self.store = store
        self.agreement = agreement
        self.catalogue = catalogue
        self.names = agreement.shorts
        self._lineage = lineage or Lineage()
        self.clockwork = Clockwork(agreement, catalogue, lambda: self.governance.reigns)
        self._verify = (Verified(executor) if verified is None else verified).verify
        self._lock = threading.RLock()
        self.folding = threading.Lock()
        self._readers = threading.local()
        self._opened: list[apsw.Connection] = []
        self.distrusted = Distrusted(self)
        self._marks: tuple[dict[int, Hash], dict[int, Hash]] = ({}, {})
        self._db = self._open_file()
        # A plan holds whatever is bound: else statements that use an index of some rows are planned anew each time.
        self._db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        self._load()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        store: VoiceReader,
        agreement: Agreement,
        catalogue: Catalogue,
        executor: Executor | None = None,
        verified: Verified | None = None,
        lineage: Lineage | None = None,
    ) -> Projection:
        """Open a projection, and begin it anew where it does not fit. Takes O(log size) reads, and no folding.

        Raises:
            ProjectionBroken: the file cannot be opened nor made.
        """
        try:
            return cls(
                path,
                store=store,
                agreement=agreement,
                catalogue=catalogue,
                executor=executor,
                verified=verified,
                lineage=lineage,
            )
        except apsw.Error as error:
            raise ProjectionBroken("projection-broken", f"{path}: {error}") from error

    # --- going on ---------------------------------------------------------------------------------------------------

    def advance(self, limit: int = BATCH_MAX, *, whole: bool = True) -> list[Verdict]:
        """Judge and fold what the logs have gained, at most `limit` entries, in one transaction.

        Args:
            limit: most entries; call again while so many are returned.
            whole: our own log is complete, which it is once the counterpart said how far it holds it. A claim of the
                other side to hold more of it is then false and does not wait.

        Returns:
            The new verdicts, those of one voice in order. Empty when there is nothing to do.

        Raises:
            ProjectionBroken: nothing of this batch was kept; the next call tries again.
        """
        with self._lock:
            self._tables.look()
            if all(self._tables.size(voice) == self._judge.state(voice).size for voice in (0, 1)):
                return []
            own = self.names.index(self.store.own) if whole else None
            found: list[Verdict] = []
            try:
                self._db.execute("BEGIN IMMEDIATE")
                for verdict in islice(self._walk.advance(whole=own), limit):
                    state = self._judge.state(verdict.voice)
                    self._docket.add(event_of(verdict, state.last_ms))
                    self._mark(verdict.voice)
                    found.append(verdict)
                if found:
                    self._save()
                self._db.execute("COMMIT")
            except BaseException as error:
                with contextlib.suppress(apsw.Error):
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                self._load()
                if isinstance(error, apsw.Error):
                    raise ProjectionBroken("projection-broken", f"{self.path}: {error}") from error
                raise
            return found

    def doubt(self) -> None:
        """What was derived may come from damage: should the process end before it is derived anew, the next one does.

        Raises:
            ProjectionBroken: that could not be written.
        """
        with self._lock:
            try:
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('doubted', x'')")
            except apsw.Error as error:
                raise ProjectionBroken("projection-broken", f"{self.path}: {error}") from error

    def begin_anew(self) -> None:
        """Forget all that was derived: the logs were damaged while it was, and are whole again.

        Raises:
            ProjectionBroken: it is as it was.
        """
        with self._lock:
            try:
                with self._db:
                    for (table,) in list(self._db.execute("SELECT name FROM sqlite_master WHERE type='table'")):
                        self._db.execute(f"DELETE FROM {table}")  # noqa: S608
                    self._db.execute("INSERT INTO meta VALUES ('of', ?)", (self._identity(),))
            except apsw.Error as error:
                raise ProjectionBroken("projection-broken", f"{self.path}: {error}") from error
            self._load()

    @property
    def sizes(self) -> tuple[int, int]:
        """How far our own log and the other one are judged."""
        own = self.names.index(self.store.own)
        return self._judge.state(own).size, self._judge.state(1 - own).size

    def roster(self, voice: str) -> RosterInForce | None:
        """The roster in force for the next entry of a party, as far as its log is judged."""
        return self._judge.state(self.names.index(voice)).roster

    def chain(self, voice: str) -> RootChain:
        """The roots in force for the next entry of a party, as far as its log is judged."""
        number = self.names.index(voice)
        return self._judge.state(number).chain or first_roots(self.agreement, number)

    def mark(self, place: int) -> View | None:
        """See `Matters`."""
        return self.distrusted.mark(self.reader(), place)

    def held_mark(self, index: int) -> View | None:
        """See `DocketViews`."""
        return self.distrusted.held(self.reader(), index)

    @property
    def reign(self) -> Reign:
        """What governs what is said next, as far as both logs are judged."""
        return self.governance.newest

    def foresee(self, item: Ahead) -> Verdict | None:
        """Judge an entry of the counterpart before its turn (`Judge.foresee`); None where it is judged."""
        voice = self.names.index(self.store.their)
        with self._lock:
            if item.index < self._judge.state(voice).size:
                return None
            self._tables.look()
            return self._judge.foresee(
                voice,
                item.index,
                item.entry,
                body=item.body,
                verify=lambda checks: self._verify(checks)(),
            )

    def foresee_next(self, entry: Entry, body: bytes, after: int, roster: RosterInForce, chain: RootChain) -> Verdict:
        """Judge a document of the counterpart that came by another route, as if its log brought it next.

        Args:
            entry: as its node might log it.
            body: the text.
            after: the number in its voice before which it was not made.
            roster, chain: in force here for it, whichever way they came.
        """
        voice = self.names.index(self.store.their)
        with self._lock:
            self._tables.look()
            return self._judge.foresee(
                voice,
                max(self._judge.state(voice).size, after, BEGINNING_ENTRIES),
                entry.encode(),
                body=body,
                verify=lambda checks: self._verify(checks)(),
                roster=roster,
                chain=chain,
            )

    def digest_at(self, own_size: int, their_size: int) -> Hash | None:
        """The docket's digest where our own log and theirs are judged up to these sizes.

        Returns:
            32 bytes, or None where a size lies ahead or too far back. Two nodes that give a digest for the same two
            logs and sizes give the same one.
        """
        sizes = (own_size, their_size) if self.names[0] == self.store.own else (their_size, own_size)
        with self._lock:
            found = [self._marks[voice].get(sizes[voice]) for voice in (0, 1)]
        if found[0] is None or found[1] is None:
            return None
        return docket_digest(found[0], found[1])

    def digest(self) -> tuple[int, int, Hash]:
        """Own size, their size and the docket's digest, as far as both are judged now."""
        with self._lock:
            own, their = self.sizes
            found = self.digest_at(own, their)
        assert found is not None  # noqa: S101 - the present sizes are always marked.
        return own, their, found

    def counters(self, party: str) -> Mapping[bytes, int]:
        """The counters of a party's passkeys, by credential, as far as its log is judged."""
        with self._lock:
            return self._judge.state(self.names.index(party)).counters

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            for connection in [*self._opened, self._db]:
                connection.close()
            self._opened.clear()

    # --- state ------------------------------------------------------------------------------------------------------

    def _open_file(self) -> apsw.Connection:
        try:
            connection = connect(self.path)
            if connection.execute("PRAGMA user_version").get == SCHEMA_VERSION and self._fits(connection):
                return connection
            connection.close()
        except apsw.Error:
            # Damaged, or no database: it holds nothing that is not in the logs.
            pass
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        connection = connect(self.path)
        with connection:
            connection.execute("INSERT INTO meta VALUES ('of', ?)", (self._identity(),))
        return connection

    def _identity(self) -> bytes:
        known = self.agreement.digest + self.catalogue.digest + self.store.own.encode("ascii")
        if self._lineage.trivial:
            return known
        return known + canonical.encode([list(self._lineage.bases(voice)) for voice in (0, 1)])

    def _fits(self, connection: apsw.Connection) -> bool:
        """Whether the file is of this channel and catalogue and not doubted, and the last entry judged of each log is
        still there."""
        if connection.execute("SELECT value FROM meta WHERE name='of'").get != self._identity():
            return False
        if connection.execute("SELECT EXISTS (SELECT 1 FROM meta WHERE name='doubted')").get:
            return False
        for voice, name in enumerate(self.names):
            sql = "SELECT place >> 1, leaf FROM judged WHERE place & 1 = ? ORDER BY place DESC LIMIT 1"
            for index, leaf in connection.execute(sql, (voice,)):
                if index >= self.store.head(name).size or not self._is(name, index, leaf):
                    return False
        return True

    def _is(self, name: str, index: int, leaf: Hash) -> bool:
        try:
            return self.store.hashes(name)(0, index) == leaf
        except StoreDamaged:
            # Damage of the log says nothing against what was derived from it.
            return True

    def _load(self) -> None:
        """Take judge, docket and walk up from what the file has."""
        meta = dict(self._db.execute("SELECT name, value FROM meta"))
        states, homes = [], []
        for voice in (0, 1):
            data = meta.get(f"voice-{voice}")
            if data is None:
                states.append(VoiceState())
                homes.append(Home())
                continue
            values: Any = canonical.decode(data, bytes_max=4096)
            size, held_size, held_root, last_ms, home_size, arrived, total, *log = values
            text = meta.get(f"roster-{voice}")
            roster = None if text is None else RosterInForce(parse_roster(text), text)
            counters = _read_counters(meta.get(f"counters-{voice}", b""))
            number = log[0] if log else 0
            held = LogState(held_size, held_root)
            chain = first_roots(self.agreement, voice)
            for known in _texts(meta.get(f"roots-{voice}")):
                chain = chain.then(known)
            states.append(VoiceState(size, held, last_ms, roster, number, counters, chain))
            homes.append(Home(home_size, arrived, int.from_bytes(total, "big")))
        self._saved_rosters = [state.roster for state in states]
        self._saved_counters = [state.counters for state in states]
        self._saved_roots = [1 if state.chain is None else state.chain.newest.version for state in states]
        self._saved = [meta.get(f"voice-{voice}") for voice in (0, 1)]
        self._new_marks: list[tuple[int, int, Hash]] = []
        tables = DocketTables(self._db, store=self.store, names=self.names, clockwork=self.clockwork)
        for voice in (0, 1):
            tables.begin_at(voice, states[voice].size)
            marks = self._marks[voice]
            marks.clear()
            marks.update(self._db.execute("SELECT size, digest FROM mark WHERE voice=? ORDER BY size", (voice,)))
            if homes[voice].size not in marks:
                marks[homes[voice].size] = homes[voice].digest(voice)
                self._new_marks.append((voice, homes[voice].size, marks[homes[voice].size]))
        self._tables = tables
        self.governance = Governance(
            self.agreement, self.catalogue, document=tables.document, catalogue_of=catalogue_of
        )
        data = meta.get("governance")
        if data is not None:
            self.governance.resume(canonical.decode(data, bytes_max=len(data), items_max=len(data)))
        self._judge = Judge(
            agreement=self.agreement,
            catalogue=self.catalogue,
            archive=tables,
            states=(states[0], states[1]),
            lineage=self._lineage,
            governance=self.governance,
        )
        self._docket = Docket(
            agreement=self.agreement,
            catalogue=self.catalogue,
            ledger=tables,
            homes=(homes[0], homes[1]),
            clockwork=self.clockwork,
        )
        self._walk = Walk(judge=self._judge, read=self._read, verify=self._verify)

    def _read(self, voice: int, start: int, count: int) -> Sequence[bytes]:
        name = self.names[voice]
        entries = self.store.read(name, start, start + count)
        leaves = [leaf_hash(entry) for entry in entries]
        if leaves != self.store.hash_rows(name, 0, start, start + len(entries)):
            # What was concluded from it would stand when the entry is mended.
            raise StoreDamaged("store-damaged", f"an entry of {name} from {start} on is not the one that was held")
        for leaf in leaves:
            self._tables.grow(voice, leaf)
        return entries

    def _mark(self, voice: int) -> None:
        home = self._docket.homes[voice]
        digest = home.digest(voice)
        marks = self._marks[voice]
        marks[home.size] = digest
        self._new_marks.append((voice, home.size, digest))
        if len(marks) > MARKS_MAX:
            del marks[next(iter(marks))]

    def _save(self) -> None:
        rows: list[tuple[str, bytes]] = []
        for voice in (0, 1):
            state, home = self._judge.state(voice), self._docket.homes[voice]
            total = home.total.to_bytes(256, "big")
            values = [state.size, *state.held, state.last_ms, home.size, home.arrived, total]
            if state.log:
                values.append(state.log)
            data = canonical.encode(values)
            if data == self._saved[voice]:
                continue
            self._saved[voice] = data
            rows.append((f"voice-{voice}", data))
            if state.roster is not None and state.roster is not self._saved_rosters[voice]:
                rows.append((f"roster-{voice}", state.roster.text))
                self._saved_rosters[voice] = state.roster
            if state.counters is not self._saved_counters[voice]:
                rows.append((f"counters-{voice}", _write_counters(state.counters)))
                self._saved_counters[voice] = state.counters
            if state.chain is not None and state.chain.newest.version != self._saved_roots[voice]:
                rows.append((f"roots-{voice}", canonical.encode(list(state.chain.texts[1:]))))
                self._saved_roots[voice] = state.chain.newest.version
            if home.size > MARKS_MAX:
                self._db.execute("DELETE FROM mark WHERE voice=? AND size<=?", (voice, home.size - MARKS_MAX))
        if self.governance.changed:
            self.governance.changed = False
            rows.append(("governance", canonical.encode(self.governance.kept())))
        self._db.executemany("INSERT OR REPLACE INTO mark VALUES (?, ?, ?)", self._new_marks)
        self._new_marks.clear()
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    # --- reading beside -----------------------------------------------------------------------------------------------

    def reader(self) -> apsw.Connection:
        """A connection for reading, one a thread."""
        connection: apsw.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
            connection.set_busy_timeout(10_000)
            self._readers.connection = connection
            with self._lock:
                self._opened.append(connection)
        return connection


def _write_counters(counters: Mapping[bytes, int]) -> bytes:
    """Each a u16 length, so many bytes of a credential's id, and its counter in four."""
    return b"".join(len(one).to_bytes(2) + one + counter.to_bytes(4) for one, counter in counters.items())


def _read_counters(data: bytes) -> Mapping[bytes, int]:
    found: dict[bytes, int] = {}
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        found[data[at + 2 : end]] = int.from_bytes(data[end : end + 4])
        at = end + 4
    return found


def _texts(data: bytes | None) -> list[bytes]:
    """The root sets from version 2 on, as they were kept."""
    found: Any = [] if data is None else canonical.decode(data, bytes_max=len(data))
    return list(found)
