"""What the local API does at the end of retention: which bodies are due, and their destruction.

Source: spec/local-api.md, "Operations"; spec/erasure.md.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from nodes.api_arguments import Arguments, take
from nodes.clock import now
from nodes.erasing import LISTED_MAX, erase, listed
from nodes.errors import ApiRefused
from protocol.limits import SIZE_MAX

if TYPE_CHECKING:
    from nodes.line import Line
    from nodes.operations import Caller

ERASERS: Final = frozenset({"release", "senior", "legal", "admin"})
"""Roles of those who have bodies destroyed."""


async def erasable(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Bodies whose retention has ended; nothing of their contents."""
    return await asyncio.to_thread(listed, line, now().wall_ms)


async def erased(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Destroy some of them, and say so in our log; with none, only see to it that nothing of earlier ones is left."""
    if not caller.roles(line) & ERASERS:
        raise ApiRefused("not-permitted", f"bodies are destroyed by {', '.join(sorted(ERASERS))}")
    places = take(arguments, "places", list)
    if len(places) > LISTED_MAX or not all(map(_is_place, places)):
        raise ApiRefused("request-malformed", f"places is a list of at most {LISTED_MAX} voices with an index")
    if any(voice not in (line.own, line.counterpart) for voice, _ in places):
        raise ApiRefused("no-such-entry", "of another channel")
    left = await erase(line, [(voice, index) for voice, index in places], now().wall_ms)
    return {"left": left}


def _is_place(one: Any) -> bool:
    return isinstance(one, list) and len(one) == 2 and type(one[0]) is str and type(one[1]) is int and _in(one[1])


def _in(index: int) -> bool:
    return 0 <= index <= SIZE_MAX
