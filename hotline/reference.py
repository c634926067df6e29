"""Serials as people write them: `BOR 4`, or `BOR/ARC 4` where a home has several channels.

The voice comes first; what follows the slash is the other party of the channel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hotline.errors import Misused

_SERIAL = re.compile(r"([A-Z]{2,4})(?:/([A-Z]{2,4}))?[ :-](0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry on one channel.

    Attributes:
        counterpart: short name of the other party of the channel, or None for the home's only channel.
        voice: whose log.
        index: place in that log.
    """

    counterpart: str | None
    voice: str
    index: int

    @property
    def serial(self) -> str:
        """The short form."""
        return f"{self.voice} {self.index}"


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
    voice, other, index = match[1], match[2], int(match[3])
    if other is not None and (party not in {voice, other} or voice == other):
        raise Misused("serial-malformed", f"{text!r} is not on a channel of {party}")
    if other is not None:
        return Reference(other if voice == party else voice, voice, index)
    return Reference(None if voice == party else voice, voice, index)
