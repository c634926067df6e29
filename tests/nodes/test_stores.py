"""One contract, every store: the same suite on memory and on SQLite."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.memory_store import MemoryStore
from nodes.sqlite_store import SqliteStore
from nodes.store import (
    OWN_COSIGNED,
    OWN_SIGNED,
    THEIR_COSIGNED,
    THEIR_SIGNED,
    Ahead,
    Branch,
    LogStore,
    Row,
    StoreBehind,
    StoreBroken,
)
from protocol.merkle import Frontier, complete_root, leaf_hash, leaf_reader, prove_consistency, prove_inclusion
from protocol.tiles import build_tiles, tiles_for_size

KINDS = ("memory", "sqlite")


def make(kind: str, directory: Path) -> LogStore:
    """A fresh store."""
    if kind == "memory":
        return MemoryStore(own="ARC", their="BOR")
    return SqliteStore.open(directory / "log.db", own="ARC", their="BOR")


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogStore]:
    """A fresh store of each kind."""
    made = make(request.param, tmp_path)
    yield made
    made.close()


def rows_of(start: int, count: int, *, flash: frozenset[int] = frozenset(), salt: bytes = b"") -> list[Row]:
    """Rows whose entries say their place; every third has a body."""
    rows = []
    for index in range(start, start + count):
        entry = b"entry %d " % index + salt
        body = b"body %d" % index if index % 3 == 0 else None
        rows.append(Row(entry, leaf_hash(entry), body, index.to_bytes(16, "big"), index in flash))
    return rows


def grow(store: LogStore, voice: str, rows: list[Row], *, note: bytes = b"note", last_ms: int = 5) -> None:
    """Append rows where the log ends."""
    head = store.head(voice)
    frontier = head.frontier.extend([row.leaf for row in rows])
    if voice == store.own:
        store.append_own(head.size, rows, frontier, last_ms)
    else:
        store.append_their(head.size, rows, frontier, note, last_ms)


def test_a_new_store_is_empty(store: LogStore) -> None:
    """Both logs begin at nothing, and there are no notes."""
    for voice in ("ARC", "BOR"):
        head = store.head(voice)
        assert (head.size, head.root, head.last_ms) == (0, Frontier.empty().root(), 0)
        assert store.read(voice, 0, 10) == []
        assert store.root(voice, 0) == head.root
    assert store.note(OWN_SIGNED) is None
    assert store.ahead() == []
    assert store.cosigned_at(0) is None


@pytest.mark.parametrize("voice", ["ARC", "BOR"])
def test_what_was_appended_reads_back(store: LogStore, voice: str) -> None:
    """Entries, bodies, head and time come back as they were given, the two voices apart."""
    grow(store, voice, rows_of(0, 4))
    grow(store, voice, rows_of(4, 3), last_ms=9)
    assert store.read(voice, 0, 100) == [row.entry for row in rows_of(0, 7)]
    assert store.read(voice, 2, 4) == [row.entry for row in rows_of(2, 2)]
    assert [store.body(voice, index) for index in range(7)] == [row.body for row in rows_of(0, 7)]
    head = store.head(voice)
    expected = Frontier.empty().extend([row.leaf for row in rows_of(0, 7)])
    assert (head.size, head.root, head.frontier, head.last_ms) == (7, expected.root(), expected, 9)
    other = {"ARC": "BOR", "BOR": "ARC"}[voice]
    assert store.head(other).size == 0
    assert store.body(other, 0) is None


def test_a_read_within_bytes_gives_at_least_one(store: LogStore) -> None:
    """Entries are given while they fit; the first always is."""
    grow(store, "ARC", rows_of(0, 5))
    length = len(store.read("ARC", 0, 1)[0])
    assert len(store.read("ARC", 0, 5, bytes_max=1)) == 1
    assert len(store.read("ARC", 0, 5, bytes_max=3 * length)) == 3
    assert len(store.read("ARC", 0, 5, bytes_max=3 * length - 1)) == 2


def test_an_append_elsewhere_than_at_the_end_changes_nothing(store: LogStore) -> None:
    """Compare and swap: with another size than the log has, nothing is written, not even a note."""
    grow(store, "ARC", rows_of(0, 2))
    grow(store, "BOR", rows_of(0, 2), note=b"first")
    for size in (0, 1, 3):
        with pytest.raises(StoreBehind):
            store.append_own(size, rows_of(size, 1), Frontier.empty(), 9)
        with pytest.raises(StoreBehind):
            store.append_their(size, rows_of(size, 1), Frontier.empty(), b"second", 9)
    assert store.head("ARC").size == store.head("BOR").size == 2
    assert store.note(THEIR_SIGNED) == b"first"


@pytest.mark.parametrize("voice", ["ARC", "BOR"])
def test_tiles_are_those_of_the_log_page(store: LogStore, voice: str) -> None:
    """Appended in uneven batches over a tile's border, every tile is byte for byte what the pure builder makes."""
    leaves = []
    start = 0
    for count in (1, 254, 1, 1, 300, 3):
        rows = rows_of(start, count)
        leaves += [row.leaf for row in rows]
        grow(store, voice, rows)
        start += count
    made = {(level, index, width): data for level, index, width, data in build_tiles(leaves)}
    assert {key: store.tile(voice, *key) for key in tiles_for_size(start)} == made


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(counts=st.lists(st.integers(1, 70), min_size=1, max_size=8), data=st.data())
def test_proofs_from_a_store_are_those_from_the_leaves(kind: str, counts: list[int], data: st.DataObject) -> None:
    """Inclusion and consistency proofs read through the store equal those made from all leaves, at any size it had."""
    with TemporaryDirectory() as directory:
        store = make(kind, Path(directory))
        try:
            _check_proofs(store, counts, data)
        finally:
            store.close()


