"""Admission: a statement that would be faulty is refused at home, each way with its own code."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from keys import roster as rosters
from keys.roster import Roster
from nodes.admission import AdmissionRefused, Admitted, Desk
from nodes.resources import catalogue
from nodes.rosters import RosterFileRefused
from nodes.signed import SignedStatement
from nodes.verified import Verified
from protocol.agreement_conduct import PasskeyTerms
from protocol.compose import Composed
from protocol.governance import Reign
from protocol.signature import sign_statement
from tests.authenticator import Authenticator
from tests.builders import START_MS, keyring
from tests.nodes.homes import agreement, document, letter, roster, said, setting, signed_by

TERMS = PasskeyTerms(severity_at_most=2, slots_at_most=2)
FIELDS = {"title": "Intrusion", "class": ["system-compromise"], "summary": "Two hosts."}


def admit(signed: SignedStatement, *, at_ms: int = START_MS, **changes: Any) -> Admitted:
    """At ARC's desk."""
    sealing = keyring("ARC", agreement().channel).sealing()
    desk = Desk(party="ARC", agreement=agreement(), catalogue=catalogue(), sealing=sealing, verified=Verified())
    given: dict[str, Any] = {"roster": roster("ARC"), "counterpart": roster("BOR"), **changes}
    return desk.admit(signed, at_ms=at_ms, **given)


def refused(signed: SignedStatement, **options: Any) -> str:
    """The code with which a statement is refused."""
    with pytest.raises((AdmissionRefused, RosterFileRefused)) as caught:
        admit(signed, **options)
    return caught.value.code


def remade(made: Composed, **header: Any) -> SignedStatement:
    """The same statement with another header, signed anew."""
    statement = replace(made.statement, **header)
    changed = replace(made, statement=statement, statement_bytes=statement.encode())
    return signed_by(changed, (1, "duty"), party="ARC")


def test_a_good_statement_is_admitted() -> None:
    """Nothing is missing, and what came is what is kept."""
    signed = said("ARC")
    admitted = admit(signed)
    assert (admitted.kind.name, admitted.missing, admitted.signed) == ("goodwill", (), signed)


def test_what_is_under_way_stays_sealed_to_the_key_before() -> None:
    """A statement that was made before the counterpart's sealing key changed goes through while that key is trusted."""
    signed, before = said("ARC"), roster("BOR").sealing
    other = keyring("BOR", agreement().channel).with_sealing(bytes(range(96))).sealing().public
    changed = replace(roster("BOR"), sealing=other)
    assert refused(signed, counterpart=changed) == "not-sealed-to-them"
    assert refused(signed, counterpart=changed, sealed_before={roster("ARC").sealing.key_id}) == "not-sealed-to-them"
    assert admit(signed, counterpart=changed, sealed_before={before.key_id}).missing == ()


def test_what_is_missing_is_named() -> None:
    """Severity 4 needs a second person; the same one twice does not make two."""
    made = letter("ARC", "notification", FIELDS, severity=4, aware_at_ms=START_MS)
    assert admit(signed_by(made, (1, "duty"))).missing == ("release/senior",)
    assert admit(signed_by(made, (1, "duty"), (3, "senior"))).missing == ()
    assert admit(signed_by(made, (4, "duty"), (4, "release"))).missing != ()


@pytest.mark.parametrize("cut", [b"", b"noise"])
def test_what_cannot_be_read_is_refused(cut: bytes) -> None:
    """With the decoder's code."""
    assert refused(SignedStatement(statement=cut, signatures=(), body=None))


def test_a_statement_of_another_place_is_refused() -> None:
    """Another channel, another party, another agreement, another catalogue."""
    made = letter("ARC")
    assert refused(remade(made, channel=bytes(32))) == "wrong-channel"
    assert refused(said("BOR")) == "wrong-channel"
    assert refused(remade(made, agreement=bytes(32))) == "wrong-agreement"
    assert refused(remade(made, catalogue=bytes(32))) == "wrong-agreement"


