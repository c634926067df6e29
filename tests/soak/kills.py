"""Kill -9 of real nodes under load at random moments, twenty over one pair of homes, then audited.

The same kills as in `make test`, with other moments.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.faults.kills import kill_again_and_again

NAME = "kills"
COUNT = 200
CHUNK = 20


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Kill nodes so many times; see `tests.faults.kills`."""
    with tempfile.TemporaryDirectory(prefix="hotline-kills-") as directory:
        figures = kill_again_and_again(Path(directory), first=first, count=count)
    say(f"kills {first} to {first + count}: {figures}")
    return figures
