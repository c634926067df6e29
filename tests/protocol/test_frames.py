"""Frames: one spelling each, every item within its table, and nothing else gets through."""

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import frames
from protocol.errors import Malformed, ProtocolError
from protocol.frames import FRAMES, FrameType, Item
from protocol.limits import FRAME_BYTES_MAX


def values_of(item: Item) -> st.SearchStrategy[Any]:
    """Values that an item may have."""
    low = 0 if item.exact is None else item.exact
    size = {"min_size": low, "max_size": min(item.most, 40) if item.exact is None else item.exact}
    if item.kind is int:
        made: st.SearchStrategy[Any] = st.integers(0, item.most)
    elif item.kind is str:
        made = st.text(st.characters(codec="utf-8"), **size)
    elif item.kind is bytes:
        made = st.binary(**size)
    else:
        part = st.binary(min_size=item.exact or 1, max_size=item.exact or 40)
        made = st.lists(part, max_size=min(item.count, 5))
    return st.none() | made if item.optional else made


any_frame = st.sampled_from(list(FRAMES)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.fixed_dictionaries({item.name: values_of(item) for item in FRAMES[kind]}))
)


def samples() -> dict[FrameType, dict[str, Any]]:
    """One good set of items for each type."""
    plain: dict[type, Any] = {int: 1, str: "ab", bytes: b"x", list: []}
    return {
        kind: {item.name: bytes(item.exact) if item.exact and item.kind is bytes else plain[item.kind] for item in row}
        for kind, row in FRAMES.items()
    }


@given(any_frame)
def test_a_frame_reads_back(case: tuple[FrameType, dict[str, Any]]) -> None:
    """What was written reads as the same type and items, and has no second spelling."""
    kind, items = case
    data = frames.encode(kind, **items)
    read = frames.parse(data)
    assert (read.type, read.items) == (kind, items)
    assert msgpack.packb(msgpack.unpackb(data)) == data


@given(any_frame, st.data())
def test_a_cut_or_longer_frame_is_refused(case: tuple[FrameType, dict[str, Any]], data: st.DataObject) -> None:
    """No prefix of a frame is a frame, nor is one with something behind it."""
    whole = frames.encode(case[0], **case[1])
    end = data.draw(st.integers(0, len(whole) - 1))
    for bad in (whole[:end], whole + b"\xc0"):
        with pytest.raises(Malformed):
            frames.parse(bad)


@given(st.binary(max_size=200))
def test_noise_is_refused_or_reads_back(data: bytes) -> None:
    """Any bytes either are the one spelling of a frame or are refused by an error of this package."""
    try:
        read = frames.parse(data)
    except ProtocolError:
        return
    assert frames.encode(read.type, **read.items) == data


BAD_ITEMS: dict[str, Any] = {
    "an unknown type": [10, b"x"],
    "no type": [],
    "a map": {"a": 1},
    "a type that is true": [True, b"x"],
    "too few items": [2],
    "too many items": [2, b"x", b"y"],
    "text for bytes": [2, "x"],
    "bytes for a number": [5, b"x", b"y"],
    "a number below zero": [5, -1, b"y"],
    "a number too large": [5, 2**63, b"y"],
    "true for a number": [5, True, b"y"],
    "nothing for what is not optional": [5, None, b"y"],
    "a channel of 31 bytes": [1, b"\x01", bytes(31), "ARC", bytes(32)],
    "a name of five letters": [1, b"\x01", bytes(32), "ARCAD", bytes(32)],
    "a proof hash of 31 bytes": [4, b"note", 0, [], [bytes(31)]],
    "too many proof hashes": [4, b"note", 0, [], [bytes(32)] * 131],
    "an empty entry": [4, b"note", 0, [b""], []],
    "an entry too large": [4, b"note", 0, [bytes(65_536)], []],
    "an entry that is a number": [4, b"note", 0, [1], []],
}


@pytest.mark.parametrize("what", BAD_ITEMS)
def test_items_out_of_their_table_are_refused(what: str) -> None:
    """Types, bounds, counts and lengths are all checked, with one code."""
    with pytest.raises(Malformed) as caught:
        frames.parse(msgpack.packb(BAD_ITEMS[what]))
    assert caught.value.code == "bad-frame"


def test_a_second_spelling_is_refused() -> None:
    """A number written longer than it has to be is another spelling."""
    good = frames.encode(FrameType.WANT, voice="ARC", start=1)
    assert good.endswith(b"\x01")
    with pytest.raises(Malformed):
        frames.parse(good[:-1] + b"\xcc\x01")


def test_a_frame_larger_than_any_is_refused() -> None:
    """Neither written nor read."""
    with pytest.raises(ValueError):
        frames.encode(FrameType.APPEND, note=b"n", start=0, entries=[bytes(65_000)] * 5, proof=[])
    with pytest.raises(Malformed):
        frames.parse(msgpack.packb([5, 1, bytes(FRAME_BYTES_MAX)]))


@pytest.mark.parametrize("kind", list(FRAMES))
def test_our_own_mistakes_are_others(kind: FrameType) -> None:
    """A missing or unknown item when writing is a mistake in the program, not of the peer."""
    good = samples()[kind]
    frames.encode(kind, **good)
    with pytest.raises(TypeError):
        frames.encode(kind, **good, more=1)
    with pytest.raises((TypeError, KeyError)):
        frames.encode(kind, **{f"{name}-": value for name, value in good.items()})


def test_the_largest_of_everything_fits() -> None:
    """A full append, the largest body and the largest flash each fit one frame."""
    note = bytes(9_000)
    proof = [bytes(32)] * frames.PROOF_HASHES_MAX
    frames.encode(FrameType.APPEND, note=note, start=0, entries=[bytes(65_535)] * 3, proof=proof)
    body = bytes(frames.FRAMES[FrameType.BODY][1].most)
    frames.encode(FrameType.AHEAD, note=note, index=0, path=proof, entry=bytes(65_535), body=body)
