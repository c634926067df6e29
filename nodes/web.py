"""The HTTP side of a node: a health check on loopback, and the logs, read-only, for auditors over mutual TLS.

Logs are served in the public tile format: `/<counterpart>/<party>/checkpoint`, `tile/...`, `tile/entries/...`, for our
log and for the mirror of the counterpart's, and the documents that entries name, as in an export. Only what the
counterpart, or we for its log, cosigned is served, so that nobody sees a checkpoint that not both sides stand by.

A client is let in by its certificate: a file in the home's `auditors/`, whose key an agreement names (for that channel)
or an administrator's settings do (for all).

Source: C2SP tlog-tiles; spec/log.md, "Serving".
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from nodes.config import Endpoint
from nodes.door import open_doors
from nodes.errors import NodeError
from nodes.served_documents import ServedDocuments
from nodes.soundness import checkpoint_of
from nodes.store import OWN_COSIGNED, THEIR_COSIGNED, LogStore, StoreDamaged
from nodes.tls import TlsRefused, peer_pin
from nodes.witnessed import published
from protocol.joined_log import BEFORE_FOLDER
from protocol.log_error import LogRefused
from protocol.tiles import TILE_WIDTH, encode_bundle, parse_path

if TYPE_CHECKING:
    from nodes.line import Line
    from nodes.node import Node

PATH_CHARS_MAX = 200
IDLE_S = 10
REQUEST_S = 15
"""From a connection, or the answer before, to the end of a request."""
PART_BYTES = 131_072
"""Bytes of entries read at a time for a client."""
CONNECTIONS_MAX = 32
CONNECTIONS_PER_ADDRESS = 8
"""Of these, where strangers may connect: the rest are for others, while one of them says nothing."""


class _TimedProtocol(H11Protocol):
    """HTTP in which a client has so long for each request and no longer, however it spreads its bytes over it."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """From here the first request has its time."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """What came may be all of a request, or not."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """The next request has its time."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        answering: Any = self.cycle
        if answering is not None and not answering.response_complete:
            self._forget()
        elif self._late is None:
            self._late = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _forget(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class _PinnedProtocol(_TimedProtocol):
    """HTTP whose requests know the hash of the client's TLS key."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Look at the key before the first byte of a request."""
        super().connection_made(transport)
        try:
            self.app_state = {**self.app_state, "pin": peer_pin(transport.get_extra_info("ssl_object"))}
        except TlsRefused:
            transport.abort()


class _Server(uvicorn.Server):
    """A server inside our loop, which leaves signals to the node."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """One HTTP server of a node.

    Args:
        app: what it serves.
        address: where.
        tls: context for HTTPS; None for plain HTTP.
        strangers: whether whoever connects may be anybody. Behind HTTPS they are known by their certificates.
    """

    def __init__(
        self, app: Starlette, address: Endpoint, tls: ssl.SSLContext | None = None, *, strangers: bool = False
    ) -> None:
        self._address = address
        self._strangers = strangers or tls is not None
        config = uvicorn.Config(
            app,
            host=address[0],
            port=address[1],
            http=_TimedProtocol if tls is None or strangers else _PinnedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=IDLE_S,
            limit_concurrency=CONNECTIONS_MAX,
        )
        config.load()
        if tls is not None:
            config.ssl = tls
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Bind the port and serve.

        Raises:
            NodeError: `port-in-use`.
        """
        # Bound here, because the library ends the process where it cannot bind.
        room_of_one = CONNECTIONS_PER_ADDRESS if self._strangers else CONNECTIONS_MAX
        doors = await open_doors(self._address, room=CONNECTIONS_MAX, room_of_one=room_of_one)
        try:
            for door in doors:
                door.listen(CONNECTIONS_MAX)
        except OSError as error:
            host, port = self._address
            raise NodeError("port-in-use", f"cannot listen at {host}:{port}: {error.strerror}") from error
        self._task = asyncio.create_task(self._server.serve(sockets=list(doors)))

    async def stop(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


def health_app(node: Node) -> Starlette:
    """`GET /healthz`: 200 while the process serves and no write has failed; the state of each line is in the text."""

    async def healthz(_: Request) -> Response:
        lines = [f"{name} {line.status()['line']}" for name, line in sorted(node.lines.items())]
        return PlainTextResponse("\n".join(["ok", *lines, ""]), headers={"Cache-Control": "no-store"})

    return Starlette(routes=[Route("/healthz", healthz, methods=["GET"])])


def tiles_app(node: Node) -> Starlette:
    """The logs of every channel, for those who may read them."""

    async def serve(request: Request) -> Response:
        path = request.path_params["path"]
        line = node.lines.get(request.path_params["counterpart"])
        voice = request.path_params["party"]
        pin = request.scope["state"].get("pin")
        allowed = line is not None and (
            pin in node.config.tiles_clients or any(pin == one.tls_pin for one in line.agreement.auditors)
        )
        # Whoever may not read a channel is not told that it exists.
        if line is None or not allowed or voice not in (line.own, line.counterpart) or len(path) > PATH_CHARS_MAX:
            return PlainTextResponse("not found\n", 404)
        return await run_in_threadpool(_read_line, line, voice, path, documents)

    documents = ServedDocuments()
    routes = [Route("/{counterpart}/{party}/{path:path}", serve, methods=["GET"])]
    app = Starlette(routes=routes)
    # A client is answered here or not at all, and never sent to whatever host its request names.
    app.router.redirect_slashes = False
    return app


def _read_line(line: Line, voice: str, path: str, documents: ServedDocuments) -> Response:
    """A file of a voice: of its present log, or below `before/<epoch>/` of one that ended."""
    for ended in line.past.of(voice):
        folder = f"{BEFORE_FOLDER}/{ended.epoch}/"
        if path.startswith(folder):
            return _read(ended.store, voice, path.removeprefix(folder), ended.succession.note, documents)
    note = line.store.note(OWN_COSIGNED if voice == line.own else THEIR_COSIGNED)
    return _read(line.store, voice, path, note, documents)


def _read(store: LogStore, voice: str, path: str, note: bytes | None, documents: ServedDocuments) -> Response:
    if note is None:
        return PlainTextResponse("nothing is cosigned yet\n", 404)
    if path == "checkpoint":
        if voice == store.own:
            note = published(store, note)
        return Response(note, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})
    try:
        size = checkpoint_of(note, "the cosigned checkpoint").size
    except StoreDamaged:
        return PlainTextResponse("not readable now\n", 503)
    kind, headers = "application/octet-stream", {"Cache-Control": "private, max-age=31536000, immutable"}
    try:
        tile = parse_path(path)
    except LogRefused:
        text = documents.find(store, voice, path, size)
        if text is None:
            return PlainTextResponse("not found\n", 404)
        return Response(text, media_type=kind, headers=headers)
    level = 0 if tile.level is None else tile.level
    # A tile is there as far as the cosigned tree reaches; a wider partial one would show what is not cosigned.
    if tile.index * TILE_WIDTH + tile.width > size >> (8 * level):
        return PlainTextResponse("not found\n", 404)
    start = tile.index * TILE_WIDTH
    if tile.level is None:
        return StreamingResponse(_bundle(store, voice, start, start + tile.width), media_type=kind, headers=headers)
    return Response(store.tile(voice, level, tile.index, tile.width), media_type=kind, headers=headers)


def _bundle(store: LogStore, voice: str, start: int, end: int) -> Iterator[bytes]:
    """A bundle a part at a time, as fast as the client reads: whole, it can have 16 MB."""
    while start < end and (entries := store.read(voice, start, end, bytes_max=PART_BYTES)):
        yield encode_bundle(entries)
        start += len(entries)
