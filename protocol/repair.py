"""Repair: single entries of either log, asked back from the other side because they are damaged here.

What comes is given to the node with the body its entry names. The node knows by its own signed checkpoints what must
stand at that place and believes nothing else, so nothing is verified here but that it was asked for and fits together.

Source: spec/disputes.md, "Damage"; spec/recovery.md, "Fetching".
"""

from protocol import frames
from protocol.effects import Effect, GivenBack, Send
from protocol.frames import Frame, FrameType
from protocol.glance import Glance, glance


class Repair:
    """One question at a time, on one line."""

    def __init__(self) -> None:
        self._asked: tuple[str, int] | None = None
        self._entry: tuple[bytes, Glance] | None = None
        self._began = False

    def session_ends(self) -> None:
        """Nothing more will come; whoever waits asks again."""
        self._asked = self._entry = None
        self._began = False

    @property
    def began(self) -> bool:
        """Whether anything was asked in this session: what still comes late is then passed over."""
        return self._began

    def ask(self, voice: str, index: int) -> list[Effect]:
        """Ask for one entry and its body; it takes the place of a question that was not answered."""
        self._asked, self._entry, self._began = (voice, index), None, True
        return [Send(frames.encode(FrameType.FETCH, voice=voice, start=index, end=index + 1))]

    def take(self, frame: Frame) -> list[Effect]:
        """Take an entry, if it is the one that was asked for."""
        if self._asked != (frame["voice"], frame["start"]) or len(frame["entries"]) != 1:
            return []
        entry = frame["entries"][0]
        seen = glance(entry)
        if seen.body_digest is None:
            return self._give(entry, None)
        self._entry = (entry, seen)
        return []

    def body(self, frame: Frame) -> list[Effect]:
        """Take its body; one that the entry does not name is passed over."""
        if self._asked != (frame["voice"], frame["index"]) or self._entry is None:
            return []
        entry, seen = self._entry
        return self._give(entry, frame["body"]) if seen.fits(frame["body"]) else []

    def _give(self, entry: bytes, body: bytes | None) -> list[Effect]:
        if self._asked is None:
            return []
        voice, index = self._asked
        self._asked = self._entry = None
        return [GivenBack(voice, index, entry, body)]
