"""Home order and docket: growth changes nothing behind it, feeding order does not matter, each kind does its part."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.resources import catalogue
from protocol.clocks import Clockwork
from protocol.docket import Docket
from protocol.docket_item import Item
from protocol.event import Event
from protocol.memory_ledger import MemoryLedger
from protocol.order import home_order
from protocol.verdict import location
from tests.builders import START_MS, World, make_agreement
from tests.protocol.procedure_samples import SAMPLES

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


# --- home order -----------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 40), max_size=30))
def test_home_order_grows_only_at_its_end(claims: list[int]) -> None:
    """Whatever the home log holds, the order of a longer log begins with that of a shorter one."""
    held = [max(claims[: number + 1]) for number in range(len(claims))]
    orders = [list(home_order(0, held[:size])) for size in range(len(held) + 1)]
    for shorter, longer in pairwise(orders):
        assert longer[: len(shorter)] == shorter


@given(st.lists(st.integers(0, 40), max_size=30))
def test_home_order_is_total_and_keeps_each_log_in_its_order(claims: list[int]) -> None:
    """Every home entry and every arrived entry stands there once, each log in the order of its indexes."""
    held = [max(claims[: number + 1]) for number in range(len(claims))]
    order = list(home_order(1, held))
    assert [index for voice, index in order if voice == 1] == list(range(len(held)))
    assert [index for voice, index in order if voice == 0] == list(range(max(held, default=0)))


def test_an_entry_arrives_just_before_the_first_that_covers_it() -> None:
    """Two home entries: the second holds three of the other log."""
    assert list(home_order(0, [1, 3])) == [(1, 0), (0, 0), (1, 1), (1, 2), (0, 1)]


# --- any interleaving -----------------------------------------------------------------------------------------------

KINDS = (
    "notification", "clarification-request", "goodwill", "line-check", "pact-propose", "pact-propose", "plan-propose",
    "vow-declare", "flag", "claim", "pause-line",
)  # fmt: skip
FOLLOWING = (
    "pact-accept",
    "pact-accept",
    "pact-extend",
    "pact-review",
    "pact-suspend",
    "pact-resume",
    "pact-end",
    "pact-withdraw",
    "plan-accept",
    "plan-start",
    "vow-understand",
    "vow-renew",
    "vow-withdraw",
    "claim-update",
    "claim-report",
    "take-back",
    "update",
    "correction",
    "retraction",
    "clarification-request",
    "clarification-response",
    "holding-reply",
    "decline",
    "opened",
    "acknowledge",
)


@st.composite
def two_logs(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """Two logs of events that hold one another as real nodes do: each no more than there was when it wrote."""
    logs: tuple[list[Event], list[Event]] = ([], [])
    held = [0, 0]
    statements: list[Event] = []
    at_ms = START_MS
    for _ in range(draw(st.integers(0, 25))):
        voice = draw(st.integers(0, 1))
        at_ms += draw(st.integers(0, 8)) * HOUR_MS
        held[voice] = draw(st.integers(held[voice], len(logs[1 - voice])))
        index = len(logs[voice])
        event = Event(voice, index, at_ms, held[voice])
        known = [one for one in statements if one.voice == voice or one.index < held[voice]]
        shape = draw(st.sampled_from(("tick", "open", "follow", "follow")))
        if shape == "open":
            event.kind, event.thread = draw(st.sampled_from(KINDS)), location(voice, index)
        elif shape == "follow" and known:
            target = draw(st.sampled_from(known))
            event.kind, event.thread = draw(st.sampled_from(FOLLOWING)), target.thread
            event.reply = target.place
            event.outcome = "partly" if event.kind == "clarification-response" and draw(st.booleans()) else None
            event.respond_by_ms = at_ms + 5 * HOUR_MS if event.kind == "holding-reply" else None
        if event.kind:
            event.valid_until_ms = draw(st.sampled_from((None, at_ms + HOUR_MS, at_ms + 90 * HOUR_MS)))
            event.severity = draw(st.sampled_from((None, 2, 5)))
            event.status, event.precedence = "actual", draw(st.sampled_from(("flash", "routine")))
            statements.append(event)
        logs[voice].append(event)
    return logs


def _fold(logs: Sequence[Sequence[Event]], turns: Sequence[int]) -> tuple[Docket, MemoryLedger]:
    """Fold in the order of the turns where an entry can be folded, and then whatever is left."""
    ledger = MemoryLedger()
    docket = Docket(agreement=make_agreement(), catalogue=SAMPLES, ledger=ledger)
    done = [0, 0]

    def step(voice: int) -> bool:
        if done[voice] == len(logs[voice]) or logs[voice][done[voice]].held > done[1 - voice]:
            return False
        docket.add(logs[voice][done[voice]])
        done[voice] += 1
        return True

    for turn in turns:
        step(turn)
    while step(0) or step(1):
        pass
    assert done == [len(logs[0]), len(logs[1])]
    return docket, ledger


def _state(docket: Docket, ledger: MemoryLedger) -> tuple[object, ...]:
    return (
        docket.homes[0].digest(0),
        docket.homes[1].digest(1),
        sorted(item.encode() for item in ledger.items()),
    )


@pytest.mark.slow
@given(two_logs(), st.lists(st.integers(0, 1), max_size=40), st.lists(st.integers(0, 1), max_size=40))
@settings(max_examples=200)
def test_the_docket_does_not_depend_on_feeding_order(
    logs: tuple[list[Event], list[Event]], first: list[int], second: list[int]
) -> None:
    """Any interleaving of the two logs gives the same items and the same digests."""
    assert _state(*_fold(logs, first)) == _state(*_fold(logs, second))


@given(two_logs(), st.data())
def test_a_home_depends_only_on_what_it_holds(logs: tuple[list[Event], list[Event]], data: st.DataObject) -> None:
    """The digest of a home at a size is that of any longer pair of logs at the same size."""
    size = data.draw(st.integers(0, len(logs[0])))
    needed = logs[0][size - 1].held if size else 0
    # What the other log needs of the home log to go so far is there too, or that part was not needed.
    for event in logs[1][:needed]:
        assert event.held <= size
    short, _ = _fold((logs[0][:size], logs[1][:needed]), ())
    marks = {}
    ledger = MemoryLedger()
    docket = Docket(agreement=make_agreement(), catalogue=SAMPLES, ledger=ledger)
    done = [0, 0]
    while True:
        for voice in (0, 1):
            if done[voice] < len(logs[voice]) and logs[voice][done[voice]].held <= done[1 - voice]:
                docket.add(logs[voice][done[voice]])
                done[voice] += 1
                marks[voice, done[voice]] = docket.homes[voice].digest(voice)
                break
        else:
            break
    if size:
        assert marks[0, size] == short.homes[0].digest(0)


@given(two_logs())
def test_items_survive_their_encoding(logs: tuple[list[Event], list[Event]]) -> None:
    """What a database keeps of an item or an event is the item or the event."""
    _, ledger = _fold(logs, ())
    for item in ledger.items():
        assert Item.parse(item.encode()) == item
    for event in (*logs[0], *logs[1]):
        assert Event.parse(event.encode()) == event


# --- what kinds do --------------------------------------------------------------------------------------------------


def _items(world: World) -> dict[tuple[str, int], Item]:
    _, ledger = world.docket()
    return {(("ARC", "BOR")[item.voice], item.index): item for item in ledger.items()}


def test_rungs_climb_from_sent_to_answered() -> None:
    """A question is sent, held with the first entry that covers it, opened, acknowledged, answered."""
    world = World()
    asked = world.say("ARC", "clarification-request")
    assert _items(world)[asked].rung == "sent"
    world.state("BOR", "arrival")
    world.state("ARC", "arrival")
    assert _items(world)[asked].rung == "held"
    world.say("BOR", "opened", thread=asked, reply=asked)
    world.state("ARC", "arrival")
    assert _items(world)[asked].rung == "opened"
    world.say("BOR", "acknowledge", thread=asked, reply=asked)
    world.state("ARC", "arrival")
    assert _items(world)[asked].rung == "acknowledged"
    world.say("BOR", "clarification-response", thread=asked, reply=asked)
    world.state("ARC", "arrival")
    item = _items(world)[asked]
    assert (item.rung, item.state, item.held) == ("answered", "answered", (2, START_MS + 6_000))


def test_what_has_not_arrived_at_home_has_no_effect_yet() -> None:
    """BOR has answered; until ARC logs that it holds the answer, the question at ARC's home is open."""
    world = World()
    asked = world.say("ARC", "clarification-request")
    world.say("BOR", "clarification-response", thread=asked, reply=asked)
    assert _items(world)[asked].state == "open"


