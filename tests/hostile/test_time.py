"""Times that nobody means: the ends of all calendars, and the order of what claims them."""

import pytest

from hotline.zulu import zulu, zulu_short
from protocol.errors import ProtocolError
from protocol.limits import TIME_MS_MAX
from tests.builders import START_MS, World

EXTREMES = (0, 1, START_MS - 50 * 31_557_600_000, START_MS + 300 * 31_557_600_000, TIME_MS_MAX)


@pytest.mark.parametrize("at_ms", EXTREMES)
def test_an_extreme_time_is_held_judged_and_shown(at_ms: int) -> None:
    """An entry logged, issued and due then has its verdict and its place, and can be told in words."""
    world = World()
    told = world.say("BOR", "notification", issued_at_ms=at_ms, aware_at_ms=at_ms, valid_until_ms=at_ms, at_ms=at_ms)
    world.say("BOR", "clarification-request", thread=told, reply=told, respond_by_ms=at_ms)
    verdicts = world.judge()
    assert len(verdicts) == sum(len(log.entries) for log in world.logs.values())
    docket, _ = world.docket()
    assert docket is not None
    assert zulu(at_ms).isprintable()
    assert zulu_short(at_ms).isprintable()


@pytest.mark.parametrize("at_ms", [-1, TIME_MS_MAX + 1, 2**63, 2**64 - 1])
def test_a_time_beyond_all_calendars_is_no_time(at_ms: int) -> None:
    """A statement that has one is malformed."""
    world = World(begin=False)
    statement = world.statement("ARC", "notification", issued_at_ms=at_ms) if at_ms < 2**64 else None
    assert statement is not None
    with pytest.raises(ProtocolError):
        type(statement).parse(statement.encode())


def test_claimed_times_order_nothing() -> None:
    """Entries keep the order of their log, whatever times they say."""
    world = World()
    places = [world.say("ARC", "goodwill", issued_at_ms=at_ms, at_ms=at_ms) for at_ms in reversed(EXTREMES)]
    verdicts = [place for place in world.judge() if place[0] == "ARC"]
    assert verdicts[-len(places) :] == places
