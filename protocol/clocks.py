"""Clocks: how soon people owed something, and whether they kept to it.

An interval runs between two times of one node, so that a clock that is wrong by the same amount all the time changes
nothing. The receiver's interval runs from where its node logged that it held the statement to where it logged the
answer. The author's runs from where it logged the statement to where its own node logged that it held the answer. Where
the two lead to different findings, the finding is *disputed*: neither node's clock is taken for the truth.

A header's `respond_by` may lengthen the agreed interval, never shorten it. So may a holding reply, at most twice.

Source: spec/docket.md, "Clocks".
"""

from dataclasses import dataclass
from typing import Literal

from protocol.agreement import Agreement
from protocol.docket_item import RETRACTED, RUNNING_STATES, Item
from protocol.kinds import Catalogue, Kind

ClockName = Literal["open", "holding", "answer"]
ClockState = Literal["running", "kept", "missed", "disputed"]


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
        name: `open`, `holding` or `answer`.
        place: location of the statement.
        owed_by: the voice that owes it, 0 or 1.
        due_ms: until when, by the clock of the party that owes it, UTC milliseconds.
        done_ms: when it was done, by the same clock, or None.
        state: running, kept, missed, or disputed between the two nodes.
    """

    name: ClockName
    place: int
    owed_by: int
    due_ms: int
    done_ms: int | None
    state: ClockState

    def overdue_at(self, at_ms: int) -> bool:
        """Whether it is still owed and was due before this time."""
        return self.done_ms is None and at_ms > self.due_ms


class Clockwork:
    """Finds the clocks of statements under one agreement.

    Args:
        agreement: gives the intervals for each precedence.
        catalogue: gives a kind intervals of its own where it has them.
    """

    def __init__(self, agreement: Agreement, catalogue: Catalogue) -> None:
        self._agreement = agreement
        self._catalogue = catalogue
        self._limits: dict[tuple[str, str], Limits] = {}

    def limits(self, kind: Kind, precedence: str) -> Limits:
        """The intervals for a kind at a precedence."""
        found = self._limits.get((kind.name, precedence))
        if found is None:
            terms = self._agreement.clocks[precedence]
            found = Limits(
                open_ms=kind.clocks.get("open_ms", terms.open_within_ms),
                holding_ms=kind.clocks.get("holding_ms", terms.holding_within_ms),
                answer_ms=kind.clocks.get("answer_ms", terms.answer_within_ms),
            )
            self._limits[kind.name, precedence] = found
        return found

    def clocks(self, item: Item) -> tuple[Clock, ...]:
        """Every clock that runs, or ran, for a statement; none before the other node has held it."""
        kind = self._catalogue.kind(item.kind)
        if kind is None or item.held is None or kind.step == "said":
            return ()
        limits = self.limits(kind, item.precedence)
        start = item.held[1]
        by = 1 - item.voice
        firsts = [mark[1] for mark in (item.opened, item.acknowledged, item.holding, item.answered) if mark is not None]
        found = [_clock("open", item, by, start + limits.open_ms, min(firsts, default=None))]
        if kind.answered_by:
            allowed = allowed_ms(item, limits)
            answered = None if item.answered is None else item.answered[1]
            answer = _clock("answer", item, by, start + allowed, answered)
            if answer.state in {"kept", "missed"} and item.answer_seen_ms is not None:
                late = item.answer_seen_ms - item.logged_at_ms > allowed
                if late != (answer.state == "missed"):
                    answer = Clock("answer", item.place, by, answer.due_ms, answer.done_ms, "disputed")
            if kind.held_by:
                replies = [mark[1] for mark in (item.holding, item.answered) if mark is not None]
                found.append(_clock("holding", item, by, start + limits.holding_ms, min(replies, default=None)))
            found.append(answer)
        if item.state == RETRACTED:
            return tuple(one for one in found if one.done_ms is not None)
        return tuple(found)

    def running(self, item: Item) -> tuple[Clock, ...]:
        """The clocks of a statement on which something is still owed."""
        return tuple(one for one in self.clocks(item) if one.state == "running")

    def unanswered_since(self, item: Item, at_ms: int) -> int | None:
        """Since when a request is unanswered though an answer was due, at a time of the clock of whoever owes it."""
        if item.state not in RUNNING_STATES:
            return None
        for one in self.clocks(item):
            if one.name == "answer" and one.overdue_at(at_ms):
                return one.due_ms
        return None


def allowed_ms(item: Item, limits: Limits) -> int:
    """The interval in which a request is to be answered."""
    asked = 0 if item.respond_by_ms is None else item.respond_by_ms - item.logged_at_ms
    return max(limits.answer_ms, asked, item.extended_ms)


def _clock(name: ClockName, item: Item, by: int, due_ms: int, done_ms: int | None) -> Clock:
    state: ClockState = "running" if done_ms is None else "kept" if done_ms <= due_ms else "missed"
    return Clock(name, item.place, by, due_ms, done_ms, state)
