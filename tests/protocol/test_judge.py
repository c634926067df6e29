"""Every fault, made by doing what it names to an otherwise good log."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import roster as rosters
from protocol.canonical import encode
from protocol.entry import Entry
from protocol.faults import FAULTS, REFUTING, SHOWN, VOIDING
from protocol.judge import HELD_BEYOND, REFERENCE_BEYOND, Judge
from protocol.signature import Signature
from protocol.statement import EMPTY_LOG, LogState
from protocol.tagged import digest
from tests.builders import NAMES, START_MS, YEAR_MS, Place, World, make_roster

ONE = ((1, "duty"),)
TWO = ((1, "duty"), (2, "release"))


def _first(world: World) -> Place:
    return world.say("ARC", "notification")


def test_the_groups_of_faults_are_apart() -> None:
    """Every fault is in exactly one group."""
    assert len(FAULTS) == len(REFUTING) + len(VOIDING) + len(SHOWN)


def test_a_conversation_has_no_fault() -> None:
    """A notification, a question, a holding reply, an answer, receipts and machine entries are all in order."""
    world = World()
    told = _first(world)
    asked = world.say("BOR", "clarification-request", thread=told, reply=told)
    world.say("ARC", "opened", thread=told, reply=asked)
    world.say("ARC", "holding-reply", thread=told, reply=asked)
    world.say("ARC", "clarification-response", thread=told, reply=asked)
    world.say("BOR", "acknowledge", thread=told, reply=told)
    world.state("ARC", "arrival")
    world.say("ARC", "retraction", thread=told, reply=told)
    verdicts = world.judge()
    assert {verdict.faults for verdict in verdicts.values()} == {()}
    assert all(verdict.effective for verdict in verdicts.values())
    assert verdicts[told].signers == ONE


def test_bytes_that_are_no_entry_are_malformed_and_stop_nothing() -> None:
    """Noise in a log is held under its fault, and what comes behind it is judged."""
    world = World()
    place = world.append("ARC", b"noise")
    after = _first(world)
    assert world.faults(place) == ("malformed",)
    assert world.faults(after) == ()


def test_a_second_spelling_is_a_fault() -> None:
    """The same entry with a longer form of a number has no effect."""
    world = World()
    good = world.logs["ARC"].entries[_first(world)[1]]
    place = world.append("ARC", b"\x95\xcc\x01" + good[2:])
    assert world.faults(place) == ("second-spelling",)


def test_another_version_is_not_understood_and_not_a_refutation() -> None:
    """An entry of a later version is kept and shown."""
    world = World()
    place = world.append("ARC", encode([2, "something new"]))
    verdict = world.judge()[place]
    assert verdict.faults == ("not-understood",)
    assert not verdict.effective
    assert not REFUTING & set(verdict.faults)


def test_an_unknown_kind_is_not_understood() -> None:
    """A kind of a later catalogue has no effect and refutes nothing."""
    world = World()
    assert world.faults(world.say("ARC", "moon-landing")) == ("not-understood",)


def test_another_catalogue_is_not_understood() -> None:
    """A statement written by another catalogue is not read by ours."""
    world = World()
    assert world.faults(world.say("ARC", "notification", catalogue=bytes(32))) == ("not-understood",)


def test_channel_party_and_agreement_must_be_those_of_the_log() -> None:
    """A statement made for another place has no effect in this one."""
    world = World()
    channel = world.say("ARC", "notification", channel=bytes(32))
    statement = replace(world.statement("ARC", "notification"), party="BOR")
    party = world.log("ARC", statement, [world.sign("ARC", statement, "person/1", "duty")])
    agreement = world.say("ARC", "notification", agreement=bytes(32))
    verdicts = world.judge()
    assert verdicts[channel].faults == ("wrong-channel",)
    assert verdicts[party].faults == ("wrong-party",)
    assert verdicts[agreement].faults == ("wrong-agreement",)


@pytest.mark.parametrize(
    "header",
    [
        {"severity": None},
        {"aware_at_ms": None},
        {"outcome": "answered"},
        {"respond_by_ms": START_MS},
        {"commitments": ()},
    ],
    ids=["no severity", "no awareness", "an outcome", "a clock of its own", "no commitments"],
)
def test_a_header_must_fit_its_kind(header: dict[str, Any]) -> None:
    """What a kind requires must be there, and what it does not have must not."""
    world = World()
    assert "unfit-header" in world.faults(world.say("ARC", "notification", **header))


def test_facts_must_be_those_of_the_machine_kind() -> None:
    """A node states only what its kind has."""
    world = World()
    good = world.state("ARC", "fault", {"code": "bad-signature", "party": None, "index": None, "digest": None})
    bad = world.state("ARC", "fault", {"code": "Bad Signature", "party": None, "index": None, "digest": None})
    verdicts = world.judge()
    assert verdicts[good].faults == ()
    assert verdicts[bad].faults == ("unfit-facts",)


def test_a_node_alone_never_speaks_for_a_person() -> None:
    """A person's kind with the node's signature alone is unauthorised."""
    world = World()
    place = world.state("ARC", "goodwill")
    verdict = world.judge()[place]
    assert "unauthorised" in verdict.faults
    assert verdict.missing == ("duty/release/senior",)


def test_a_person_cannot_state_what_nodes_state() -> None:
    """A machine kind needs the node's own signature."""
    world = World()
    statement = world.statement("ARC", "arrival", facts={})
    place = world.log("ARC", statement, [world.sign("ARC", statement, "person/1", "duty")])
    assert world.faults(place) == ("unauthorised",)


