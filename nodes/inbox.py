"""Messages that came over a connection and were not taken yet.

They are put here where the connection is read, and taken all at once by whoever works on them. Beyond so many bytes the
connection is not read, and so the peer waits as well.

Source: spec/channel.md, "Sessions".
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from protocol.limits import FRAME_BYTES_MAX

INBOX_BYTES_MAX = 2 * FRAME_BYTES_MAX
"""Bytes of one connection that came and wait for their turn; at least one message."""

MESSAGE_BYTES_MIN = 256
"""Bytes that a message counts for at least: an empty one takes room as well."""

Message = bytes | str
"""A text message, which nobody of ours sends, is kept as an empty string."""


class Inbox:
    """See the module.

    Args:
        pause: read no more for now.
        resume: read on.
    """

    def __init__(self, *, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._pause = pause
        self._resume = resume
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._paused = self._ended = False
        self._waiter: asyncio.Future[None] | None = None

    def put(self, message: Message) -> None:
        """Add one message."""
        self._messages.append(message)
        self._bytes += max(len(message), MESSAGE_BYTES_MIN)
        if self._bytes >= INBOX_BYTES_MAX and not self._paused:
            self._paused = True
            self._pause()
        self._wake()

    def end(self) -> None:
        """No more will come; what came can still be taken."""
        self._ended = True
        self._wake()

    async def take(self) -> list[Message]:
        """Wait for messages and take all; none once nothing more will come. One task waits at a time."""
        await self._wait()
        messages, self._messages, self._bytes = self._messages, deque(), 0
        self._read_on()
        return list(messages)

    async def one(self) -> Message | None:
        """Wait for a message and take it; None once nothing more will come."""
        await self._wait()
        if not self._messages:
            return None
        message = self._messages.popleft()
        self._bytes -= max(len(message), MESSAGE_BYTES_MIN)
        self._read_on()
        return message

    async def _wait(self) -> None:
        while not (self._messages or self._ended):
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _read_on(self) -> None:
        if self._paused and self._bytes < INBOX_BYTES_MAX:
            self._paused = False
            if not self._ended:
                self._resume()
