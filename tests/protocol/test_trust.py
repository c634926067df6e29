"""Marks: what was said with a key that was revoked afterwards, behind the last entry that is trusted."""

from dataclasses import replace
from hashlib import sha256

import pytest

from keys import roster as rosters
from keys.errors import RosterRefused
from keys.note_key import NoteKeyType, NoteSigner
from keys.revoked import RevokedKey
from keys.roles import KeyRole
from keys.roster import NotePair, Roster, check_succession
from protocol.audit import audit
from protocol.evidence import MemoryEvidence
from protocol.tagged import digest
from protocol.trust import AFTER_LAST_TRUST, NODE, Trust
from tests.builders import START_MS, World, hybrid, make_roster


def follows(before: Roster, **changes: object) -> Roster:
    """The next version."""
    return replace(before, version=before.version + 1, previous=digest(rosters.render(before)), **changes)  # type: ignore[arg-type]


def revoking(before: Roster, number: int, trusted: int) -> Roster:
    """The next version, in which a person has a new key and the old one is revoked."""
    old = before.person(number)
    assert old is not None
    assert old.key is not None
    new = replace(old, key=hybrid(f"{before.party} new {number}", KeyRole.OFFICER).public)
    people = tuple(new if one.number == number else one for one in before.people)
    gone = RevokedKey("officer", old.key.key_id, "stolen", trusted)
    return follows(before, people=people, revoked=(*before.revoked, gone))


FIRST = make_roster("ARC", World().agreement)
SECOND = revoking(FIRST, 1, 5)


def test_the_marks_are_behind_the_trusted_part_and_before_the_roster() -> None:
    """Not before it, not from the roster on, and not what somebody else signed."""
    trust = Trust([(1, FIRST), (8, SECOND)])
    marked = [index for index in range(2, 12) if trust.of(index, (1,))]
    assert marked == [5, 6, 7]
    assert trust.of(6, (2, 3)) is None
    found = trust.of(6, (1, 2))
    assert found is not None
    assert (found.at, found.signers, found.key.reason) == (8, (1,), "stolen")


def test_whoever_looks_at_an_earlier_size_finds_no_mark() -> None:
    """The past stays as it was read: marks come with the roster, at the end of the log."""
    trust = Trust([(1, FIRST), (8, SECOND)])
    assert trust.of(6, (1,), size=8) is None
    assert trust.of(6, (1,), size=9) is not None


def test_a_later_revocation_adds_marks_and_takes_none_away() -> None:
    """Also of a key that was replaced long before; the first roster that lists a key decides about it."""
    third = follows(SECOND, node=hybrid("ARC other", KeyRole.NODE).public)
    fourth = follows(third, revoked=(*third.revoked, RevokedKey("node", SECOND.node.key_id, "lost", 2)))
    before, after = Trust([(1, FIRST), (8, SECOND)]), Trust([(1, FIRST), (8, SECOND), (10, third), (12, fourth)])
    for index in range(2, 8):
        assert before.of(index, (1,)) == after.of(index, (1,))
    assert [index for index in range(2, 14) if after.of(index, (NODE,))] == list(range(2, 11))


def test_a_later_roster_is_taken_without_those_before() -> None:
    """A copy that takes it marks as one that read all of them does, and what was copied stays as it was."""
    before = Trust([(1, FIRST), (8, SECOND)])
    third = follows(SECOND, revoked=(*SECOND.revoked, RevokedKey("officer", b"x" * 32, "lost", 2)))
    after = before.copy()
    after.add(10, third)
    whole = Trust([(1, FIRST), (8, SECOND), (10, third)])
    assert (before.places, after.places) == ([1, 8], whole.places)
    assert list(after.ranges()) == list(whole.ranges()) != list(before.ranges())
    assert [after.of(index, (1,)) for index in range(12)] == [whole.of(index, (1,)) for index in range(12)]


