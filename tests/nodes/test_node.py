"""Two nodes over real sockets and TLS: what is said is held, whoever starts first and whoever goes away."""

import asyncio
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from keys import roster as rosters
from nodes.errors import NodeError
from nodes.node import Node
from protocol.entry import Entry
from protocol.tagged import digest
from tests.lines import other
from tests.nodes.homes import agreement, document, roster, said
from tests.nodes.pair import THREADS, held, line_of, run, running, until, write_homes


def kinds(node: Node, voice: str) -> list[str]:
    """Kinds of the entries of a voice, as a node holds it."""
    store = line_of(node).store
    return [Entry.parse(raw).parse_statement().kind for raw in store.read(voice, 0, 1 << 40)]


def level(one: Node, two: Node) -> bool:
    """Whether both hold all that the other logged, and have the receipt for all of their own."""
    first, second = line_of(one).status(), line_of(two).status()
    sizes = (first["own_size"], second["own_size"])
    return sizes == (second["their_size"], first["their_size"]) == (first["own_held"], second["own_held"])


def test_what_is_said_is_held(tmp_path: Path) -> None:
    """From nothing: each log begins with agreement and roster, and a message each way comes back with its receipt."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor, running(homes["ARC"]) as arc:
            for node in (arc, bor):
                outcome = await held(node, said(node.party))
                assert outcome.state == "held"
                assert outcome.held_at_ms is not None
            await until(lambda: level(arc, bor) and line_of(arc).status()["line"] == "up")
            assert kinds(bor, "ARC")[:2] == ["agreement", "roster"]
            assert "goodwill" in kinds(bor, "ARC")
            assert "goodwill" in kinds(arc, "BOR")
            assert line_of(arc).store.read("BOR", 0, 99) == line_of(bor).store.read("BOR", 0, 99)
            assert list(line_of(arc).alarms) == list(line_of(bor).alarms) == []
            await until(lambda: line_of(arc).status()["round_trip_ms"] is not None)

    run(test)


def test_without_the_counterpart_nothing_is_signed(tmp_path: Path) -> None:
    """The first start: what officers say stands in the queue, over a restart too, and is logged once the other side
    has answered."""
    homes = write_homes(tmp_path)
    signed = said("ARC")

    async def alone() -> None:
        async with running(homes["ARC"]) as arc:
            assert (await line_of(arc).intake.submit(signed)).state == "queued"
            assert (await line_of(arc).intake.submit(signed)).state == "queued"
            assert line_of(arc).status()["own_size"] == 0

    async def together() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            outcome = await held(arc, signed)
            assert (outcome.state, outcome.serial) == ("held", "ARC 2")
            assert kinds(arc, "ARC").count("goodwill") == 1

    run(alone)
    run(together)


@pytest.mark.parametrize("apart", [False, True])
def test_after_a_restart_alone(tmp_path: Path, apart: bool) -> None:
    """With a mark where no backup reaches it is signed at once; without one it waits for the counterpart."""
    homes = write_homes(tmp_path, settings='high_water = "../marks"\n' if apart else "")

    async def first() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await held(arc, said("ARC"))

    async def again() -> None:
        async with running(homes["ARC"]) as arc:
            await asyncio.sleep(0.1)
            outcome = await line_of(arc).intake.submit(said("ARC"))
            assert outcome.state == ("logged" if apart else "queued")
            serial = outcome.serial
            async with running(homes["BOR"]):
                assert serial == (await line_of(arc).intake.wait(bytes.fromhex(outcome.id), "held", 15)).serial or (
                    serial is None
                )

    run(first)
    run(again)


@pytest.mark.slow
def test_a_counterpart_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    """What is said meanwhile is logged, waits, and is held after its return; the line says what it is."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc:
            async with running(homes["BOR"]):
                await held(arc, said("ARC"))
            await until(lambda: line_of(arc).status()["line"] == "down")
            outcomes = [await line_of(arc).intake.submit(said("ARC", f"Number {count}.")) for count in range(5)]
            assert {outcome.state for outcome in outcomes} == {"logged"}
            async with running(homes["BOR"]) as bor:
                for outcome in outcomes:
                    assert (await line_of(arc).intake.wait(bytes.fromhex(outcome.id), "held", 15)).state == "held"
                await until(lambda: level(arc, bor))

    run(test)


