"""Sessions over websockets: listening, and moving messages; every decision is the channel's.

A node listens for its counterparts and dials those whose addresses it has (`nodes/dialler.py`); one session a line is
enough. If both dial at once, the session that the party with the lower name dialled stays.

Before a listener knows who it is, it has a TLS handshake with a pinned key and one message of fixed form, the hello;
the channel named there gets the connection if the key is one of that counterpart's.

Source: spec/channel.md, "Sessions".
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from nodes.budget import Bucket, Pace
from nodes.clock import Reading, now
from nodes.config import Endpoint
from nodes.door import Door, open_doors
from nodes.driver import REPLACED
from nodes.errors import NodeError
from nodes.inbox import Message
from nodes.line import Line
from nodes.plain_websocket import PlainServerConnection
from nodes.reach import watch
from nodes.tls import TlsRefused, peer_pin
from protocol.errors import ProtocolError
from protocol.frames import FrameType, parse
from protocol.handshake import Tie
from protocol.limits import FRAME_BYTES_MAX

SUBPROTOCOL = Subprotocol("hotline.v1")
OPEN_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 2.0
STOP_TIMEOUT_S = 1.0
"""For connections to end by themselves when the node stops. One that sent more than it may waits for minutes."""
CONNECTIONS_MAX = 64
"""Connections that may be open to the listener at once before they are known to be a counterpart's."""
CONNECTIONS_PER_ADDRESS = 16
SESSIONS_PER_S = 1
SESSIONS_AT_ONCE = 8
"""Sessions that one counterpart may begin. Each costs some 10 ms of signatures and ends the one before."""
OUTBOX_BYTES_MAX = 64 * 1024 * 1024
"""Bytes of one session that may wait to leave. What is sent unasked waits for an empty queue and is at most some 8 MB;
the rest are answers, which a peer that asks and does not read could have us keep without end."""
AT_ONCE_BYTES_MAX = 1024 * 1024
"""Bytes written in one piece. What is larger leaves message by message, as it is taken: in one piece it would lie in
memory several times over, and what the connection has yet to write would look like answers that nobody reads."""

COMMON: dict[str, Any] = {
    "compression": None,
    "max_size": FRAME_BYTES_MAX,
    "open_timeout": OPEN_TIMEOUT_S,
    "close_timeout": CLOSE_TIMEOUT_S,
    "ping_interval": 20,
    "ping_timeout": 20,
    "subprotocols": [SUBPROTOCOL],
}


class Connection(Protocol):
    """What is used of a websocket."""

    async def send(self, message: bytes) -> None:
        """Send one message; waits while the peer takes none."""

    def write_now(self, messages: Sequence[bytes]) -> bool:
        """Write messages in one piece, unless they would have to wait; whether they were written."""

    async def recv(self, decode: bool | None = None) -> Any:
        """The next message."""

    async def take(self) -> list[Message]:
        """Wait for messages and take all that came; none once it has ended."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection."""


Entropy = Callable[[int], bytes]
"""Gives so many fresh random bytes."""


