"""Governance: each entry is judged by the agreement in force at its place, whoever judges and in whatever order."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import roster as rosters
from keys.quorum import RootSet
from protocol import canonical
from protocol.agreement import Agreement
from protocol.agreement_terms import AuthorityRule
from protocol.faults import (
    AFTER_SUNSET,
    AGREEMENT_SUPERSEDED,
    AMENDMENT_REFUSED,
    REFERENCE_UNFIT,
    UNAUTHORISED,
    WRONG_AGREEMENT,
)
from protocol.governance import AmendmentRefused, Governance, check_amendment
from protocol.judge import Judge
from protocol.verdict import Verdict
from protocol.walk import Walk, verify_here
from tests.builders import Place, World, make_roster

DAY_MS = 86_400_000
TWO = ((1, "duty"), (2, "release"), (3, "senior"))
STRICT = (AuthorityRule(("goodwill",), (("duty",), ("release",))),)


def amended(base: Agreement, **changes: Any) -> Agreement:
    """An agreement that takes the place of another."""
    return replace(base, founding=base.founding or base.digest, amends=base.digest, **changes)


class Treaty(World):
    """Two logs whose parties amend their agreement."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(**{"format": 2, **changes})
        self.founding = self.agreement

    def amend(self, party: str, text: bytes | Agreement) -> Place:
        """State an amendment."""
        text = text if isinstance(text, bytes) else text.text
        return self.enact(party, "agreement-amend", text, thread=("ARC", 0))

    def countersign(self, party: str, amendment: Place, text: bytes | Agreement) -> Place:
        """Sign the text of an amendment of the other party."""
        text = text if isinstance(text, bytes) else text.text
        return self.enact(party, "agreement-countersign", text, thread=("ARC", 0), in_reply_to=amendment)

    def under(self, agreement: Agreement) -> None:
        """What is said from here on names this agreement."""
        self.agreement = agreement

    def walk_from(self, judge: Judge) -> Walk:
        """A walk over the logs by a judge."""
        names = ("ARC", "BOR")
        return Walk(
            judge=judge,
            read=lambda voice, start, count: self.logs[names[voice]].entries[start : start + count],
            verify=verify_here,
        )

    def judge(self, *, final: bool = True, whole: int | None = None) -> dict[Place, Verdict]:
        """The verdict on every entry, under the founding agreement."""
        judge = Judge(agreement=self.founding, catalogue=self.catalogue, archive=self.archive())
        found = self.walk_from(judge).advance(final=final, whole=whole)
        return {(verdict.party, verdict.index): verdict for verdict in found}


def test_the_homes_party_countersigns_and_it_governs_from_the_next_entry() -> None:
    """The entry that countersigns is under the old text, the next one under the new; one still under the old counts."""
    world = Treaty()
    new = amended(world.agreement, rules=STRICT)
    asked = world.amend("BOR", new)
    accepted = world.countersign("ARC", asked, new)
    old = world.say("ARC", "goodwill")
    two = world.say("ARC", "goodwill", signers=TWO)
    world.under(new)
    fresh = world.say("ARC", "goodwill", signers=TWO)
    other = world.say("BOR", "goodwill", signers=TWO)
    found = world.judge()
    assert found[accepted].reign == 0
    assert found[old].faults == (AGREEMENT_SUPERSEDED, UNAUTHORISED)
    assert found[two].faults == (AGREEMENT_SUPERSEDED,)
    assert found[two].effective
    assert [found[place].reign for place in (old, two, fresh, other)] == [1, 1, 1, 1]
    assert found[fresh].faults == found[other].faults == ()


def test_the_other_party_countersigns_and_it_governs_from_where_that_arrives() -> None:
    """Between its entry and its arrival at home the text is not accepted, and whoever names it is ahead of it."""
    world = Treaty()
    new = amended(world.agreement)
    asked = world.amend("ARC", new)
    world.countersign("BOR", asked, new)
    world.under(new)
    early = world.say("BOR", "goodwill")
    before = world.say("ARC", "goodwill", held=2)
    arriving = world.say("ARC", "goodwill")
    after = world.say("BOR", "goodwill")
    found = world.judge()
    assert found[early].faults == (WRONG_AGREEMENT,)
    assert WRONG_AGREEMENT in found[before].faults
    assert found[arriving].faults == found[after].faults == ()