def test_a_statement_after_its_time_is_refused() -> None:
    """Up to `release_by` and not a millisecond later."""
    signed = signed_by(letter("ARC", release_by_ms=START_MS), (1, "duty"))
    admit(signed, at_ms=START_MS)
    assert refused(signed, at_ms=START_MS + 1) == "released-late"


@pytest.mark.parametrize("kind", ["no-such-kind", "arrival"])
def test_a_kind_that_is_not_for_people_is_refused(kind: str) -> None:
    """Unknown here, or a machine's."""
    assert refused(remade(letter("ARC"), kind=kind)) == "no-such-kind"


@pytest.mark.parametrize(
    "header", [{"severity": 3}, {"outcome": "accepted"}, {"aware_at_ms": START_MS}, {"respond_by_ms": START_MS}]
)
def test_a_header_must_be_one_that_its_kind_may_have(header: dict[str, Any]) -> None:
    """A goodwill has no severity, outcome, awareness or deadline: it would be void for both sides."""
    assert refused(remade(letter("ARC"), **header)) == "unfit-header"


def test_a_body_must_be_the_one_named() -> None:
    """Missing, another one, one bit different."""
    signed = said("ARC")
    body = signed.body or b""
    assert refused(replace(signed, body=None)) == "body-differs"
    assert refused(replace(signed, body=said("ARC", "Other.").body)) == "other-body"
    assert refused(replace(signed, body=body[:-1] + bytes([body[-1] ^ 1]))) == "other-body"


def test_a_body_must_hold_what_was_committed_to() -> None:
    """A commitment to something else, or one too few: refused before anybody sees it."""
    made = letter("ARC")
    assert refused(remade(made, commitments=(bytes(32),))) in {"commitment-mismatch", "wrong-commitment"}
    assert refused(remade(made, commitments=())) == "wrong-count"


def test_a_body_must_be_sealed_to_the_counterpart() -> None:
    """To us alone, or to a key that they no longer have."""
    place = setting("ARC")
    alone = replace(place, recipients=place.recipients[:1])
    assert refused(signed_by(letter("ARC", place=alone), (1, "duty"))) == "not-sealed-to-them"
    renewed = replace(roster("BOR"), sealing=roster("ARC").sealing)
    assert refused(said("ARC"), counterpart=renewed) == "not-sealed-to-them"


def test_a_statement_needs_a_signature() -> None:
    """Nobody's is not a draft."""
    assert refused(signed_by(letter("ARC"))) == "missing-signature"


def test_signers_must_be_who_they_say() -> None:
    """Not in the roster, without the role, with another person's key, another algorithm, or past their time."""
    made = letter("ARC")
    signed = signed_by(made, (1, "duty"))
    (good,) = signed.signatures
    assert refused(replace(signed, signatures=(replace(good, signer="person/9"),))) == "key-not-in-roster"
    assert refused(replace(signed, signatures=(replace(good, signer="node", role="node"),))) == "key-not-in-roster"
    assert refused(signed_by(made, (1, "senior"))) == "role-not-held"
    assert refused(replace(signed, signatures=(replace(good, signer="person/4"),))) == "bad-signature"
    assert refused(replace(signed, signatures=(replace(good, algorithm="ed25519"),))) == "bad-signature"
    ended = replace(roster("ARC"), valid_until_ms=START_MS)
    assert refused(signed, roster=ended) == "roster-expired"
    gone = replace(roster("ARC").people[0], valid_until_ms=START_MS)
    assert refused(signed, roster=replace(roster("ARC"), people=(gone,))) == "officer-expired"


def test_an_entry_that_would_be_too_large_is_refused() -> None:
    """However good each of its signatures is: what cannot be logged is not taken."""
    signed = said("ARC")
    assert refused(replace(signed, signatures=signed.signatures * 20)) == "entry-too-large"


