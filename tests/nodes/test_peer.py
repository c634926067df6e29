"""The listener and the dialler: strangers, rude friends and slow ones, over real sockets and TLS."""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidHandshake, InvalidMessage

from nodes import tls
from nodes.budget import Bucket, Budget
from nodes.home import NodeHome
from nodes.node import Node
from nodes.peer import (
    AT_ONCE_BYTES_MAX,
    COMMON,
    CONNECTIONS_PER_ADDRESS,
    OUTBOX_BYTES_MAX,
    SESSIONS_AT_ONCE,
    STOP_TIMEOUT_S,
    WebsocketSession,
)
from nodes.plain_websocket import PlainClientConnection
from protocol import frames, handshake
from protocol.frames import FrameType
from protocol.handshake import Tie
from protocol.limits import FRAME_BYTES_MAX, SIZE_MAX
from tests.builders import keyring
from tests.nodes.homes import agreement, said
from tests.nodes.pair import free_port, held, line_of, run, running, until, write_homes

Homes = dict[str, NodeHome]


def address(homes: Homes) -> str:
    """Where BOR listens."""
    return "wss://" + homes["BOR"].config_path.read_text().split('listen = "')[1].split('"')[0] + "/"


def context(party: str) -> ssl.SSLContext:
    """TLS as a party dials BOR."""
    anchors = [tls.own_certificate(keyring("BOR", agreement().channel))]
    return tls.context(server=False, keyring=keyring(party, agreement().channel), anchors=anchors)


@asynccontextmanager
async def dialled(homes: Homes, party: str = "ARC", **options: Any) -> AsyncIterator[ClientConnection]:
    """A bare connection with a party's TLS key."""
    async with connect(
        address(homes), ssl=context(party), server_hostname="bor", proxy=None, **{**COMMON, **options}
    ) as connection:
        yield connection


def hello(party: str = "ARC", **changes: Any) -> bytes:
    """A hello of a party."""
    tie = Tie(dialled=True, own_pin=bytes(32), their_pin=bytes(32), nonce=bytes(32))
    items = {**frames.parse(handshake.hello(channel=agreement().channel, party=party, tie=tie)).items, **changes}
    return frames.encode(FrameType.HELLO, **items)


async def ended(connection: ClientConnection) -> str:
    """Read until the other side closes; the reason it gives."""
    try:
        while True:
            await asyncio.wait_for(connection.recv(), 10)
    except ConnectionClosed as closed:
        return closed.rcvd.reason if closed.rcvd is not None else ""


async def still_well(homes: Homes, bor: Node) -> None:
    """The line comes up and carries a message each way."""
    async with running(homes["ARC"]) as arc:
        assert (await held(arc, said("ARC"))).state == "held"
        assert (await held(bor, said("BOR"))).state == "held"


def test_a_stranger_does_not_get_past_tls(tmp_path: Path) -> None:
    """A key that no roster names: no connection, and the line is as well as before."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            with pytest.raises((InvalidMessage, InvalidHandshake, OSError)):
                async with dialled(homes, "CAR"):
                    pass
            await still_well(homes, bor)

    run(test)


RUDE: dict[str, tuple[list[bytes | str], str]] = {
    "another channel": ([hello(channel=bytes(32))], "unknown-peer"),
    "noise first": ([b"noise"], ""),
    "a beat first": ([frames.encode(FrameType.BEAT, beat=b"x", signature=b"x")], "unknown-peer"),
    "another party": ([hello(party="CAR")], "wrong-channel"),
    "a version we do not speak": ([hello(versions=b"\x09")], "unknown-version"),
    "a signature by nobody": ([hello(), frames.encode(FrameType.AUTH, signature=bytes(3373))], "signature-refused"),
    "noise after the hello": ([hello(), b"noise"], ""),
    "text after the hello": ([hello(), "text"], "bad-frame"),
    "an append before the signatures": (
        [hello(), frames.encode(FrameType.APPEND, note=b"n", start=0, entries=[], proof=[])],
        "frame-out-of-place",
    ),
}


@pytest.mark.parametrize("what", RUDE)
def test_a_rude_counterpart_is_shown_out(tmp_path: Path, what: str) -> None:
    """With the right TLS key and the wrong frames: closed, nothing changed, and the real node is served after it."""
    homes = write_homes(tmp_path)
    messages, reason = RUDE[what]

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            async with dialled(homes) as connection:
                for message in messages:
                    await connection.send(message)
                assert reason in await ended(connection)
            assert line_of(bor).status()["their_size"] == 0
            await still_well(homes, bor)

    run(test)


def test_a_message_too_large_is_not_read(tmp_path: Path) -> None:
    """The connection ends before it is there."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            async with dialled(homes) as connection:
                await connection.send(hello())
                await connection.send(bytes(FRAME_BYTES_MAX + 1))
                await ended(connection)
                assert connection.close_code == 1009
            await still_well(homes, bor)

    run(test)


