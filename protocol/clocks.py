"""Clocks: how soon people owed something, and whether they kept to it.

An interval runs between two times of one node, so that a clock that is wrong by the same amount all the time changes
nothing. The receiver's interval runs from where its node logged that it held the statement to where it logged the
answer. The author's runs from where it logged the statement to where its own node logged that it held the answer. Where
the two lead to different findings, the finding is *disputed*: neither node's clock is taken for the truth.

A header's `respond_by` may lengthen the agreed interval, never shorten it: an earlier one is a wish. So may a holding
reply, as often as the tables say, that was logged before what was allowed by then was over; all of them together take
at most one further agreed interval. A later one is a holding reply and lengthens nothing: what was missed stays missed.

While a suspension that either party declared is in force no clock runs against anybody: it is *paused*, and due later
by as long. A flash, and a kind that always passes, is not paused.

Source: spec/docket.md, "Clocks".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from protocol.agreement import Agreement
from protocol.agreement_conduct import PauseTerms
from protocol.docket_item import OVER_STATES, RUNNING_STATES, Item
from protocol.governance import Reign
from protocol.kind import CLOCKS
from protocol.kinds import Catalogue, Kind
from protocol.pauses import EXERCISES, NO_PAUSES, SUSPENSIONS, Pauses
from protocol.statement import PRECEDENCES

ClockName = Literal["open", "holding", "answer", "report", "follow", "update", "review"]
ClockState = Literal["running", "kept", "missed", "disputed"]

WARNED_MS: Final = 14 * 86_400_000
"""People are warned of an end so long before it, at most, where the kind says nothing."""

FLASH: Final = "flash"


@dataclass(frozen=True, slots=True)
class Limits:
    """Intervals for one kind at one precedence, in milliseconds from where the receiving node held the statement."""

    open_ms: int
    holding_ms: int
    answer_ms: int


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of one statement.

    Attributes:
        name: `open`, `holding`, `answer`, `report`, `follow`, `update` or `review`.
        place: location of the statement.
        owed_by: the voice that owes it, 0 or 1.
        due_ms: until when, by the clock of the party that owes it, UTC milliseconds.
        done_ms: when it was done, by the same clock, or None.
        state: running, kept, missed, or disputed between the two nodes.
        wish_ms: an earlier time that the header asks for, or None. Nobody owes it.
        paused: it stands still: a suspension is in force at the end of the pauses that were given.
    """

    name: ClockName
    place: int
    owed_by: int
    due_ms: int
    done_ms: int | None
    state: ClockState
    wish_ms: int | None = None
    paused: bool = False

    def overdue_at(self, at_ms: int) -> bool:
        """Whether it is still owed and was due before this time."""
        return self.done_ms is None and at_ms > self.due_ms


