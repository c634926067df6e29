"""A node under the second suite: what it says and takes, and what is refused because it is of the first."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keys import roster as rosters
from keys.roles import KeyRole
from keys.suite import SUITE_1, SUITE_2
from nodes.admission import AdmissionRefused, Desk
from nodes.errors import ApiRefused
from nodes.login import check_login, sign_login
from nodes.resources import catalogue
from nodes.rosters import RosterFileRefused, check_roster
from nodes.signed import SignedStatement
from nodes.verified import Verified
from protocol.signature import sign_statement
from tests.builders import NAMES, START_MS, hybrid, keyring, make_roster
from tests.nodes.homes import agreement, document, letter, roster, said, setting, signed_by, terms
from tests.nodes.pair import held, line_of, run, running, write_homes


@pytest.fixture(autouse=True)
def second_suite() -> Iterator[None]:
    """Homes under the second suite."""
    with terms(suite=SUITE_2):
        yield


def refused(signed: SignedStatement) -> str:
    """The code with which ARC's desk refuses a statement."""
    sealing = keyring("ARC", agreement().channel, SUITE_2).sealing()
    desk = Desk(party="ARC", agreement=agreement(), catalogue=catalogue(), sealing=sealing, verified=Verified())
    with pytest.raises(AdmissionRefused) as caught:
        desk.admit(signed, at_ms=START_MS, roster=roster("ARC"), counterpart=roster("BOR"))
    return caught.value.code


def test_a_signature_of_the_first_suite_is_not_admitted() -> None:
    """By a key of the same seed as the right one, alone or beside a good one."""
    good = said("ARC")
    weak = sign_statement(
        good.statement,
        channel=agreement().channel,
        party="ARC",
        signer="person/2",
        role="release",
        key=hybrid("ARC 2", KeyRole.OFFICER, SUITE_1),
    )
    assert refused(replace(good, signatures=(weak,))) == "other-suite"
    assert refused(replace(good, signatures=(*good.signatures, weak))) == "other-suite"


def test_a_body_that_is_sealed_to_keys_of_the_first_suite_is_not_admitted() -> None:
    """All its wraps, or the counterpart's alone."""
    place = setting("ARC")
    weak = {party: keyring(party, agreement().channel, SUITE_1).sealing().public for party in NAMES}
    both = replace(place, recipients=tuple(weak.items()))
    theirs = replace(place, recipients=(place.recipients[0], ("BOR", weak["BOR"])))
    for recipients in (both, theirs):
        made = letter("ARC", place=recipients)
        assert refused(signed_by(made, (1, "duty"))) == "other-suite"


@pytest.mark.parametrize("party", NAMES)
def test_a_roster_of_the_first_suite_is_refused_from_either_side(party: str) -> None:
    """Signed by the party's own roots, as the second version or as the first."""
    first = make_roster(party, agreement())
    weak = keyring(party, agreement().channel, SUITE_1)
    people = tuple(
        replace(one, key=hybrid(f"{party} {one.number}", KeyRole.OFFICER, SUITE_1).public) for one in first.people
    )
    made = replace(first, node=weak.node_signer().public, sealing=weak.sealing().public, people=people)
    with pytest.raises(RosterFileRefused, match=r"ed25519\+ml-dsa-65") as caught:
        check_roster(agreement(), party, document(party, "roster", rosters.render(made)))
    assert caught.value.code == "roster-refused"


def test_an_officer_does_not_log_in_with_a_key_of_the_first_suite() -> None:
    """From the same seed as the key in the roster."""
    challenge = bytes(range(32))
    for suite in (SUITE_2, SUITE_1):
        key = hybrid("ARC 1", KeyRole.OFFICER, suite)
        answer = sign_login(challenge, party="ARC", person=1, signer=key)
        if suite is SUITE_2:
            assert check_login(challenge, answer, party="ARC", person=1, rosters=[roster("ARC")]).key == key.public
            continue
        with pytest.raises(ApiRefused):
            check_login(challenge, answer, party="ARC", person=1, rosters=[roster("ARC")])


@pytest.mark.slow
def test_the_line_carries_what_the_second_suite_signs_and_seals(tmp_path: Path) -> None:
    """Handshake, beats, statements and receipts, each way, by keys of the second suite."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["BOR"]) as bor, running(homes["ARC"]) as arc:
            assert (await held(arc, said("ARC"))).state == "held"
            assert (await held(bor, said("BOR"))).state == "held"
            assert line_of(arc).agreement.suite is SUITE_2

    run(test)
