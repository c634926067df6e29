"""A node's key file whose Ed25519 halves are in a token."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.divided_node import NODE_JOB, DividedNodeKeyring, TokenHalf, log_job, mirror_job
from keys.errors import EnvelopeRefused, KeyRefused
from keys.keyring import ChannelSeeds, NodeKeyring
from keys.note_key import NoteKeyType, NoteSigner
from tests.keys.samples import CHANNEL, seed
from tests.keys.test_keyring import entropy

SERIAL, PIN = "0123abcd", "7613 token"


def half(name: str) -> TokenHalf:
    """A key of some token."""
    public = NoteSigner("x", NoteKeyType.ED25519, seed(name, 32)).verifier.raw
    return TokenHalf(public, seed(f"{name} id", 16))


def divided() -> DividedNodeKeyring:
    """A node with one channel."""
    source = entropy()
    ring = NodeKeyring.generate("ARC", source).with_channel(CHANNEL, ChannelSeeds.generate(source, epoch=1))
    jobs = (NODE_JOB, log_job(CHANNEL.hex(), 1), mirror_job(CHANNEL.hex()))
    return DividedNodeKeyring(ring, SERIAL, PIN, {job: half(job) for job in jobs})


def test_it_reads_back() -> None:
    """From its plain form, as it was."""
    assert DividedNodeKeyring.parse(divided().encode()) == divided()


def test_nothing_secret_shows() -> None:
    """Neither the PIN nor a seed is in what a log or a traceback would have."""
    shown = repr(divided())
    assert PIN not in shown
    assert divided().ring.node_seed.hex() not in shown


BROKEN = {
    "no half of the node's key": lambda ring: replace(ring, halves={}),
    "one key for two jobs": lambda ring: ring.with_half("mirror/x", ring.halves[NODE_JOB]),
    "no PIN": lambda ring: replace(ring, pin=""),
    "a PIN of two lines": lambda ring: replace(ring, pin="1\n2"),
    "no serial number": lambda ring: replace(ring, serial=""),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_is_refused(change: object) -> None:
    """At once, and not when something is to be signed."""
    with pytest.raises(EnvelopeRefused):
        change(divided())  # type: ignore[operator]


def test_a_half_that_is_no_key_is_refused() -> None:
    """A point of small order, and an id of another length."""
    with pytest.raises(KeyRefused):
        TokenHalf(bytes(32), bytes(16))
    with pytest.raises(EnvelopeRefused):
        TokenHalf(half("one").ed25519, bytes(15))


@given(st.data())
def test_a_second_spelling_is_refused(data: st.DataObject) -> None:
    """One byte changed gives no keyring, or another one that is written so."""
    raw = bytearray(divided().encode())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 127))
    try:
        found = DividedNodeKeyring.parse(bytes(raw))
    except (EnvelopeRefused, KeyRefused):
        return
    assert found.encode() == bytes(raw)
