"""Power cuts at any system call of a real run, unsynced writes lost, kept or torn, then opened by the product's store.

A run is recorded for every so many cuts; see `tests.faults.power`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.faults.power import cut_again_and_again, record

NAME = "power"
COUNT = 20_000
CHUNK = 500


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Record a run of either node in turn, and cut the power so many times."""
    with tempfile.TemporaryDirectory(prefix="hotline-record-") as directory:
        made = record(Path(directory), party=("ARC", "BOR")[first // CHUNK % 2])
    figures = dict(cut_again_and_again(made, cuts=count, seed=f"soak {first}"))
    say(f"power {first} to {first + count}: {figures}")
    return {**figures, "recorded steps": len(made.ops)}
