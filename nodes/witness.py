"""A witness: cosigns how far logs go, over HTTP, for whoever brings a checkpoint that it can verify.

It reads no entries and knows no parties. Requests need no login: the log's signature and the proof of growth decide.

    POST /add-checkpoint                        a checkpoint and its proof; the answer is our signature lines
    GET  /<hex SHA-256 of the origin>/checkpoint  the last one cosigned, with the lines of the log and ours

Source: C2SP tlog-witness; spec/witness.md.
"""

from __future__ import annotations

from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from keys.witness_keyring import WitnessKeyring
from nodes.clock import Reading, now
from nodes.errors import NodeError
from nodes.witness_store import Followed, WitnessStore
from protocol.cosignature import cosign
from protocol.witness import (
    CONFLICT,
    MALFORMED,
    REQUEST_BYTES_MAX,
    SIZE_TYPE,
    UNKNOWN,
    AddCheckpoint,
    NotCosigned,
    check_growth,
    conflict,
    origin_of,
    signed_by,
    verify,
)

_NOT_STORED: Final = {"Cache-Control": "no-store"}
_TEXT: Final = "text/plain; charset=utf-8"


class Witness:
    """See the module. Any thread may call.

    Args:
        keyring: its keys.
        store: what it remembers.
        read: reads the clock.
    """

    def __init__(self, keyring: WitnessKeyring, store: WitnessStore, *, read: Reading = now) -> None:
        self.name = keyring.name
        self._signers = keyring.signers()
        self._store = store
        self._read = read
        self._log = structlog.get_logger(part="witness")

    def add_checkpoint(self, body: bytes) -> bytes:
        """Cosign what a request brings.

        Returns:
            Our signature lines, once the checkpoint is the last one on the disk.

        Raises:
            NotCosigned: what the answer says instead.
            NodeError: `witness-state`; nothing was promised.
        """
        request = AddCheckpoint.parse(body)
        log = self._store.find(origin_of(request))
        if log is None:
            raise NotCosigned(UNKNOWN, "this witness does not follow that log")
        checkpoint = verify(request, log.keys)
        at_ms = self._read().wall_ms
        try:
            check_growth(request, checkpoint, log.last)
        except NotCosigned as refusal:
            if refusal.size is None:
                self._keep(log, request, refusal.text, at_ms)
            raise
        made = cosign(checkpoint, self._signers, at_ms)
        note = signed_by(request.note, log.keys).signed_also(made).encode()
        # Nobody has seen the lines yet: they are given out once nothing else came between.
        if not self._store.replace(log.origin, log.note, note, at_ms):
            now_there = self._store.find(log.origin)
            raise conflict(None if now_there is None else now_there.last)
        self._log.info("cosigned", origin=log.origin, size=checkpoint.size)
        return b"".join(line.encode() for line in made)

    def _keep(self, log: Followed, request: AddCheckpoint, why: str, at_ms: int) -> None:
        """A log's own signature under what cannot be: kept, whoever brought it."""
        self._log.warning("not cosigned", origin=log.origin, why=why)
        self._store.keep_refused(log.origin, signed_by(request.note, log.keys).encode(), why, at_ms)

    def latest(self, name: str) -> bytes | None:
        """The last checkpoint cosigned of a log, by the SHA-256 of its origin in hexadecimal; None for none."""
        return self._store.latest(name)


def witness_app(witness: Witness) -> Starlette:
    """The witness over HTTP."""

    async def add(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return PlainTextResponse(f"a request has at most {REQUEST_BYTES_MAX} bytes\n", MALFORMED)
        try:
            lines = await run_in_threadpool(witness.add_checkpoint, body)
        except NotCosigned as refusal:
            if refusal.size is not None:
                # Named as a header, because a media type of text would be given a charset.
                return Response(f"{refusal.size}\n", CONFLICT, headers={**_NOT_STORED, "Content-Type": SIZE_TYPE})
            return PlainTextResponse(f"{refusal.text}\n", refusal.status)
        except NodeError as error:
            structlog.get_logger(part="witness").error("state fails", detail=error.text)
            return PlainTextResponse("the witness cannot keep its state now\n", 503)
        return Response(lines, media_type=_TEXT, headers=_NOT_STORED)

    async def latest(request: Request) -> Response:
        try:
            note = await run_in_threadpool(witness.latest, request.path_params["name"])
        except NodeError:
            return PlainTextResponse("the witness cannot read its state now\n", 503)
        if note is None:
            return PlainTextResponse("nothing is cosigned of such a log\n", 404)
        return Response(note, media_type=_TEXT, headers=_NOT_STORED)

    app = Starlette(
        routes=[
            Route("/add-checkpoint", add, methods=["POST"]),
            Route("/{name}/checkpoint", latest, methods=["GET"]),
        ]
    )
    app.router.redirect_slashes = False
    return app


async def _body(request: Request) -> bytes | None:
    """The body of a request, read no further than its limit; None beyond it."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > REQUEST_BYTES_MAX:
            return None
    return bytes(parts)
