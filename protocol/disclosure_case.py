"""What the rules of disclosure look at, gathered from a docket: severities, answers, closings, consents.

A thread is gone through once, in the order of its home, and gives the case of each statement in it. A node asks its
tables and an auditor what it judged; both come through here.

Source: spec/disclosure.md, "What the rules look at".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from protocol.clocks import Clockwork
from protocol.course import ENDLESS_MS
from protocol.disclosure import CLOSEST, Case, Consent
from protocol.disclosure_opening import Opening, opening_hash
from protocol.docket_item import Item
from protocol.kind import Kind
from protocol.pauses import Pauses
from protocol.statement import Statement
from protocol.tagged import Hash
from protocol.verdict import NO_LOCATION

PROPOSE: Final = "disclosure-propose"
MADE: Final = "disclosure-made"
DISCLOSURES: Final = "disclosures"
FINAL_REPORT: Final = "final-report"

AUDIENCE: Final = "audience"
OPENS: Final = "opens"
TEXT: Final = "text"
"""Facts of a proposal: to whom, the commitments of the fields it would open, and the hash of the exact text."""

THREAD_MAX: Final = 100_000
"""Statements of a thread that are looked at, the first of its home: whoever says more opens nothing by it."""

_DONE: Final = frozenset({"answered", "declined", "not-known"})


class Source(Protocol):
    """What is asked of a docket."""

    clockwork: Clockwork

    def item(self, place: int) -> Item | None:
        """The item of a statement that counts, or None."""

    def statement(self, place: int) -> Statement | None:
        """Its header."""

    def logged_ms(self, voice: int, index: int) -> int:
        """When an entry was logged, UTC milliseconds."""

    def legal(self, place: int) -> bool:
        """Whether somebody signed a statement as `legal`."""

    def thread(self, opener: int) -> Iterable[int]:
        """Locations of what stands in a thread, in its home's order."""

    def pauses(self, status: str) -> Pauses:
        """When the clocks of a status stood still."""

    def over_ms(self) -> int | None:
        """From when on the agreement is over for both parties, or None."""


@dataclass(slots=True)
class _Seen:
    """What one walk through a thread found.

    `replied` has the statements that the other party had answered, where the walk ended early; None where it did not.
    """

    items: list[Item] = field(default_factory=list)
    severities: tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]] = field(default_factory=lambda: ([], []))
    proposals: dict[int, tuple[int, Statement]] = field(default_factory=dict)
    consents: dict[int, list[Consent]] = field(default_factory=dict)
    openings: dict[int, list[Opening]] = field(default_factory=dict)
    replied: set[int] | None = None
    answered_ms: int | None = None
    reported_ms: int | None = None


def cases(source: Source, opener: int, before: Item | None = None) -> Iterator[Case]:
    """The case of every statement of a thread that has fields, in the order of its home.

    Args:
        source: a docket.
        opener: location of the statement that opened the thread.
        before: an item of the thread; what stands there at its place or behind it was not said yet.
    """
    first = source.item(opener)
    if first is None:
        return
    seen = _walk(source, first, before)
    closed_ms = _closed_ms(source, first, seen)
    for item in seen.items:
        kind, statement = source.clockwork.kind(item), source.statement(item.place)
        if kind is None or statement is None or len(kind.fields) != len(statement.commitments) or not kind.fields:
            continue
        yield _case(source, item, kind, statement, seen, closed_ms)


def _walk(source: Source, first: Item, before: Item | None) -> _Seen:
    seen = _Seen() if before is None else _Seen(replied=set())
    for number, place in enumerate(source.thread(first.place)):
        if number >= THREAD_MAX:
            break
        item = source.item(place)
        kind = None if item is None else source.clockwork.kind(item)
        statement = source.statement(place)
        if item is None or kind is None or statement is None:
            continue
        if before is not None and home_order(item) >= home_order(before):
            break
        seen.items.append(item)
        if statement.severity is not None:
            seen.severities[item.voice].append((statement.severity, item.logged_at_ms, place))
        if kind.register == DISCLOSURES and kind.step == "proposed":
            seen.proposals[place] = (item.reply, statement)
        elif kind.step == "accepted" and item.reply in seen.proposals:
            _consent(source, seen, item, statement)
        elif kind.step == "published" and item.reply in seen.proposals:
            _opening(source, seen, item)
        if seen.replied is not None and kind.step != "held":
            replied = source.item(item.reply) if item.reply != NO_LOCATION else None
            if replied is not None and replied.voice != item.voice:
                seen.replied.add(replied.place)
        if _answers(first, item, kind, statement):
            seen.answered_ms = seen.answered_ms or item.logged_at_ms
        if kind.name == FINAL_REPORT and item.voice == first.voice:
            seen.reported_ms = seen.reported_ms or item.logged_at_ms
    return seen


def _answers(first: Item, item: Item, kind: Kind, statement: Statement) -> bool:
    """Whether a statement gave the answer by which the opener of its thread stands as answered for good."""
    if item.reply != first.place or item.voice == first.voice or kind.step not in {"answered", "declined"}:
        return False
    return first.state in _DONE and (statement.outcome or first.state) == first.state


