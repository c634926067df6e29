"""Moves: each outcome of the four procedures, and what is in force from when until when."""

import pytest

from nodes.resources import catalogue
from protocol.agreement_conduct import KindClock
from protocol.agreement_terms import DEFAULT_CLOCKS
from protocol.catalogue_table import CatalogueRefused
from protocol.clocks import Clockwork
from protocol.docket_item import Item
from protocol.governance import Reign
from protocol.kinds import Catalogue
from protocol.pauses import NO_PAUSES, Pauses, pauses_of
from protocol.procedures import read_procedures
from protocol.standing import absence, in_force, state_at
from protocol.statement import PRECEDENCES
from tests.builders import make_agreement
from tests.protocol.catalogue_samples import catalogue_files
from tests.protocol.procedure_samples import DAY_MS, HOUR_MS, KINDS, PACT, SAMPLES, Told

# --- proposals ------------------------------------------------------------------------------------------------------


def test_a_proposal_is_in_force_where_its_acceptance_arrives_at_home() -> None:
    """By the home node's clock, two hours after the acceptance was logged."""
    told = Told()
    pact = told.say(0, PACT)
    told.say(1, "pact-accept", pact, outcome="accepted")
    told.wait(2)
    told.tick(0)
    item = told.item(pact)
    assert item.state == "in-force"
    assert item.course is not None
    assert item.course.from_ms == told.at_ms
    assert not in_force(item, told.at_ms - 1)
    assert in_force(item, told.at_ms)
    assert state_at(item, told.at_ms - 1) == "accepted"


def test_a_withdrawal_before_the_acceptance_has_its_place_wins() -> None:
    """The proposer withdraws before it holds the acceptance, which was logged an hour earlier."""
    told = Told()
    pact = told.say(0, PACT)
    told.say(1, "pact-accept", pact, outcome="accepted")
    told.wait(1)
    told.say(0, "pact-withdraw", pact, late=True)
    item = told.item(pact)
    assert item.state == "withdrawn"
    assert not in_force(item, told.at_ms + HOUR_MS)


def test_a_withdrawal_after_the_acceptance_is_an_ending() -> None:
    """What was agreed was in force until then."""
    told = Told()
    pact = told.say(0, PACT)
    told.say(1, "pact-accept", pact, outcome="accepted")
    told.tick(0)
    told.wait(1)
    told.say(0, "pact-withdraw", pact)
    item = told.item(pact)
    assert item.state == "ended"
    assert in_force(item, told.at_ms - 1)
    assert not in_force(item, told.at_ms)


@pytest.mark.parametrize(
    ("kind", "outcome", "state", "agreed"),
    [
        ("pact-accept", "partly", "partly", True),
        ("pact-accept", "accepted", "in-force", True),
        ("pact-object", None, "objected", False),
        ("pact-hold", None, "held", False),
    ],
)
def test_what_the_other_party_makes_of_a_proposal(kind: str, outcome: str | None, state: str, agreed: bool) -> None:
    """Accepted whole or in part it is in force; objected to or held it is not."""
    told = Told()
    pact = told.say(0, PACT)
    told.say(1, kind, pact, outcome=outcome)
    item = told.item(pact)
    assert item.state == state
    assert in_force(item, told.at_ms) == agreed
    assert (item.answered is not None) == (state != "held")


def test_nobody_accepts_their_own_proposal() -> None:
    """Signatures of both parties: the one proposes and the other accepts."""
    told = Told()
    pact = told.say(0, PACT)
    told.say(0, "pact-accept", pact, outcome="accepted")
    assert told.item(pact).state == "proposed"


def test_an_accepted_plan_waits_for_its_start() -> None:
    """Where a kind puts it in force, the acceptance does not."""
    told = Told()
    plan = told.say(0, "plan-propose")
    told.say(1, "plan-accept", plan)
    told.tick(0)
    assert told.item(plan).state == "accepted"
    told.wait(3)
    told.say(1, "plan-start", plan)
    item = told.item(plan)
    assert item.state == "in-force"
    assert in_force(item, told.at_ms)
    assert not in_force(item, told.at_ms - HOUR_MS)


