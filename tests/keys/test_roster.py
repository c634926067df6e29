"""Rosters: one text each, one job a key, and a rule for what may follow."""

import tomllib
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.errors import KeyRefused, RosterRefused
from keys.hybrid import HybridPublicKey
from keys.note_key import NoteKeyType
from keys.quorum import RootSet
from keys.roles import ROLES, KeyRole
from keys.roster import TEXT_BYTES_MAX, NotePair, Person, check_apart, check_succession, parse, render
from keys.suite import SUITE_1, SUITE_2, SUITES, Suite
from keys.tls_identity import spki_pin
from keys.toml_lines import INSTANT_MAX_MS
from tests.keys.samples import (
    CHANNEL,
    START_MS,
    YEAR_MS,
    certificate,
    good_roster,
    hybrid,
    pair,
    person,
    roster,
    sealing,
)

TEXT = render(good_roster())
EACH_SUITE = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)


@EACH_SUITE
@given(
    version=st.integers(2, 1_000_000),
    epoch=st.integers(0, 1000),
    start_ms=st.integers(0, INSTANT_MAX_MS - 1),
    previous=st.binary(min_size=32, max_size=32),
    numbers=st.sets(st.integers(1, 6), max_size=4),
    roles=st.sets(st.sampled_from(ROLES), min_size=1),
)
@settings(max_examples=30)
def test_roster_reads_back(
    suite: Suite, version: int, epoch: int, start_ms: int, previous: bytes, numbers: set[int], roles: set[str]
) -> None:
    """Every roster is read back from its text as it was."""
    ordered = tuple(role for role in ROLES if role in roles)
    made = roster(
        suite,
        version=version,
        previous=previous,
        epoch=epoch,
        next_epoch=epoch + 1,
        valid_from_ms=start_ms,
        valid_until_ms=INSTANT_MAX_MS,
        tls=(certificate(), certificate("next tls")),
        people=tuple(person(number, *ordered, suite=suite) for number in sorted(numbers)),
    )
    assert parse(render(made)) == made


def test_text_is_toml_with_the_same_values() -> None:
    """A person with any TOML reader sees what we see."""
    loaded = tomllib.loads(TEXT.decode())
    assert list(loaded) == [
        *("format", "party", "channel", "version", "valid_from", "valid_until"),
        *("node", "log", "mirror", "sealing", "tls", "next_log", "person"),
    ]
    assert loaded["party"] == "ARC"
    assert loaded["channel"] == CHANNEL.hex()
    assert loaded["valid_from"].timestamp() * 1000 == START_MS
    assert [each["number"] for each in loaded["person"]] == [1, 2]
    assert loaded["person"][0]["roles"] == ["duty", "release"]


def test_comments_hold_ids_and_pins() -> None:
    """People compare key ids by eye; the reader checks the comments that show them."""
    assert f"# key id {good_roster().node.key_id.hex()}\n".encode() in TEXT
    assert f"# pin {spki_pin(certificate()).hex()}\n".encode() in TEXT


@EACH_SUITE
def test_fullest_roster_fits(suite: Suite) -> None:
    """As many persons as the suite has, with every role and two certificates, are within the bytes a body may have."""
    people = tuple(
        Person(65_000 + number, ROLES, hybrid(f"person {number}", KeyRole.OFFICER, suite).public, 0, INSTANT_MAX_MS)
        for number in range(suite.people_max)
    )
    made = roster(suite, people=people, tls=(certificate(), certificate("next tls")))
    text = render(made)
    assert len(text) <= TEXT_BYTES_MAX - 2048
    assert parse(text) == made
    with pytest.raises(RosterRefused, match=f"at most {suite.people_max}"):
        roster(suite, people=(*people, person(65_535, suite=suite)))