def test_notices_are_updated_corrected_and_retracted() -> None:
    """An update changes the thread's first notice; a retraction is the end of what it names."""
    world = World()
    told = world.say("ARC", "notification")
    update = world.say("ARC", "update", thread=told)
    assert _items(world)[told].state == "updated"
    world.say("ARC", "correction", thread=told, reply=update)
    assert (_items(world)[told].state, _items(world)[update].state) == ("updated", "corrected")
    world.say("ARC", "retraction", thread=told, reply=told)
    world.say("ARC", "update", thread=told)
    assert _items(world)[told].state == "retracted"


def test_two_holding_replies_count_and_a_third_does_not() -> None:
    """The time that the third one takes is not given."""
    world = World()
    asked = world.say("ARC", "clarification-request", precedence="flash")
    for hours in (10, 20, 90):
        at = world.logs["BOR"].last_ms
        world.say("BOR", "holding-reply", thread=asked, reply=asked, respond_by_ms=at + hours * HOUR_MS)
    world.state("ARC", "arrival")
    item = _items(world)[asked]
    assert (item.state, item.holdings) == ("held", 2)
    assert 19 * HOUR_MS < item.extended_ms < 21 * HOUR_MS


def test_a_part_of_an_answer_stops_the_clock_and_a_refusal_is_none() -> None:
    """Partly answered, then fully: the time of the first counts. A declined question is not an open one."""
    world = World()
    asked = world.say("ARC", "clarification-request")
    world.say("BOR", "clarification-response", thread=asked, reply=asked, outcome="partly")
    world.state("ARC", "arrival")
    first = _items(world)[asked]
    world.say("BOR", "clarification-response", thread=asked, reply=asked, outcome="answered")
    other = world.say("ARC", "clarification-request")
    world.say("BOR", "decline", thread=other, reply=other)
    world.state("ARC", "arrival")
    items = _items(world)
    assert (first.state, items[asked].state) == ("partly", "answered")
    assert items[asked].answered == first.answered
    assert items[other].state == "declined"


