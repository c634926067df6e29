"""Idle statements: what would change nothing of what it names is known before it is signed."""

import pytest

from protocol.idle import changes_nothing
from tests.protocol.procedure_samples import PACT, Told


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
