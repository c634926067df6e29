"""A counterpart that is who it says, with all its keys, and sends whatever it likes in any order.

Everything here comes over an open session, well formed, and where something is to be signed it is signed by the right
key: only what it says is wrong, old, of another place, or out of turn. The keys are stubs that sign at once; the
channel is the one that nodes run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import beat as beats
from protocol import frames
from protocol.beat import Beat
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import add_cosignatures, cosign
from protocol.frames import FrameType
from protocol.limits import SIZE_MAX, TIME_MS_MAX
from protocol.merkle import prove_inclusion
from protocol.note import Note
from protocol.note import parse as parse_note
from protocol.tagged import Hash
from tests.builders import START_MS
from tests.lines import Side, Wire, entry_of, line_keys
from tests.simulation.stubs import stub_keys

SIZES = (0, 1, 2, 3, 4, 5, 70, 2**32, 2**53, SIZE_MAX)
EFFECTS_MAX = 80
COUNT = 300


@dataclass
class Hostile:
    """BOR with its keys, and everything that was ever sent on the line.

    Attributes:
        wire: the line; ARC is honest.
        sent: every frame of both sides, sessions of before included.
        beat: the newest beat of BOR's in this session.
    """

    wire: Wire
    sent: list[bytes]
    beat: Beat | None = None

    @property
    def arc(self) -> Side:
        """Whoever is tried."""
        return self.wire.arc

    @property
    def bor(self) -> Side:
        """Whose keys these are."""
        return self.wire.bor

    def open(self) -> None:
        """A session in which both have all there is, and each sent a beat."""
        self.wire.cut()
        self.wire.open()
        self.wire.pass_time(1_000, step_ms=1_000)
        assert self.arc.core.is_open

    def seen(self, side: Side, data: bytes) -> bytes:
        """Remember a frame on its way."""
        self.sent.append(data)
        if side is self.bor and (frame := frames.parse(data)).type is FrameType.BEAT:
            self.beat = beats.parse(frame["beat"])
        return data

    def note(self, size: int, root: Hash | None = None) -> bytes:
        """BOR's own checkpoint of a size; the true one where it is of its log and no root is given."""
        head = self.bor.store.head("BOR")
        if root is None:
            root = self.bor.store.root("BOR", size) if size <= head.size else head.root
        keys = self.bor.core.keys
        return sign_checkpoint(Checkpoint(keys.own.origin, size, root), keys.signers.log, START_MS)

    def signed_beat(self, **changes: object) -> bytes:
        """A beat of this session that says something else."""
        assert self.beat is not None
        made = replace(self.beat, **{"number": self.beat.number + 1, **changes})  # type: ignore[arg-type]
        data, signature = beats.sign(made, self.bor.core.keys.signers.node)
        return frames.encode(FrameType.BEAT, beat=data, signature=signature)


Action = Callable[[Hostile, int, int], bytes]
"""Makes one frame; two numbers choose what of it is wrong."""


def replayed(hostile: Hostile, a: int, b: int) -> bytes:
    """A frame of an earlier session, or of this one again."""
    return hostile.sent[(a * 251 + b) % len(hostile.sent)]


def wrong_entries(hostile: Hostile, a: int, b: int) -> bytes:
    """Entries that are not those under the checkpoint: too few, other ones, or of other places."""
    log = hostile.bor.own_log
    note = hostile.note(len(log))
    entries = (log[: b % 3], [b"other"] * (1 + b % 3), log[::-1], [*log, b"more"])[a % 4]
    proof = [bytes(32)] * (b % 4)
    return frames.encode(FrameType.APPEND, note=note, start=SIZES[(a + b) % len(SIZES)], entries=entries, proof=proof)


def unwanted_body(hostile: Hostile, a: int, b: int) -> bytes:
    """A body that nobody waits for."""
    return frames.encode(FrameType.BODY, index=SIZES[a % len(SIZES)], body=b"b" * (b % 200))


