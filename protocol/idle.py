"""Idle statements: whether what is about to be said would change anything of what it names.

A third holding reply, an answer to what was withdrawn, a review of what has ended: all are logged, receipted and
judged, and the docket is the same afterwards. Nothing forbids them. Whoever is about to sign one is told, and so it is
found out by letting it do what it would do, on copies.

Source: spec/docket.md, "Procedures".
"""

from protocol.clocks import Clockwork
from protocol.docket_item import Item
from protocol.event import Event
from protocol.kinds import Kind
from protocol.moves import Moves


def changes_nothing(
    kind: Kind, event: Event, *, target: Item | None, opener: Item | None, clockwork: Clockwork, home_ms: int
) -> bool:
    """Whether a statement would leave what it names, and what opened its thread, as they are.

    Args:
        kind: of the statement.
        event: its entry, as it would be.
        target: what it names, or None.
        opener: what opened the thread; the target where that did.
        clockwork: clocks and catalogues of the reigns.
        home_ms: when it would have its place, by the home node's clock, UTC milliseconds.

    Returns:
        False for what changes something, for what begins a matter of its own, and for what never moves another.
    """
    begins = clockwork.catalogue(event.reign).procedures.start(kind.procedure, kind.step) is not None
    if begins or kind.procedure == "receipt" or not _may_move(kind, event, target, opener, clockwork):
        return False
    named = [item for item in (target, opener) if item is not None]
    copies = {item.place: Item.parse(item.encode()) for item in named}
    Moves(clockwork).place(
        kind,
        event,
        home_ms,
        None if opener is None else copies[opener.place],
        None if target is None else copies[target.place],
        copies.get,
    )
    return all(copies[item.place].encode() == item.encode() for item in named)


def _may_move(kind: Kind, event: Event, target: Item | None, opener: Item | None, clockwork: Clockwork) -> bool:
    """Whether the tables have something that a statement of that step does to such as these, in whatever state."""
    for item, on_opener in ((target, False), (opener, True)):
        asked = None if item is None else clockwork.kind(item)
        if item is None or asked is None:
            continue
        moves = clockwork.catalogue(item.reign).procedures.of(asked.procedure, kind.step, own=item.voice == event.voice)
        if kind.name in asked.followed_by or any(move.on_opener == on_opener for move in moves):
            return True
    return False
