"""Damage in the files of a node is found, fetched back from the other node, verified, and told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from nodes.arrivals import placed_size
from nodes.home import NodeHome
from nodes.node import Node
from nodes.sqlite_store import SqliteStore
from protocol.glance import glance
from protocol.merkle import complete_root, leaf_hash
from tests.lines import other
from tests.nodes.damage import flip, pages_of, settle, tear
from tests.nodes.homes import said
from tests.nodes.pair import held, line_of, run, running, until, write_homes
from tests.soak import damage

pytestmark = pytest.mark.slow

Rows = dict[str, list[tuple[bytes, bytes | None]]]
COUNT = 12


def rows_of(home: NodeHome, sizes: dict[str, int] | None = None) -> Rows:
    """Every entry and body of both voices in a home's file."""
    path = home.channel(other(home.party)).log_db
    store = SqliteStore.open(path, own=home.party, their=other(home.party), readonly=True)
    try:
        return {
            voice: [
                (entry, store.body(voice, index))
                for index, entry in enumerate(store.read(voice, 0, (sizes or {}).get(voice, store.head(voice).size)))
            ]
            for voice in (home.party, other(home.party))
        }
    finally:
        store.close()


def judged(node: Node) -> bool:
    """Whether a node has judged all that it has."""
    store = line_of(node).store
    return line_of(node).projection.sizes == (store.head(store.own).size, store.head(store.their).size)


def settled(node: Node, size: int) -> bool:
    """Whether a node has placed what people said up to this size of the other log, and all of its own log is held."""
    store = line_of(node).store
    return placed_size(store) >= size and line_of(node).held_size == store.head(store.own).size


def talk(homes: dict[str, NodeHome]) -> dict[str, Rows]:
    """Let both nodes say something, and stop them once all of it is judged and nothing is on its way; what each has,
    with everything in the files themselves."""

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            by_arc = [await held(arc, said("ARC", f"message {number}")) for number in range(COUNT)]
            by_bor = await held(bor, said("BOR"))
            size_arc, size_bor = (by_arc[-1].index or 0) + 1, (by_bor.index or 0) + 1
            # What is not judged yet would be read at the next start, before a scrub comes to it; what only one side
            # has is lost with its file.
            await until(lambda: settled(arc, size_bor) and settled(bor, size_arc))
            await until(lambda: judged(arc) and judged(bor))

    run(test)
    for home in homes.values():
        settle(home.channel(other(home.party)).log_db)
    return {party: rows_of(home) for party, home in homes.items()}


def codes(node: Node) -> list[str]:
    """Alarms of a node."""
    return [alarm["code"] for alarm in line_of(node).alarms]


async def scrubbed(node: Node) -> None:
    """A whole pass, and whatever could be had back."""
    scrub = line_of(node).upkeep.scrub
    passes = scrub.passes
    scrub.hurry()
    await until(lambda: scrub.passes > passes and scrub.shown()["damaged"] == 0)


def new_kinds(node: Node, start: int) -> list[str | None]:
    """Kinds of our own entries from a place on."""
    store = line_of(node).store
    return [glance(entry).kind for entry in store.read("ARC", start, store.head("ARC").size)]


def check(homes: dict[str, NodeHome], before: Rows, *, logged: bool = True) -> None:
    """ARC's file was damaged: with both nodes up, a pass finds it and everything is as it was."""

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            line = line_of(arc)
            await until(lambda: line.live and line_of(bor).live)
            await scrubbed(arc)
            await until(lambda: "log-repaired" in codes(arc))
            assert line.upkeep.scrub.repaired > 0
            sizes = {voice: len(rows) for voice, rows in before.items()}
            assert rows_of(homes["ARC"], sizes) == before
            assert not {"fork", "root-differs", "repair-refused"} & {*codes(arc), *codes(bor)}
            # The line goes on, and our log says what happened.
            await held(arc, said("ARC"))
            await held(bor, said("BOR"))
            await until(lambda: not logged or "fault" in new_kinds(arc, sizes["ARC"]))
            found = codes(arc)
            assert found.index("log-damaged") < found.index("log-repaired")

    run(test)