def test_a_missed_review_lapses_and_cannot_be_made_good() -> None:
    """A review within a day counts and the next is due a day later; one that comes after that changes nothing."""
    told = Told()
    pact = told.say(0, PACT)
    told.say(1, "pact-accept", pact, outcome="accepted")
    told.tick(0)
    told.wait(23)
    told.say(1, "pact-review", pact)
    reviewed_ms = told.at_ms
    told.wait(30)
    told.say(0, "pact-review", pact)
    item = told.item(pact)
    assert item.course is not None
    assert (item.course.reviews, item.course.review_by_ms) == (1, reviewed_ms + DAY_MS)
    assert in_force(item, reviewed_ms + DAY_MS - 1)
    assert state_at(item, reviewed_ms + DAY_MS) == "lapsed"
    told.say(0, "pact-resume", pact)
    told.say(0, "pact-end", pact)
    assert state_at(told.item(pact), told.at_ms) == "lapsed"


def test_an_extension_counts_where_it_is_accepted() -> None:
    """Proposed it changes nothing; accepted it moves the end."""
    told = Told()
    pact = told.say(0, PACT, valid_until_ms=told.at_ms + 10 * HOUR_MS)
    told.say(1, "pact-accept", pact, outcome="accepted")
    told.tick(0)
    longer = told.say(1, "pact-extend", pact, valid_until_ms=told.at_ms + 20 * HOUR_MS)
    item = told.item(pact)
    assert item.course is not None
    assert item.course.until_ms == told.at_ms + 10 * HOUR_MS
    told.say(0, "pact-accept", longer, outcome="accepted")
    item = told.item(pact)
    assert item.course is not None
    assert item.course.until_ms == told.at_ms + 20 * HOUR_MS
    assert told.item(longer).state == "accepted"


def test_an_offer_lapses_unanswered_and_is_not_taken_up_later() -> None:
    """Its own end comes before any acceptance."""
    told = Told()
    pact = told.say(0, PACT, valid_until_ms=told.at_ms + HOUR_MS)
    told.wait(2)
    told.say(1, "pact-accept", pact, outcome="accepted")
    item = told.item(pact)
    assert (item.state, state_at(item, told.at_ms)) == ("proposed", "lapsed")


def test_suspended_and_resumed_phased_and_ended_after_notice() -> None:
    """Either party moves what is in force; an ending takes effect when its notice is over."""
    told = Told()
    pact = told.say(0, PACT)
    told.say(1, "pact-accept", pact, outcome="accepted")
    told.tick(0)
    told.say(1, "pact-phase", pact, phase=2)
    told.say(1, "pact-suspend", pact)
    item = told.item(pact)
    assert (item.state, in_force(item, told.at_ms)) == ("suspended", False)
    told.say(0, "pact-resume", pact)
    item = told.item(pact)
    assert (item.state, in_force(item, told.at_ms)) == ("in-force", True)
    assert item.course is not None
    assert item.course.phase == 2
    told.say(0, "pact-end", pact)
    item = told.item(pact)
    assert item.state == "ended"
    assert in_force(item, told.at_ms + 2 * HOUR_MS - 1)
    assert not in_force(item, told.at_ms + 2 * HOUR_MS)


# --- declarations ---------------------------------------------------------------------------------------------------


def test_a_declaration_is_in_force_after_its_notice_and_until_it_lapses() -> None:
    """An hour of notice, then ten days."""
    told = Told()
    vow = told.say(0, "vow-declare")
    item = told.item(vow)
    assert item.state == "declared"
    starts = told.at_ms + HOUR_MS
    assert [in_force(item, at) for at in (starts - 1, starts, starts + 10 * DAY_MS - 1)] == [False, True, True]
    assert state_at(item, starts + 10 * DAY_MS) == "lapsed"


