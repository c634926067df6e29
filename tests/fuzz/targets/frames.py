"""Frames of a session, and the beats inside them."""

from __future__ import annotations

from protocol import beat, frames
from protocol.errors import ProtocolError
from protocol.frames import FrameType
from protocol.limits import FRAME_BYTES_MAX
from tests.fuzz.target import Target, read_or_refused
from tests.lines import Wire


def attempt(data: bytes) -> None:
    """A frame as it comes from the websocket; what it holds of ours is read as well."""
    read_or_refused(data, beat.parse, beat.Beat.encode, ProtocolError)
    frame = read_or_refused(data, frames.parse, lambda one: frames.encode(one.type, **one.items), ProtocolError)
    if frame is not None and frame.type is FrameType.BEAT:
        read_or_refused(frame["beat"], beat.parse, beat.Beat.encode, ProtocolError)


TARGET = Target(name="frames", attempt=attempt, bytes_max=FRAME_BYTES_MAX, shape="msgpack")


def seeds() -> dict[str, bytes]:
    """One frame of each type, as two nodes send them."""
    seen: dict[str, bytes] = {}
    wire = Wire()

    def keep(_: object, data: bytes) -> bytes:
        frame = frames.parse(data)
        name = frame.type.name.lower()
        if name not in seen or len(data) < len(seen[name]):
            seen[name] = data
        if frame.type is FrameType.BEAT:
            seen.setdefault("a-beat-alone", frame["beat"])
        return data

    wire.tampering = keep
    wire.arc.append(2, body=b"b" * 40)
    wire.open()
    wire.pass_time(3_000, step_ms=500)
    wire.cut()
    wire.arc.append(70)
    wire.arc.append(1, flash=True)
    wire.open()
    for type_, table in frames.FRAMES.items():
        if type_.name.lower() not in seen:
            seen[type_.name.lower()] = frames.encode(type_, **{item.name: _some(item) for item in table})
    return seen


def _some(item: frames.Item) -> object:
    """A value that an item takes."""
    octets = b"b" * (item.exact or 8)
    return {int: 1, str: "ARC", bytes: octets, list: [octets]}[item.kind]
