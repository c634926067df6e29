"""A counterpart that logged in at a real node over TLS, and then sends what it likes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection

from keys.tls_identity import spki_pin
from nodes.node import Node
from protocol import beat as beats
from protocol import frames, handshake
from protocol.beat import Beat
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.frames import FrameType
from protocol.handshake import Tie
from protocol.limits import ENTRY_BYTES_MAX, SIZE_MAX
from protocol.merkle import empty_root, leaf_hash
from tests.builders import EPOCH, START_MS, keyring
from tests.nodes.homes import agreement, roster
from tests.nodes.pair import line_of, run, running, until, write_homes
from tests.nodes.test_peer import Homes, dialled, ended

NONCE = bytes(range(32))


@asynccontextmanager
async def logged_in(homes: Homes, **shown: bytes) -> AsyncIterator[tuple[ClientConnection, bytes]]:
    """An open session as ARC, and its transcript; it shows nothing of either log, or the notes given."""
    channel = agreement().channel
    (own_pin,), (their_pin,) = ([spki_pin(der) for der in roster(party).tls] for party in ("ARC", "BOR"))
    tie = Tie(dialled=True, own_pin=own_pin, their_pin=their_pin, nonce=NONCE)
    node = keyring("ARC", channel).node_signer()
    async with dialled(homes) as connection:
        own = handshake.hello(channel=channel, party="ARC", tie=tie)
        await connection.send(own)
        theirs = await connection.recv(decode=False)
        version = handshake.choose(bytes(handshake.VERSIONS), frames.parse(theirs)["versions"])
        proof = handshake.prove(
            signer=node, channel=channel, party="ARC", tie=tie, version=version, own_hello=own, their_hello=theirs
        )
        await connection.send(proof)
        assert frames.parse(await connection.recv(decode=False)).type is FrameType.AUTH
        nothing = {"own_note": None, "held_note": None, "newest_note": None, "cosigned_note": None, "held_size": 0}
        state = handshake.vouch(
            signer=node,
            channel=channel,
            party="ARC",
            tie=tie,
            version=version,
            own_hello=own,
            their_hello=theirs,
            items={**nothing, **shown},
        )
        await connection.send(state)
        while frames.parse(await connection.recv(decode=False)).type is not FrameType.STATE:
            pass
        yield connection, handshake.transcript(tie, own, theirs)


def note(size: int, root: bytes) -> bytes:
    """A checkpoint that ARC's log keys sign, whatever it says."""
    channel = agreement().channel
    origin = agreement().origin("ARC", EPOCH)
    return sign_checkpoint(
        Checkpoint(origin, size, root), keyring("ARC", channel).log_signers(channel, origin), START_MS
    )


async def as_before(homes: Homes, bor: Node) -> None:
    """The node holds what it held, and lets the counterpart in again.

    The counterpart's own node would sign nothing after some of this: somebody has signed with its log's keys.
    """
    line = line_of(bor)
    assert line.status()["their_size"] == 0
    async with logged_in(homes):
        assert line.driver.dialled is False


def append(entries: list[bytes], *, size: int = 1, start: int = 0, root: bytes | None = None) -> bytes:
    """Entries under a checkpoint."""
    root = leaf_hash(entries[0]) if root is None and entries else root or empty_root()
    return frames.encode(FrameType.APPEND, note=note(size, root), start=start, entries=entries, proof=[])


def beat(session: bytes, **changes: object) -> bytes:
    """A beat of ARC, signed, that says whatever it is told to."""
    items: dict[str, object] = {
        "channel": agreement().channel,
        "party": "ARC",
        "session": session,
        "number": 1,
        "at_ms": START_MS,
        "ahead_ms": 0,
        "own": (0, empty_root()),
        "held": (0, empty_root()),
        "quoted": 0,
        "heard": None,
        "heard_at_ms": None,
        "docket": None,
        "cosignatures": b"",
        **changes,
    }
    data, signature = beats.sign(Beat(**items), keyring("ARC", agreement().channel).node_signer())  # type: ignore[arg-type]
    return frames.encode(FrameType.BEAT, beat=data, signature=signature)


REFUSED: dict[str, Callable[[bytes], bytes]] = {
    "entries of another log": lambda _: append([b"an entry"], root=bytes(32)),
    "more entries than the checkpoint covers": lambda _: append([b"a", b"b"]),
    "a beat of another session": lambda _: beat(bytes(32)),
    "a receipt that nobody signed": lambda _: frames.encode(FrameType.COSIGNED, note=note(1, bytes(32))),
    "a body that nobody waits for": lambda _: frames.encode(FrameType.BODY, index=5, body=b"b"),
    "noise": lambda _: b"\x91\x05",
}

TAKEN: dict[str, Callable[[bytes], bytes]] = {
    "a far start": lambda _: append([], size=SIZE_MAX, start=SIZE_MAX, root=bytes(32)),
    "their log from anywhere": lambda _: frames.encode(FrameType.WANT, voice="BOR", start=SIZE_MAX),
    "a range of nothing": lambda _: frames.encode(FrameType.FETCH, voice="BOR", start=SIZE_MAX, end=SIZE_MAX),
    "a beat from the end of time": lambda session: beat(session, at_ms=253_402_300_799_999, ahead_ms=2**40),
    "a claim to have held all": lambda session: beat(session, quoted=SIZE_MAX, docket=(SIZE_MAX, SIZE_MAX, bytes(32))),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_counterpart_that_logged_in_is_shown_out_all_the_same(tmp_path: Path, what: str) -> None:
    """A frame that is refused ends the session with a reason of ours; nothing changed, and the next one is let in."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            async with logged_in(homes) as (connection, session):
                await connection.send(REFUSED[what](session))
                reason = await ended(connection)
                assert reason
                assert reason != "internal-error"
            await as_before(homes, bor)

    run(test)


@pytest.mark.slow
def test_strange_frames_of_a_counterpart_stop_nothing(tmp_path: Path) -> None:
    """What is well formed and asks for nothing that there is: passed over or told of, and nothing changed."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            for make in TAKEN.values():
                async with logged_in(homes) as (connection, session):
                    await connection.send(make(session))
                    await asyncio.sleep(0.2)
            await as_before(homes, bor)

    run(test)


def test_nobody_is_kept_from_speaking_by_a_receipt_that_is_not_ours(tmp_path: Path) -> None:
    """A counterpart says that we cosigned what we never saw: it is not waited for, and its session ends."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            long = note(1_000, bytes(32))
            async with logged_in(homes, own_note=long, cosigned_note=long) as (connection, _):
                assert await ended(connection) == "line-missing"
            async with logged_in(homes, own_note=long):
                await until(lambda: line_of(bor).live)

    run(test)


def test_entries_of_the_largest_size_that_mean_nothing_are_held(tmp_path: Path) -> None:
    """Noise under a good checkpoint is a log like any other: held, and the voice of the other side goes on."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            async with logged_in(homes) as (connection, _):
                await connection.send(append([b"\xff" * ENTRY_BYTES_MAX]))
                async with asyncio.timeout(10):
                    while frames.parse(await connection.recv(decode=False)).type is not FrameType.COSIGNED:
                        pass
            assert line_of(bor).status()["their_size"] == 1

    run(test)
