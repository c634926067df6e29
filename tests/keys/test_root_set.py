"""Root sets: one text a version, and what may follow what."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import root_set
from keys.errors import KeyRefused, RootSetRefused, RosterRefused
from keys.hybrid import HybridPublicKey
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.root_set import RootChain, RootSetVersion, check_no_roster_key, parse, render
from tests.builders import START_MS, YEAR_MS, hybrid, make_agreement, make_roster, roots
from tests.root_sets import roots_of

CHANNEL = bytes(range(32))


def first() -> RootChain:
    """The agreement's roots."""
    return RootChain.first("ARC", CHANNEL, roots("ARC"))


def second(**changes: Any) -> RootSetVersion:
    """Root 3 was lost; root 4 takes its place."""
    made = RootSetVersion(
        "ARC", CHANNEL, 2, START_MS + YEAR_MS, sha256(first().texts[0]).digest(), 5, roots_of("ARC", (1, 2, 4))
    )
    return replace(made, **changes)


def key(number: int) -> HybridPublicKey:
    """A root's key."""
    return hybrid(f"ARC {number}", KeyRole.ROOT).public


@given(
    numbers=st.lists(st.integers(1, 9), min_size=1, max_size=9, unique=True).map(lambda one: tuple(sorted(one))),
    version=st.integers(2, 256),
    roster=st.integers(0, 1_000_000),
    until=st.integers(1, 253_402_300_799_999),
    data=st.data(),
)
def test_what_is_written_is_read_again(
    numbers: tuple[int, ...], version: int, roster: int, until: int, data: st.DataObject
) -> None:
    """Every root set has one text, and the text gives it back."""
    threshold = data.draw(st.integers(1, len(numbers)))
    made = RootSetVersion("ARC", CHANNEL, version, until, bytes(32), roster, roots_of("ARC", numbers, threshold))
    assert parse(render(made)) == made


@given(place=st.integers(0, 100_000), bit=st.integers(0, 7))
def test_a_changed_bit_is_refused_or_another_root_set(place: int, bit: int) -> None:
    """No text is read as the root set of another text."""
    good = render(second())
    bad = bytearray(good)
    bad[place % len(bad)] ^= 1 << bit
    try:
        found = parse(bytes(bad))
    except RootSetRefused:
        return
    assert found != second()


@given(st.binary(max_size=400))
def test_noise_is_refused(data: bytes) -> None:
    """Bytes of no form raise the one error, also behind a good beginning."""
    for text in (data, render(second())[:300] + data):
        with pytest.raises(RootSetRefused):
            parse(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"hotline/1/root-set", b"hotline/2/root-set"),
        (b"version = 2", b"version = 02"),
        (b"version = 2", b"version = 1"),
        (b"version = 2", b"version = 257"),
        (b"threshold = 2", b"threshold = 0"),
        (b"threshold = 2", b"threshold = 4"),
        (b"number = 2", b"number = 1"),
        (b"number = 4", b"number = 100"),
        (b"roster = 5", b"roster = 1000001"),
        (b"# key id ", b"# key id 0"),
        (b"\n\n[[root]]", b"\n[[root]]"),
        (b'party = "ARC"', b'party = "arc"'),
    ],
)
def test_a_rule_or_the_spelling_is_broken(old: bytes, new: bytes) -> None:
    """A text with one thing wrong is refused."""
    good = render(second())
    assert old in good
    with pytest.raises(RootSetRefused):
        parse(good.replace(old, new, 1))


def test_numbers_ascend_and_no_half_of_a_key_stands_twice() -> None:
    """As for the roots of an agreement."""
    half = HybridPublicKey(key(1).ed25519_raw + key(2).mldsa_raw, KeyRole.ROOT)
    for keys, numbers in (((key(1), key(2)), (2, 1)), ((key(1), half), (1, 2)), ((key(1),), (1, 2)), ((key(1),), (0,))):
        with pytest.raises(KeyRefused):
            RootSet(1, keys, numbers)