@pytest.mark.parametrize("voice", ["ARC", "BOR"])
@pytest.mark.parametrize("what", ["entry", "body"])
def test_a_flipped_bit_comes_back_from_the_other_node(tmp_path: Path, voice: str, what: str) -> None:
    """In an entry or a body, of our own log or of the mirror: SQLite reads it without a word."""
    homes = write_homes(tmp_path)
    before = talk(homes)["ARC"]
    path = homes["ARC"].channel("BOR").log_db
    index = next(place for place, (_, body) in enumerate(before[voice]) if place > 1 and body is not None)
    entry, body = before[voice][index]
    flip(path, entry if what == "entry" else body or b"")
    assert rows_of(homes["ARC"]) != before
    check(homes, before)


@pytest.mark.slow
@pytest.mark.parametrize("table", ["own_entry", "their_body", "hash"])
def test_a_torn_page_comes_back_from_the_other_node(tmp_path: Path, table: str) -> None:
    """SQLite refuses to read it: the rows of the page come back, or are computed, and are read from then on."""
    homes = write_homes(tmp_path)
    before = talk(homes)["ARC"]
    path = homes["ARC"].channel("BOR").log_db
    tear(path, pages_of(path, table)[0])
    # Without its hashes a node could not start, so those are computed before anything is logged.
    check(homes, before, logged=table != "hash")


def test_a_flipped_hash_is_computed_anew(tmp_path: Path) -> None:
    """The entries give the signed root, so nobody need be asked; the counterpart is not even up."""
    homes = write_homes(tmp_path)
    before = talk(homes)["ARC"]
    path = homes["ARC"].channel("BOR").log_db
    store = SqliteStore.open(path, own="ARC", their="BOR", readonly=True)
    leaf = store.hash_rows("ARC", 0, 3, 4)[0]
    store.close()
    assert leaf is not None
    flip(path, leaf)

    async def test() -> None:
        async with running(homes["ARC"]) as arc:
            await scrubbed(arc)
            assert codes(arc) == ["log-damaged", "log-repaired"]
            store = line_of(arc).store
            assert store.hash_rows("ARC", 0, 3, 4) == [leaf]
            assert complete_root([leaf]) == leaf

    run(test)
    assert rows_of(homes["ARC"]) == before


@pytest.mark.slow
@pytest.mark.parametrize(("table", "how"), [("own_id", "torn"), ("own_id", "unsound"), ("cosigned", "torn")])
def test_a_table_beside_the_entries_is_written_anew(tmp_path: Path, table: str, how: str) -> None:
    """Nothing can be written while its page is damaged, also where it reads well: the statement is not logged,
    and the next one is once a pass has been over it. What was found by it is found again."""
    homes = write_homes(tmp_path)
    before = talk(homes)["ARC"]
    path = homes["ARC"].channel("BOR").log_db
    (page,) = pages_of(path, table)
    if how == "torn":
        tear(path, page)
    else:
        # Where the free room of the page begins, by its header: beyond its end.
        data = bytearray(path.read_bytes())
        data[(page - 1) * 4096 + 1 : (page - 1) * 4096 + 3] = b"\x0f\xfe"
        path.write_bytes(data)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            line = line_of(arc)
            await until(lambda: line.live or "log-damaged" in codes(arc))
            line.upkeep.scrub.hurry()
            await until(lambda: "log-repaired" in codes(arc) and line.upkeep.scrub.whole)
            await until(lambda: line.live)
            signed = said("ARC")
            assert (await held(arc, signed)).state == "held"
            store = line.store
            for index, (entry, _) in enumerate(before["ARC"]):
                seen = glance(entry)
                assert seen.statement_id is None or store.find(seen.statement_id) == index
            assert store.mend_tables() == []

    run(test)


