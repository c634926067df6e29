"""The local API: how officers, and the commands that act for them, reach the node on its machine.

A WebSocket on a Unix socket in the home, mode 0660. Whoever may open the socket may ask for the state of the line;
everything else asks for a login (`nodes/login.py`) and, for contents, for a role that may read (`nodes/operations.py`).
Requests are answered as they finish, many at a time; what is asked too fast waits in the socket, not in memory.

Source: spec/local-api.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket as sockets
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import structlog
from websockets.asyncio.server import Server, ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

from keys.errors import KeyElsewhere
from nodes.api_frames import FRAME_BYTES_MAX, VERSION, decode_request, encode_answer, encode_push, encode_refusal
from nodes.errors import ApiRefused, NodeError
from nodes.home import NodeHome
from nodes.journal import Journal
from nodes.line import Line
from nodes.login import CHALLENGE_BYTES
from nodes.operations import OPERATIONS, Caller
from nodes.pages import Pages
from nodes.plain_websocket import PlainServerConnection
from nodes.unix_path import socket_address
from nodes.witnessing import Witnessing
from protocol.errors import ProtocolError

SOCKET_MODE = 0o660
CONNECTIONS_MAX = 64
# Requests of one connection that are worked on at once; more wait unread. A bench keeps some hundred on their way.
PENDING_MAX = 512
# And their bytes, which stay until the answer: a request that waits keeps what it asked with.
PENDING_BYTES_MAX = 8 * FRAME_BYTES_MAX

log = structlog.get_logger("hotline.api")


class ApiNode(Protocol):
    """What the API asks of a node.

    Attributes:
        home: its directory, where the socket goes.
        party: short name.
        lines: by counterpart.
        journal: what the party writes down for itself.
        pages: what people are called for.
        witnessing: of its lines, by counterpart, where the settings have witnesses.
    """

    home: NodeHome
    party: str
    lines: dict[str, Line]
    journal: Journal
    pages: Pages
    witnessing: dict[str, Witnessing]


class ApiServer:
    """The server of one node's local API.

    Args:
        node: whose lines it serves.
    """

    def __init__(self, node: ApiNode) -> None:
        self._node = node
        self._path = node.home.socket
        self._server: Server | None = None
        self._connections = 0

    async def start(self) -> None:
        """Listen on the socket.

        Raises:
            NodeError: `home-in-use` where another process answers there, `home-unwritable` where it cannot be made.
        """
        listener = await asyncio.to_thread(_listener, self._path)
        self._server = await unix_serve(
            self._serve,
            sock=listener,
            compression=None,
            max_size=FRAME_BYTES_MAX,
            create_connection=PlainServerConnection,
            ping_interval=None,
            open_timeout=5,
            close_timeout=1,
            server_header=None,
        )

    async def stop(self) -> None:
        """Close every connection and remove the socket."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
            await asyncio.to_thread(self._path.unlink, missing_ok=True)

    async def _serve(self, connection: ServerConnection) -> None:
        if self._connections >= CONNECTIONS_MAX:
            await connection.send(encode_refusal(0, code="api-busy", text="too many connections are open"))
            return
        self._connections += 1
        try:
            with contextlib.suppress(ConnectionClosed):
                await _Conversation(self._node, cast(PlainServerConnection, connection)).run()
        finally:
            self._connections -= 1


class _Conversation:
    """One connection: a greeting, perhaps a login, and requests."""

    def __init__(self, node: ApiNode, connection: PlainServerConnection) -> None:
        self._connection = connection
        self._challenge = secrets.token_bytes(CHALLENGE_BYTES)
        self._caller = Caller(node=node, challenge=self._challenge, push=self._push)
        self._pending_bytes = 0
        self._ended = asyncio.Event()
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        greeting = {"challenge": self._challenge, "party": self._caller.node.party, "version": VERSION}
        await self._connection.send(encode_answer(0, greeting))
        try:
            async for data in self._connection:
                if not isinstance(data, bytes):
                    await self._connection.send(encode_refusal(0, code="request-malformed", text="text, not bytes"))
                    return
                try:
                    number, op, arguments = decode_request(data)
                except ApiRefused as error:
                    # Without a number there is no answer that the client could place: the conversation ends.
                    await self._connection.send(encode_refusal(0, code=error.code, text=error.text))
                    return
                await self._has_room(len(data))
                task = asyncio.create_task(self._work(number, op, arguments))
                self._tasks.add(task)
                task.add_done_callback(partial(self._done, len(data)))
        finally:
            for task in self._tasks:
                task.cancel()
            self._caller.close()

    async def _has_room(self, size: int) -> None:
        """Wait until one more request of so many bytes may be worked on; then it counts."""
        while self._tasks and (len(self._tasks) >= PENDING_MAX or self._pending_bytes + size > PENDING_BYTES_MAX):
            self._ended.clear()
            await self._ended.wait()
        self._pending_bytes += size

    def _done(self, size: int, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._pending_bytes -= size
        self._ended.set()

    async def _work(self, number: int, op: str, arguments: dict[str, Any]) -> None:
        answer = await self._answer(number, op, arguments)
        if len(answer) > FRAME_BYTES_MAX:
            answer = encode_refusal(number, code="answer-too-large", text="ask for less at a time")
        with contextlib.suppress(ConnectionClosed):
            await self._send(answer)

    async def _answer(self, number: int, op: str, arguments: dict[str, Any]) -> bytes:
        operation = OPERATIONS.get(op)
        if operation is None:
            return encode_refusal(number, code="request-malformed", text=f"there is no operation {op[:40]!r}")
        try:
            return encode_answer(number, await operation.run(self._caller, arguments))
        except NodeError as error:
            return encode_refusal(number, code=error.code, text=error.text)
        except (ProtocolError, KeyElsewhere) as error:
            return encode_refusal(number, code=error.code, text=str(error))
        except Exception as error:
            # A mistake of ours must not leave the client waiting for ever.
            log.exception("api-request-failed", op=op, error=type(error).__name__)
            return encode_refusal(number, code="internal-error", text=f"{op} failed; see the node's log")

    async def _push(self, name: str, values: dict[str, Any]) -> None:
        await self._send(encode_push(name, values))

    async def _send(self, message: bytes) -> None:
        """Send one message after the other: a client that reads slowly has one waiting in the socket, and not all."""
        if not self._sending.locked() and self._connection.write_now([message]):
            return
        async with self._sending:
            await self._connection.send(message)


def _listener(path: Path) -> sockets.socket:
    """Bind the socket; its mode is set before anybody can connect."""
    try:
        with socket_address(path) as address:
            if path.is_socket():
                _require_stale(path, address)
            listener = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
            try:
                listener.bind(address)
                os.chmod(path, SOCKET_MODE)
                listener.listen(CONNECTIONS_MAX)
                listener.setblocking(False)
            except BaseException:
                listener.close()
                raise
            return listener
    except OSError as error:
        raise NodeError("home-unwritable", f"{path} cannot be made: {error.strerror or error}") from error


def _require_stale(path: Path, address: str) -> None:
    """Remove a socket that a killed node left; refuse where somebody answers on it."""
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(address)
        except ConnectionRefusedError:
            path.unlink()
            return
    raise NodeError("home-in-use", f"another node answers at {path}")
