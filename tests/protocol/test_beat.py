"""Heartbeats: signed objects that stand alone, in one spelling."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import SignatureRefused
from keys.roles import KeyRole
from protocol import beat as beats
from protocol import canonical
from protocol.beat import Beat
from protocol.errors import Malformed, ProtocolError
from protocol.limits import SIZE_MAX, TIME_MS_MAX
from tests.builders import hybrid

CHANNEL = sha256(b"channel").digest()
KEY = hybrid("ARC", KeyRole.NODE)
ROOT = sha256(b"root").digest()
BEAT = Beat(
    channel=CHANNEL, party="ARC", session=ROOT, number=3, at_ms=1_795_255_200_000, ahead_ms=0, own=(5, ROOT),
    held=(7, ROOT), quoted=5, heard=ROOT, heard_at_ms=1_795_255_199_000, docket=(5, 7, ROOT), cosignatures=b"lines",
)  # fmt: skip

sizes = st.integers(0, SIZE_MAX)
hashes = st.binary(min_size=32, max_size=32)
any_beat = st.builds(
    Beat,
    channel=hashes,
    party=st.text("ABC", min_size=2, max_size=4),
    session=hashes,
    number=sizes,
    at_ms=st.integers(0, TIME_MS_MAX),
    ahead_ms=st.integers(0, TIME_MS_MAX),
    own=st.tuples(sizes, hashes),
    held=st.tuples(sizes, hashes),
    quoted=sizes,
    heard=st.none() | hashes,
    heard_at_ms=st.none() | st.integers(0, TIME_MS_MAX),
    docket=st.none() | st.tuples(sizes, sizes, hashes),
    cosignatures=st.binary(max_size=100),
)


@given(any_beat)
def test_a_beat_reads_back(beat: Beat) -> None:
    """What was written reads as the same beat, byte for byte."""
    data = beat.encode()
    assert beats.parse(data) == beat
    assert beats.parse(data).encode() == data


@given(st.binary(max_size=120))
def test_noise_is_refused(data: bytes) -> None:
    """Any bytes are refused by an error of this package."""
    with pytest.raises(ProtocolError):
        beats.parse(data)


BAD: dict[str, Any] = {
    "version": [0, 2, None, True],
    "channel": [bytes(31), "x" * 32, None],
    "party": ["A", "ABCDE", b"ARC", None],
    "session": [bytes(31), None],
    "number": [-1, 2**63, "1", None, True],
    "at_ms": [-1, TIME_MS_MAX + 1, None],
    "ahead_ms": [-1, None],
    "own": [[1], [1, bytes(31)], [-1, bytes(32)], [True, bytes(32)], [1, bytes(32), 1], None, 5],
    "held": [[1, None], {}],
    "quoted": [-1, 2**63],
    "heard": [bytes(31), 1],
    "heard_at_ms": [-1, "1"],
    "docket": [[1, 2], [1, 2, bytes(31)], [-1, 2, bytes(32)], [1, 2**63, bytes(32)], 1],
    "cosignatures": [None, "lines"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, row in BAD.items() for value in row])
def test_an_item_out_of_bounds_is_refused(name: str, value: Any) -> None:
    """Every item has a type and bounds."""
    fields = canonical.decode(BEAT.encode(), bytes_max=16_384)
    assert isinstance(fields, dict)
    data = msgpack.packb({**fields, name: value})
    with pytest.raises(Malformed) as caught:
        beats.parse(data)
    assert caught.value.code == "bad-beat"


@pytest.mark.parametrize("change", ["missing", "more"])
def test_the_items_are_exactly_those(change: str) -> None:
    """One item less or more is not a beat."""
    fields = canonical.decode(BEAT.encode(), bytes_max=16_384)
    assert isinstance(fields, dict)
    if change == "missing":
        del fields["docket"]
    else:
        fields["zeal"] = 1
    with pytest.raises(Malformed):
        beats.parse(canonical.encode(fields))


def test_a_signed_beat_verifies_for_its_channel_and_party_only() -> None:
    """The signature is over the bytes, under channel, party and purpose."""
    data, signature = beats.sign(BEAT, KEY)
    assert beats.verify(data, signature, channel=CHANNEL, party="ARC", key=KEY.public) == BEAT
    other: dict[str, Any] = {"channel": CHANNEL, "party": "ARC", "key": KEY.public}
    for change in ({"channel": bytes(32)}, {"party": "BOR"}, {"key": hybrid("BOR", KeyRole.NODE).public}):
        with pytest.raises(SignatureRefused):
            beats.verify(data, signature, **{**other, **change})
    with pytest.raises(SignatureRefused):
        beats.verify(replace(BEAT, number=4).encode(), signature, **other)


def test_a_beat_signed_for_another_place_is_refused() -> None:
    """Signed under one channel or party, saying another: the signature holds and the beat does not."""
    for change in ({"channel": bytes(32)}, {"party": "BOR"}):
        data = replace(BEAT, **change).encode()
        signature = KEY.sign(beats.PURPOSE, channel=CHANNEL, author="ARC", message=data)
        with pytest.raises(Malformed):
            beats.verify(data, signature, channel=CHANNEL, party="ARC", key=KEY.public)


@pytest.mark.parametrize(("own", "quoted", "shown"), [(5, 5, False), (6, 5, False), (4, 5, True), (0, 0, False)])
def test_a_rollback_shows_in_one_beat(own: int, quoted: int, shown: bool) -> None:
    """A node that signs that its log is shorter than what it was told is held of it was rolled back."""
    assert replace(BEAT, own=(own, ROOT), quoted=quoted).shows_rollback is shown


def test_every_beat_has_its_own_name() -> None:
    """The digest is tagged and follows from the bytes."""
    assert beats.digest(BEAT.encode()) == beats.digest(BEAT.encode())
    assert beats.digest(BEAT.encode()) != beats.digest(replace(BEAT, number=4).encode())
    assert beats.digest(BEAT.encode()) != sha256(BEAT.encode()).digest()