class Clockwork:
    """Finds the clocks of statements under one agreement.

    Args:
        agreement: gives the intervals for each precedence, and clocks of single kinds.
        catalogue: gives a kind intervals of its own where it has them.
        reigns: gives what governs each stretch of the logs, where the agreement was amended; an item's clocks are those
            of the reign that governs it.
    """

    def __init__(
        self, agreement: Agreement, catalogue: Catalogue, reigns: Callable[[], Sequence[Reign]] | None = None
    ) -> None:
        self._agreement = agreement
        self._catalogue = catalogue
        self._reigns = reigns
        self._limits: dict[tuple[int, str, str], Limits] = {}
        self._own: dict[tuple[int, str], Mapping[str, int]] = {}

    def agreement(self, reign: int) -> Agreement:
        """The agreement of a reign."""
        return self._reigns()[reign].agreement if reign and self._reigns is not None else self._agreement

    def catalogue(self, reign: int) -> Catalogue:
        """The catalogue of a reign."""
        return self._reigns()[reign].catalogue if reign and self._reigns is not None else self._catalogue

    def kind(self, item: Item) -> Kind | None:
        """The kind of a statement, as the catalogue has it that governs it."""
        return self.catalogue(item.reign).kind(item.kind)

    def own(self, kind: Kind, reign: int) -> Mapping[str, int]:
        """The clocks of a kind in milliseconds by name: the catalogue's, with the agreement's in their place."""
        found = self._own.get((reign, kind.name))
        if found is None:
            agreement = self.agreement(reign)
            terms = {name: agreement.kind_clock(kind.name, name.removesuffix("_ms")) for name in CLOCKS}
            found = dict(kind.clocks)
            pause = pause_terms(kind, agreement)
            if pause is not None:
                found |= {"notice_ms": pause.notice_ms, "longest_ms": pause.longest_ms}
            found |= {name: limit for name, limit in terms.items() if limit is not None}
            self._own[reign, kind.name] = found
        return found

    def limits(self, kind: Kind, precedence: str, reign: int = 0) -> Limits:
        """The intervals for a kind at a precedence."""
        found = self._limits.get((reign, kind.name, precedence))
        if found is None:
            terms, own = self.agreement(reign).clocks[precedence], self.own(kind, reign)
            raised = PRECEDENCES.index(precedence) < PRECEDENCES.index(kind.precedence)

            def shorter(name: str, by_precedence_ms: int) -> int:
                # What is said more urgently than its kind is said is not owed later than that urgency asks for.
                by_kind_ms = own.get(name, by_precedence_ms)
                return min(by_kind_ms, by_precedence_ms) if raised else by_kind_ms

            found = Limits(
                open_ms=shorter("open_ms", terms.open_within_ms),
                holding_ms=shorter("holding_ms", terms.holding_within_ms),
                answer_ms=shorter("answer_ms", terms.answer_within_ms),
            )
            self._limits[reign, kind.name, precedence] = found
        return found

    def passes(self, item: Item) -> bool:
        """Whether it passes a suspension, and its clocks go on: a flash, and a kind that always does."""
        kind = self.kind(item)
        return item.precedence == FLASH or (kind is not None and kind.always)

    def register(self, item: Item) -> str:
        """Where it is listed while it is in force, or an empty text."""
        kind = self.kind(item)
        return "" if kind is None else kind.register

    def warn_ms(self, item: Item) -> int:
        """How long before its end people are warned of it: by its kind's clock, or a quarter of its time."""
        kind, course = self.kind(item), item.course
        if kind is None or course is None or course.from_ms is None:
            return 0
        found = self.own(kind, item.reign).get("warn_ms")
        return min(WARNED_MS, (course.lapses_ms - course.from_ms) // 4) if found is None else found

    @property
    def longest_warning_ms(self) -> int:
        """The longest of all warnings."""
        reigns = range(1 if self._reigns is None else len(self._reigns()))
        found = (self.own(kind, one).get("warn_ms", 0) for one in reigns for kind in self.catalogue(one).kinds)
        return max(WARNED_MS, max(found, default=0))

    def clocks(self, item: Item, pauses: Pauses = NO_PAUSES) -> tuple[Clock, ...]:
        """Every clock that runs, or ran, for a statement.

        Args:
            item: the statement. What the other party owes on it begins where its node held it.
            pauses: when clocks stood still.
        """
        kind = self.kind(item)
        if kind is None or kind.step == "said":
            return ()
        if pauses.spans and self.passes(item):
            pauses = NO_PAUSES
        found = [] if item.held is None else self._theirs(kind, item, item.held[1], pauses)
        if item.course is not None:
            found += self._ours(item, pauses)
        if item.state in OVER_STATES:
            return tuple(one for one in found if one.done_ms is not None)
        return tuple(found)

    def _theirs(self, kind: Kind, item: Item, start: int, pauses: Pauses) -> list[Clock]:
        """What the other party owes: to open it, to say that it holds it, to answer."""
        limits, by = self.limits(kind, item.precedence, item.reign), 1 - item.voice
        firsts = [mark[1] for mark in (item.opened, item.acknowledged, item.holding, item.answered) if mark is not None]
        found = [_clock("open", item, by, start, limits.open_ms, min(firsts, default=None), pauses)]
        if kind.answered_by:
            allowed = allowed_ms(item, limits, pauses)
            if kind.held_by:
                replies = [mark[1] for mark in (item.holding, item.answered) if mark is not None]
                done = min(replies, default=None)
                found.append(_clock("holding", item, by, start, limits.holding_ms, done, pauses))
            answered = None if item.answered is None else item.answered[1]
            answer = _clock("answer", item, by, start, allowed, answered, pauses)
            if answer.state in {"kept", "missed"} and item.answer_seen_ms is not None:
                late = item.answer_seen_ms > pauses.due(item.logged_at_ms, allowed)
                if late != (answer.state == "missed"):
                    answer = Clock("answer", item.place, by, answer.due_ms, answer.done_ms, "disputed")
            wish = item.respond_by_ms
            if wish is not None and wish - item.logged_at_ms < limits.answer_ms and answer.done_ms is None:
                # What was wished for before it was asked is wished for at once.
                wish_ms = start + max(0, wish - item.logged_at_ms)
                answer = Clock("answer", item.place, by, answer.due_ms, None, "running", wish_ms, answer.paused)
            found.append(answer)
        return found

    def _ours(self, item: Item, pauses: Pauses) -> list[Clock]:
        """What its author owes on it, by times of its own."""
        course = item.course
        if course is None:
            return []
        found, by = [], item.voice
        if course.report_by_ms is not None:
            found.append(_until("report", item, by, course.report_by_ms, item.logged_at_ms))
        # What lapses before its follow-up is due may be left to lapse.
        if course.follow_by_ms is not None and (course.followed is not None or course.follow_by_ms < course.lapses_ms):
            done = None if course.followed is None else course.followed[1]
            start = item.logged_at_ms
            found.append(_clock("follow", item, by, start, course.follow_by_ms - start, done, pauses))
        if course.update_by_ms is not None:
            found.append(
                _clock("update", item, by, item.logged_at_ms, course.update_by_ms - item.logged_at_ms, None, pauses)
            )
        if course.review_by_ms is not None and course.ended_ms is None and course.review_by_ms <= course.lapses_ms:
            found.append(_until("review", item, by, course.review_by_ms, None))
        return found

    def running(self, item: Item, pauses: Pauses = NO_PAUSES) -> tuple[Clock, ...]:
        """The clocks of a statement on which something is still owed."""
        return tuple(one for one in self.clocks(item, pauses) if one.state == "running")

    def unanswered_since(self, item: Item, at_ms: int, pauses: Pauses = NO_PAUSES) -> int | None:
        """Since when a matter is unanswered though an answer was due, at a time of the clock of whoever owes it."""
        if item.state not in RUNNING_STATES or item.answered is not None:
            return None
        for one in self.clocks(item, pauses):
            if one.name == "answer" and one.overdue_at(at_ms):
                return one.due_ms
        return None


def allowed_ms(item: Item, limits: Limits, pauses: Pauses) -> int:
    """The interval in which a request is to be answered.

    Whoever owes the answer cannot do away with the clock: what holding replies take ends one agreed interval after what
    is allowed without them, whatever they say and however many there are. Nor can they undo what was missed: each has
    to be logged, by the clock of whoever owes the answer, before what was allowed by then is over.

    Args:
        item: the request.
        limits: the agreed intervals.
        pauses: when its clocks stood still.
    """
    asked = 0 if item.respond_by_ms is None else item.respond_by_ms - item.logged_at_ms
    without = max(limits.answer_ms, asked)
    longest = without + limits.answer_ms
    allowed = max(without, min(item.extended_ms, longest))
    if item.held is not None:
        start = item.held[1]
        for at_ms, until_ms in item.belated:
            if at_ms <= pauses.due(start, allowed):
                allowed = max(allowed, min(until_ms - start, longest))
    return allowed


def pause_terms(kind: Kind, agreement: Agreement) -> PauseTerms | None:
    """The agreement's terms for suspensions and exercises: of the kinds that begin one, where it has any."""
    if agreement.format == 1 or kind.step not in {"declared", "proposed"}:
        return None
    return {SUSPENSIONS: agreement.suspension, EXERCISES: agreement.exercise}.get(kind.register)


def _clock(
    name: ClockName, item: Item, by: int, start_ms: int, allowed: int, done_ms: int | None, pauses: Pauses
) -> Clock:
    due_ms = pauses.due(start_ms, allowed)
    return _until(name, item, by, due_ms, done_ms, paused=done_ms is None and pauses.stops(due_ms))


def _until(name: ClockName, item: Item, by: int, due_ms: int, done_ms: int | None, *, paused: bool = False) -> Clock:
    state: ClockState = "running" if done_ms is None else "kept" if done_ms <= due_ms else "missed"
    return Clock(name, item.place, by, due_ms, done_ms, state, paused=paused)
