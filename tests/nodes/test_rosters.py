"""The rosters on a node's disk: checked at every start, the last good one in force."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from keys import roster as rosters
from keys.roster import Roster
from nodes.home import ChannelHome
from nodes.rosters import RosterFileRefused, check_roster, follows, keep, load
from nodes.signed import SignedStatement
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