@pytest.mark.parametrize(
    ("signers", "missing"),
    [
        (((1, "duty"),), ("release/senior",)),
        (((2, "release"),), ("duty",)),
        (((4, "duty"), (4, "release")), ("release/senior",)),
        (((4, "duty"), (2, "release")), ()),
        (((4, "release"), (1, "duty")), ()),
        (((1, "duty"), (3, "senior")), ()),
    ],
    ids=["duty alone", "release alone", "one person twice", "two persons", "the other way about", "with a senior"],
)
def test_a_grave_notification_needs_two_persons(signers: tuple[tuple[int, str], ...], missing: tuple[str, ...]) -> None:
    """Two slots need two distinct persons, whatever roles they hold."""
    world = World()
    place = world.say("ARC", "notification", signers=signers, severity=4)
    verdict = world.judge()[place]
    assert verdict.missing == missing
    assert verdict.faults == (("unauthorised",) if missing else ())


def test_a_role_that_the_roster_does_not_give_does_not_count() -> None:
    """Person 1 is no senior, whatever they sign as."""
    world = World()
    assert world.faults(world.say("ARC", "notification", signers=((1, "senior"),))) == ("unauthorised",)


def test_a_signer_whom_the_roster_does_not_have_is_a_fault_beside_good_ones() -> None:
    """Every signature in an entry must be of somebody."""
    world = World()
    statement = world.statement("ARC", "notification")
    good = world.sign("ARC", statement, "person/1", "duty")
    stranger = replace(good, signer="person/9")
    assert world.faults(world.log("ARC", statement, [good, stranger])) == ("unknown-signer",)


def test_a_bad_signature_takes_the_effect_away() -> None:
    """One flipped bit in a signature, also in one that was not needed."""
    world = World()
    statement = world.statement("ARC", "notification")
    good = world.sign("ARC", statement, "person/1", "duty")
    bad = Signature("person/2", "release", good.algorithm, good.value)
    first = world.log("ARC", statement, [good, bad])
    flipped = Signature(good.signer, good.role, good.algorithm, good.value[:-1] + bytes([good.value[-1] ^ 1]))
    second = world.log("ARC", world.statement("ARC", "notification"), [flipped])
    verdicts = world.judge()
    assert verdicts[first].faults == ("bad-signature",)
    assert verdicts[first].signers == ONE
    assert verdicts[second].faults == ("bad-signature", "unauthorised")


def test_an_unknown_algorithm_is_not_understood() -> None:
    """A signature of a kind to come neither counts nor refutes."""
    world = World()
    statement = world.statement("ARC", "notification")
    place = world.log("ARC", statement, [Signature("person/1", "duty", "passkey", b"x")])
    assert world.faults(place) == ("not-understood",)


