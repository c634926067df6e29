"""Every decoder of foreign bytes, led by coverage, half a minute at a time with a seed of its own.

A case is a target and a seed of the fuzzer's chance. What an input reaches depends on the time as well, so that a case
run again tries much of the same and not all; an input that fails is kept in build/fuzz.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz import TARGETS
from tests.fuzz.run import run as fuzz

NAME = "fuzz"
SECONDS = 30
ROUNDS = 8
COUNT = ROUNDS * len(TARGETS)
CHUNK = 2


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Fuzz the targets in turn; see the package."""
    figures: dict[str, int | float] = {"seconds": 0, "inputs": 0, "new inputs": 0, "memory MB max": 0}
    for case in range(first, first + count):
        name = TARGETS[case % len(TARGETS)]
        ended = fuzz(name, seconds=SECONDS, seed=case + 1)
        if ended.error is not None:
            raise AssertionError(f"{name}, seed {case + 1}: {ended.error}\n{ended.log[-4000:]}")
        say(f"{name} seed {case + 1}: {ended.inputs:,} inputs, {ended.covered:,} places, {ended.rss_mb} MB")
        figures["seconds"] += SECONDS
        figures["inputs"] += ended.inputs
        figures["new inputs"] += ended.new
        figures["memory MB max"] = max(figures["memory MB max"], ended.rss_mb)
    return figures
