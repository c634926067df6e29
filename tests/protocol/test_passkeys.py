"""Passkeys in a log: what the roster lists, what the agreement has them count for, and their counters."""

from dataclasses import replace
from typing import Any

import pytest

from keys import roster as rosters
from keys.errors import RosterRefused
from keys.person import Person
from protocol.agreement import Agreement
from protocol.agreement_conduct import EmergencyTerms, PasskeyTerms
from protocol.faults import PASSKEY_COUNTER
from protocol.signature import Signature, sign_statement
from tests.authenticator import Authenticator
from tests.builders import Place, World, make_agreement, make_roster

RP_ID = "desk.line.arcadia.example"
TERMS = PasskeyTerms(severity_at_most=2, slots_at_most=2)


def device(**changes: Any) -> Authenticator:
    """The authenticator of person 1 of Arcadia."""
    return Authenticator("duty of Arcadia", **{"rp_id": RP_ID, **changes})


def with_passkeys(person: Person, *devices: Authenticator) -> Person:
    """The same person with passkeys."""
    return replace(person, passkeys=tuple(one.public for one in devices))


class PasskeyWorld(World):
    """Person 1 of Arcadia has passkeys, and by default no key beside them."""

    def __init__(self, *devices: Authenticator, key: bool = False, **changes: Any) -> None:
        super().__init__(begin=False, **{"format": 2, "passkeys": TERMS, "purpose": "a line", **changes})
        roster = self.rosters["ARC"]
        first = with_passkeys(roster.people[0], *devices)
        first = first if key else replace(first, key=None)
        self.rosters["ARC"] = replace(roster, people=(first, *roster.people[1:]))
        for party in ("ARC", "BOR"):
            self.enact(party, "agreement", self.agreement.text)
            self.enact(party, "roster", rosters.render(self.rosters[party]))

    def touch(
        self,
        device: Authenticator,
        kind: str = "goodwill",
        *,
        role: str = "duty",
        others: tuple[tuple[int, str], ...] = (),
        **header: Any,
    ) -> Place:
        """Log what person 1 signs with an authenticator, and others with their keys."""
        statement = self.statement("ARC", kind, **header)
        signature = self.by(device, statement.encode(), role=role)
        signatures = [signature, *(self.sign("ARC", statement, f"person/{number}", one) for number, one in others)]
        return self.log("ARC", statement, signatures)

    def by(self, device: Authenticator, raw: bytes, *, signer: str = "person/1", role: str = "duty") -> Signature:
        """A signature with an authenticator."""
        return sign_statement(raw, channel=self.agreement.channel, party="ARC", signer=signer, role=role, key=device)


def test_passkey_signs_in_place_of_a_key() -> None:
    """An assertion is a person's signature: nothing is wrong, and the person counts."""
    one = device()
    world = PasskeyWorld(one)
    place = world.touch(one)
    verdict = world.judge()[place]
    assert verdict.faults == ()
    assert verdict.signers == ((1, "duty"),)


def test_person_may_have_a_key_and_several_passkeys() -> None:
    """Each of them signs; a credential that the roster does not list is nobody's."""
    one, two = device(), Authenticator("at home", "eddsa", rp_id=RP_ID, number=2)
    world = PasskeyWorld(one, two, key=True)
    assert world.faults(world.touch(one)) == world.faults(world.touch(two)) == ()
    assert world.faults(world.say("ARC", "goodwill")) == ()
    assert world.faults(world.touch(Authenticator("stranger", rp_id=RP_ID))) == ("unknown-signer", "unauthorised")


@pytest.mark.parametrize(
    ("terms", "header", "good"),
    [
        (TERMS, {"severity": 2}, True),
        (TERMS, {"severity": 3}, False),
        (None, {"severity": 0}, False),
        (PasskeyTerms(severity_at_most=5, slots_at_most=1), {"severity": 4}, False),
        (PasskeyTerms(severity_at_most=5, slots_at_most=2), {"severity": 4}, True),
    ],
)
def test_agreement_says_what_a_passkey_counts_for(
    terms: PasskeyTerms | None, header: dict[str, Any], good: bool
) -> None:
    """Up to a severity and a number of signatures; without the block, for nothing."""
    one = device()
    world = PasskeyWorld(one, passkeys=terms)
    place = world.touch(one, "notification", others=((2, "release"),), **header)
    alone = header["severity"] < 4  # The second person fills a slot only from severity 4 on.
    faults = () if good or alone else ("unauthorised",)
    assert world.faults(place) == faults
    assert world.judge()[place].signers == (((1, "duty"),) if good else ()) + ((2, "release"),)


def test_emergency_is_no_matter_of_a_passkey() -> None:
    """One person who releases alone does it with a key."""
    one = device()
    clause = EmergencyTerms(("goodwill",), ("duty",), 60_000)
    world = PasskeyWorld(one, key=True, emergency=clause)
    assert world.faults(world.touch(one, facts={"emergency": True})) == ("unauthorised",)
    assert world.faults(world.say("ARC", "goodwill", facts={"emergency": True})) == ()


def test_counter_has_to_grow() -> None:
    """An assertion that is not behind the last one in the log voids its entry, and accuses nobody."""
    one = device()
    world = PasskeyWorld(one)
    before = one.cloned()
    assert world.faults(world.touch(one)) == ()
    again = world.touch(before)
    assert world.faults(again) == (PASSKEY_COUNTER,)
    assert not world.judge()[again].effective
    assert world.faults(world.touch(one)) == ()


