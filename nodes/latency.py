"""How long our entries wait for their receipt: a histogram from the moment of logging to that of *held*.

It measures on the clock that never goes back, and only what was logged since the start: an entry whose receipt comes
after a restart is not in it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

BOUNDS_MS = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000, 600_000)
"""Upper bounds of the buckets, milliseconds; what took longer is in the last one, which has none."""

GROUPS_MAX = 4096
"""Group commits that may wait to be measured; of more, in a long outage, the oldest are not."""


class Latency:
    """Waiting times of one line. All of it lives on the event loop.

    Attributes:
        counts: entries in each bucket of BOUNDS_MS, and in the one beyond.
        total_ms: all waiting times together, milliseconds.
    """

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_MS) + 1)
        self.total_ms = 0
        self._waiting: deque[tuple[int, int, int]] = deque(maxlen=GROUPS_MAX)

    def logged(self, *, size: int, entries: int, mono_ms: int) -> None:
        """Entries were logged.

        Args:
            size: of our log with them.
            entries: how many.
            mono_ms: when, on the clock that never goes back.
        """
        self._waiting.append((size, entries, mono_ms))

    def held(self, *, size: int, mono_ms: int) -> None:
        """The receipt for our log up to a size came."""
        while self._waiting and self._waiting[0][0] <= size:
            _, entries, logged_ms = self._waiting.popleft()
            waited_ms = max(0, mono_ms - logged_ms)
            self.counts[bisect_left(BOUNDS_MS, waited_ms)] += entries
            self.total_ms += entries * waited_ms