def test_void_statements_change_nothing() -> None:
    """An unauthorised notification opens no thread, and nothing said in it has a place."""
    world = World()
    told = world.say("ARC", "notification", severity=5)
    world.say("BOR", "acknowledge", thread=told, reply=told)
    world.state("ARC", "arrival")
    assert _items(world) == {}


def test_a_line_check_is_answered_by_acknowledging_it() -> None:
    """Its clock is thirty minutes, whatever its precedence."""
    world = World()
    asked = world.say("ARC", "line-check")
    world.say("BOR", "acknowledge", thread=asked, reply=asked)
    world.state("ARC", "arrival")
    item = _items(world)[asked]
    clocks = {one.name: one for one in Clockwork(world.agreement, world.catalogue).clocks(item)}
    assert item.state == "answered"
    assert clocks["answer"].state == "kept"
    assert item.held is not None
    assert clocks["answer"].due_ms - item.held[1] == 30 * MINUTE_MS


# --- clocks ---------------------------------------------------------------------------------------------------------


def _asked(**changes: object) -> Item:
    values: dict[str, object] = {
        "place": location(0, 5),
        "thread": location(0, 5),
        "kind": "clarification-request",
        "status": "actual",
        "precedence": "flash",
        "logged_at_ms": START_MS,
        "at": 5,
        "state": "open",
        "held": (3, START_MS),
    }
    return Item(**{**values, **changes})  # type: ignore[arg-type]