@given(st.integers(0, len(TEXT) - 1), st.integers(0, 7))
@settings(max_examples=150)
def test_no_other_text_is_this_roster(index: int, bit: int) -> None:
    """With one bit changed the text is refused or is another roster with that very text."""
    changed = bytearray(TEXT)
    changed[index] ^= 1 << bit
    try:
        other = parse(bytes(changed))
    except RosterRefused:
        return
    assert other != good_roster()
    assert render(other) == changed


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    """Random input gives RosterRefused and nothing else, alone and behind a good start."""
    with pytest.raises(RosterRefused):
        parse(data)
    with pytest.raises(RosterRefused):
        parse(TEXT[:200] + data)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"party": "arc"}, "broken rule"),
        ({"party": "ARCAD"}, "broken rule"),
        ({"channel": bytes(31)}, "broken rule"),
        ({"version": 0}, "broken rule"),
        ({"version": 2}, "broken rule"),
        ({"previous": bytes(32)}, "broken rule"),
        ({"version": 2, "previous": bytes(31)}, "broken rule"),
        ({"valid_until_ms": START_MS}, "broken rule"),
        ({"valid_from_ms": -1}, "broken rule"),
        ({"node": hybrid("root 1").public}, "broken rule"),
        ({"epoch": -1, "next_epoch": 0}, "broken rule"),
        ({"next_epoch": 1}, "broken rule"),
        ({"next_epoch": 3}, "broken rule"),
        ({"tls": ()}, "broken rule"),
        ({"tls": (b"no certificate",)}, "bad key"),
        ({"tls": (certificate(), certificate())}, "key reused"),
        ({"people": (person(2), person(1))}, "broken rule"),
        ({"people": (person(1), person(1))}, "broken rule"),
        ({"mirror": pair("log")}, "key reused"),
        ({"next_log": pair("log")}, "key reused"),
        ({"log": NotePair(pair("log").ed25519, pair("mirror").mldsa44)}, "key reused"),
        ({"log": NotePair(hybrid("node").public.ed25519_raw, pair("log").mldsa44)}, "key reused"),
        (
            {"people": (replace(person(1), key=HybridPublicKey(hybrid("node").public.raw, KeyRole.OFFICER)),)},
            "key reused",
        ),
    ],
)
def test_rules_are_kept(changes: dict[str, Any], kind: str) -> None:
    """No roster object can exist that breaks a rule."""
    with pytest.raises(RosterRefused) as refused:
        roster(**changes)
    assert refused.value.kind == kind


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 0},
        {"number": 65_536},
        {"roles": ()},
        {"roles": ("release", "duty")},
        {"roles": ("duty", "duty")},
        {"roles": ("duty", "king")},
        {"key": hybrid("root 1").public},
        {"valid_until_ms": START_MS},
    ],
)
def test_rules_of_a_person_are_kept(changes: dict[str, Any]) -> None:
    """Numbers, roles in order, an officer's key, and some validity."""
    with pytest.raises(RosterRefused):
        replace(person(1), **changes)


def test_bad_pair_is_refused() -> None:
    """A log's keys pass the gate and have their lengths."""
    with pytest.raises(KeyRefused):
        NotePair(bytes(32), pair("log").mldsa44)
    with pytest.raises(KeyRefused):
        NotePair(pair("log").ed25519, bytes(1311))


def test_validity_is_half_open() -> None:
    """The first instant counts, the last does not: two rosters never overlap by a millisecond."""
    for thing in (good_roster(), person(1)):
        assert thing.valid_at(START_MS)
        assert thing.valid_at(START_MS + YEAR_MS - 1)
        assert not thing.valid_at(START_MS - 1)
        assert not thing.valid_at(START_MS + YEAR_MS)


def test_lookups() -> None:
    """Persons by number, pins in order, and the note keys under their names and types."""
    assert good_roster().person(2) == person(2, "senior")
    assert good_roster().person(3) is None
    assert good_roster().pins() == (spki_pin(certificate()),)
    one, two = good_roster().log.log_verifiers("arc.test/hotline/x/1")
    assert (one.type, two.type) == (NoteKeyType.ED25519, NoteKeyType.MLDSA44)
    three, four = good_roster().mirror.mirror_verifiers("arc.test/hotline/x/mirror")
    assert (three.type, four.type) == (NoteKeyType.COSIGNATURE, NoteKeyType.MLDSA44)
    assert one.name == two.name == "arc.test/hotline/x/1"