def test_an_expired_roster_marks_what_people_say_and_cuts_nothing() -> None:
    """After expiry a person's statement has no effect, and the node's own entries go on."""
    world = World()
    said = world.say("ARC", "notification", at_ms=START_MS + YEAR_MS)
    stated = world.state("ARC", "arrival")
    verdicts = world.judge()
    assert verdicts[said].faults == ("roster-expired",)
    assert verdicts[said].missing == ("duty/release/senior",)
    assert verdicts[stated].faults == ()


def test_a_new_roster_counts_from_the_next_entry() -> None:
    """A person whom the second roster leaves out may still sign before it, and no more behind it."""
    world = World()
    first = world.rosters["BOR"]
    second = replace(
        first, version=2, previous=digest(rosters.render(first)), people=(first.people[0], first.people[2])
    )
    before = world.say("BOR", "notification", signers=((2, "release"),))
    enacted = world.enact("BOR", "roster", rosters.render(second))
    after = world.say("BOR", "notification", signers=((2, "release"),))
    verdicts = world.judge()
    assert verdicts[before].faults == ()
    assert verdicts[enacted].faults == ()
    assert verdicts[after].faults == ("unknown-signer", "unauthorised")


def test_a_roster_that_does_not_follow_is_refused_and_the_last_good_one_stands() -> None:
    """A version is left out; persons of the roster before still sign."""
    world = World()
    first = world.rosters["ARC"]
    skipped = replace(first, version=3, previous=digest(rosters.render(first)), people=first.people[:1])
    enacted = world.enact("ARC", "roster", rosters.render(skipped))
    after = world.say("ARC", "notification", signers=((3, "senior"),))
    verdicts = world.judge()
    assert verdicts[enacted].faults == ("roster-refused",)
    assert verdicts[after].faults == ()


def test_a_roster_needs_as_many_roots_as_the_agreement_says() -> None:
    """One root of two changes nothing."""
    world = World()
    first = world.rosters["ARC"]
    second = replace(first, version=2, previous=digest(rosters.render(first)))
    assert world.faults(world.enact("ARC", "roster", rosters.render(second), numbers=(1,))) == ("unauthorised",)


def test_a_document_that_is_not_at_hand_or_is_another_is_told_apart() -> None:
    """Absence is no refutation; another text is."""
    world = World()
    first = world.rosters["ARC"]
    text = rosters.render(replace(first, version=2, previous=digest(rosters.render(first))))
    missing = world.enact("ARC", "roster", text)
    world.logs["ARC"].bodies[missing[1]] = None
    assert world.faults(missing) == ("document-missing",)


def test_an_agreement_stands_at_the_beginning_and_nowhere_else() -> None:
    """Entry 0 is the agreement; anything else there, or an agreement elsewhere, is misplaced."""
    world = World()
    assert world.faults(world.enact("ARC", "agreement", world.agreement.text)) == ("misplaced",)
    other = World(begin=False)
    text = rosters.render(make_roster("ARC", other.agreement))
    assert other.faults(other.enact("ARC", "roster", text)) == ("misplaced",)


def test_a_statement_counts_once() -> None:
    """The same statement logged again is a repetition; the first place counts."""
    world = World()
    statement = world.statement("ARC", "notification")
    signatures = [world.sign("ARC", statement, "person/1", "duty")]
    first = world.log("ARC", statement, signatures)
    second = world.log("ARC", statement, signatures)
    verdicts = world.judge()
    assert verdicts[first].faults == ()
    assert verdicts[second].faults == ("repeated-statement",)


def test_a_statement_logged_after_its_release_time_does_not_count() -> None:
    """What two persons released until a time is void when a node logs it later."""
    world = World()
    late = world.say("ARC", "notification", release_by_ms=START_MS, at_ms=START_MS + 60_000)
    assert world.faults(late) == ("released-late",)


