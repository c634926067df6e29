"""A key of which half is elsewhere: what verifies cannot tell, and what comes from elsewhere is not believed."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.divided import DividedKey
from keys.errors import EnvelopeRefused, KeyRefused, KeysMisused, SignatureRefused
from keys.hybrid import HybridPrivateKey, Signer
from keys.preimage import NO_CHANNEL
from keys.roles import KeyRole
from keys.suite import SUITE_2
from keys.token_keyring import TokenKeyring

SEED = bytes(range(64))
WHOLE = HybridPrivateKey.from_seed(SEED, KeyRole.OFFICER)


def divided(answer: bytes | None = None) -> DividedKey:
    """The key of the same seed, its first half elsewhere; or one that is answered something."""

    def elsewhere(data: bytes) -> bytes:
        return WHOLE._ed25519.sign(data) if answer is None else answer

    return DividedKey.of(WHOLE.public.ed25519_raw, SEED[32:], KeyRole.OFFICER, elsewhere)


def test_it_is_the_same_key() -> None:
    """The public key and its id are those of the whole, and a signature verifies under them."""
    key = divided()
    assert isinstance(key, Signer)
    assert key.public == WHOLE.public
    signature = key.sign("statement", channel=NO_CHANNEL, author="ARC", message=b"text")
    WHOLE.public.verify("statement", channel=NO_CHANNEL, author="ARC", message=b"text", signature=signature)
    assert SEED[32:].hex() not in repr(key)


@pytest.mark.parametrize("answer", [b"", bytes(64), b"x" * 63, WHOLE._ed25519.sign(b"something else")])
def test_what_is_no_signature_of_the_key_is_refused(answer: bytes) -> None:
    """Nothing, zeros, too short, of other bytes: nothing is signed then."""
    with pytest.raises(SignatureRefused):
        divided(answer).sign("statement", channel=NO_CHANNEL, author="ARC", message=b"text")


def test_halves_that_cannot_be_are_refused() -> None:
    """Other lengths, and a public key of small order."""
    for public, seed in ((b"", SEED[32:]), (WHOLE.public.ed25519_raw, SEED)):
        with pytest.raises(KeysMisused):
            DividedKey.of(public, seed, KeyRole.OFFICER, bytes)
    with pytest.raises(KeyRefused):
        DividedKey.of(bytes([1]) + bytes(31), SEED[32:], KeyRole.OFFICER, bytes)


def ring(**changed: object) -> TokenKeyring:
    """A keyring of which something may be otherwise."""
    fields: dict[str, object] = {
        "party": "ARC",
        "name": "duty",
        "number": 1,
        "ed25519": WHOLE.public.ed25519_raw,
        "mldsa_seed": SEED[32:],
        "serial": "400afeca24abf281",
        "object_id": bytes(16),
        "pin": "1234 abc",
    }
    return TokenKeyring(**(fields | changed))  # type: ignore[arg-type]


def test_the_keyring_is_written_in_one_way() -> None:
    """Read again it is the same; spaces and unknown names are refused; it does not show seed or PIN."""
    data = ring().encode()
    assert TokenKeyring.parse(data) == ring()
    for other in (data + b" ", data.replace(b'"pin"', b'"pin" '), data.replace(b"{", b'{"a":1,', 1)):
        with pytest.raises(EnvelopeRefused):
            TokenKeyring.parse(other)
    assert "1234 abc" not in repr(ring())
    assert SEED[32:].hex() not in repr(ring())


@pytest.mark.parametrize(
    "changed",
    [
        {"party": "arc"},
        {"name": "Duty"},
        {"number": 0},
        {"mldsa_seed": bytes(31)},
        {"object_id": bytes(15)},
        {"serial": ""},
        {"serial": "a b"},
        {"pin": ""},
        {"pin": "1\n2"},
    ],
)
def test_what_breaks_a_rule_is_refused(changed: dict[str, object]) -> None:
    """Each field has its own."""
    with pytest.raises(EnvelopeRefused):
        ring(**changed)


def test_a_divided_key_is_of_a_suite() -> None:
    """The token has an Ed25519 key as ever; what lies beside it, and the keyring of it, is of the suite."""
    whole = HybridPrivateKey.from_seed(SEED, KeyRole.OFFICER, SUITE_2)
    first = Ed25519PrivateKey.from_private_bytes(SEED[:32])
    key = DividedKey.of(whole.public.ed25519_raw, SEED[32:], KeyRole.OFFICER, first.sign, SUITE_2)
    assert key.public == whole.public
    signature = key.sign("statement", channel=NO_CHANNEL, author="ARC", message=b"text")
    key.public.verify("statement", channel=NO_CHANNEL, author="ARC", message=b"text", signature=signature)
    kept = ring(suite=SUITE_2)
    assert TokenKeyring.parse(kept.encode()) == kept
    assert b'"mldsa87_seed"' in kept.encode()
    with pytest.raises(EnvelopeRefused):
        TokenKeyring.parse(kept.encode().replace(b"ml-dsa-87", b"ml-dsa-65"))
