"""What says how far the logs go is found again in the entries, or the node says what is to be done."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from keys.keyring import NodeKeyring
from nodes.config import NodeConfig
from nodes.heads import mend_heads
from nodes.highwater import HighWater
from nodes.home import NodeHome
from nodes.node import Node
from nodes.recovery import prepare, recover
from nodes.sqlite_store import SqliteStore
from nodes.store import StoreUnreadable
from tests.builders import keyring
from tests.nodes.damage import pages_of, settle, tear
from tests.nodes.homes import agreement, said
from tests.nodes.pair import held, line_of, run, running, until, write_homes
from tests.nodes.test_scrub import Rows, codes, rows_of, talk

pytestmark = pytest.mark.slow

PAGE = 4096


def change(path: Path, *statements: str) -> None:
    """Make a file say something else."""
    connection = apsw.Connection(str(path))
    for statement in statements:
        connection.execute(statement)
    connection.close()
    settle(path)


HEADS: dict[str, Callable[[Path], None]] = {
    "a torn page": lambda path: tear(path, pages_of(path, "head")[0]),
    "rows that are gone": lambda path: change(path, "DELETE FROM head"),
    "a size that is too large": lambda path: change(path, "UPDATE head SET size=size*2 WHERE voice=0"),
    "a size that is too small": lambda path: change(
        path, "UPDATE head SET size=1, frontier=zeroblob(32) WHERE voice=1"
    ),
    "a frontier that is none": lambda path: change(path, "UPDATE head SET frontier=x'00'"),
    "text for a number": lambda path: change(path, "UPDATE head SET last_ms='noon'"),
}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rows]:
    """ARC's file after a conversation, which nobody changes, and what is in it."""
    homes = write_homes(tmp_path_factory.mktemp("lived"))
    before = talk(homes)["ARC"]
    return homes["ARC"].path, before


def copied(lived: tuple[Path, Rows], tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the file and of its mark."""
    channel = NodeHome(lived[0]).channel("BOR")
    for path in (channel.log_db, channel.high_water):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path / channel.log_db.name, tmp_path / channel.high_water.name


def mended(path: Path, mark_path: Path) -> tuple[int, dict[str, tuple[int, bytes, int]]]:
    """What a start does to it: how many rows it wrote, and how far the logs go by then."""
    store, mark = SqliteStore.open(path, own="ARC", their="BOR"), HighWater.open(mark_path)
    try:
        count = mend_heads(store, mark)
        heads = {voice: store.head(voice) for voice in ("ARC", "BOR")}
        return count, {voice: (one.size, one.root, one.last_ms) for voice, one in heads.items()}
    finally:
        mark.close()
        store.close()


@pytest.mark.parametrize("damage", HEADS)
def test_how_far_the_logs_go_is_found_again(lived: tuple[Path, Rows], tmp_path: Path, damage: str) -> None:
    """Whatever became of the rows that say so: the same sizes and roots, our own time no earlier than the last entry's,
    and nothing to do at the next start."""
    path, mark_path = copied(lived, tmp_path)
    _, good = mended(path, mark_path)
    settle(path)
    HEADS[damage](path)
    count, found = mended(path, mark_path)
    assert count > 0
    assert {voice: one[:2] for voice, one in found.items()} == {voice: one[:2] for voice, one in good.items()}
    assert found["ARC"][2] == good["ARC"][2]
    assert mended(path, mark_path) == (0, found)


UNSIGNED = {
    "an entry that is not the one signed": (
        "UPDATE own_entry SET entry=zeroblob(40) WHERE idx=2",
        "DELETE FROM hash WHERE idx=2",
    ),
    "a hole": ("DELETE FROM own_entry WHERE idx=5", "DELETE FROM hash WHERE idx=5 AND voice=0"),
    "an end beyond the mark that does not fit": (
        "INSERT INTO own_entry SELECT 1+max(idx), zeroblob(50) FROM own_entry",
        "INSERT INTO hash SELECT 0, 0, max(idx), zeroblob(32) FROM own_entry",
    ),
}


@pytest.mark.parametrize("what", UNSIGNED)
def test_nothing_is_guessed(lived: tuple[Path, Rows], tmp_path: Path, what: str) -> None:
    """Entries that do not lead to what was signed are no way to find out: the start says what is to be done."""
    path, mark_path = copied(lived, tmp_path)
    change(path, *UNSIGNED[what], "DELETE FROM head")
    with pytest.raises(StoreUnreadable) as caught:
        mended(path, mark_path)
    assert caught.value.code == "store-unreadable"


def test_a_node_starts_though_its_heads_are_gone(tmp_path: Path) -> None:
    """The line comes up, goes on under the same log, says what was mended, and nobody is accused."""
    homes = write_homes(tmp_path)
    before = talk(homes)["ARC"]
    path = homes["ARC"].channel("BOR").log_db
    tear(path, pages_of(path, "head")[0])

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))
            await held(bor, said("BOR"))
            assert codes(arc)[:2] == ["log-damaged", "log-repaired"]
            await until(lambda: line_of(arc).upkeep.scrub.whole and line_of(arc).upkeep.scrub.passes > 0)
            assert not {"fork", "root-differs", "rolled-back-self"} & {*codes(arc), *codes(bor)}

    run(test)
    assert rows_of(homes["ARC"], {voice: len(rows) for voice, rows in before.items()}) == before


def header(path: Path) -> None:
    """Noise where a file says that it is a database."""
    path.write_bytes(os.urandom(100) + path.read_bytes()[100:])


def schema(path: Path) -> None:
    """Noise where it says which tables there are."""
    data = path.read_bytes()
    path.write_bytes(data[:100] + os.urandom(PAGE - 100) + data[PAGE:])


def column(path: Path) -> None:
    """One bit of that, which makes another name of a table's."""
    data = path.read_bytes()
    path.write_bytes(data.replace(b"CREATE TABLE own_body (idx", b"CREATE TABLE own_bodx (idx", 1))


def notes(path: Path) -> None:
    """Noise over all that was signed and kept."""
    for page in pages_of(path, "note"):
        tear(path, page)


@pytest.mark.parametrize("damage", [header, schema, column, notes], ids=lambda one: str(one.__name__))
def test_a_file_beyond_use_is_set_aside_and_had_back(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """The start says so and touches nothing; `hotline recover` keeps the file under another name, and has everything
    back from the counterpart, under the same log."""
    homes = write_homes(tmp_path)
    before = talk(homes)["ARC"]
    channel = homes["ARC"].channel("BOR")
    damage(channel.log_db)
    harmed = channel.log_db.read_bytes()

    def node() -> Node:
        keys: NodeKeyring = keyring("ARC", agreement().channel)
        return Node(homes["ARC"], NodeConfig.load(homes["ARC"].config_path), keys, silent=True)

    async def test() -> None:
        with pytest.raises(StoreUnreadable):
            async with running(homes["ARC"]):
                pass
        assert channel.log_db.read_bytes()[100:] == harmed[100:]
        async with running(homes["BOR"]):
            silent = node()
            (aside,) = await asyncio.to_thread(prepare, silent, 1_795_255_200_000)
            assert aside.name == "damaged-1795255200000-log.db"
            silent.open()
            await recover(silent, lambda _: None, patience_s=10)
            assert aside.read_bytes()[100:] == harmed[100:]
            async with running(homes["ARC"]) as arc:
                await held(arc, said("ARC"))

    run(test)
    assert rows_of(homes["ARC"], {voice: len(rows) for voice, rows in before.items()}) == before
