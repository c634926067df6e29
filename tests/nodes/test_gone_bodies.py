"""Bodies that were destroyed, in a store: they are gone from its files, free pages and write-ahead log included."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodes.memory_store import MemoryStore
from nodes.soundness import Damage, look
from nodes.sqlite_store import SqliteStore
from nodes.store import LogStore, Row
from nodes.store_check import check_log
from protocol.glance import glance
from protocol.merkle import leaf_hash
from protocol.tagged import digest
from tests.lines import entry_of
from tests.nodes.test_stores import grow

PIECE = 24
"""Bytes of a body that are looked for: no page has them by chance."""


@pytest.fixture(params=("memory", "sqlite"))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogStore]:
    """A fresh store of each kind."""
    made: LogStore = MemoryStore(own="ARC", their="BOR") if request.param == "memory" else at(tmp_path)
    yield made
    made.close()


def at(directory: Path) -> SqliteStore:
    """The store of a directory."""
    return SqliteStore.open(directory / "log.db", own="ARC", their="BOR")


def noise(seed: int, size: int) -> bytes:
    """A sealed body, as far as a disk can tell."""
    return random.Random(seed).randbytes(size)


def said(party: str, index: int, body: bytes) -> Row:
    """An entry with a sealed body."""
    entry = entry_of(party, index, body=body)
    return Row(entry, leaf_hash(entry), body, glance(entry).statement_id, False)


def gone(party: str, number: int, of: str, index: int, body: bytes, reason: str = "retention") -> Row:
    """An entry that says that a body is gone."""
    facts = {"party": of, "index": index, "digest": digest(body), "length": len(body), "reason": reason}
    entry = entry_of(party, number, kind="gone", facts=facts)
    seen = glance(entry)
    return Row(entry, leaf_hash(entry), None, seen.statement_id, False, gone=seen.gone)


def found_in(directory: Path, body: bytes) -> set[str]:
    """The files in which any piece of a body stands."""
    pieces = [body[start : start + PIECE] for start in range(0, len(body) - PIECE, 256)]
    files = [(path.name, path.read_bytes()) for path in directory.iterdir()]
    return {name for name, data in files if any(piece in data for piece in pieces)}


def test_nothing_of_a_destroyed_body_is_left_in_any_file(tmp_path: Path) -> None:
    """Neither in the table nor in free pages nor beside the file, while the node runs and others have read it; what is
    kept is kept, and what was a draft is gone as well."""
    store = at(tmp_path)
    bodies = [noise(seed, size) for seed, size in enumerate((4_800, 131_900, 300, 5_000))]
    waiting = noise(9, 6_000)
    grow(store, "ARC", [said("ARC", index, body) for index, body in enumerate(bodies)])
    grow(store, "BOR", [said("BOR", 0, noise(7, 9_000))])
    store.put_waiting("draft", b"a" * 16, waiting, 5)
    store.tidy()
    for body in (*bodies, waiting):
        assert found_in(tmp_path, body)
    assert store.body("ARC", 1) == bodies[1]
    store.drop_waiting(b"a" * 16)
    grow(store, "ARC", [gone("ARC", 4 + index, "ARC", index, bodies[index]) for index in range(3)])
    grow(store, "ARC", [gone("ARC", 7, "BOR", 0, noise(7, 9_000))])
    assert store.scour() == []
    for body in (*bodies[:3], waiting, noise(7, 9_000)):
        assert found_in(tmp_path, body) == set()
    assert found_in(tmp_path, bodies[3]) == {"log.db"}
    assert store.body("ARC", 3) == bodies[3]
    store.close()
    again = at(tmp_path)
    assert [again.body("ARC", index) for index in range(4)] == [None, None, None, bodies[3]]
    assert again.erased_by("BOR", 0) == ("ARC", 7)
    again.close()


def test_a_reader_in_the_way_is_said(tmp_path: Path) -> None:
    """Whoever still reads an older state keeps it on the disk; the next time nothing is left."""
    store, body = at(tmp_path), noise(1, 5_000)
    grow(store, "ARC", [said("ARC", 0, body)])
    store.tidy()
    reading = SqliteStore.open(tmp_path / "log.db", own="ARC", their="BOR", readonly=True)
    reading._file.writer.execute("BEGIN")
    assert reading._file.writer.execute("SELECT count(*) FROM own_body").get == 1
    grow(store, "ARC", [gone("ARC", 1, "ARC", 0, body)])
    assert len(store.scour()) == 1
    grow(store, "ARC", [said("ARC", 2, noise(2, 300))])
    reading._file.writer.execute("COMMIT")
    assert store.scour() == []
    assert found_in(tmp_path, body) == set()
    reading.close()
    store.close()


def test_what_is_gone_is_no_damage_and_what_is_missing_is(store: LogStore) -> None:
    """Checks of a store pass over a body of which a log says that it is gone, whoever says so."""
    bodies = [noise(seed, 400) for seed in range(3)]
    grow(store, "ARC", [said("ARC", index, body) for index, body in enumerate(bodies)])
    grow(store, "ARC", [gone("ARC", 3, "ARC", 0, bodies[0])])
    entry = entry_of("ARC", 4, body=bodies[1])
    grow(store, "ARC", [Row(entry, leaf_hash(entry), None, None, False, lacks=digest(bodies[1]))])
    damage = Damage()
    look(store, "ARC", 0, 5, damage)
    assert damage.all() == {4}
    assert store.lacks("ARC")
    grow(store, "BOR", [gone("BOR", 0, "ARC", 4, bodies[1], "lost")])
    assert not store.lacks("ARC")
    damage = Damage()
    look(store, "ARC", 0, 5, damage)
    assert not damage
    assert check_log(store, "ARC") == 5
    assert store.erased_by("ARC", 4) is None
    assert store.bodies_from("ARC", 0, 9) == [1, 2]
    assert store.bodies_from("ARC", 2, 9) == [2]


def test_what_was_destroyed_does_not_come_back(store: LogStore) -> None:
    """Neither by a repair, nor with the mirror that is filled anew behind our own log; a body that was missing does."""
    body, other = noise(1, 400), noise(2, 400)
    lacking = entry_of("ARC", 0, body=other)
    rows = [Row(lacking, leaf_hash(lacking), None, None, False, lacks=digest(other))]
    grow(store, "ARC", [*rows, gone("ARC", 1, "BOR", 0, body)])
    grow(store, "BOR", [said("BOR", 0, body), said("BOR", 1, body)])
    assert [store.body("BOR", index) for index in (0, 1)] == [None, body]
    store.mend("BOR", entries={}, bodies={0: body}, leaves={})
    assert store.body("BOR", 0) is None
    store.mend("ARC", entries={}, bodies={0: other}, leaves={})
    assert store.body("ARC", 0) == other
    assert not store.lacks("ARC")