def test_a_revoked_key_never_comes_back() -> None:
    """It has no job beside its revocation, and stays listed in every later version, just so."""
    old = FIRST.people[0].key
    with pytest.raises(RosterRefused, match="still has a job"):
        follows(SECOND, people=(replace(FIRST.people[0], key=old), *FIRST.people[1:]))
    text = rosters.render(SECOND)
    for gone in ((), (replace(SECOND.revoked[0], trusted=7),)):
        with pytest.raises(RosterRefused, match="not listed any more"):
            check_succession(SECOND, text, follows(SECOND, revoked=gone))
    check_succession(SECOND, text, follows(SECOND))


def test_a_roster_with_revoked_keys_is_of_format_2_and_others_stay_of_the_first() -> None:
    """The text says it; reading it gives the same roster; without such a line format 2 is a second spelling."""
    text = rosters.render(SECOND)
    assert text.split(b"\n")[1] == b'format = "hotline/2/roster"'
    assert rosters.parse(text) == SECOND
    assert rosters.render(FIRST).split(b"\n")[1] == b'format = "hotline/1/roster"'
    with pytest.raises(RosterRefused, match="second spelling"):
        rosters.parse(rosters.render(FIRST).replace(b"hotline/1/", b"hotline/2/"))


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (b'job = "officer"', b'job = "log"', "no job"),
        (b'reason = "stolen"', b'reason = "bored"', "no reason"),
        (b"trusted = 5", b"trusted = -5", "trusted"),
        (b"[[revoked]]\njob", b"[[revoked]]\nname", "job"),
    ],
)
def test_a_revocation_of_another_form_is_refused(old: bytes, new: bytes, text: str) -> None:
    """An unknown job or reason, a number that is none, another line."""
    with pytest.raises(RosterRefused, match=text):
        rosters.parse(rosters.render(SECOND).replace(old, new))


def test_what_a_revoked_key_signs_from_the_roster_on_has_no_effect() -> None:
    """The new key of the same person signs from the next entry on; the old one is a bad signature under that number."""
    world = World()
    world.say("ARC", "notification")
    second = revoking(world.rosters["ARC"], 1, 3)
    enacted = world.enact("ARC", "roster", rosters.render(second))
    said = world.say("ARC", "notification")
    verdicts = world.judge()
    assert verdicts[enacted].faults == ()
    assert "bad-signature" in verdicts[said].faults


SECOND_MIRROR = tuple(
    NoteSigner(World().agreement.mirror_name("ARC"), kind, sha256(name).digest())
    for kind, name in ((NoteKeyType.COSIGNATURE, b"one"), (NoteKeyType.MLDSA44, b"other"))
)
"""Of ARC's mirror, after the first was revoked."""


def mirror_revoked(trusted: int) -> World:
    """Two logs whose checkpoints are cosigned by mirrors, and ARC's mirror's key was revoked since."""
    world = World()
    for _ in range(2):
        world.say("BOR", "goodwill")
    before = world.rosters["ARC"]
    gone = RevokedKey("mirror", before.mirror.ed25519, "stolen", trusted)
    keys = [signer.verifier.raw for signer in SECOND_MIRROR]
    world.enact("ARC", "roster", rosters.render(follows(before, mirror=NotePair(*keys), revoked=(gone,))))
    world.state("BOR", "arrival")
    return world


@pytest.mark.parametrize(("trusted", "found"), [(1, True), (4, True), (5, False), (9, False)])
def test_an_audit_says_how_far_a_revoked_mirror_counts(trusted: int, found: bool) -> None:
    """Five entries are cosigned with it: as a warning, where it is trusted for fewer; the other log is as it was."""
    world = mirror_revoked(trusted)
    first, second = MemoryEvidence("A", world.files("ARC")), MemoryEvidence("B", world.files("BOR"))
    report = audit(first, second, world.policy("ARC"), catalogue=world.catalogue, at_ms=START_MS)
    assert report.verdict == "verified"
    told = [(one.where, one.text) for one in report.findings if one.code == AFTER_LAST_TRUST]
    whose = "cosigned over 5 entries by the mirror of ARC, whose key ARC 2 revokes (stolen)"
    assert told == ([("B/checkpoint", f"{whose}: {trusted} of them count as held")] if found else [])
