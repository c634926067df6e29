"""The inbox of a connection: taken together, in order, and bounded."""

from __future__ import annotations

import asyncio

import pytest

from nodes.inbox import INBOX_BYTES_MAX, Inbox


class Reading:
    """A connection that is read, or not."""

    def __init__(self) -> None:
        self._on = True
        self.inbox = Inbox(pause=self.pause, resume=self.resume)

    def pause(self) -> None:
        """Not now."""
        assert self._on
        self._on = False

    def resume(self) -> None:
        """Go on."""
        assert not self._on
        self._on = True

    def on(self) -> bool:
        """Whether it is read."""
        return self._on


@pytest.mark.asyncio
async def test_what_came_is_taken_together_and_in_its_order() -> None:
    """Whoever waits gets everything that came before it ran."""
    inbox = Reading().inbox
    taken = asyncio.create_task(inbox.take())
    await asyncio.sleep(0)
    for message in (b"1", b"2", b"3"):
        inbox.put(message)
    assert await taken == [b"1", b"2", b"3"]


@pytest.mark.asyncio
async def test_one_is_taken_and_the_rest_stays() -> None:
    """A handshake takes its one message, and the session what came behind it."""
    inbox = Reading().inbox
    inbox.put(b"1")
    inbox.put(b"2")
    assert (await inbox.one(), await inbox.take()) == (b"1", [b"2"])


@pytest.mark.asyncio
async def test_nothing_more_is_read_while_it_is_full() -> None:
    """The peer waits until what came was taken, and for nothing but that."""
    reading = Reading()
    message = bytes(INBOX_BYTES_MAX // 4)
    for count in range(1, 5):
        assert reading.on()
        reading.inbox.put(message)
        assert reading.on() == (count < 4)
    assert await reading.inbox.one() == message
    assert reading.on()
    reading.inbox.put(message)
    assert not reading.on()
    assert len(await reading.inbox.take()) == 4
    assert reading.on()


@pytest.mark.asyncio
async def test_after_the_end_what_came_is_still_there_and_then_nothing() -> None:
    """Whoever waits is woken, and a connection that is gone is not read any more."""
    reading = Reading()
    reading.inbox.put(bytes(INBOX_BYTES_MAX))
    reading.inbox.end()
    assert [len(one) for one in await reading.inbox.take()] == [INBOX_BYTES_MAX]
    assert not reading.on()
    assert await reading.inbox.take() == []
    assert await reading.inbox.one() is None
    waiting = Reading()
    taken = asyncio.create_task(waiting.inbox.take())
    await asyncio.sleep(0)
    waiting.inbox.end()
    assert await taken == []
