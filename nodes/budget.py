"""What a peer may send for long: over it, it is slowed and never refused.

A bucket of tokens, one an entry, filled at the agreement's rate up to its burst. Whoever takes more than is there waits
before the next message is read; the connection's own flow control then holds the sender back. Beats and receipts wait
no longer than one pause, so a flood never makes the line look dead.
"""

from __future__ import annotations

from nodes.clock import Reading, now

PAUSE_MAX_S = 0.5


class Budget:
    """Entries that one peer may send.

    Args:
        per_s: entries a second, for long.
        burst: entries at once.
        read: reads the clocks.
    """

    def __init__(self, *, per_s: int, burst: int, read: Reading = now) -> None:
        self._read = read
        self._per_ms = per_s / 1000
        self._burst = float(burst)
        self._left = float(burst)
        self._at_ms = read().mono_ms

    def take(self, entries: int) -> float:
        """Count entries that came.

        Returns:
            Seconds to wait before more is read; 0 within the budget.
        """
        at_ms = self._read().mono_ms
        self._left = min(self._burst, self._left + (at_ms - self._at_ms) * self._per_ms) - entries
        self._at_ms = at_ms
        if self._left >= 0:
            return 0.0
        return min(PAUSE_MAX_S, -self._left / self._per_ms / 1000)
