"""Serials as people write them: `BOR 4`, `BOR/ARC 4` where a home has several channels, `BOR 4~1` in a disputed branch.

The voice comes first; what follows the slash is the other party of the channel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hotline.errors import Misused

_SERIAL = re.compile(r"([A-Z]{2,4})(?:/([A-Z]{2,4}))?[ :-](0|[1-9][0-9]{0,15})(?:~([1-9][0-9]{0,3}))?")


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry on one channel.

    Attributes:
        counterpart: short name of the other party of the channel, or None for the home's only channel.
        voice: whose log.
        index: place in that log.
        branch: number of the disputed branch, or 0 for the log that is held.
    """

    counterpart: str | None
    voice: str
    index: int
    branch: int = 0

    @property
    def serial(self) -> str:
        """The short form."""
        return f"{self.voice} {self.index}" + (f"~{self.branch}" if self.branch else "")


def parse_reference(text: str, *, party: str) -> Reference:
    """Read a serial.

    Args:
        text: as typed.
        party: whose home this is.

    Raises:
        Misused: another form, or a channel that this party is not on.
    """
    match = _SERIAL.fullmatch(text.strip())
    if match is None:
        raise Misused("serial-malformed", f"{text!r} is not a serial such as 'BOR 4' or 'BOR/ARC 4'")
    voice, other, index, branch = match[1], match[2], int(match[3]), int(match[4] or 0)
    if branch and voice == party:
        raise Misused("serial-malformed", f"{text!r}: branches are of the other side's log")
    if other is not None and (party not in {voice, other} or voice == other):
        raise Misused("serial-malformed", f"{text!r} is not on a channel of {party}")
    if other is not None:
        return Reference(other if voice == party else voice, voice, index, branch)
    return Reference(None if voice == party else voice, voice, index, branch)
