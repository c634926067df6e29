"""Rosters that admins sign: people in and out without the roots, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keys import roster as rosters
from keys.errors import RosterRefused
from keys.person import Person
from keys.revoked import RevokedKey
from keys.roles import KeyRole
from keys.roster import Roster, check_succession
from keys.roster_people import check_people_only
from protocol.agreement_conduct import RosterTerms
from protocol.tagged import digest
from tests.builders import START_MS, YEAR_MS, World, hybrid


def person(number: int, *roles: str, **changes: Any) -> Person:
    """A person of ARC."""
    key = hybrid(f"ARC {number}", KeyRole.OFFICER).public
    made = Person(number=number, roles=roles, key=key, valid_from_ms=START_MS - 1, valid_until_ms=START_MS + YEAR_MS)
    return replace(made, **changes)


ADMINS = (person(7, "admin"), person(8, "duty", "admin"))


def administered(**terms: Any) -> tuple[World, Roster]:
    """A world in which ARC's second roster, signed by its roots, has two admins."""
    world = World(**terms)
    second = follows(world.rosters["ARC"], people=(*world.rosters["ARC"].people, *ADMINS))
    world.enact("ARC", "roster", rosters.render(second))
    return world, second


def follows(before: Roster, **changes: Any) -> Roster:
    """The next version."""
    return replace(before, version=before.version + 1, previous=digest(rosters.render(before)), **changes)


def joined(before: Roster, *people: Person) -> Roster:
    """The next version, with some people more."""
    return follows(before, people=tuple(sorted((*before.people, *people), key=lambda one: one.number)))


def test_two_admins_sign_somebody_in_and_out() -> None:
    """Who joined signs from the next entry on; who was signed out does not any more; the verdict names the admins."""
    world, second = administered()
    third = joined(second, person(9, "duty"))
    enacted = world.enact("ARC", "roster", rosters.render(third), admins=(7, 8))
    said = world.say("ARC", "notification", signers=[(9, "duty")])
    fourth = follows(third, people=tuple(one for one in third.people if one.number != 9))
    world.enact("ARC", "roster", rosters.render(fourth), admins=(7, 8))
    after = world.say("ARC", "notification", signers=[(9, "duty")])
    verdicts = world.judge()
    assert verdicts[enacted].faults == ()
    assert verdicts[enacted].signers == ((7, "admin"), (8, "admin"))
    assert verdicts[said].faults == ()
    assert "unknown-signer" in verdicts[after].faults


REFUSED: dict[str, tuple[tuple[int, ...], Callable[[Roster], Roster], str]] = {
    "one admin": ((7,), lambda one: joined(one, person(9, "duty")), "unauthorised"),
    "no admin": ((7, 1), lambda one: joined(one, person(9, "duty")), "unknown-signer"),
    "a new admin": ((7, 8), lambda one: joined(one, person(9, "admin")), "unauthorised"),
    "an admin less": ((7, 8), lambda one: follows(one, people=one.people[:-1]), "unauthorised"),
    "a longer validity": ((7, 8), lambda one: follows(one, valid_until_ms=one.valid_until_ms + 1), "unauthorised"),
    "a new node key": (
        (7, 8),
        lambda one: follows(one, node=hybrid("ARC other", KeyRole.NODE).public),
        "unauthorised",
    ),
    "a key revoked that no officer has": (
        (7, 8),
        lambda one: follows(one, revoked=(RevokedKey("officer", bytes(32), "lost", 0),)),
        "unauthorised",
    ),
    "a key of the node revoked": (
        (7, 8),
        lambda one: follows(one, revoked=(RevokedKey("node", bytes(32), "lost", 0),)),
        "unauthorised",
    ),
    "a version left out": ((7, 8), lambda one: replace(joined(one, person(9, "duty")), version=4), "roster-refused"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_admins_may_not_do_has_no_effect(what: str) -> None:
    """Too few of them, people who are none, or anything but people changed: the roster before stands."""
    world, second = administered()
    admins, change, fault = REFUSED[what]
    enacted = world.enact("ARC", "roster", rosters.render(change(second)), admins=admins)
    said = world.say("ARC", "notification", signers=[(9, "duty")])
    verdicts = world.judge()
    assert fault in verdicts[enacted].faults
    assert not verdicts[enacted].effective
    assert not verdicts[said].effective


def without(before: Roster, number: int, *listed: RevokedKey) -> Roster:
    """The next version, in which a person is gone, their key is revoked, and others are listed before it."""
    gone = before.person(number)
    assert gone is not None
    assert gone.key is not None
    people = tuple(one for one in before.people if one is not gone)
    return follows(before, people=people, revoked=(*listed, RevokedKey("officer", gone.key.key_id, "stolen", 0)))


def test_admins_revoke_the_key_of_an_officer() -> None:
    """Who was an officer of the roster before, and is none any more."""
    world, second = administered()
    assert world.faults(world.enact("ARC", "roster", rosters.render(without(second, 1)), admins=(7, 8))) == ()


@pytest.mark.parametrize(("listed", "allowed"), [(47, True), (48, False)])
def test_admins_leave_the_roots_room_to_revoke(listed: int, allowed: bool) -> None:
    """Thieves of two admins' keys could else fill the list with officers of theirs, and the roots could list none."""
    known = tuple(RevokedKey("officer", bytes([place]) * 32, "other", 0) for place in range(listed))
    _, second = administered()
    before = replace(second, revoked=known)
    following = without(before, 1, *known)
    if allowed:
        check_people_only(before, following)
    else:
        with pytest.raises(RosterRefused, match="at most 48"):
            check_people_only(before, following)
    check_succession(before, rosters.render(before), following)


def test_admins_sign_within_the_validity_that_the_roots_gave() -> None:
    """After it their roster is marked as expired and has no effect."""
    world, second = administered()
    text = rosters.render(joined(second, person(9, "duty")))
    assert world.faults(world.enact("ARC", "roster", text, admins=(7, 8), at_ms=START_MS + YEAR_MS)) == (
        "roster-expired",
    )


@pytest.mark.parametrize(("needed", "effective"), [(0, False), (2, True), (3, False)])
def test_the_agreement_says_how_many_admins(needed: int, effective: bool) -> None:
    """None at all with 0; as many as it says otherwise."""
    world, second = administered(format=2, rosters=RosterTerms(needed))
    enacted = world.enact("ARC", "roster", rosters.render(joined(second, person(9, "duty"))), admins=(7, 8))
    assert world.judge()[enacted].effective is effective


def test_a_back_dated_roster_does_not_follow() -> None:
    """Two admins who were signed out since cannot bring back the version in which they were not."""
    world, second = administered()
    third = follows(second, people=world.rosters["ARC"].people)
    world.enact("ARC", "roster", rosters.render(third))
    back = world.enact("ARC", "roster", rosters.render(joined(second, person(9, "duty"))), admins=(7, 8))
    assert not world.judge()[back].effective