def _clocks(item: Item) -> dict[str, str]:
    return {one.name: one.state for one in Clockwork(make_agreement(), catalogue()).clocks(item)}


def test_no_clock_runs_before_the_other_node_holds_the_statement() -> None:
    """What has not arrived cannot be late."""
    assert _clocks(_asked(held=None)) == {}
    assert _clocks(_asked()) == {"open": "running", "holding": "running", "answer": "running"}


def test_a_constant_clock_error_changes_nothing() -> None:
    """The answering node's clock is a year ahead; its interval and the asker's agree."""
    year = 366 * 24 * HOUR_MS
    item = _asked(
        state="answered",
        held=(3, START_MS + year),
        answered=(4, START_MS + year + HOUR_MS),
        answer_seen_ms=START_MS + HOUR_MS + 1000,
    )
    assert _clocks(item)["answer"] == "kept"


def test_two_intervals_that_disagree_are_disputed() -> None:
    """Three hours by the one node, five by the other, of four allowed."""
    item = _asked(state="answered", answered=(4, START_MS + 3 * HOUR_MS), answer_seen_ms=START_MS + 5 * HOUR_MS)
    assert _clocks(item)["answer"] == "disputed"


def test_respond_by_lengthens_and_never_shortens() -> None:
    """Ten hours instead of four; one hour stays four."""
    clockwork = Clockwork(make_agreement(), catalogue())
    for asked_hours, hours in ((10, 10), (1, 4)):
        item = _asked(respond_by_ms=START_MS + asked_hours * HOUR_MS)
        due = next(one.due_ms for one in clockwork.clocks(item) if one.name == "answer")
        assert due == START_MS + hours * HOUR_MS


def test_holding_replies_take_at_most_one_further_agreed_interval() -> None:
    """Four hours are agreed: a reply that asks for a year gets eight; of a request that allows ten it gets fourteen."""
    clockwork, year_ms = Clockwork(make_agreement(), catalogue()), 366 * 24 * HOUR_MS
    for asked_hours, extended_ms, hours in ((None, 6 * HOUR_MS, 6), (None, year_ms, 8), (10, year_ms, 14), (10, 1, 10)):
        wish = None if asked_hours is None else START_MS + asked_hours * HOUR_MS
        item = _asked(state="held", holdings=2, extended_ms=extended_ms, respond_by_ms=wish)
        due = next(one.due_ms for one in clockwork.clocks(item) if one.name == "answer")
        assert due == START_MS + hours * HOUR_MS
        assert clockwork.unanswered_since(item, due + 1) == due


def test_unanswered_since_says_when_an_answer_was_due() -> None:
    """Nothing before it is due, the due time after it, and nothing once it is declined."""
    clockwork = Clockwork(make_agreement(), catalogue())
    item = _asked()
    assert clockwork.unanswered_since(item, START_MS + HOUR_MS) is None
    assert clockwork.unanswered_since(item, START_MS + 5 * HOUR_MS) == START_MS + 4 * HOUR_MS
    item.state, item.answered = "declined", (4, START_MS + HOUR_MS)
    assert clockwork.unanswered_since(item, START_MS + 5 * HOUR_MS) is None


def test_nothing_is_owed_on_what_was_retracted() -> None:
    """A retracted question needs no answer."""
    assert _clocks(_asked(state="retracted")) == {}
