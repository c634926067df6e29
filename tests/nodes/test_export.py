"""Exports: exactly the files of the format, for the newest cosigned checkpoint, while the log grows."""

from pathlib import Path

import pytest

from nodes.export import ExportRefused, export
from nodes.sqlite_store import SqliteStore
from nodes.store import OWN_COSIGNED, THEIR_COSIGNED, Row
from protocol.audit import audit
from protocol.evidence import MemoryEvidence
from tests.builders import START_MS, World


def _store(path: Path, world: World, own: str) -> SqliteStore:
    their = {"ARC": "BOR", "BOR": "ARC"}[own]
    store = SqliteStore.open(path, own=own, their=their)
    for party in (own, their):
        log = world.logs[party]
        rows = [
            Row(entry, leaf, body, None, False)
            for entry, leaf, body in zip(log.entries, log.leaves, log.bodies, strict=True)
        ]
        if party == own:
            store.append_own(0, rows, log.frontiers[-1], log.last_ms)
        else:
            store.append_their(0, rows, log.frontiers[-1], b"note", log.last_ms)
    return store


def _world() -> World:
    world = World()
    told = world.say("ARC", "notification")
    world.say("BOR", "acknowledge", thread=told, reply=told)
    for number in range(300):
        world.append("ARC", b"noise %d" % number)
    world.say("ARC", "goodwill")
    return world


def _read(path: Path) -> dict[str, bytes]:
    return {one.relative_to(path).as_posix(): one.read_bytes() for one in path.rglob("*") if one.is_file()}


def test_an_export_is_what_the_format_says(tmp_path: Path) -> None:
    """Of a store that went on since: the files are those of the cosigned size and no others, bit for bit."""
    world = _world()
    store = _store(tmp_path / "log.db", world, "ARC")
    store.put_cosigned(world.checkpoint("ARC", 290), 290, START_MS)
    made = export(store, "ARC", tmp_path / "out", agreement=world.agreement)
    expected = world.files("ARC", 290)
    assert _read(tmp_path / "out") == {**expected, "checkpoint": _read(tmp_path / "out")["checkpoint"]}
    assert _read(tmp_path / "out")["checkpoint"] == store.note(OWN_COSIGNED)
    assert (made.size, made.files, made.voice) == (290, len(expected), "ARC")
    assert made.bytes == sum(map(len, _read(tmp_path / "out").values()))


def test_a_node_exports_its_mirror_of_the_other_voice(tmp_path: Path) -> None:
    """BOR's copy of ARC's log is the same, and both exports of one node pass an audit."""
    world = World()
    told = world.say("ARC", "notification")
    world.say("BOR", "acknowledge", thread=told, reply=told)
    store = _store(tmp_path / "log.db", world, "BOR")
    store.put_cosigned(world.checkpoint("BOR"), 3, START_MS)
    store.later(THEIR_COSIGNED, world.checkpoint("ARC"))
    export(store, "ARC", tmp_path / "arc", agreement=world.agreement)
    export(store, "BOR", tmp_path / "bor", agreement=world.agreement)
    report = audit(
        MemoryEvidence("arc", _read(tmp_path / "arc")),
        MemoryEvidence("bor", _read(tmp_path / "bor")),
        _read(tmp_path / "bor")["policy"],
        catalogue=world.catalogue,
        at_ms=START_MS,
    )
    assert (report.verdict, report.findings) == ("verified", [])


def test_an_export_works_beside_a_running_node(tmp_path: Path) -> None:
    """A second, reading connection is enough."""
    world = _world()
    store = _store(tmp_path / "log.db", world, "ARC")
    store.put_cosigned(world.checkpoint("ARC"), len(world.logs["ARC"].entries), START_MS)
    beside = SqliteStore.open(tmp_path / "log.db", own="ARC", their="BOR", readonly=True)
    assert export(beside, "ARC", tmp_path / "out", agreement=world.agreement).size == len(world.logs["ARC"].entries)


def test_nothing_cosigned_is_nothing_to_export(tmp_path: Path) -> None:
    """What the other side does not hold proves nothing to anybody."""
    world = World()
    store = _store(tmp_path / "log.db", world, "ARC")
    with pytest.raises(ExportRefused) as refused:
        export(store, "ARC", tmp_path / "out", agreement=world.agreement)
    assert refused.value.code == "nothing-cosigned"
    assert not (tmp_path / "out").exists()


def test_a_directory_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    """An export never mixes with other files."""
    world = World()
    store = _store(tmp_path / "log.db", world, "ARC")
    store.put_cosigned(world.checkpoint("ARC"), 2, START_MS)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(ExportRefused) as refused:
        export(store, "ARC", tmp_path / "out", agreement=world.agreement)
    assert refused.value.code == "export-exists"
    assert _read(tmp_path / "out") == {"mine": b"mine"}


def test_a_checkpoint_of_other_keys_is_not_exported(tmp_path: Path) -> None:
    """A note with the wrong lines is a damaged store, and said before anything is written."""
    world = World()
    store = _store(tmp_path / "log.db", world, "ARC")
    store.put_cosigned(world.checkpoint("ARC", cosigned=False), 2, START_MS)
    with pytest.raises(ExportRefused) as refused:
        export(store, "ARC", tmp_path / "out", agreement=world.agreement)
    assert refused.value.code == "store-damaged"
