"""The gate lets honest keys through and nothing that would sign for everybody."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from keys import gate
from keys.errors import KeyRefused


@given(st.binary(min_size=32, max_size=32))
def test_honest_keys_pass(secret: bytes) -> None:
    """Every public key made from a secret is acceptable, on both curves."""
    gate.check_ed25519(Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())
    gate.check_x25519(X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", sorted(gate._EDWARDS_SMALL))
def test_small_order_points_of_edwards_are_refused(y: int, sign: int) -> None:
    """All points whose order divides 8 are stopped, with either sign."""
    with pytest.raises(KeyRefused, match="small order"):
        gate.check_ed25519((y | sign << 255).to_bytes(32, "little"))


def test_constants_are_the_whole_torsion() -> None:
    """Eight times each listed point is the neutral element, and the list has five y for eight points."""
    assert len(gate._EDWARDS_SMALL) == 5
    for y in gate._EDWARDS_SMALL:
        # The y of a doubled point depends on y alone: (y² + x²) / (2 - y² + x²) with x² from the curve's equation.
        for _ in range(3):
            x2 = (y * y - 1) * pow(gate._D * y * y + 1, -1, gate.P) % gate.P
            y = (y * y + x2) * pow(2 - y * y + x2, -1, gate.P) % gate.P
        assert y == 1


def test_the_library_needs_the_gate() -> None:
    """Why it exists: under the neutral element one signature is good for any message."""
    forged = (1).to_bytes(32, "little") + bytes(32)
    key = Ed25519PublicKey.from_public_bytes((1).to_bytes(32, "little"))
    for message in (b"peace", b"war"):
        key.verify(forged, message)
    with pytest.raises(InvalidSignature):
        key.verify(bytes(64), b"peace")


@pytest.mark.parametrize("u", sorted(gate._MONTGOMERY_SMALL))
def test_small_order_points_of_montgomery_are_refused(u: int) -> None:
    """The listed u are those that the library finds to give a secret of zero."""
    raw = u.to_bytes(32, "little")
    with pytest.raises(KeyRefused, match="small order"):
        gate.check_x25519(raw)
    with pytest.raises(ValueError, match="shared key"):
        X25519PrivateKey.from_private_bytes(b"\7" * 32).exchange(X25519PublicKey.from_public_bytes(raw))


@pytest.mark.parametrize("number", range(gate.P, 2**255))
def test_second_spellings_are_refused(number: int) -> None:
    """None of the nineteen numbers from p to 2**255 - 1 is a coordinate."""
    raw = number.to_bytes(32, "little")
    for check in (gate.check_ed25519, gate.check_x25519):
        with pytest.raises(KeyRefused, match="second spelling"):
            check(raw)


def test_half_of_all_strings_are_no_points() -> None:
    """A y that no point has is refused: nobody holds that key, so it must not count."""
    refused = 0
    for y in range(2, 102):
        try:
            gate.check_ed25519(y.to_bytes(32, "little"))
        except KeyRefused:
            refused += 1
    assert 30 < refused < 70


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_other_lengths_are_refused(length: int) -> None:
    """A key has 32 bytes."""
    for check in (gate.check_ed25519, gate.check_x25519):
        with pytest.raises(KeyRefused, match="32 bytes"):
            check(bytes(length))
