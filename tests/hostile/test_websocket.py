"""Websockets from a counterpart's own TLS key that carry everything but messages."""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from nodes.inbox import INBOX_BYTES_MAX, MESSAGE_BYTES_MIN, Inbox
from nodes.peer import SUBPROTOCOL
from nodes.plain_websocket import SMALL_BURST
from protocol.limits import FRAME_BYTES_MAX
from tests.nodes.pair import line_of, run, running, write_homes
from tests.nodes.test_peer import Homes, address, context, dialled, ended, hello, still_well


@pytest.fixture
def homes(tmp_path: Path) -> Homes:
    """Two paired homes; BOR listens."""
    return write_homes(tmp_path)


def rss_kb() -> int:
    """Memory of this process, in which the node runs."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def frames(*parts: tuple[Opcode, bytes, bool]) -> Iterator[bytes]:
    """Websocket frames as a client masks them."""
    for opcode, data, fin in parts:
        yield Frame(opcode, data, fin).serialize(mask=True)


def pour(homes: Homes, data: bytes, *, seconds: float = 10.0) -> bool:
    """Say hello, then write and read nothing until the other side ends it; whether it did."""
    url = address(homes)
    host, _, port = url[6:-1].rpartition(":")
    protocol = ClientProtocol(parse_uri(url), subprotocols=[SUBPROTOCOL])
    with (
        socket.create_connection((host, int(port)), timeout=2) as plain,
        context("ARC").wrap_socket(plain, server_hostname="bor") as secure,
    ):
        protocol.send_request(protocol.connect())
        while protocol.state is not State.OPEN:
            secure.sendall(b"".join(protocol.data_to_send()))
            protocol.receive_data(secure.recv(4_096))
        protocol.send_binary(hello())
        end_s = time.monotonic() + seconds
        try:
            secure.sendall(b"".join(protocol.data_to_send()))
            while time.monotonic() < end_s:
                secure.sendall(data)
        except TimeoutError:
            return False
        except (ConnectionError, ssl.SSLError):
            return True
    return False


FLOODS = {
    "pings": b"".join(frames(*[(Opcode.PING, b"", True)] * 2_000)),
    "large pings": b"".join(frames(*[(Opcode.PING, bytes(125), True)] * 500)),
    "pongs": b"".join(frames(*[(Opcode.PONG, b"", True)] * 2_000)),
    "empty fragments": b"".join(frames((Opcode.BINARY, b"", False), *[(Opcode.CONT, b"", False)] * 2_000)),
    "one-byte fragments": b"".join(frames((Opcode.BINARY, b"a", False), *[(Opcode.CONT, b"a", False)] * 2_000)),
}


@pytest.mark.parametrize("what", FLOODS)
def test_what_is_no_message_comes_seldom_or_ends_the_connection(homes: Homes, what: str) -> None:
    """Pings, pongs and fragments without end, none of whose answers is read: the connection goes, and memory stays."""

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            before_kb = rss_kb()
            assert await asyncio.to_thread(pour, homes, FLOODS[what])
            assert rss_kb() - before_kb < 30_000
            assert line_of(bor).status()["their_size"] == 0
            await still_well(homes, bor)

    run(test)


def test_a_ping_now_and_then_is_answered(homes: Homes) -> None:
    """As many as an honest peer could ever send."""

    async def test() -> None:
        async with running(homes["BOR"]), dialled(homes) as connection:
            for _ in range(SMALL_BURST // 2):
                await asyncio.wait_for(await connection.ping(), 5)

    run(test)


def test_a_fragmented_message_is_bounded_like_any_other(homes: Homes) -> None:
    """Its parts count together."""

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            async with dialled(homes) as connection:
                part = FRAME_BYTES_MAX // 4
                parts = [(Opcode.BINARY, bytes(part), False), *[(Opcode.CONT, bytes(part), False)] * 4]
                connection.transport.write(b"".join(frames(*parts)))
                await ended(connection)
                assert connection.close_code == 1009
            await still_well(homes, bor)

    run(test)


@pytest.mark.parametrize("bits", [0x40, 0x20, 0x10, 0x03, 0x0B])
def test_a_frame_that_the_protocol_does_not_have_ends_the_connection(homes: Homes, bits: int) -> None:
    """Reserved bits, with which a compressed message would come, and reserved opcodes."""

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            async with dialled(homes) as connection:
                whole = bytearray(next(frames((Opcode.BINARY, b"abc", True))))
                whole[0] = (whole[0] | bits) if bits >= 0x10 else 0x80 | bits
                connection.transport.write(bytes(whole))
                await ended(connection)
                assert connection.close_code == 1002
            await still_well(homes, bor)

    run(test)


def test_no_compression_is_agreed_on(homes: Homes) -> None:
    """A client that offers it is not taken up on it: a bomb has nothing to unpack it."""

    async def test() -> None:
        async with running(homes["BOR"]), dialled(homes, compression="deflate") as connection:
            assert connection.protocol.extensions == []
            response = connection.response
            assert response is not None
            assert "Sec-WebSocket-Extensions" not in response.headers
            assert "Server" not in response.headers

    run(test)


def test_a_client_without_our_subprotocol_is_not_a_peer(homes: Homes) -> None:
    """Whatever else it wants to speak."""

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            for offered in (["other.v1"], None):
                try:
                    async with dialled(homes, subprotocols=offered) as connection:
                        await connection.send(hello(channel=bytes(32)))
                        await ended(connection)
                except (InvalidHandshake, InvalidStatus, ConnectionClosed):
                    continue
            await still_well(homes, bor)

    run(test)


def test_empty_messages_take_room_too() -> None:
    """An inbox that nobody empties takes so many messages, however small they are, and then nothing more is read."""
    paused: list[bool] = []
    inbox = Inbox(pause=lambda: paused.append(True), resume=lambda: None)
    for count in range(INBOX_BYTES_MAX // MESSAGE_BYTES_MIN):
        assert not paused, count
        inbox.put(b"")
    assert paused == [True]
