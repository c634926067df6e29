"""Partitions and stopped nodes between two real hosts, of up to two minutes, over a wire that is bad besides.

Each case is an outage of its own kind and length: both ways dead, one way dead, a killed host behind a dead wire, a
node under SIGSTOP. After each the resend has begun within 5 s, nothing acknowledged is missing or twice, and the audit
passes.
"""

from __future__ import annotations

import random
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults import aftermath
from tests.faults.aftermath import Load
from tests.faults.hosts import Hosts, hosts, seconds_until
from tests.processes.pair import wait_until

NAME = "network"
COUNT = 120
CHUNK = 10
ALONE = True

RETURN_S = 5.0
OUTAGES_S = (0.3, 1, 3, 6, 10, 15, 25, 45, 70, 120)
KINDS = ("dead", "deaf ARC", "deaf BOR", "killed ARC", "killed BOR", "stopped ARC", "stopped BOR")


def case(made: Hosts, number: int) -> dict[str, int | float]:
    """One outage."""
    chance = random.Random(f"network {number}")
    kind, outage_s = chance.choice(KINDS), OUTAGES_S[number % len(OUTAGES_S)]
    made.wire.worsen(loss=chance.choice([0, 0, 0.03]), delay_s=chance.choice([0, 0.02]), reorder=0.05, double=0.05)
    loads = [Load(machine, wait, pause_s=0.2) for machine in made.both for wait in ("logged", "held")]
    for load in loads:
        load.start()
    time.sleep(0.5)
    (victim,) = (machine for machine in made.both if machine.party == kind[-3:]) if kind != "dead" else (made.arc,)
    assert victim.process is not None
    if kind.startswith(("dead", "killed")):
        made.wire.cut()
    elif kind.startswith("deaf"):
        made.wire.cut("BOR" if victim is made.arc else "ARC")
    if kind.startswith("killed"):
        victim.kill()
        victim.launch()
        wait_until(victim.answers, victim.log)
    elif kind.startswith("stopped"):
        victim.process.send_signal(signal.SIGSTOP)
    time.sleep(outage_s)
    for load in loads:
        load.ended.set()
    made.wire.mend()
    if kind.startswith("stopped"):
        victim.process.send_signal(signal.SIGCONT)
    took_s = max(
        seconds_until(lambda: bool(machine.status()["own_held"] == machine.status()["own_size"]), made.log)  # noqa: B023
        for machine in made.both
    )
    for load in loads:
        load.end()
    assert took_s < RETURN_S, f"case {number}, {kind} for {outage_s} s: resent after {took_s:.1f} s\n{made.log()}"
    found = aftermath.check(*made.both, loads)
    lost = sum(way.lost for way in made.wire.ways.values())
    return {"messages": found, "seconds to resend max": round(took_s, 2), "packets lost": lost}


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """So many outages, one after the other on one pair of hosts."""
    figures: dict[str, int | float] = {"outages": 0, "messages": 0, "seconds to resend max": 0.0}
    with tempfile.TemporaryDirectory(prefix="hotline-network-") as directory, hosts(Path(directory)) as made:
        made.wait_up()
        for number in range(first, first + count):
            found = case(made, number)
            figures["outages"] += 1
            figures["messages"] += found["messages"]
            figures["seconds to resend max"] = max(figures["seconds to resend max"], found["seconds to resend max"])
            say(f"outage {number}: {found}")
    return figures
