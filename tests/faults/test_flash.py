"""A flash between two real nodes overtakes everything: its sender's backlog, and its sender's flood."""

import statistics
from pathlib import Path

import pytest

from tests.faults.flashes import measure

pytestmark = [pytest.mark.slow, pytest.mark.alone]

BACKLOG = 1_500
SHOWN_S = 2.0


def test_a_flash_is_shown_within_2_s_behind_a_backlog_and_amid_a_flood(tmp_path: Path) -> None:
    """While a backlog goes over and an officer of the same party does not stop: the median of some flashes. The soak
    part `flashes` has ten thousand entries before each."""
    found = measure(tmp_path, backlog=BACKLOG, flashes=3, flood=True)
    print(*found, sep="\n")
    assert max(one.before for one in found) > 0
    assert statistics.median(one.seconds for one in found) < SHOWN_S
