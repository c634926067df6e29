"""A flash between two real nodes overtakes everything: its sender's backlog, and its sender's flood."""

import statistics
from pathlib import Path

import pytest

from tests.faults.flashes import Shown, measure

pytestmark = [pytest.mark.slow, pytest.mark.alone]

BACKLOGS = (1_500, 3_000, 6_000)
"""A machine that has brought a backlog over before the first flash was sent has shown nothing: it gets a longer one."""
SHOWN_S = 2.0


def test_a_flash_is_shown_within_2_s_behind_a_backlog_and_amid_a_flood(tmp_path: Path) -> None:
    """While a backlog goes over and an officer of the same party does not stop: the median of some flashes. The soak
    part `flashes` has ten thousand entries before each."""
    found: list[Shown] = []
    for backlog in BACKLOGS:
        directory = tmp_path / str(backlog)
        directory.mkdir()
        found = measure(directory, backlog=backlog, flashes=3, flood=True)
        print(backlog, *found, sep="\n")
        if any(one.before for one in found):
            break
    assert any(one.before for one in found)
    assert statistics.median(one.seconds for one in found) < SHOWN_S