def test_many_at_once_are_logged_once_each(tmp_path: Path) -> None:
    """A hundred submitted together, each twice: each has one place, and all are held."""
    homes = write_homes(tmp_path)
    letters = [said("ARC", f"Number {count}.") for count in range(50)]

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await held(arc, said("ARC"))
            outcomes = await asyncio.gather(*[held(arc, signed) for signed in letters * 2])
            assert {outcome.state for outcome in outcomes} == {"held"}
            assert len({outcome.serial for outcome in outcomes}) == 50
            assert kinds(arc, "ARC").count("goodwill") == 51

    run(test)


def test_whoever_goes_away_and_comes_again_is_logged_once(tmp_path: Path) -> None:
    """A client is gone while the disk is slow, and its officer sends the same once more before that is written."""
    homes = write_homes(tmp_path)
    signed = said("ARC")
    held_up, go_on = threading.Event(), threading.Event()

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await held(arc, said("ARC"))
            line = line_of(arc)

            def slow() -> None:
                with line._mark.turn:
                    held_up.set()
                    go_on.wait(10)

            THREADS.submit(slow)
            await asyncio.to_thread(held_up.wait)
            busy = asyncio.create_task(line._speaking.say("arrival", None))
            await until(lambda: not line._sequencer.idle)
            first = asyncio.create_task(line.intake.submit(signed))
            await until(lambda: len(line._sequencer._waiting) == 1)
            first.cancel()
            again = asyncio.create_task(line.intake.submit(signed))
            await asyncio.sleep(0.1)
            go_on.set()
            outcome = await again
            await busy
            assert (outcome.state, kinds(arc, "ARC").count("goodwill")) == ("logged", 2)

    run(test)