def test_a_declaration_is_understood_renewed_and_withdrawn() -> None:
    """The other party understands, the own one renews and withdraws; a renewal begins its time anew."""
    told = Told()
    vow = told.say(0, "vow-declare")
    told.say(1, "vow-understand", vow)
    told.tick(0)
    assert told.item(vow).state == "understood"
    told.wait(48)
    told.say(0, "vow-renew", vow)
    item = told.item(vow)
    assert item.course is not None
    assert (item.state, item.course.until_ms) == ("renewed", told.at_ms + 10 * DAY_MS)
    told.say(1, "vow-withdraw", vow)
    assert told.item(vow).state == "renewed"
    told.say(0, "vow-withdraw", vow)
    item = told.item(vow)
    assert (item.state, in_force(item, told.at_ms)) == ("withdrawn", False)


def test_a_forced_declaration_keeps_no_notice_and_a_start_is_never_sooner() -> None:
    """`forced` waives the notice; `starts_ms` only puts it off."""
    told = Told()
    vow = told.say(0, "vow-declare", forced=True)
    later = told.say(0, "vow-declare", starts_ms=told.at_ms + 5 * HOUR_MS)
    sooner = told.say(0, "vow-declare", starts_ms=told.at_ms)
    begun = [item.course.from_ms for item in map(told.item, (vow, later, sooner)) if item.course is not None]
    assert begun == [told.at_ms, told.at_ms + 5 * HOUR_MS, told.at_ms + HOUR_MS]


# --- notices --------------------------------------------------------------------------------------------------------


def test_a_notice_lapses_and_never_lasts_longer_than_its_kind() -> None:
    """A day without an end of its own; two days whatever end it states."""
    told = Told()
    short, long = told.say(0, "flag"), told.say(0, "flag", valid_until_ms=told.at_ms + 30 * DAY_MS)
    items = told.item(short), told.item(long)
    assert [state_at(one, told.at_ms + DAY_MS) for one in items] == ["lapsed", "made"]
    assert state_at(items[1], told.at_ms + 2 * DAY_MS) == "lapsed"


def test_what_is_retracted_is_in_force_no_more() -> None:
    """Also where it would have lasted."""
    told = Told()
    flag = told.say(0, "flag")
    told.say(0, "take-back", flag)
    item = told.item(flag)
    assert (item.state, in_force(item, told.at_ms)) == ("retracted", False)


def test_report_follow_and_update_clocks() -> None:
    """Logged two hours after awareness where one is allowed; a severe matter is updated daily until its report."""
    told = Told()
    claim = told.say(0, "claim", aware_at_ms=told.at_ms - 2 * HOUR_MS, severity=4)
    clocks = {one.name: one for one in told.clockwork.clocks(told.item(claim))}
    assert clocks["report"].state == "missed"
    assert clocks["follow"].due_ms == told.at_ms + 10 * DAY_MS
    assert clocks["update"].due_ms == told.at_ms + DAY_MS
    told.wait(30)
    told.say(0, "claim-update", claim)
    item = told.item(claim)
    assert item.course is not None
    assert (item.course.updates_missed, item.course.update_by_ms) == (1, told.at_ms + DAY_MS)
    told.say(0, "claim-report", claim)
    clocks = {one.name: one for one in told.clockwork.clocks(told.item(claim))}
    assert "update" not in clocks
    assert (clocks["follow"].state, clocks["follow"].done_ms) == ("kept", told.at_ms)


