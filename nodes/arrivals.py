"""Arrivals: when what the other side's people said has waited long enough for its place in our order.

An entry of the other log arrives in ours just before the first of our entries whose `held` covers it. Anything we log
does that; a node that has nothing to say logs an `arrival`, one for many, after the time the agreement allows. Entries
of machines never call for one, or two nodes would answer each other for ever.

Source: spec/docket.md, "Home order".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from nodes.clock import Reading, now
from nodes.store import LogStore, StoreDamaged
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue


class Arrivals:
    """The timer of one line.

    Args:
        after_ms: how long an entry may wait, milliseconds.
        catalogue: says which kinds are machines'.
        say: logs an `arrival`.
        read: reads the clocks.
    """

    def __init__(
        self, *, after_ms: int, catalogue: Catalogue, say: Callable[[], Awaitable[None]], read: Reading = now
    ) -> None:
        self._read = read
        self._after_ms = after_ms
        self._catalogue = catalogue
        self._say = say
        self._due_mono: int | None = None
        self._wake = asyncio.Event()

    def heard(self, kinds: Iterable[str | None]) -> None:
        """Entries of these kinds came into the mirror."""
        known = (self._catalogue.kind(name) if name else None for name in kinds)
        if any(kind is not None and not kind.machine for kind in known):
            self._call()

    def recall(self, store: LogStore) -> None:
        """After a start: what came before it may still want its place."""
        own, their = store.head(store.own), store.head(store.their)
        held = 0
        if own.size:
            try:
                held = Entry.parse(store.read(store.own, own.size - 1, own.size)[0]).held.size
            except (ProtocolError, StoreDamaged):
                # An entry of ours that we cannot read says nothing about what was held; one arrival too many is safe.
                held = 0
        if held < their.size:
            self._call()

    def settled(self) -> None:
        """We logged something; everything that was held has its place."""
        self._due_mono = None

    def _call(self) -> None:
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
                await self._say()