def _consent(source: Source, seen: _Seen, accepted: Item, statement: Statement) -> None:
    """An acceptance opens fields if it took effect on the proposal that it names."""
    reply, proposal = seen.proposals[accepted.reply]
    item = source.item(accepted.reply)
    course = None if item is None else item.course
    if item is None or course is None or item.voice == accepted.voice:
        return
    if course.starts_ms is None and course.from_ms is None:
        return
    home = item.thread & 1
    at_ms = source.logged_ms(home, accepted.at)
    if at_ms >= course.ends_ms:
        return
    facts, more = proposal.facts or {}, statement.facts or {}
    audience = facts.get(AUDIENCE)
    if audience is None or not of_text(statement, proposal):
        return
    named: frozenset[Hash] = frozenset(facts.get(OPENS, ()))
    text = _text_of(source, item, proposal)
    if statement.outcome is not None:
        # In part: what the acceptance names of what was proposed, and no text.
        named, text = named & frozenset(more.get(OPENS, ())), frozenset()
    legal = source.legal(item.place) and source.legal(accepted.place)
    if text:
        seen.consents.setdefault(item.place, []).append(
            Consent(text, audience, at_ms, item.place, accepted.place, legal)
        )
    if named and reply != NO_LOCATION:
        seen.consents.setdefault(reply, []).append(Consent(named, audience, at_ms, item.place, accepted.place, legal))


def _opening(source: Source, seen: _Seen, made: Item) -> None:
    """A publication of the text by which fields open by the rules is their opening."""
    reply, proposal = seen.proposals[made.reply]
    statement = source.statement(made.place)
    facts = proposal.facts or {}
    if statement is None or (statement.facts or {}).get(TEXT) != facts.get(TEXT):
        return
    named = named_by_rule(source, reply, proposal)
    if named:
        at_ms = source.logged_ms(made.thread & 1, made.at)
        found = Opening(named, facts[AUDIENCE], at_ms, made.place)
        seen.openings.setdefault(reply, []).append(found)


def named_by_rule(source: Source, reply: int, proposal: Statement) -> frozenset[Hash]:
    """The commitments of the fields that a proposal would open by the rules; none where its text is another.

    Args:
        source: a docket.
        reply: location of the statement that the proposal answers.
        proposal: its header.
    """
    facts = proposal.facts or {}
    opens, audience, leaf = frozenset(facts.get(OPENS, ())), facts.get(AUDIENCE), proposal.in_reply_to
    item = None if reply == NO_LOCATION else source.item(reply)
    kind = None if item is None else source.clockwork.kind(item)
    statement = None if item is None else source.statement(item.place)
    if not opens or audience is None or leaf is None or kind is None or statement is None:
        return frozenset()
    if len(kind.fields) != len(statement.commitments) or not opens <= frozenset(statement.commitments):
        return frozenset()
    names = [one.name for one, told in zip(kind.fields, statement.commitments, strict=True) if told in opens]
    return opens if facts.get(TEXT) == opening_hash(names, leaf, audience) else frozenset()


def of_text(statement: Statement, proposal: Statement) -> bool:
    """Whether what accepts a proposal, or publishes it, is about its text: no other hash stands in its header."""
    return (statement.facts or {}).get(TEXT, (proposal.facts or {}).get(TEXT)) == (proposal.facts or {}).get(TEXT)


def _text_of(source: Source, item: Item, proposal: Statement) -> frozenset[Hash]:
    """The commitment to the exact text of a proposal, whose hash both parties signed."""
    kind = source.clockwork.kind(item)
    names = [] if kind is None else [one.name for one in kind.fields]
    if TEXT not in names or len(names) != len(proposal.commitments):
        return frozenset()
    return frozenset({proposal.commitments[names.index(TEXT)]})


def _closed_ms(source: Source, first: Item, seen: _Seen) -> int | None:
    """When a thread was closed: its opener ended or lapsed, was answered for good, or had its final report."""
    found = [one for one in (seen.answered_ms, seen.reported_ms) if one is not None]
    course = first.course
    if course is not None:
        if course.ended_ms is not None:
            found.append(course.ended_ms)
        if course.from_ms is not None and course.ends_ms < ENDLESS_MS:
            found.append(course.ends_ms)
    return min(found, default=None)


def _case(source: Source, item: Item, kind: Kind, statement: Statement, seen: _Seen, closed_ms: int | None) -> Case:
    answer = next(
        (one for one in source.clockwork.clocks(item, source.pauses(item.status)) if one.name == "answer"), None
    )
    severities = [(severity, max(item.logged_at_ms, at_ms), by) for severity, at_ms, by in seen.severities[item.voice]]
    # An answer that came only later had not been given.
    given = answer is not None and (seen.replied is None or item.place in seen.replied)
    facts = statement.facts or {}
    return Case(
        place=item.place,
        kind=kind,
        commitments=statement.commitments,
        logged_at_ms=item.logged_at_ms,
        rules=source.clockwork.agreement(item.reign).disclosure,
        closest=facts.get(CLOSEST),
        severities=tuple(severities),
        due_ms=None if answer is None else answer.due_ms,
        answered_ms=answer.done_ms if answer is not None and given else None,
        closed_ms=None if closed_ms is None else max(closed_ms, item.logged_at_ms),
        over_ms=source.over_ms(),
        consents=tuple(seen.consents.get(item.place, ())),
        openings=tuple(seen.openings.get(item.place, ())),
    )


def home_order(item: Item) -> tuple[int, int, int]:
    """Where a statement stands in its thread's home: what arrives with a home entry comes before it."""
    home = item.thread & 1
    return item.at, int(item.voice == home), item.index