@pytest.mark.parametrize(("voice", "said"), [(0, "update"), (1, "clarification-request"), (1, "update")])
def test_what_was_owed_is_not_there_because_something_else_was_taken_back(voice: int, said: str) -> None:
    """A retraction of another statement in the thread is no final report, whoever said and retracted it; nor is a
    report by the other side. A retraction of the notification is."""
    told = Told()
    notice = told.say(0, "notification", severity=4, aware_at_ms=told.at_ms)
    beside = told.say(voice, said, notice)
    told.say(voice, "retraction", beside)
    told.say(1, "final-report", beside)
    course = told.item(notice).course
    assert course is not None
    assert (course.followed, course.update_by_ms is None) == (None, False)
    told.say(0, "retraction", notice)
    course = told.item(notice).course
    assert course is not None
    assert course.followed is not None


# --- suspensions, and why there is no answer ------------------------------------------------------------------------


def test_no_clock_runs_while_a_suspension_is_in_force() -> None:
    """A day of suspension moves what is due by a day, for either party; a flash and what always passes go on."""
    told = Told()
    query, flash = told.say(0, "query"), told.say(0, "query", precedence="flash")
    told.wait(1)
    pause = told.say(1, "pause-line")
    told.tick(0)
    begun = told.at_ms
    item, urgent, stopped = told.item(query), told.item(flash), told.item(pause)
    before = {one.name: one for one in told.clockwork.clocks(item)}["answer"]
    pauses = pauses_of([stopped], "actual", begun + 5 * HOUR_MS)
    now = {one.name: one for one in told.clockwork.clocks(item, pauses)}["answer"]
    assert now.paused
    assert now.due_ms == before.due_ms + 5 * HOUR_MS
    assert not any(one.paused for one in told.clockwork.clocks(urgent, pauses))
    assert pauses_of([stopped], "exercise", begun + HOUR_MS).spans == ()
    told.wait(24)
    told.say(1, "resume-line", pause)
    ended = told.item(pause)
    after = pauses_of([ended], "actual", told.at_ms + 50 * HOUR_MS)
    late = {one.name: one for one in told.clockwork.clocks(told.item(query), after)}["answer"]
    assert not late.paused
    assert late.due_ms == before.due_ms + DAY_MS


def test_five_reasons_for_no_answer_are_five_words() -> None:
    """Declared suspension, fault, refusal, holding reply and silence, and none of them where an answer came."""
    told = Told()
    query = told.say(0, "query")
    told.tick(1)
    told.tick(0)
    item, now = told.item(query), told.at_ms
    late = now + 100 * DAY_MS

    def why(at_ms: int, pauses: Pauses = NO_PAUSES, *, held: bool = True, down: int | None = None) -> str | None:
        return absence(item, told.clockwork, at_ms, pauses=pauses, held=held, down_since_ms=down)

    assert why(now) is None
    assert why(now, Pauses(((now, now + 1),), now=True)) == "suspended"
    assert why(late) == "silence"
    assert why(late, down=now) == why(now, held=False, down=now) == "fault"
    told.say(1, "wait", query, respond_by_ms=now + 200 * DAY_MS)
    item = told.item(query)
    kind = told.catalogue.kind("query")
    assert kind is not None
    limit = told.clockwork.limits(kind, "routine").answer_ms
    assert (why(now), why(now + limit), why(late)) == ("holding", "holding", "silence")
    told.say(1, "refuse", query)
    item = told.item(query)
    assert why(late) == "declined"
    told.say(1, "reply", query, outcome="answered")
    item = told.item(query)
    assert why(late) is None


def test_a_fault_undoes_no_silence_that_began_before_it() -> None:
    """What was due before the last sign of the other node stays silence; due at it, or later, it is a fault."""
    told = Told()
    query = told.say(0, "query")
    told.tick(1)
    told.tick(0)
    item = told.item(query)
    due_ms = {one.name: one for one in told.clockwork.clocks(item)}["answer"].due_ms

    def why(at_ms: int, down_ms: int) -> str | None:
        return absence(item, told.clockwork, at_ms, held=True, down_since_ms=down_ms)

    assert [why(due_ms + DAY_MS, due_ms + after) for after in (-1, 0, 1)] == ["fault", "fault", "silence"]
    assert why(due_ms, due_ms + 1) is None


