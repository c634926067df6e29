"""Two real nodes on two hosts with a bad wire between them: nothing acknowledged is lost, the line comes back alone.

Each test leaves the pair as it found it, so that all of them share one.
"""

import shutil
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import aftermath
from tests.faults.aftermath import Load
from tests.faults.hosts import Hosts, hosts, seconds_until
from tests.nodes.homes import BEAT_MS
from tests.processes.pair import Machine, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.root,
    pytest.mark.alone,
    pytest.mark.skipif(shutil.which("ip") is None or not Path("/dev/net/tun").exists(), reason="needs ip and TUN"),
]

RETURN_S = 5.0
CUTS = 5


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Both nodes, up."""
    with hosts(tmp_path_factory.mktemp("hosts")) as made:
        made.wait_up()
        yield made


@pytest.fixture(autouse=True)
def whole_wire(pair: Hosts) -> Iterator[None]:
    """The wire is whole again whatever a test did to it."""
    yield
    pair.wire.mend()


def resent(machine: Machine) -> bool:
    """Whether something of what waited has arrived."""
    status = machine.status()
    return bool(status["own_held"] == status["own_size"])


def under_load(pair: Hosts, for_s: float) -> int:
    """Both sides speak for a while; returns how much of what was acknowledged was found afterwards."""
    loads = [Load(machine, wait, pause_s=0.02) for machine in pair.both for wait in ("logged", "held")]
    for load in loads:
        load.start()
    time.sleep(for_s)
    for load in loads:
        load.end()
    pair.wire.mend()
    assert all(load.acknowledged for load in loads), pair.log()
    return aftermath.check(*pair.both, loads)


@pytest.mark.parametrize(
    "faults",
    [
        {"loss": 0.1},
        {"delay_s": 0.08, "jitter_s": 0.06},
        {"double": 0.3, "reorder": 0.3},
        {"loss": 0.05, "double": 0.1, "reorder": 0.1, "delay_s": 0.04, "jitter_s": 0.04},
    ],
    ids=["loss", "delay", "double-and-reorder", "all-at-once"],
)
def test_a_bad_wire_costs_time_and_nothing_else(pair: Hosts, faults: dict[str, float]) -> None:
    """Packets lost, late, twice and out of turn: what was acknowledged is there once, and the audit passes."""
    pair.wire.worsen(**faults)
    found = under_load(pair, 2)
    print(f"{faults}: {found} acknowledged messages found", {name: vars(way) for name, way in pair.wire.ways.items()})


def test_a_dead_link_is_shown_within_two_beats(pair: Hosts) -> None:
    """Both sides say that the line is not up; the median of some cuts, on a machine that does other things as well."""
    shown_s: list[float] = []
    for _ in range(CUTS):
        pair.wait_up()
        time.sleep(2 * BEAT_MS / 1000)
        begun_s = time.monotonic()
        pair.wire.cut()
        for machine in pair.both:
            wait_until(lambda: machine.status()["line"] != "up", pair.log)  # noqa: B023
        shown_s.append(time.monotonic() - begun_s)
        pair.wire.mend()
    print(f"a dead link is shown after {[round(1000 * one) for one in shown_s]} ms, a beat being {BEAT_MS} ms")
    assert statistics.median(shown_s) <= 2 * BEAT_MS / 1000


@pytest.mark.parametrize("outage_s", [4, 9])
def test_what_waits_leaves_within_5_s_of_the_end_of_an_outage(pair: Hosts, outage_s: float) -> None:
    """However long it was: shorter and longer than what the kernel waits for, and what was said meanwhile is held."""
    pair.wait_up()
    pair.wire.cut()
    loads = [Load(machine, "logged", pause_s=0.1) for machine in pair.both]
    for load in loads:
        load.start()
    time.sleep(outage_s)
    for load in loads:
        load.end()
    pair.wire.mend()
    took_s = seconds_until(lambda: all(resent(machine) for machine in pair.both), pair.log)
    print(f"after {outage_s} s without a wire, resent after {took_s:.2f} s")
    assert took_s < RETURN_S
    assert aftermath.check(*pair.both, loads) > 0


@pytest.mark.parametrize("sender", ["ARC", "BOR"])
def test_a_wire_that_carries_one_way_only_is_no_line(pair: Hosts, sender: str) -> None:
    """Whoever hears nothing says so within two beats, the other within the time that the kernel waits; then both are
    back."""
    pair.wait_up()
    speaks, deaf = pair.both if sender == "ARC" else pair.both[::-1]
    pair.wire.cut(sender)
    spoken = Load(speaks, "logged", pause_s=0.1)
    spoken.start()
    deaf_s = seconds_until(lambda: bool(deaf.status()["line"] != "up"), pair.log)
    both_s = deaf_s + seconds_until(lambda: bool(speaks.status()["line"] != "up"), pair.log)
    spoken.end()
    pair.wire.mend()
    back_s = seconds_until(lambda: all(resent(machine) for machine in pair.both), pair.log)
    print(f"deaf after {deaf_s:.2f} s, both after {both_s:.2f} s, back after {back_s:.2f} s")
    assert both_s < 10
    assert back_s < RETURN_S
    assert aftermath.check(*pair.both, [spoken]) > 0


@pytest.mark.parametrize("victim", ["ARC", "BOR"])
def test_a_host_that_vanished_without_a_word_is_let_in_when_it_returns(pair: Hosts, victim: str) -> None:
    """Killed behind a dead wire, so that nothing tells the other side; started again it is served at once, though the
    other side still holds the connection of before."""
    pair.wait_up()
    (gone,) = (machine for machine in pair.both if machine.party == victim)
    (left,) = (machine for machine in pair.both if machine.party != victim)
    pair.wire.cut()
    gone.kill()
    said = Load(left, "logged", pause_s=0.1)
    said.start()
    time.sleep(1)
    said.end()
    gone.launch()
    wait_until(gone.answers, gone.log)
    pair.wire.mend()
    took_s = seconds_until(lambda: resent(left), pair.log)
    print(f"{victim} is back; what waited was held after {took_s:.2f} s")
    assert took_s < RETURN_S
    assert aftermath.check(*pair.both, [said]) > 0


@pytest.mark.parametrize("victim", ["ARC", "BOR"])
def test_a_node_that_was_stopped_goes_on_where_it_was(pair: Hosts, victim: str) -> None:
    """SIGSTOP past the handshake's time-out and many beats: the other side shows it, and within 5 s of SIGCONT what
    waited is held."""
    pair.wait_up()
    (frozen,) = (machine for machine in pair.both if machine.party == victim)
    (left,) = (machine for machine in pair.both if machine.party != victim)
    assert frozen.process is not None
    frozen.process.send_signal(signal.SIGSTOP)
    said = Load(left, "logged", pause_s=0.1)
    said.start()
    shown_s = seconds_until(lambda: bool(left.status()["line"] == "down"), pair.log)
    time.sleep(6)
    said.end()
    frozen.process.send_signal(signal.SIGCONT)
    took_s = seconds_until(lambda: resent(left), pair.log)
    print(f"{victim} stopped: down after {shown_s:.2f} s; what waited was held {took_s:.2f} s after it went on")
    assert took_s < RETURN_S
    assert aftermath.check(*pair.both, [said]) > 0
