"""Moves: what a statement does to the one that it names, and how a statement of its own begins.

The tables of the catalogue decide (`protocol.procedures`); what they leave to the program is here: marks, holding
replies, and the times of a course. Clocks are those of the agreement, or else of the kind.

Rules:

1. A statement takes effect where it has its place in home order, by the home node's clock; a notice period begins
   there.
2. What has lapsed by then moves no more, but that it may be retracted or corrected. Whether a review or a renewal was
   in time is told by the clock of whoever logged it.
3. An acceptance puts a proposal in force, unless its kind is put in force by a statement of its own.
4. A proposal to change what is in force changes it where it is accepted.

Source: spec/docket.md, "Procedures" and "In force".
"""

from collections.abc import Callable, Mapping
from typing import Final

from protocol.clocks import Clockwork, allowed_ms
from protocol.course import SEVERE, Course, Mark
from protocol.docket_item import Item
from protocol.event import Event
from protocol.kinds import Kind
from protocol.pauses import NO_PAUSES
from protocol.procedures import SAID, Move
from protocol.verdict import NO_LOCATION

_ACCEPTED: Final = "accepted"
_IN_FORCE: Final = "in-force"
_LATE: Final = frozenset({"retracted", "corrected"})
"""States that even what has lapsed may reach."""

_TIMED: Final = frozenset(
    {"report_ms", "follow_ms", "update_ms", "review_ms", "warn_ms", "notice_ms", "lapse_ms", "longest_ms"}
)

Clocks = Mapping[str, int]
"""Clocks of a kind in milliseconds, by name."""

Opening = Callable[[int], Item | None]
"""Gives an item, by location, to be changed."""