def _check_proofs(store: LogStore, counts: list[int], data: st.DataObject) -> None:
    start = 0
    for count in counts:
        grow(store, "ARC", rows_of(start, count))
        start += count
    leaves = [leaf_hash(entry) for entry in store.read("ARC", 0, start)]
    size = data.draw(st.integers(1, start))
    index = data.draw(st.integers(0, size - 1))
    read, pure = store.hashes("ARC"), leaf_reader(leaves)
    assert prove_inclusion(index, size, read) == prove_inclusion(index, size, pure)
    assert prove_consistency(index, size, read) == prove_consistency(index, size, pure)
    assert store.root("ARC", size) == Frontier.empty().extend(leaves[:size]).root()


def test_a_size_that_the_log_never_had_is_refused(store: LogStore) -> None:
    """There is no root beyond the end."""
    grow(store, "ARC", rows_of(0, 3))
    with pytest.raises(StoreBroken):
        store.root("ARC", 4)


def test_a_statement_is_found_at_its_first_place(store: LogStore) -> None:
    """The id of an own statement gives its index; a repetition does not move it, and theirs are not looked up."""
    grow(store, "ARC", rows_of(0, 2))
    again = rows_of(2, 1)[0]
    grow(store, "ARC", [Row(again.entry, again.leaf, None, (1).to_bytes(16, "big"), False)])
    grow(store, "ARC", [Row(b"unreadable", leaf_hash(b"unreadable"), None, None, False)])
    grow(store, "BOR", rows_of(9, 1))
    assert store.find((1).to_bytes(16, "big")) == 1
    assert store.find((9).to_bytes(16, "big")) is None


def test_flashes_are_listed_in_order(store: LogStore) -> None:
    """From a place on, no more than asked for."""
    grow(store, "ARC", rows_of(0, 10, flash=frozenset({2, 5, 9})))
    assert store.flash_from("ARC", 0, 10) == [2, 5, 9]
    assert store.flash_from("ARC", 3, 1) == [5]
    assert store.flash_from("BOR", 0, 10) == []


def test_a_receipt_counts_from_the_first_that_covers(store: LogStore) -> None:
    """The time of an entry's receipt is that of the first cosigned size past it, and a second one leaves it."""
    grow(store, "ARC", rows_of(0, 6))
    store.put_cosigned(b"two", 2, 100)
    store.put_cosigned(b"five", 5, 200)
    store.put_cosigned(b"five again", 5, 300)
    assert [store.cosigned_at(index) for index in range(6)] == [100, 100, 200, 200, 200, None]
    assert store.note(OWN_COSIGNED) == b"five again"


def test_what_came_ahead_leaves_when_it_has_its_place(store: LogStore) -> None:
    """An entry ahead is kept until the mirror has grown over it."""
    for index in (7, 3):
        store.put_ahead(Ahead(index, b"entry %d" % index, None if index == 3 else b"body", b"note"))
    assert store.ahead_indexes() == [3, 7]
    grow(store, "BOR", rows_of(0, 4))
    assert store.ahead() == [Ahead(7, b"entry 7", b"body", b"note")]


def test_a_note_given_for_later_reads_at_once(store: LogStore) -> None:
    """It stands before the kept one, also after it was written, and a durable one of its name wins over it. What
    is on the disk already is told apart."""
    store.later(THEIR_COSIGNED, b"one")
    assert store.note(THEIR_COSIGNED) == b"one"
    assert store.durable_note(THEIR_COSIGNED) is None
    store.flush()
    assert store.note(THEIR_COSIGNED) == store.durable_note(THEIR_COSIGNED) == b"one"
    store.later(OWN_COSIGNED, b"stale")
    store.put_cosigned(b"newer", 1, 1)
    store.flush()
    assert store.note(OWN_COSIGNED) == b"newer"