def test_one_address_gets_so_many_connections(tmp_path: Path) -> None:
    """More are turned away while these stand, and the line comes up when they go."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            silent = []
            try:
                for _ in range(CONNECTIONS_PER_ADDRESS):
                    silent.append(await connect(address(homes), ssl=context("ARC"), server_hostname="bor", **COMMON))
                await asyncio.sleep(0.05)
                with pytest.raises((InvalidMessage, OSError)):
                    async with dialled(homes):
                        pass
            finally:
                for connection in silent:
                    await connection.close()
            await still_well(homes, bor)

    run(test)


@pytest.mark.slow
def test_a_stranger_who_only_connects_is_shut_out_before_tls(tmp_path: Path) -> None:
    """Connections that say nothing are held so many at a time; those beyond are closed unread, and the line is well."""
    homes = write_homes(tmp_path)
    host, _, port = address(homes)[6:-1].rpartition(":")

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            silent = [await asyncio.open_connection(host, int(port)) for _ in range(3 * CONNECTIONS_PER_ADDRESS)]
            try:
                reads = [asyncio.ensure_future(reader.read(1)) for reader, _ in silent]
                closed, kept = await asyncio.wait(reads, timeout=0.5)
                assert len(kept) == CONNECTIONS_PER_ADDRESS
                assert len(closed) == 2 * CONNECTIONS_PER_ADDRESS
                await asyncio.wait(kept, timeout=1)
            finally:
                for _, writer in silent:
                    writer.close()
                await asyncio.gather(*reads, return_exceptions=True)
            await still_well(homes, bor)

    run(test)


@pytest.mark.slow
def test_a_node_is_not_led_elsewhere_and_goes_on_dialling(tmp_path: Path) -> None:
    """A counterpart whose port answers with redirects is dialled again and again there, and nowhere else."""
    homes = write_homes(tmp_path)
    host, _, port = address(homes)[6:-1].rpartition(":")
    asked: list[bytes] = []

    async def misled() -> None:
        elsewhere = [b"https://elsewhere.example/", b"wss://127.0.0.1:%s/next" % port.encode(), b"wss://["]

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append((await reader.readuntil(b"\r\n")).strip())
            location = elsewhere[len(asked) % len(elsewhere)]
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % location)
            await writer.drain()
            writer.close()

        anchors = [tls.own_certificate(keyring("ARC", agreement().channel))]
        theirs = tls.context(server=True, keyring=keyring("BOR", agreement().channel), anchors=anchors)
        async with await asyncio.start_server(answer, host, int(port), ssl=theirs), running(homes["ARC"]):
            await until(lambda: len(asked) >= 4)

    async def test() -> None:
        await misled()
        assert set(asked) == {b"GET / HTTP/1.1"}

    run(test)


def test_a_mistake_of_ours_ends_a_session_and_not_the_dialler(tmp_path: Path) -> None:
    """Where a message of the counterpart makes our own code fail, the next session is dialled all the same."""
    homes = write_homes(tmp_path)
    failures = iter([RuntimeError("a mistake")])

    async def test() -> None:
        async with running(homes["ARC"]) as arc:
            core = line_of(arc).driver.core
            receive = core.receive

            def mistaken(data: bytes, now: Any) -> Any:
                for failure in failures:
                    raise failure
                return receive(data, now)

            core.receive = mistaken  # type: ignore[method-assign]
            async with running(homes["BOR"]):
                assert (await held(arc, said("ARC"))).state == "held"

    run(test)


def test_a_peer_that_asks_and_does_not_read_costs_so_much_and_no_more() -> None:
    """Answers that it does not take are kept up to a limit; then they are dropped and the session ends."""

    class Stuck(PlainClientConnection):
        def __init__(self) -> None:
            """Not connected to anything."""

        def write_now(self, messages: Sequence[bytes]) -> bool:
            return False

        async def send(self, *_: Any, **__: Any) -> None:
            await asyncio.Event().wait()

    async def test() -> None:
        tie = Tie(dialled=False, own_pin=bytes(32), their_pin=bytes(32), nonce=bytes(32))
        session = WebsocketSession(Stuck(), tie, lambda: None)
        writer = asyncio.create_task(session.write())
        await asyncio.sleep(0)
        answer = bytes(FRAME_BYTES_MAX)
        for _ in range(OUTBOX_BYTES_MAX // len(answer)):
            session.send([answer])
        assert session.busy
        session.send([answer])
        assert (session.reason, session._queue) == ("not-read", deque())
        writer.cancel()

    run(test)


def test_what_is_large_leaves_message_by_message() -> None:
    """Bodies given back without end are not written in one piece, which would lie in memory several times over."""

    class Taking(PlainClientConnection):
        def __init__(self) -> None:
            """Not connected to anything."""
            self.pieces: list[int] = []

        def write_now(self, messages: Sequence[bytes]) -> bool:
            self.pieces.append(len(messages))
            return True

    async def test() -> None:
        tie = Tie(dialled=False, own_pin=bytes(32), their_pin=bytes(32), nonce=bytes(32))
        connection = Taking()
        session = WebsocketSession(connection, tie, lambda: None)
        body = bytes(FRAME_BYTES_MAX)
        fits = AT_ONCE_BYTES_MAX // len(body)
        session.send([body] * fits)
        assert (connection.pieces, session.busy) == ([fits], False)
        session.send([body] * (fits + 1))
        assert (connection.pieces, session.busy) == ([fits], True)

    run(test)


def test_a_connection_that_the_peer_ended_ends_the_writing() -> None:
    """What waits to leave has nowhere to go: the writer returns, and leaves no error behind that nobody looks at."""

    class Ended(PlainClientConnection):
        def __init__(self) -> None:
            """Not connected to anything."""

        def write_now(self, messages: Sequence[bytes]) -> bool:
            return False

        async def send(self, *_: Any, **__: Any) -> None:
            raise ConnectionClosedOK(None, None)

    async def test() -> None:
        tie = Tie(dialled=False, own_pin=bytes(32), their_pin=bytes(32), nonce=bytes(32))
        session = WebsocketSession(Ended(), tie, lambda: None)
        session.send([b"a frame"])
        await session.write()

    run(test)


@pytest.mark.slow
def test_a_connection_that_waits_for_its_turn_does_not_keep_the_node_from_stopping(tmp_path: Path) -> None:
    """A counterpart that sent far more than it may is not read for a minute; the node stops in seconds all the same."""
    homes = write_homes(tmp_path)

    class Spent(Budget):
        def take(self, entries: int, *, cost: int = 0, progress: int = 0) -> float:
            waiting.set()
            return 3600.0

    waiting = asyncio.Event()

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            line_of(bor).driver._budget = Spent(per_s=1, burst=1)
            async with dialled(homes) as connection:
                await connection.send(hello())
                await asyncio.wait_for(waiting.wait(), 5)
                began_s = asyncio.get_running_loop().time()
                bor.stop()
                await ended(connection)
        assert asyncio.get_running_loop().time() - began_s < STOP_TIMEOUT_S + 5

    run(test)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["want", "fetch"])
def test_a_log_asked_for_again_and_again_is_sent_at_a_pace(tmp_path: Path, what: str) -> None:
    """The whole log a hundred times over, please: a bounded part of that is sent; the line stays up, and what is new
    arrives."""
    homes = write_homes(tmp_path)
    at_once, per_s, rests_s = 50_000, 100_000, 0.5
    asked = (
        frames.encode(FrameType.WANT, voice="ARC", start=0)
        if what == "want"
        else frames.encode(FrameType.FETCH, voice="ARC", start=0, end=SIZE_MAX)
    )

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            for _ in range(5):
                await held(arc, said("ARC"))
            driver = line_of(arc).driver
            driver._budget._again = Bucket(per_s=per_s, burst=at_once)
            session = line_of(bor).driver._session
            assert session is not None
            # So that it takes what it asks for.
            await line_of(bor).driver.ask(lambda: line_of(bor).driver.core.fetch_back("ARC", 0))
            one = 0
            for _ in range(100):
                before = driver.core.again_bytes
                session.send([asked])
                await asyncio.sleep(rests_s / 100)
                one = max(one, driver.core.again_bytes - before)
            # What is there, what came meanwhile, and the one answer that went over it.
            assert one > 10_000
            assert driver.core.again_bytes < at_once + 4 * rests_s * per_s + 2 * one < 100 * one
            assert (await held(arc, said("ARC"))).state == "held"
            assert line_of(bor).status()["line"] == "up"

    run(test)


def test_a_new_connection_takes_the_place_of_a_silent_one(tmp_path: Path) -> None:
    """A counterpart that lost its connection without a word dials again and is served at once."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor, dialled(homes) as silent:
            await silent.send(hello())
            await asyncio.sleep(0.05)
            await still_well(homes, bor)
            assert await ended(silent) == "replaced"

    run(test)


