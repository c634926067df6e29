"""When a node logs an arrival: what people said has its place in time, and machines call for none."""

import asyncio
from collections.abc import Callable

import pytest

from nodes.arrivals import Arrivals
from nodes.resources import catalogue

AFTER_MS = 40


def arrivals_of(hear: Callable[[Arrivals], int]) -> int:
    """How many arrivals are logged after something was heard; it gives the size that our last entry holds."""

    async def whole() -> int:
        said: list[None] = []
        held = 0

        async def say() -> None:
            said.append(None)

        async def placed() -> int:
            return held

        arrivals = Arrivals(after_ms=AFTER_MS, catalogue=catalogue(), say=say, placed=placed)
        running = asyncio.create_task(arrivals.run())
        held = hear(arrivals)
        await asyncio.sleep(5 * AFTER_MS / 1000)
        running.cancel()
        await asyncio.wait([running])
        return len(said)

    return asyncio.run(whole())


def answered_while_it_came(arrivals: Arrivals) -> int:
    """Our entry was on its way to the disk when theirs came, and does not hold it."""
    arrivals.heard(6, ["goodwill"])
    arrivals.settled()
    return 6


def answered_after_it_came(arrivals: Arrivals) -> int:
    """Our entry holds theirs."""
    arrivals.heard(6, ["goodwill"])
    arrivals.settled()
    return 7


def several_at_once(arrivals: Arrivals) -> int:
    """Theirs came in a row, and we say nothing."""
    for index in range(6, 9):
        arrivals.heard(index, ["goodwill", "line"])
    return 6


def only_machines(arrivals: Arrivals) -> int:
    """Their node said something by itself, and something that we do not know came."""
    arrivals.heard(6, ["arrival", "line", None, "nonsense"])
    return 6


@pytest.mark.parametrize(
    ("hear", "count"),
    [(answered_while_it_came, 1), (answered_after_it_came, 0), (several_at_once, 1), (only_machines, 0)],
)
def test_what_people_said_has_its_place_in_time(hear: Callable[[Arrivals], int], count: int) -> None:
    """One arrival for many, where our last entry does not hold them; none where it does."""
    assert arrivals_of(hear) == count
