"""Key files: a wrong passphrase, a damaged file and a planted one are three different answers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.envelope import COST, Cost, seal, unseal
from keys.errors import EnvelopeRefused, KeysMisused, PassphraseRefused
from tests.keys.samples import seed

CHEAP = Cost(memory_kib=8, passes=1, lanes=1)
SALT, NONCE = seed("salt", 16), seed("nonce", 12)


def sealed(plaintext: bytes = b"contents", passphrase: bytes = b"passphrase", cost: Cost = CHEAP) -> bytes:
    """A cheap key file."""
    return seal(plaintext, passphrase, purpose="node", salt=SALT, nonce=NONCE, cost=cost)


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=40))
@settings(max_examples=40)
def test_file_opens(plaintext: bytes, passphrase: bytes) -> None:
    """Any contents under any passphrase come back."""
    assert unseal(sealed(plaintext, passphrase), passphrase, purpose="node") == plaintext


def test_default_cost_is_the_documented_one() -> None:
    """64 MiB, three passes and four lanes, and such a file opens."""
    assert Cost(65_536, 3, 4) == COST
    blob = seal(b"contents", b"passphrase", purpose="node", salt=SALT, nonce=NONCE)
    assert unseal(blob, b"passphrase", purpose="node") == b"contents"


def test_layout_is_as_the_page_says() -> None:
    """Magic, version, purpose, cost, salt, nonce, check, length, contents and tag, digest."""
    blob = sealed()
    assert blob[:16] == b"hotline/sealed\n\x01"
    assert blob[16:21] == b"\x04node"
    assert blob[21:27] == (8).to_bytes(4, "big") + b"\x01\x01"
    assert blob[27:55] == SALT + NONCE
    assert blob[87:91] == (8).to_bytes(4, "big")
    assert len(blob) == 91 + 8 + 16 + 32


def test_same_arguments_give_the_same_file() -> None:
    """Nothing is drawn inside; salt, nonce, purpose and cost each change the key."""
    assert sealed() == sealed()
    body = slice(91, 99)
    others = [
        seal(b"contents", b"passphrase", purpose="node", salt=seed("b", 16), nonce=NONCE, cost=CHEAP)[body],
        seal(b"contents", b"passphrase", purpose="node", salt=SALT, nonce=seed("b", 12), cost=CHEAP)[body],
        seal(b"contents", b"passphrase", purpose="root", salt=SALT, nonce=NONCE, cost=CHEAP)[body],
        sealed(cost=Cost(9, 1, 1))[body],
    ]
    assert len({sealed()[body], *others}) == 5


@given(st.data())
@settings(max_examples=60)
def test_every_changed_byte_shows_as_damage(data: st.DataObject) -> None:
    """After the version, one flipped bit anywhere is damage and never a wrong passphrase."""
    blob = sealed()
    index = data.draw(st.integers(16, len(blob) - 1))
    changed = bytearray(blob)
    changed[index] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(EnvelopeRefused) as refused:
        unseal(bytes(changed), b"passphrase", purpose="node")
    assert refused.value.kind == "damaged"


@pytest.mark.parametrize("length", range(0, 147, 7))
def test_every_cut_is_refused(length: int) -> None:
    """A file cut short anywhere is refused, and not as a wrong passphrase."""
    with pytest.raises(EnvelopeRefused) as refused:
        unseal(sealed()[:length], b"passphrase", purpose="node")
    assert refused.value.kind in ("malformed", "damaged")


@pytest.mark.parametrize("passphrase", [b"", b"Passphrase", b"passphrase ", b"passphrase\n", b"x" * 5000])
def test_wrong_passphrase_is_told_apart(passphrase: bytes) -> None:
    """The file is whole: the answer is to ask again."""
    with pytest.raises(PassphraseRefused):
        unseal(sealed(), passphrase, purpose="node")


def test_wrong_purpose_is_told_apart() -> None:
    """An officer's client given a node's file says so."""
    with pytest.raises(EnvelopeRefused) as refused:
        unseal(sealed(), b"passphrase", purpose="officer")
    assert refused.value.kind == "wrong purpose"


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    """Random input, alone or behind the magic, gives EnvelopeRefused and nothing else."""
    for blob in (data, b"hotline/sealed\n\x01" + data):
        with pytest.raises(EnvelopeRefused):
            unseal(blob, b"passphrase", purpose="node")


@pytest.mark.parametrize(
    ("memory_kib", "passes", "lanes"),
    [(7, 1, 1), (31, 1, 4), (262_145, 1, 1), (64, 0, 1), (64, 17, 1), (64, 1, 0), (256, 1, 17)],
)
def test_costs_have_ends(memory_kib: int, passes: int, lanes: int) -> None:
    """Less than Argon2id allows, or more than a small machine bears, cannot be asked for."""
    with pytest.raises(KeysMisused):
        Cost(memory_kib, passes, lanes)


def test_arguments_have_lengths() -> None:
    """Salt, nonce, passphrase and contents are bounded; outside is our own mistake."""
    good = {"purpose": "node", "salt": SALT, "nonce": NONCE}
    with pytest.raises(KeysMisused):
        seal(b"", b"", **good)  # type: ignore[arg-type]
    with pytest.raises(KeysMisused):
        seal(b"", b"x", purpose="node", salt=SALT[1:], nonce=NONCE)
    with pytest.raises(KeysMisused):
        seal(b"", b"x", purpose="node", salt=SALT, nonce=NONCE[1:])
    with pytest.raises(KeysMisused):
        seal(bytes(1_048_577), b"x", purpose="node", salt=SALT, nonce=NONCE, cost=CHEAP)
    with pytest.raises(EnvelopeRefused, match="at most"):
        unseal(bytes(1_049_601), b"x", purpose="node")
