"""The simulator sees mistakes: each mutant is killed, by the invariant that speaks of what it breaks."""

from __future__ import annotations

import pytest

from tests.simulation.ghost import Violation
from tests.simulation.mutants import MUTANTS, Mutant, applied
from tests.simulation.stubs import stubbed
from tests.simulation.world import World

SEEDS_MAX = 80
"""Worlds in which a mistake must have been seen. The seed that is written down sees it at once, until something else
changes what happens in its world."""


def test_there_are_mutants_of_many_kinds() -> None:
    """At least fifteen mistakes, seen by at least ten different invariants."""
    assert len(MUTANTS) >= 15
    assert len({mutant.killed_by for mutant in MUTANTS}) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_is_seen(mutant: Mutant) -> None:
    """Of a few worlds that hold without the mistake one fails with it, by the invariant that the mistake breaks."""
    seen = []
    with stubbed(), applied(mutant):
        for seed in (mutant.seed, *range(SEEDS_MAX)):
            try:
                World(seed, forced=frozenset(mutant.forced.split())).run()
            except Violation as error:
                seen.append(error.code)
                if error.code in mutant.killed_by.split():
                    break
    assert set(seen).intersection(mutant.killed_by.split())
