"""The docket: the state of everything said on a channel, folded from both logs.

Each voice's log is the home of the threads it opened. The fold of a home walks its home order and keeps one item a
statement (`protocol.docket_item`). It depends on the home log up to its size, and on the other log up to what that part
of the home log holds, and on nothing else: not on who folds, when, or which log came in first. So a home's digest at a
size is one value for both nodes and every auditor.

Rules:

1. A statement without effect changes nothing.
2. What a statement does to the one it names is said by the tables of the catalogue (`protocol.procedures`,
   `protocol.moves`), if that one counts and is in the same thread.
3. `opened` and `acknowledged` are made by the other party; the first of each stands.
4. A first answer stops the clock; a later and fuller one changes the state and not the time.
5. An update changes the state of the thread's opener; what is retracted stays so.
6. Who holds what: an entry of the other log is held by the home entry that it arrives with; a home entry by the first
   arriving entry whose own `held` covers it.

Source: spec/docket.md, "The fold".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import shake_256
from struct import Struct
from typing import Final, Protocol

from protocol.agreement import Agreement
from protocol.clocks import Clockwork
from protocol.course import Mark
from protocol.docket_item import Item
from protocol.event import Event
from protocol.kinds import Catalogue, Kind
from protocol.moves import Moves
from protocol.order import arrivals
from protocol.tagged import Hash, tagged
from protocol.verdict import NO_LOCATION

_SUM_BITS: Final = 2048
_SUM_BYTES: Final = _SUM_BITS // 8
_CHANGED_MAX: Final = 1024
"""Items that are changed before they are put: an entry may bring much with it, and costs so much memory at most."""

_THREE_UINT64: Final = Struct(">3Q")
_SUM_MASK: Final = (1 << _SUM_BITS) - 1


class Ledger(Protocol):
    """Where the docket keeps its items, and the events that have not arrived at the other home."""

    def event(self, event: Event) -> None:
        """Keep an event until it has arrived at the other home."""

    def arriving(self, voice: int, start: int, end: int) -> Iterable[Event]:
        """Events of a voice, from one index up to another, in order. Each is asked for once."""

    def item(self, place: int) -> Item | None:
        """An item by location, or None. What is changed in it is given to `put`."""

    def put(self, item: Item) -> None:
        """Keep an item, new or changed."""

    def unheld(self, home: int, start: int, below: int) -> Iterable[int]:
        """Locations of the home voice's items in its own threads that are not held yet, of an index from `start` on and
        below `below`. Items are put while it is gone through."""

    def placed(self, event: Event, *, home: int, at: int) -> None:
        """An event that is part of a thread now has its place in that thread's home order, at this home entry."""


@dataclass(slots=True)
class Home:
    """How far one home is folded.

    Attributes:
        size: home entries folded.
        arrived: entries of the other log that have arrived.
        total: sum of the hashes of all items, modulo 2**2048.
    """

    size: int = 0
    arrived: int = 0
    total: int = 0

    def digest(self, home: int) -> Hash:
        """32 bytes that name this state of a home; equal sets of items give equal digests, in whatever order."""
        head = _THREE_UINT64.pack(home, self.size, self.arrived)
        return tagged("docket-home", head, self.total.to_bytes(_SUM_BYTES, "big"))


def docket_digest(first: Hash, second: Hash) -> Hash:
    """The digest of the whole docket: of both homes, each at its own size."""
    return tagged("docket", first, second)


