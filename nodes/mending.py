"""Reading around damage in a store's file, and writing over it.

SQLite notices a page whose structure is broken, and nothing else: a flipped bit in a row reads as another row. So what
is looked at here comes with nothing believed, and whoever asks compares hashes. Where a page cannot be written any
more, what belongs there goes into a table of its own, and reads that meet the page look there.

Source: spec/disputes.md, "Damage".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import apsw

from nodes.store import StoreDamaged
from protocol.glance import glance
from protocol.merkle import Hash, complete_root

TILE_WIDTH: Final = 256
TABLES: Final = (("own_entry", "own_body"), ("their_entry", "their_body"))
COLUMNS: Final = ("entry", "body")
ENTRY, BODY, HASH = 0, 1, 2
"""What a row of `mended` stands for; from HASH on, a hash of that level and two."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS mended (voice INTEGER, what INTEGER, idx INTEGER, data BLOB NOT NULL,
    PRIMARY KEY (voice, what, idx)) WITHOUT ROWID;
"""

_COLUMNS: Final = "SELECT name FROM pragma_table_info(?)"

REBUILD_BYTES_MAX: Final = 1 << 30
"""Bytes of a file whose tables are copied: that takes as much room again, and seconds."""

COPY_ROWS: Final = 256

Read = Callable[[str, tuple[Any, ...]], list[Any]]
"""Runs a query; raises StoreDamaged for a page that cannot be read."""


class Mending:
    """Reads of one store that go around damage.

    Args:
        read: runs a query on the store.
        apart: whether the file has rows that could not be written in their place.

    Attributes:
        apart: the same, which `write_apart` makes true.
    """

    def __init__(self, read: Read, *, apart: bool) -> None:
        self._read = read
        self.apart = apart

    def entries(self, voice: int, start: int, end: int) -> list[bytes | None]:
        """Entries as they are on disk, None for what is absent or unreadable."""
        return self._rows(voice, ENTRY, f"SELECT idx, entry FROM {TABLES[voice][0]} WHERE", (), start, end)  # noqa: S608

    def bodies(self, voice: int, start: int, end: int) -> list[bytes | None]:
        """Bodies as they are on disk; None also where there is none."""
        return self._rows(voice, BODY, f"SELECT idx, body FROM {TABLES[voice][1]} WHERE", (), start, end)  # noqa: S608

    def hashes(self, voice: int, level: int, start: int, end: int) -> list[Hash | None]:
        """Hashes of a tile level as they are on disk."""
        sql = "SELECT idx, hash FROM hash WHERE voice=? AND level=? AND"
        found = self._rows(voice, HASH + level, sql, (voice, level), start, end)
        return [one if one is not None and len(one) == 32 else None for one in found]

    def _rows(
        self, voice: int, what: int, sql: str, bindings: tuple[int, ...], start: int, end: int
    ) -> list[bytes | None]:
        found: dict[int, Any] = {}
        try:
            found = dict(self._read(f"{sql} idx>=? AND idx<?", (*bindings, start, end)))
        except StoreDamaged:
            for index in range(start, end):
                try:
                    found.update(self._read(f"{sql} idx=?", (*bindings, index)))
                except StoreDamaged:
                    continue
        if len(found) < end - start:
            found.update(self._mended(voice, what, start, end))
        return [one if type(one := found.get(index)) is bytes else None for index in range(start, end)]

    def _mended(self, voice: int, what: int, start: int, end: int) -> dict[int, bytes]:
        if not self.apart:
            return {}
        sql = "SELECT idx, data FROM mended WHERE voice=? AND what=? AND idx>=? AND idx<?"
        try:
            return dict(self._read(sql, (voice, what, start, end)))
        except StoreDamaged:
            return {}

    def all_of(self, found: Sequence[bytes | None], what: str) -> list[bytes]:
        """What was found, where all of it is there.

        Raises:
            StoreDamaged: some of it cannot be read.
        """
        whole = [one for one in found if one is not None]
        if len(whole) != len(found):
            raise StoreDamaged("store-damaged", f"{len(found) - len(whole)} {what} cannot be read")
        return whole


def columns(connection: apsw.Connection, tables: Iterable[str]) -> dict[str, list[str]]:
    """The names of the columns that tables have, as the schema says; none for a table that is not there."""
    return {table: [row[0] for row in connection.execute(_COLUMNS, (table,))] for table in tables}


BESIDE: Final = ("flash", "own_id", "cosigned", "ahead", "waiting")
"""Tables that are written with the entries, or wait for that."""
FROM_ENTRIES: Final = ("flash", "own_id")


def unsound(connection: apsw.Connection) -> list[str]:
    """Those of them whose pages are damaged, also where a read does not meet that and a write would."""
    found = []
    for table in BESIDE:
        try:
            sound = list(connection.execute(f"PRAGMA integrity_check({table})")) == [("ok",)]
        except apsw.CorruptError:
            sound = False
        if not sound:
            found.append(table)
    return found


Put = tuple[int, int, bytes]
"""What, index and bytes of one row to be written."""


def puts(
    voice: int,
    *,
    entries: Mapping[int, bytes],
    bodies: Mapping[int, bytes],
    leaves: Mapping[int, Hash],
    size: int,
    hashes: Callable[[int, int, int, int], Sequence[Hash | None]],
) -> list[Put]:
    """The rows to be written for a repair, with the hashes of every full tile above.

    Args:
        voice: its number.
        entries, bodies, leaves: by index.
        size: of the log.
        hashes: reads a range of a tile level: voice, level, start, end.

    Raises:
        StoreDamaged: a tile above cannot be computed, because another of its hashes is not there.
    """
    rows: list[Put] = [(ENTRY, index, data) for index, data in entries.items()]
    rows += [(BODY, index, data) for index, data in bodies.items()]
    level, changed = 0, dict(leaves)
    while changed:
        rows += [(HASH + level, index, data) for index, data in changed.items()]
        above: dict[int, Hash] = {}
        for tile in sorted({index // TILE_WIDTH for index in changed}):
            end = (tile + 1) * TILE_WIDTH
            if end > size >> (8 * level):
                continue
            row = list(hashes(voice, level, tile * TILE_WIDTH, end))
            for place in range(TILE_WIDTH):
                row[place] = changed.get(tile * TILE_WIDTH + place, row[place])
            known = [one for one in row if one is not None]
            if len(known) != TILE_WIDTH:
                raise StoreDamaged("store-damaged", f"tile {tile} of level {level} is not whole yet")
            above[tile] = complete_root(known)
        level, changed = level + 1, above
    return rows


def write_in_place(writer: apsw.Connection, voice: int, rows: Sequence[Put]) -> None:
    """Write rows where they belong."""
    for what, index, data in rows:
        if what < HASH:
            table, column = TABLES[voice][what], COLUMNS[what]
            sql = f"INSERT INTO {table} VALUES (?, ?) ON CONFLICT (idx) DO UPDATE SET {column}=excluded.{column}"  # noqa: S608
            writer.execute(sql, (index, data))
        else:
            writer.execute("INSERT OR REPLACE INTO hash VALUES (?, ?, ?, ?)", (voice, what - HASH, index, data))


def write_apart(writer: apsw.Connection, voice: int, rows: Sequence[Put]) -> None:
    """Write rows into the table for what cannot be written in its place."""
    for what, index, data in rows:
        writer.execute("INSERT OR REPLACE INTO mended VALUES (?, ?, ?, ?)", (voice, what, index, data))


def rebuild(writer: apsw.Connection, mending: Mending, heads: Sequence[int], voice: int, rows: Sequence[Put]) -> None:
    """Copy the tables that these rows belong to, with them, and put the damaged ones aside under another name.

    Args:
        writer: in a transaction.
        mending: reads what is there.
        heads: the sizes of the two logs.
        voice: of the rows.
        rows: what is missing.
    """
    for table in sorted({"hash" if what >= HASH else TABLES[voice][what] for what, _, _ in rows}):
        _put_aside(writer, table)
        if table == "hash":
            for one, size in enumerate(heads):
                _copy_hashes(writer, mending, one, size)
        else:
            what = ENTRY if table.endswith("_entry") else BODY
            look = mending.entries if what == ENTRY else mending.bodies
            for start in range(0, heads[voice], COPY_ROWS):
                end = min(heads[voice], start + COPY_ROWS)
                found = enumerate(look(voice, start, end), start)
                write_in_place(writer, voice, [(what, index, one) for index, one in found if one is not None])
    write_in_place(writer, voice, rows)


HeadRow = tuple[int, int, bytes, int]
"""The number of a voice, and what the row of its log says: size, frontier, last time used."""


def put_heads(writer: apsw.Connection, rows: Sequence[HeadRow]) -> None:
    """Write how far logs go."""
    writer.executemany("INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?)", rows)


def rebuild_heads(writer: apsw.Connection, rows: Sequence[HeadRow]) -> None:
    """The same where the page of that table cannot be written: it is put aside under another name."""
    _put_aside(writer, "head")
    put_heads(writer, rows)


def readable(connection: apsw.Connection, table: str) -> list[tuple[Any, ...]]:
    """The rows of a damaged table from both its ends up to the damage; none of one that the entries give."""
    rows: dict[tuple[Any, ...], None] = {}
    for order in ("ASC", "DESC") if table not in FROM_ENTRIES else ():
        with suppress(apsw.CorruptError):
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY rowid {order}"):  # noqa: S608
                rows[row] = None
    return list(rows)


def refill(
    writer: apsw.Connection, mending: Mending, heads: Sequence[int], table: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Put a table aside and fill another one in its place, with what was readable or from the entries."""
    _put_aside(writer, table)
    for voice, size in enumerate(heads if table in FROM_ENTRIES else ()):
        for start in range(0, size, COPY_ROWS):
            entries = mending.entries(voice, start, min(size, start + COPY_ROWS))
            seen = [(index, glance(entry)) for index, entry in enumerate(entries, start) if entry is not None]
            if table == "flash":
                _insert(writer, table, [(voice, index) for index, one in seen if one.flash])
            elif voice == 0:
                _insert(writer, table, [(one.statement_id, index) for index, one in seen if one.statement_id])
    _insert(writer, table, rows)


def _insert(writer: apsw.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        holes = ", ".join("?" * len(rows[0]))
        writer.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({holes})", rows)  # noqa: S608


def _put_aside(writer: apsw.Connection, table: str) -> None:
    """An empty table in the place of a damaged one."""
    sql = writer.execute("SELECT sql FROM sqlite_master WHERE name=?", (table,)).get
    number = writer.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE 'damaged%'").get
    writer.execute(f"ALTER TABLE {table} RENAME TO damaged_{number}_{table}")
    writer.execute(sql)


def _copy_hashes(writer: apsw.Connection, mending: Mending, voice: int, size: int) -> None:
    level = 0
    while size >> (8 * level):
        for start in range(0, size >> (8 * level), COPY_ROWS):
            end = min(size >> (8 * level), start + COPY_ROWS)
            found = enumerate(mending.hashes(voice, level, start, end), start)
            write_in_place(writer, voice, [(HASH + level, index, one) for index, one in found if one is not None])
        level += 1
