"""Kill -9 at random moments: nothing acknowledged is lost, nothing is twice, and no start needs a hand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.kills import kill_again_and_again

KILLS = 20


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_nodes_lose_nothing_acknowledged(tmp_path: Path, figures: Callable[[str], None]) -> None:
    """Twenty times under load, either node or both, some again while they start: every statement that was logged or
    held is at its place, once, on both sides, and an audit finds everything in order."""
    found = kill_again_and_again(tmp_path, first=0, count=KILLS)
    figures(", ".join(f"{value} {name}" for name, value in found.items()))
    assert found["kills"] >= KILLS
    assert found["statements acknowledged"] >= 4 * KILLS
