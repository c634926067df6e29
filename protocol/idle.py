"""Idle statements: whether what is about to be said would change anything of what it names, or give any time.

A third holding reply, an answer to what was withdrawn, a review of what has ended: all are logged, receipted and
judged, and the docket is the same afterwards. Nothing forbids them. Whoever is about to sign one is told, and so it is
found out by letting it do what it would do, on copies. So is whoever holds a request when its answer was due already:
that changes its state and gives no time.

Source: spec/docket.md, "Procedures" and "Clocks".
"""

from protocol.clocks import Clockwork
from protocol.docket_item import Item
from protocol.event import Event
from protocol.kinds import Kind
from protocol.moves import Moves
from protocol.pauses import Pauses


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


def missed_before(kind: Kind, event: Event, *, target: Item | None, clockwork: Clockwork, pauses: Pauses) -> int | None:
    """When the answer was due that a holding reply can put off no more.

    Args:
        kind, event, clockwork: as for `changes_nothing`.
        target: what it names, as far as it is held by now, or None.
        pauses: when the clocks of the target stood still up to the event.

    Returns:
        UTC milliseconds; None for a holding reply in time, and for everything that is none.
    """
    asked = None if target is None else clockwork.kind(target)
    if target is None or asked is None or target.kind not in kind.replies_to:
        return None
    moves = clockwork.catalogue(target.reign).procedures.of(asked.procedure, kind.step, own=target.voice == event.voice)
    if not any(move.times for move in moves):
        return None
    at_ms = event.logged_at_ms
    answers = (clock for clock in clockwork.running(target, pauses) if clock.name == "answer")
    return next((clock.due_ms for clock in answers if clock.overdue_at(at_ms)), None)


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
