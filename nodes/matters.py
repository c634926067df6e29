"""What people ask of the docket by time: what is due, what was missed, what is in force, how a matter stands.

Every answer comes from an index and costs what it shows, not what was ever said. Times are of the node that is asked;
a suspension of either party stops the clocks of what does not pass it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from weakref import WeakKeyDictionary

import apsw

from nodes.clock import now
from nodes.docket_db import LANES
from nodes.shares import Row, shared
from nodes.voices import VoiceReader
from protocol.clocks import Clock, Clockwork
from protocol.course import ENDLESS_MS, Mark
from protocol.docket_item import Item
from protocol.event import Event
from protocol.kind import REGISTERS
from protocol.kinds import Catalogue
from protocol.pauses import EXERCISES, SUSPENSIONS, Pauses, pauses_of
from protocol.pulse import DOWN, UP
from protocol.standing import LAPSED, absence, in_force, state_at
from protocol.verdict import index_of, location, voice_of

View = dict[str, Any]

LATE_MAX: Final = 256
"""Statements, and entries of the other node, that are looked through for what has not arrived at home yet."""

COUNTED_MAX: Final = 10_000
"""Statements that are counted; whoever owes more has other worries."""

OVER_ALL_MAX: Final = 3
"""Suspensions, or exercises, of one party and status that every screen names; `registers` has the rest."""

_SUSPENSIONS: Final[WeakKeyDictionary[apsw.Connection, tuple[tuple[int, int], list[Item]]]] = WeakKeyDictionary()
"""For each connection the version of the data that was read last, and the suspensions in it."""

_NO_REASON: Final = {"no_answer": None, "down_since_ms": None, "unanswered_since_ms": None}
"""What a view says where no answer is owed, or its time is not over."""

_ANSWERS: Final = frozenset({"open", "holding", "answer"})


class Matters:
    """The queries of a projection that take a time. Any thread may ask; an answer is of the last batch written."""

    store: VoiceReader
    catalogue: Catalogue
    clockwork: Clockwork
    names: tuple[str, str]
    _time: Callable[[], int] = staticmethod(lambda: now().wall_ms)
    _line: Callable[[], str] = staticmethod(lambda: UP)
    _heard: Callable[[], int | None] = staticmethod(lambda: None)

    def reader(self) -> apsw.Connection:
        """A connection for reading, one a thread."""
        raise NotImplementedError

    def attend(
        self, *, now_ms: Callable[[], int], line_state: Callable[[], str], heard_ms: Callable[[], int | None]
    ) -> None:
        """Say by whose clock people are answered, and how the line is: a fault of the line is nobody's silence.

        Args:
            now_ms: now.
            line_state: up, degraded or down.
            heard_ms: when the last beat of the other node came; None where none came since the start.
        """
        self._time, self._line, self._heard = now_ms, line_state, heard_ms

    def now_ms(self) -> int:
        """The time for those who give none, UTC milliseconds."""
        return self._time()

    def mark(self, place: int) -> View | None:
        """Why what was said there is trusted no more, or None (`nodes/distrust.py`)."""
        raise NotImplementedError

    def line_state(self) -> str:
        """How the line is now; up where nobody said."""
        return self._line()

    def down_since_ms(self) -> int | None:
        """Where the line is down, when the last sign of the other node came, UTC milliseconds; None where it is not.

        A node that heard nothing since its start goes by the other's last entry, which was logged before it came.
        """
        if self._line() != DOWN:
            return None
        heard_ms = self._heard()
        if heard_ms is None:
            sql = "SELECT event FROM event WHERE voice=? ORDER BY idx DESC LIMIT 1"
            last = self.reader().execute(sql, (self.names.index(self.store.their),)).get
            heard_ms = 0 if last is None else min(Event.parse(last).logged_at_ms, self._time())
        return heard_ms

    # --- what is owed -------------------------------------------------------------------------------------------------

    def due(self, at_ms: int, *, limit: int = 200) -> list[View]:
        """What is owed by either side and not done, the most urgent first.

        Args:
            at_ms: now, UTC milliseconds; says what is overdue.
            limit: at most so many statements.
        """
        found = []
        for item in self._owing(at_ms, limit):
            pauses = self.pauses(item.status, at_ms)
            for clock in self.clockwork.running(item, pauses):
                if clock.name != "review" and not (clock.name in _ANSWERS and state_at(item, at_ms) == LAPSED):
                    view = self._owed(item, clock, at_ms)
                    if clock.name == "answer":
                        view |= self._why(item, at_ms, pauses, held=item.held is not None)
                        view["unanswered_since_ms"] = clock.due_ms if view["overdue"] else None
                    found.append(view)
        found += [self._ending(item) for item in self._warned(at_ms, limit)]
        return sorted(found, key=lambda view: view["due_ms"])

    def missed(self, at_ms: int, *, limit: int = 200) -> list[View]:
        """What was done late, or of what the two nodes do not agree whether it was, the last first.

        Args:
            at_ms: now, UTC milliseconds.
            limit: at most so many statements.
        """
        sql = "SELECT data FROM item WHERE missed_ms IS NOT NULL ORDER BY missed_ms DESC LIMIT ?"
        found = []
        for (data,) in list(self.reader().execute(sql, (limit,))):
            item = Item.parse(data)
            for clock in self.clockwork.clocks(item, self.pauses(item.status, at_ms)):
                if clock.state in {"missed", "disputed"}:
                    found.append(self._owed(item, clock, at_ms))
        return found

    def due_count(self) -> int:
        """How many statements wait for something; of very many, that they are."""
        lasting = "SELECT count(*) FROM (SELECT 1 FROM item WHERE owed_ms IS NOT NULL AND quiet_ms IS NULL LIMIT ?)"
        lapsing = "SELECT count(*) FROM (SELECT 1 FROM item WHERE owed_ms IS NOT NULL AND quiet_ms > ? LIMIT ?)"
        alone = "SELECT count(*) FROM (SELECT owed_ms FROM item WHERE own_ms IS NOT NULL LIMIT ?) WHERE owed_ms IS NULL"
        counted = int(self.reader().execute(lasting, (COUNTED_MAX,)).get)
        counted += int(self.reader().execute(lapsing, (self.now_ms(), COUNTED_MAX)).get)
        counted += int(self.reader().execute(alone, (COUNTED_MAX,)).get)
        new = "SELECT owed_ms IS NULL AND own_ms IS NULL FROM item WHERE place=?"
        return counted + sum(
            1
            for item in self._held_of_late(LATE_MAX)
            if self.clockwork.running(item) and self.reader().execute(new, (item.place,)).get
        )

    def _owing(self, at_ms: int, limit: int) -> list[Item]:
        """Statements on which something is owed, the most urgent first; each as it is held by now."""
        lasting = (
            "SELECT owed_ms, data FROM item WHERE lane=? AND owed_ms IS NOT NULL AND quiet_ms IS NULL ORDER BY owed_ms"
        )
        # What will be quiet is found by when: what is quiet already may be most of it, and is not looked at.
        lapsing = (
            "SELECT quiet_ms, data FROM item WHERE lane=? AND owed_ms IS NOT NULL AND quiet_ms > ? ORDER BY quiet_ms"
        )
        own = "SELECT own_ms, data FROM item WHERE lane=? AND own_ms IS NOT NULL ORDER BY own_ms"
        queries: Sequence[tuple[str, tuple[int, ...]]] = ((lasting, ()), (lapsing, (at_ms,)), (own, ()))
        sorts = (self._rows(sql, (lane, *more), limit) for lane in range(LANES) for sql, more in queries)
        items = [Item.parse(data) for _, data in shared(sorts, limit=limit)]
        found = {item.place: item for item in items}
        return list((found | {item.place: item for item in self._held_of_late(limit)}).values())

    def _owed(self, item: Item, clock: Clock, at_ms: int) -> View:
        view = self._clock(clock)
        view["serial"] = self.serial(item.place)
        view["kind"] = item.kind
        view["status"] = item.status
        view["precedence"] = item.precedence
        view["overdue"] = clock.overdue_at(at_ms)
        view |= _NO_REASON
        view["distrusted"] = self.mark(item.place)
        return view

    def _ending(self, item: Item) -> View:
        """A warning: what is in force lapses soon, by its end or for want of a review, which either party may give."""
        course = item.course
        review = course is not None and course.review_by_ms is not None and course.review_by_ms == course.ends_ms
        return {
            "name": "review" if review else "end",
            "owed_by": self.names[item.voice],
            "due_ms": ENDLESS_MS if course is None else course.ends_ms,
            "done_ms": None,
            "state": "running",
            "wish_ms": None,
            "paused": False,
            "serial": self.serial(item.place),
            "kind": item.kind,
            "status": item.status,
            "precedence": item.precedence,
            "overdue": False,
            **_NO_REASON,
            "distrusted": self.mark(item.place),
        }

    def _warned(self, at_ms: int, limit: int) -> list[Item]:
        sql = "SELECT ends_ms, data FROM item WHERE lane=? AND warns_ms IS NOT NULL AND ends_ms > ? AND ends_ms <= ? "
        sql += "AND warns_ms <= ? ORDER BY ends_ms"
        last_ms = at_ms + self.clockwork.longest_warning_ms
        sorts = (self._rows(sql, (lane, at_ms, last_ms, at_ms), limit) for lane in range(LANES))
        found = [Item.parse(data) for _, data in shared(sorts, limit=limit)]
        return [item for item in found if in_force(item, at_ms) or item.state == "suspended"]

    # --- what is in force ---------------------------------------------------------------------------------------------

    def register_items(self, name: str, *, at_ms: int | None = None, limit: int = 1000) -> list[Item]:
        """What a register has: all that was ever in force, or what is at a time, the last to end first.

        Where there is more than `limit`, half of the room is for each party, so that neither hides what the other said.
        """
        sql = "SELECT -ends_ms, data FROM item WHERE register=? AND (place & 1)=? AND ends_ms > ? ORDER BY ends_ms DESC"
        least_ms = -1 if at_ms is None else at_ms
        sorts = [self._rows(sql, (name, voice, least_ms), limit) for voice in (0, 1)]
        found = [(order, Item.parse(data)) for order, data in shared(sorts, limit=limit, share=limit // 2)]
        items = [item for _, item in sorted(found, key=lambda one: (one[0], -one[1].place))]
        return items if at_ms is None else [item for item in items if self._listed(item, at_ms)]

    @staticmethod
    def _listed(item: Item, at_ms: int) -> bool:
        """In force, suspended, or accepted and about to be in force."""
        return item.course is not None and at_ms < item.course.ends_ms

    def registers(self, at_ms: int, *, name: str | None = None, limit: int = 1000) -> dict[str, list[View]]:
        """What is in force at a time, by register.

        Args:
            at_ms: UTC milliseconds, not before what was logged last.
            name: one register, or all that have something.
            limit: at most so many of each.
        """
        wanted = REGISTERS if name is None else (name,)
        found = {one: self.register_items(one, at_ms=at_ms, limit=limit) for one in wanted}
        return {one: [self.matter(item, at_ms) for item in items] for one, items in found.items() if items or name}

    def matter(self, item: Item, at_ms: int, pauses: Pauses | None = None) -> View:
        """How a matter stands at a time."""
        if pauses is None:
            pauses = self.pauses(item.status, at_ms)
        return {
            "serial": self.serial(item.place),
            "thread_serial": self.serial(item.thread),
            "kind": item.kind,
            "party": self.names[item.voice],
            "status": item.status,
            "precedence": item.precedence,
            "logged_at_ms": item.logged_at_ms,
            "distrusted": self.mark(item.place),
            **self.standing(item, at_ms, pauses),
        }

    def standing(self, item: Item, at_ms: int, pauses: Pauses, *, held: bool | None = None) -> View:
        """State, course, and why there is no answer, at a time.

        Args:
            item: the matter.
            at_ms: UTC milliseconds.
            pauses: when clocks stood still up to then.
            held: whether the other node is known to hold it, where more is known of that than the docket says.
        """
        known = item.held is not None if held is None else held
        return {
            "state": state_at(item, at_ms),
            "in_force": in_force(item, at_ms),
            "course": _course_view(item),
            **self._why(item, at_ms, pauses, held=known),
            "unanswered_since_ms": self.clockwork.unanswered_since(item, at_ms, pauses),
        }

    def _why(self, item: Item, at_ms: int, pauses: Pauses, *, held: bool) -> View:
        """Why there is no answer; and beside it, where it matters, since when the line is down."""
        since_ms = self.down_since_ms()
        why = absence(item, self.clockwork, at_ms, pauses=pauses, held=held, down_since_ms=since_ms)
        return {"no_answer": why, "down_since_ms": since_ms if why in {"fault", "silence"} else None}

    def waiting(self, at_ms: int, *, limit: int = 200) -> list[View]:
        """Matters that wait for an answer of either party, the most urgent first, each with why there is none."""
        found = []
        for item in self._owing(at_ms, limit):
            pauses = self.pauses(item.status, at_ms)
            if any(clock.name == "answer" for clock in self.clockwork.running(item, pauses)):
                found.append(self.matter(item, at_ms, pauses))
        return found

    def over_all(self, at_ms: int) -> dict[str, list[View]]:
        """What every screen of the line says while it holds."""
        return {"suspended": self._holding(SUSPENSIONS, at_ms), "exercising": self._holding(EXERCISES, at_ms)}

    def _holding(self, register: str, at_ms: int) -> list[View]:
        """What is in force of a register: who declared each, and until when it is; of much of one sort, the last to
        end."""
        items = self._suspensions() if register == SUSPENSIONS else self.register_items(register, at_ms=at_ms)
        sorts: Counter[tuple[int, str]] = Counter()
        found = []
        for item in items:
            if in_force(item, at_ms) and sorts[item.voice, item.status] < OVER_ALL_MAX:
                sorts[item.voice, item.status] += 1
                found.append(item)
        return [
            {
                "party": self.names[item.voice],
                "serial": self.serial(item.place),
                "status": item.status,
                "until_ms": None if item.course is None or item.course.ends_ms == ENDLESS_MS else item.course.ends_ms,
            }
            for item in found
        ]

    def absences(self, at_ms: int) -> dict[str, int]:
        """How many of the matters that wait have no answer, by why (`protocol.standing`)."""
        return dict(sorted(Counter(one["no_answer"] for one in self.waiting(at_ms) if one["no_answer"]).items()))

    def pauses(self, status: str, at_ms: int) -> Pauses:
        """When the clocks of statements of a status stood still up to a time."""
        return pauses_of(self._suspensions(), status, at_ms)

    def _suspensions(self) -> list[Item]:
        """The register of suspensions, which every matter is seen against: read once for what was written last."""
        connection = self.reader()
        # What other connections wrote, and this one.
        version = int(connection.execute("PRAGMA data_version").get), connection.total_changes()
        known = _SUSPENSIONS.get(connection)
        if known is None or known[0] != version:
            known = _SUSPENSIONS[connection] = (version, self.register_items(SUSPENSIONS))
        return known[1]

    def _rows(self, sql: str, values: tuple[Any, ...], limit: int) -> list[Row]:
        return list(self.reader().execute(f"{sql} LIMIT ?", (*values, limit)))

    # --- shapes -------------------------------------------------------------------------------------------------------

    def serial(self, place: int) -> str:
        """The name of an entry for people: `ARC 17`."""
        return f"{self.names[voice_of(place)]} {index_of(place)}"

    def _mark_view(self, voice: int, mark: Mark) -> View:
        return {"serial": self.serial(location(voice, mark[0])), "at_ms": mark[1]}

    def _clock(self, clock: Clock) -> View:
        return {
            "name": clock.name,
            "owed_by": self.names[clock.owed_by],
            "due_ms": clock.due_ms,
            "done_ms": clock.done_ms,
            "state": clock.state,
            "wish_ms": clock.wish_ms,
            "paused": clock.paused,
        }

    # --- what has not arrived at home ---------------------------------------------------------------------------------

    def _held_of_late(self, limit: int) -> list[Item]:
        """Statements that the other node has logged to hold, where that has not arrived at home yet.

        The docket counts an arrival where its home logs it, and on a quiet line that may take an hour. Whoever owes
        something by then has to know before: for people the clock runs from what the other node said.
        """
        sql = "SELECT data FROM item WHERE unheld=? ORDER BY place DESC LIMIT ?"
        rows = [row for voice in (0, 1) for row in self.reader().execute(sql, (voice, min(limit, LATE_MAX)))]
        items = [Item.parse(data) for (data,) in rows]
        late = (self._late(0), self._late(1)) if items else ([], [])
        found = [self.as_held(item, late[1 - item.voice]) for item in items]
        return [item for item in found if item.held is not None]

    def _late(self, voice: int) -> list[Event]:
        """Entries of a voice that have not arrived at the other's home, in order; what they hold never goes down."""
        arrived = self.reader().execute("SELECT size FROM arrived WHERE voice=?", (voice,)).get or 0
        sql = "SELECT event FROM event WHERE voice=? AND idx>=? ORDER BY idx LIMIT ?"
        return [Event.parse(data) for (data,) in self.reader().execute(sql, (voice, arrived, LATE_MAX))]

    def as_held(self, item: Item, late: Sequence[Event] | None = None) -> Item:
        """The item with the mark that it will have once what the other node logged has arrived."""
        if item.held is not None or item.thread & 1 != item.voice:
            return item
        events = self._late(1 - item.voice) if late is None else late
        first = bisect_right(events, item.index, key=lambda event: event.held)
        if first == len(events):
            return item
        return replace(item, held=(events[first].index, events[first].logged_at_ms))


def _course_view(item: Item) -> View | None:
    course = item.course
    if course is None:
        return None
    return {
        "from_ms": course.from_ms,
        "until_ms": course.until_ms if course.from_ms is not None else course.offered_until_ms,
        "review_by_ms": course.review_by_ms,
        "reviews": course.reviews,
        "ended_ms": course.ended_ms,
        "suspended_ms": course.suspended_ms,
        "phase": course.phase,
    }
