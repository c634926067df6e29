"""The engine of pages: who is called, when, and that nobody is called twice for one thing."""

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes import paging, paging_state
from nodes.page import Call, Cause, Mute, Page
from nodes.paging import RETRY_MS, Paging
from nodes.paging_rules import EVENTS, STEPS, Event

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_800_000_000_000


@dataclass(frozen=True)
class Pager:
    """A pager as the engine sees it."""

    name: str
    role: str
    events: tuple[Event, ...] = EVENTS
    after_ms: int = 0


DUTY, RELEASE, SENIOR, ADMIN = (Pager(f"{role}-1", role) for role in ("duty", "release", "senior", "admin"))
EVERYBODY = (DUTY, RELEASE, SENIOR, ADMIN)


def statement(number: int = 1, precedence: str = "immediate") -> Cause:
    """A statement of the counterpart that nobody has opened."""
    return Cause(
        key=f"BOR/said/BOR {number}",
        family="statement",
        counterpart="BOR",
        serial=f"BOR {number}",
        kind="notification",
        precedence=precedence,
    )


def clock(due_ms: int, precedence: str = "immediate", number: int = 1) -> Cause:
    """A clock that runs against us."""
    key = f"BOR/answer/BOR {number}/{due_ms}"
    return replace(statement(number, precedence), key=key, family="clock", clock="answer", due_ms=due_ms)


ALARM = Cause(key="BOR/alarm/fork", family="alarm", counterpart="BOR", code="fork")


