"""Those who wait on a line: for any change, or for the receipt of one entry.

A receipt is for everything below a size, so one cosignature wakes all who wait for entries under it, and tells each
what it came for; nobody reads the disk again to find out. All of it lives on the event loop.
"""

from __future__ import annotations

import asyncio
from heapq import heapify, heappop, heappush


class Waiters:
    """The waiters of one line."""

    def __init__(self) -> None:
        self._changes: list[asyncio.Future[None]] = []
        self._receipts: list[tuple[int, int, asyncio.Future[int | None]]] = []
        self._count = 0

    def notify(self) -> None:
        """Something that people see has changed."""
        waiting, self._changes = self._changes, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def changed(self) -> None:
        """Wait for the next change."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changes.append(future)
        await future

    def receipt(self, size: int, at_ms: int) -> None:
        """The counterpart holds our log up to a size.

        Args:
            size: number of entries held.
            at_ms: when its receipt came, UTC milliseconds.
        """
        while self._receipts and self._receipts[0][0] < size:
            future = heappop(self._receipts)[2]
            if not future.done():
                future.set_result(at_ms)

    async def held(self, index: int, timeout_s: float) -> int | None:
        """Wait for the first receipt of an entry that has none yet.

        Args:
            index: its place in our log.
            timeout_s: how long, seconds.

        Returns:
            When it came, UTC milliseconds; None if it did not.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int | None] = loop.create_future()
        self._count += 1
        waiter = (index, self._count, future)
        heappush(self._receipts, waiter)
        timer = loop.call_later(max(0.0, timeout_s), _expire, future)
        try:
            return await future
        finally:
            timer.cancel()
            if (future.cancelled() or future.result() is None) and waiter in self._receipts:
                self._receipts.remove(waiter)
                heapify(self._receipts)


def _expire(future: asyncio.Future[int | None]) -> None:
    if not future.done():
        future.set_result(None)
