"""Hybrid keys: both halves must verify, and a signature is for one thing only."""

from dataclasses import FrozenInstanceError

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey, MLDSA87PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.errors import KeyRefused, KeysMisused, SignatureRefused
from keys.hybrid import HybridPrivateKey, HybridPublicKey, Signer
from keys.preimage import preimage
from keys.roles import HYBRID_ROLES, KeyRole
from keys.suite import SUITE_1, SUITE_2, SUITES, Suite
from tests.keys.samples import CHANNEL, hybrid, seed


def sign(key: HybridPrivateKey, message: bytes = b"message") -> bytes:
    """A signature for one purpose, channel and party."""
    return key.sign("statement", channel=CHANNEL, author="ARC", message=message)


def verify(key: HybridPublicKey, signature: bytes, message: bytes = b"message") -> None:
    """Check such a signature."""
    key.verify("statement", channel=CHANNEL, author="ARC", message=message, signature=signature)


EACH_SUITE = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)


@EACH_SUITE
@given(st.binary(max_size=200))
@settings(max_examples=20)
def test_signature_verifies(suite: Suite, message: bytes) -> None:
    """What a key signs, its public side verifies, and it has the lengths of the page."""
    key = hybrid("root 1", suite=suite)
    signature = sign(key, message)
    assert (len(signature), len(key.public.raw)) == {SUITE_1: (3373, 1984), SUITE_2: (4691, 2624)}[suite]
    verify(key.public, signature, message)


@EACH_SUITE
@given(data=st.data())
@settings(max_examples=30)
def test_every_bit_of_the_signature_counts(suite: Suite, data: st.DataObject) -> None:
    """A signature with one bit changed, in either half, is refused."""
    changed = bytearray(sign(hybrid("root 1", suite=suite)))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SignatureRefused):
        verify(hybrid("root 1", suite=suite).public, bytes(changed))


@pytest.mark.parametrize(
    ("suite", "lattice_of"), [(SUITE_1, MLDSA65PublicKey), (SUITE_2, MLDSA87PublicKey)], ids=SUITES
)
def test_halves_are_plain_signatures_over_the_preimage(
    suite: Suite, lattice_of: type[MLDSA65PublicKey] | type[MLDSA87PublicKey]
) -> None:
    """Each half verifies by itself with nothing but the crypto library, as the page says."""
    key = hybrid("root 1", suite=suite)
    signature = sign(key)
    data = preimage("statement", channel=CHANNEL, author="ARC", algorithm=suite.name, message=b"message")
    Ed25519PublicKey.from_public_bytes(key.public.raw[:32]).verify(signature[:64], data)
    lattice = lattice_of.from_public_bytes(key.public.raw[32:])
    lattice.verify(signature[64:], data, context=b"hotline/1/statement")


def test_a_half_of_another_key_is_refused() -> None:
    """Two keys cannot lend each other a half."""
    one, two = sign(hybrid("root 1")), sign(hybrid("root 2"))
    for mixed in (one[:64] + two[64:], two[:64] + one[64:]):
        with pytest.raises(SignatureRefused):
            verify(hybrid("root 1").public, mixed)


@pytest.mark.parametrize("length", [0, 64, 3309, 3372, 3374, 4691])
def test_other_lengths_are_refused(length: int) -> None:
    """A signature has 3,373 bytes; a single half is not enough."""
    with pytest.raises(SignatureRefused, match="3373 bytes"):
        verify(hybrid("root 1").public, bytes(length))


@pytest.mark.parametrize("role", sorted(HYBRID_ROLES))
def test_one_seed_in_two_jobs_is_two_keys(role: KeyRole) -> None:
    """The job is part of the id and of equality."""
    key = HybridPrivateKey.from_seed(seed("a", 64), role).public
    others = {HybridPrivateKey.from_seed(seed("a", 64), other).public for other in HYBRID_ROLES - {role}}
    assert key not in others
    assert key.key_id not in {other.key_id for other in others}


@pytest.mark.parametrize("role", sorted(set(KeyRole) - HYBRID_ROLES))
def test_other_jobs_are_refused(role: KeyRole) -> None:
    """Logs, mirrors, sealing and TLS have keys of their own types."""
    with pytest.raises(KeyRefused, match="cannot serve"):
        HybridPrivateKey.from_seed(seed("a", 64), role)


def test_equal_halves_of_a_seed_are_refused() -> None:
    """Sixty-four bytes that repeat themselves are no random seed."""
    with pytest.raises(KeysMisused, match="equal"):
        HybridPrivateKey.from_seed(seed("a", 32) * 2, KeyRole.ROOT)
    with pytest.raises(KeysMisused, match="64 bytes"):
        HybridPrivateKey.from_seed(seed("a", 63), KeyRole.ROOT)


def test_private_key_shows_nothing() -> None:
    """The repr holds the id of the public key and no byte of the seed."""
    shown = repr(hybrid("root 1"))
    assert hybrid("root 1").public.key_id.hex()[:16] in shown
    assert seed("root 1", 64).hex()[:8] not in shown


def test_keys_are_frozen_and_are_signers() -> None:
    """Nothing on a key can be replaced, and a key in memory is one kind of signer."""
    assert isinstance(hybrid("root 1"), Signer)
    with pytest.raises(FrozenInstanceError):
        hybrid("root 1").public.raw = b""  # type: ignore[misc]


def test_key_objects_are_made_once() -> None:
    """Verifying twice loads each half once: loading costs as much as a good part of verifying."""
    key = HybridPublicKey(hybrid("root 1").public.raw, KeyRole.ROOT)
    assert key._mldsa is None
    verify(key, sign(hybrid("root 1")))
    first = (key._ed25519, key._mldsa)
    verify(key, sign(hybrid("root 1")))
    assert (key._ed25519, key._mldsa) == first
    assert key == hybrid("root 1").public


def test_a_key_of_one_suite_takes_no_signature_of_the_other() -> None:
    """From one seed the Ed25519 halves are equal, and still neither the whole nor that half goes over."""
    one, two = hybrid("root 1"), hybrid("root 1", suite=SUITE_2)
    assert one.public.ed25519_raw == two.public.ed25519_raw
    assert one.public.key_id != two.public.key_id
    for key, other in ((one, two), (two, one)):
        whole, given_ = sign(key), sign(other)
        with pytest.raises(SignatureRefused, match="bytes, not"):
            verify(key.public, given_)
        with pytest.raises(SignatureRefused, match="Ed25519 half"):
            verify(key.public, given_[:64] + whole[64:])


def test_a_public_key_has_a_length_that_a_suite_has() -> None:
    """Two lengths are keys, and everything between and beside them is none."""
    for length in (0, 32, 1983, 1985, 2623, 2625):
        with pytest.raises(KeyRefused, match="1,984 or 2,624 bytes"):
            HybridPublicKey(bytes(length), KeyRole.ROOT)