class WebsocketSession:
    """One connection to a peer; see `nodes.driver.Session`."""

    def __init__(self, connection: Connection, tie: Tie, drained: Callable[[], None]) -> None:
        self.tie = tie
        self._connection = connection
        self._drained = drained
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._closing: tuple[str, str] | None = None
        self.reason: str | None = None

    @property
    def busy(self) -> bool:
        """Whether messages still wait to leave."""
        return bool(self._queue)

    def send(self, messages: Sequence[bytes]) -> None:
        """Let messages leave, in their order: now, or once those before them have."""
        size = sum(map(len, messages))
        # An append and its bodies in one packet wake the other side once, and it reads all of them.
        at_once = not self._queue and size <= AT_ONCE_BYTES_MAX
        if self._closing is not None or (at_once and self._connection.write_now(messages)):
            return
        self._queue += messages
        self._bytes += size
        self._wake.set()
        if self._bytes > OUTBOX_BYTES_MAX:
            self._queue.clear()
            self.close("not-read", "the other side asks and does not read")

    def close(self, code: str, text: str) -> None:
        """End the connection once what is queued has left."""
        if self._closing is None:
            self._closing = (code, text)
            self.reason = code
            self._wake.set()

    async def write(self) -> None:
        """Send what is queued, as fast as the peer takes it, until closed by us or ended by the peer."""
        try:
            await self._write()
        except ConnectionClosed:
            # Whoever reads the connection sees that as well, and ends the session.
            return

    async def _write(self) -> None:
        while True:
            while self._queue:
                data = self._queue[0]
                await self._connection.send(data)
                if self._queue:
                    self._queue.popleft()
                    self._bytes -= len(data)
            if self._closing is not None:
                await self._connection.close(1000, self._closing[0][:100])
                return
            self._wake.clear()
            self._drained()
            await self._wake.wait()


async def hold(line: Line, connection: Connection, tie: Tie, first: bytes | None) -> str | None:
    """Run one session to its end.

    Args:
        line: whose.
        connection: after TLS, with a key of the counterpart.
        tie: the connection as the handshake sees it.
        first: the first message, where it was read already.

    Returns:
        Why we ended it, or None if the other side did.
    """
    session = WebsocketSession(connection, tie, line.driver.drained)
    writer = asyncio.create_task(session.write())
    try:
        await line.driver.attach(session)
        line.unconnected.clear()
        if first is not None:
            await line.driver.receive(session, [first])
        while messages := await connection.take():
            whole = [message for message in messages if isinstance(message, bytes)]
            await line.driver.receive(session, whole)
            if len(whole) < len(messages):
                session.close("bad-frame", "a text message")
                break
    except Exception as error:
        # A mistake of ours that a peer has found ends this session. It must not end the dialler, nor pass unseen.
        line.log.exception("session failed", error=type(error).__name__)
        session.close("internal-error", "")
    finally:
        try:
            await line.driver.detach(session)
            if line.driver.dialled is None:
                line.unconnected.set()
            session.close("closed", "")
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await writer
        except TimeoutError:
            line.log.info("connection did not take its end")
        finally:
            writer.cancel()
    if session.reason == REPLACED and _answered(connection):
        # A node holds one connection a line, and lets go of it before it dials another.
        line.alarm("two-sessions", f"{line.counterpart} was there twice: its keys are in use in two places")
    return session.reason


def _answered(connection: Connection) -> bool:
    """Whether the other side answered our closing, so that it was still there."""
    protocol = getattr(connection, "protocol", None)
    return protocol is not None and protocol.close_rcvd is not None and protocol.close_rcvd_then_sent is False