class Desk:
    """An engine with a clock and a record of who was called."""

    def __init__(self, *pagers: Pager) -> None:
        self.engine = Paging(pagers)
        self.now_ms = START
        self.standing: list[Cause] = []
        self.calls: list[tuple[int, Call]] = []
        self.broken: set[str] = set()

    def pass_by(self, ms: int, *, step_ms: int = 1_000) -> None:
        """Let time pass, looking each second."""
        end = self.now_ms + ms
        while self.now_ms < end:
            self.now_ms = min(end, self.now_ms + step_ms)
            self.look()

    def look(self) -> None:
        """Look once and make the calls."""
        self.engine.heed(self.standing, self.now_ms)
        for call in self.engine.look(self.now_ms):
            self.calls.append((self.now_ms - START, call))
            self.engine.done(call, self.now_ms, "it is broken" if call.pager in self.broken else None)

    def restart(self) -> None:
        """Go on from what was written down."""
        data = paging_state.encode(self.engine)
        self.engine = Paging(self.engine.pagers)
        paging_state.load(self.engine, data)
        assert paging_state.encode(self.engine) == data
        self.engine.cut_short(self.now_ms)

    def page(self, cause: Cause) -> Page:
        """The page of a cause."""
        return self.engine.pages[cause.key]

    def ack(self, cause: Cause) -> None:
        """A person acknowledges."""
        self.engine.acknowledge(self.page(cause).id, "person 1", self.now_ms)

    def made(self, event: str = "") -> list[tuple[int, str]]:
        """When who was called, in seconds from the start."""
        return [
            (at // 1000, call.pager)
            for at, call in self.calls
            if not event or any(item.event == event for item in call.items)
        ]


def test_a_statement_calls_the_duty_officer_at_receipt() -> None:
    """Once, however long it lies there."""
    desk = Desk(*EVERYBODY)
    desk.standing = [statement()]
    desk.pass_by(10 * MINUTE)
    assert desk.made() == [(1, "duty-1")]


def test_a_flash_calls_one_after_the_other_until_it_is_opened() -> None:
    """Duty, after two minutes release, after five the senior official, and the duty officer again."""
    desk = Desk(*EVERYBODY)
    desk.standing = [statement(precedence="flash")]
    desk.pass_by(5 * MINUTE + 5_000)
    assert desk.made() == [(1, "duty-1"), (121, "release-1"), (301, "duty-1"), (301, "senior-1")]
    desk.standing = []
    desk.pass_by(HOUR)
    assert len(desk.calls) == 4


def test_acknowledging_a_statement_ends_its_calls() -> None:
    """A person has taken note, and whoever would come next sleeps on."""
    desk = Desk(*EVERYBODY)
    desk.standing = [statement(precedence="flash")]
    desk.pass_by(MINUTE)
    assert desk.engine.sounding(desk.now_ms)
    desk.ack(statement(precedence="flash"))
    assert not desk.engine.sounding(desk.now_ms)
    desk.pass_by(HOUR)
    assert desk.made() == [(1, "duty-1")]


def test_pagers_of_a_role_are_called_in_their_order() -> None:
    """The second of them after its time, unless somebody acknowledged by then."""
    late = replace(DUTY, name="duty-2", after_ms=MINUTE)
    for acked in (False, True):
        desk = Desk(DUTY, late)
        desk.standing = [statement()]
        desk.pass_by(30_000)
        if acked:
            desk.ack(statement())
        desk.pass_by(2 * MINUTE)
        assert desk.made() == [(1, "duty-1")] + ([] if acked else [(61, "duty-2")])


def test_a_clock_reminds_at_its_share_and_calls_when_it_is_over() -> None:
    """At half of it duty and release, at its end duty, five minutes later the senior official; then again and again."""
    desk = Desk(*EVERYBODY)
    desk.standing = [clock(START + HOUR)]
    desk.pass_by(HOUR + 21 * MINUTE)
    assert [(at // 60, who) for at, who in desk.made("due-soon")] == [(30, "duty-1"), (30, "release-1")]
    overdue = [(at // 60, who) for at, who in desk.made("overdue")]
    assert overdue == [(60, "duty-1"), (65, "senior-1"), (70, "duty-1"), (80, "duty-1")]


def test_an_acknowledged_clock_calls_again_when_it_is_over() -> None:
    """What was taken note of is that it runs out; that it did is another matter, and so is that it still does."""
    desk = Desk(*EVERYBODY)
    cause = clock(START + HOUR)
    desk.standing = [cause]
    desk.pass_by(45 * MINUTE)
    desk.ack(cause)
    desk.pass_by(16 * MINUTE)
    assert [who for _, who in desk.made("overdue")] == ["duty-1"]
    desk.ack(cause)
    desk.pass_by(59 * MINUTE)
    assert len(desk.made("overdue")) == 1
    desk.pass_by(2 * MINUTE)
    assert len(desk.made("overdue")) == 2


def test_a_role_without_a_pager_leaves_it_to_the_next() -> None:
    """Somebody is reached where anybody can be."""
    desk = Desk(ADMIN)
    desk.standing = [clock(START + HOUR)]
    desk.pass_by(61 * MINUTE)
    assert {who for _, who in desk.made("overdue")} == {"admin-1"}


def test_a_pager_takes_only_its_events() -> None:
    """A role whose pager takes no alarms cannot be reached for them."""
    flashes = replace(DUTY, events=("flash",))
    desk = Desk(flashes, RELEASE)
    desk.standing = [statement(1, "flash"), statement(2, "priority")]
    desk.pass_by(2_000)
    assert {(call.pager, item.cause.serial) for _, call in desk.calls for item in call.items} == {
        ("duty-1", "BOR 1"),
        ("release-1", "BOR 2"),
    }


def test_a_failed_pager_is_followed_by_the_next_at_once() -> None:
    """And is tried again after a while, until it was reached or given up."""
    desk = Desk(*EVERYBODY)
    desk.broken = {"duty-1"}
    desk.standing = [statement()]
    desk.pass_by(3_000)
    assert [who for _, who in desk.made()] == ["duty-1", "release-1"]
    desk.pass_by(HOUR)
    assert [who for _, who in desk.made()].count("duty-1") == 1 + len(RETRY_MS)
    assert {one.state for one in desk.page(statement()).called.values()} == {"given-up", "done"}


def test_a_pager_that_works_again_is_not_called_more_than_it_takes() -> None:
    """One retry that arrives is the last."""
    desk = Desk(DUTY)
    desk.broken = {"duty-1"}
    desk.standing = [statement()]
    desk.pass_by(2_000)
    desk.broken = set()
    desk.pass_by(HOUR)
    assert len(desk.calls) == 2


def test_one_role_always_stays_that_flashes_reach() -> None:
    """A pager that takes no flashes is none of them; a mute that is over, or lets flashes through, takes none away."""
    quiet = Pager("admin-1", "admin", events=("alarm",))
    engine = Desk(DUTY, RELEASE, quiet).engine
    assert not any(engine.silences_flashes(role, START) for role in ("duty", "release", "admin", "legal"))
    engine.mute(Mute(role="release", until_ms=START + HOUR, even_flash=False, by="person 1", entry=7))
    assert not engine.silences_flashes("duty", START)
    engine.mute(Mute(role="release", until_ms=START + HOUR, even_flash=True, by="person 1", entry=8))
    assert engine.silences_flashes("duty", START)
    assert not engine.silences_flashes("release", START)
    assert not engine.silences_flashes("admin", START)
    assert not engine.silences_flashes("duty", START + HOUR)


def test_a_muted_role_is_not_called_and_the_next_is() -> None:
    """A mute ends by itself; a flash comes through unless it was muted too."""
    desk = Desk(*EVERYBODY)
    desk.engine.mute(Mute(role="duty", until_ms=START + HOUR, even_flash=False, by="person 1", entry=7))
    desk.standing = [statement(1)]
    desk.pass_by(5_000)
    assert desk.made() == [(1, "release-1")]
    desk.standing = [statement(2, "flash")]
    desk.pass_by(15_000)
    assert desk.made()[-1][1] == "duty-1"
    desk.engine.mute(Mute(role="duty", until_ms=START + HOUR, even_flash=True, by="person 1", entry=7))
    desk.standing = [statement(3, "flash")]
    desk.pass_by(30_000)
    assert desk.made()[-1][1] == "release-1"
    desk.standing = []
    desk.pass_by(HOUR)
    assert not desk.engine.mutes
    desk.standing = [statement(4)]
    desk.pass_by(15_000)
    assert desk.made()[-1][1] == "duty-1"


def test_when_everybody_is_muted_the_call_waits_for_the_end() -> None:
    """Nothing is lost: what still stands is called for then."""
    desk = Desk(DUTY)
    desk.engine.mute(Mute(role="duty", until_ms=START + HOUR, even_flash=False, by="person 1", entry=7))
    desk.standing = [statement()]
    desk.pass_by(59 * MINUTE)
    assert desk.made() == []
    desk.pass_by(2 * MINUTE)
    assert len(desk.calls) == 1


def test_a_flood_is_one_call_with_a_number() -> None:
    """Six hundred statements in ten minutes wake the duty officer, and not six hundred times."""
    desk = Desk(DUTY)
    for number in range(0, 600, 6):
        desk.standing += [statement(one, "routine") for one in range(number, number + 6)]
        desk.pass_by(6_000, step_ms=6_000)
    assert len(desk.calls) <= 8
    desk.pass_by(20 * MINUTE, step_ms=MINUTE)
    assert sum(call.count for _, call in desk.calls) == 600


def test_where_there_is_no_room_the_more_urgent_still_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """That there was none is remembered for what is as urgent or less, and until something changes."""
    monkeypatch.setattr(paging, "PAGES_MAX", 3)
    engine = Paging((DUTY,))
    routine = [statement(number, "routine") for number in range(6)]
    urgent = [statement(number, "immediate") for number in range(10, 13)]

    def followed(*standing: Cause) -> set[str]:
        engine.heed(standing, START)
        return {page.cause.serial for page in engine.pages.values()}

    assert followed(*routine) == {"BOR 0", "BOR 1", "BOR 2"}
    assert followed(*routine, urgent[0]) == {"BOR 0", "BOR 1", "BOR 10"}
    assert followed(*routine, *urgent) == {"BOR 10", "BOR 11", "BOR 12"}
    assert followed(*routine, *urgent) == {"BOR 10", "BOR 11", "BOR 12"}
    assert followed(*routine, *urgent[1:]) == {"BOR 0", "BOR 11", "BOR 12"}
    assert "BOR 20" in followed(*routine, *urgent, statement(20, "flash"))


def test_a_flood_does_not_hold_back_a_flash() -> None:
    """Flashes have a count of their own."""
    desk = Desk(DUTY)
    for number in range(300):
        desk.standing.append(statement(number, "routine"))
        desk.pass_by(1_000)
    desk.standing.append(statement(1_000, "flash"))
    desk.pass_by(2_000)
    last = desk.calls[-1][1]
    assert (last.items[0].event, last.items[0].cause.serial) == ("flash", "BOR 1000")


def test_a_restart_calls_nobody_again_and_forgets_nobody() -> None:
    """What was done stays done; what was to come, comes."""
    desk = Desk(*EVERYBODY)
    desk.standing = [statement(precedence="flash")]
    desk.pass_by(MINUTE)
    desk.restart()
    desk.pass_by(MINUTE + 5_000)
    assert desk.made() == [(1, "duty-1"), (121, "release-1")]


def test_a_call_cut_short_is_made_again_under_its_name() -> None:
    """Nobody knows whether it arrived; whoever gets it twice sees that it is one."""
    desk = Desk(DUTY)
    desk.engine.heed([statement()], START)
    (first,) = desk.engine.look(START)
    desk.restart()
    desk.standing = [statement()]
    desk.pass_by(1_000)
    ((_, second),) = desk.calls
    assert first.id == second.id


def test_missed_turns_are_one_call() -> None:
    """A node that was down for a day does not make up for each turn of that day."""
    desk = Desk(DUTY)
    desk.standing = [clock(START + MINUTE)]
    desk.pass_by(MINUTE)
    before = len(desk.calls)
    desk.pass_by(24 * HOUR, step_ms=24 * HOUR)
    assert len(desk.calls) == before + 1


def test_a_later_pager_is_called_although_the_first_comes_again_before() -> None:
    """A step that comes again each five minutes does not start over for a pager that comes after ten."""
    late = replace(DUTY, name="duty-2", after_ms=10 * MINUTE)
    desk = Desk(DUTY, late)
    desk.standing = [statement(precedence="flash")]
    desk.pass_by(11 * MINUTE)
    assert "duty-2" in {who for _, who in desk.made()}


def test_a_later_pager_is_called_once_although_the_first_is_a_turn_ahead() -> None:
    """Whoever is called half a minute later is still in the turn before when the first is called for the next."""
    late = replace(DUTY, name="duty-2", after_ms=30_000)
    desk = Desk(DUTY, late)
    desk.engine.happened(ALARM, START)
    desk.pass_by(5 * HOUR, step_ms=10_000)
    calls = [item.call for _, call in desk.calls for item in call.items if call.pager == "duty-2"]
    assert len(calls) == len(set(calls)) > 1


def test_an_alarm_stands_until_it_is_acknowledged_and_counts() -> None:
    """That it was raised is over at once; that nobody knows of it is not. Raised again later it is another page."""
    desk = Desk(*EVERYBODY)
    desk.engine.happened(ALARM, START)
    desk.engine.happened(ALARM, START)
    desk.pass_by(6 * MINUTE)
    assert desk.page(ALARM).cause.count == 2
    assert [who for _, who in desk.made()] == ["admin-1", "duty-1"]
    first = desk.page(ALARM).id
    desk.ack(ALARM)
    desk.pass_by(6 * HOUR)
    assert len(desk.calls) == 2
    desk.engine.happened(ALARM, desk.now_ms)
    assert desk.page(ALARM).id != first


def test_a_clock_that_goes_back_keeps_nobody_waiting() -> None:
    """What began under a clock that was ahead begins now; what failed then is tried again; a mute of then ends."""
    desk = Desk(DUTY, SENIOR)
    desk.broken = {"duty-1", "senior-1"}
    desk.standing = [statement(1)]
    desk.pass_by(1_000)
    desk.engine.mute(Mute(role="senior", until_ms=START + HOUR, even_flash=False, by="person 1", entry=7))
    desk.broken = set()
    desk.now_ms -= 365 * 24 * HOUR
    desk.standing.append(statement(2))
    desk.pass_by(30_000)
    assert not desk.engine.mutes
    for cause in desk.standing:
        assert "done" in {one.state for one in desk.page(cause).called.values()}


def test_lines_that_were_not_looked_at_keep_their_pages() -> None:
    """What cannot be read now has not ended."""
    desk = Desk(DUTY)
    desk.engine.heed([statement()], START)
    desk.engine.heed([], START, lines=frozenset({"CAR"}))
    assert statement().key in desk.engine.pages
    desk.engine.heed([], START, lines=frozenset({"BOR"}))
    assert not desk.engine.pages


def test_every_family_reaches_somebody_at_every_precedence() -> None:
    """The table has no hole: with any one pager that takes everything, each cause calls it."""
    for family, steps in STEPS.items():
        assert steps
        for precedence in ("flash", "immediate", "priority", "routine"):
            for pager in EVERYBODY:
                due_ms = START + HOUR if family == "clock" else None
                desk = Desk(pager)
                desk.standing = [replace(statement(precedence=precedence), family=family, due_ms=due_ms, role="legal")]
                desk.pass_by(2 * HOUR, step_ms=MINUTE)
                assert desk.calls, (family, precedence, pager)


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, 5), st.sampled_from(["flash", "immediate", "routine"])),
        st.tuples(st.just("owe"), st.integers(0, 5), st.sampled_from(["flash", "immediate", "routine"])),
        st.tuples(st.just("settle"), st.integers(0, 5), st.just("")),
        st.tuples(st.just("ack"), st.integers(0, 5), st.just("")),
        st.tuples(st.just("break"), st.integers(0, 2), st.just("")),
        st.tuples(st.just("mend"), st.integers(0, 2), st.just("")),
        st.tuples(st.just("mute"), st.integers(0, 2), st.just("")),
        st.tuples(st.just("restart"), st.just(0), st.just("")),
        st.tuples(st.just("wait"), st.integers(1, 40), st.just("")),
    ),
    max_size=30,
)


@settings(max_examples=50, deadline=None)
@given(ACTS)
def test_whatever_happens_the_overdue_reach_somebody_and_nobody_twice(acts: list[tuple[str, int, str]]) -> None:
    """Pagers break, roles are muted, the node ends and starts: in the end each overdue clock called somebody, no call
    that arrived was made again, and no mute is left."""
    pagers = (DUTY, RELEASE, SENIOR)
    desk = Desk(*pagers)
    arrived: set[tuple[str, str, str]] = set()
    checked = 0

    def check() -> None:
        nonlocal checked
        for _, call in desk.calls[checked:]:
            if call.pager not in desk.broken:
                for item in call.items:
                    assert (item.page, item.call, call.pager) not in arrived
                    arrived.add((item.page, item.call, call.pager))
        checked = len(desk.calls)

    for act, number, precedence in acts:
        match act:
            case "say":
                desk.standing = [*desk.standing, statement(number, precedence)]
            case "owe":
                desk.standing = [*desk.standing, clock(desk.now_ms + 10 * MINUTE, precedence, number)]
            case "settle":
                desk.standing = [one for one in desk.standing if one.serial != f"BOR {number}"]
            case "ack":
                for cause in desk.standing[:number]:
                    if cause.key in desk.engine.pages:
                        desk.engine.acknowledge(desk.page(cause).id, "person 1", desk.now_ms)
            case "break":
                desk.broken.add(pagers[number].name)
            case "mend":
                desk.broken.discard(pagers[number].name)
            case "mute":
                until_ms = desk.now_ms + 30 * MINUTE
                desk.engine.mute(Mute(role=pagers[number].role, until_ms=until_ms, even_flash=False, by="", entry=7))
            case "restart":
                desk.restart()
            case "wait":
                desk.pass_by(number * MINUTE, step_ms=20_000)
                check()
        # One statement has one precedence.
        desk.standing = list({one.key: one for one in desk.standing}.values())
    desk.broken = set()
    desk.pass_by(30 * HOUR, step_ms=5 * MINUTE)
    check()
    assert not desk.engine.mutes
    reached = {item.cause.key for _, call in desk.calls for item in call.items if item.event == "overdue"}
    assert {one.key for one in desk.standing if one.family == "clock"} <= reached


def test_much_is_looked_at_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two pieces the line has its turn: no piece has more pages, or items of a call, than a piece has. What is
    called is the same."""
    desk, other = Desk(*EVERYBODY), Desk(*EVERYBODY)
    for one in (desk, other):
        one.engine.heed([statement(number) for number in range(5 * paging.PIECE)], START)
    made: list[str] = []
    kept = paging._kept

    def counted(page: Page, planned: object) -> object:
        made.append(page.id)
        return kept(page, planned)  # type: ignore[arg-type]

    monkeypatch.setattr(paging, "_kept", counted)
    pieces, calls = [0], []
    for call in desk.engine.looking(START):
        calls += [] if call is None else [call]
        pieces.append(len(made))
    assert max(after - before for before, after in pairwise(pieces)) <= paging.PIECE
    assert len(pieces) > 2 * 5
    assert calls == other.engine.look(START)
    assert paging_state.encode(desk.engine) == paging_state.encode(other.engine)


def test_what_is_acknowledged_between_two_pieces_calls_nobody() -> None:
    """A person was quicker than the rest of the look."""
    desk = Desk(DUTY)
    causes = [statement(number) for number in range(2 * paging.PIECE)]
    desk.engine.heed(causes, START)
    looking = desk.engine.looking(START)
    assert next(looking) is None
    for cause in causes[1:]:
        desk.ack(cause)
    (call,) = [one for one in looking if one is not None]
    assert [item.cause for item in call.items] == causes[:1]
