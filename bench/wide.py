"""One node with many channels: how quickly any of them is served, and what it costs only to keep them alive.

The node is a process of its own, and its counterparts share another one. What is timed is the node's own work and one
counterpart's, on a channel chosen in turn, while all the others beat.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from bench.pair import free_ports
from keys.roles import KeyRole
from nodes.client import NodeClient
from nodes.errors import ApiRefused
from nodes.home import NodeHome
from nodes.signed import SignedStatement
from tests.builders import hybrid
from tests.faults import hub

CHANNELS = (1, 10, 50)
BEATING = 200
MESSAGES = 100
IDLE_S = 20.0
READY_S = 180.0
WAIT_MS = 60_000
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def names(count: int) -> list[str]:
    """Short names of so many counterparts."""
    return [f"P{first}{second}" for first, second in itertools.product(ascii_uppercase, repeat=2)][:count]


class Hub:
    """A running node with its channels, and its counterparts.

    Args:
        where: a new directory.
        count: of channels.
    """

    def __init__(self, where: Path, count: int) -> None:
        where.mkdir(parents=True)
        self.peers = names(count)
        self._where = where
        self._homes = hub.write_hub(where, self.peers, f"127.0.0.1:{free_ports(1)[0]}")
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def socket(self) -> Path:
        """Of the node's local API."""
        return self._homes[hub.HUB].socket

    def _start(self, homes: Sequence[NodeHome]) -> None:
        command = [sys.executable, "-m", "tests.faults.hub", *(str(home.path) for home in homes)]
        with (self._where / "log").open("ab") as log:
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Both processes, until every channel is up and its first entries are held."""
        self._start([self._homes[hub.HUB]])
        self._start([self._homes[peer] for peer in self.peers])
        try:
            until = time.monotonic() + READY_S
            while not self._ready():
                if time.monotonic() > until:
                    raise TimeoutError((self._where / "log").read_text(encoding="utf-8", errors="replace")[-2000:])
                time.sleep(0.2)
            yield
        finally:
            for process in self._processes:
                process.terminate()
            for process in self._processes:
                process.wait(60)

    def _ready(self) -> bool:
        try:
            with NodeClient.connect(self.socket) as client:
                channels = client.request("status")["channels"]
        except ApiRefused:
            return False
        return all(one["line"] == "up" and one["own_size"] == one["own_held"] >= 2 for one in channels)

    def cpu_s(self) -> float:
        """Processor time that the node has used."""
        fields = Path(f"/proc/{self._processes[0].pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    def rss_mb(self) -> float:
        """Memory that the node holds."""
        text = Path(f"/proc/{self._processes[0].pid}/status").read_text(encoding="ascii")
        return round(int(text.split("VmRSS:")[1].split()[0]) / 1024, 1)


def messages(hubs: Hub, count: int) -> list[tuple[str, SignedStatement]]:
    """Messages of the node's officer, on one channel after the other."""
    peers = itertools.islice(itertools.cycle(hubs.peers), count)
    return [(peer, hub.said(hub.HUB, peer)) for peer in peers]


def talk(hubs: Hub) -> dict[str, float]:
    """Messages one at a time, and all at once; made before, so that only the nodes are timed."""
    with NodeClient.connect(hubs.socket) as client:
        client.login(person=1, signer=hybrid(f"{hub.HUB} 1", KeyRole.OFFICER))

        def start(peer: str, signed: SignedStatement) -> int:
            return client.start("submit", counterpart=peer, signed=signed.encode(), wait="held", timeout_ms=WAIT_MS)

        def finish(number: int) -> None:
            if client.finish(number, timeout_s=WAIT_MS / 1000)["state"] != "held":
                raise TimeoutError("a message is not held yet")

        times = []
        for peer, signed in messages(hubs, MESSAGES):
            begun = time.perf_counter()
            finish(start(peer, signed))
            times.append((time.perf_counter() - begun) * 1000)
        flood = messages(hubs, 3 * MESSAGES)
        begun = time.perf_counter()
        for number in [start(peer, signed) for peer, signed in flood]:
            finish(number)
        rate = len(flood) / (time.perf_counter() - begun)
    times.sort()
    return {
        "p50_ms": round(statistics.median(times), 2),
        "p99_ms": round(times[len(times) * 99 // 100], 2),
        "per_s": round(rate, 1),
    }


def share(hubs: Hub) -> float:
    """How much of one core the node needs while nothing is said, in percent."""
    time.sleep(3)
    before, begun = hubs.cpu_s(), time.perf_counter()
    time.sleep(IDLE_S)
    return round((hubs.cpu_s() - before) / (time.perf_counter() - begun) * 100, 1)


def run(where: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure nodes with few and many channels.

    Args:
        where: a new directory on a real disk.
        say: told what is being done.
    """
    rows = []
    for count in CHANNELS:
        say(f"a node with {count} channels")
        hubs = Hub(where / str(count), count)
        with hubs.running():
            rows.append({"channels": count, **talk(hubs), "memory_mb": hubs.rss_mb()})
    say(f"a node with {BEATING} channels on which nothing is said")
    hubs = Hub(where / str(BEATING), BEATING)
    with hubs.running():
        beating = {"channels": BEATING, "every_ms": hub.BEAT_MS, "core_percent": share(hubs)}
        beating["memory_mb"] = hubs.rss_mb()
    return {"rows": rows, "beating": beating}
