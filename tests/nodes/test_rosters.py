"""The rosters on a node's disk: checked at every start, the last good one in force."""

from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hotline import documents
from hotline.documents import check_rosters, sign_document
from hotline.errors import Refused
from keys import roster as rosters
from keys.person import Person
from keys.roles import KeyRole
from keys.roster import Roster
from nodes.home import ChannelHome
from nodes.rosters import RosterFileRefused, check_roster, follows, keep, load, newest
from nodes.signed import SignedStatement
from tests.builders import hybrid
from tests.nodes.homes import agreement, document, roster, roster_statement, write_home


@pytest.fixture
def home(tmp_path: Path) -> ChannelHome:
    """ARC's channel with the first rosters of both."""
    return write_home(tmp_path / "ARC", "ARC").channel("BOR")


def second(**changes: Any) -> Roster:
    """A roster that follows BOR's first."""
    before = rosters.render(roster("BOR"))
    return replace(roster("BOR"), version=2, previous=sha256(before).digest(), **changes)


def put(home: ChannelHome, signed: SignedStatement, version: int) -> None:
    """Write a roster's files, whatever they say."""
    home.roster_statement_path("BOR", version).write_bytes(signed.encode())
    home.roster_path("BOR", version).write_bytes(signed.body or b"")


def test_the_rosters_of_the_pairing_load(home: ChannelHome) -> None:
    """Each party's first, with the pin of its certificate."""
    for party in ("ARC", "BOR"):
        (held,) = load(home, agreement(), party)
        assert held.roster == roster(party)
        assert len(held.tls_pins) == 1


def test_a_roster_that_follows_is_in_force(home: ChannelHome) -> None:
    """Kept by `keep`, it is the last of the list at the next start."""
    (first,) = load(home, agreement(), "BOR")
    made = check_roster(agreement(), "BOR", document("BOR", "roster", rosters.render(second(people=()))))
    assert follows(first, made)
    keep(home, made)
    assert [one.roster.version for one in load(home, agreement(), "BOR")] == [1, 2]


BAD = ("one root", "another previous", "a version left out", "noise", "another kind", "another party")


@pytest.mark.parametrize("what", BAD)
def test_the_last_good_roster_stands(home: ChannelHome, what: str) -> None:
    """One that does not verify or does not follow stays on the disk and counts for nothing."""
    version = 3 if what == "a version left out" else 2
    text = rosters.render(second())
    if what == "one root":
        signed = document("BOR", "roster", text, numbers=(3,))
    elif what == "another previous":
        signed = document("BOR", "roster", rosters.render(replace(second(), previous=bytes(32))))
    elif what == "a version left out":
        signed = document("BOR", "roster", rosters.render(replace(second(), version=3)))
    elif what == "noise":
        signed = document("BOR", "roster", b"noise")
    elif what == "another kind":
        signed = document("BOR", "agreement", text)
    else:
        signed = roster_statement("ARC")
    put(home, signed, version)
    assert [one.roster.version for one in load(home, agreement(), "BOR")] == [1]
    assert home.roster_statement_path("BOR", version).is_file()


def test_without_a_good_roster_there_is_no_line(home: ChannelHome) -> None:
    """None at all, or none that verifies."""
    put(home, document("BOR", "roster", rosters.render(roster("BOR")), numbers=(1,)), 1)
    with pytest.raises(RosterFileRefused):
        load(home, agreement(), "BOR")
    home.roster_statement_path("BOR", 1).unlink()
    home.roster_path("BOR", 1).unlink()
    with pytest.raises(RosterFileRefused):
        load(home, agreement(), "BOR")


def test_the_body_must_be_the_text_that_was_signed() -> None:
    """Another text beside a good signature is refused."""
    signed = roster_statement("BOR")
    with pytest.raises(RosterFileRefused):
        check_roster(agreement(), "BOR", replace(signed, body=rosters.render(second())))
    with pytest.raises(RosterFileRefused):
        check_roster(agreement(), "BOR", replace(signed, body=None))
    with pytest.raises(RosterFileRefused):
        check_roster(agreement(), "ARC", signed)


ADMINS = (7, 8)


