"""Every read, write, sync and rename of an exchange, of a start and of the first one: killed before it, EIO, ENOSPC.

Case by case both nodes' append, mirror, roster and start paths; see `tests.faults.sweep`.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

from tests.faults.machine import Zygote
from tests.faults.saying import Renewals
from tests.faults.sweep import (
    FAULTS,
    FIRST_START_CALLS,
    READ_CALLS,
    ROSTER_CALLS,
    START_CALLS,
    STATEMENT_CALLS,
    Point,
    sweep_first_start,
    sweeping,
)
from tests.nodes.homes import said

NAME = "sweep"

PATHS = (
    ("statement", STATEMENT_CALLS, tuple(FAULTS)),
    ("statement", READ_CALLS, ("EIO",)),
    ("roster", ROSTER_CALLS, tuple(FAULTS)),
    ("start", START_CALLS, tuple(FAULTS)),
    ("first start", FIRST_START_CALLS, tuple(FAULTS)),
)
CASES = [
    (victim, path, Point(call, n, fault))
    for path, calls, faults in PATHS
    for victim in ("ARC", "BOR")
    for fault in faults
    for call, most in calls.items()
    for n in range(1, most + 1)
]
COUNT = len(CASES)
CHUNK = 20


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Have so many faults; more than there are begin anew, because no two runs interleave alike."""
    figures: Counter[str] = Counter()
    cases = [CASES[number % COUNT] for number in range(first, first + count)]
    for (victim, path), group in groupby(cases, key=lambda case: case[:2]):
        with tempfile.TemporaryDirectory(prefix="hotline-sweep-") as directory:
            points = [point for _, _, point in group]
            figures += (
                _first_starts(Path(directory), victim, points)
                if path == "first start"
                else _sweep(Path(directory), victim, path, points)
            )
    say(f"sweep {first} to {first + count}: {dict(figures)}")
    return dict(figures)


def _sweep(directory: Path, victim: str, path: str, points: Sequence[Point]) -> Counter[str]:
    """All of them on one pair of nodes."""
    make = Renewals() if path == "roster" else said
    with sweeping(directory, victim=victim, make=make, starting=path == "start") as sweep:
        for point in points:
            sweep.run(point)
    return sweep.figures


def _first_starts(directory: Path, victim: str, points: Sequence[Point]) -> Counter[str]:
    """Each on a pair of its own."""
    zygote, figures = Zygote(), Counter[str]()
    try:
        for number, point in enumerate(points):
            figures += sweep_first_start(directory / str(number), point, victim=victim, zygote=zygote)
    finally:
        zygote.close()
    return figures
