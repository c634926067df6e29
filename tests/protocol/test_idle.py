"""Idle statements: what would change nothing of what it names is known before it is signed."""

import pytest

from protocol.event import Event
from protocol.idle import changes_nothing, missed_before
from protocol.pauses import NO_PAUSES, pauses_of
from tests.protocol.procedure_samples import HOUR_MS, PACT, Told


def idle(told: Told, kind: str, to: object, voice: int, **more: object) -> bool:
    """Whether a statement would change nothing, asked of the docket as it stands; nothing is said."""
    target = told.item(to)  # type: ignore[arg-type]
    event = told.say(voice, kind, to, **more)  # type: ignore[arg-type]
    told.logs[voice].pop()
    found = told.catalogue.kind(kind)
    assert found is not None
    return changes_nothing(
        found, event, target=target, opener=target, clockwork=told.clockwork, home_ms=event.logged_at_ms
    )


def test_what_moves_its_target_is_not_idle() -> None:
    """A proposal that waits can be held, accepted and objected to by the other side, and withdrawn by its own."""
    told = Told()
    pact = told.say(0, PACT)
    assert not any(idle(told, kind, pact, 1) for kind in ("pact-hold", "pact-object"))
    assert not idle(told, "pact-accept", pact, 1, outcome="accepted")
    assert not idle(told, "pact-withdraw", pact, 0)


@pytest.mark.parametrize("kind", ["pact-hold", "pact-accept", "pact-object"])
def test_what_was_withdrawn_moves_no_more(kind: str) -> None:
    """Whatever the other side says to it."""
    told = Told()
    pact = told.say(0, PACT)
    told.say(0, "pact-withdraw", pact)
    assert idle(told, kind, pact, 1, outcome="accepted" if kind == "pact-accept" else None)


def test_a_holding_reply_too_many_is_idle() -> None:
    """As many as count are none; the docket folds the same with it and without it."""
    told = Told()
    pact = told.say(0, PACT)
    said = 0
    while not idle(told, "pact-hold", pact, 1):
        told.say(1, "pact-hold", pact)
        said += 1
    before = told.item(pact)
    told.say(1, "pact-hold", pact)
    assert said == before.holdings == told.item(pact).holdings
    assert 1 <= said <= 2


def test_what_begins_a_matter_of_its_own_is_never_idle() -> None:
    """A proposal may answer another; it is proposed all the same."""
    told = Told()
    pact = told.say(0, PACT)
    told.say(0, "pact-withdraw", pact)
    assert not idle(told, PACT, pact, 1)


def due_before(told: Told, kind: str, to: object, voice: int, at_ms: int, *, stopped: object = None) -> int | None:
    """When the answer was due that a statement at a time would put off no more; nothing is said."""
    pauses = NO_PAUSES if stopped is None else pauses_of([told.item(stopped)], "actual", at_ms)  # type: ignore[arg-type]
    found = told.catalogue.kind(kind)
    assert found is not None
    event = Event(voice, len(told.logs[voice]), at_ms, 0, kind=kind, respond_by_ms=at_ms + HOUR_MS)
    return missed_before(found, event, target=told.item(to), clockwork=told.clockwork, pauses=pauses)  # type: ignore[arg-type]


def test_whoever_holds_too_late_is_told_when_the_answer_was_due() -> None:
    """Up to when it is due a holding reply gives time, and afterwards none."""
    told = Told()
    query = told.say(0, "query")
    told.tick(1)
    answer = next(clock for clock in told.clockwork.running(told.item(query)) if clock.name == "answer")
    assert due_before(told, "wait", query, 1, answer.due_ms) is None
    assert due_before(told, "wait", query, 1, answer.due_ms + 1) == answer.due_ms
    # An answer is late, and lengthens nothing that it would have to.
    assert due_before(told, "reply", query, 1, answer.due_ms + 1) is None
    # A suspension puts it off.
    told.at_ms += HOUR_MS
    stopped = told.say(1, "pause-line")
    told.at_ms += 2 * HOUR_MS
    told.say(1, "resume-line", stopped)
    later = due_before(told, "wait", query, 1, answer.due_ms + 5 * HOUR_MS, stopped=stopped)
    assert later is not None
    assert later > answer.due_ms
    assert due_before(told, "wait", query, 1, later, stopped=stopped) is None
    # What is answered is late or not, and nobody holds it.
    told.say(1, "reply", query, outcome="answered")
    assert due_before(told, "wait", query, 1, answer.due_ms + 1) is None