@pytest.mark.slow
def test_damage_waits_for_the_counterpart(tmp_path: Path) -> None:
    """It cannot be had back alone: it is told and shown, and comes back once the other node is there."""
    homes = write_homes(tmp_path)
    before = talk(homes)["ARC"]
    flip(homes["ARC"].channel("BOR").log_db, before["BOR"][2][0])

    async def test() -> None:
        async with running(homes["ARC"]) as arc:
            scrub = line_of(arc).upkeep.scrub
            scrub.hurry()
            await until(lambda: scrub.passes == 1)
            assert scrub.shown()["damaged"] == 1
            assert codes(arc) == ["log-damaged"]
            async with running(homes["BOR"]):
                await until(lambda: scrub.shown()["damaged"] == 0)
                assert scrub.repaired == 1

    run(test)


@pytest.mark.slow
def test_nothing_is_claimed_of_a_docket_derived_from_damage(tmp_path: Path) -> None:
    """From the moment damage is found until all is derived anew the beats name no docket, whatever is judged meanwhile;
    then they name the one that the other side has."""
    homes = write_homes(tmp_path)
    before = talk(homes)["ARC"]
    flip(homes["ARC"].channel("BOR").log_db, before["BOR"][2][0])

    async def test() -> None:
        async with running(homes["ARC"]) as arc:
            line = line_of(arc)
            heart = line.driver.core._heart
            await until(lambda: heart._docket is not None)
            line.upkeep.scrub.hurry()
            await until(lambda: line.upkeep.scrub.shown()["damaged"] == 1)
            assert heart._docket is None
            line.judging._wanted.set()
            await until(lambda: not line.judging._wanted.is_set())
            await asyncio.sleep(0.3)
            assert heart._docket is None
            async with running(homes["BOR"]) as bor:
                await until(lambda: heart._docket is not None)
                assert "log-repaired" in codes(arc)
                assert line.upkeep.scrub.whole
                await held(arc, said("ARC"))
                await until(lambda: judged(arc) and judged(bor))
                assert "docket-differs" not in {*codes(arc), *codes(bor)}

    run(test)


def test_a_torn_page_in_the_backlog_keeps_no_session_from_opening(tmp_path: Path) -> None:
    """What is to be sent cannot be read: the line stays up, and what the other side holds comes back over it."""
    homes = write_homes(tmp_path)
    before = talk(homes)["ARC"]
    path = homes["ARC"].channel("BOR").log_db
    tear(path, pages_of(path, "own_entry")[0])

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            line = line_of(arc)
            await until(lambda: line.live)
            with pytest.raises(Exception, match="cannot be read"):
                await asyncio.to_thread(line.store.read, "ARC", 0, 1)
            line.driver.core._outbox.want(0)
            line.driver.mended()
            await until(lambda: "log-repaired" in codes(arc))
            assert line.driver.fresh

    run(test)
    sizes = {voice: len(rows) for voice, rows in before.items()}
    assert rows_of(homes["ARC"], sizes) == before


@pytest.mark.slow
@pytest.mark.parametrize("how", ["flipped", "torn"])
@pytest.mark.parametrize("voice", ["ARC", "BOR"])
def test_damage_in_what_is_yet_to_be_judged_ends_no_process(tmp_path: Path, voice: str, how: str) -> None:
    """The start reads it before any scrub does: it is told, mended from the other node, and our voice is back."""
    homes = write_homes(tmp_path)
    before = talk(homes)["ARC"]
    channel = homes["ARC"].channel("BOR")
    for path in channel.path.glob("docket.db*"):
        path.unlink()
    if how == "flipped":
        flip(channel.log_db, before[voice][0][0])
    else:
        tear(channel.log_db, pages_of(channel.log_db, "own_entry" if voice == "ARC" else "their_entry")[0])

    async def test() -> None:
        async with running(homes["ARC"]) as arc:
            await until(lambda: {"store-damaged", "log-damaged"} <= set(codes(arc)))
            assert line_of(arc).upkeep.scrub.shown()["damaged"] == 1
            async with running(homes["BOR"]):
                await until(lambda: "log-repaired" in codes(arc) and line_of(arc).live)
                await held(arc, said("ARC"))
                await until(lambda: judged(arc))

    run(test)
    sizes = {name: len(rows) for name, rows in before.items()}
    assert rows_of(homes["ARC"], sizes) == before


