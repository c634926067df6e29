"""The tables of a projection: what was found about each entry, and the items of the docket.

One SQLite file that can be rebuilt from the logs at any time, so it is written without waiting for the disk. This
module is the judge's archive and the docket's ledger over it; it holds no rule of its own.

Voices are 0 and 1 here, the places of the parties in the agreement, and an entry's location is one number
(`protocol.verdict.location`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path

import apsw

from nodes.store import StoreDamaged
from nodes.voices import VoiceReader, begins, frontier_at
from protocol.clocks import Clockwork
from protocol.course import ENDLESS_MS
from protocol.docket_item import Item
from protocol.event import Event
from protocol.merkle import Frontier, Hash
from protocol.statement import PRECEDENCES
from protocol.tagged import digest as body_digest
from protocol.verdict import Located, Verdict, location

SCHEMA_VERSION = 6
BUSY_MS = 10_000
FRONTIERS_MAX = 1024
"""Sizes of each log whose root can be given without reading hashes: entries near one another name the same ones."""

SELECT_JUDGED = "SELECT place, leaf, thread, reply, faults, notes, signers, missing, effective FROM judged "
"""What a view of an entry is made from, in the order that `judged_row` has too."""

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE judged (
    place INTEGER PRIMARY KEY, leaf BLOB NOT NULL, id BLOB, kind TEXT NOT NULL, status TEXT NOT NULL,
    thread INTEGER NOT NULL, reply INTEGER NOT NULL, faults TEXT NOT NULL, notes TEXT NOT NULL, signers TEXT NOT NULL,
    missing TEXT NOT NULL, effective INTEGER NOT NULL, official INTEGER NOT NULL, flash INTEGER NOT NULL);
CREATE INDEX judged_leaf ON judged (leaf);
CREATE INDEX judged_id ON judged (id) WHERE id IS NOT NULL;
CREATE INDEX judged_reply ON judged (reply, kind) WHERE reply >= 0;
CREATE INDEX judged_official ON judged (official, place) WHERE official >= 0;
CREATE INDEX judged_flash ON judged (official, place) WHERE flash;
CREATE TABLE event (voice INTEGER, idx INTEGER, event BLOB NOT NULL, PRIMARY KEY (voice, idx)) WITHOUT ROWID;
CREATE TABLE arrived (voice INTEGER PRIMARY KEY, size INTEGER NOT NULL);
CREATE TABLE item (place INTEGER PRIMARY KEY, data BLOB NOT NULL, lane INTEGER NOT NULL, unheld INTEGER,
    owed_ms INTEGER, own_ms INTEGER, missed_ms INTEGER, quiet_ms INTEGER, register TEXT, ends_ms INTEGER,
    warns_ms INTEGER);
CREATE INDEX item_unheld ON item (unheld, place) WHERE unheld IS NOT NULL;
CREATE INDEX item_owed ON item (lane, owed_ms) WHERE owed_ms IS NOT NULL AND quiet_ms IS NULL;
CREATE INDEX item_own ON item (lane, own_ms, owed_ms) WHERE own_ms IS NOT NULL;
CREATE INDEX item_quiet ON item (lane, quiet_ms) WHERE owed_ms IS NOT NULL AND quiet_ms IS NOT NULL;
CREATE INDEX item_missed ON item (missed_ms) WHERE missed_ms IS NOT NULL;
CREATE INDEX item_register ON item (register, (place & 1), ends_ms) WHERE register IS NOT NULL;
CREATE INDEX item_warns ON item (lane, ends_ms) WHERE warns_ms IS NOT NULL;
CREATE TABLE thread (place INTEGER PRIMARY KEY, entries INTEGER NOT NULL, last_ms INTEGER NOT NULL);
CREATE INDEX thread_last ON thread (last_ms);
CREATE TABLE thread_entry (thread INTEGER, at INTEGER, seq INTEGER, place INTEGER NOT NULL,
    PRIMARY KEY (thread, at, seq)) WITHOUT ROWID;
CREATE TABLE mark (voice INTEGER, size INTEGER, digest BLOB NOT NULL, PRIMARY KEY (voice, size)) WITHOUT ROWID;
"""

EVENTS_MAX = 1024
"""Events that are read at once."""

LANES = 2 * len(PRECEDENCES)
"""Items are looked for by author and precedence, so that however many there are of one sort, none hides the others."""

_AFTER_ARRIVALS = 1 << 62
"""Where a home entry stands among what arrives with it: behind."""


