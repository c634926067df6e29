"""The canonical encoding: one spelling for every value, and bounds before anything is built."""

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canonical import decode, encode
from protocol.errors import Malformed
from protocol.limits import DEPTH_MAX, ITEMS_MAX

BYTES_MAX = 65_535

plain = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=40) | st.binary(max_size=40)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=25,
)
anything = st.recursive(
    plain | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4) | st.integers(-9, 9) | st.binary(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def code_of(data: bytes, **limits: int) -> str:
    """The code of the refusal, or nothing."""
    try:
        decode(data, **{"bytes_max": BYTES_MAX, **limits})
    except Malformed as error:
        return error.code
    return ""


@given(values)
def test_what_is_encoded_is_decoded(value: Any) -> None:
    """Every value comes back equal, and encodes to the same bytes again."""
    data = encode(value)
    assert decode(data, bytes_max=BYTES_MAX) == value
    assert encode(decode(data, bytes_max=BYTES_MAX)) == data


@given(st.dictionaries(st.text(max_size=8), plain, max_size=8), st.randoms())
def test_the_order_of_a_map_does_not_matter_to_the_writer(value: dict[str, Any], random: Any) -> None:
    """A map filled in another order has the same bytes."""
    names = list(value)
    random.shuffle(names)
    assert encode({name: value[name] for name in names}) == encode(value)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_are_the_one_spelling(data: bytes) -> None:
    """Whatever arrives is refused with Malformed, or is exactly what the writer would have written."""
    try:
        value = decode(data, bytes_max=BYTES_MAX)
    except Malformed:
        return
    assert encode(value) == data


@given(anything)
def test_foreign_msgpack_is_refused_or_is_the_one_spelling(value: Any) -> None:
    """What another writer of msgpack makes is taken only where it is what ours makes."""
    data = msgpack.packb(value)
    try:
        decoded = decode(data, bytes_max=BYTES_MAX)
    except Malformed:
        return
    assert encode(decoded) == data


@given(values, st.data())
def test_short_and_long_input_are_bounded_alike(value: Any, data: Any) -> None:
    """Counting the values first, as for long input, takes and refuses what decoding short input does."""
    encoded = encode(value)
    broken = bytearray(encoded)
    broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    for item in (encoded, bytes(broken)):
        behind = b"\xc5" + len(bytes(5_000)).to_bytes(2, "big") + bytes(5_000)
        assert (code_of(item) == "") == (code_of(b"\x92" + item + behind) == "")


@pytest.mark.parametrize("depth", [DEPTH_MAX - 1, DEPTH_MAX, DEPTH_MAX + 1, 400, 3_000])
@pytest.mark.parametrize("padding", [0, 6_000])
def test_depth_is_bounded(depth: int, padding: int) -> None:
    """Sixteen levels are taken and seventeen are not, in short input and in long."""
    nested = b"\x91" * (depth - 1) + b"\x90"
    if padding:
        nested = nested[:-1] + b"\x91\xc5" + padding.to_bytes(2, "big") + bytes(padding)
    assert code_of(nested) == ("" if depth <= DEPTH_MAX else "too-deep")


@pytest.mark.parametrize("container", [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdc\xff\xff"])
def test_a_large_count_allocates_nothing(container: bytes) -> None:
    """A count that the input cannot hold is refused by the count alone."""
    assert code_of(container) == "too-many-items"


def test_items_are_bounded() -> None:
    """The limit counts containers, keys and values."""
    most = [None] * (ITEMS_MAX - 1)
    assert code_of(encode(most)) == ""
    assert code_of(encode([*most, None])) == "too-many-items"
    assert code_of(encode([[], *most])) == "too-many-items"
    assert code_of(encode([1, 2, 3]), items_max=3) == "too-many-items"
    assert code_of(encode([1, 2, 3]), items_max=4) == ""


def test_bytes_are_bounded() -> None:
    """One byte more than the caller takes is too large, whatever it holds."""
    data = encode(bytes(100))
    assert code_of(data, bytes_max=len(data)) == ""
    assert code_of(data, bytes_max=len(data) - 1) == "too-large"


@pytest.mark.parametrize("value", [1.5, {1: 2}, {b"a": 1}, {"a": 1, 2: 3}, object(), {1, 2}, [1.0], {"a": {"b": 0.5}}])
def test_the_writer_refuses_what_the_reader_would(value: Any) -> None:
    """A type or a key that the encoding does not have is our own mistake."""
    with pytest.raises(TypeError):
        encode(value)


def test_the_writer_refuses_numbers_and_depths_beyond_the_format() -> None:
    """Integers of more than 64 bits and seventeen levels are not written."""
    nested: Any = []
    for _ in range(DEPTH_MAX):
        nested = [nested]
    for value in (2**64, -(2**63) - 1, nested):
        with pytest.raises(ValueError):
            encode(value)


def test_tuples_are_arrays() -> None:
    """The writer takes tuples, so that frozen records need no copying."""
    assert encode(((1, "a"), [2])) == encode([[1, "a"], [2]])