def test_a_damaged_roster_accuses_nobody(tmp_path: Path) -> None:
    """The start meets our own roster with a flipped bit: that is the disk's fault, not the roots', and it is mended."""
    homes = write_homes(tmp_path)
    before = talk(homes)["ARC"]
    channel = homes["ARC"].channel("BOR")
    for path in channel.path.glob("docket.db*"):
        path.unlink()
    body = next(body for entry, body in before["ARC"] if glance(entry).kind == "roster")
    flip(channel.log_db, body or b"")

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await until(lambda: "log-repaired" in codes(arc) and line_of(arc).live)
            await held(arc, said("ARC"))
            assert codes(arc).index("log-damaged") < codes(arc).index("log-repaired")
            assert "roster-refused" not in codes(arc)

    run(test)


def test_what_does_not_fit_is_not_written(tmp_path: Path) -> None:
    """The other side's copy is damaged as well, at the same place: nothing is taken, and people are told."""
    homes = write_homes(tmp_path)
    before = talk(homes)
    for party, home in homes.items():
        flip(home.channel(other(party)).log_db, before[party]["ARC"][3][0], bit=4 if party == "ARC" else 5)
    damaged = rows_of(homes["ARC"])

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await until(lambda: line_of(arc).live)
            line_of(arc).upkeep.scrub.hurry()
            await until(lambda: "repair-refused" in codes(arc))
            assert line_of(arc).upkeep.scrub.shown()["damaged"] == 1
            await held(arc, said("ARC"))

    run(test)
    sizes = {voice: len(rows) for voice, rows in damaged.items()}
    assert rows_of(homes["ARC"], sizes) == damaged


def test_a_pass_goes_on_where_it_was(tmp_path: Path) -> None:
    """The position is kept, and the time of the last whole pass, where `doctor` looks for it."""
    homes = write_homes(tmp_path)
    talk(homes)
    channel = homes["ARC"].channel("BOR")
    (channel.path / "scrub.json").write_text('{"at_ms": 1, "position": 3, "voice": "BOR"}')

    async def test() -> None:
        async with running(homes["ARC"]) as arc:
            scrub = line_of(arc).upkeep.scrub
            await until(lambda: scrub.shown()["at_ms"] == 1)
            assert (scrub.shown()["voice"], scrub.shown()["position"]) == ("BOR", 3)
            await scrubbed(arc)
            assert codes(arc) == []

    run(test)
    kept = json.loads((channel.path / "scrub.json").read_text())
    assert kept["position"] == 0
    assert kept["at_ms"] > 1
    assert json.loads((homes["ARC"].path / "scrub.json").read_text()) == {"at_ms": kept["at_ms"]}


@pytest.mark.slow
def test_who_was_judged_by_damage_is_judged_again(tmp_path: Path) -> None:
    """A hash was flipped before entries that refer to it came: what was found against them goes with the damage."""
    homes = write_homes(tmp_path)
    before = talk(homes)["BOR"]
    path = homes["BOR"].channel("ARC").log_db
    flip(path, leaf_hash(before["ARC"][-1][0]), table="hash")

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))
            line = line_of(bor)
            await until(lambda: "log-repaired" in codes(bor))
            await until(lambda: line.projection.sizes == (line.store.head("BOR").size, line.store.head("ARC").size))
            await until(lambda: line.projection.counts()["voices"]["ARC"]["faults"] == 0)

    run(test)


@pytest.mark.slow
def test_any_damage_is_mended_or_named() -> None:
    """Bits and pages changed at random, anywhere in the file; the soak has hundreds of them."""
    damage.run(first=0, count=4, say=print)