MOVED: dict[str, Any] = {"epoch": 2, "next_epoch": 3, "log": pair("next log"), "next_log": pair("third log")}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"people": ()}, None),
        ({"node": hybrid("new node", KeyRole.NODE).public}, None),
        ({"mirror": pair("new mirror")}, None),
        ({"next_log": pair("other next log")}, None),
        ({"tls": (certificate("new tls"),)}, None),
        (MOVED, None),
        ({"party": "BOR"}, "another party"),
        ({"channel": bytes(32)}, "another party"),
        ({"version": 3}, "version 2 was due"),
        ({"previous": bytes(32)}, "another text"),
        ({"log": pair("new log")}, "within an epoch"),
        ({**MOVED, "log": pair("new log")}, "nor the one announced"),
        ({**MOVED, "epoch": 3, "next_epoch": 4}, "nor the one announced"),
        ({**MOVED, "next_log": pair("log")}, "retired"),
        ({"people": (replace(person(1, "duty"), number=9),)}, "person 1"),
        ({"mirror": pair("new mirror"), "next_log": pair("mirror")}, "mirror"),
    ],
)
def test_what_may_follow(changes: dict[str, Any], reason: str | None) -> None:
    """Version 2 against version 1: what changed, and the reason if it may not follow."""
    following = roster(**{"version": 2, "previous": sha256(TEXT).digest(), **changes})
    if reason is None:
        check_succession(good_roster(), TEXT, following)
        return
    with pytest.raises(RosterRefused, match=reason) as refused:
        check_succession(good_roster(), TEXT, following)
    assert refused.value.kind == "not a successor"


def test_roots_do_nothing_else() -> None:
    """A root key, or half of one, has no place in a roster."""
    check_apart(good_roster(), RootSet(1, (hybrid("root 1").public,)))
    node_as_root = HybridPublicKey(hybrid("node").public.raw, KeyRole.ROOT)
    with pytest.raises(RosterRefused, match="root and node"):
        check_apart(good_roster(), RootSet(1, (node_as_root,)))


def test_a_roster_of_the_second_suite_says_so() -> None:
    """Its format is 2, and its suite stands above everything else; the first suite's text is of format 1."""
    text = render(good_roster(SUITE_2))
    assert text.split(b"\n")[1:3] == [b'format = "hotline/2/roster"', b'suite = "ed25519+ml-dsa-87"']
    assert parse(text) == good_roster(SUITE_2)
    assert TEXT.split(b"\n")[1:3] == [b'format = "hotline/1/roster"', b'party = "ARC"']


@pytest.mark.parametrize(
    "changes",
    [
        {"node": hybrid("node", KeyRole.NODE, SUITE_2).public},
        {"sealing": sealing(suite=SUITE_2).public},
        {"people": (person(1), person(2, suite=SUITE_2))},
    ],
    ids=["node", "sealing", "person"],
)
def test_no_key_is_of_another_suite(changes: dict[str, Any]) -> None:
    """One key of the other suite, and there is no roster."""
    with pytest.raises(RosterRefused) as refused:
        roster(**changes)
    assert refused.value.kind == "other suite"


def test_the_suite_in_the_text_is_that_of_the_keys() -> None:
    """A line that names another suite, an unknown one, the first one, or none where one is needed."""
    text = render(good_roster(SUITE_2))
    line = b'suite = "ed25519+ml-dsa-87"\n'
    for changed, kind in (
        (text.replace(line, b""), "other suite"),
        (text.replace(line, b'suite = "ed25519+ml-dsa-65"\n'), "other suite"),
        (text.replace(line, b'suite = "ed25519+ml-dsa-88"\n'), "other suite"),
        (text.replace(b"hotline/2/roster", b"hotline/1/roster"), "malformed"),
        (TEXT.replace(b"hotline/1/roster", b"hotline/2/roster"), "malformed"),
        (TEXT.replace(b'1/roster"\n', b'2/roster"\nsuite = "ed25519+ml-dsa-65"\n'), "malformed"),
    ):
        with pytest.raises(RosterRefused) as refused:
            parse(changed)
        assert refused.value.kind == kind


def test_a_roster_of_another_suite_than_the_roots_is_refused() -> None:
    """The roots are in the agreement, so their suite is what was agreed on; the version before is of it as well."""
    for suite, other in ((SUITE_1, SUITE_2), (SUITE_2, SUITE_1)):
        check_apart(good_roster(suite), RootSet(1, (hybrid("root 1", suite=suite).public,)))
        with pytest.raises(RosterRefused, match="the channel of") as refused:
            check_apart(good_roster(other), RootSet(1, (hybrid("root 1", suite=suite).public,)))
        assert refused.value.kind == "other suite"
        before = render(good_roster(suite))
        after = roster(other, version=2, previous=sha256(before).digest())
        with pytest.raises(RosterRefused, match="another suite"):
            check_succession(good_roster(suite), before, after)