@pytest.mark.slow
def test_both_may_dial(tmp_path: Path) -> None:
    """Two nodes that dial each other end up with one session and stay there."""
    homes = write_homes(tmp_path)
    here = f"127.0.0.1:{free_port()}"
    config = homes["ARC"].config_path
    config.write_text(config.read_text().replace('listen = ""', f'listen = "{here}"'))
    homes["BOR"].channel("ARC").settings_path.write_text(f'endpoints = ["{here}"]\n')

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))
            await held(bor, said("BOR"))
            await until(lambda: line_of(arc).status()["line"] == line_of(bor).status()["line"] == "up")
            dialled_by_arc = line_of(arc).driver.dialled
            await asyncio.sleep(1.0)
            assert line_of(arc).driver.dialled is dialled_by_arc
            assert line_of(bor).driver.dialled is not dialled_by_arc
            assert line_of(arc).status()["line"] == "up"

    run(test)


@pytest.mark.slow
def test_a_counterpart_that_begins_session_after_session_is_held_back(tmp_path: Path) -> None:
    """So many at once and then one a second; the node itself is served as soon as the rude ones cease."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            reasons = []
            for _ in range(SESSIONS_AT_ONCE + 4):
                async with dialled(homes) as connection:
                    await connection.send(hello())
                    await connection.send(b"noise")
                    reasons.append(await ended(connection))
            assert reasons[:SESSIONS_AT_ONCE].count("busy") == 0
            assert reasons[SESSIONS_AT_ONCE:].count("busy") >= 3
            await still_well(homes, bor)

    run(test)
