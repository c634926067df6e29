"""The simulator sees mistakes: each mutant is killed, by the invariant that speaks of what it breaks."""

from __future__ import annotations

import pytest

from tests.simulation.ghost import Violation
from tests.simulation.mutants import MUTANTS, Mutant, applied
from tests.simulation.stubs import stubbed
from tests.simulation.world import World


def test_there_are_mutants_of_many_kinds() -> None:
    """At least fifteen mistakes, seen by at least seven different invariants."""
    assert len(MUTANTS) >= 15
    assert len({mutant.killed_by for mutant in MUTANTS}) >= 7


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_is_seen(mutant: Mutant) -> None:
    """A world that holds without the mistake fails with it, and says what was broken."""
    with stubbed(), applied(mutant):
        world = World(mutant.seed)
        with pytest.raises(Violation) as failed:
            world.run()
    assert failed.value.code == mutant.killed_by