def test_what_is_said_more_urgently_is_not_owed_later_than_that() -> None:
    """A question has two days by the agreement's clock of its kind; said as a flash, the flash's own time."""
    days = KindClock("clarification-request", "answer", 2 * DAY_MS, "the parties")
    agreement = make_agreement(format=2, kind_clocks=(days,))
    kind = catalogue().kind("clarification-request")
    assert kind is not None
    found = {one: Clockwork(agreement, catalogue()).limits(kind, one).answer_ms for one in PRECEDENCES}
    flash = agreement.clocks["flash"].answer_within_ms
    assert flash < 2 * DAY_MS
    assert found == {"flash": flash, kind.precedence: 2 * DAY_MS, "priority": 2 * DAY_MS, "routine": 2 * DAY_MS}


def test_an_earlier_respond_by_is_a_wish() -> None:
    """It shows, and nobody owes it."""
    told = Told()
    query = told.say(0, "query", respond_by_ms=told.at_ms + HOUR_MS)
    answer = {one.name: one for one in told.clockwork.clocks(told.item(query))}["answer"]
    assert answer.wish_ms == told.at_ms + HOUR_MS
    assert answer.due_ms > answer.wish_ms


# --- the data -------------------------------------------------------------------------------------------------------


def test_what_answers_follows_from_the_steps() -> None:
    """A kind names no kinds that answer it; they name it."""
    pact, plan = SAMPLES.kind(PACT), SAMPLES.kind("plan-propose")
    assert pact is not None
    assert plan is not None
    assert "pact-accept" in pact.answered_by
    assert "pact-hold" in pact.held_by
    assert "pact-object" in pact.declined_by
    assert (pact.activated_by, plan.activated_by) == ((), ("plan-start",))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (PACT, b'"proposed"', b'"offered"'),
        (PACT, b"review_ms", b"renew_ms"),
        (PACT, b'"measures"', b'"lists"'),
        ("reply", b'"not-known"', b'"objected"'),
        ("claim", b'followed_by = ["claim-report"]', b""),
        ("claim", b'["claim-report"]', b'["no-such-kind"]'),
        ("pact-phase", b'phase = "uint"', b'phase = "code"'),
    ],
)
def test_a_kind_that_the_tables_have_no_place_for_is_refused(name: str, old: bytes, new: bytes) -> None:
    """Another step, clock, register, outcome or follower, and a fact of another type."""
    kinds = {f"kinds/{one}.toml": data for one, data in KINDS.items()}
    kinds[f"kinds/{name}.toml"] = KINDS[name].replace(old, new)
    files = catalogue_files() | kinds
    outcomes = files["vocabularies/outcome.toml"]
    files["vocabularies/outcome.toml"] = outcomes + b"".join(
        b'\n[[terms]]\ncode = "%b"\nlabel = { en = "word" }\n' % code
        for code in (b"accepted", b"objected")
        if b'"%b"' % code not in outcomes
    )
    with pytest.raises(CatalogueRefused):
        Catalogue.load(files)


@pytest.mark.parametrize(
    "row",
    [
        {"procedure": "notice", "step": "made", "by": "own", "from": ["open"]},
        {"procedure": "notice", "step": "made", "by": "nobody", "from": ["made"]},
        {"procedure": "notice", "step": "made", "by": "own", "from": []},
        {"procedure": "notice", "step": "made", "by": "own", "from": ["made"], "to": "open"},
        {"procedure": "notice", "step": "made", "by": "own", "from": ["made"], "colour": "red"},
        {"procedure": "receipt", "step": "made", "by": "own", "from": ["made"]},
    ],
)
def test_a_table_with_states_that_a_procedure_does_not_have_is_refused(row: dict[str, object]) -> None:
    """Half understood tables would give two nodes two dockets."""
    with pytest.raises(CatalogueRefused):
        read_procedures({"move": [row]})


