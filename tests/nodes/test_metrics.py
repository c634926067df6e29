"""Metrics over real HTTP, read by the format's own parser."""

import asyncio
import http.client
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from nodes.config import NodeConfig
from nodes.errors import HomeRefused
from nodes.flashes import Flashes
from nodes.home import NodeHome
from nodes.latency import BOUNDS_MS
from protocol.codes import CODES
from tests.builders import World
from tests.nodes.homes import said
from tests.nodes.pair import free_port, held, line_of, run, running, until, write_homes
from tests.nodes.test_docket_ahead import backlog
from tests.nodes.test_projection import Node

PAGE = Path(__file__).resolve().parents[2] / "docs" / "administrator.md"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def listening(home: NodeHome) -> int:
    """Set a port for metrics in a home's settings."""
    port = free_port()
    text = home.config_path.read_text()
    home.config_path.write_text(text.replace('metrics = ""', f'metrics = "127.0.0.1:{port}"'))
    return port


def fetch(port: int, path: str = "/metrics", host: str | None = None, method: str = "GET") -> tuple[int, str]:
    """Ask for a path, under a Host of one's own choice."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={} if host is None else {"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


async def scrape(port: int) -> Samples:
    """All samples by name and labels."""
    status, text = await asyncio.to_thread(fetch, port)
    assert status == 200
    families = text_string_to_metric_families(text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """Where a sample is in what `scrape` gives."""
    return f"hotline_{name}", frozenset({"channel": "BOR", **labels}.items())


def test_what_a_node_knows_is_in_its_metrics(tmp_path: Path) -> None:
    """State, sizes, clocks, queues, the disk, and how long entries waited for their receipt; an alarm counts by its
    code; a record of the home gives its time."""

    async def whole() -> None:
        homes = write_homes(tmp_path)
        port = listening(homes["ARC"])
        (homes["ARC"].path / "backup.json").write_text('{"at_ms": 1700000000000}')
        (homes["ARC"].path / "scrub.json").write_text('{"at_ms": "yesterday"}')
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            line = line_of(arc)
            await until(lambda: line.status()["line"] == "up" and line.live)
            await held(arc, said("ARC", "Good evening."))
            line.alarm("clock-offset", "as a test")
            found = await scrape(port)
            assert found[key("line_state", state="up")] == 1
            assert found[key("line_state", state="down")] == 0
            assert found[key("live")] == 1
            assert 0 <= found[key("beat_age_seconds")] < 5
            assert found[key("own_entries")] == line.store.head("ARC").size >= 3
            assert found[key("unheld_entries")] == found[key("missing_entries")] == found[key("damaged_entries")] == 0
            assert found[key("log_bytes")] > 4096
            assert found[key("waiting", queue="queued")] == 0
            assert found[key("alarms_total", code="clock-offset")] == 1
            assert found[key("flash_unacknowledged", by="us", status="actual")] == 0
            assert found["hotline_disk_free_bytes", frozenset()] > 0
            assert found["hotline_last_done_seconds", frozenset({("what", "backup")})] == 1_700_000_000
            assert ("hotline_last_done_seconds", frozenset({("what", "scrub")})) not in found
            assert found[key("held_seconds_count")] == found[key("held_seconds_bucket", le="+Inf")] >= 1
            assert 0 < found[key("held_seconds_sum")] < 600
            assert found[key("held_seconds_bucket", le=str(BOUNDS_MS[-1] / 1000))] >= 1

    run(whole)


def test_metrics_hold_no_contents_and_no_words_of_others(tmp_path: Path) -> None:
    """Every label is a short name, a code, or one of a few words; what was said is nowhere."""

    async def whole() -> None:
        homes = write_homes(tmp_path)
        port = listening(homes["ARC"])
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await until(lambda: line_of(arc).live and line_of(bor).live)
            await held(arc, said("ARC", "A word that is nowhere else: xylophone."))
            found = await scrape(port)
            text = (await asyncio.to_thread(fetch, port))[1]
            words = {"up", "degraded", "down", "us", "them", "yes", "no", "queued", "drafts"}
            words |= {
                "held_back",
                "reviews",
                "refused",
                "actual",
                "exercise",
                "test",
                "backup",
                "scrub",
                "BOR",
                "ARC",
                *CODES,
            }
            for _, labels in found:
                assert all(name == "le" or value in words for name, value in labels)
            assert "xylophone" not in text

    run(whole)


def test_the_page_names_every_metric(tmp_path: Path) -> None:
    """Each that a node gives is in the administrator's table, and no other."""

    async def whole() -> None:
        homes = write_homes(tmp_path)
        port = listening(homes["ARC"])
        async with running(homes["ARC"]) as arc:
            line_of(arc).alarm("clock-offset", "as a test")
            text = (await asyncio.to_thread(fetch, port))[1]
        given = set(re.findall(r"(?m)^# TYPE (hotline_\w+)", text)) - {"hotline_node_info"}
        listed = set(re.findall(r"`(hotline_\w+)", PAGE.read_text()))
        assert given == listed

    run(whole)


