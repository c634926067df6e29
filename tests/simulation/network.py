"""A network in virtual time: connections that carry messages in order, until something cuts them.

What is under the websockets is TCP and TLS, so a connection never loses, doubles or reorders; it delays, stalls and
breaks. A route that is blocked holds what arrives until it opens again. A keepalive notices on both ends, as the one of
the websockets does: within twenty to forty seconds. An adversary may add messages to a connection, and change them.
What came to a process that is frozen waits for it, also where the other end gave up meanwhile.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from websockets.exceptions import ConnectionClosedError

from tests.simulation.loop import OWNER, Process, SimLoop

KEEPALIVE_US = 20_000_000
BUFFER_BYTES = 262_144

NOBODY = contextvars.Context()


@dataclass
class Route:
    """One direction between two parties.

    Attributes:
        delay_us: of a message, before chance.
        blocked: whether nothing arrives.
        waiting: arrivals that the block holds back.
    """

    delay_us: int = 5_000
    blocked: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)


class Host(Protocol):
    """What the network needs of its world."""

    loop: SimLoop

    def listening(self, party: str) -> tuple[Process, Any] | None:
        """The process of a party and its listener, if it runs."""

    def sent(self, end: End, data: bytes) -> Sequence[bytes]:
        """A message leaves a process; gives what travels."""

    def arrived(self, end: End, data: bytes) -> None:
        """A message reached a process."""

    def jitter_us(self) -> int:
        """A little chance for each message."""

    def lead_astray(self, source: str, target: str) -> str:
        """Whom a connection really reaches."""

    def pin(self, party: str) -> bytes:
        """Hash of a party's TLS key."""

    def count(self, name: str) -> None:
        """Something happened that should happen sometimes."""


class End:
    """One end of a connection; see `nodes.peer.Connection`.

    Attributes:
        route: from here to there.
    """

    peer: End

    def __init__(self, network: Network, process: Process, there: str) -> None:
        self.network = network
        self.process = process
        self.here, self.there = process.name, there
        self.route = network.routes[process.name, there]
        self.closed = False
        self.vanished = False
        self.wire: deque[bytes | None] = deque()
        self.inbox: deque[bytes] = deque()
        self.unread = 0
        self._reader: asyncio.Future[None] | None = None
        self._senders: list[asyncio.Future[None]] = []
        self._last_us = self._sent_us = 0
        self._bursts: deque[int] = deque()
        self._ping_lost = False
        self._look_later()

    # --- what a node does with it -------------------------------------------------------------------------------------

    async def send(self, message: bytes) -> None:
        while not self.closed and self.unread > BUFFER_BYTES:
            self.network.host.count("backpressure")
            future = asyncio.get_running_loop().create_future()
            self._senders.append(future)
            await future
        if self.closed:
            raise ConnectionClosedError(None, None)
        for data in self.network.host.sent(self, message):
            self.transmit(data)

    def write_now(self, messages: Sequence[bytes]) -> bool:
        if self.closed or self.unread > BUFFER_BYTES:
            return False
        for message in messages:
            for data in self.network.host.sent(self, message):
                self.transmit(data)
        return True

    async def recv(self, decode: bool | None = None) -> Any:
        while not self.inbox:
            if self.closed:
                raise ConnectionClosedError(None, None)
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        message = self.inbox.popleft()
        self.peer.taken(len(message))
        return message

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if not self.closed:
            self.transmit(None)
            self.abort()

    async def take(self) -> list[bytes | str]:
        while not (self.inbox or self.closed):
            self._reader = self.network.host.loop.create_future()
            await self._reader
        messages: list[bytes | str] = list(self.inbox)
        self.inbox.clear()
        self.peer.taken(sum(map(len, messages)))
        return messages

    # --- what the network does with it --------------------------------------------------------------------------------

    def transmit(self, item: bytes | None) -> None:
        """Put something on the wire; None is the end. What is sent at one instant travels together."""
        self.wire.append(item)
        self.unread += 0 if item is None else len(item)
        loop = self.network.host.loop
        if self._bursts and self._sent_us == loop.now_us:
            self._bursts[-1] += 1
            return
        self._sent_us = loop.now_us
        self._bursts.append(1)
        self._last_us = max(self._last_us, loop.now_us + self.route.delay_us + self.network.host.jitter_us())
        loop.at_us(self._last_us, self._arrive, context=NOBODY)

    def _arrive(self) -> None:
        route = self.route
        if route.blocked:
            route.waiting.append(self._arrive)
            return
        for _ in range(self._bursts.popleft()):
            item = self.wire.popleft()
            if self.peer.closed or self.peer.vanished:
                # Nobody is there any more, and this end learns it.
                self.abort()
            elif item is None:
                self.peer.abort(unread=True)
            else:
                self.network.host.arrived(self.peer, item)
                self.peer.inbox.append(item)
                self.peer.wake()

    def taken(self, count: int) -> None:
        """The other end took a message of so many bytes."""
        self.unread -= count
        if self.unread <= BUFFER_BYTES:
            senders, self._senders = self._senders, []
            for future in senders:
                if not future.done():
                    future.set_result(None)

    def wake(self) -> None:
        """Something came, or nothing will."""
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
        self._reader = None

    def abort(self, *, unread: bool = False) -> None:
        """This end is over; with `unread`, what came can still be read."""
        if not self.closed:
            self.closed = True
            self.network.ends.pop(self, None)
            if not unread:
                self.inbox.clear()
            self.taken(self.unread)
            self.wake()

    def vanish(self, *, silent: bool) -> None:
        """The process is gone; the machine says so, unless it lost power."""
        if not silent and not self.closed:
            self.transmit(None)
        self.vanished = True
        self.abort()

    def _look_later(self) -> None:
        loop = self.network.host.loop
        loop.at_us(loop.now_us + KEEPALIVE_US, self._keepalive, context=NOBODY)

    def _keepalive(self) -> None:
        if self.closed:
            return
        if self.network.host.loop.is_frozen(self.process):
            self._look_later()
            return
        lost = self.route.blocked or self.network.routes[self.there, self.here].blocked or self.peer.vanished
        lost = lost or self.network.host.loop.is_frozen(self.peer.process)
        if lost and self._ping_lost:
            self.network.host.count("keepalive ended a connection")
            self.transmit(None)
            self.abort()
            return
        self._ping_lost = lost
        self._look_later()