def test_a_statement_belongs_to_one_past_of_its_log() -> None:
    """`after` must be a state that this log had before the entry."""
    world = World()
    forked = world.say("ARC", "notification", after=LogState(2, bytes(32)))
    ahead = world.say("ARC", "notification", after=LogState(99, bytes(32)))
    good = world.say("ARC", "notification", after=world.logs["ARC"].state(1))
    verdicts = world.judge()
    assert verdicts[forked].faults == ("after-not-of-log",)
    assert verdicts[ahead].faults == ("after-not-of-log",)
    assert verdicts[good].faults == ()


def test_what_an_author_saw_must_be_of_the_other_log_and_held() -> None:
    """`seen` is a state of the other log, and no more of it than the node held."""
    world = World()
    forked = world.say("ARC", "notification", seen=LogState(1, bytes(32)))
    world.say("BOR", "goodwill")
    more = world.say("ARC", "notification", held=2)
    verdicts = world.judge()
    assert verdicts[forked].faults == ("seen-not-of-log",)
    assert "seen-not-of-log" in verdicts[more].faults


def test_held_never_goes_down_and_the_last_good_one_stands() -> None:
    """Less held than before, or a root that is none: shown, and the statement counts."""
    world = World()
    world.say("BOR", "notification")
    _first(world)
    less = world.say("ARC", "goodwill", held=1, seen=EMPTY_LOG)
    forked = world.say("ARC", "goodwill", held=LogState(2, bytes(32)))
    verdicts = world.judge()
    assert verdicts[less].faults == ("held-went-down",)
    assert verdicts[less].held.size == 3
    assert verdicts[forked].faults == ("held-not-of-log",)
    assert verdicts[forked].effective
    assert verdicts[forked].held.size == 3


def test_time_that_goes_back_is_shown_and_counts() -> None:
    """Order does not depend on clocks."""
    world = World()
    _first(world)
    back = world.say("ARC", "goodwill", at_ms=START_MS - 500)
    verdict = world.judge()[back]
    assert verdict.faults == ("time-went-back",)
    assert verdict.effective


def test_a_thread_has_one_status() -> None:
    """An exercise entry in an actual thread has no effect."""
    world = World()
    told = _first(world)
    assert world.faults(world.say("ARC", "update", thread=told, status="exercise")) == ("status-mixed",)


def test_a_reference_must_be_to_what_the_author_could_know() -> None:
    """An entry of the other log that was not held yet is as unknown as one that never was."""
    world = World()
    told = _first(world)
    early = world.say("BOR", "clarification-request", thread=told, held=2)
    never = world.say("BOR", "clarification-request", thread=bytes(32))
    verdicts = world.judge()
    assert verdicts[early].faults == ("seen-not-of-log", "reference-unknown")
    assert verdicts[never].faults == ("reference-unknown",)


def test_a_reply_must_fit_what_it_answers() -> None:
    """An answer to no question, a retraction of the other side's words, and a thread that is none."""
    world = World()
    told = _first(world)
    asked = world.say("BOR", "clarification-request", thread=told)
    answer = world.say("ARC", "clarification-response", thread=told, reply=told)
    retraction = world.say("BOR", "retraction", thread=told, reply=told)
    nested = world.say("BOR", "clarification-request", thread=asked)
    elsewhere = world.say("BOR", "acknowledge", thread=world.say("BOR", "goodwill"), reply=told)
    verdicts = world.judge()
    for place in (answer, retraction, nested, elsewhere):
        assert verdicts[place].faults == ("reference-unfit",)


def test_a_claim_beyond_the_other_log_waits_or_becomes_a_note() -> None:
    """While the logs grow such an entry waits; an auditor with a shorter export notes it and accuses nobody."""
    world = World()
    told = _first(world)
    asked = world.say("BOR", "clarification-request", thread=told)
    cut = (2, 3)
    waiting = list(world.walk(world.archive(cut)).advance())
    assert [verdict.serial for verdict in waiting if verdict.voice == 1] == ["BOR 0", "BOR 1"]
    final = {verdict.serial: verdict for verdict in world.walk(world.archive(cut)).advance(final=True)}
    assert final[f"BOR {asked[1]}"].faults == ()
    assert set(final[f"BOR {asked[1]}"].notes) >= {HELD_BEYOND, REFERENCE_BEYOND}


