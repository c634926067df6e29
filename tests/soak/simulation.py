"""Worlds from seeds: three nodes, two channels, every fault and an adversary (tests/simulation).

A case is a seed: `make sim SEED=n` shows what happened in it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.simulation.stubs import stubbed
from tests.simulation.tally import let_go, seldom_collected
from tests.simulation.world import World

NAME = "simulation"
COUNT = 200_000
CHUNK = 100


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Run worlds with stubbed keys; see the package."""
    return worlds(range(first, first + count), say, keys=stubbed, stubs=True)


def worlds(
    seeds: range, say: Callable[[str], None], *, keys: Callable[[], AbstractContextManager[None]], stubs: bool
) -> dict[str, int | float]:
    """Run worlds, and add up what they did. The first that fails ends it, once all were run."""
    figures = {"steps": 0, "frames": 0, "entries": 0, "alarms": 0, "crashes and stops": 0}
    failed: AssertionError | None = None
    with keys(), seldom_collected():
        for count, seed in enumerate(seeds, 1):
            world = World(seed, stubbed=stubs)
            try:
                world.run()
            except AssertionError as error:
                say(f"seed {seed}: {error}")
                failed = failed or error
                failed.add_note(f"seed {seed}: {error}")
            figures["steps"] += world.loop.steps
            figures["frames"] += world.ghost.frames
            figures["entries"] += sum(len(truth.entries) for truth in world.ghost.truth.values())
            figures["alarms"] += len(world.ghost.alarms)
            figures["crashes and stops"] += sum(
                count for name, count in world.counters.items() if name in ("fault crash", "fault power", "fault stop")
            )
            del world
            let_go(count)
    if failed is not None:
        raise failed
    return dict(figures)
