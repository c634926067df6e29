"""The SQLite store beyond the contract: what a disk, another program or another channel can do to it."""

import os
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from nodes import mending
from nodes.sqlite_file import SCHEMA_VERSION
from nodes.sqlite_store import SqliteStore
from nodes.store import OWN_SIGNED, Row, StoreBroken, StoreDamaged, StoreFull
from protocol.merkle import Frontier, complete_root, leaf_hash
from tests.nodes.damage import flip, pages_of, settle, tear
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


def test_a_file_that_was_closed_is_not_opened_again(tmp_path: Path) -> None:
    """By a thread that was on its way: nobody would close that, and the log beside the file would stay."""
    store = open_store(tmp_path / "log.db")
    grow(store, "ARC", rows_of(0, 2))
    store.close()
    said: list[str] = []

    def read() -> None:
        try:
            store.read("ARC", 0, 2)
        except StoreBroken as error:
            said.append(error.code)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert said == ["store-broken"]
    settle(tmp_path / "log.db")


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


# --- damage -----------------------------------------------------------------------------------------------------------


def noise(name: str) -> bytes:
    """Some bytes of which no part is repeated anywhere."""
    return b"".join(sha256(f"{name} {part}".encode()).digest() for part in range(8))


def filled(path: Path, count: int = 600) -> list[Row]:
    """A store on disk with a log of ours, closed."""
    rows = [Row(one := noise(f"entry {n}"), leaf_hash(one), noise(f"body {n}"), None, False) for n in range(count)]
    store = SqliteStore.open(path, own="ARC", their="BOR")
    store.append_own(0, rows, Frontier.empty().extend([row.leaf for row in rows]), 5)
    store.close()
    settle(path)
    return rows


def test_a_flipped_bit_reads_as_another_row_and_is_mended(tmp_path: Path) -> None:
    """SQLite says nothing; whoever looks sees bytes that do not give the hash. The right ones can be written over."""
    path = tmp_path / "log.db"
    rows = filled(path)
    flip(path, rows[300].entry)
    store = SqliteStore.open(path, own="ARC", their="BOR")
    (found,), _ = store.looked_at("ARC", 300, 301)
    assert found is not None
    assert leaf_hash(found) != rows[300].leaf == store.hash_rows("ARC", 0, 300, 301)[0]
    store.mend("ARC", entries={300: rows[300].entry}, bodies={}, leaves={})
    assert store.read("ARC", 0, 600) == [row.entry for row in rows]
    store.close()


@pytest.mark.parametrize(("table", "what"), [("own_entry", "entries"), ("own_body", "bodies"), ("hash", "hashes")])
@pytest.mark.parametrize(("page", "large"), [(1, False), (-1, False), (1, True)])
def test_a_torn_page_is_read_around_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, what: str, page: int, large: bool
) -> None:
    """Rows of the page are missing and all others are there; what is written for them is read from then on, also
    after a restart, and the log can grow, though the page itself can be neither read nor written."""
    path = tmp_path / "log.db"
    rows = filled(path)
    tear(path, pages_of(path, table)[page])
    if large:
        monkeypatch.setattr(mending, "REBUILD_BYTES_MAX", 0)
    store = SqliteStore.open(path, own="ARC", their="BOR")
    entries, bodies = store.looked_at("ARC", 0, 600)
    hashes = store.hash_rows("ARC", 0, 0, 600)
    found = {"entries": entries, "bodies": bodies, "hashes": hashes}
    missing = [index for index, one in enumerate(found.pop(what)) if one is None]
    assert 0 < len(missing) < 300
    assert all(None not in others for others in found.values())
    reads: dict[str, Callable[[], object]] = {
        "entries": lambda: store.read("ARC", missing[0], 600),
        "bodies": lambda: store.body("ARC", missing[0]),
        "hashes": lambda: store.tile("ARC", 0, missing[0], 1),
    }
    with pytest.raises(StoreDamaged):
        reads[what]()
    store.mend(
        "ARC",
        entries={index: rows[index].entry for index in missing if what == "entries"},
        bodies={index: rows[index].body or b"" for index in missing if what == "bodies"},
        # A tile above is computed where a leaf under it is written.
        leaves={index: rows[index].leaf for index in (0, 256, *missing) if what == "hashes"},
    )
    grow(store, "ARC", rows_of(600, 300))
    rows += rows_of(600, 300)
    for _ in range(2):
        assert store.read("ARC", 0, 900) == [row.entry for row in rows]
        assert [store.body("ARC", index) for index in range(900)] == [row.body for row in rows]
        assert store.root("ARC", 900) == Frontier.empty().extend([row.leaf for row in rows]).root()
        store.close()
        store = SqliteStore.open(path, own="ARC", their="BOR", readonly=True)
    store.close()


def test_an_upper_hash_is_mended_from_the_leaves(tmp_path: Path) -> None:
    """Writing a leaf anew computes every tile above it."""
    path = tmp_path / "log.db"
    rows = filled(path)
    upper = complete_root([row.leaf for row in rows[:256]])
    flip(path, upper)
    store = SqliteStore.open(path, own="ARC", their="BOR")
    assert store.hash_rows("ARC", 1, 0, 1) != [upper]
    store.mend("ARC", entries={}, bodies={}, leaves={0: rows[0].leaf})
    assert store.hash_rows("ARC", 1, 0, 1) == [upper]
    store.close()
