"""The local API: messages of a client, answered by a running node to an officer who may do everything.

An input is a list of requests, each as it comes over the socket. The node is a real one, without its counterpart, in a
directory in memory; what an input left there stays for those after it, as it would.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import msgpack

from keys.roles import KeyRole
from nodes.api_frames import FRAME_BYTES_MAX, decode_answer, decode_request, encode_answer, encode_request
from nodes.config import NodeConfig
from nodes.errors import ApiRefused, NodeError
from nodes.login import CHALLENGE_BYTES, Session
from nodes.node import Node
from nodes.operations import OPERATIONS, Caller
from protocol.errors import ProtocolError
from tests.builders import hybrid, keyring
from tests.fuzz.target import Target, read_or_refused, unpacked
from tests.nodes.homes import agreement, letter, said, signed_by, write_home

REQUESTS_MAX = 4
WAIT_MS_MAX = 20


@cache
def loop() -> asyncio.AbstractEventLoop:
    """The node's."""
    return asyncio.new_event_loop()


@cache
def node() -> Node:
    """A node whose counterpart has never been heard of."""
    home = write_home(Path(tempfile.mkdtemp(prefix="hotline-fuzz-")) / "ARC", "ARC")
    made = Node(home, NodeConfig.load(home.config_path), keyring("ARC", agreement().channel))
    made.open()
    running().append(loop().create_task(made.run()))
    loop().run_until_complete(asyncio.wait(running(), timeout=0.2))
    return made


@cache
def running() -> list[asyncio.Task[None]]:
    """The node's own task."""
    return []


def close() -> None:
    """Stop the node, if it was started."""
    if running():
        node().stop()
        loop().run_until_complete(running()[0])
        shutil.rmtree(node().home.path.parent)
    for forget in (node, running):
        forget.cache_clear()
    loop().close()
    loop.cache_clear()


def attempt(data: bytes) -> None:
    """A message is a request in its one spelling or is refused; what it asks for is answered or refused."""
    read_or_refused(data, decode_answer, _again, ApiRefused)
    value = unpacked(data)
    messages = value if isinstance(value, list) else [data]
    requests = []
    for message in messages[:REQUESTS_MAX]:
        if isinstance(message, bytes):
            found = read_or_refused(message, decode_request, lambda one: encode_request(*one), ApiRefused)
            if found is not None:
                requests.append(found)
    if requests:
        loop().run_until_complete(_answered(node(), requests))


async def _answered(here: Node, requests: list[tuple[int, str, dict[str, Any]]]) -> None:
    async def push(name: str, values: dict[str, Any]) -> None:
        encode_answer(1, {"name": name, **values})

    caller = Caller(node=here, challenge=bytes(CHALLENGE_BYTES), push=push)
    caller.session = Session(person=4, key=hybrid("ARC 4", KeyRole.OFFICER).public)
    try:
        for number, op, arguments in requests:
            operation = OPERATIONS.get(op)
            if operation is None:
                continue
            if type(arguments.get("timeout_ms", WAIT_MS_MAX)) is int:
                arguments["timeout_ms"] = min(arguments.get("timeout_ms", 0), WAIT_MS_MAX)
            try:
                answer = encode_answer(number, await operation.run(caller, arguments))
            except (NodeError, ProtocolError) as error:
                str(error)
            else:
                assert len(answer) <= FRAME_BYTES_MAX or op in ("threads", "thread", "inbox")
                decode_answer(answer)
    finally:
        caller.close()


def _again(value: dict[str, Any]) -> bytes:
    from protocol import canonical

    return canonical.encode(value)


TARGET = Target(name="api", attempt=attempt, bytes_max=32_768, shape="msgpack", close=close)


def seeds() -> dict[str, bytes]:
    """A request for each operation."""
    arguments: dict[str, Any] = {"voice": "ARC", "index": 0, "id": "00" * 16, "limit": 3, "counterpart": "BOR"}
    made = {}
    for op in sorted(OPERATIONS):
        given = dict(arguments)
        if op == "thread":
            given["id"] = bytes(32)
        if op == "sign":
            given["signature"] = ["person/1", "duty", "a", b"x"]
        if op == "login":
            given = {"person": 1, "signature": bytes(3373)}
        if op == "submit":
            continue
        made[op] = msgpack.packb([encode_request(1, op, given)])
    good = said("ARC")
    made["submit"] = msgpack.packb([encode_request(1, "submit", {"signed": good.encode(), "wait": "held"})])
    two = signed_by(letter("ARC", "notification", fields={}, severity=4, aware_at_ms=1), (1, "duty"))
    made["draft"] = msgpack.packb(
        [encode_request(1, "submit", {"signed": two.encode()}), encode_request(2, "drafts", {})]
    )
    made["answer"] = encode_answer(1, {"a": 1})
    return made