def test_of_two_on_one_base_the_first_accepted_is_in_force() -> None:
    """Whoever countersigns the other one later countersigns something void."""
    world = Treaty()
    one, two = amended(world.agreement, notice_days=1), amended(world.agreement, notice_days=2)
    first, second = world.amend("ARC", one), world.amend("BOR", two)
    world.countersign("BOR", first, one)
    late = world.countersign("ARC", second, two)
    world.under(one)
    fresh = world.say("ARC", "goodwill")
    found = world.judge()
    # The countersignature of BOR arrives with the entry by which ARC countersigns, and so comes before it.
    assert found[late].faults == (AGREEMENT_SUPERSEDED, AMENDMENT_REFUSED)
    assert found[fresh].faults == ()


def _parties(base: Agreement, **changes: Any) -> tuple[Any, Any]:
    first, second = base.parties
    return replace(first, **changes), second


REFUSED: dict[str, Callable[[Agreement], bytes]] = {
    "no agreement": lambda base: b"format = 2\n",
    "another base": lambda base: replace(base, founding=base.digest, amends=bytes(32)).text,
    "another channel": lambda base: replace(base, founding=bytes(32), amends=base.digest).text,
    "a founding text": lambda base: replace(base, title="Another line").text,
    "another domain": lambda base: amended(base, parties=_parties(base, domain="new.arcadia.example")).text,
    "another short name": lambda base: amended(base, parties=_parties(base, short="ABC")).text,
    "other roots": lambda base: (
        amended(base, parties=_parties(base, roots=RootSet(1, base.parties[0].roots.keys))).text
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_amendment_may_be_has_no_effect(case: str) -> None:
    """It is held and shown under its fault; its countersignature changes nothing."""
    world = Treaty()
    text = REFUSED[case](world.agreement)
    asked = world.amend("BOR", text)
    accepted = world.countersign("ARC", asked, text)
    fresh = world.say("ARC", "goodwill")
    found = world.judge()
    assert found[asked].faults == (AMENDMENT_REFUSED,)
    assert AMENDMENT_REFUSED in found[accepted].faults
    assert found[fresh].faults == ()
    assert found[fresh].reign == 0


def test_an_amendment_says_why_it_is_refused() -> None:
    """Root sets change the roots, and the text says so."""
    base = Treaty().agreement
    text = amended(base, parties=_parties(base, roots=RootSet(1, base.parties[0].roots.keys))).text
    with pytest.raises(AmendmentRefused, match="root sets change them"):
        check_amendment(text, base)


def test_one_partys_own_countersignature_is_none() -> None:
    """The reply must be to the other party's amendment, in the thread of the founding agreement."""
    world = Treaty()
    new = amended(world.agreement)
    asked = world.amend("ARC", new)
    own = world.countersign("ARC", asked, new)
    elsewhere = world.enact("BOR", "agreement-amend", new.text, thread=("BOR", 0))
    found = world.judge()
    assert found[own].faults == found[elsewhere].faults == (REFERENCE_UNFIT,)


def test_a_flood_of_amendments_counts_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond it is accepted by nobody; the other party's own ones count, and after one a new count begins."""
    monkeypatch.setattr("protocol.governance.AMENDMENTS_MAX", 2)
    world = Treaty()
    texts = [amended(world.agreement, notice_days=days) for days in range(4)]
    asked = [world.amend("BOR", text) for text in texts[:3]]
    world.countersign("ARC", asked[2], texts[2])
    none = world.say("ARC", "goodwill")
    world.countersign("BOR", world.amend("ARC", texts[3]), texts[3])
    world.under(texts[3])
    fresh = world.say("ARC", "goodwill")
    world.state("BOR", "arrival")
    following = amended(texts[3])
    world.countersign("ARC", world.amend("BOR", following), following)
    world.under(following)
    last = world.say("ARC", "goodwill")
    found = world.judge()
    assert [found[one].reign for one in (none, fresh, last)] == [0, 1, 2]


def test_a_countersignature_of_other_bytes_is_none() -> None:
    """Both parties' roots sign the same text."""
    world = Treaty()
    asked = world.amend("BOR", amended(world.agreement, notice_days=1))
    world.countersign("ARC", asked, amended(world.agreement, notice_days=2))
    fresh = world.say("ARC", "goodwill")
    assert world.judge()[fresh].reign == 0


def test_an_amendment_without_roots_changes_nothing() -> None:
    """One root of two is too few, for either half."""
    world = Treaty()
    new = amended(world.agreement)
    asked = world.enact("BOR", "agreement-amend", new.text, numbers=(1,), thread=("ARC", 0))
    world.countersign("ARC", asked, new)
    fresh = world.say("ARC", "goodwill")
    found = world.judge()
    assert UNAUTHORISED in found[asked].faults
    assert found[fresh].reign == 0


def test_after_its_sunset_the_line_carries_what_always_passes() -> None:
    """By the time of logging, from the first moment of the day; flash, machine entries and retractions go on."""
    world = Treaty(review_date=date(2026, 12, 1), sunset_date=date(2026, 12, 1))
    end = 1_796_083_200_000
    last = world.say("ARC", "goodwill", at_ms=end - 1)
    late = world.say("ARC", "goodwill", at_ms=end)
    flash = world.say("BOR", "line-check", precedence="flash", at_ms=end)
    machine = world.state("BOR", "arrival", {"size": 4}, at_ms=end + 1)
    found = world.judge()
    assert found[last].faults == found[flash].faults == ()
    assert AFTER_SUNSET not in found[machine].faults
    assert found[late].faults == (AFTER_SUNSET,)
    assert not found[late].effective


def test_a_withdrawal_ends_after_its_notice_unless_both_agree_otherwise() -> None:
    """It ends nothing at once; an amendment that is accepted later takes it back."""
    world = Treaty(notice_days=10)
    gone = world.say("BOR", "agreement-withdraw", signers=TWO, thread=("ARC", 0))
    heard = world.say("ARC", "goodwill")
    at_ms = world.logs["ARC"].last_ms
    bound = world.say("ARC", "goodwill", at_ms=at_ms + 10 * DAY_MS - 1)
    free = world.say("ARC", "goodwill", at_ms=at_ms + 10 * DAY_MS)
    new = amended(world.agreement)
    asked = world.amend("ARC", new)
    world.countersign("BOR", asked, new)
    world.under(new)
    again = world.say("ARC", "goodwill")
    found = world.judge()
    assert found[gone].faults == found[heard].faults == found[bound].faults == found[again].faults == ()
    assert found[free].faults == (AFTER_SUNSET,)


@pytest.mark.parametrize(("leaving", "other"), [("BOR", "ARC"), ("ARC", "BOR")])
def test_the_notice_of_each_party_runs_by_its_own_clock(leaving: str, other: str) -> None:
    """By a clock eleven days behind, too: the other party has all its days from its first entry that holds it."""
    world = Treaty(notice_days=10)
    start = world.logs[leaving].last_ms
    world.say(other, "goodwill", at_ms=start + 11 * DAY_MS)
    gone = world.say(leaving, "agreement-withdraw", signers=TWO, thread=("ARC", 0), at_ms=start + 5_000)
    unaware = world.say(other, "goodwill", held=2, at_ms=start + 12 * DAY_MS)
    heard = world.say(other, "goodwill", at_ms=start + 13 * DAY_MS)
    bound = world.say(other, "goodwill", at_ms=start + 23 * DAY_MS - 1)
    free = world.say(other, "goodwill", at_ms=start + 23 * DAY_MS)
    own = world.say(leaving, "goodwill", at_ms=start + 5_000 + 10 * DAY_MS - 1)
    left = world.say(leaving, "goodwill", at_ms=start + 5_000 + 10 * DAY_MS)
    found = world.judge()
    assert [found[one].faults for one in (gone, heard, bound, own)] == [()] * 4
    assert found[unaware].reign == 0
    assert found[free].faults == found[left].faults == (AFTER_SUNSET,)


def test_a_further_withdrawal_neither_lengthens_nor_shortens_the_notice() -> None:
    """Both leave; each is bound from the first of the two that it said or held."""
    world = Treaty(notice_days=10)
    world.say("ARC", "agreement-withdraw", signers=TWO, thread=("ARC", 0))
    start = world.logs["ARC"].last_ms
    heard = world.say("BOR", "agreement-withdraw", signers=TWO, thread=("ARC", 0), at_ms=start + DAY_MS)
    late = world.say("ARC", "goodwill", at_ms=start + 10 * DAY_MS)
    bound = world.say("BOR", "goodwill", at_ms=start + 11 * DAY_MS - 1)
    free = world.say("BOR", "goodwill", at_ms=start + 11 * DAY_MS)
    found = world.judge()
    assert found[heard].faults == found[bound].faults == ()
    assert found[late].faults == found[free].faults == (AFTER_SUNSET,)
    assert {found[one].reign for one in (late, bound, free)} == {1}


@pytest.mark.parametrize("status", ["exercise", "test", "system"])
def test_a_withdrawal_that_is_not_meant_ends_nothing(status: str) -> None:
    """Both rehearse leaving the agreement; the line carries everything afterwards."""
    world = Treaty(notice_days=10)
    gone = world.say("BOR", "agreement-withdraw", signers=TWO, status=status)
    arrived = world.say("ARC", "goodwill")
    later = world.say("ARC", "goodwill", at_ms=world.logs["BOR"].last_ms + 20 * DAY_MS)
    found = world.judge()
    assert found[gone].faults == found[arrived].faults == found[later].faults == ()
    assert found[later].reign == 0


def test_a_roster_under_an_earlier_agreement_is_in_force_all_the_same() -> None:
    """The persons it brings can sign from the next entry on."""
    world = Treaty()
    new = amended(world.agreement)
    world.countersign("ARC", world.amend("BOR", new), new)
    before = world.roster_texts["ARC"][-1]
    first = make_roster("ARC", world.founding)
    later = replace(first, version=2, previous=sha256(before).digest(), people=first.people[:1])
    at = world.enact("ARC", "roster", rosters.render(later))
    world.under(new)
    known, gone = world.say("ARC", "goodwill"), world.say("ARC", "goodwill", signers=((2, "release"),))
    found = world.judge()
    assert found[at].faults == (AGREEMENT_SUPERSEDED,)
    assert found[known].faults == ()
    assert UNAUTHORISED in found[gone].faults


ACTS = ("say", "amend", "countersign", "withdraw", "adopt", "roster")


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32))
def test_who_judges_first_and_how_far_at_once_changes_no_verdict(seed: int) -> None:
    """Logs that grow in any steps, judged by judges that start anew between them, get the verdicts of the whole."""
    chance = random.Random(seed)
    world = Treaty(notice_days=chance.choice((0, 10, 180)))
    texts = [world.founding]
    asked: list[tuple[Place, Agreement]] = []
    for number in range(chance.randint(4, 14)):
        act, party = chance.choice(ACTS), chance.choice(("ARC", "BOR"))
        days = chance.choice((0, 0, 0, 8))
        if days:
            world.say(party, "goodwill", at_ms=world.logs[party].last_ms + days * DAY_MS)
        other = world.logs["BOR" if party == "ARC" else "ARC"]
        held = chance.randint(2, len(other.entries))
        if act == "say":
            world.say(party, "goodwill", held=held)
        elif act == "amend":
            made = amended(chance.choice(texts), notice_days=number, rules=STRICT)
            asked.append((world.amend(party, made), made))
            texts.append(made)
        elif act == "countersign" and asked:
            place, made = chance.choice(asked)
            world.countersign(party, place, made)
        elif act == "roster":
            text = world.roster_texts[party][-1]
            before = rosters.parse(text)
            people = tuple(one for one in make_roster(party, world.founding).people if chance.random() < 0.7)
            following = replace(before, version=before.version + 1, previous=sha256(text).digest(), people=people)
            world.enact(party, "roster", rosters.render(following))
        elif act == "withdraw":
            world.say(party, "agreement-withdraw", signers=TWO, thread=("ARC", 0))
        else:
            world.under(chance.choice(texts))
    whole = world.judge()
    archive = world.archive((0, 0))
    kept: Any = []
    states, found = None, {}
    ends = [len(world.logs[name].entries) for name in ("ARC", "BOR")]
    while archive.sizes != ends:
        voice = chance.randint(0, 1)
        archive.sizes[voice] = min(ends[voice], archive.sizes[voice] + chance.randint(1, 3))
        governance = Governance(world.founding, world.catalogue, document=archive.document)
        governance.resume(canonical.decode(canonical.encode(kept), bytes_max=1 << 20))
        arguments: dict[str, Any] = {} if states is None else {"states": states}
        judge = Judge(
            agreement=world.founding, catalogue=world.catalogue, archive=archive, governance=governance, **arguments
        )
        for verdict in world.walk_from(judge).advance(final=archive.sizes == ends):
            found[verdict.party, verdict.index] = verdict
        states, kept = (judge.state(0), judge.state(1)), governance.kept()
    assert {place: (one.faults, one.reign) for place, one in found.items()} == {
        place: (one.faults, one.reign) for place, one in whole.items()
    }
