"""HTTP as a stranger or an auditor may speak it: the server's own parser before the logs, over a pipe in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from nodes import web
from nodes.memory_store import MemoryStore
from nodes.past import Past
from nodes.store import THEIR_COSIGNED
from protocol.tiles import entries_path, tile_path
from tests.builders import NAMES, World
from tests.fuzz.target import Target
from tests.fuzz.targets.judged import append
from tests.simulation.stubs import stub_keys

PIN = bytes(32)
STATUSES = frozenset({200, 400, 404, 405, 431})
TURNS_MAX = 200


@dataclass(frozen=True)
class Served:
    """As much of a line as is served."""

    store: MemoryStore
    own: str
    counterpart: str
    agreement: Any
    past: Past


@cache
def application() -> Any:
    """The logs of one channel, for the one client whose key has the hash PIN."""
    world = World()
    store = MemoryStore(own="ARC", their="BOR")
    for party in NAMES:
        append(store, party, world.logs[party].entries, world.logs[party].bodies)
    store.put_cosigned(world.checkpoint("ARC"), 2, 1)
    store.later(THEIR_COSIGNED, world.checkpoint("BOR"))
    line = Served(store, "ARC", "BOR", world.agreement, Past((), world.agreement.shorts))
    node: Any = SimpleNamespace(lines={"BOR": line}, config=SimpleNamespace(tiles_clients=(PIN,)))
    return web.tiles_app(node)


@cache
def config() -> uvicorn.Config:
    """As the node serves."""
    made = uvicorn.Config(
        application(),
        http=H11Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=web.CONNECTIONS_MAX,
    )
    made.load()
    return made


@cache
def loop() -> asyncio.AbstractEventLoop:
    """One for all inputs."""
    return asyncio.new_event_loop()


class Pipe(asyncio.Transport):
    """The other end of a connection that only remembers what was written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 4000), "sockname": ("192.0.2.2", 443)})
        self.written = bytearray()
        self.closed = False

    def write(self, data: Any) -> None:
        """Remember."""
        self.written += data

    def close(self) -> None:
        """The server ends it."""
        self.closed = True

    def is_closing(self) -> bool:
        """Whether it did."""
        return self.closed

    def pause_reading(self) -> None:
        """All of the input is there already."""

    def resume_reading(self) -> None:
        """As above."""


def attempt(data: bytes) -> None:
    """Every request is answered with a status that means something, and the server itself never fails."""
    with stub_keys():
        loop().run_until_complete(_attempt(data))


async def _attempt(data: bytes) -> None:
    failed: list[Any] = []
    running = asyncio.get_running_loop()
    running.set_exception_handler(lambda _, context: failed.append(context))
    state = ServerState()
    protocol = H11Protocol(config(), state, app_state={"pin": PIN}, _loop=running)
    pipe = Pipe()
    protocol.connection_made(pipe)
    half = len(data) // 2
    for part in (data[:half], data[half:]):
        if part and not pipe.closed:
            protocol.data_received(part)
    for _ in range(TURNS_MAX):
        if not state.tasks:
            break
        await asyncio.sleep(0.001)
    protocol.connection_lost(None)
    for task in list(state.tasks):
        task.cancel()
    await asyncio.sleep(0)
    assert not failed, failed
    answers = bytes(pipe.written).split(b"HTTP/1.1 ")[1:] if pipe.written.startswith(b"HTTP/1.1 ") else []
    first = int(answers[0][:3]) if answers else None
    assert first is None or first in STATUSES, f"answered with {first}"


def close() -> None:
    """Let go of the loop."""
    loop().run_until_complete(loop().shutdown_default_executor())
    loop().close()
    loop.cache_clear()


TARGET = Target(name="http", attempt=attempt, bytes_max=8_192, shape="lines", close=close)


def seeds() -> dict[str, bytes]:
    """A request for each thing that is served, and some that are not."""
    paths = ["/BOR/ARC/checkpoint", "/BOR/BOR/checkpoint", "/", "/BOR/ARC/../../node.key", "/%2e%2e/%00"]
    paths += [f"/BOR/ARC/{tile_path(0, 0, 2)}", f"/BOR/BOR/{entries_path(0, 1)}", "/BOR/ARC/tile/9/x001/000"]
    made = {f"get-{place}": f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for place, path in enumerate(paths)}
    made["post"] = b"POST /BOR/ARC/checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    made["chunked"] = b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    made["two"] = made["get-0"] + made["get-1"]
    made["upgrade"] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
    return made
