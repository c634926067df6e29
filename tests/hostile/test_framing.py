"""Values of the wrong type or size in every place of every frame and header, and encodings that mean the same."""

from collections.abc import Iterator
from typing import Any

import pytest

from protocol import canonical, frames
from protocol.entry import Entry
from protocol.errors import Malformed, ProtocolError
from protocol.frames import FRAMES, FrameType, Item
from protocol.limits import FRAME_BYTES_MAX, ITEMS_MAX
from protocol.statement import HEADER, Statement
from tests.builders import World

VALUES: dict[type, Any] = {
    int: 1,
    str: "ABCD",
    bytes: b"b" * 32,
    list: [b"b" * 32],
    bool: True,
    type(None): None,
    dict: {},
}

MAYBE_TIME = (int, type(None))
MAYBE_HASH = (bytes, type(None))
TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("after", "seen", "commitments"), (list,)),
    **dict.fromkeys(("agreement", "catalogue", "channel", "id"), (bytes,)),
    **dict.fromkeys(("thread", "in_reply_to", "opener", "body_digest", "body_length"), MAYBE_HASH),
    **dict.fromkeys(("aware_at_ms", "release_by_ms", "respond_by_ms", "valid_until_ms", "severity"), MAYBE_TIME),
    **dict.fromkeys(("kind", "language", "party", "precedence", "status"), (str,)),
    "issued_at_ms": (int,),
    "outcome": (str, type(None)),
    "facts": (dict, type(None)),
}


def good(item: Item) -> Any:
    """A value that an item takes."""
    if item.kind is bytes:
        return b"b" * (item.exact or min(8, item.most))
    return {int: 1, str: "ABCD"[: item.most], list: [b"b" * (item.exact or 8)]}[item.kind]


def wrong(item: Item) -> Iterator[Any]:
    """Values of every other type, and those of its own that are too small or too large."""
    for kind, value in VALUES.items():
        if kind is not item.kind and not (value is None and item.optional):
            yield value
    if item.kind is int:
        yield from (-1, item.most + 1, 2**64 - 1, -(2**63))
    elif item.kind is list:
        yield from ([1], [None], [["b"]], [b"b" * (item.most + 1)], [b""])
    else:
        over = item.most + 1 if item.exact is None else item.exact - 1
        yield ("x" if item.kind is str else b"x") * over


CASES = [(type_, place) for type_, table in FRAMES.items() for place in range(len(table))]


@pytest.mark.parametrize(("type_", "place"), CASES, ids=lambda one: getattr(one, "name", str(one)))
def test_no_place_of_a_frame_takes_another_type(type_: FrameType, place: int) -> None:
    """True for a number, text for bytes and every other pair, and numbers and lengths out of bounds."""
    table = FRAMES[type_]
    values = [good(item) for item in table]
    for value in wrong(table[place]):
        made = [int(type_), *values[:place], value, *values[place + 1 :]]
        with pytest.raises(Malformed):
            frames.parse(canonical.encode(made))


def test_no_field_of_a_header_takes_another_type() -> None:
    """Every field of a statement against every type that it is not."""
    raw = World(begin=False).statement("ARC", "notification").encode()
    header: Any = canonical.decode(raw, bytes_max=len(raw))
    assert set(TYPES) == set(HEADER.fields)
    for name, kinds in TYPES.items():
        for kind, value in VALUES.items():
            if kind not in kinds:
                with pytest.raises(ProtocolError):
                    Statement.parse(canonical.encode({**header, name: value}))


@pytest.mark.parametrize(
    "value",
    [
        b"\xcb" + bytes(8),  # a float
        b"\xca\x7f\xc0\x00\x00",  # a short one that is no number
        b"\xcb\x7f\xf0" + bytes(6),  # infinity
        b"\xd6\xff" + bytes(4),  # a time
        b"\xc7\x0c\xff" + bytes(4) + b"\xff" * 8,  # a time beyond all calendars
        b"\xd4\x01\x00",  # an extension
        b"\xc1",  # nothing at all
        b"\xa4\xed\xa0\x80a",  # half a surrogate pair
        b"\xa2\xc0\xaf",  # a long spelling of a slash
        b"\xd9\x01a",  # a short text with a long head
        b"\xcd\x00\x01",  # a small number with a long head
        b"\x82\xa1a\x01\xa1a\x02",  # a name twice
        b"\x81\xc4\x01a\x01",  # a name of bytes
        b"\x81\x01\x01",  # a name that is a number
        b"\x01\x01",  # something behind it
        b"\xdd\xff\xff\xff\xff",  # more items than there are bytes
        b"\xdb\xff\xff\xff\xffa",  # a longer text than there is
        b"\x91" * 2_000 + b"\x90",  # deeper than anything
        b"\xdc\xff\xff" + b"\x80" * 65_535,  # many empty maps
        b"\xdd\x00\x10\x00\x00" + b"\xc0" * (1 << 20),  # a million of nothing
    ],
    ids=lambda value: value[:3].hex(),
)
def test_an_encoding_that_is_not_the_one_is_refused_everywhere(value: bytes) -> None:
    """By itself and inside a frame: floats, extensions, second spellings, and what is deeper or more than allowed."""
    for decode in (
        lambda data: canonical.decode(data, bytes_max=1 << 21),
        frames.parse,
        Entry.parse,
        Statement.parse,
        lambda data: frames.parse(b"\x93\x05\x00" + data),
    ):
        with pytest.raises(ProtocolError):
            decode(value)


def test_a_large_count_is_refused_before_anything_is_made() -> None:
    """A frame of the greatest size that holds nothing but empty items costs no more than counting them."""
    for item in (b"\x80", b"\x90", b"\xc0", b"\xa0"):
        data = b"\xdd" + (FRAME_BYTES_MAX - 5).to_bytes(4, "big") + item * (FRAME_BYTES_MAX - 5)
        with pytest.raises(Malformed) as caught:
            frames.parse(data)
        assert caught.value.code == "too-many-items"
    assert ITEMS_MAX < FRAME_BYTES_MAX // 32
