"""What the local API says of disclosure: which fields are open to whom, and those fields themselves.

The second of the two lets content out. It obeys the rules (`nodes/disclosing.py`), and the journal has it before the
answer leaves: a node whose journal cannot be written opens nothing.

Source: spec/local-api.md, "Operations"; spec/disclosure.md, "Gate".
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from nodes import docket_operations
from nodes.api_arguments import Arguments, take
from nodes.clock import now
from nodes.disclosing import DocketSource, Where, disclosable, disclosed
from nodes.errors import ApiRefused
from protocol.canonical import Value
from protocol.disclosure import AUDIENCES
from protocol.limits import TIME_MS_MAX
from protocol.verdict import location

if TYPE_CHECKING:
    from nodes.line import Line
    from nodes.matters import Matters
    from nodes.operations import Caller

OPENED: Final = "fields-disclosed"
"""Act of the journal."""


async def shown(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Which fields are open to an audience, since when and why, and what would open the others."""
    audience = _audience(arguments, None)
    thread = await asyncio.to_thread(_place, line, arguments, "thread")
    statement = await asyncio.to_thread(_place, line, arguments, "statement")

    def ask(matters: Matters, at_ms: int) -> dict[str, Any]:
        source = DocketSource(matters, line.projection, at_ms)
        return disclosable(source, matters, audience=audience, at_ms=at_ms, thread=thread, statement=statement)

    return await docket_operations.asked(line, arguments, ask)


async def opened(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """The fields that are open to an audience at two sizes, a page at a time."""
    audience = _audience(arguments)
    assert audience is not None  # noqa: S101 - it has no default.
    thread = await asyncio.to_thread(_place, line, arguments, "thread")
    at_ms, sizes = take(arguments, "at_ms", int), take(arguments, "sizes", list)
    if not 0 <= at_ms <= min(now().wall_ms, TIME_MS_MAX):
        raise ApiRefused("request-malformed", "at_ms is no time up to now")
    where = _where(take(arguments, "where", list, None))

    def ask(matters: Matters, at_ms: int) -> dict[str, Any]:
        source = DocketSource(matters, line.projection, at_ms)
        return disclosed(
            source, line.open_statement, matters, audience=audience, at_ms=at_ms, thread=thread, where=where
        )

    found = await docket_operations.asked(line, {"at_ms": at_ms, "sizes": sizes}, ask)
    page = found["found"]
    if page["statements"]:
        facts: dict[str, Value] = {
            "counterpart": line.counterpart,
            "audience": audience,
            "statements": len(page["statements"]),
            "person": caller.person,
        }
        if await line.journal.write(OPENED, facts) is None:
            raise ApiRefused("journal-broken", "what is opened has to be written down first, and cannot be")
    return found


def _audience(arguments: Arguments, *default: None) -> str | None:
    found: str | None = take(arguments, "audience", str, *default)
    if found is not None and found not in AUDIENCES[1:]:
        raise ApiRefused("no-such-audience", f"it is one of {', '.join(AUDIENCES[1:])}")
    return found


def _place(line: Line, arguments: Arguments, name: str) -> int | None:
    leaf = take(arguments, name, bytes, None)
    if leaf is None:
        return None
    found = line.projection.find(leaf)
    if found is None:
        raise ApiRefused("no-such-thread", "there is no such thread on this channel")
    return location(line.projection.names.index(found[0]), found[1])


def _where(value: list[Any] | None) -> Where:
    if value is None:
        return Where()
    if len(value) != 2 or not all(type(one) is int and 0 <= one < 2**62 for one in value):
        raise ApiRefused("request-malformed", "where is what the page before gave as next")
    return Where(*value)