def test_a_claim_about_the_future_is_found_out_by_the_answer_to_it() -> None:
    """BOR claims to hold more of ARC than there is; once ARC logs that it holds that entry, the claim is false."""
    world = World()
    liar = world.say("BOR", "goodwill", held=LogState(50, bytes(32)))
    after = world.say("BOR", "goodwill")
    assert liar not in world.judge(final=False)
    world.state("ARC", "arrival")
    verdicts = world.judge(final=False)
    assert verdicts[liar].faults == ("held-not-of-log",)
    assert verdicts[after].faults == ()


def test_a_node_that_knows_its_own_log_does_not_wait_for_a_false_claim() -> None:
    """With the own log known to be whole, the claim is concluded at once and the entries behind it go on."""
    world = World()
    liar = world.say("BOR", "goodwill", held=LogState(50, bytes(32)))
    after = world.say("BOR", "goodwill")
    verdicts = world.judge(final=False, whole=0)
    assert verdicts[liar].faults == ("held-not-of-log",)
    assert verdicts[after].faults == ()


def test_a_copy_in_the_wrong_log_never_stands_for_the_original() -> None:
    """BOR logs ARC's own bytes and claims to have held nothing; a reference still means ARC's entry."""
    world = World()
    told = _first(world)
    data = Entry.parse(world.logs["ARC"].entries[told[1]])
    copy = world.append("BOR", replace(data, held=world.logs["ARC"].state(0)).encode())
    exact = world.append("BOR", world.logs["ARC"].entries[told[1]])
    asked = world.say("BOR", "clarification-request", thread=told)
    for order in ((0, 1), (1, 0)):
        archive = world.archive((0, 0))
        walk = world.walk(archive)
        found = {}
        for voice in order:
            archive.sizes[voice] = len(world.logs[NAMES[voice]].entries)
            found.update({(one.party, one.index): one for one in walk.advance()})
        assert "wrong-party" in found[copy].faults
        assert "wrong-party" in found[exact].faults
        assert found[asked].faults == ()
        assert found[asked].thread == found[told].place


@pytest.mark.slow
@given(st.data())
@settings(max_examples=300)
def test_no_bytes_break_the_judge(data: st.DataObject) -> None:
    """One good entry, changed anywhere by cutting, flipping or inserting, is judged and never raises."""
    world = _one_entry()
    good = world.logs["ARC"].entries[2]
    at = data.draw(st.integers(0, len(good) - 1))
    change = data.draw(st.sampled_from(("flip", "cut", "insert")))
    if change == "flip":
        bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    elif change == "cut":
        bad = good[:at] + good[at + data.draw(st.integers(1, 40)) :]
    else:
        bad = good[:at] + data.draw(st.binary(min_size=1, max_size=20)) + good[at:]
    judge = Judge(agreement=world.agreement, catalogue=world.catalogue, archive=world.archive())
    for entry in world.logs["ARC"].entries[:2]:
        judge.conclude(judge.prepare(0, entry), ())
    prepared = judge.prepare(0, bad)
    verdict = judge.conclude(prepared, [check.holds() for check in prepared.checks], final=True)
    assert verdict.faults or bad == good or verdict.entry != Entry.parse(good)


@cache
def _one_entry() -> World:
    world = World()
    world.say("ARC", "notification")
    return world


def test_verdicts_do_not_depend_on_how_the_logs_came_in() -> None:
    """Entry by entry from either side, or all at once: the same verdicts."""
    world = World()
    told = _first(world)
    asked = world.say("BOR", "clarification-request", thread=told)
    world.say("ARC", "clarification-response", thread=told, reply=asked)
    world.append("BOR", b"noise")
    world.say("BOR", "acknowledge", thread=told, reply=told)
    whole = world.judge()
    for first in (0, 1):
        archive = world.archive((0, 0))
        walk = world.walk(archive)
        found = {}
        ends = [len(world.logs["ARC"].entries), len(world.logs["BOR"].entries)]
        for voice in (first, 1 - first):
            while archive.sizes[voice] < ends[voice]:
                archive.sizes[voice] += 1
                found.update({(one.party, one.index): one for one in walk.advance()})
        assert found == whole
