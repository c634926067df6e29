"""strace makes every write, sync, truncation and rename of an exchange fail in turn: killed before it, EIO, ENOSPC.

Case by case both nodes' append, mirror and roster paths; see `tests.faults.sweep`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from tests.faults.sweep import FAULTS, ROSTER_CALLS, STATEMENT_CALLS, Point, Renewals, sweeping
from tests.nodes.homes import said

NAME = "sweep"

CASES = [
    (victim, path, Point(call, n, fault))
    for victim in ("ARC", "BOR")
    for path, calls in (("statement", STATEMENT_CALLS), ("roster", ROSTER_CALLS))
    for fault in FAULTS
    for call, most in calls.items()
    for n in range(1, most + 1)
]
COUNT = len(CASES)
CHUNK = 20


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Have so many faults; more than there are begin anew, because no two runs interleave alike."""
    figures: dict[str, int | float] = {}
    cases = [CASES[number % COUNT] for number in range(first, first + count)]
    for (victim, path), group in groupby(cases, key=lambda case: case[:2]):
        with tempfile.TemporaryDirectory(prefix="hotline-sweep-") as directory:
            make = said if path == "statement" else Renewals()
            with sweeping(Path(directory), victim=victim, make=make) as sweep:
                for _, _, point in group:
                    sweep.run(point)
            for name, number in sweep.figures.items():
                figures[name] = figures.get(name, 0) + number
    say(f"sweep {first} to {first + count}: {figures}")
    return figures
