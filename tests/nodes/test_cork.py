"""Several messages in one packet."""

from __future__ import annotations

import asyncio
import socket

import pytest

from nodes.cork import CORK, corked


@pytest.mark.asyncio
async def test_the_kernel_holds_back_what_is_sent_meanwhile() -> None:
    """The option stands while messages are put together, and not a moment longer; none of them stays behind."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.set_result(await reader.read(200) + await reader.readexactly(100))
        writer.close()

    received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        with corked(writer.transport):
            assert CORK is None or _corked(writer)
            writer.write(b"a" * 200)
            writer.write(b"b" * 100)
        assert not _corked(writer)
        assert await asyncio.wait_for(received, 30) == b"a" * 200 + b"b" * 100
        writer.close()
        await writer.wait_closed()


def _corked(writer: asyncio.StreamWriter) -> bool:
    connection = writer.get_extra_info("socket")
    return bool(CORK is not None and connection.getsockopt(socket.IPPROTO_TCP, CORK))


@pytest.mark.asyncio
async def test_a_connection_that_is_gone_is_no_fault() -> None:
    """Nothing is raised, neither for a closed socket nor where there is none."""
    one, other = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=one)
    with corked(writer.transport):
        writer.close()
        await writer.wait_closed()
    other.close()
    with corked(None):
        pass
