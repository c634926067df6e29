"""Arrivals: when what the other side's people said has waited long enough for its place in our order.

An entry of the other log arrives in ours just before the first of our entries whose `held` covers it. Anything we log
does that; a node that has nothing to say logs an `arrival`, one for many, after the time the agreement allows. Entries
of machines never call for one, or two nodes would answer each other for ever.

An entry of ours that was being written when the other's came does not cover it. So the time runs on after an entry of
ours, and once it is over our last entry is asked how far it reaches.

Source: spec/docket.md, "Home order".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from nodes.clock import Reading, now
from nodes.store import LogStore, StoreDamaged
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.governance import Reign
from protocol.kinds import Catalogue


class Arrivals:
    """The timer of one line.

    Args:
        after_ms: how long an entry may wait, milliseconds.
        catalogue: says which kinds are machines'.
        say: logs an `arrival`.
        placed: gives how much of the other log has its place: the size that the last entry of ours holds.
        read: reads the clocks.
    """

    def __init__(
        self,
        *,
        after_ms: int,
        catalogue: Catalogue,
        say: Callable[[], Awaitable[None]],
        placed: Callable[[], Awaitable[int]],
        read: Reading = now,
    ) -> None:
        self._read = read
        self._after_ms = after_ms
        self._catalogue = catalogue
        self._say = say
        self._placed = placed
        self._wanted = 0
        self._due_mono: int | None = None
        self._wake = asyncio.Event()

    def governed(self, reign: Reign) -> None:
        """Go by what has come into force."""
        self._after_ms, self._catalogue = reign.agreement.line.arrival_after_ms, reign.catalogue

    def heard(self, start: int, kinds: Iterable[str | None]) -> None:
        """Entries of these kinds came into the mirror, the first of them at this index."""
        for index, name in enumerate(kinds, start):
            kind = self._catalogue.kind(name) if name else None
            if kind is not None and not kind.machine:
                self._call(index + 1)

    def recall(self, store: LogStore) -> None:
        """After a start: what came before it may still want its place."""
        size = store.head(store.their).size
        if placed_size(store) < size:
            self._call(size)

    def settled(self) -> None:
        """We logged something; what was held when it was made has its place, and what came since waits anew."""
        if self._due_mono is not None:
            self._due_mono = self._read().mono_ms + self._after_ms

    def _call(self, size: int) -> None:
        self._wanted = max(self._wanted, size)
        if self._due_mono is None:
            self._due_mono = self._read().mono_ms + self._after_ms
            self._wake.set()

    async def run(self) -> None:
        """Log an arrival whenever one is due, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due_mono is not None:
                left_ms = self._due_mono - self._read().mono_ms
                if left_ms > 0:
                    await asyncio.sleep(left_ms / 1000)
                    continue
                self._due_mono = None
                if await self._placed() < self._wanted:
                    await self._say()


def placed_size(store: LogStore) -> int:
    """How much of the other log has its place in ours: what our last entry holds."""
    own = store.head(store.own)
    try:
        return Entry.parse(store.read(store.own, own.size - 1, own.size)[0]).held.size if own.size else 0
    except (ProtocolError, StoreDamaged):
        # An entry of ours that we cannot read says nothing about what was held; one arrival too many is safe.
        return 0