def test_only_who_asks_loopback_by_its_name_is_answered(tmp_path: Path) -> None:
    """A page in a browser comes under a name of its own, whatever address that leads to; other paths and methods have
    nothing."""

    async def whole() -> None:
        homes = write_homes(tmp_path)
        port = listening(homes["ARC"])
        async with running(homes["ARC"]):
            for host in ("127.0.0.1", "localhost:9", f"[::1]:{port}"):
                assert (await asyncio.to_thread(fetch, port, "/metrics", host))[0] == 200
            for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", ""):
                assert (await asyncio.to_thread(fetch, port, "/metrics", host))[0] == 404
            assert (await asyncio.to_thread(fetch, port, "/"))[0] == 404
            assert (await asyncio.to_thread(fetch, port, "/metrics", None, "POST"))[0] == 405

    run(whole)


def test_metrics_are_for_loopback_only(tmp_path: Path) -> None:
    """An address that others can reach is refused at the start."""
    path = tmp_path / "node.toml"
    for address in ("0.0.0.0:7481", "192.0.2.7:7481", "[::]:7481", "node.example:7481"):
        path.write_text(f'metrics = "{address}"')
        with pytest.raises(HomeRefused, match="loopback"):
            NodeConfig.load(path)
    for address in ("127.0.0.1:7481", "[::1]:7481", "localhost:7481"):
        path.write_text(f'metrics = "{address}"')
        assert NodeConfig.load(path).metrics is not None


def test_flashes_ahead_of_their_predecessors_wait_for_somebody(tmp_path: Path) -> None:
    """A flash counts from when it is shown, before it has its place, and once."""
    _, node = backlog(tmp_path, signers=((1, "duty"), (2, "release")), severity=4)
    flashes = Flashes(node.projection)
    assert flashes.unacknowledged() == {("BOR", "actual"): 2}
    node.feed("BOR")
    node.settle()
    assert flashes.unacknowledged() == {("BOR", "actual"): 2}


def test_an_acknowledged_flash_is_not_looked_at_again(tmp_path: Path) -> None:
    """It leaves the count, and the next count begins behind it; one without effect is nobody's to acknowledge."""
    world = World()
    told = world.say("BOR", "notification", precedence="flash", signers=((1, "duty"), (2, "release")))
    world.say("BOR", "notification", precedence="flash", severity=4, signers=((1, "duty"),))
    node = Node(tmp_path / "arc", world, "ARC")
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    flashes = Flashes(node.projection)
    assert flashes.unacknowledged() == {("BOR", "actual"): 1}
    world.say("ARC", "acknowledge", thread=told, reply=told)
    world.state("BOR", "arrival")
    world.say("ARC", "notification", precedence="flash", status="exercise", signers=((1, "duty"), (2, "release")))
    node.feed("ARC")
    node.feed("BOR")
    node.settle()
    assert flashes.unacknowledged() == {("ARC", "exercise"): 1}
    assert flashes.reached == {"BOR": told[1] + 2, "ARC": 0}