# --- the catalogue that comes with the program ----------------------------------------------------------------------


def test_a_diplomatic_flag_lapses_unless_it_is_followed_up() -> None:
    """A notification in its thread within a day keeps it; without one it lapses, and nothing is owed."""
    told = Told()
    left, kept = told.say(0, "diplomatic-flag"), told.say(0, "diplomatic-flag")
    told.wait(10)
    told.say(0, "notification", kept, severity=2)
    items = told.item(left), told.item(kept)
    assert [state_at(item, told.at_ms + DAY_MS) for item in items] == ["lapsed", "made"]
    assert not any(clock.name == "follow" for clock in told.clockwork.clocks(items[0]))


def test_a_receipt_that_is_no_acknowledgement_acknowledges_nothing() -> None:
    """Translated or told to a principal: shown in the thread, and no rung."""
    told = Told()
    note = told.say(0, "notification")
    told.say(1, "translated", note)
    told.say(1, "principal-informed", note)
    assert told.item(note).acknowledged is None
    told.say(1, "acknowledge", note)
    assert told.item(note).acknowledged is not None


def test_an_imposed_measure_is_in_force_and_may_be_objected_to() -> None:
    """Activated by its author alone; the objection is an answer and ends nothing."""
    told = Told()
    measure = told.say(0, "measure-propose", valid_until_ms=told.at_ms + 30 * DAY_MS)
    told.say(0, "measure-activate", measure)
    told.say(1, "measure-reject", measure)
    item = told.item(measure)
    assert (item.state, in_force(item, told.at_ms)) == ("imposed", True)
    assert item.answered is not None


def test_an_exercise_keeps_its_notice_from_where_its_charter_was_accepted() -> None:
    """Fourteen days after it was agreed, however early it is started; a freeze stops it, a start goes on."""
    told = Told()
    charter = told.say(0, "exercise-charter", status="exercise", valid_until_ms=told.at_ms + 40 * DAY_MS)
    told.say(1, "accept", charter, status="exercise")
    told.tick(0)
    agreed_ms = told.at_ms
    told.wait(48)
    told.say(0, "exercise-start", charter, status="exercise")
    item = told.item(charter)
    assert item.course is not None
    assert item.course.from_ms == agreed_ms + 14 * DAY_MS
    assert state_at(item, told.at_ms) == "accepted"


def test_a_template_is_retired_by_both() -> None:
    """Proposed by one and accepted by the other, its retirement ends what they had registered."""
    told = Told()
    template = told.say(0, "template-register", valid_until_ms=told.at_ms + 300 * DAY_MS)
    told.say(1, "accept", template)
    told.tick(0)
    gone = told.say(1, "template-retire", template)
    assert in_force(told.item(template), told.at_ms)
    told.say(0, "accept", gone)
    item = told.item(template)
    assert (item.state, in_force(item, told.at_ms)) == ("ended", False)


def test_the_clocks_of_a_matter_are_those_of_the_agreement_that_governs_it() -> None:
    """An amendment gives a question of its kind an hour; what was asked before it keeps its time, also once stored."""
    told = Told()
    hour = KindClock("query", "answer", HOUR_MS, "the amendment")
    amended = make_agreement(format=2, kind_clocks=(hour,))
    reigns = [Reign(told.agreement, SAMPLES), Reign(amended, SAMPLES, (5, 5))]
    told.clockwork = Clockwork(told.agreement, SAMPLES, lambda: reigns)
    before, after = told.say(0, "query"), told.say(0, "query", reign=1)
    due = []
    for event in (before, after):
        item = Item.parse(told.item(event).encode())
        assert item.reign == event.reign
        assert item.held is not None
        answer = {one.name: one for one in told.clockwork.clocks(item)}["answer"]
        due.append(answer.due_ms - item.held[1])
    assert due == [DEFAULT_CLOCKS["routine"].answer_within_ms, HOUR_MS]
