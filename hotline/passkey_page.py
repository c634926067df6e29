"""The page on which a person uses a passkey: served on loopback, for one command and one browser.

A command opens it, prints its address, asks one thing after the other, and closes it. The address ends with a secret
behind a `#`, which no browser sends to anybody and no proxy logs; it opens the page once. From then on a second secret,
which only that page has, goes with every request. Every request has to name the page's own host, and every one that
says something has to come from the page's own origin. What is shown is text, never markup.

Source: spec/passkeys.md, "The page".
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import queue
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hotline.errors import CouldNot, Refused

ANSWER_S: Final = 180.0
"""How long a person has for one thing, from its being asked to the answer."""

LOOK_S: Final = 0.05
WAIT_S: Final = 10.0
"""How long a page that asks for the next thing is kept waiting before it asks again."""

BODY_BYTES_MAX: Final = 16_384
CONNECTIONS_MAX: Final = 16

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self)",
}

_TYPES: Final = {"index.html": "text/html", "page.css": "text/css", "page.js": "text/javascript"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One thing to be done on the page.

    Attributes:
        ceremony: `get` or `create`.
        title: what it is, one line.
        lines: what is signed, as a person reads it.
        button: on the button.
        digest: of what is signed, as the terminal shows it too, or empty.
        options: of the browser's call, with bytes in base64url.
    """

    ceremony: str
    title: str
    lines: tuple[str, ...]
    button: str
    digest: str
    options: dict[str, Any]


_WHY = {
    "InvalidStateError": "the authenticator has a passkey of this officer already: take another one",
    "NotAllowedError": "the person said no, or waited too long, or the authenticator does not have the passkey",
}
"""What a browser means by the names that people meet. Source: WebAuthn Level 2, sections 5.1.3 and 5.1.4."""


def _why(name: object) -> str:
    return _WHY.get(str(name), repr(str(name)[:40]))