def test_a_node_answers_people_with_an_arrival(tmp_path: Path) -> None:
    """What people said gets its place in the other log by one machine entry, and that one calls for none."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))
            await until(lambda: "arrival" in kinds(bor, "BOR"))
            await asyncio.sleep(0.4)
            assert kinds(bor, "BOR").count("arrival") <= 2
            assert len(kinds(arc, "ARC")) <= 5

    run(test)


@pytest.mark.slow
def test_a_home_that_was_put_back_gets_its_log_back_by_itself(tmp_path: Path) -> None:
    """Yesterday's copy: an alarm, the missing entries come back before anything is signed, what officers said meanwhile
    stood in the queue and is logged behind them, and the counterpart is told of a rollback and of no fork."""
    homes = write_homes(tmp_path)
    logs: list[list[bytes]] = []

    async def first() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))
            await until(lambda: level(arc, bor))

    async def second() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await held(arc, said("ARC"))
            logs.append(line_of(arc).store.read("ARC", 0, 1 << 40))

    async def third() -> None:
        async with running(homes["ARC"]) as arc:
            line = line_of(arc)
            outcome = await line.intake.submit(said("ARC"))
            assert outcome.state == "queued"
            async with running(homes["BOR"]) as bor:
                outcome = await line.intake.wait(bytes.fromhex(outcome.id), "held", 10)
                assert outcome.state == "held"
                assert line.store.read("ARC", 0, len(logs[0])) == logs[0]
                assert outcome.index is not None
                assert outcome.index >= len(logs[0])
                codes = [alarm["code"] for alarm in line.alarms]
                assert codes.index("rolled-back-self") < codes.index("recovered")
                await until(lambda: any(alarm["code"] == "rollback" for alarm in line_of(bor).alarms))
                assert not any(alarm["code"] == "fork" for alarm in line_of(bor).alarms)
                await until(lambda: level(arc, bor))

    run(first)
    shutil.copytree(homes["ARC"].path, tmp_path / "backup")
    run(second)
    shutil.rmtree(homes["ARC"].path)
    shutil.copytree(tmp_path / "backup", homes["ARC"].path)
    run(third)


def test_an_expired_roster_cuts_nothing(tmp_path: Path) -> None:
    """ARC's roster has ended: its officers' statements are refused by name, and the line, the machines' entries and the
    other voice go on."""
    ended = replace(roster("ARC"), valid_until_ms=1)
    signed = document("ARC", "roster", rosters.render(ended))
    homes = write_homes(tmp_path)
    for home in homes.values():
        channel = home.channel(other(home.party))
        channel.roster_path("ARC", 1).write_bytes(signed.body or b"")
        channel.roster_statement_path("ARC", 1).write_bytes(signed.encode())
    (homes["ARC"].channel("BOR").bootstrap / "001.statement").write_bytes(signed.encode())

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            assert (await held(bor, said("BOR"))).state == "held"
            await until(lambda: "arrival" in kinds(arc, "ARC"))
            with pytest.raises(NodeError) as caught:
                await line_of(arc).intake.submit(said("ARC"))
            assert caught.value.code == "roster-expired"
            await until(lambda: level(arc, bor) and line_of(arc).status()["line"] == "up")

    run(test)


def test_a_home_runs_once(tmp_path: Path) -> None:
    """A second node of the same home does not start, and the first does not notice."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            with pytest.raises(NodeError) as caught:
                async with running(homes["ARC"]):
                    pass
            assert caught.value.code == "node-running"
            assert (await held(arc, said("ARC"))).state == "held"

    run(test)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """The node says so and ends, and lets its home go."""
    homes = write_homes(tmp_path)
    port = homes["BOR"].config_path.read_text().split('listen = "')[1].split('"')[0]
    other_home = tmp_path / "other"
    other_home.mkdir()
    other_homes = write_homes(other_home)
    config = other_homes["BOR"].config_path
    taken = config.read_text().split('listen = "')[1].split('"')[0]
    config.write_text(config.read_text().replace(taken, port))

    async def test() -> None:
        async with running(homes["BOR"]):
            with pytest.raises(NodeError) as caught:
                async with running(other_homes["BOR"]):
                    pass
            assert caught.value.code == "port-in-use"
        async with running(other_homes["BOR"]) as node:
            assert node.party == "BOR"

    run(test)


def test_a_home_of_another_catalogue_does_not_start(tmp_path: Path) -> None:
    """What the agreement names must be what this program has."""
    homes = write_homes(tmp_path)
    path = homes["ARC"].channel("BOR").agreement_path
    path.write_text(path.read_text().replace(agreement().catalogue_digest.hex(), "00" * 32))

    async def test() -> None:
        async with running(homes["ARC"]):
            pass

    with pytest.raises(NodeError) as caught:
        run(test)
    assert caught.value.code == "catalogue-differs"


def test_a_roster_that_a_crash_kept_from_being_kept_is_found_in_the_log(tmp_path: Path) -> None:
    """Judged in force, and its files gone: the next start takes it from the log, keeps it, and goes by it."""
    homes = write_homes(tmp_path)
    first = rosters.render(roster("ARC"))
    second = rosters.render(replace(roster("ARC"), version=2, previous=digest(first)))
    channel = homes["BOR"].channel("ARC")

    async def renew() -> None:
        async with running(homes["BOR"]) as bor, running(homes["ARC"]) as arc:
            await until(lambda: line_of(arc).live)
            await line_of(arc).intake.submit(document("ARC", "roster", second))
            await until(lambda: "roster-held" in kinds(bor, "BOR"))
            assert line_of(bor).their_rosters[-1].text == second

    async def again() -> None:
        async with running(homes["BOR"]) as bor:
            await until(lambda: line_of(bor).their_rosters[-1].text == second)

    run(renew)
    for path in (channel.roster_path("ARC", 2), channel.roster_statement_path("ARC", 2)):
        path.unlink()
    run(again)
    assert channel.roster_path("ARC", 2).read_bytes() == second
