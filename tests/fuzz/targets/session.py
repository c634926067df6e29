"""A session in each of its phases: frames of whoever connected, and of a counterpart whose signature was good.

The keys are stubs that sign at once, so that what is tried is the line and not the signature. A counterpart that signs
what it should not is `tests/hostile/test_sessions.py`.
"""

from __future__ import annotations

from functools import cache

import msgpack

from protocol.effects import Effect, Send, StoreCosigned, StoreMirror
from protocol.frames import FrameType, parse
from tests.fuzz.target import Target, unpacked
from tests.fuzz.targets.frames import seeds as frame_seeds
from tests.lines import Side, Wire, other
from tests.simulation.stubs import stub_keys

PHASES = ("hello", "auth", "state", "open")
FRAMES_MAX = 8
EFFECTS_MAX = 64


@cache
def honest() -> tuple[Wire, tuple[bytes, ...]]:
    """Two nodes with something in their logs, and every frame that the second one sent."""
    wire, sent = Wire(), []

    def keep(side: Side, data: bytes) -> bytes:
        if side is wire.bor:
            sent.append(data)
        return data

    wire.tampering = keep
    wire.bor.append(3, body=b"b" * 40)
    wire.arc.append(3)
    wire.open()
    wire.pass_time(2_000, step_ms=500)
    wire.cut()
    wire.bor.append(2)
    wire.open()
    wire.cut()
    wire.tampering = lambda _, data: data
    return wire, tuple(sent)


def reach(wire: Wire, phase: str) -> None:
    """Bring the first node to a phase, its counterpart answering honestly so far."""
    wire.cut()
    wire.connect()
    for wanted in PHASES[: PHASES.index(phase)]:
        while wire.arc.core.phase == wanted:
            assert wire.deliver(wire.bor) or wire.deliver(wire.arc)
    for side in wire.sides.values():
        side.out.clear()
        side.events.clear()


def attempt(data: bytes) -> None:
    """Frames are taken or end the session; what is mirrored was signed, and nothing that was held is gone."""
    value = unpacked(data)
    if not isinstance(value, list) or not value or not isinstance(value[0], int):
        value = [3, data]
    with stub_keys():
        wire, _ = honest()
        side = wire.arc
        reach(wire, PHASES[value[0] % len(PHASES)])
        before = (side.own_log, side.mirror, side.core.cosigned_size)
        for frame in value[1 : FRAMES_MAX + 1]:
            if isinstance(frame, bytes):
                effects = side.core.receive(frame, side.now())
                assert len(effects) < EFFECTS_MAX
                _carry_out(side, effects)
        assert side.own_log == before[0], "the own log changed"
        assert side.mirror[: len(before[1])] == before[1], "the mirror lost an entry"
        assert side.core.cosigned_size >= before[2], "a receipt was lost"
        honest_log = wire.sides[other(side.party)].own_log
        assert side.mirror == honest_log[: len(side.mirror)], "the mirror holds what was not signed"


def _carry_out(side: Side, effects: list[Effect]) -> None:
    """What follows; what the node says is a frame."""
    for effect in effects:
        if isinstance(effect, Send):
            parse(effect.data)
    assert not any(isinstance(one, StoreCosigned | StoreMirror) for one in effects) or side.core.phase == "open"
    side.carry_out(effects)


TARGET = Target(name="session", attempt=attempt, bytes_max=65_536, shape="msgpack")


def seeds() -> dict[str, bytes]:
    """Each frame of an honest counterpart in the phase where it belongs, and where it does not."""
    made: dict[str, bytes] = {}
    with stub_keys():
        for data in honest()[1]:
            frame = parse(data).type
            phase = {FrameType.HELLO: 0, FrameType.AUTH: 1, FrameType.STATE: 2}.get(frame, 3)
            if len(data) < 16_000:
                made.setdefault(f"{frame.name.lower()}", msgpack.packb([phase, data]))
    for name, data in frame_seeds().items():
        if name not in made and len(data) < 1_000:
            made[name] = msgpack.packb([3, data])
    return made