class PasskeyPage:
    """The page, while a command needs it.

    Args:
        origin: of the page as the browser sees it.
        listen: host and port on loopback; where the origin is a desk's, its proxy forwards to there.

    Raises:
        CouldNot: `port-in-use`.
    """

    def __init__(self, *, origin: str, listen: tuple[str, int]) -> None:
        self._origin = origin
        self._host = urlsplit(origin).netloc
        self._token, self._session = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._lock = threading.Lock()
        self._begun = self._done = False
        self._number = 0
        self._asked: Asked | None = None
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(listen)
            self._socket.listen(CONNECTIONS_MAX)
        except OSError as error:
            self._socket.close()
            raise CouldNot("port-in-use", f"cannot serve at {listen[0]}:{listen[1]}: {error.strerror}") from error
        config = uvicorn.Config(
            self._app(),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()

    def __enter__(self) -> PasskeyPage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def address(self) -> str:
        """What the person opens. Whoever else opens it first has the page; then the person sees that it is gone."""
        return f"{self._origin}/#{self._token}"

    def ask(self, asked: Asked, *, timeout_s: float = ANSWER_S) -> dict[str, bytes]:
        """Have a person do one thing on the page.

        Returns:
            The bytes that the browser gave, by name: `data` and `client_data`; of `get` also `credential`, `signature`.

        Raises:
            Refused: `passkey-refused`; the person, the browser or the authenticator refused.
            CouldNot: `timed-out`; nobody did anything.
        """
        with self._lock:
            self._number += 1
            self._asked = asked
        try:
            found = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            with self._lock:
                self._asked = None
            raise CouldNot("timed-out", f"nobody used a passkey on the page within {timeout_s:.0f} s") from None
        names = ("data", "client_data") + (("credential", "signature") if asked.ceremony == "get" else ())
        if "refused" in found:
            raise Refused("passkey-refused", f"it was refused on the page: {_why(found['refused'])}")
        try:
            return {name: _decoded(found[name]) for name in names}
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("passkey-refused", "what the page gave is not what a browser gives") from error

    def close(self) -> None:
        """Tell the page that it is done, if it asks at once, and serve nothing any more."""
        with self._lock:
            self._done = True
            begun = self._begun
        until = time.monotonic() + (1.0 if begun else 0.0)
        while time.monotonic() < until and not self._told_done():
            time.sleep(LOOK_S)
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def _told_done(self) -> bool:
        with self._lock:
            return self._session == ""

    # --- HTTP -------------------------------------------------------------------------------------------------------

    def _app(self) -> Starlette:
        routes = [Route("/", self._file("index.html"), methods=["GET"])]
        routes += [Route(f"/{name}", self._file(name), methods=["GET"]) for name in ("page.css", "page.js")]
        for path, handler in (("/begin", self._begin), ("/next", self._next), ("/answer", self._take)):
            routes.append(Route(path, self._post(handler), methods=["POST"]))
        app = Starlette(routes=routes)
        app.router.redirect_slashes = False
        app.add_middleware(BaseHTTPMiddleware, dispatch=self._guard)
        return app

    async def _guard(self, request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        """Answer nobody who came for another host, or from another page."""
        own = request.headers.getlist("host") == [self._host]
        if request.method == "POST":
            own = own and request.headers.getlist("origin") == [self._origin]
            own = own and request.headers.get("content-type") == "application/json"
        own = own and request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
        response = await go_on(request) if own else PlainTextResponse("not here\n", 403)
        response.headers.update(HEADERS)
        return response

    @staticmethod
    def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
        data = (files("hotline") / "data" / "passkey" / name).read_bytes()

        async def serve(_: Request) -> Response:
            return Response(data, media_type=_TYPES[name])

        return serve

    @staticmethod
    def _post(handler: Callable[[dict[str, Any]], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            body = b""
            async for part in request.stream():
                body += part
                if len(body) > BODY_BYTES_MAX:
                    return PlainTextResponse("too much\n", 413)
            try:
                values = json.loads(body)
            except (ValueError, RecursionError):
                values = None
            if not isinstance(values, dict):
                return PlainTextResponse("no such request\n", 400)
            return await handler(values)

        return serve

    async def _begin(self, values: dict[str, Any]) -> Response:
        """Exchange the address's secret for the page's own, once."""
        with self._lock:
            good = not self._begun and _same(values.get("token"), self._token)
            self._begun |= good
            session = self._session
        return JSONResponse({"session": session}) if good else PlainTextResponse("gone\n", 410)

    def _is_page(self, values: dict[str, Any]) -> bool:
        return self._begun and bool(self._session) and _same(values.get("session"), self._session)

    async def _next(self, values: dict[str, Any]) -> Response:
        """The next thing to be done, as soon as there is one."""
        until = time.monotonic() + WAIT_S
        while True:
            with self._lock:
                if not self._is_page(values):
                    return PlainTextResponse("gone\n", 410)
                asked, number = self._asked, self._number
                if self._done:
                    self._session = ""
                    return JSONResponse({"state": "done"})
            if asked is not None:
                return JSONResponse(
                    {
                        "state": "ask",
                        "number": number,
                        "ceremony": asked.ceremony,
                        "title": asked.title,
                        "lines": list(asked.lines),
                        "button": asked.button,
                        "digest": asked.digest,
                        "options": asked.options,
                    }
                )
            if time.monotonic() > until:
                return JSONResponse({"state": "wait"})
            await asyncio.sleep(LOOK_S)

    async def _take(self, values: dict[str, Any]) -> Response:
        """What came of it; only for what is asked now, and once."""
        answer = values.get("answer")
        with self._lock:
            if not self._is_page(values) or not isinstance(answer, dict) or values.get("number") != self._number:
                return PlainTextResponse("gone\n", 410)
            if self._asked is None:
                return PlainTextResponse("gone\n", 410)
            self._asked = None
            self._answers.put(answer)
        return JSONResponse({})


def _same(given: object, wanted: str) -> bool:
    return isinstance(given, str) and secrets.compare_digest(given.encode(), wanted.encode())


def _decoded(value: object) -> bytes:
    """Base64url without padding, in its one spelling."""
    if not isinstance(value, str):
        raise TypeError("no text")
    try:
        data = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64url") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != value:
        raise ValueError("a second spelling")
    return data