class Listener:
    """Takes connections of counterparts.

    Args:
        lines: by channel id.
        address: where to listen.
        context: makes the TLS context anew, after a roster changed.
        own_pin: hash of our TLS key.
        entropy: draws the nonces of sessions.
        read: reads the clocks.
    """

    def __init__(
        self,
        *,
        lines: Mapping[bytes, Line],
        address: Endpoint,
        context: Callable[[], ssl.SSLContext],
        own_pin: bytes,
        entropy: Entropy = secrets.token_bytes,
        read: Reading = now,
    ) -> None:
        self._lines = lines
        self._entropy = entropy
        self._read = read
        self._pace = Pace(read=read)
        self._sessions: dict[bytes, Bucket] = {}
        self._doors: list[Door] = []
        self._address = address
        self._context = context
        self._own_pin = own_pin
        self._open: Counter[str] = Counter()
        self._servers: list[Server] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger(part="listener")

    async def start(self) -> None:
        """Bind the port.

        Raises:
            NodeError: `port-in-use`, or another reason why it cannot be had.
        """
        doors = self._doors = await open_doors(
            self._address, room=CONNECTIONS_MAX, room_of_one=CONNECTIONS_PER_ADDRESS, pace=self._pace
        )
        for door in doors:
            # What a door lets in has its options.
            watch(door)
        context = self._context()
        try:
            for door in doors:
                served = serve(
                    self._serve,
                    sock=door,
                    ssl=context,
                    server_header=None,
                    backlog=CONNECTIONS_MAX,
                    create_connection=PlainServerConnection,
                    **COMMON,
                )
                self._servers.append(await served)
        except OSError as error:
            host, port = self._address
            raise NodeError("port-in-use", f"cannot listen at {host}:{port}: {error.strerror}") from error

    @property
    def port(self) -> int:
        """The port bound."""
        if not self._servers:
            return 0
        return int(next(iter(self._servers[0].sockets)).getsockname()[1])

    async def stop(self) -> None:
        """Let go of the port and of every connection; of one that has to wait for its turn at once."""
        for server in self._servers:
            server.close()
        if self._serving:
            await asyncio.wait(self._serving, timeout=STOP_TIMEOUT_S)
        for task in self._serving:
            task.cancel()
        for server in self._servers:
            await server.wait_closed()

    async def _serve(self, connection: ServerConnection) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        address = str(connection.remote_address[0]) if connection.remote_address else "?"
        inside: socket.socket | None = connection.transport.get_extra_info("socket")
        await self.take(
            cast(PlainServerConnection, connection),
            address,
            lambda: peer_pin(connection.transport.get_extra_info("ssl_object")),
            lambda: None if inside is None else self._known(inside.fileno()),
        )

    def _known(self, handle: int) -> None:
        """A connection is a counterpart's: it counts no more as a stranger's."""
        for door in self._doors:
            source = door.known(handle)
            if source is not None:
                self._pace.give(source)

    async def take(
        self, connection: Connection, address: str, pin: Callable[[], bytes], known: Callable[[], None] = lambda: None
    ) -> None:
        """Hold a connection that somebody opened, if it is a counterpart's, until it ends.

        Args:
            connection: after the TLS handshake.
            address: where it comes from.
            pin: gives the hash of the TLS key that it showed, or raises TlsRefused.
            known: called once it is a counterpart's.
        """
        if self._open.total() >= CONNECTIONS_MAX or self._open[address] >= CONNECTIONS_PER_ADDRESS:
            await connection.close(1013, "busy")
            return
        self._open[address] += 1
        try:
            admitted = await self._admit(connection, pin())
        except (ConnectionClosed, TimeoutError):
            self._log.info("connection ended before its hello", address=address)
            return
        except (TlsRefused, ProtocolError) as error:
            self._log.warning("connection refused", address=address, code=error.code)
            await connection.close(1008, error.code)
            return
        finally:
            self._open -= Counter([address])
        if admitted is not None:
            known()
            await hold(admitted[0], connection, *admitted[1:])

    async def _admit(self, connection: Connection, pin: bytes) -> tuple[Line, Tie, bytes] | None:
        """Whose it is, with its first message; None where it was turned away though it is a counterpart's."""
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            first = await connection.recv(decode=False)
        hello = parse(first if isinstance(first, bytes) else b"")
        line = self._lines.get(hello["channel"]) if hello.type is FrameType.HELLO else None
        if line is None or pin not in line.their_pins():
            raise TlsRefused("unknown-peer", "no channel here has a counterpart with that key")
        if line.driver.dialled and line.own < line.counterpart and line.driver.fresh:
            await connection.close(1013, "duplicate")
            return None
        sessions = self._sessions.get(line.channel)
        if sessions is None:
            sessions = Bucket(per_s=SESSIONS_PER_S, burst=SESSIONS_AT_ONCE, read=self._read)
            self._sessions[line.channel] = sessions
        if not sessions.take():
            await connection.close(1013, "busy")
            return None
        return line, Tie(dialled=False, own_pin=self._own_pin, their_pin=pin, nonce=self._entropy(32)), first
