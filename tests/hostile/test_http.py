"""HTTP of a node under clients that mean no good: slow, huge, many, and those who would go elsewhere."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nodes import web
from nodes.memory_store import MemoryStore
from nodes.past import Past
from nodes.store import Row
from nodes.web import CONNECTIONS_MAX, WebServer, health_app, tiles_app
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.limits import ENTRY_BYTES_MAX
from protocol.merkle import Frontier, leaf_hash
from protocol.tiles import TILE_WIDTH, entries_path
from tests.lines import line_keys
from tests.nodes.pair import free_port, run

GOOD = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(app: Any = None) -> AsyncIterator[int]:
    """The health check of a node without lines, or another application; gives its port."""
    node: Any = SimpleNamespace(lines={})
    port = free_port()
    server = WebServer(health_app(node) if app is None else app, ("127.0.0.1", port))
    await server.start()
    try:
        yield port
    finally:
        await server.stop()


async def client(port: int) -> Client:
    """A bare connection."""
    return await asyncio.open_connection("127.0.0.1", port)


async def answer(connection: Client) -> bytes:
    """The head of the next answer, or nothing where the connection ends."""
    try:
        return await asyncio.wait_for(connection[0].readuntil(b"\r\n\r\n"), 10)
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


async def status(port: int, request: bytes) -> int:
    """The status of the answer to one request; 0 where there is none."""
    connection = await client(port)
    connection[1].write(request)
    head = await answer(connection)
    connection[1].close()
    return int(head.split(b" ")[1]) if head else 0


@pytest.mark.parametrize("beginning", [b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: a\r\nA: "])
def test_a_slow_request_has_its_time_and_no_more(monkeypatch: pytest.MonkeyPatch, beginning: bytes) -> None:
    """A client that says nothing, or a byte now and then, is let go; others are answered meanwhile."""
    monkeypatch.setattr(web, "REQUEST_S", 0.4)

    async def test() -> None:
        async with serving() as port:
            reader, writer = await client(port)
            writer.write(beginning)
            begun = asyncio.get_running_loop().time()
            ended = asyncio.ensure_future(reader.read())
            while not ended.done():
                if beginning:
                    writer.write(b"a")
                await asyncio.wait([ended], timeout=0.05)
                assert asyncio.get_running_loop().time() - begun < 5
            assert await status(port, GOOD) == 200
            writer.close()
            await asyncio.gather(ended, return_exceptions=True)

    run(test)


@pytest.mark.slow
def test_a_connection_that_goes_on_asking_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is each request's own."""
    monkeypatch.setattr(web, "REQUEST_S", 0.5)

    async def test() -> None:
        async with serving() as port:
            connection = await client(port)
            for _ in range(4):
                connection[1].write(GOOD)
                assert b" 200 " in await answer(connection)
                await connection[0].readexactly(len(b"ok\n"))
                await asyncio.sleep(0.25)
            connection[1].close()

    run(test)


def test_a_huge_head_is_refused() -> None:
    """Many headers, or a long one, are not read to their end."""

    async def test() -> None:
        async with serving() as port:
            for head in (b"A: " + b"x" * 200_000, b"".join(b"A%d: x\r\n" % number for number in range(20_000))):
                assert await status(port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n\r\n") in (0, 400, 431)
            assert await status(port, GOOD) == 200

    run(test)


def test_a_flood_of_connections_takes_no_more_than_its_room() -> None:
    """Those beyond it are closed unread; when they go, others are answered."""

    async def test() -> None:
        async with serving() as port:
            silent = [await client(port) for _ in range(CONNECTIONS_MAX + 8)]
            reads = [asyncio.ensure_future(reader.read(1)) for reader, _ in silent]
            closed, kept = await asyncio.wait(reads, timeout=0.5)
            assert (len(closed), len(kept)) == (8, CONNECTIONS_MAX)
            for _, writer in silent:
                writer.close()
            await asyncio.gather(*reads, return_exceptions=True)
            assert await status(port, GOOD) == 200

    run(test)


@pytest.mark.parametrize(
    "path",
    [
        "/BOR/ARC",
        "/BOR/ARC/checkpoint/",
        "//elsewhere.example/",
        "/BOR/ARC/..%2f..%2fnode.key",
        "/%00",
        "/BOR/ARC/\xc3",
    ],
)
def test_no_request_leads_elsewhere(path: str) -> None:
    """Whatever is asked for: answered here or not at all, never with the host that the request names."""
    node: Any = SimpleNamespace(lines={}, config=SimpleNamespace(tiles_clients=()))

    async def test() -> None:
        async with serving(tiles_app(node)) as port:
            request = f"GET {path} HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n".encode("latin-1")
            assert await status(port, request) in (400, 404)

    run(test)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "CONNECT", "TRACE", "NO-SUCH"])
def test_nothing_can_be_changed_over_http(method: str) -> None:
    """What is served is read only; a body that comes along is not waited for."""

    async def test() -> None:
        async with serving() as port:
            request = f"{method} /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n".encode()
            assert await status(port, request) in (400, 404, 405)

    run(test)


def test_an_upgrade_to_something_else_is_not_made() -> None:
    """A request that asks for a websocket is answered as the plain request it is."""

    async def test() -> None:
        async with serving() as port:
            upgrade = b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            upgrade += b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            assert await status(port, GOOD.removesuffix(b"\r\n") + upgrade) in (200, 400)

    run(test)


@pytest.mark.slow
def test_a_client_that_does_not_read_costs_a_part_of_a_bundle() -> None:
    """Bundles of the largest entries, asked for by many who take none of it: they are not waiting in memory."""
    store = MemoryStore(own="ARC", their="BOR")
    entry = bytes(ENTRY_BYTES_MAX)
    row = Row(entry, leaf_hash(entry), None, None, False)
    frontier = Frontier.empty().extend([row.leaf] * TILE_WIDTH)
    store.append_own(0, [row] * TILE_WIDTH, frontier, 0)
    past, agreement = Past((), ("ARC", "BOR")), SimpleNamespace(auditors=())
    line: Any = SimpleNamespace(store=store, past=past, own="ARC", counterpart="BOR", agreement=agreement)
    origin = line_keys("ARC").own.origin
    note = sign_checkpoint(Checkpoint(origin, TILE_WIDTH, frontier.root()), line_keys("ARC").signers.log, 1)
    store.put_cosigned(note, TILE_WIDTH, 1)
    node: Any = SimpleNamespace(lines={"BOR": line}, config=SimpleNamespace(tiles_clients=(None,)))
    request = f"GET /BOR/ARC/{entries_path(0)} HTTP/1.1\r\nHost: a\r\n\r\n".encode()

    async def test() -> None:
        async with serving(tiles_app(node)) as port:
            before = resident_bytes()
            many = [socket.create_connection(("127.0.0.1", port)) for _ in range(16)]
            for one in many:
                one.sendall(request)
            await asyncio.sleep(1.0)
            assert resident_bytes() - before < 16 * len(entry) * TILE_WIDTH // 4
            assert await asyncio.to_thread(received, many[0]) > TILE_WIDTH * (ENTRY_BYTES_MAX + 2)
            for one in many:
                one.close()

    run(test)


def resident_bytes() -> int:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def received(connection: socket.socket) -> int:
    """Read an answer to its end; how many bytes it has."""
    connection.settimeout(10)
    count, tail = 0, b""
    while not tail.endswith(b"\r\n0\r\n\r\n"):
        data = connection.recv(1 << 20)
        assert data
        count, tail = count + len(data), (tail + data)[-8:]
    return count
