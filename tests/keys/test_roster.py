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
from keys.roster import PEOPLE_MAX, TEXT_BYTES_MAX, NotePair, Person, check_apart, check_succession, parse, render
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
)

TEXT = render(good_roster())


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
    version: int, epoch: int, start_ms: int, previous: bytes, numbers: set[int], roles: set[str]
) -> None:
    """Every roster is read back from its text as it was."""
    ordered = tuple(role for role in ROLES if role in roles)
    made = roster(
        version=version,
        previous=previous,
        epoch=epoch,
        next_epoch=epoch + 1,
        valid_from_ms=start_ms,
        valid_until_ms=INSTANT_MAX_MS,
        tls=(certificate(), certificate("next tls")),
        people=tuple(person(number, *ordered) for number in sorted(numbers)),
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


def test_fullest_roster_fits() -> None:
    """Forty persons with every role and two certificates are within the bytes a body may have."""
    people = tuple(
        Person(65_000 + number, ROLES, hybrid(f"person {number}", KeyRole.OFFICER).public, 0, INSTANT_MAX_MS)
        for number in range(PEOPLE_MAX)
    )
    made = roster(people=people, tls=(certificate(), certificate("next tls")))
    text = render(made)
    assert len(text) <= TEXT_BYTES_MAX - 2048
    assert parse(text) == made
    with pytest.raises(RosterRefused, match="at most 40"):
        roster(people=(*people, person(65_535)))


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
