"""What the local API says of the docket: what is due, what was missed, what is in force, and how all of it was before.

Header facts and judgements only, never contents: a client that may read those opens them itself.

Source: spec/local-api.md, "Operations"; spec/docket.md.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from nodes.api_arguments import Arguments, index_of, take, voice_of
from nodes.clock import now
from nodes.docket_past import PastDocket, sizes_at
from nodes.errors import ApiRefused
from protocol.docket_item import Item
from protocol.event import Event
from protocol.idle import changes_nothing, missed_before
from protocol.kind import REGISTERS, Kind
from protocol.limits import SIZE_MAX, TIME_MS_MAX
from protocol.standing import state_at
from protocol.verdict import location

if TYPE_CHECKING:
    from nodes.line import Line
    from nodes.matters import Matters
    from nodes.operations import Caller
    from nodes.projection import Projection

PAST_WAIT_S: Final = 10.0
"""How long a docket of the past waits for its turn before it is refused."""

AGAIN_S: Final = 0.1

LISTED_MAX: Final = 100
"""Matters of each part of a docket in one answer."""


async def due(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """What is due or overdue now, and what lapses soon."""
    return await asyncio.to_thread(line.projection.due, line.projection.now_ms())


async def missed(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """What was done late, the last first."""
    return await asyncio.to_thread(line.projection.missed, line.projection.now_ms())


async def registers(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """What is in force, by register, now or at a time."""
    name = take(arguments, "name", str, None)
    if name is not None and name not in REGISTERS:
        raise ApiRefused("no-such-register", f"it is one of {', '.join(REGISTERS)}")
    return await asked(line, arguments, lambda matters, at_ms: matters.registers(at_ms, name=name, limit=LISTED_MAX))


async def effect(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Whether a statement of ours that answers an entry would change anything of it, or hold it too late, and how that
    stands now."""
    voice, index = voice_of(arguments, (line.own, line.counterpart)), index_of(arguments)
    kind = line.catalogue.kind(take(arguments, "kind", str))
    if kind is None:
        raise ApiRefused("request-malformed", "kind is one of the catalogue in force")
    event = Event(
        line.projection.names.index(line.own),
        line.store.head(line.own).size,
        now().wall_ms,
        0,
        kind=kind.name,
        outcome=take(arguments, "outcome", str, None),
        respond_by_ms=take(arguments, "respond_by_ms", int, None),
        valid_until_ms=take(arguments, "valid_until_ms", int, None),
        reign=len(line.projection.governance.reigns) - 1,
    )
    return await asyncio.to_thread(effect_on, line.projection, kind, event, voice, index)


def effect_on(projection: Projection, kind: Kind, event: Event, voice: str, index: int) -> dict[str, Any]:
    target = _item(projection, location(projection.names.index(voice), index))
    if target is None:
        return {"changes": True, "state": None, "missed_ms": None}
    opener = target if target.thread == target.place else _item(projection, target.thread)
    at_ms = event.logged_at_ms
    idle = changes_nothing(kind, event, target=target, opener=opener, clockwork=projection.clockwork, home_ms=at_ms)
    held, pauses = projection.as_held(target), projection.pauses(target.status, at_ms)
    missed_ms = missed_before(kind, event, target=held, clockwork=projection.clockwork, pauses=pauses)
    return {"changes": not idle, "state": state_at(target, at_ms), "missed_ms": missed_ms}


def _item(projection: Projection, place: int) -> Item | None:
    data = projection.reader().execute("SELECT data FROM item WHERE place=?", (place,)).get
    return None if data is None else Item.parse(data)


async def docket(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """The docket: its sizes and digest, what waits, what is in force, due and missed; now, at a time or at sizes."""

    def shown(matters: Matters, at_ms: int) -> dict[str, Any]:
        return {
            "waiting": matters.waiting(at_ms, limit=LISTED_MAX),
            "registers": matters.registers(at_ms, limit=LISTED_MAX),
            "due": matters.due(at_ms, limit=LISTED_MAX),
            "missed": matters.missed(at_ms, limit=LISTED_MAX),
        }

    return await asked(line, arguments, shown)


async def asked(line: Line, arguments: Arguments, ask: Any) -> dict[str, Any]:
    """Ask the docket of a line, now, at the time or at the sizes that a request names.

    Args:
        line: which.
        arguments: at_ms and sizes, both optional.
        ask: asked of the docket and a time; what it gives stands under `found`.

    Raises:
        ApiRefused: `request-malformed`, `not-judged-so-far` or `api-busy`.
    """
    at_ms, sizes = take(arguments, "at_ms", int, None), take(arguments, "sizes", list, None)
    if at_ms is not None and not 0 <= at_ms <= TIME_MS_MAX:
        raise ApiRefused("request-malformed", "at_ms is no time")
    whole = all(type(size) is int and 0 <= size <= SIZE_MAX for size in sizes or ())
    if sizes is not None and (len(sizes) != 2 or not whole):
        raise ApiRefused("request-malformed", "sizes are two sizes: of our own log and of theirs")
    loop = asyncio.get_running_loop()
    until = loop.time() + PAST_WAIT_S
    while True:
        found = await asyncio.to_thread(answer, line.projection, line.own, at_ms, sizes, ask)
        if found is not None:
            return found
        if loop.time() >= until:
            raise ApiRefused("api-busy", "another docket of the past is being folded for this line; try again shortly")
        await asyncio.sleep(AGAIN_S)


def answer(
    projection: Projection, own_name: str, at_ms: int | None, sizes: list[int] | None, ask: Any
) -> dict[str, Any] | None:
    """A docket, now or as it was.

    Args:
        projection: of the line.
        own_name: our party.
        at_ms, sizes: as in the request.
        ask: asked of the docket and a time.

    Returns:
        The answer, or None while another one of the past is being folded: each takes memory and time by the entry.

    Raises:
        ApiRefused: `not-judged-so-far`.
    """
    own, their, digest = projection.digest()
    told_ms = max(projection.now_ms(), now().wall_ms) if at_ms is None else at_ms
    if sizes is None and at_ms is not None:
        first, second = sizes_at(projection, at_ms)
        sizes = [first, second] if projection.names[0] == own_name else [second, first]
    if sizes is None or sizes == [own, their]:
        return {**_head(projection, own_name, [own, their], digest, told_ms), "found": ask(projection, told_ms)}
    if sizes[0] > own or sizes[1] > their:
        raise ApiRefused("not-judged-so-far", f"{own} and {their} entries are judged")
    ordered = (sizes[0], sizes[1]) if projection.names[0] == own_name else (sizes[1], sizes[0])
    # Taken and let go on this thread, so that a caller who goes away meanwhile does not let in the next one.
    if not projection.folding.acquire(blocking=False):
        return None
    try:
        with closing(PastDocket(projection, ordered)) as past:
            told_ms = past.last_ms if at_ms is None else at_ms
            return {**_head(projection, own_name, sizes, past.digest, told_ms), "found": ask(past, told_ms)}
    finally:
        projection.folding.release()


def _head(projection: Projection, own_name: str, sizes: list[int], digest: bytes, at_ms: int) -> dict[str, Any]:
    other = next(name for name in projection.names if name != own_name)
    return {
        "at_ms": at_ms,
        "sizes": {own_name: sizes[0], other: sizes[1]},
        "digest": digest.hex(),
        "line": projection.line_state(),
    }