def false_receipt(hostile: Hostile, a: int, b: int) -> bytes:
    """A receipt with a line too few, by the wrong keys, or for a log that ARC never signed."""
    own = hostile.arc.mark
    assert own is not None
    checkpoint, note = own
    mirror = hostile.bor.core.keys.signers.mirror
    other = Checkpoint(checkpoint.origin, checkpoint.size + 1 + a % 3, sha256(b"%d" % b).digest())
    lines = cosign(other, mirror, START_MS)
    match a % 4:
        case 0:
            made = note
        case 1:
            made = add_cosignatures(note, lines)
        case 2:
            made = Note(other.text(), (*parse_note(note).signatures, *lines)).encode()
        case _:
            made = hostile.note(b % 3)
    return frames.encode(FrameType.COSIGNED, note=made)


def want(hostile: Hostile, a: int, b: int) -> bytes:
    """ARC's log again from anywhere, or somebody else's."""
    return frames.encode(FrameType.WANT, voice=("ARC", "BOR", "CAR")[b % 3], start=SIZES[a % len(SIZES)])


def fetch(hostile: Hostile, a: int, b: int) -> bytes:
    """A range of either log, or of none."""
    sizes = SIZES[a % len(SIZES)], SIZES[b % len(SIZES)]
    return frames.encode(FrameType.FETCH, voice=("ARC", "BOR", "CAR")[b % 3], start=sizes[0], end=sizes[1])


def fetched(hostile: Hostile, a: int, b: int) -> bytes:
    """Something that ARC never asked for."""
    if a % 2:
        return frames.encode(FrameType.FETCHED_BODY, voice=("ARC", "BOR")[b % 2], index=a, body=b"b")
    own = hostile.arc.mark
    assert own is not None
    items = {name: [] if name == "proof" else own[1] for name in ("note", "proof")}
    return frames.encode(FrameType.FETCHED, voice=("ARC", "BOR")[b % 2], start=b % 5, entries=[b"e"], **items)


def lying_beat(hostile: Hostile, a: int, b: int) -> bytes:
    """A beat that is signed and says what is not: numbers, times, sizes, another session, channel or party."""
    size = SIZES[b % len(SIZES)]
    held = Checkpoint(hostile.arc.core.keys.own.origin, max(1, size), sha256(b"%d" % a).digest())
    lines = Note(held.text(), tuple(cosign(held, hostile.bor.core.keys.signers.mirror, START_MS))).encode()
    changes: tuple[dict[str, object], ...] = (
        {"number": 0},
        {"number": SIZE_MAX},
        {"at_ms": TIME_MS_MAX, "ahead_ms": TIME_MS_MAX},
        {"at_ms": 0, "heard_at_ms": TIME_MS_MAX, "heard": bytes(32)},
        {"session": bytes(32)},
        {"channel": bytes(32)},
        {"party": "ARC"},
        {"own": (size, bytes(32))},
        {"held": (held.size, held.root)},
        {"held": (held.size, held.root), "cosignatures": lines},
        {"held": (0, bytes(32)), "cosignatures": b"noise"},
        {"docket": (size, size, bytes(32))},
        {"quoted": size},
    )
    return hostile.signed_beat(**changes[a % len(changes)])


def unproved_flash(hostile: Hostile, a: int, b: int) -> bytes:
    """An entry ahead of others that is no flash, not proved, held already, or with another body."""
    size = hostile.bor.store.head("BOR").size
    entry = (hostile.bor.own_log[b % size], entry_of("BOR", 900 + b % 8, flash=True), b"noise")[a % 3]
    note = hostile.note(size)
    path = prove_inclusion(b % size, size, hostile.bor.store.hashes("BOR"))
    body = (None, b"", b"other")[a % 3]
    index = (b % size, SIZES[a % len(SIZES)])[b % 2]
    return frames.encode(FrameType.AHEAD, note=note, index=index, path=path, entry=entry, body=body)


