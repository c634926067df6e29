"""What has left a node, and must be on its disk from then on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nodes.api_frames import decode_answer
from protocol.beat import parse as parse_beat
from protocol.checkpoint import parse_text
from protocol.frames import FrameType
from protocol.frames import parse as parse_frame
from protocol.note import parse as parse_note
from tests.faults.record import Op


@dataclass(slots=True)
class Promises:
    """What has left a node so far.

    Attributes:
        party: whose node it is.
        logged: places of the statements that an officer was told of, by id.
        signed: size of the newest checkpoint of its own log.
        cosigned: size of the newest checkpoint of the other log that it cosigned.
        said: own size and held size that a heartbeat claimed.
    """

    party: str
    logged: dict[str, int] = field(default_factory=dict)
    signed: int = 0
    cosigned: int = 0
    said: tuple[int, int] = (0, 0)

    def hear(self, op: Op) -> None:
        """Something leaves."""
        if op.name == "answer":
            self._answer(decode_answer(op.data).get("ok"))
        elif op.name == "frame":
            self._frame(op.data)

    def _answer(self, answer: Any) -> None:
        match answer:
            case {"state": "logged" | "held", "id": str(statement_id), "serial": str(serial)}:
                self.logged[statement_id] = int(serial.split()[1])
            case _:
                return

    def _frame(self, data: bytes) -> None:
        frame = parse_frame(data)
        match frame.type:
            case FrameType.APPEND | FrameType.AHEAD:
                self.signed = max(self.signed, size_of(frame["note"]))
            case FrameType.COSIGNED:
                self.cosigned = max(self.cosigned, size_of(frame["note"]))
            case FrameType.BEAT:
                beat = parse_beat(frame["beat"])
                self.said = max(self.said[0], beat.own[0]), max(self.said[1], beat.held[0])
            case _:
                return


def size_of(note: bytes) -> int:
    """The size that a signed checkpoint names."""
    return parse_text(parse_note(note).text).size
