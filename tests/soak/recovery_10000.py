"""A disk with 10,000 entries is gone: `hotline recover` brings both logs back in under 20 s, on a quiet machine.

A case is one recovery of the same logs, between two processes. The figure is the slowest; the limit is checked where
the machine has a core for each of the two.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from nodes.client import NodeClient
from nodes.errors import ApiRefused
from nodes.home import NodeHome
from tests.nodes.homes import said
from tests.nodes.pair import line_of, running, until, write_homes
from tests.nodes.test_recovery import level, lose, recovered

NAME = "recovery-10000"
COUNT = 5
CHUNK = 5
ALONE = True
ENTRIES = 10_000
LIMIT_S = 20.0
AT_ONCE = 200
ROOT = Path(__file__).resolve().parents[2]


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Recover a long log; see the package."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    del first
    slowest_s = cpu_s = 0.0
    with tempfile.TemporaryDirectory() as directory:
        homes = write_homes(Path(directory))
        asyncio.run(_talk(homes))
        for _ in range(count):
            lose(homes["ARC"])
            took_s, used_s, own = _once(homes)
            say(f"{own} entries in {took_s:.1f} s, {used_s:.1f} s of them computing")
            slowest_s, cpu_s = max(slowest_s, took_s), max(cpu_s, used_s)
            if own < ENTRIES:
                raise AssertionError(f"only {own} entries came back")
            if took_s > LIMIT_S and os.getloadavg()[0] < (os.cpu_count() or 1):
                raise AssertionError(f"{took_s:.1f} s for {own} entries")
    return {"entries": ENTRIES * count, "seconds max": round(slowest_s, 1), "seconds of CPU max": round(cpu_s, 1)}


async def _talk(homes: dict[str, NodeHome]) -> None:
    async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
        line = line_of(arc)
        await until(lambda: line.live)
        room = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with room:
                await line.intake.submit(await asyncio.to_thread(said, "ARC"))

        await asyncio.gather(*(one() for _ in range(ENTRIES)))
        while not level(arc, bor):  # noqa: ASYNC110 - what is waited for has no event of its own.
            await asyncio.sleep(0.1)


def _once(homes: dict[str, NodeHome]) -> tuple[float, float, int]:
    counterpart = subprocess.Popen(
        [sys.executable, "-m", "tests.processes.node", str(homes["BOR"].path)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_it_answers(homes["BOR"])
        begun_s, begun_cpu_s = time.monotonic(), time.process_time()
        (come,) = asyncio.run(recovered(homes["ARC"], patience_s=120))
        return time.monotonic() - begun_s, time.process_time() - begun_cpu_s, come.own
    finally:
        counterpart.terminate()
        counterpart.wait()


def _until_it_answers(home: NodeHome) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            NodeClient.connect(home.socket).close()
        except ApiRefused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
