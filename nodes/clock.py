"""The clocks of a node: one that labels and may jump, one that measures and never goes back.

Times in entries and cosignatures never go back: they are the later of the clock and the last time used. What the
difference is stands in every beat.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from protocol.effects import Instant

Reading = Callable[[], Instant]
"""Reads both clocks; `now` is the machine's."""


def now() -> Instant:
    """Read both clocks."""
    return Instant(wall_ms=time.time_ns() // 1_000_000, mono_ms=time.monotonic_ns() // 1_000_000)


class SteadyClock:
    """Wall time that never goes back for those who use it.

    Args:
        last_ms: the last time used before, UTC milliseconds.
        read: reads the clocks that this one is made of.
    """

    def __init__(self, last_ms: int, read: Reading = now) -> None:
        self.now = read
        self._last_ms = last_ms
        self._lock = threading.Lock()

    def take(self) -> int:
        """The time to write now: the later of the clock and the last one taken."""
        with self._lock:
            self._last_ms = max(self._last_ms, self.now().wall_ms, 0)
            return self._last_ms

    def not_before(self, at_ms: int) -> None:
        """This time was used before, by this node on a disk that is gone: take none earlier."""
        with self._lock:
            self._last_ms = max(self._last_ms, at_ms)

    def ahead_ms(self) -> int:
        """How far the time last taken is ahead of the clock; 0 where it is not."""
        with self._lock:
            return max(0, self._last_ms - self.now().wall_ms)