def out_of_turn(hostile: Hostile, a: int, b: int) -> bytes:
    """Frames of the handshake in an open session, and a made-up problem."""
    match a % 3:
        case 0:
            return frames.encode(FrameType.AUTH, signature=b"s" * (b % 4_000))
        case 1:
            return frames.encode(FrameType.HELLO, versions=b"\x01", channel=bytes(32), party="BOR", nonce=bytes(32))
        case _:
            return frames.encode(FrameType.PROBLEM, code="x" * (b % 41), text="\x1b[2J")


ACTIONS: tuple[Action, ...] = (
    replayed, wrong_entries, unwanted_body, false_receipt, want, fetch, fetched, lying_beat, unproved_flash,
    out_of_turn,
)  # fmt: skip
"""None of these is a second log under BOR's keys: a fork is `tests/protocol/test_branches.py`."""


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Keys that sign at once."""
    line_keys.cache_clear()
    with stub_keys():
        yield
    line_keys.cache_clear()


def begun() -> Hostile:
    """Two nodes that have talked for two sessions."""
    hostile = Hostile(Wire(), [])
    hostile.wire.tampering = hostile.seen
    hostile.bor.append(3, body=b"b" * 40)
    hostile.arc.append(3)
    hostile.open()
    hostile.bor.append(2)
    hostile.arc.append(1, body=b"a" * 40)
    hostile.open()
    return hostile


steps = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 255), st.integers(0, 255)), max_size=12)


@pytest.mark.slow
@given(steps)
@settings(max_examples=60)
def test_a_hostile_sequence_after_login_changes_nothing(sequence: list[tuple[Action, int, int]]) -> None:
    """Both logs, receipts and the right to sign stay as they are; then an honest session takes up where it was."""
    hostile = begun()
    arc = hostile.arc
    before = (arc.own_log, arc.mirror, arc.core.cosigned_size, arc.core.live, arc.mark)
    for make, a, b in sequence:
        if not arc.core.is_open:
            hostile.open()
        data = make(hostile, a, b)
        frames.parse(data)
        effects = arc.core.receive(data, arc.now())
        assert len(effects) < EFFECTS_MAX
        arc.carry_out(effects)
        arc.pump()
        assert sum(map(len, arc.out)) < 1_000_000
        arc.out.clear()
        assert (arc.own_log, arc.mirror, arc.core.cosigned_size, arc.core.live, arc.mark) == before, make.__name__
    assert "fork" not in arc.alarms
    assert "fork-self" not in arc.alarms
    assert "rolled-back-self" not in arc.alarms
    arc.append(1)
    hostile.bor.append(1)
    hostile.open()
    assert hostile.wire.converged()


@pytest.mark.slow
@pytest.mark.parametrize("make", ACTIONS, ids=lambda make: make.__name__)
def test_one_kind_of_frame_for_ever_costs_bounded_memory(make: Action) -> None:
    """Hundreds of them: what the node keeps for the line does not grow with their number."""
    hostile = begun()
    arc = hostile.arc
    sizes = []
    for count in range(COUNT):
        if not arc.core.is_open:
            hostile.open()
        arc.carry_out(arc.core.receive(make(hostile, count % 251, count % 241), arc.now()))
        arc.out.clear()
        arc.events.clear()
        if count + 1 in (COUNT // 2, COUNT):
            sizes.append(weight(arc.core))
    assert sizes[1] <= sizes[0] * 1.2 + 20_000


def weight(thing: Any, seen: set[int] | None = None) -> int:
    """Bytes of text and of containers under an object of ours, about."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return 0
    seen.add(id(thing))
    held: list[Any] = []
    if isinstance(thing, bytes | str):
        return 64 + len(thing)
    if isinstance(thing, dict):
        held = [*thing, *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset | deque):
        held = list(thing)
    elif type(thing).__module__.startswith("protocol."):
        names = [*getattr(thing, "__dict__", {}), *getattr(type(thing), "__slots__", ())]
        held = [getattr(thing, name, None) for name in names]
    return 64 + sum(weight(one, seen) for one in held)
