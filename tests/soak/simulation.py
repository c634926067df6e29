"""Worlds from seeds: three nodes, two channels, every fault and an adversary (tests/simulation).

A case is a seed, from `ALL_FROM` on one that may bring everything that a world knows: `make sim SEED=n` shows what
happened in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from tests.simulation.rooting import NEW_FROM
from tests.simulation.stubs import stubbed
from tests.simulation.tally import let_go, seldom_collected
from tests.simulation.world import World

NAME = "simulation"
COUNT = 200_000
CHUNK = 100

ALL_FROM = 84_900
"""Cases before this one were run when worlds had no new roots, passkeys, amendments and decisions of people yet, and
the seeds of small numbers go on without."""


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Run worlds with stubbed keys; see the package."""
    return worlds(seeds(first, count), say, keys=stubbed, stubs=True)


def seeds(first: int, count: int, *, all_from: int = ALL_FROM) -> list[int]:
    """The seeds of so many cases, from one on."""
    return [case if case < all_from else NEW_FROM + case for case in range(first, first + count)]


def worlds(
    seeds: Sequence[int], say: Callable[[str], None], *, keys: Callable[[], AbstractContextManager[None]], stubs: bool
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
