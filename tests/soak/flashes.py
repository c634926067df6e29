"""A flash between two real nodes with ten thousand entries of the same voice before it, and amid its sender's flood.

The promise is two seconds, on two quiet cores; every flash of a case is sent while the backlog goes over.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.faults.flashes import measure

NAME = "flashes"
COUNT = 4
CHUNK = 1
ALONE = True

BACKLOG = 10_000
FLASHES = 6
SHOWN_S = 2.0


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Odd cases with a flood beside the backlog, even ones without."""
    figures: dict[str, int | float] = {"flashes": 0, "seconds to be shown max": 0.0, "entries before it max": 0}
    for number in range(first, first + count):
        with tempfile.TemporaryDirectory(prefix="hotline-flashes-") as directory:
            found = measure(Path(directory), backlog=BACKLOG, flashes=FLASHES, flood=number % 2 == 1)
        slowest = max(one.seconds for one in found)
        say(f"case {number}: {[round(one.seconds, 2) for one in found]} s, before them {[one.before for one in found]}")
        assert slowest < SHOWN_S, f"case {number}: {slowest:.2f} s"
        figures["flashes"] += len(found)
        figures["seconds to be shown max"] = max(figures["seconds to be shown max"], round(slowest, 2))
        figures["entries before it max"] = max(figures["entries before it max"], *(one.before for one in found))
    return figures
