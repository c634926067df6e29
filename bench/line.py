"""Hotline at work: one message at a time, many in flight, what the disk does meanwhile, and how quickly a node answers.

Timed from a client with its key open, from before it composes until the counterpart holds it: the client's own work,
both nodes, the network, every sync and both receipts lie between.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter as clock
from typing import Any

from bench.messages import notification
from bench.pair import PARTIES, Pair
from hotline.desk import Desk

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


@contextlib.contextmanager
def probed(pair: Pair, party: str) -> Iterator[dict[str, float]]:
    """Ask a node again and again from another process meanwhile; the figures of `bench.probe` are there afterwards."""
    figures: dict[str, float] = {}
    command = [sys.executable, "-m", "bench.probe", str(pair.nodes[party].home.socket)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as probe:
        assert probe.stdout is not None
        probe.stdout.readline()
        yield figures
        told, _ = probe.communicate()
        figures.update(json.loads(told))


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


def look(pair: Pair, *, in_flight: int, traced: int) -> dict[str, Any]:
    """What the disk does for one message, and how quickly a node answers while many are in flight."""
    with pair.desk("ARC") as desk:
        with probed(pair, "ARC") as answers:
            pipelined(desk, in_flight)
        syncs = syncs_in_a_row(pair, desk, traced)
    memory = {party: {"now_mb": node.rss_mb(), "peak_mb": node.peak_mb()} for party, node in pair.nodes.items()}
    return {"answers": answers, "syncs_in_a_row": syncs, "memory": memory}