class Docket:
    """Folds events, one at a time, into items.

    Args:
        agreement: the one that founds the channel.
        catalogue: what each kind does.
        ledger: where the items are.
        clockwork: the clocks and catalogues that govern each statement; by default those of the founding agreement.
        homes: where to go on, one for each voice.
        digests: whether to keep the sums; an auditor does not need them.
    """

    def __init__(
        self,
        *,
        agreement: Agreement,
        catalogue: Catalogue,
        ledger: Ledger,
        homes: tuple[Home, Home] | None = None,
        digests: bool = True,
        clockwork: Clockwork | None = None,
    ) -> None:
        self.agreement = agreement
        self._clockwork = clockwork or Clockwork(agreement, catalogue)
        self._moves = Moves(self._clockwork)
        self._ledger = ledger
        self.homes = homes or (Home(), Home())
        self._digests = digests
        self._before: dict[int, bytes | None] = {}
        self._changed: dict[int, Item] = {}
        self._marked = 0

    def add(self, event: Event) -> None:
        """Fold the next entry of a voice into that voice's home.

        Args:
            event: of the entry whose index is the home's size. What its `held` covers was added before.
        """
        self._ledger.event(event)
        self.fold(event)

    def fold(self, event: Event) -> None:
        """Fold an entry whose event, like those that it holds, the ledger has already. See `add`."""
        voice = event.voice
        home = self.homes[voice]
        coming = arrivals(home.arrived, event.held)
        if coming:
            self._marked = 0
            for other in self._ledger.arriving(1 - voice, coming.start, coming.stop):
                self._arrive(voice, other, event)
            home.arrived = coming.stop
        if event.thread != NO_LOCATION and event.thread & 1 == voice:
            self._place(voice, event, at=event.index, received=None)
        home.size = event.index + 1
        if self._changed:
            self._settle(home)

    def _arrive(self, home: int, other: Event, at: Event) -> None:
        """An entry of the other log reaches its place in a home's order."""
        if other.held > self._marked:
            # What another entry that arrives with this one held already is not looked at again.
            for place in self._ledger.unheld(home, self._marked, other.held):
                item = self._open(place)
                if item is not None and item.held is None:
                    self._mark_held(item, (other.index, other.logged_at_ms))
                self._settle_some(home)
            self._marked = other.held
        if other.thread != NO_LOCATION and other.thread & 1 == home:
            self._place(home, other, at=at.index, received=(at.index, at.logged_at_ms))
            self._settle_some(home)

    def _place(self, home: int, event: Event, *, at: int, received: Mark | None) -> None:
        self._ledger.placed(event, home=home, at=at)
        if not event.kind:
            return
        kind = self._clockwork.catalogue(event.reign).kind(event.kind)
        opener = None if event.thread == event.place else self._ledger.item(event.thread)
        # A thread exists where its opener counts; what is said in any other has nothing to belong to.
        if kind is None or (opener is None and event.thread != event.place):
            return
        target = self._open(event.reply) if event.reply != NO_LOCATION else None
        if target is not None and target.thread != event.thread:
            target = None
        home_ms = event.logged_at_ms if received is None else received[1]
        if kind.procedure == "receipt":
            if target is not None and target.voice != event.voice:
                self._receipt(kind, target, event, home_ms, received)
            return
        state, course = self._moves.begin(kind, event, home_ms)
        item = Item(
            place=event.place,
            thread=event.thread,
            kind=event.kind,
            status=event.status,
            precedence=event.precedence,
            logged_at_ms=event.logged_at_ms,
            at=at,
            state=state,
            respond_by_ms=event.respond_by_ms,
            reply=event.reply,
            course=course,
            reign=event.reign,
        )
        self._before[item.place] = None
        self._changed[item.place] = item
        if received is not None:
            item.held = received
        self._moves.place(kind, event, home_ms, opener, target, self._open)
        if target is not None and received is not None:
            self._answer_seen(item, received[1], target)

    def _receipt(self, kind: Kind, target: Item, event: Event, home_ms: int, received: Mark | None) -> None:
        mark = (event.index, event.logged_at_ms)
        if kind.step == "opened":
            target.opened = target.opened or mark
            return
        if kind.step != "acknowledged":
            return
        target.acknowledged = target.acknowledged or mark
        answered = target.answered
        self._moves.place(kind, event, home_ms, None, target, self._open)
        if target.answered is not answered:
            # A line check asks for nothing but to be acknowledged. The receipt is no item that could be held, so the
            # asker's side of the clock is its arrival.
            target.answer_seen_ms = None if received is None else received[1]

    def _mark_held(self, item: Item, mark: Mark) -> None:
        item.held = mark
        if item.reply != NO_LOCATION:
            target = self._open(item.reply)
            if target is not None:
                self._answer_seen(item, mark[1], target)

    def _answer_seen(self, answer: Item, at_ms: int, target: Item) -> None:
        """The asker's node holds an answer: the other end of the asker's own interval."""
        if target.answered is not None and target.answered[0] == answer.index and target.answer_seen_ms is None:
            target.answer_seen_ms = at_ms

    def _open(self, place: int) -> Item | None:
        """An item to be changed; what it was before is remembered for the sum."""
        item = self._changed.get(place)
        if item is None:
            item = self._ledger.item(place)
            if item is not None:
                self._before[place] = item.encode() if self._digests else None
                self._changed[place] = item
        return item

    def _settle_some(self, voice: int) -> None:
        """Settle in between, where much was changed: the sum is the same."""
        if len(self._changed) >= _CHANGED_MAX:
            self._settle(self.homes[voice])

    def _settle(self, home: Home) -> None:
        """Write the items that this entry changed, and move the sum from what they were to what they are."""
        for place, item in self._changed.items():
            if self._digests:
                before, after = self._before[place], item.encode()
                if before != after:
                    home.total = (home.total + _hashed(after) - (0 if before is None else _hashed(before))) & _SUM_MASK
            self._ledger.put(item)
        self._changed.clear()
        self._before.clear()


def _hashed(data: bytes) -> int:
    return int.from_bytes(shake_256(data).digest(_SUM_BYTES), "big")
