"""Keys that sign at once, and texts that were read already: for targets that stand behind both.

Agreements and rosters have targets of their own; where another file changes, they are the same every time, and reading
their keys takes longer than all the rest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache
from unittest.mock import patch

import nodes.projection
import protocol.reading
from keys import roster
from protocol.agreement import Agreement
from tests.simulation.stubs import stub_keys

_agreement = lru_cache(64)(Agreement.parse)
_roster = lru_cache(64)(roster.parse)


@contextlib.contextmanager
def quick() -> Iterator[None]:
    """See the module."""
    with (
        stub_keys(),
        patch.object(Agreement, "parse", _agreement),
        patch.object(protocol.reading, "parse_roster", _roster),
        patch.object(nodes.projection, "parse_roster", _roster),
    ):
        yield
