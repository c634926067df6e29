"""Sealing keys: a wrap opens with one key and one info."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.errors import KeyRefused, KeysMisused, SealRefused
from keys.gate import P384_ORDER
from keys.sealing import SealingPrivateKey, SealingPublicKey, opener_named
from keys.suite import SUITE_1, SUITE_2, SUITES, Suite
from tests.keys.samples import sealing, seed

EACH_SUITE = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)


@EACH_SUITE
@given(st.binary(min_size=1, max_size=64), st.binary(max_size=100))
@settings(max_examples=30)
def test_wrap_opens(suite: Suite, secret: bytes, info: bytes) -> None:
    """What is wrapped to a key, that key opens; the wrap has a fixed overhead."""
    key = sealing(suite=suite)
    wrap = key.public.wrap(secret, info)
    assert len(wrap) == len(secret) + suite.sealing.overhead_bytes
    assert suite.sealing.overhead_bytes == {SUITE_1: 1136, SUITE_2: 1681}[suite]
    assert key.unwrap(wrap, info) == secret


def test_two_wraps_differ() -> None:
    """Equal secrets do not show as equal wraps."""
    assert sealing().public.wrap(b"secret", b"info") != sealing().public.wrap(b"secret", b"info")


def test_other_key_and_other_info_do_not_open() -> None:
    """A wrap moved to another statement, or given to another party, stays shut."""
    wrap = sealing().public.wrap(b"secret", b"info")
    with pytest.raises(SealRefused):
        sealing("other").unwrap(wrap, b"info")
    with pytest.raises(SealRefused):
        sealing().unwrap(wrap, b"inf0")


@EACH_SUITE
@given(st.binary(max_size=1800))
def test_any_bytes_are_refused(suite: Suite, ciphertext: bytes) -> None:
    """Short, empty or random input gives SealRefused and nothing else."""
    with pytest.raises(SealRefused):
        sealing(suite=suite).unwrap(ciphertext, b"info")


@EACH_SUITE
@given(data=st.data())
@settings(max_examples=30)
def test_every_bit_counts(suite: Suite, data: st.DataObject) -> None:
    """A wrap with one bit changed does not open."""
    changed = bytearray(sealing(suite=suite).public.wrap(seed("secret", 32), b"info"))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealRefused):
        sealing(suite=suite).unwrap(bytes(changed), b"info")


@EACH_SUITE
def test_key_is_two_raw_keys(suite: Suite) -> None:
    """The ML-KEM key and the key on the curve make the published key, read back as it was."""
    public = sealing(suite=suite).public
    lengths = len(public.mlkem_raw), len(public.curve_raw)
    assert lengths == {SUITE_1: (1184, 32), SUITE_2: (1568, 97)}[suite]
    again = SealingPublicKey(public.raw)
    assert again == public
    assert again.key_id == public.key_id
    assert sealing(suite=suite).unwrap(again.wrap(b"secret", b""), b"") == b"secret"


@EACH_SUITE
def test_a_wrap_of_the_other_suite_does_not_open(suite: Suite) -> None:
    """Not even cut or filled up to the length that it should have."""
    other = SUITE_2 if suite is SUITE_1 else SUITE_1
    wrap = sealing(suite=other).public.wrap(seed("secret", 32), b"info")
    length = suite.sealing.wrap_bytes
    for given_ in (wrap, wrap[:length], wrap.ljust(length, b"\0")):
        with pytest.raises(SealRefused):
            sealing(suite=suite).unwrap(given_, b"info")


def test_bad_keys_are_refused() -> None:
    """Another length, coefficients out of range, and X25519 of small order are no keys."""
    raw = sealing().public.raw
    for bad in (raw[:-1], b"\xff" * 1184 + raw[1184:], raw[:1184] + bytes(32)):
        with pytest.raises(KeyRefused):
            SealingPublicKey(bad)


def test_private_key_shows_nothing() -> None:
    """No byte of the seed is in the repr; a seed of another length is our own mistake."""
    assert seed("sealing", 96).hex()[:8] not in repr(sealing())
    with pytest.raises(KeysMisused):
        SealingPrivateKey.from_seed(bytes(95))
    with pytest.raises(KeysMisused):
        SealingPrivateKey.from_seed(seed("sealing", 96), SUITE_2)


def test_bad_points_of_p384_are_no_keys() -> None:
    """Beside the curve, compressed, infinity, and coordinates of the prime or more."""
    public = sealing(suite=SUITE_2).public
    raw, point = public.raw, public.curve_raw
    beside = bytearray(point)
    beside[-1] ^= 1
    for bad in (bytes(beside), b"\2" + point[1:], b"\0" * 97, b"\4" + b"\xff" * 48 + point[49:]):
        with pytest.raises(KeyRefused, match="P-384"):
            SealingPublicKey(raw[:1568] + bad)
    with pytest.raises(KeyRefused, match="1,216 or 1,665 bytes"):
        SealingPublicKey(raw[:1568] + point[:49])


@pytest.mark.parametrize("scalar", [0, P384_ORDER, P384_ORDER + 1, 2**384 - 1])
def test_a_scalar_beside_the_order_is_no_seed(scalar: int) -> None:
    """Nothing is reduced by the order: two seeds would give one key."""
    with pytest.raises(KeysMisused, match="order of the curve"):
        SealingPrivateKey.from_seed(seed("sealing", 64) + scalar.to_bytes(48, "big"), SUITE_2)


def test_a_key_that_has_a_successor_is_found_by_its_id() -> None:
    """The one in force and each one before; nothing for an id that the party never had."""
    older, old, other = sealing("older"), sealing("old"), sealing("other")
    key = replace(sealing(), before=(old, older))
    for one in (key, old, older):
        found = opener_named(key, one.public.key_id)
        assert found is not None
        assert found.unwrap(one.public.wrap(b"secret", b"info"), b"info") == b"secret"
    assert opener_named(key, other.public.key_id) is None
    with pytest.raises(SealRefused):
        key.unwrap(old.public.wrap(b"secret", b"info"), b"info")