def test_documents_need_their_roots() -> None:
    """A roster signed by two of three roots is admitted; by one, or by an officer, not."""
    text = rosters.render(roster("ARC"))
    assert admit(document("ARC", "roster", text)).missing == ()
    assert refused(document("ARC", "roster", text, numbers=(1,))) == "roster-refused"
    both = document("ARC", "roster", text, numbers=(2,))
    twice = replace(both, signatures=both.signatures * 2)
    assert refused(twice) == "roster-refused"
    # In the log one that is none is a fault, however many good ones stand beside it.
    good = document("ARC", "roster", text, numbers=(1, 2))
    bad = document("ARC", "roster", text + b"\n", numbers=(3,)).signatures
    assert refused(replace(good, signatures=(*good.signatures, *bad))) == "roster-refused"
    assert admit(document("ARC", "roster", text, numbers=(1, 2, 3))).missing == ()


def test_a_roster_that_would_not_follow_the_one_in_force_is_refused() -> None:
    """However many roots signed it: in the log it would stand as refused. One that follows is admitted."""
    first = roster("ARC")
    second = replace(first, version=2, previous=sha256(rosters.render(first)).digest())
    third = replace(first, version=3, previous=sha256(rosters.render(second)).digest())
    beside = replace(second, previous=bytes(32))
    assert admit(document("ARC", "roster", rosters.render(second))).missing == ()
    assert refused(document("ARC", "roster", rosters.render(third))) == "roster-refused"
    assert refused(document("ARC", "roster", rosters.render(beside))) == "roster-refused"
    assert admit(document("ARC", "roster", rosters.render(third)), roster=second).missing == ()


def touched(device: Authenticator, made: Composed, terms: PasskeyTerms | None) -> tuple[SignedStatement, Desk, Roster]:
    """A statement that person 1 signed with a passkey, the desk under an amendment, and the roster that lists it."""
    founding = agreement()
    amended = replace(founding, format=2, passkeys=terms, founding=founding.digest, amends=founding.digest)
    sealing = keyring("ARC", founding.channel).sealing()
    desk = Desk(party="ARC", agreement=founding, catalogue=catalogue(), sealing=sealing, verified=Verified())
    desk.governed(Reign(amended, catalogue()))
    raw = replace(made.statement, agreement=amended.digest).encode()
    where: dict[str, Any] = {"channel": founding.channel, "party": "ARC"}
    signature = sign_statement(raw, **where, signer="person/1", role="duty", key=device)
    listed = roster("ARC")
    person = replace(listed.people[0], key=None, passkeys=(device.public,))
    listed = replace(listed, people=(person, *listed.people[1:]))
    return SignedStatement(statement=raw, signatures=(signature,), body=made.body), desk, listed


def by_passkey(
    device: Authenticator, made: Composed | None = None, terms: PasskeyTerms | None = TERMS, **options: Any
) -> Admitted:
    """What the desk makes of it."""
    signed, desk, listed = touched(device, made or letter("ARC"), terms)
    return desk.admit(signed, roster=listed, counterpart=roster("BOR"), at_ms=START_MS, **options)


def test_a_passkey_is_admitted_where_it_counts() -> None:
    """Up to what the agreement says, and with a counter above the last one in the log."""
    device = Authenticator("duty", rp_id="desk.line.arcadia.example", counter=4)
    assert by_passkey(device).missing == ()
    assert by_passkey(device, counters={device.credential: 5}).missing == ()
    grave = letter("ARC", "notification", FIELDS, severity=3, aware_at_ms=START_MS)
    for made, terms, counters, code in (
        (letter("ARC"), None, {}, "passkey-not-agreed"),
        (grave, TERMS, {}, "passkey-not-agreed"),
        (letter("ARC"), TERMS, {device.credential: 99}, "passkey-counter"),
    ):
        with pytest.raises(AdmissionRefused) as caught:
            by_passkey(device, made, terms, counters=counters)
        assert caught.value.code == code
    stranger = Authenticator("stranger", rp_id=device.rp_id)
    signed, desk, _ = touched(stranger, letter("ARC"), TERMS)
    *_, listed = touched(device, letter("ARC"), TERMS)
    with pytest.raises(AdmissionRefused) as caught:
        desk.admit(signed, roster=listed, counterpart=roster("BOR"), at_ms=START_MS)
    assert caught.value.code == "key-not-in-roster"
