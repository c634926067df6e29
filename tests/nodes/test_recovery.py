"""Recovery from nothing: a node with its keys, its settings and no logs, over the real channel."""

import asyncio
import shutil
from functools import partial
from pathlib import Path

import pytest

from nodes import restored
from nodes.config import NodeConfig
from nodes.home import NodeHome
from nodes.node import Node
from nodes.recovery import Come, RecoveryFailed, RecoveryStands, prepare, recover
from nodes.restored import Restored
from nodes.sqlite_store import SqliteStore
from nodes.store import Row
from protocol.glance import glance
from protocol.merkle import leaf_hash
from tests.builders import keyring
from tests.lines import other
from tests.nodes.homes import agreement, said
from tests.nodes.pair import THREADS, held, line_of, run, running, until, write_homes

pytestmark = pytest.mark.slow

LOGS = ("log.db", "log.db-wal", "log.db-shm", "docket.db", "docket.db-wal", "docket.db-shm", "high-water")


def level(arc: Node, bor: Node) -> bool:
    """Whether both hold all of each other."""
    one, two = line_of(arc).status(), line_of(bor).status()
    return (one["own_size"], two["own_size"]) == (two["their_size"], one["their_size"])


def lose(home: NodeHome) -> None:
    """The disk is gone; keys and documents are back from their backup."""
    for name in LOGS:
        (home.channel(other(home.party)).path / name).unlink(missing_ok=True)


async def lived(homes: dict[str, NodeHome], count: int = 3) -> list[bytes]:
    """Some life on both sides; gives ARC's log as BOR holds it."""
    async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
        for _ in range(count):
            await held(arc, said("ARC"))
            await held(bor, said("BOR"))
        await until(lambda: level(arc, bor))
        return line_of(bor).store.read("ARC", 0, 1 << 40)


async def recovered(home: NodeHome, *, patience_s: float = 10) -> list[Come]:
    """As the command does it."""
    node = Node(home, NodeConfig.load(home.config_path), keyring(home.party, agreement().channel), silent=True)
    node.executor = THREADS
    prepare(node, 1_795_255_200_000)
    node.open()
    return await recover(node, lambda _: None, patience_s=patience_s)


def test_everything_comes_back_and_the_same_log_goes_on(tmp_path: Path) -> None:
    """Own log, mirror and bodies are here again, bit for bit, and open; nothing was signed meanwhile; started then, the
    node goes on where its log was, and the counterpart sees no fork."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        before = await lived(homes)
        lose(homes["ARC"])
        async with running(homes["BOR"]) as bor:
            (come,) = await recovered(homes["ARC"])
            assert come.own >= len(before)
            assert come.their == line_of(bor).status()["own_size"]
            size = line_of(bor).status()["their_size"]
            async with running(homes["ARC"]) as arc:
                line = line_of(arc)
                assert line.store.read("ARC", 0, len(before)) == before
                outcome = await held(arc, said("ARC"))
                assert outcome.index is not None
                assert outcome.index >= size
                await until(lambda: level(arc, bor))
                assert restored.read(line.home) is None
                assert not {"fork", "held-differs", "root-differs"} & {one["code"] for one in line_of(bor).alarms}

    run(test)


@pytest.mark.slow
def test_a_counterpart_that_is_away_is_waited_for_and_then_said(tmp_path: Path) -> None:
    """Nobody answers: the command ends, nothing is signed, and it can be run again."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        await lived(homes, 1)
        lose(homes["ARC"])
        with pytest.raises(RecoveryStands):
            await recovered(homes["ARC"], patience_s=0.5)
        async with running(homes["BOR"]):
            (come,) = await recovered(homes["ARC"])
            assert come.own > 0

    run(test)


def test_where_nobody_has_anything_no_second_log_is_begun(tmp_path: Path) -> None:
    """Both disks are gone: the command says so; started all the same, the node keeps what officers say in the queue."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        await lived(homes, 1)
        lose(homes["ARC"])
        lose(homes["BOR"])
        async with running(homes["BOR"]):
            with pytest.raises(RecoveryFailed, match="nothing-held"):
                await recovered(homes["ARC"])
            async with running(homes["ARC"]) as arc:
                line = line_of(arc)
                await until(lambda: any(alarm["code"] == "nothing-held" for alarm in line.alarms))
                assert (await line.intake.submit(said("ARC"))).state == "queued"
                assert line.status()["own_size"] == 0

    run(test)


def test_what_both_sides_lost_is_said(tmp_path: Path) -> None:
    """Both are put back, one further than the other: an entry of theirs that comes back says that they held more of our
    log than anybody has now. That is said, and the line goes on."""
    homes = write_homes(tmp_path)

    async def talk(count: int) -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            for _ in range(count):
                await held(arc, said("ARC"))
            await held(bor, said("BOR"))
            await until(lambda: level(arc, bor))

    run(partial(talk, 1))
    for home in homes.values():
        shutil.copytree(home.path, tmp_path / f"old {home.party}")
    run(partial(talk, 3))
    # ARC loses its log and keeps the mirror; BOR loses both.
    mirror = homes["ARC"].channel("BOR").log_db
    newer = SqliteStore.open(mirror, own="ARC", their="BOR")
    older = SqliteStore.open(tmp_path / "old ARC/channels/BOR/log.db", own="ARC", their="BOR")
    head, start = newer.head("BOR"), older.head("BOR").size
    rows = [
        Row(entry, leaf_hash(entry), newer.body("BOR", index), glance(entry).statement_id, False)
        for index, entry in enumerate(newer.read("BOR", start, head.size), start)
    ]
    note = newer.note("their-signed")
    assert note is not None
    older.append_their(start, rows, head.frontier, note, head.last_ms)
    newer.close()
    older.close()
    for home in homes.values():
        shutil.rmtree(home.path)
        shutil.copytree(tmp_path / f"old {home.party}", home.path)

    async def test() -> None:
        restored.write(homes["ARC"].channel("BOR"), Restored(backup_at_ms=1, restored_at_ms=2, bereft=False))
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await until(lambda: line_of(arc).live and line_of(bor).live)
            await until(lambda: "tail-claimed" in {alarm["code"] for alarm in line_of(arc).alarms})
            assert line_of(bor).status()["own_size"] >= head.size
            await held(arc, said("ARC"))
            await held(bor, said("BOR"))
            await until(lambda: level(arc, bor))

    run(test)


def test_a_counterpart_with_other_bodies_is_refused(tmp_path: Path) -> None:
    """Its copy of a body was changed on its disk: it is not taken, and nothing is signed."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        before = await lived(homes, 2)
        lose(homes["ARC"])
        async with running(homes["BOR"]) as bor:
            store = line_of(bor).store
            index = len(before) - 1
            while store.body("ARC", index) is None:
                index -= 1
            body = store.body("ARC", index)
            assert body is not None
            store._writer.execute("UPDATE their_body SET body=? WHERE idx=?", (b"x" + body[1:], index))  # type: ignore[attr-defined]
            with pytest.raises(RecoveryFailed, match="recovery-refused"):
                await recovered(homes["ARC"])

    run(test)


def test_an_interrupted_recovery_goes_on(tmp_path: Path) -> None:
    """Stopped in the middle, run again: what came is not fetched again."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        await lived(homes, 2)
        lose(homes["ARC"])
        async with running(homes["BOR"]):
            first = asyncio.create_task(recovered(homes["ARC"]))
            await asyncio.sleep(0.15)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            shutil.copy(homes["ARC"].channel("BOR").restored, tmp_path / "kept")
            (come,) = await recovered(homes["ARC"])
            assert come.own == come.own_of

    run(test)
