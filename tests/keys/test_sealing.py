"""Sealing keys: a wrap opens with one key and one info."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.errors import KeyRefused, KeysMisused, SealRefused
from keys.sealing import OVERHEAD_BYTES, PUBLIC_BYTES, SealingPrivateKey, SealingPublicKey
from tests.keys.samples import sealing, seed


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=100))
@settings(max_examples=30)
def test_wrap_opens(secret: bytes, info: bytes) -> None:
    """What is wrapped to a key, that key opens; the wrap has a fixed overhead."""
    wrap = sealing().public.wrap(secret, info)
    assert len(wrap) == len(secret) + OVERHEAD_BYTES
    assert sealing().unwrap(wrap, info) == secret


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


@given(st.binary(max_size=1300))
def test_any_bytes_are_refused(ciphertext: bytes) -> None:
    """Short, empty or random input gives SealRefused and nothing else."""
    with pytest.raises(SealRefused):
        sealing().unwrap(ciphertext, b"info")


@given(st.integers(0, 1167), st.integers(0, 7))
@settings(max_examples=40)
def test_every_bit_counts(index: int, bit: int) -> None:
    """A wrap with one bit changed does not open."""
    changed = bytearray(sealing().public.wrap(seed("secret", 32), b"info"))
    changed[index] ^= 1 << bit
    with pytest.raises(SealRefused):
        sealing().unwrap(bytes(changed), b"info")


def test_key_is_two_raw_keys() -> None:
    """1,184 bytes of ML-KEM-768 and 32 of X25519 make the published key, read back as it was."""
    public = sealing().public
    assert len(public.raw) == PUBLIC_BYTES == 1216
    again = SealingPublicKey(public.raw)
    assert again == public
    assert again.key_id == public.key_id
    assert sealing().unwrap(again.wrap(b"secret", b""), b"") == b"secret"


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
