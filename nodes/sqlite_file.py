"""The SQLite file of one channel: its schema, its connections, and transactions that are durable.

WAL with synchronous FULL: a commit returns once the disk has it. There is one writing connection behind a lock and one
reading connection a thread; readers never wait for the writer. The SQLite that comes with `apsw` is used, never the
system's, because of a defect of older ones that loses commits (spec/decisions/0001-libraries.md).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import apsw

from nodes import mending
from nodes.mending import columns
from nodes.store import StoreBroken, StoreDamaged, StoreFull, StoreUnreadable

SCHEMA_VERSION = 1
BUSY_MS = 10_000
SCOUR_WAIT_MS = 500
"""For so long readers may keep what was deleted from being overwritten; a backup takes longer, and then it is said."""

SCHEMA = """
CREATE TABLE head (voice INTEGER PRIMARY KEY, size INTEGER NOT NULL, frontier BLOB NOT NULL, last_ms INTEGER NOT NULL);
INSERT INTO head VALUES (0, 0, x'', 0), (1, 0, x'', 0);
CREATE TABLE party (voice INTEGER PRIMARY KEY, short TEXT NOT NULL);
CREATE TABLE own_entry (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL);
CREATE TABLE their_entry (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL);
CREATE TABLE own_body (idx INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE their_body (idx INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE hash (voice INTEGER, level INTEGER, idx INTEGER, hash BLOB NOT NULL, PRIMARY KEY (voice, level, idx))
    WITHOUT ROWID;
CREATE TABLE flash (voice INTEGER, idx INTEGER, PRIMARY KEY (voice, idx)) WITHOUT ROWID;
CREATE TABLE own_id (id BLOB PRIMARY KEY, idx INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE note (name TEXT PRIMARY KEY, note BLOB NOT NULL);
CREATE TABLE cosigned (size INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL);
CREATE TABLE ahead (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL, body BLOB, note BLOB NOT NULL);
CREATE TABLE waiting (place INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB UNIQUE NOT NULL, name TEXT NOT NULL,
    record BLOB NOT NULL, at_ms INTEGER NOT NULL);
"""

# Made where it is missing: a file without branches is one of any release.
BRANCHES = """
CREATE TABLE IF NOT EXISTS branch (number INTEGER PRIMARY KEY, start INTEGER NOT NULL, size INTEGER NOT NULL,
    bytes INTEGER NOT NULL, note BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS branch_entry (number INTEGER, idx INTEGER, entry BLOB NOT NULL, body BLOB,
    PRIMARY KEY (number, idx));
"""

# Likewise. What the logs say of bodies that are gone, and what an entry names that never came.
GONE = """
CREATE TABLE IF NOT EXISTS gone (voice INTEGER, idx INTEGER, said INTEGER, at INTEGER NOT NULL, digest BLOB NOT NULL,
    erased INTEGER NOT NULL, PRIMARY KEY (voice, idx, said)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lacking (voice INTEGER, idx INTEGER, digest BLOB NOT NULL, PRIMARY KEY (voice, idx))
    WITHOUT ROWID;
"""


class SqliteFile:
    """See the module. Errors of SQLite come as those of `nodes.store`.

    Args:
        path: the file.
        own: our short name.
        their: the counterpart's.
        readonly: open what is there for reading only, beside a node that may be running.

    Attributes:
        path, readonly: as given.
        lock: held while something is written, and while what is known of the file changes.
        writer: the writing connection, for whoever has the lock.
        branched: whether it has tables for branches.
        apart: whether rows that were mended stand apart.

    Raises:
        StoreFull: there is no room to make it.
        StoreUnreadable: its header, its schema or a page that every start reads is damaged.
        StoreBroken: it cannot be opened, is another channel's, or of a newer release.
    """

    def __init__(self, path: Path, *, own: str, their: str, readonly: bool) -> None:
        self.path = path
        self.readonly = readonly
        self.lock = threading.RLock()
        self._readers = threading.local()
        self._opened: list[apsw.Connection] = []
        self._closed = False
        try:
            with translated(path):
                self.writer = self._connect()
                self._check_schema({0: own, 1: their})
        except StoreDamaged as error:
            raise StoreUnreadable("store-unreadable", error.text) from error

    def _connect(self) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READONLY if self.readonly else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        connection = apsw.Connection(str(self.path), flags=flags)
        connection.set_busy_timeout(BUSY_MS)
        if not self.readonly:
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            # Moving the log into the file costs syncs of its own; `tidy` does it when nobody waits for a commit.
            connection.pragma("wal_autocheckpoint", 0)
            # What is deleted is overwritten, in rows and in pages that are free from then on.
            connection.pragma("secure_delete", True)
        connection.pragma("cache_size", -4096)
        with self.lock:
            if self._closed:
                # By a thread that was on its way. Nobody would close it, and the log beside the file would stay.
                connection.close()
                raise apsw.ConnectionClosedError("the file was closed")
            self._opened.append(connection)
        return connection

    def _check_schema(self, parties: dict[int, str]) -> None:
        writer = self.writer
        version = writer.pragma("user_version")
        if version == 0 and not self.readonly and not writer.execute("SELECT count(*) FROM sqlite_master").get:
            with writer:
                writer.execute(SCHEMA)
                writer.executemany("INSERT INTO party VALUES (?, ?)", parties.items())
                writer.pragma("user_version", SCHEMA_VERSION)
        elif version != SCHEMA_VERSION:
            text = f"{self.path} has schema {version}; this release reads {SCHEMA_VERSION}"
            if not version:
                raise StoreDamaged("store-damaged", f"{self.path}: its header is damaged")
            raise StoreBroken("store-version", f"{text}. If no newer one ever ran here, the file's header is damaged")
        if columns(writer, _tables()) != _tables():
            raise StoreDamaged("store-damaged", f"{self.path}: its tables are not those that a channel's file has")
        names = dict(writer.execute("SELECT voice, short FROM party"))
        if not self.readonly:
            writer.execute(BRANCHES)
            writer.execute(mending.SCHEMA)
            writer.execute(GONE)
        self.branched = self._has("branch")
        self.apart = self.has_rows("mended")
        if names != parties:
            raise StoreBroken(
                "store-other-channel", f"{self.path} is of the channel {names.get(0)} with {names.get(1)}"
            )

    def _has(self, table: str) -> bool:
        return bool(self.writer.execute("SELECT count(*) FROM sqlite_master WHERE name=?", (table,)).get == 1)

    def reader(self) -> apsw.Connection:
        """The reading connection of this thread."""
        connection: apsw.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = self._connect()
        return connection

    def rows(self, sql: str, bindings: tuple[Any, ...]) -> list[Any]:
        """All rows of a query."""
        with translated(self.path):
            return list(self.reader().execute(sql, bindings))

    def write(self, *steps: Callable[[apsw.Connection], object]) -> None:
        """One durable transaction: all of the steps, or none. Whoever calls has the lock."""
        with translated(self.path):
            self.writer.execute("BEGIN IMMEDIATE")
            try:
                for step in steps:
                    step(self.writer)
                self.writer.execute("COMMIT")
            except BaseException:
                if self.writer.in_transaction:
                    self.writer.execute("ROLLBACK")
                raise

    def has_rows(self, table: str) -> bool:
        """Whether there is a table of that name with anything in it."""
        return self._has(table) and self.writer.execute(f"SELECT EXISTS (SELECT 1 FROM {table})").get == 1  # noqa: S608

    def scour(self) -> list[str]:
        """See `nodes.store.LogStore.scour`: the write-ahead log is moved into the file and emptied."""
        left = [
            f"the table {name} of {self.path.name} was put aside because it is damaged, and may hold what was deleted"
            for (name,) in self.rows("SELECT name FROM sqlite_master WHERE name LIKE 'damaged%'", ())
            if name.endswith(("_body", "_ahead", "_waiting"))
        ]
        with translated(self.path):
            # A connection of its own: who writes waits for this as for another writer, and not for its readers.
            connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                connection.set_busy_timeout(SCOUR_WAIT_MS)
                connection.pragma("synchronous", "full")
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            except apsw.BusyError:
                left.append(f"somebody reads {self.path.name} as it was before, and it still stands beside it")
            finally:
                connection.close()
        return left

    def tidy(self) -> None:
        """Move what was committed from the write-ahead log into the file; takes a while, and no commit waits for it."""
        with translated(self.path):
            # A connection of this thread, not the writer: commits go on while pages are moved.
            self.reader().wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def close(self) -> None:
        """Close every connection."""
        with self.lock, translated(self.path):
            self._closed = True
            for connection in self._opened:
                connection.close()
            self._opened.clear()


@cache
def _tables() -> dict[str, list[str]]:
    """The columns of each table that a channel's file has."""
    empty = apsw.Connection(":memory:")
    try:
        empty.execute(SCHEMA)
        return columns(empty, [row[0] for row in empty.execute("SELECT name FROM sqlite_master WHERE type='table'")])
    finally:
        empty.close()


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Give SQLite's errors their meaning for a node."""
    try:
        yield
    except apsw.FullError as error:
        raise StoreFull("disk-full", f"{path}: there is no room left on the disk") from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreDamaged("store-damaged", f"{path}: {error}") from error
    except apsw.CantOpenError as error:
        raise StoreBroken("home-unwritable", f"{path}: {error}") from error
    except apsw.ReadOnlyError as error:
        raise StoreBroken("home-unwritable", f"{path}: {error}") from error
    except apsw.Error as error:
        raise StoreBroken("store-broken", f"{path}: {error}") from error
