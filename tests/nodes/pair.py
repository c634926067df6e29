"""Two nodes in one process and one event loop, over real sockets and TLS on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent import futures
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from nodes.config import NodeConfig
from nodes.home import NodeHome
from nodes.line import Line
from nodes.node import Node
from nodes.node_keys import NodeKeys
from nodes.outcome import Outcome
from nodes.signed import SignedStatement
from tests.builders import keyring
from tests.lines import other
from tests.nodes.homes import agreement, write_home
from tests.ports import free_port as free_port

PATIENCE_S = 60.0


def write_homes(directory: Path, *, settings: str = "") -> dict[str, NodeHome]:
    """ARC dials, BOR listens."""
    address = f"127.0.0.1:{free_port()}"
    return {
        "ARC": write_home(directory / "ARC", "ARC", endpoint=address, settings=settings),
        "BOR": write_home(directory / "BOR", "BOR", listen=address, settings=settings),
    }


class SharedThreads(ThreadPoolExecutor):
    """Threads that outlive the node which thinks they are its own: here two nodes share one loop, and its default."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave them to the next node."""


THREADS = SharedThreads(8)


class Lent(Executor):
    """The shared threads as one node has them: it waits for what it gave them, and closes no file under that."""

    def __init__(self) -> None:
        self._given: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See Executor."""
        future = THREADS.submit(fn, *args, **kwargs)
        self._given.add(future)
        future.add_done_callback(self._given.discard)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the threads to the next node, without work of this one."""
        if wait:
            futures.wait(list(self._given))


@asynccontextmanager
async def running(home: NodeHome, keys: NodeKeys | None = None) -> AsyncIterator[Node]:
    """A node of a home, for as long as the block lasts; with its usual keys or others."""
    usual = keyring(home.party, agreement().channel, agreement().suite)
    node = Node(home, NodeConfig.load(home.config_path), usual if keys is None else keys)
    node.executor = Lent()
    node.open()
    task = asyncio.create_task(node.run())
    try:
        # What cannot start has ended by now; whatever it is comes out of the task.
        await asyncio.wait([task], timeout=0.05)
        if task.done():
            await task
        yield node
    finally:
        node.stop()
        await task


def line_of(node: Node) -> Line:
    """The one line of a node."""
    return node.lines[other(node.party)]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own.
            await asyncio.sleep(0.01)


async def held(node: Node, signed: SignedStatement) -> Outcome:
    """Submit a statement and wait for its receipt."""
    line = line_of(node)
    outcome = await line.intake.submit(signed)
    return await line.intake.wait(bytes.fromhex(outcome.id), "held", PATIENCE_S)


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test on a loop of its own."""

    async def whole() -> None:
        async with asyncio.timeout(60):
            await test()

    asyncio.run(whole())
