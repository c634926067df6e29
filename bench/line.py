"""Hotline at work: one message at a time, many in flight, what the disk does meanwhile, and how quickly a node answers.

Timed from a client with its key open, from before it composes until the counterpart holds it: the client's own work,
both nodes, the network, every sync and both receipts lie between.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import statistics
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter as clock
from typing import Any

from websockets.sync.client import unix_connect

from bench.messages import notification
from bench.pair import PARTIES, Pair
from hotline.desk import Desk
from nodes.client import NodeClient
from nodes.unix_path import socket_address

WARM_UP = 30
WAIT_MS = 60_000
IN_FLIGHT_MAX = 352
"""As many as the floor has."""
CLIENT_THREADS = 2
MADE_AHEAD = 4
STRACE = ("strace", "-f", "-qq", "-ttt", "-T", "-e", "trace=fdatasync,fsync,sync_file_range,msync")
_SYNC = re.compile(r"^(?:\[pid\s+\d+\] |\d+ +)?(\d+\.\d+) (?:fdatasync|fsync|sync_file_range|msync)\(", re.MULTILINE)


def send(desk: Desk, number: int) -> dict[str, Any]:
    """One message, from composing to held."""
    signed = notification(desk, number)
    outcome: dict[str, Any] = desk.request("submit", signed=signed.encode(), wait="held", timeout_ms=WAIT_MS)
    if outcome["state"] != "held":
        raise TimeoutError(f"a message is still {outcome['state']}")
    return outcome


def one_at_a_time(desk: Desk, count: int) -> dict[str, float]:
    """Times of messages sent one after the other."""
    for number in range(WARM_UP):
        send(desk, number)
    times = []
    for number in range(count):
        begun = clock()
        send(desk, number)
        times.append((clock() - begun) * 1000)
    times.sort()
    return {"p50_ms": round(statistics.median(times), 3), "p99_ms": round(times[len(times) * 99 // 100], 3)}


def pipelined(desk: Desk, count: int) -> float:
    """Messages a second with many in flight on one connection, from the first one composed to the last one held."""
    client, begun = desk.client, clock()
    flying: deque[int] = deque()

    def finish() -> None:
        outcome = client.finish(flying.popleft(), timeout_s=WAIT_MS / 1000)
        if outcome["state"] != "held":
            raise TimeoutError(f"a message is still {outcome['state']}")

    with ThreadPoolExecutor(CLIENT_THREADS) as pool:
        made = deque(pool.submit(notification, desk, number) for number in range(CLIENT_THREADS * MADE_AHEAD))
        for number in range(len(made), count + len(made)):
            if len(flying) >= IN_FLIGHT_MAX:
                finish()
            signed = made.popleft().result()
            if number < count:
                made.append(pool.submit(notification, desk, number))
            flying.append(client.start("submit", signed=signed.encode(), wait="held", timeout_ms=WAIT_MS))
            if not made:
                break
        while flying:
            finish()
    return round(count / (clock() - begun), 1)


class Probe:
    """Asks a node again and again, on a connection of its own, while something else goes on.

    `loop` is the time until the node's event loop answers a ping; `status` is the whole round trip of that operation,
    which reads the disk on the node's threads.
    """

    def __init__(self, pair: Pair, party: str) -> None:
        home = pair.nodes[party].home
        self._client = NodeClient.connect(home.socket)
        with socket_address(home.socket) as address:
            self._bare = unix_connect(address, uri="ws://localhost/", compression=None, ping_interval=None)
        self._stop = threading.Event()
        self.loop_ms: list[float] = []
        self.status_ms: list[float] = []
        self._threads = [threading.Thread(target=self._ping), threading.Thread(target=self._status)]

    def _ping(self) -> None:
        while not self._stop.is_set():
            begun = clock()
            self._bare.ping().wait()
            self.loop_ms.append((clock() - begun) * 1000)
            time.sleep(0.002)

    def _status(self) -> None:
        while not self._stop.is_set():
            begun = clock()
            self._client.request("status")
            self.status_ms.append((clock() - begun) * 1000)
            time.sleep(0.01)

    def __enter__(self) -> Probe:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._client.close()
        self._bare.close()

    def figures(self) -> dict[str, float]:
        """Medians, 99th percentiles and the longest, in milliseconds."""
        figures = {}
        for name, times in (("loop", sorted(self.loop_ms)), ("status", sorted(self.status_ms))):
            figures[f"{name}_p50_ms"] = round(statistics.median(times), 2)
            figures[f"{name}_p99_ms"] = round(times[len(times) * 99 // 100], 2)
            figures[f"{name}_max_ms"] = round(times[-1], 2)
        return figures


@contextlib.contextmanager
def _traced(pid: int, output: Path) -> Iterator[None]:
    """Run strace beside a process."""
    tracer = subprocess.Popen([*STRACE, "-o", str(output), "-p", str(pid)], stderr=subprocess.PIPE)
    try:
        time.sleep(1.0)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=10)


def syncs_in_a_row(pair: Pair, desk: Desk, count: int) -> dict[str, Any] | None:
    """How many times the disks of both nodes are waited for between a client's first step and held.

    Returns:
        The median and the most of one message, or None where strace is missing or may not attach.
    """
    if shutil.which("strace") is None:
        return None
    outputs = {party: pair.where / f"{party}.strace" for party in PARTIES}
    windows = []
    with contextlib.ExitStack() as stack:
        for party, output in outputs.items():
            stack.enter_context(_traced(pair.nodes[party].pid, output))
        for number in range(count):
            begun = time.time()
            send(desk, number)
            windows.append((begun, time.time()))
            time.sleep(0.02)
    calls = sorted(
        float(when) for output in outputs.values() if output.exists() for when in _SYNC.findall(output.read_text())
    )
    if not calls:
        return None
    counts = [sum(begun <= when <= ended for when in calls) for begun, ended in windows]
    return {"median": statistics.median_low(counts), "most": max(counts), "messages": count}


def cpu_ms(pids: dict[str, int]) -> dict[str, float]:
    """Processor time that processes have used, in milliseconds."""
    tick_ms = 1000 / os.sysconf("SC_CLK_TCK")
    used = {}
    for name, pid in pids.items():
        values = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        used[name] = (int(values[11]) + int(values[12])) * tick_ms
    return used


def run(pair: Pair, *, one: int, many: int) -> dict[str, Any]:
    """One round of both ways of sending, on a running pair."""
    with pair.desk("ARC") as desk:
        singles = one_at_a_time(desk, one)
        pids = {"client": os.getpid(), **{party: node.pid for party, node in pair.nodes.items()}}
        before = cpu_ms(pids)
        rate = pipelined(desk, many)
        cpu = {name: round((used - before[name]) / many, 2) for name, used in cpu_ms(pids).items()}
    return {"one": one, "many": many, **singles, "per_s": rate, "cpu_ms_a_message": cpu}


def look(pair: Pair, *, probed: int, traced: int) -> dict[str, Any]:
    """What the disk does for one message, and how quickly a node answers while many are in flight."""
    with pair.desk("ARC") as desk:
        with Probe(pair, "ARC") as probe:
            pipelined(desk, probed)
        syncs = syncs_in_a_row(pair, desk, traced)
    memory = {party: {"now_mb": node.rss_mb(), "peak_mb": node.peak_mb()} for party, node in pair.nodes.items()}
    return {"answers": probe.figures(), "syncs_in_a_row": syncs, "memory": memory}
