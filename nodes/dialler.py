"""The dialler: keeps a line connected, as far as it is we who dial.

It dials only while there is no session. Where a counterpart has several addresses, each gets a short start before the
next is tried beside it, and the first that answers is taken: a dead route costs the others next to nothing. Between
attempts there is a pause, which grows, and stays so short that a counterpart that returns is found within 5 s.

Source: spec/channel.md, "Sessions".
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Awaitable, Callable
from typing import cast

import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from nodes.config import Endpoint
from nodes.driver import DUPLICATE, REPLACED
from nodes.line import Line
from nodes.peer import COMMON, Connection, Entropy, hold
from nodes.plain_websocket import PlainClientConnection
from nodes.reach import reach
from nodes.tls import TlsRefused, peer_pin
from protocol.handshake import Tie

DIAL_TIMEOUT_S = 4.0
"""For TCP, TLS and the websocket together; three round trips of a second fit into it."""
NEXT_ROUTE_S = 0.3
PAUSE_FIRST_S = 0.2
PAUSE_MAX_S = 1.5

Connect = Callable[[Endpoint], Awaitable[tuple[Connection, bytes]]]
"""Opens a connection, and gives it with the hash of the TLS key that the other side showed."""


class StraightConnect(connect):
    """Dials the address it was given and no other, whatever whoever answers there would rather have dialled."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Follow nothing: the answer that asks for it is the failure."""
        return exc


def websocket(line: Line, context: Callable[[], ssl.SSLContext]) -> Connect:
    """Dial a counterpart over a websocket.

    Args:
        line: whose counterpart.
        context: makes the TLS context.
    """

    async def dial(endpoint: Endpoint) -> tuple[Connection, bytes]:
        host, port = endpoint
        reached = await reach(endpoint)
        try:
            connection = await StraightConnect(
                f"wss://{host}:{port}/" if ":" not in host else f"wss://[{host}]:{port}/",
                sock=reached,
                ssl=context(),
                server_hostname=line.counterpart.lower(),
                proxy=None,
                user_agent_header=None,
                create_connection=PlainClientConnection,
                **COMMON,
            )
        except BaseException:
            reached.close()
            raise
        try:
            return cast(PlainClientConnection, connection), peer_pin(connection.transport.get_extra_info("ssl_object"))
        except TlsRefused:
            await connection.close()
            raise

    return dial


class Dialler:
    """Keeps one line connected, as far as it is we who dial.

    Args:
        line: which.
        endpoints: gives the counterpart's addresses, in order of preference.
        open_connection: dials one of them.
        own_pin: hash of our TLS key.
        entropy: draws the nonces of sessions, and a little chance.
    """

    def __init__(
        self,
        *,
        line: Line,
        endpoints: Callable[[], tuple[Endpoint, ...]],
        open_connection: Connect,
        own_pin: bytes,
        entropy: Entropy = secrets.token_bytes,
    ) -> None:
        self._line = line
        self._endpoints = endpoints
        self._open_connection = open_connection
        self._entropy = entropy
        self._own_pin = own_pin
        self._said: dict[Endpoint, str] = {}
        self._log = structlog.get_logger(part="dialler", line=line.counterpart)

    async def run(self) -> None:
        """Dial whenever there is no session, for ever."""
        pause_s = PAUSE_FIRST_S
        while True:
            if self._line.driver.dialled is not None:
                pause_s = PAUSE_FIRST_S
                await self._line.unconnected.wait()
                # A little chance, here as below, keeps two nodes from dialling in step.
                await asyncio.sleep(PAUSE_FIRST_S * self._entropy(1)[0] / 256)
                continue
            if await self._round(self._endpoints()):
                pause_s = PAUSE_FIRST_S
            await asyncio.sleep(pause_s * (0.75 + self._entropy(1)[0] / 512))
            pause_s = min(PAUSE_MAX_S, pause_s * 1.6)

    async def _round(self, endpoints: tuple[Endpoint, ...]) -> bool:
        """Try every address, each a little after the one before, and hold the session with the first that answers.

        Returns:
            Whether there was a session that was no failure.
        """
        if len(endpoints) == 1:
            return await self._use(endpoints[0], await self._open(endpoints[0]))
        dialled: dict[asyncio.Task[tuple[Connection, bytes] | str], Endpoint] = {}
        left = list(endpoints)
        try:
            while left or dialled:
                if left:
                    task = asyncio.create_task(self._open(left[0]))
                    dialled[task] = left.pop(0)
                done, _ = await asyncio.wait(
                    dialled, timeout=NEXT_ROUTE_S if left else None, return_when=asyncio.FIRST_COMPLETED
                )
                for task in sorted(done, key=list(dialled).index):
                    endpoint, result = dialled.pop(task), task.result()
                    if not isinstance(result, str):
                        await self._drop(dialled)
                        return await self._use(endpoint, result)
                    self._say(endpoint, result)
        finally:
            await self._drop(dialled)
        return False

    async def _use(self, endpoint: Endpoint, result: tuple[Connection, bytes] | str) -> bool:
        """Hold the session over what an attempt gave; returns whether there was one that was no failure."""
        problem = result if isinstance(result, str) else await self._hold(*result)
        self._say(endpoint, problem)
        return not problem

    async def _drop(self, dialled: dict[asyncio.Task[tuple[Connection, bytes] | str], Endpoint]) -> None:
        """Give up the attempts that another was quicker than."""
        for task in dialled:
            task.cancel()
        for result in await asyncio.gather(*dialled, return_exceptions=True):
            if isinstance(result, tuple):
                await result[0].close()
        dialled.clear()

    def _say(self, endpoint: Endpoint, problem: str) -> None:
        if problem != self._said.get(endpoint, ""):
            self._log.info("dialled", address=f"{endpoint[0]}:{endpoint[1]}", result=problem or "session ended")
        self._said[endpoint] = problem

    async def _open(self, endpoint: Endpoint) -> tuple[Connection, bytes] | str:
        """One attempt: a connection, or what went wrong."""
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                return await self._open_connection(endpoint)
        except (OSError, TimeoutError) as error:
            return f"unreachable: {type(error).__name__}"
        except WebSocketException:
            # With TLS 1.3 a client learns only now that its certificate was refused.
            return "refused: our TLS key may not be in the counterpart's roster"
        except TlsRefused as error:
            return error.code

    async def _hold(self, connection: Connection, pin: bytes) -> str:
        """The session over a connection; returns what went wrong, or nothing."""
        try:
            if pin not in self._line.their_pins():
                raise TlsRefused("unknown-peer", "not a key of the counterpart")
            if self._line.driver.dialled is not None:
                return ""
            tie = Tie(dialled=True, own_pin=self._own_pin, their_pin=pin, nonce=self._entropy(32))
            reason = await hold(self._line, connection, tie, None)
            if getattr(connection, "close_reason", None) == REPLACED:
                # We hold one at a time, so the newer one is not ours.
                self._line.alarm("session-taken", f"{self._line.counterpart} says that a newer one came with our keys")
        except TlsRefused as error:
            return error.code
        finally:
            await connection.close()
        return reason if reason not in (None, "closed", REPLACED, DUPLICATE) else ""
