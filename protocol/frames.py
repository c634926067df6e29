"""The frames of a session, as data: what each carries, in which order and how large.

A frame is one binary websocket message: a canonical array whose first item is the number of its type. The table below
is all there is to its form; one engine reads and writes it. Whatever changes state is signed in itself (a note, a beat,
an entry under a note), so a frame needs no more binding than its session.

Source: spec/channel.md, "Frames".
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from protocol import canonical
from protocol.errors import Malformed
from protocol.limits import BODY_BYTES_MAX, ENTRY_BYTES_MAX, FRAME_BYTES_MAX, FRAME_ITEMS_MAX, SIZE_MAX

NOTE_BYTES_MAX: Final = 65_536
"""Bytes of a signed note: sixteen post-quantum signature lines and the text."""

BEAT_BYTES_MAX: Final = 16_384
"""Bytes of a heartbeat: two cosignature lines and some sizes and digests."""

PROOF_HASHES_MAX: Final = 130
"""Hashes of a proof: a consistency proof in a tree of 2**63 entries has at most 64 and one."""


class FrameType(IntEnum):
    """The numbers of the frames. A number is never used again for something else."""

    HELLO = 1
    AUTH = 2
    STATE = 3
    APPEND = 4
    BODY = 5
    COSIGNED = 6
    WANT = 7
    BEAT = 8
    AHEAD = 9
    PROBLEM = 11
    FETCH = 12
    FETCHED = 13
    FETCHED_BODY = 14


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a frame.

    Args:
        name: what it is called.
        kind: `int`, `str`, `bytes`, or `list` of `bytes`.
        most: largest value, or most bytes; of a list, of each item.
        exact: the exact number of bytes, or None.
        optional: whether it may be nil.
        count: most items of a list.
    """

    name: str
    kind: type
    most: int
    exact: int | None = None
    optional: bool = False
    count: int = 0


_NOTE = Item("note", bytes, NOTE_BYTES_MAX)

FRAMES: Final[dict[FrameType, tuple[Item, ...]]] = {
    FrameType.HELLO: (
        Item("versions", bytes, 16),
        Item("channel", bytes, 32, exact=32),
        Item("party", str, 4),
        Item("nonce", bytes, 32, exact=32),
    ),
    FrameType.AUTH: (Item("signature", bytes, 8_192),),
    FrameType.STATE: (
        Item("own_note", bytes, NOTE_BYTES_MAX, optional=True),
        Item("held_note", bytes, NOTE_BYTES_MAX, optional=True),
        Item("newest_note", bytes, NOTE_BYTES_MAX, optional=True),
        Item("cosigned_note", bytes, NOTE_BYTES_MAX, optional=True),
        Item("held_size", int, SIZE_MAX),
        Item("signature", bytes, 8_192),
    ),
    FrameType.APPEND: (
        _NOTE,
        Item("start", int, SIZE_MAX),
        Item("entries", list, ENTRY_BYTES_MAX, count=FRAME_ITEMS_MAX),
        Item("proof", list, 32, exact=32, count=PROOF_HASHES_MAX),
    ),
    FrameType.BODY: (Item("index", int, SIZE_MAX), Item("body", bytes, BODY_BYTES_MAX)),
    FrameType.COSIGNED: (_NOTE,),
    FrameType.WANT: (Item("voice", str, 4), Item("start", int, SIZE_MAX)),
    FrameType.BEAT: (Item("beat", bytes, BEAT_BYTES_MAX), Item("signature", bytes, 8_192)),
    FrameType.AHEAD: (
        _NOTE,
        Item("index", int, SIZE_MAX),
        Item("path", list, 32, exact=32, count=PROOF_HASHES_MAX),
        Item("entry", bytes, ENTRY_BYTES_MAX),
        Item("body", bytes, BODY_BYTES_MAX, optional=True),
    ),
    FrameType.PROBLEM: (Item("code", str, 40), Item("text", str, 300)),
    FrameType.FETCH: (Item("voice", str, 4), Item("start", int, SIZE_MAX), Item("end", int, SIZE_MAX)),
    FrameType.FETCHED: (
        Item("voice", str, 4),
        _NOTE,
        Item("start", int, SIZE_MAX),
        Item("entries", list, ENTRY_BYTES_MAX, count=FRAME_ITEMS_MAX),
        Item("proof", list, 32, exact=32, count=PROOF_HASHES_MAX),
    ),
    FrameType.FETCHED_BODY: (Item("voice", str, 4), Item("index", int, SIZE_MAX), Item("body", bytes, BODY_BYTES_MAX)),
}

