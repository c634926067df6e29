"""Websockets on which only whole messages come, and little else.

Of what the protocol allows, a peer needs one frame a message, and a ping now and then. The rest costs more than it
carries: a ping of six bytes makes us write an answer, an empty fragment is an object that waits, and a read of one
moment holds ten thousands of either. So what came is taken a little at a time, whatever is not a whole message is
counted, and the connection ends where there is too much of it, or where what we have to write is not read.

Source: RFC 6455, sections 5.4 and 5.5; spec/channel.md, "Sessions", step 6.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.protocol import State

from nodes.inbox import Inbox, Message

_log = structlog.get_logger(part="websocket")

SLICE_BYTES = 8_192
"""Bytes taken at a time; as many pings as fit take some 30 ms."""

SMALL_BURST = 64
SMALL_PER_S = 4.0
"""Pings, pongs and fragments: both sides ping every 20 s, and nobody of ours sends fragments."""

UNREAD_BYTES_MAX = 2 * 1024 * 1024
"""Bytes written and not taken by the peer. A message of ours waits for those before it, so that more are answers to
pings."""


class _Plain(Connection):
    """See the module."""

    _small_left = float(SMALL_BURST)
    _small_at_s = 0.0
    _text = False
    refused: str | None = None
    """Why we ended the connection, or None."""

    def data_received(self, data: bytes) -> None:
        """Take what came, a little at a time, until it is too much."""
        for start in range(0, len(data), SLICE_BYTES):
            if self.refused is not None:
                return
            super().data_received(data[start : start + SLICE_BYTES])
            if self.transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
                self._end("what it is answered is not read")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._inbox = Inbox(pause=self.transport.pause_reading, resume=self.transport.resume_reading)
        self._parts: list[bytes] = []

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        super().connection_lost(exc)
        self._inbox.end()

    async def recv(self, decode: bool | None = None) -> Any:
        """Wait for the next message.

        Raises:
            ConnectionClosed: there is none any more.
        """
        message = await self._inbox.one()
        if message is None:
            raise self.close_exc
        return message

    async def take(self) -> list[Message]:
        """Wait for messages and take all that came; none once the connection has ended."""
        return await self._inbox.take()

    def process_event(self, event: Any) -> None:
        """Count what is not a whole message, and keep what is."""
        if isinstance(event, Frame) and not (event.fin and event.opcode in (Opcode.BINARY, Opcode.TEXT, Opcode.CLOSE)):
            now_s = time.monotonic()
            gained = (now_s - self._small_at_s) * SMALL_PER_S
            self._small_left = min(SMALL_BURST, self._small_left + gained) - 1
            self._small_at_s = now_s
            if self._small_left < 0:
                self._end("pings or fragments without end")
                return
        if not isinstance(event, Frame) or event.opcode not in DATA_OPCODES:
            super().process_event(event)
            return
        self._parts.append(bytes(event.data))
        self._text = self._text or event.opcode is Opcode.TEXT
        if event.fin:
            message = "" if self._text else self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts, self._text = [], False
            self._inbox.put(message)

    def write_now(self, messages: Sequence[bytes]) -> bool:
        """Write messages in one piece, unless they would have to wait, or the connection is ending.

        Returns:
            Whether they were written. If not, `send` waits, or says why not.
        """
        if self.protocol.state is not State.OPEN or self.paused or self.transport.is_closing():
            return False
        for message in messages:
            self.protocol.send_binary(message)
        self.transport.write(b"".join(self.protocol.data_to_send()))
        return True

    def _end(self, why: str) -> None:
        """End it here and now: nobody at the other end would read a goodbye."""
        if self.refused is None:
            self.refused = why
            _log.warning("connection ended", reason=why)
            self.transport.abort()


class PlainServerConnection(_Plain, ServerConnection):
    """One that was accepted."""


class PlainClientConnection(_Plain, ClientConnection):
    """One that we dialled."""
