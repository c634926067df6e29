"""The store of one channel in one SQLite file (`nodes/sqlite_file.py`): the embedded default.

An append is one transaction: entries, bodies, hashes, and the head, which is moved only from the size the writer knew
(compare and swap). Hash tiles are not stored as such: the hashes of level 0 and of every full tile above are rows, and
a tile is a range of them.

Source: spec/log.md, "Tiles"; spec/channel.md, "Commit points".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from nodes import gone_bodies, mending
from nodes.mending import Mending
from nodes.sqlite_file import SqliteFile, translated
from nodes.store import Ahead, Branch, Head, Row, StoreBehind, StoreDamaged
from protocol.glance import Gone
from protocol.limits import SIZE_MAX
from protocol.merkle import Frontier, Hash, HashReader, complete_root

TILE_WIDTH = 256
ROOTS_MAX = 256
"""Roots kept in memory, of the sizes that the logs had last."""

# Statements by voice: the tables of the two voices are apart, so that a range of one is a range of rows.
_ENTRY = ("own_entry", "their_entry")
_BODY = ("own_body", "their_body")
# Not INSERT OR REPLACE: a note of the same length is then written over the old one in place, in a third of the pages.
_PUT_NOTE = "INSERT INTO note VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET note=excluded.note"


class SqliteStore:
    """See `nodes.store.LogStore`."""

    def __init__(self, path: Path, own: str, their: str, *, readonly: bool) -> None:
        self.own = own
        self.their = their
        self._file = SqliteFile(path, own=own, their=their, readonly=readonly)
        self._lock = self._file.lock
        self._rows = self._file.rows
        self._writer = self._file.writer
        self._mending = Mending(self._rows, apart=self._file.apart)
        self._voices = {own: 0, their: 1}
        self._later: dict[str, bytes] = {}
        self._roots: OrderedDict[tuple[str, int], Hash] = OrderedDict()
        self._heads: dict[str, Head] = {}
        self._names = (own, their)
        self._none_ahead = False
        self._any_gone = self._file.has_rows("gone")
        self._any_lacking = self._file.has_rows("lacking")
        self._cosigned = (0, 0)

    @classmethod
    def open(cls, path: Path, *, own: str, their: str, readonly: bool = False) -> SqliteStore:
        """Open a channel's file, and make it if there is none.

        Args:
            path: the file.
            own: our short name.
            their: the counterpart's.
            readonly: open what is there for reading only, beside a node that may be running.

        Raises:
            StoreFull: there is no room to make it.
            StoreUnreadable: its header, its schema or a page that every start reads is damaged.
            StoreBroken: it cannot be opened, is another channel's, or of a newer release.
        """
        return cls(path, own, their, readonly=readonly)

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    # --- reading ----------------------------------------------------------------------------------------------------

    def head(self, voice: str) -> Head:
        known = self._heads.get(voice)
        if known is not None:
            return known
        rows = self._rows("SELECT size, frontier, last_ms FROM head WHERE voice=?", (self._voices[voice],))
        try:
            size, frontier_bytes, last_ms = rows[0]
            if type(size) is not int or type(last_ms) is not int:
                raise TypeError("no numbers")
            frontier = Frontier.parse(size, frontier_bytes)
            return Head(size, frontier.root(), frontier, last_ms)
        except (IndexError, TypeError, ValueError) as error:
            raise StoreDamaged("store-damaged", f"{self.path}: how far the log of {voice} goes is damaged") from error

    def goes_beyond(self, voice: str, size: int) -> bool | None:
        """Whether there are entries or hashes of a log from an index on; None where none is read and some may be."""
        number = self._voices[voice]
        found: set[bool | None] = set()
        for sql, bindings in (
            (f"SELECT EXISTS (SELECT 1 FROM {_ENTRY[number]} WHERE idx>=?)", (size,)),  # noqa: S608
            ("SELECT EXISTS (SELECT 1 FROM hash WHERE voice=? AND level=0 AND idx>=?)", (number, size)),
        ):
            try:
                found.add(bool(self._rows(sql, bindings)[0][0]))
            except StoreDamaged:
                found.add(None)
        return True if True in found else None if None in found else False

    def read(self, voice: str, start: int, end: int, *, bytes_max: int | None = None) -> list[bytes]:
        sql = f"SELECT idx, entry FROM {_ENTRY[self._voices[voice]]} WHERE idx>=? AND idx<? ORDER BY idx"  # noqa: S608
        found: list[bytes] = []
        used = 0
        try:
            with translated(self.path):
                for index, entry in self._file.reader().execute(sql, (start, end)):
                    used += len(entry)
                    if bytes_max is not None and found and used > bytes_max:
                        return found
                    if index != start + len(found):
                        raise StoreDamaged("store-damaged", f"{self.path}: entry {start + len(found)} is missing")
                    found.append(entry)
        except (StoreDamaged, TypeError):
            return self._read_around(voice, start, end, bytes_max)
        return found

    def _read_around(self, voice: str, start: int, end: int, bytes_max: int | None) -> list[bytes]:
        """What is before the first entry that cannot be read; that one by itself raises."""
        end = min(end, self.head(voice).size)
        found: list[bytes] = []
        used = 0
        for index in range(start, end):
            (entry,) = self._mending.entries(self._voices[voice], index, index + 1)
            if entry is None:
                if found:
                    return found
                raise StoreDamaged("store-damaged", f"{self.path}: entry {index} of {voice} cannot be read")
            used += len(entry)
            if bytes_max is not None and found and used > bytes_max:
                break
            found.append(entry)
        return found

    def body(self, voice: str, index: int) -> bytes | None:
        sql = f"SELECT body FROM {_BODY[self._voices[voice]]} WHERE idx=?"  # noqa: S608
        try:
            rows = self._rows(sql, (index,))
        except StoreDamaged:
            (found,) = self._mending.bodies(self._voices[voice], index, index + 1)
            if found is None:
                raise
            return found
        if not rows and self._mending.apart:
            return self._mending.bodies(self._voices[voice], index, index + 1)[0]
        return rows[0][0] if rows else None

    def gone(self, voice: str, index: int) -> bool:
        # Asked for every entry without a body that is sent, and in most logs nothing is gone.
        return self._any_gone and bool(gone_bodies.said(self._rows, self._voices[voice], index))

    def erased_by(self, voice: str, index: int) -> tuple[str, int] | None:
        found = gone_bodies.said(self._rows, self._voices[voice], index) if self._any_gone else []
        return next(((self._names[one.said], one.at) for one in found if one.erased), None)

    def lacks(self, voice: str) -> bool:
        sql = "SELECT EXISTS (SELECT 1 FROM lacking WHERE voice=?)"
        return self._any_lacking and self._rows(sql, (self._voices[voice],))[0][0] == 1

    def bodies_from(self, voice: str, start: int, count: int) -> list[int]:
        sql = f"SELECT idx FROM {_BODY[self._voices[voice]]} WHERE idx>=? ORDER BY idx LIMIT ?"  # noqa: S608
        return [row[0] for row in self._rows(sql, (start, count))]

    def looked_at(self, voice: str, start: int, end: int) -> tuple[list[bytes | None], list[bytes | None]]:
        number = self._voices[voice]
        return self._mending.entries(number, start, end), self._mending.bodies(number, start, end)

    def hash_rows(self, voice: str, level: int, start: int, end: int) -> list[Hash | None]:
        return self._mending.hashes(self._voices[voice], level, start, end)

    def _hash_range(self, voice: int, level: int, start: int, count: int) -> list[Hash]:
        sql = "SELECT hash FROM hash WHERE voice=? AND level=? AND idx>=? AND idx<? ORDER BY idx"
        try:
            found = [row[0] for row in self._rows(sql, (voice, level, start, start + count))]
        except StoreDamaged:
            found = []
        if len(found) != count:
            return self._mending.all_of(self._mending.hashes(voice, level, start, start + count), "hashes")
        return found

    def hashes(self, voice: str) -> HashReader:
        number = self._voices[voice]

        def read(level: int, index: int) -> Hash:
            tile_level, inside = divmod(level, 8)
            return complete_root(self._hash_range(number, tile_level, index << inside, 1 << inside))

        return read

    def tile(self, voice: str, level: int, index: int, width: int) -> bytes:
        return b"".join(self._hash_range(self._voices[voice], level, index * TILE_WIDTH, width))

    def root(self, voice: str, size: int) -> Hash:
        known = self._roots.get((voice, size))
        return known or Frontier.read(size, self.hashes(voice)).root()

    def _remember(self, voice: str, frontier: Frontier, last_ms: int) -> None:
        """What was just committed is asked for again and again, and reading a root takes hundreds of hashes. Nobody
        else writes to the file while it is open here for writing."""
        with self._lock:
            self._heads[voice] = Head(frontier.size, frontier.root(), frontier, last_ms)
            self._roots[voice, frontier.size] = frontier.root()
            if len(self._roots) > ROOTS_MAX:
                self._roots.popitem(last=False)

    def note(self, name: str) -> bytes | None:
        with self._lock:
            if name in self._later:
                return self._later[name]
        return self.durable_note(name)

    def durable_note(self, name: str) -> bytes | None:
        rows = self._rows("SELECT note FROM note WHERE name=?", (name,))
        return rows[0][0] if rows else None

    def find(self, statement_id: bytes) -> int | None:
        rows = self._rows("SELECT idx FROM own_id WHERE id=?", (statement_id,))
        return rows[0][0] if rows else None

    def cosigned_at(self, index: int) -> int | None:
        size, at_ms = self._cosigned
        if index + 1 == size:
            return at_ms
        rows = self._rows("SELECT at_ms FROM cosigned WHERE size>? ORDER BY size LIMIT 1", (index,))
        return rows[0][0] if rows else None

    def flash_from(self, voice: str, start: int, count: int) -> list[int]:
        sql = "SELECT idx FROM flash WHERE voice=? AND idx>=? ORDER BY idx LIMIT ?"
        return [row[0] for row in self._rows(sql, (self._voices[voice], start, count))]

    def ahead(self) -> list[Ahead]:
        return [Ahead(*row) for row in self._rows("SELECT idx, entry, body, note FROM ahead ORDER BY idx", ())]

    def ahead_indexes(self) -> list[int]:
        # Asked for every statement that comes in, and nearly always there is none.
        if self._none_ahead:
            return []
        with self._lock:
            found = [row[0] for row in self._rows("SELECT idx FROM ahead ORDER BY idx", ())]
            self._none_ahead = not found and not self._file.readonly
        return found

    def branches(self) -> list[Branch]:
        if not self._file.branched:
            return []
        return [
            Branch(*row) for row in self._rows("SELECT number, start, size, note, bytes FROM branch ORDER BY 1", ())
        ]

    def read_branch(self, number: int, start: int, end: int) -> list[bytes]:
        sql = "SELECT entry FROM branch_entry WHERE number=? AND idx>=? AND idx<? ORDER BY idx"
        return [row[0] for row in self._rows(sql, (number, start, end))] if self._file.branched else []

    def branch_body(self, number: int, index: int) -> bytes | None:
        if not self._file.branched:
            return None
        rows = self._rows("SELECT body FROM branch_entry WHERE number=? AND idx=?", (number, index))
        return rows[0][0] if rows else None

    def waiting(self, name: str) -> list[tuple[bytes, bytes, int]]:
        return self._rows("SELECT id, record, at_ms FROM waiting WHERE name=? ORDER BY place", (name,))

    def waiting_of(self, statement_id: bytes) -> tuple[str, bytes] | None:
        rows = self._rows("SELECT name, record FROM waiting WHERE id=?", (statement_id,))
        return (rows[0][0], rows[0][1]) if rows else None

    # --- writing ----------------------------------------------------------------------------------------------------

    def _write(self, *steps: Callable[[apsw.Connection], None]) -> None:
        """One durable transaction; what `later` was given goes with it."""
        with self._lock:
            kept = dict(self._later)
            self._file.write(*steps, lambda writer: writer.executemany(_PUT_NOTE, kept.items()))
            for name, note in kept.items():
                if self._later.get(name) is note:
                    del self._later[name]

    def _append(self, voice: int, size: int, rows: Sequence[Row], frontier: Frontier, last_ms: int) -> None:
        writer = self._writer
        writer.execute(
            "UPDATE head SET size=?, frontier=?, last_ms=? WHERE voice=? AND size=?",
            (frontier.size, frontier.encode(), last_ms, voice, size),
        )
        if writer.changes() != 1:
            raise StoreBehind("store-behind", f"{self.path}: the log is not at size {size}")
        numbered = list(enumerate(rows, size))
        entry_sql = f"INSERT INTO {_ENTRY[voice]} VALUES (?, ?)"  # noqa: S608
        body_sql = f"INSERT INTO {_BODY[voice]} VALUES (?, ?)"  # noqa: S608
        writer.executemany(entry_sql, ((index, row.entry) for index, row in numbered))
        writer.executemany(body_sql, ((index, row.body) for index, row in numbered if row.body is not None))
        self._put_hashes(voice, 0, size, [row.leaf for row in rows])
        writer.executemany("INSERT INTO flash VALUES (?, ?)", ((voice, index) for index, row in numbered if row.flash))
        self._append_gone(voice, numbered)
        if voice == 0:
            # The first place of a statement is the one that counts, so a later one does not replace it.
            ids = ((row.statement_id, index) for index, row in numbered if row.statement_id is not None)
            writer.executemany("INSERT OR IGNORE INTO own_id VALUES (?, ?)", ids)

    def _append_gone(self, voice: int, numbered: Sequence[tuple[int, Row]]) -> None:
        """What these rows say of bodies that are gone, and what is said of theirs."""
        writer = self._writer
        told = {(self._voices[gone.party], gone.index) for _, row in numbered if (gone := row.gone) and self._of(gone)}
        lacking = [(voice, index, row.lacks) for index, row in numbered if row.lacks is not None and row.body is None]
        self._any_gone = self._any_gone or bool(told)
        self._any_lacking = self._any_lacking or bool(lacking)
        writer.executemany("INSERT INTO lacking VALUES (?, ?, ?)", lacking)
        for index, row in numbered:
            if row.gone is not None and self._of(row.gone):
                values = (self._voices[row.gone.party], row.gone.index, voice, index, row.gone.digest, row.gone.erased)
                writer.execute("INSERT OR IGNORE INTO gone VALUES (?, ?, ?, ?, ?, ?)", values)
        if self._any_gone:
            named = {(voice, index) for index, row in numbered if row.body is not None or row.lacks is not None}
            for one, index in sorted(told | named):
                gone_bodies.apply(writer, one, index)

    def _of(self, gone: Gone) -> bool:
        return gone.party in self._voices and gone.index <= SIZE_MAX

    def _put_hashes(self, voice: int, level: int, start: int, hashes: Sequence[Hash]) -> None:
        """Rows of one level, and of the levels above for every tile that became full."""
        rows = ((voice, level, index, hash_) for index, hash_ in enumerate(hashes, start))
        self._writer.executemany("INSERT INTO hash VALUES (?, ?, ?, ?)", rows)
        first, last = start // TILE_WIDTH, (start + len(hashes)) // TILE_WIDTH
        if first == last:
            return
        sql = "SELECT hash FROM hash WHERE voice=? AND level=? AND idx>=? AND idx<? ORDER BY idx"
        full = [
            complete_root([row[0] for row in self._writer.execute(sql, (voice, level, tile << 8, (tile + 1) << 8))])
            for tile in range(first, last)
        ]
        self._put_hashes(voice, level + 1, first, full)

    def mend(
        self,
        voice: str,
        *,
        entries: Mapping[int, bytes],
        bodies: Mapping[int, bytes],
        leaves: Mapping[int, Hash],
    ) -> None:
        number, size = self._voices[voice], self.head(voice).size
        # What we say we destroyed does not come back, whoever gives it.
        bodies = {index: body for index, body in bodies.items() if not self._own_erased(voice, index)}
        rows = mending.puts(
            number, entries=entries, bodies=bodies, leaves=leaves, size=size, hashes=self._mending.hashes
        )
        try:
            self._write(lambda writer: mending.write_in_place(writer, number, rows))
        except StoreDamaged:
            if self.path.stat().st_size <= mending.REBUILD_BYTES_MAX:
                heads = (self.head(self.own).size, self.head(self.their).size)
                self._write(lambda writer: mending.rebuild(writer, self._mending, heads, number, rows))
            else:
                self._write(lambda writer: mending.write_apart(writer, number, rows))
                self._mending.apart = True
        if bodies and self._any_lacking:
            self._write(lambda writer: gone_bodies.found(writer, number, bodies))
        with self._lock:
            self._roots.clear()

    def _own_erased(self, voice: str, index: int) -> bool:
        by = self.erased_by(voice, index)
        return by is not None and by[0] == self.own

    def mend_head(self, voice: str, frontier: Frontier) -> None:
        def put(writer: apsw.Connection) -> None:
            sql = "UPDATE head SET frontier=? WHERE voice=? AND size=?"
            writer.execute(sql, (frontier.encode(), self._voices[voice], frontier.size))
            if writer.changes() != 1:
                raise StoreBehind("store-behind", f"{self.path}: the log of {voice} is not at size {frontier.size}")

        self._write(put)
        with self._lock:
            self._heads.pop(voice, None)

    def put_heads(self, heads: Mapping[str, Head]) -> None:
        """Write anew how far both logs go; whoever calls has found it in their entries (`nodes/heads.py`)."""
        rows = [(self._voices[voice], one.size, one.frontier.encode(), one.last_ms) for voice, one in heads.items()]
        try:
            self._write(lambda writer: mending.put_heads(writer, rows))
        except StoreDamaged:
            self._write(lambda writer: mending.rebuild_heads(writer, rows))
        with self._lock:
            self._heads.clear()

    def mend_tables(self) -> list[str]:
        with translated(self.path):
            tables = mending.unsound(self._file.reader())
        heads = (self.head(self.own).size, self.head(self.their).size)
        for table in tables:
            rows = mending.readable(self._file.reader(), table)
            self._write(partial(mending.refill, mending=self._mending, heads=heads, table=table, rows=rows))
        return tables

    def append_own(self, size: int, rows: Sequence[Row], frontier: Frontier, last_ms: int) -> None:
        self._write(lambda _: self._append(0, size, rows, frontier, last_ms))
        self._remember(self.own, frontier, last_ms)

    def append_their(self, size: int, rows: Sequence[Row], frontier: Frontier, note: bytes, last_ms: int) -> None:
        def keep(writer: apsw.Connection) -> None:
            writer.execute(_PUT_NOTE, ("their-signed", note))
            writer.execute("DELETE FROM ahead WHERE idx<?", (frontier.size,))

        self._write(lambda _: self._append(1, size, rows, frontier, last_ms), keep)
        self._remember(self.their, frontier, last_ms)

    def put_cosigned(self, note: bytes, size: int, at_ms: int) -> None:
        first = False

        def keep(writer: apsw.Connection) -> None:
            nonlocal first
            writer.execute(_PUT_NOTE, ("own-cosigned", note))
            writer.execute("INSERT OR IGNORE INTO cosigned VALUES (?, ?)", (size, at_ms))
            first = writer.changes() == 1

        with self._lock:
            self._later.pop("own-cosigned", None)
            self._write(keep)
            if first:
                self._cosigned = (size, at_ms)

    def put_ahead(self, item: Ahead) -> None:
        values = (item.index, item.entry, item.body, item.note)
        with self._lock:
            self._none_ahead = False
            self._write(lambda writer: _run(writer, "INSERT OR REPLACE INTO ahead VALUES (?, ?, ?, ?)", values))

    def append_branch(
        self, number: int, start: int, entries: Sequence[bytes], bodies: Sequence[bytes | None], note: bytes
    ) -> None:
        size = start + len(entries)
        more = sum(map(len, entries)) + sum(len(body) for body in bodies if body is not None)

        def keep(writer: apsw.Connection) -> None:
            writer.execute("INSERT OR IGNORE INTO branch VALUES (?, ?, ?, 0, ?)", (number, start, start, note))
            sql = "UPDATE branch SET size=?, bytes=bytes+?, note=? WHERE number=? AND size=?"
            writer.execute(sql, (size, more, note, number, start))
            if writer.changes() != 1:
                raise StoreBehind("store-behind", f"{self.path}: branch {number} is not at size {start}")
            rows = ((number, start + place, *pair) for place, pair in enumerate(zip(entries, bodies, strict=True)))
            writer.executemany("INSERT INTO branch_entry VALUES (?, ?, ?, ?)", rows)

        self._write(keep)

    def later(self, name: str, note: bytes) -> None:
        with self._lock:
            self._later[name] = note

    def flush(self) -> None:
        with self._lock:
            if self._later:
                self._write()

    def put_waiting(self, name: str, statement_id: bytes, record: bytes, at_ms: int) -> None:
        sql = (
            "INSERT INTO waiting (id, name, record, at_ms) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET name=excluded.name, record=excluded.record"
        )
        self._write(lambda writer: _run(writer, sql, (statement_id, name, record, at_ms)))

    def drop_waiting(self, statement_id: bytes) -> None:
        self._write(lambda writer: _run(writer, "DELETE FROM waiting WHERE id=?", (statement_id,)))

    def scour(self) -> list[str]:
        return self._file.scour()

    def tidy(self) -> None:
        self._file.tidy()

    def close(self) -> None:
        if not self._file.readonly:
            self.flush()
        self._file.close()


def _run(writer: apsw.Connection, sql: str, values: tuple[Any, ...]) -> None:
    writer.execute(sql, values)