_TABLES: Final = {int(frame_type): table for frame_type, table in FRAMES.items()}
_TYPES: Final = {int(frame_type): frame_type for frame_type in FRAMES}
_NAMES: Final = {number: tuple(item.name for item in table) for number, table in _TABLES.items()}


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that was read: its type and its items by name."""

    type: FrameType
    items: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.items[name]


def encode(frame_type: FrameType, **items: object) -> bytes:
    """Write a frame.

    Args:
        frame_type: which frame.
        items: every item of the table by name; nothing else.

    Returns:
        The bytes of one message.

    Raises:
        TypeError: an item is missing or unknown; our own mistake.
        ValueError: the frame would be larger than FRAME_BYTES_MAX.
    """
    table = FRAMES[frame_type]
    if len(items) != len(table):
        raise TypeError(f"{frame_type.name} takes {', '.join(item.name for item in table)}")
    data = canonical.encode_sorted([int(frame_type), *[items[item.name] for item in table]])
    if len(data) > FRAME_BYTES_MAX:
        raise ValueError("frame too large")
    return data


def parse(data: bytes) -> Frame:
    """Read a frame.

    Args:
        data: one binary message.

    Returns:
        The frame, every item within the limits of the table.

    Raises:
        Malformed: `bad-frame` for a type or item that the table does not have, or a code of the canonical decoder.
    """
    value = canonical.decode_shaped(data, bytes_max=FRAME_BYTES_MAX, fits=_fits)
    if value is not None:
        return Frame(_TYPES[value[0]], dict(zip(_NAMES[value[0]], value[1:], strict=True)))
    value = canonical.decode(data, bytes_max=FRAME_BYTES_MAX, items_max=FRAME_ITEMS_MAX)
    if type(value) is not list or not value or type(value[0]) is not int:
        raise Malformed("bad-frame", "frame", "not an array that begins with a type")
    try:
        frame_type = FrameType(value[0])
    except ValueError as error:
        raise Malformed("bad-frame", "frame", "unknown type") from error
    table = FRAMES[frame_type]
    if len(value) != len(table) + 1:
        raise Malformed("bad-frame", frame_type.name, "wrong number of items")
    items = {}
    for item, given in zip(table, value[1:], strict=True):
        _check(item, given, frame_type.name)
        items[item.name] = given
    return Frame(frame_type, items)


def _fits(value: object) -> bool:
    """Whether a decoded value is a frame with every item right."""
    if type(value) is not list or not value or type(value[0]) is not int or value[0] not in _TABLES:
        return False
    table = _TABLES[value[0]]
    return len(value) == len(table) + 1 and all(map(_is_right, table, value[1:]))


def _check(item: Item, given: object, where: str) -> None:
    """Raise Malformed unless the value is what the table says of the item."""
    if _is_right(item, given):
        return
    if type(given) is not item.kind:
        raise Malformed("bad-frame", where, f"{item.name} has the wrong type")
    raise Malformed("bad-frame", where, f"{item.name} is out of bounds")


def _is_right(item: Item, given: object) -> bool:
    if given is None and item.optional:
        return True
    if type(given) is not item.kind:
        return False
    if isinstance(given, int):
        return 0 <= given <= item.most
    elif isinstance(given, list):
        return len(given) <= item.count and all(
            type(part) is bytes and 0 < len(part) <= item.most and item.exact in (None, len(part)) for part in given
        )
    elif isinstance(given, str | bytes):
        return len(given) <= item.most and item.exact in (None, len(given))
    return False
