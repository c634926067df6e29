"""Strangers and counterparts at the port who take their time, in every phase before they are known."""

import asyncio
import ssl
import time
from pathlib import Path

import pytest

from nodes import peer
from tests.nodes.pair import run, running, write_homes
from tests.nodes.test_peer import Homes, address, context, dialled, ended, hello, still_well

pytestmark = pytest.mark.slow

PATIENCE_S = 0.5
LATE_S = 5.0
REQUEST = b"GET / HTTP/1.1\r\nHost: bor\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
KEY = b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Homes:
    """Two paired homes; nodes have little patience with whoever connects."""
    monkeypatch.setitem(peer.COMMON, "open_timeout", PATIENCE_S)
    monkeypatch.setattr(peer, "OPEN_TIMEOUT_S", PATIENCE_S)
    return write_homes(tmp_path)


def port_of(homes: Homes) -> int:
    """Where BOR listens."""
    return int(address(homes)[6:-1].rpartition(":")[2])


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, every: bytes = b"") -> float:
    """Say nothing more, or one byte now and then; seconds until the other side ends it."""
    begun = time.monotonic()
    read = asyncio.ensure_future(reader.read())
    while not read.done() and time.monotonic() - begun < 2 * LATE_S:
        if every:
            writer.write(every)
        await asyncio.wait([read], timeout=0.1)
    read.cancel()
    writer.close()
    return time.monotonic() - begun


@pytest.mark.parametrize("beginning", [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n"])
def test_a_connection_without_tls_is_cut_in_time(homes: Homes, beginning: bytes) -> None:
    """Nothing at all, half a TLS hello, or plain HTTP."""

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(homes))
            writer.write(beginning)
            assert await silence(reader, writer) < LATE_S
            await still_well(homes, bor)

    run(test)


@pytest.mark.parametrize("every", [b"", b"a"])
def test_a_request_that_never_ends_is_cut_in_time(homes: Homes, every: bytes) -> None:
    """With the counterpart's own TLS key: no request, or a header that goes on byte by byte."""

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port_of(homes), ssl=context("ARC"), server_hostname="bor"
            )
            writer.write(REQUEST + b"X: " if every else b"")
            assert await silence(reader, writer, every=every) < LATE_S
            await still_well(homes, bor)

    run(test)


@pytest.mark.parametrize(
    "head", [b"X: " + b"x" * 100_000 + b"\r\n", b"".join(b"X%d: x\r\n" % number for number in range(5_000))]
)
def test_a_huge_head_opens_no_websocket(homes: Homes, head: bytes) -> None:
    """One long header, or many short ones."""

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port_of(homes), ssl=context("ARC"), server_hostname="bor"
            )
            writer.write(REQUEST + KEY + head + b"\r\n")
            try:
                answer = await asyncio.wait_for(reader.read(1_000), LATE_S)
            except ConnectionError:
                answer = b""
            assert b" 101 " not in answer
            writer.close()
            await still_well(homes, bor)

    run(test)


@pytest.mark.parametrize("first", [False, True])
def test_a_peer_that_never_finishes_the_handshake_is_cut_in_time(homes: Homes, first: bool) -> None:
    """A websocket on which no hello comes, or nothing after the hello."""

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            begun = time.monotonic()
            async with dialled(homes) as connection:
                if first:
                    await connection.send(hello())
                await asyncio.wait_for(ended(connection), 2 * LATE_S)
            assert time.monotonic() - begun < LATE_S + 1
            await still_well(homes, bor)

    run(test)


def test_tls_writes_no_secrets_of_its_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable by which programs are asked for them is not heeded."""
    keys = tmp_path / "secrets"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            made: ssl.SSLContext = context("ARC")
            assert not getattr(made, "keylog_filename", None)
            await still_well(homes, bor)

    run(test)
    assert not keys.exists()
