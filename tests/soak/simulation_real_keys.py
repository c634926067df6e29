"""The same worlds with real Ed25519, ML-DSA and HPKE, so that the stubs hide nothing.

A case is a seed. Real signatures differ from run to run, and nothing that a world decides hangs on their bytes but the
sizes of the few fields that carry them.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.stubs import remembered
from tests.soak.simulation import seeds, worlds

NAME = "simulation-real-keys"
COUNT = 500
CHUNK = 5
ALL_FROM = 415
"""As for the worlds with stubs."""


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Run worlds with real keys; see the package."""
    return worlds(seeds(first, count, all_from=ALL_FROM), say, keys=remembered, stubs=False)