def administered() -> list[Roster]:
    """BOR's second roster with two admins, and a third that lacks everybody else."""
    people = tuple(
        Person(
            number=number,
            roles=("admin",),
            key=hybrid(f"BOR {number}", KeyRole.OFFICER).public,
            valid_from_ms=roster("BOR").valid_from_ms,
            valid_until_ms=roster("BOR").valid_until_ms,
        )
        for number in ADMINS
    )
    two = second(people=(*roster("BOR").people, *people))
    return [two, replace(two, version=3, previous=sha256(rosters.render(two)).digest(), people=people)]


def by_admins(made: Roster, *numbers: int) -> SignedStatement:
    """A roster that admins signed."""
    admins = [(number, hybrid(f"BOR {number}", KeyRole.OFFICER)) for number in numbers]
    text, at_ms = rosters.render(made), made.valid_from_ms
    return sign_document("roster", text, agreement=agreement(), party="BOR", admins=admins, issued_at_ms=at_ms)


@pytest.mark.parametrize("signing", [ADMINS, ADMINS[:1]])
def test_a_roster_that_admins_signed_loads_after_one_of_the_roots(home: ChannelHome, signing: tuple[int, ...]) -> None:
    """Two of those that the one before has; one alone is not enough, and the one before stands."""
    two, three = administered()
    put(home, document("BOR", "roster", rosters.render(two)), 2)
    put(home, by_admins(three, *signing), 3)
    assert [one.roster.version for one in load(home, agreement(), "BOR")] == [1, 2, 3][: 1 + len(signing)]


def test_a_client_believes_admins_only_from_a_roster_of_the_roots_on() -> None:
    """It asks for those before; a node that has none of the roots to show, or another one, is refused."""
    two, three = administered()
    signed = by_admins(three, *ADMINS)
    rooted = document("BOR", "roster", rosters.render(two))
    others = {2: rooted}
    check = partial(check_rosters, agreements=(agreement(),), party="BOR")
    assert check(signed, others.__getitem__) == three
    for shown in (signed, roster_statement("BOR"), by_admins(two, *ADMINS)):
        with pytest.raises((Refused, KeyError)):
            check(signed, {2: shown}.__getitem__)


def test_of_many_rosters_the_first_and_the_newest_are_verified(home: ChannelHome) -> None:
    """From one of the roots on; what is between holds by its hash. Where one of these fails, all are looked at, and the
    last good one stands."""
    two, three = administered()
    four = replace(three, version=4, previous=sha256(rosters.render(three)).digest())
    for made, signed in ((two, document("BOR", "roster", rosters.render(two))), (three, by_admins(three, *ADMINS))):
        put(home, signed, made.version)
    put(home, by_admins(four, *ADMINS), 4)
    assert [one.roster.version for one in load(home, agreement(), "BOR", most=1)] == [1, 4]
    rooted = document("BOR", "roster", rosters.render(four))
    put(home, rooted, 4)
    put(home, document("BOR", "roster", b"noise"), 2)
    assert [one.roster.version for one in load(home, agreement(), "BOR", most=1)] == [1, 4]
    assert newest(home, agreement(), "BOR").text == rosters.render(four)
    put(home, replace(rooted, signatures=rooted.signatures[:1]), 4)
    assert [one.roster.version for one in load(home, agreement(), "BOR", most=1)] == [1]
    put(home, document("BOR", "roster", rosters.render(two)), 2)
    assert [one.roster.version for one in load(home, agreement(), "BOR", most=1)] == [1, 3]


def test_a_client_stops_asking_for_rosters_of_admins(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many in a row, with a code of its own; one fewer is asked for and believed."""
    two, three = administered()
    four = replace(three, version=4, previous=sha256(rosters.render(three)).digest())
    shown = {2: document("BOR", "roster", rosters.render(two)), 3: by_admins(three, *ADMINS)}
    check = partial(check_rosters, agreements=(agreement(),), party="BOR")
    monkeypatch.setattr(documents, "ASKED_MAX", 2)
    assert check(by_admins(four, *ADMINS), shown.__getitem__) == four
    monkeypatch.setattr(documents, "ASKED_MAX", 1)
    with pytest.raises(Refused) as refused:
        check(by_admins(four, *ADMINS), shown.__getitem__)
    assert refused.value.code == "roster-chain-long"