def test_a_long_text_is_refused_before_it_is_read() -> None:
    """The limit is looked at first."""
    with pytest.raises(RootSetRefused, match="more than"):
        parse(b"#" * (root_set.TEXT_BYTES_MAX + 1))


def test_a_root_is_replaced() -> None:
    """The next version may leave a root out and bring one with a new number."""
    chain = first().then(render(second()))
    assert (chain.newest.version, chain.roots.numbers) == (2, (1, 2, 4))
    assert chain.of_roster(5).numbers == (1, 2, 3)
    assert chain.of_roster(6).numbers == (1, 2, 4)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"party": "BOR"}, "not a successor"),
        ({"channel": bytes(32)}, "not a successor"),
        ({"version": 3}, "not a successor"),
        ({"previous": bytes(32)}, "not a successor"),
        ({"roots": RootSet(2, (key(1), key(2), key(4)), (1, 2, 3))}, "not a successor"),
        ({"roots": RootSet(2, (key(1), key(3), key(2)), (1, 2, 4))}, "key reused"),
        ({"roots": RootSet(1, (key(3),), (4,))}, "key reused"),
    ],
    ids=["party", "channel", "skipped version", "previous", "number again", "key under another number", "key moved"],
)
def test_what_may_not_follow(changes: dict[str, Any], kind: str) -> None:
    """Each step that fails has its kind."""
    with pytest.raises(RootSetRefused) as caught:
        first().then(render(second(**changes)))
    assert caught.value.kind == kind


def test_a_root_that_was_left_out_never_comes_back() -> None:
    """Neither its number nor its key nor half of that."""
    chain = first().then(render(second()))
    third = second(version=3, previous=sha256(chain.texts[-1]).digest())
    half = HybridPublicKey(key(5).ed25519_raw + key(3).mldsa_raw, KeyRole.ROOT)
    for found in (
        RootSet(2, (key(1), key(2), key(3)), (1, 2, 3)),
        RootSet(2, (key(1), key(2), key(5)), (1, 2, 3)),
        RootSet(2, (key(1), key(2), half), (1, 2, 5)),
    ):
        with pytest.raises(RootSetRefused):
            chain.then(render(replace(third, roots=found)))
    assert chain.then(render(replace(third, roots=roots_of("ARC", (1, 2, 5))))).newest.version == 3
    with pytest.raises(RootSetRefused, match="earlier roster"):
        chain.then(render(replace(third, roster=4, roots=roots_of("ARC", (1, 2)))))


def test_no_more_signatures_are_asked_for_than_an_entry_carries() -> None:
    """Nine of nine, all replaced, would need eighteen."""
    chain = RootChain.first("ARC", CHANNEL, roots_of("ARC", tuple(range(1, 10)), 9))
    base = second(previous=sha256(chain.texts[0]).digest())
    with pytest.raises(RootSetRefused, match="16"):
        chain.then(render(replace(base, roots=roots_of("ARC", tuple(range(11, 20)), 9))))
    assert chain.then(render(replace(base, roots=roots_of("ARC", tuple(range(3, 12)), 9)))).newest.version == 2


def test_roots_and_rosters_have_no_key_in_common() -> None:
    """Of no version, either way about."""
    roster = make_roster("ARC", make_agreement())
    other = HybridPublicKey(hybrid("ARC 1", KeyRole.OFFICER).public.raw, KeyRole.ROOT)
    with pytest.raises(RootSetRefused, match="another job"):
        check_no_roster_key(second(roots=RootSet(1, (key(1), other), (1, 4))), roster)
    chain = first().then(render(second(roster=0)))
    retired = replace(roster.people[0], key=HybridPublicKey(key(3).raw, KeyRole.OFFICER))
    with pytest.raises(RosterRefused):
        chain.check_apart(replace(roster, people=(retired,)))
    chain.check_apart(roster)