def test_counter_counts_in_the_order_of_the_log() -> None:
    """What was signed first and logged later is behind; a stolen copy that ran ahead shows when the owner signs."""
    one = device()
    world = PasskeyWorld(one)
    thief = one.cloned()
    thief.counter = 7
    assert world.faults(world.touch(thief)) == ()
    assert world.faults(world.touch(one)) == (PASSKEY_COUNTER,)


def test_authenticator_that_does_not_count_is_not_asked_to() -> None:
    """0 may follow 0, and nothing but 0 may: a counter that is there does not go away."""
    quiet = device(counts=False)
    world = PasskeyWorld(quiet)
    places = [world.touch(quiet), world.touch(quiet)]
    quiet.counts = True
    places.append(world.touch(quiet))
    quiet.counts, quiet.counter = False, 0
    places.append(world.touch(quiet))
    assert [world.faults(place) for place in places] == [(), (), (), (PASSKEY_COUNTER,)]


def test_bad_assertion_moves_no_counter() -> None:
    """Whoever cannot sign cannot use up the counters of who can."""
    one = device(counter=3)
    world = PasskeyWorld(one)
    statement = world.statement("ARC", "goodwill")
    good = world.by(one, statement.encode())
    far = replace(good, value=good.value.replace(one.data(), one.data()[:33] + b"\xff\xff\xff\xff"))
    assert world.faults(world.log("ARC", statement, [far])) == ("bad-signature", "unauthorised")
    assert world.faults(world.touch(one)) == ()


@pytest.mark.parametrize("what", ["uv", "origin", "rp", "cross", "statement"])
def test_assertion_that_does_not_hold_is_a_bad_signature(what: str) -> None:
    """Whatever it lacks, both nodes and the audit see the same fault."""
    one = device()
    world = PasskeyWorld(one)
    statement = world.statement("ARC", "goodwill")
    raw = statement.encode()
    if what == "statement":
        signature = world.by(one, world.statement("ARC", "goodwill").encode())
    else:
        good = world.by(one, raw)
        client = good.value[good.value.index(b'{"type"') :]
        client = client[: client.index(b"}") + 1]
        data = one.data(flags=0x01) if what == "uv" else one.data(rp_id="evil.example") if what == "rp" else one.data()
        if what == "origin":
            client = client.replace(RP_ID.encode(), b"evil.example")
        if what == "cross":
            client = client.replace(b"false", b"true")
        signature = replace(good, value=one.assertion(client, data).encode())
    assert world.faults(world.log("ARC", statement, [signature])) == ("bad-signature", "unauthorised")


@pytest.mark.parametrize("signer", ["node", "root/1"])
def test_nobody_but_a_person_has_a_passkey(signer: str) -> None:
    """A node or a root that claims to sign with one is unknown."""
    one = device()
    world = PasskeyWorld(one)
    statement = world.statement("ARC", "arrival", facts={})
    signature = world.by(one, statement.encode(), signer=signer, role=signer.partition("/")[0])
    assert world.faults(world.log("ARC", statement, [signature])) == ("unknown-signer", "unauthorised")


def roster_with(agreement: Agreement, *devices: Authenticator) -> bytes:
    """The text of Arcadia's first roster with passkeys."""
    made = make_roster("ARC", agreement)
    return rosters.render(replace(made, people=(with_passkeys(made.people[0], *devices), *made.people[1:])))


@pytest.mark.parametrize(
    ("rp_id", "purpose", "good"),
    [
        (RP_ID, "a line", True),
        ("line.arcadia.example", "a line", True),
        ("arcadia.example", "a line", False),
        ("desk.hotline.borealia.example", "a line", False),
        ("localhost", "a line", False),
        ("localhost", "demonstration", True),
    ],
)
def test_desk_is_the_partys_own(rp_id: str, purpose: str, good: bool) -> None:
    """A roster whose passkeys are for somebody else's page is refused; localhost is for demonstrations."""
    agreement = make_agreement(format=2, purpose=purpose)
    origin = "http://localhost:8731" if rp_id == "localhost" else ""
    text = roster_with(agreement, device(rp_id=rp_id, origin=origin))
    world = World(begin=False, format=2, purpose=purpose)
    world.enact("ARC", "agreement", world.agreement.text)
    place = world.enact("ARC", "roster", text)
    assert world.faults(place) == (() if good else ("roster-refused",))


def test_roster_without_passkeys_is_of_the_first_format() -> None:
    """Its text is what it always was; with a passkey it is of the second, and neither passes for the other."""
    agreement = make_agreement()
    plain, new = roster_with(agreement), roster_with(agreement, device())
    assert b'format = "hotline/1/roster"' in plain
    assert b'format = "hotline/2/roster"' in new
    assert rosters.render(rosters.parse(new)) == new
    for text in (plain.replace(b"hotline/1/", b"hotline/2/"), new.replace(b"hotline/2/", b"hotline/1/")):
        with pytest.raises(RosterRefused, match="second spelling"):
            rosters.parse(text)


def test_passkey_has_one_job() -> None:
    """Neither its key nor its credential is anybody else's."""
    agreement = make_agreement()
    one = device()
    for twin in (replace(one, number=2), Authenticator("another", rp_id=RP_ID, number=2)):
        text = roster_with(agreement, one)
        made = rosters.parse(text)
        twins = replace(twin.public, credential=one.credential if twin.name == "another" else b"another")
        with pytest.raises(RosterRefused):
            replace(made, people=(made.people[0], replace(made.people[1], passkeys=(twins,)), *made.people[2:]))