class Network:
    """All connections of a world.

    Args:
        host: the world.
        parties: short names.
    """

    def __init__(self, host: Host, parties: Sequence[str]) -> None:
        self.host = host
        self.routes = {(a, b): Route() for a in parties for b in parties if a != b}
        self.ends: dict[End, None] = {}

    async def dial(self, source: Process, target: str) -> tuple[End, bytes]:
        """Open a connection from a process to a party.

        Raises:
            ConnectionRefusedError: nobody listens there.
        """
        reached = self.host.lead_astray(source.name, target)
        there, back = self.routes[source.name, reached], self.routes[reached, source.name]
        await asyncio.sleep((there.delay_us + back.delay_us + self.host.jitter_us()) / 1_000_000)
        if there.blocked or back.blocked:
            await asyncio.sleep(3600)
        found = self.host.listening(reached)
        if found is None:
            raise ConnectionRefusedError
        process, listener = found
        if self.host.loop.is_frozen(process):
            # Its machine takes the connection, and nobody there says a word.
            await asyncio.sleep(3600)
        near, far = End(self, source, reached), End(self, process, source.name)
        near.peer, far.peer = far, near
        self.ends[near] = self.ends[far] = None
        pin = self.host.pin(source.name)
        process.start(self.host.loop, listener.take(far, source.name, lambda: pin))
        return near, self.host.pin(reached)

    def block(self, a: str, b: str, *, blocked: bool) -> None:
        """Block or open the direction from a to b."""
        route = self.routes[a, b]
        route.blocked = blocked
        if not blocked:
            waiting, route.waiting = route.waiting, []
            loop = self.host.loop
            for arrive in waiting:
                loop.at_us(loop.now_us + 1_000, arrive, context=NOBODY)

    def cut(self, a: str, b: str) -> None:
        """Break every connection between two parties."""
        for end in list(self.ends):
            if {end.here, end.there} == {a, b}:
                end.abort()

    def leave(self, process: Process, *, silent: bool) -> None:
        """A process is gone."""
        for end in list(self.ends):
            if end.process is process:
                end.vanish(silent=silent)


__all__ = ["NOBODY", "OWNER", "End", "Network", "Route"]