class Moves:
    """See the module.

    Args:
        clockwork: the clocks of each kind, and the catalogue that governs each statement.
    """

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork

    def _moves_of(self, item: Item, asked: Kind, step: str, voice: int) -> tuple[Move, ...]:
        """What a statement of that step and voice may do to an item, by the tables that govern the item."""
        return self._clockwork.catalogue(item.reign).procedures.of(asked.procedure, step, own=item.voice == voice)

    # --- how statements begin ---------------------------------------------------------------------------------------

    def begin(self, kind: Kind, event: Event, home_ms: int) -> tuple[str, Course | None]:
        """The state that a statement begins in, and its course if it has one.

        Args:
            kind: its kind.
            event: its entry.
            home_ms: when it has its place, by the home node's clock.
        """
        start = self._clockwork.catalogue(event.reign).procedures.start(kind.procedure, kind.step)
        if start is None:
            # It moves another; all that it may owe by itself is to have been reported in time.
            report_ms = self._clockwork.own(kind, event.reign).get("report_ms")
            if report_ms is None or event.aware_at_ms is None:
                return SAID, None
            return SAID, Course(report_by_ms=event.aware_at_ms + report_ms)
        ends = event.valid_until_ms is not None and (start.starts or kind.procedure == "proposal")
        clocks = self._clockwork.own(kind, event.reign)
        if not (ends or kind.register or event.starts_ms is not None or any(name in clocks for name in _TIMED)):
            return start.state, None
        course = Course(starts_ms=event.starts_ms, phase=event.phase)
        if kind.procedure != "request":
            course.offered_until_ms = event.valid_until_ms
        if "report_ms" in clocks and event.aware_at_ms is not None:
            course.report_by_ms = event.aware_at_ms + clocks["report_ms"]
        if "follow_ms" in clocks:
            course.follow_by_ms = event.logged_at_ms + clocks["follow_ms"]
        if "update_ms" in clocks and (event.severity or 0) >= SEVERE:
            course.update_by_ms = event.logged_at_ms + clocks["update_ms"]
        if start.starts:
            self._put_in_force(course, clocks, home_ms, forced=event.forced)
        return start.state, course

    def _put_in_force(self, course: Course, clocks: Clocks, home_ms: int, *, forced: bool = False) -> None:
        if course.from_ms is not None:
            return
        from_ms = home_ms if forced else home_ms + clocks.get("notice_ms", 0)
        course.from_ms = max(from_ms, course.starts_ms or 0)
        self._set_end(course, clocks, course.offered_until_ms, course.from_ms, anew=True)
        if "review_ms" in clocks:
            course.review_by_ms = course.from_ms + clocks["review_ms"]

    def _set_end(self, course: Course, clocks: Clocks, until_ms: int | None, at_ms: int, *, anew: bool) -> None:
        """Its end: what was stated, or else the kind's own interval where it begins anew, and never too far."""
        if until_ms is None:
            if not anew:
                return
            if "lapse_ms" in clocks:
                until_ms = at_ms + clocks["lapse_ms"]
        if "longest_ms" in clocks:
            longest = at_ms + clocks["longest_ms"]
            until_ms = longest if until_ms is None else min(until_ms, longest)
        course.until_ms = until_ms

    # --- what they do to others -------------------------------------------------------------------------------------

    def place(
        self,
        kind: Kind,
        event: Event,
        home_ms: int,
        opener: Item | None,
        target: Item | None,
        open_item: Opening,
    ) -> None:
        """Let a statement do what it does: to the one that it names, and to the one that opened its thread.

        Args:
            kind, event, home_ms: as for `begin`.
            opener: the statement that opened its thread, to be looked at and not changed; None where it did itself.
            target: the statement that it names, in the same thread, to be changed; or None.
            open_item: gives the opener, and what a proposal would change, to be changed.
        """
        if target is not None and target.kind in kind.replies_to:
            self._move(kind, event, home_ms, target, open_item, on_opener=False)
        if opener is None:
            return
        asked = self._clockwork.kind(opener)
        if asked is None:
            return
        moves = self._moves_of(opener, asked, kind.step, event.voice)
        if any(move.on_opener for move in moves):
            subject = open_item(opener.place)
            if subject is not None:
                self._move(kind, event, home_ms, subject, open_item, on_opener=True)
        if kind.name in asked.followed_by and _follows(kind, event, opener):
            self._follow(event, open_item(opener.place))
        if target is not None and target.place != opener.place:
            asked = self._clockwork.kind(target)
            if asked is not None and kind.name in asked.followed_by and _follows(kind, event, target):
                self._follow(event, target)

    def _move(
        self, kind: Kind, event: Event, home_ms: int, subject: Item, open_item: Opening, *, on_opener: bool
    ) -> None:
        asked = self._clockwork.kind(subject)
        if asked is None:
            return
        for move in self._moves_of(subject, asked, kind.step, event.voice):
            if move.on_opener == on_opener and not move.agreed and subject.state in move.origin:
                break
        else:
            return
        if move.times and subject.holdings >= move.times:
            return
        if kind.procedure == "receipt" and kind.name not in asked.answered_by:
            return
        in_time_ms = event.logged_at_ms if move.renews or move.reviews else home_ms
        course = subject.course
        if course is not None and course.lapsed_at(in_time_ms) and move.to not in _LATE:
            return
        mark = (event.index, event.logged_at_ms)
        if move.by_outcome and event.outcome:
            subject.state = event.outcome
        elif move.to:
            subject.state = move.to
        if move.times:
            self._hold(asked, subject, event, mark)
        if move.settles:
            subject.answered = subject.answered or mark
        if move.starts:
            self._accept(asked, subject, home_ms, open_item, by_acceptance=move.settles)
        self._steer(move, kind, asked, event, home_ms, subject)

    def _hold(self, asked: Kind, subject: Item, event: Event, mark: Mark) -> None:
        subject.holdings += 1
        subject.holding = subject.holding or mark
        if event.respond_by_ms is None or subject.held is None:
            return
        start = subject.held[1]
        limits = self._clockwork.limits(asked, subject.precedence, subject.reign)
        if event.logged_at_ms <= start + allowed_ms(subject, limits, NO_PAUSES):
            subject.extended_ms = max(subject.extended_ms, event.respond_by_ms - start)
        else:
            # It was in time only if clocks stood still meanwhile. Suspensions may be at the other home: who asks for
            # clocks knows of them.
            subject.belated = (*subject.belated, (event.logged_at_ms, event.respond_by_ms))

    def _accept(self, asked: Kind, subject: Item, home_ms: int, open_item: Opening, *, by_acceptance: bool) -> None:
        """A proposal is accepted, or put in force."""
        course = subject.course or Course()
        if by_acceptance and asked.activated_by:
            # Its notice begins here; whatever puts it in force keeps none of its own.
            notice_ms = self._clockwork.own(asked, subject.reign).get("notice_ms", 0)
            course.starts_ms = max(course.starts_ms or 0, home_ms + notice_ms)
            subject.course = course
            return
        changed = open_item(subject.reply) if subject.reply != NO_LOCATION else None
        if by_acceptance and changed is not None and self._change(asked, subject, changed, home_ms):
            return
        if subject.state == _ACCEPTED:
            subject.state = _IN_FORCE
        subject.course = course
        # What was accepted before it is put in force had its notice from there.
        self._put_in_force(
            course,
            self._clockwork.own(asked, subject.reign),
            home_ms,
            forced=not by_acceptance and subject.answered is not None,
        )

    def _change(self, asked: Kind, subject: Item, changed: Item, home_ms: int) -> bool:
        """Let a proposal that was accepted change what it names; whether it is one that would."""
        known = self._clockwork.kind(changed)
        if known is None:
            return False
        for move in self._moves_of(changed, known, asked.step, subject.voice):
            if not move.agreed:
                continue
            before = changed.course
            lapsed = before is not None and before.lapsed_at(home_ms)
            if subject.state == _ACCEPTED and changed.state in move.origin and not lapsed:
                changed.state = move.to or changed.state
                until_ms = None if subject.course is None else subject.course.offered_until_ms
                self._end(move, self._clockwork.own(asked, subject.reign), changed, home_ms, forced=False)
                self._renew(move, changed, until_ms, home_ms)
            return True
        return False

    def _end(self, move: Move, clocks: Clocks, subject: Item, home_ms: int, *, forced: bool) -> None:
        """End, suspend or resume what is in force, after the notice of the kind that says so."""
        course = subject.course
        if course is None:
            return
        notice_ms = 0 if forced or course.from_ms is None else clocks.get("notice_ms", 0)
        if move.ends:
            course.ended_ms = home_ms + notice_ms
            course.update_by_ms = None
        if move.suspends:
            course.suspended_ms = home_ms + notice_ms
        if move.resumes:
            course.suspended_ms = None

    def _steer(self, move: Move, kind: Kind, asked: Kind, event: Event, home_ms: int, subject: Item) -> None:
        """What else a move does: end, suspend, resume, renew, review."""
        course = subject.course
        if course is None:
            return
        self._end(move, self._clockwork.own(kind, event.reign), subject, home_ms, forced=event.forced)
        if event.phase is not None:
            course.phase = event.phase
        self._renew(move, subject, event.valid_until_ms, event.logged_at_ms)
        if kind.step == "updated" and move.on_opener:
            self._updated(self._clockwork.own(asked, subject.reign), course, event)

    def _renew(self, move: Move, subject: Item, until_ms: int | None, at_ms: int) -> None:
        course, asked = subject.course, self._clockwork.kind(subject)
        if course is None or asked is None:
            return
        clocks = self._clockwork.own(asked, subject.reign)
        if move.renews and course.from_ms is not None:
            # An update that states no end leaves the end as it was; a renewal without one takes the kind's interval.
            self._set_end(course, clocks, until_ms, at_ms, anew=not move.on_opener)
        if move.reviews and course.review_by_ms is not None:
            course.reviews += 1
            course.review_by_ms = at_ms + clocks["review_ms"]

    def _updated(self, clocks: Clocks, course: Course, event: Event) -> None:
        """The next update is owed as long as the matter is severe."""
        every_ms = clocks.get("update_ms")
        if every_ms is None or course.followed is not None:
            return
        if course.update_by_ms is not None and event.logged_at_ms > course.update_by_ms:
            course.updates_missed += 1
        if event.severity is not None:
            course.update_by_ms = event.logged_at_ms + every_ms if event.severity >= SEVERE else None
        elif course.update_by_ms is not None:
            course.update_by_ms = event.logged_at_ms + every_ms

    def _follow(self, event: Event, subject: Item | None) -> None:
        """What was owed after a statement is there. A first word that lapses unless it is followed up stays."""
        course = None if subject is None else subject.course
        if subject is None or course is None or course.followed is not None or course.lapsed_at(event.logged_at_ms):
            return
        course.followed = (event.index, event.logged_at_ms)
        course.update_by_ms = None
        known = self._clockwork.kind(subject)
        if known is not None and "lapse_ms" in self._clockwork.own(known, subject.reign):
            course.until_ms = None


def _follows(kind: Kind, event: Event, subject: Item) -> bool:
    """Whether a statement in a thread may be what another in it owed: said by whom it may be said, and what is taken
    back is that one and nothing beside it."""
    if kind.step == "retracted":
        return event.reply == subject.place
    return kind.reply_voice == "either" or (event.voice == subject.voice) == (kind.reply_voice == "own")