def connect(path: Path) -> apsw.Connection:
    """Open the file for writing; make its tables if there are none.

    Raises:
        apsw.Error: it cannot be opened, or is no database.
    """
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(BUSY_MS)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA cache_size=-8192")
    if connection.execute("PRAGMA user_version").get == 0:
        with connection:
            connection.execute(_SCHEMA)
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    return connection


class DocketTables:
    """The judge's archive and the docket's ledger, over one writing connection.

    Args:
        connection: of `connect`; the caller begins and ends transactions.
        store: the two voices.
        names: the parties' short names, in the agreement's order.
        clockwork: says when something is due.
    """

    def __init__(
        self, connection: apsw.Connection, *, store: VoiceReader, names: tuple[str, str], clockwork: Clockwork
    ) -> None:
        self._db = connection
        self._store = store
        self._names = names
        self._clockwork = clockwork
        self._sizes = [0, 0]
        self._frontiers: tuple[OrderedDict[int, Frontier], OrderedDict[int, Frontier]] = (OrderedDict(), OrderedDict())
        self._last: list[Frontier | None] = [None, None]
        self._grown = [0, 0]

    # --- sizes and roots --------------------------------------------------------------------------------------------

    def look(self) -> None:
        """See how far the logs go now; until the next look they count as ending there."""
        self._sizes = [self._store.head(name).size for name in self._names]

    def begin_at(self, voice: int, size: int) -> None:
        """Say from where on `grow` will be called."""
        self._last[voice] = frontier_at(self._store, self._names[voice], size)
        self._grown[voice] = size

    def grow(self, voice: int, leaf: Hash) -> None:
        """Take note of the next entry's leaf hash, so that roots near it cost nothing to read."""
        last = self._last[voice]
        if last is None:
            return
        if begins(self._store, self._names[voice], self._grown[voice]):
            last = Frontier.empty()
        last = self._last[voice] = last.append(leaf)
        self._grown[voice] += 1
        kept = self._frontiers[voice]
        kept[self._grown[voice]] = last
        if len(kept) > FRONTIERS_MAX:
            kept.popitem(last=False)

    def size(self, voice: int) -> int:
        """See protocol.archive.Archive."""
        return self._sizes[voice]

    def root(self, voice: int, size: int) -> Hash:
        """See protocol.archive.Archive."""
        frontier = self._frontiers[voice].get(size)
        if frontier is None:
            return self._store.root(self._names[voice], size)
        return frontier.root()

    # --- what was found about entries -------------------------------------------------------------------------------

    def locate(self, leaf: Hash) -> Located | None:
        """See protocol.archive.Archive."""
        sql = "SELECT place, kind, status, thread FROM judged WHERE leaf=? AND id IS NOT NULL ORDER BY place LIMIT 1"
        for place, kind, status, thread in self._db.execute(sql, (leaf,)):
            return Located(place, kind, status, thread)
        return None

    def first(self, voice: int, statement_id: bytes) -> int | None:
        """See protocol.archive.Archive."""
        sql = "SELECT min(place) >> 1 FROM judged WHERE id=? AND place & 1 = ?"
        return self._db.execute(sql, (statement_id, voice)).get  # type: ignore[no-any-return]

    def document(self, voice: int, index: int, digest: Hash) -> bytes | None:
        """See protocol.archive.Archive."""
        body = self._store.body(self._names[voice], index)
        if body is not None and body_digest(body) != digest:
            raise StoreDamaged("store-damaged", f"the body of {self._names[voice]} {index} is not what was held")
        return body

    def add(self, verdict: Verdict) -> None:
        """See protocol.archive.Archive."""
        statement = verdict.statement
        self._db.execute(
            "INSERT INTO judged (place, leaf, thread, reply, faults, notes, signers, missing, effective, id, kind, "
            "status, official, flash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *judged_row(verdict),
                statement.id if statement is not None and verdict.referable else None,
                "" if statement is None else statement.kind,
                "" if statement is None else statement.status,
                verdict.voice if official(verdict) else -1,
                statement is not None and (statement.precedence, statement.status) == ("flash", "actual"),
            ),
        )

    # --- the docket's items -----------------------------------------------------------------------------------------

    def event(self, event: Event) -> None:
        """See protocol.docket.Ledger."""
        self._db.execute("INSERT INTO event VALUES (?, ?, ?)", (event.voice, event.index, event.encode()))

    def arriving(self, voice: int, start: int, end: int) -> Iterable[Event]:
        """See protocol.docket.Ledger."""
        self._db.execute("INSERT OR REPLACE INTO arrived VALUES (?, ?)", (voice, end))
        return events_of(self._db, voice, start, end)

    def item(self, place: int) -> Item | None:
        """See protocol.docket.Ledger."""
        data = self._db.execute("SELECT data FROM item WHERE place=?", (place,)).get
        return None if data is None else Item.parse(data)

    def put(self, item: Item) -> None:
        """See protocol.docket.Ledger."""
        unheld = item.voice if item.held is None and item.thread & 1 == item.voice else None
        owed_ms = own_ms = missed_ms = quiet_ms = register = ends_ms = warns_ms = None
        for clock in self._clockwork.clocks(item):
            if clock.state == "running":
                if clock.name == "review":
                    continue
                if clock.owed_by == item.voice:
                    own_ms = clock.due_ms if own_ms is None else min(own_ms, clock.due_ms)
                else:
                    owed_ms = clock.due_ms if owed_ms is None else min(owed_ms, clock.due_ms)
            elif clock.state != "kept":
                missed_ms = clock.done_ms
        course = item.course
        if course is not None:
            ends_ms = course.ends_ms
            if own_ms is None and ends_ms < ENDLESS_MS:
                # An offer that lapsed waits for no answer any more.
                quiet_ms = ends_ms
            if course.from_ms is not None:
                register = self._clockwork.register(item) or None
                if course.ended_ms is None and ends_ms < ENDLESS_MS:
                    warns_ms = ends_ms - self._clockwork.warn_ms(item)
        row = (
            item.place,
            item.encode(),
            item.voice * len(PRECEDENCES) + PRECEDENCES.index(item.precedence),
            unheld,
            owed_ms,
            own_ms,
            missed_ms,
            quiet_ms,
            register,
            ends_ms,
            warns_ms,
        )
        self._db.execute("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def unheld(self, home: int, start: int, below: int) -> Iterable[int]:
        """See protocol.docket.Ledger."""
        sql = "SELECT place FROM item WHERE unheld=? AND place>=? AND place<? ORDER BY place"
        return [place for (place,) in self._db.execute(sql, (home, location(home, start), location(home, below)))]

    def placed(self, event: Event, *, home: int, at: int) -> None:
        """See protocol.docket.Ledger."""
        seq = _AFTER_ARRIVALS if event.voice == home else event.index
        self._db.execute("INSERT INTO thread_entry VALUES (?, ?, ?, ?)", (event.thread, at, seq, event.place))
        self._db.execute(
            "INSERT INTO thread VALUES (?, 1, ?) ON CONFLICT (place) DO UPDATE "
            "SET entries = entries + 1, last_ms = max(last_ms, excluded.last_ms)",
            (event.thread, event.logged_at_ms),
        )


def events_of(connection: apsw.Connection, voice: int, start: int, end: int) -> Iterator[Event]:
    """The events of a voice that are kept, from one index up to another, in order and a part at a time."""
    sql = "SELECT event FROM event WHERE voice=? AND idx>=? AND idx<? ORDER BY idx"
    for first in range(start, end, EVENTS_MAX):
        rows = list(connection.execute(sql, (voice, first, min(first + EVENTS_MAX, end))))
        yield from (Event.parse(data) for (data,) in rows)


def official(verdict: Verdict) -> bool:
    """Whether an entry stands in inboxes: what people say, and what cannot be read and may have been said by people."""
    return verdict.kind is None or not (verdict.kind.machine or verdict.kind.by_roots)


def judged_row(verdict: Verdict) -> tuple[int, Hash, int, int, str, str, str, str, bool]:
    """What a view of an entry needs of its verdict: the columns of `SELECT_JUDGED`."""
    return (
        verdict.place,
        verdict.leaf,
        verdict.thread,
        verdict.reply,
        " ".join(verdict.faults),
        " ".join(verdict.notes),
        " ".join(f"{person}:{role}" for person, role in verdict.signers),
        " ".join(verdict.missing),
        verdict.effective,
    )


def row_verdict(row: tuple[str, str, str, str]) -> dict[str, object]:
    """The judgement of an entry as its table has it, for people: faults, notes, signers, missing."""
    faults, notes, signers, missing = row
    return {
        "faults": faults.split(),
        "notes": notes.split(),
        "signers": [
            {"person": int(person), "role": role} for person, _, role in (one.partition(":") for one in signers.split())
        ],
        "missing": missing.split(),
    }
