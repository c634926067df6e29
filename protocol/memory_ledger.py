"""A ledger in memory, for audits and tests.

Items are kept encoded, some eighty bytes each, except the few that were used last: a long log has as many items as
people made statements, and nearly all of them are never looked at again.
"""

from array import array
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import Final

from protocol.docket_item import Item
from protocol.event import Event
from protocol.verdict import index_of

_AWAKE_MAX: Final = 1024
"""Items kept as objects."""


class MemoryLedger:
    """See `protocol.docket.Ledger`."""

    def __init__(self) -> None:
        self._events: tuple[deque[Event], deque[Event]] = (deque(), deque())
        self._unheld: tuple[deque[int], deque[int]] = (deque(), deque())
        self._awake: OrderedDict[int, Item] = OrderedDict()
        self._asleep: dict[int, bytes] = {}
        self._placed = array("q")

    def event(self, event: Event) -> None:
        """See Ledger."""
        self._events[event.voice].append(event)

    def arriving(self, voice: int, start: int, end: int) -> Iterator[Event]:
        """See Ledger."""
        waiting = self._events[voice]
        while waiting and waiting[0].index < end:
            yield waiting.popleft()

    def item(self, place: int) -> Item | None:
        """See Ledger."""
        item = self._awake.get(place)
        if item is None:
            data = self._asleep.get(place)
            if data is None:
                return None
            item = Item.parse(data)
            self._keep(item)
        return item

    def put(self, item: Item) -> None:
        """See Ledger."""
        if item.held is None and item.thread & 1 == item.voice and item.place not in self._awake:
            self._unheld[item.voice].append(item.place)
        self._keep(item)

    def unheld(self, home: int, start: int, below: int) -> Iterator[int]:
        """See Ledger."""
        waiting = self._unheld[home]
        while waiting and index_of(waiting[0]) < below:
            yield waiting.popleft()

    def placed(self, event: Event, *, home: int, at: int) -> None:
        """See Ledger."""
        self._placed.append(event.thread)
        self._placed.append(event.place)

    def threads(self) -> dict[int, "array[int]"]:
        """Locations of what stands in each thread, by its opener's, in its home's order. It costs what there is."""
        found: dict[int, array[int]] = {}
        pairs = iter(self._placed)
        for thread, place in zip(pairs, pairs, strict=True):
            found.setdefault(thread, array("q")).append(place)
        return found

    def items(self) -> Iterable[Item]:
        """Every item, in no particular order."""
        for place, data in self._asleep.items():
            if place not in self._awake:
                yield Item.parse(data)
        yield from self._awake.values()

    def _keep(self, item: Item) -> None:
        self._awake[item.place] = item
        if len(self._awake) > _AWAKE_MAX:
            place, oldest = self._awake.popitem(last=False)
            self._asleep[place] = oldest.encode()
