"""The SQLite store beyond the contract: what a disk, another program or another channel can do to it."""

import os
import threading
from pathlib import Path

import apsw
import pytest

from nodes.sqlite_store import SCHEMA_VERSION, SqliteStore
from nodes.store import OWN_SIGNED, StoreBroken, StoreFull
from tests.nodes.test_stores import grow, rows_of


def open_store(path: Path, *, own: str = "ARC", their: str = "BOR", readonly: bool = False) -> SqliteStore:
    """A store in a file."""
    return SqliteStore.open(path, own=own, their=their, readonly=readonly)


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    """Closed or not: a second opening sees every write that returned."""
    path = tmp_path / "log.db"
    first = open_store(path)
    grow(first, "ARC", rows_of(0, 300))
    first.later(OWN_SIGNED, b"note")
    first.close()
    second = open_store(path)
    assert second.head("ARC").size == 300
    assert second.note(OWN_SIGNED) == b"note"
    grow(second, "ARC", rows_of(300, 5))
    # As after a crash: nothing of it was closed, and its log has not been moved into the file.
    third = open_store(path)
    assert third.read("ARC", 298, 305) == [row.entry for row in rows_of(298, 7)]
    second.close()
    third.close()


@pytest.mark.parametrize(("own", "their"), [("ARC", "CAR"), ("BOR", "ARC"), ("CAR", "BOR")])
def test_a_file_of_another_channel_is_refused(tmp_path: Path, own: str, their: str) -> None:
    """Also when the two voices changed places."""
    path = tmp_path / "log.db"
    open_store(path).close()
    with pytest.raises(StoreBroken) as caught:
        open_store(path, own=own, their=their)
    assert caught.value.code == "store-other-channel"


def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    """It is not touched."""
    path = tmp_path / "log.db"
    open_store(path).close()
    with apsw.Connection(str(path)) as connection:
        connection.pragma("user_version", SCHEMA_VERSION + 1)
    connection.close()
    with pytest.raises(StoreBroken) as caught:
        open_store(path)
    assert caught.value.code == "store-version"


@pytest.mark.parametrize("damage", ["noise", "empty directory"])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, damage: str) -> None:
    """With a code, and left as it is."""
    path = tmp_path / "log.db"
    if damage == "noise":
        path.write_bytes(os.urandom(8192))
    else:
        path.mkdir()
    with pytest.raises(StoreBroken):
        open_store(path)


def test_reading_beside_a_writer_changes_nothing(tmp_path: Path) -> None:
    """A read-only opening sees what is committed and cannot write."""
    path = tmp_path / "log.db"
    writer = open_store(path)
    grow(writer, "ARC", rows_of(0, 3))
    reader = open_store(path, readonly=True)
    grow(writer, "ARC", rows_of(3, 3))
    assert reader.head("ARC").size == 6
    with pytest.raises(StoreBroken):
        grow(reader, "ARC", rows_of(6, 1))
    reader.close()
    assert writer.head("ARC").size == 6
    writer.close()


def test_a_missing_file_is_not_made_for_reading(tmp_path: Path) -> None:
    """Looking at a home leaves no trace in it."""
    with pytest.raises(StoreBroken):
        open_store(tmp_path / "log.db", readonly=True)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """The write that finds no room raises `disk-full` and leaves everything; with room again it succeeds."""
    store = open_store(tmp_path / "log.db")
    grow(store, "ARC", rows_of(0, 2))
    before = store.head("ARC")
    writer = store._writer
    pages = writer.pragma("page_count")
    writer.pragma("max_page_count", pages + 1)
    store.later(OWN_SIGNED, b"kept for the next write")
    with pytest.raises(StoreFull) as caught:
        grow(store, "ARC", rows_of(2, 2000))
    assert caught.value.code == "disk-full"
    assert store.head("ARC") == before
    assert store.read("ARC", 0, 9) == [row.entry for row in rows_of(0, 2)]
    writer.pragma("max_page_count", 1_000_000)
    grow(store, "ARC", rows_of(2, 2000))
    assert store.head("ARC").size == 2002
    assert store.note(OWN_SIGNED) == b"kept for the next write"
    store.close()


def test_a_hash_that_is_gone_is_found(tmp_path: Path) -> None:
    """A root over a missing row is refused, not made up."""
    store = open_store(tmp_path / "log.db")
    grow(store, "ARC", rows_of(0, 10))
    with store._writer:
        store._writer.execute("DELETE FROM hash WHERE idx=4")
    store.close()
    store = open_store(tmp_path / "log.db")
    with pytest.raises(StoreBroken) as caught:
        store.root("ARC", 10)
    assert caught.value.code == "store-damaged"
    store.close()


def test_threads_read_while_one_writes(tmp_path: Path) -> None:
    """Every head that a reader sees is whole: the root of its own size."""
    store = open_store(tmp_path / "log.db")
    wrong: list[int] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            head = store.head("ARC")
            if store.root("ARC", head.size) != head.root:
                wrong.append(head.size)

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    for start in range(0, 600, 30):
        grow(store, "ARC", rows_of(start, 30))
        store.tidy()
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    store.close()