def test_what_waits_keeps_its_order_and_first_time(store: LogStore) -> None:
    """Replacing a record leaves its place and time; it moves between the kinds of waiting, and can be dropped."""
    first, second = b"a" * 16, b"b" * 16
    store.put_waiting("draft", first, b"1", 10)
    store.put_waiting("draft", second, b"2", 20)
    store.put_waiting("draft", first, b"1 signed", 30)
    assert store.waiting("draft") == [(first, b"1 signed", 10), (second, b"2", 20)]
    store.put_waiting("queue", second, b"2", 40)
    assert store.waiting("draft") == [(first, b"1 signed", 10)]
    assert store.waiting_of(second) == ("queue", b"2")
    store.drop_waiting(first)
    store.drop_waiting(first)
    assert store.waiting("draft") == []
    assert store.waiting_of(first) is None


def test_a_crash_takes_what_was_only_for_later(tmp_path: Path) -> None:
    """In memory: what a write returned from stays, a note given for later goes unless a write took it along."""
    store = MemoryStore(own="ARC", their="BOR")
    store.later(OWN_SIGNED, b"taken along")
    grow(store, "ARC", rows_of(0, 2))
    store.later(THEIR_COSIGNED, b"lost")
    left = store.crashed()
    assert left.note(OWN_SIGNED) == b"taken along"
    assert left.note(THEIR_COSIGNED) is None
    grow(store, "ARC", rows_of(2, 1))
    assert left.head("ARC").size == 2


def test_branches_are_kept_beside_the_mirror(store: LogStore) -> None:
    """A branch begins anywhere and grows at its end only; the mirror does not change, and numbers keep them apart."""
    grow(store, "BOR", rows_of(0, 2))
    assert store.branches() == []
    store.append_branch(1, 1, [b"one", b"two"], [None, b"body"], b"note")
    store.append_branch(1, 3, [b"three"], [None], b"newer")
    store.append_branch(2, 0, [b"other"], [None], b"note")
    with pytest.raises(StoreBehind):
        store.append_branch(1, 3, [b"again"], [None], b"no")
    assert store.branches() == [Branch(1, 1, 4, b"newer", 15), Branch(2, 0, 1, b"note", 5)]
    assert store.read_branch(1, 2, 9) == [b"two", b"three"]
    assert (store.branch_body(1, 2), store.branch_body(1, 3), store.branch_body(3, 0)) == (b"body", None, None)
    assert store.head("BOR").size == 2
    assert store.read("BOR", 0, 9) == [row.entry for row in rows_of(0, 2)]


def test_what_is_damaged_is_looked_at_and_mended(store: LogStore) -> None:
    """Entries, bodies and hashes come as they are; what is written over them is what is read from then on."""
    rows = rows_of(0, 300)
    grow(store, "BOR", rows)
    entries, bodies = store.looked_at("BOR", 0, 300)
    assert (entries, bodies) == ([row.entry for row in rows], [row.body for row in rows])
    assert store.hash_rows("BOR", 0, 0, 300) == [row.leaf for row in rows]
    assert store.hash_rows("BOR", 1, 0, 2) == [complete_root([row.leaf for row in rows[:256]]), None]
    other = leaf_hash(b"other")
    store.mend("BOR", entries={7: b"other"}, bodies={7: b"its body"}, leaves={7: other})
    assert (store.read("BOR", 7, 8), store.body("BOR", 7)) == ([b"other"], b"its body")
    leaves = [row.leaf for row in rows]
    leaves[7] = other
    assert store.root("BOR", 300) == Frontier.empty().extend(leaves).root()
    assert store.hash_rows("BOR", 1, 0, 1) == [complete_root(leaves[:256])]
    assert store.head("BOR").size == 300


def test_what_the_next_append_needs_is_mended(store: LogStore) -> None:
    """The frontier is written anew where the log still has its size, and nowhere else."""
    rows = rows_of(0, 5)
    grow(store, "ARC", rows)
    leaves = [row.leaf for row in rows]
    other = Frontier.empty().extend([*leaves[:4], leaf_hash(b"other")])
    store.mend_head("ARC", other)
    assert store.head("ARC").frontier == other
    store.mend_head("ARC", Frontier.empty().extend(leaves))
    assert store.head("ARC").root == Frontier.empty().extend(leaves).root()
    with pytest.raises(StoreBehind):
        store.mend_head("ARC", Frontier.empty().extend(leaves[:4]))
