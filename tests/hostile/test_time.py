"""Times that nobody means: the ends of all calendars, and the order of what claims them."""

import pytest

from hotline.zulu import zulu, zulu_short
from nodes.pagers.words import zulu as paged
from protocol.audit_time import zulu as reported
from protocol.clocks import Clockwork
from protocol.docket_item import Item
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


@pytest.mark.parametrize("logged_ms", EXTREMES)
@pytest.mark.parametrize("asked_ms", EXTREMES)
def test_an_answer_that_is_wished_for_at_any_time_can_be_told(logged_ms: int, asked_ms: int) -> None:
    """Every time of every clock of a request is one that screens, reports and pages can write."""
    item = Item(
        place=5, thread=5, kind="clarification-request", status="actual", precedence="flash", logged_at_ms=logged_ms,
        at=2, state="open", respond_by_ms=asked_ms, held=(2, START_MS),
    )  # fmt: skip
    world = World()
    for clock in Clockwork(world.agreement, world.catalogue).clocks(item):
        for at_ms in (clock.due_ms, clock.due_ms if clock.wish_ms is None else clock.wish_ms):
            assert zulu(at_ms).isprintable()
            assert reported(at_ms).isprintable()
            assert paged(at_ms).isprintable()


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
