"""Root sets in a log: signed by the set before and by their own, counting from the next entry."""

from dataclasses import replace
from hashlib import sha256

import pytest

from keys import root_set
from keys import roster as rosters
from keys.hybrid import HybridPublicKey
from keys.quorum import RootSet
from keys.roles import KeyRole
from tests.builders import hybrid
from tests.root_sets import RootWorld, roots_of


def test_a_lost_root_is_replaced() -> None:
    """Two of three sign, and the roots of the new set sign the next roster: the old root no more."""
    world = RootWorld()
    world.change("ARC")
    good = world.next_roster("ARC", (1, 4))
    said = world.say("ARC", "goodwill")
    old = world.next_roster("ARC", (1, 3))
    found = world.judge()
    assert found[good].faults == found[said].faults == ()
    assert found[old].faults == ("unknown-signer", "unauthorised")


def test_all_roots_are_replaced_at_once() -> None:
    """The thresholds of both sets sign, each with its own keys."""
    world = RootWorld()
    assert world.faults(world.change("ARC", (4, 5, 6), signers=(1, 3, 4, 6))) == ()
    assert world.faults(world.next_roster("ARC", (5, 6))) == ()


@pytest.mark.parametrize(
    ("numbers", "signers"),
    [((4, 5, 6), (1, 2)), ((4, 5, 6), (4, 5)), ((4, 5, 6), (1, 4, 5)), ((4, 5, 6), (1, 2, 4)), ((1, 2, 4), (1, 4))],
    ids=["old only", "new only", "below the old", "below the new", "new threshold without the old"],
)
def test_a_set_without_both_quorums_has_no_effect(numbers: tuple[int, ...], signers: tuple[int, ...]) -> None:
    """TUF 5.3: the thresholds of n and of n + 1. The roots before go on."""
    world = RootWorld()
    place = world.state_roots("ARC", world.next_roots("ARC", numbers), signers)
    assert world.faults(place) == ("unauthorised",)
    assert world.faults(world.next_roster("ARC", (2, 3))) == ()


def test_a_root_of_both_sets_signs_once() -> None:
    """A second signature under its number cannot stand in the entry, so it counts twice for nobody."""
    world = RootWorld()
    made = world.next_roots("ARC", (1, 4, 5), 2)
    assert world.faults(world.state_roots("ARC", made, (1, 4))) == ("unauthorised",)
    text = root_set.render(made)
    again = world.statement("ARC", "root-set", body_digest=sha256(text).digest(), body_length=len(text))
    again = replace(again, opener=None, commitments=())
    first = world.sign("ARC", again, "root/1", "root")
    place = world.log("ARC", again, [first, first, world.sign("ARC", again, "root/4", "root")], body=text)
    assert world.faults(place) == ("malformed",)


@pytest.mark.parametrize("which", ["version", "party", "channel", "previous", "roster", "key of the roster"])
def test_a_set_that_does_not_follow_is_refused(which: str) -> None:
    """Whoever signed it."""
    world = RootWorld()
    made = world.next_roots("ARC")
    person = HybridPublicKey(hybrid("ARC 1", KeyRole.OFFICER).public.raw, KeyRole.ROOT)
    made = {
        "version": replace(made, version=3),
        "party": replace(made, party="BOR"),
        "channel": replace(made, channel=bytes(32)),
        "previous": replace(made, previous=bytes(32)),
        "roster": replace(made, roster=2),
        "key of the roster": replace(made, roots=RootSet(2, (*made.roots.keys[:2], person), (1, 2, 4))),
    }[which]
    place = world.state_roots("ARC", made, (1, 2))
    assert world.faults(place) == ("root-set-refused",)
    assert world.faults(world.next_roster("ARC", (1, 3))) == ()


def test_the_other_sides_set_cannot_be_stated_in_this_log() -> None:
    """BOR's roots sign BOR's set, and it is worth nothing in ARC's log."""
    world = RootWorld()
    text = root_set.render(world.next_roots("BOR"))
    made = world.statement("ARC", "root-set", body_digest=sha256(text).digest(), body_length=len(text))
    made = replace(made, opener=None, commitments=())
    signatures = [world.sign("BOR", made, f"root/{number}", "root") for number in (1, 2)]
    place = world.log("ARC", made, signatures, body=text)
    assert world.faults(place) == ("root-set-refused", "bad-signature", "unauthorised")


def test_of_two_sets_on_one_the_first_stands() -> None:
    """A fork of root sets inside a log: the second has no effect, and its roots sign nothing."""
    world = RootWorld()
    one, other = world.next_roots("ARC", (1, 2, 4)), world.next_roots("ARC", (1, 2, 5))
    assert world.faults(world.state_roots("ARC", one, (1, 2))) == ()
    assert world.faults(world.state_roots("ARC", other, (1, 2))) == ("root-set-refused",)
    assert world.faults(world.next_roster("ARC", (4, 5))) == ("unknown-signer", "unauthorised")


def test_a_roster_that_was_dated_back_is_judged_by_its_place() -> None:
    """Retired roots cannot sign for the time before: the order of the log counts, not what a text says."""
    world = RootWorld()
    before = world.agreement.created_ms
    world.change("ARC", (4, 5, 6), signers=(1, 2, 4, 5))
    roster = world.rosters["ARC"]
    text = rosters.render(replace(roster, version=2, previous=sha256(rosters.render(roster)).digest()))
    place = world.enact("ARC", "roster", text, (1, 2), issued_at_ms=before)
    assert world.faults(place) == ("unknown-signer", "unauthorised")


def test_a_retired_roots_key_stands_in_no_roster() -> None:
    """It stays what it was."""
    world = RootWorld()
    world.change("ARC")
    people = world.rosters["ARC"].people
    retired = HybridPublicKey(hybrid("ARC 3", KeyRole.ROOT).public.raw, KeyRole.OFFICER)
    place = world.next_roster("ARC", (1, 2), people=(replace(people[0], key=retired), *people[1:]))
    assert world.faults(place) == ("roster-refused",)


def test_a_set_whose_text_is_damaged_is_refused() -> None:
    """The roots signed bytes that are no root set."""
    world = RootWorld()
    text = root_set.render(world.next_roots("ARC")).replace(b"threshold = 2", b"threshold = 9")
    assert world.faults(world.enact("ARC", "root-set", text, (1, 2))) == ("root-set-refused",)


def test_the_threshold_changes_with_the_set() -> None:
    """After a set that asks for three, two are too few; and the set after it needs three of the one before."""
    world = RootWorld()
    world.change("ARC", (1, 2, 4), threshold=3, signers=(1, 2, 4))
    assert world.faults(world.next_roster("ARC", (1, 2))) == ("unauthorised",)
    world = RootWorld()
    world.change("ARC", (1, 2, 4), threshold=3, signers=(1, 2, 4))
    assert world.faults(world.state_roots("ARC", world.next_roots("ARC", (1, 2, 5)), (1, 2, 5))) == ("unauthorised",)


def test_a_set_that_was_kept_goes_on_after_a_restart_of_the_judge() -> None:
    """What is in force is a state that a judge can begin with."""
    world = RootWorld()
    world.change("ARC")
    world.next_roster("ARC", (1, 4))
    archive = world.archive()
    walk = world.walk(archive)
    list(walk.advance(final=True))
    chain = walk._judge.state(0).chain
    assert chain is not None
    assert chain.roots == roots_of("ARC", (1, 2, 4))
    assert chain.texts == world.chains["ARC"].texts
