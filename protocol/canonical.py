"""One spelling for every value: msgpack, restricted so that equal values have equal bytes.

Rules, in the order they are checked:

1. No more bytes than the caller allows.
2. At most DEPTH_MAX levels and ITEMS_MAX values.
3. Exactly one msgpack value and nothing behind it; text is UTF-8.
4. Only nil, booleans, integers from -2**63 to 2**64-1, text, bytes, arrays, and maps whose keys are text. No floats and
   no extension types.
5. The keys of every map are in the order of their UTF-8 bytes, each once.
6. Every length and integer has its shortest form. Encoding the value again and comparing shows it.

An item takes at least one byte, so short input cannot hold too many; only longer input is counted before it is decoded.
The decoder itself stops at 1,024 levels, and what it can build from 4,096 bytes is small, so for short input the
depth is looked at afterwards, over the containers alone.

Source: spec/statement-and-entry.md, "Canonical encoding".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgpack

from protocol.errors import Malformed
from protocol.limits import DEPTH_MAX, ITEMS_MAX

Value = None | bool | int | str | bytes | list["Value"] | dict[str, "Value"]
"""What the canonical encoding can hold. Encoding also takes tuples, as arrays."""

QUICK_BYTES_MAX: Final = 65_536
"""What is so short is quicker decoded than counted: whatever is in it, that takes some megabytes and milliseconds."""

_PLAIN: Final = frozenset({type(None), bool, int, str, bytes})
_CONTAINERS: Final = frozenset({list, dict})
_DECODED: Final = _PLAIN | _CONTAINERS

# For each first byte of a value: how many bytes it takes where that is known from the byte alone, or else how many
# bytes of length or count follow. Bytes in none of these tables begin something that the encoding does not have.
_WHOLE: Final = {
    **dict.fromkeys((*range(0x80), *range(0xE0, 0x100), 0xC0, 0xC2, 0xC3), 1),
    **{byte: 1 + (byte & 0x1F) for byte in range(0xA0, 0xC0)},
    **dict.fromkeys((0xCC, 0xD0), 2),
    **dict.fromkeys((0xCD, 0xD1), 3),
    **dict.fromkeys((0xCE, 0xD2), 5),
    **dict.fromkeys((0xCF, 0xD3), 9),
}
_LENGTH_BYTES: Final = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
# Containers: bytes of the count that follow, values for each counted, and the count in the first byte itself.
_COUNTED: Final = {
    **{byte: (0, 2, byte & 0x0F) for byte in range(0x80, 0x90)},
    **{byte: (0, 1, byte & 0x0F) for byte in range(0x90, 0xA0)},
    0xDC: (2, 1, 0),
    0xDD: (4, 1, 0),
    0xDE: (2, 2, 0),
    0xDF: (4, 2, 0),
}


def encode(value: object) -> bytes:
    """The one spelling of a value.

    Args:
        value: a `Value`; tuples count as arrays, and maps may be in any order.

    Returns:
        Canonical bytes.

    Raises:
        TypeError: a type, or a key, that the encoding does not have; our own mistake.
        ValueError: an integer outside 64 bits, text that is not Unicode, or too many levels.
    """
    try:
        return msgpack.packb(ordered(value))
    except OverflowError as error:
        raise ValueError("integer outside 64 bits") from error


def encode_sorted(value: object) -> bytes:
    """As `encode`, for a value whose maps the caller built in order and of allowed types only. Nothing is checked."""
    return msgpack.packb(value)


def decode(data: bytes, *, bytes_max: int, items_max: int = ITEMS_MAX) -> Value:
    """Read one canonical value.

    Args:
        data: the whole encoding.
        bytes_max: most bytes that the caller takes.
        items_max: most values, containers and keys counted.

    Returns:
        The value; encoding it again gives `data`.

    Raises:
        Malformed: `too-large`, `too-deep`, `too-many-items`, `truncated`, `trailing-bytes`, `bad-type`, `bad-text`,
            `unsorted-keys` or `second-spelling`.

    Source: the module's rules 1 to 6.
    """
    value = _unpack(data, bytes_max, items_max)
    _check_plain(value, 1)
    if msgpack.packb(value) != data:
        raise Malformed("second-spelling")
    return value  # type: ignore[no-any-return]


def decode_shaped(data: bytes, *, bytes_max: int, fits: Callable[[object], bool]) -> Any:
    """Read a canonical value of a known shape in half the time, or nothing where there is the least doubt.

    Args:
        data: the whole encoding.
        bytes_max: most bytes that the caller takes, no more than QUICK_BYTES_MAX.
        fits: whether a value has the shape, in which there are few items, of types that the encoding has, and maps
            with their keys in order.

    Returns:
        The value, or None where `decode` has to say what is wrong.
    """
    if len(data) > min(bytes_max, QUICK_BYTES_MAX):
        return None
    try:
        value = msgpack.unpackb(data)
    except (ValueError, TypeError, OverflowError):
        return None
    return value if fits(value) and msgpack.packb(value) == data else None


def _unpack(data: bytes, bytes_max: int, items_max: int) -> Any:
    """Rules 1 to 3."""
    if len(data) > bytes_max:
        raise Malformed("too-large", text=f"{len(data)} bytes, at most {bytes_max} are taken")
    if len(data) > min(items_max, ITEMS_MAX):
        _prescan(data, items_max)
    try:
        return msgpack.unpackb(data, max_array_len=items_max, max_map_len=items_max)
    except msgpack.ExtraData as error:
        raise Malformed("trailing-bytes") from error
    except msgpack.StackError as error:
        raise Malformed("too-deep") from error
    except UnicodeDecodeError as error:
        raise Malformed("bad-text") from error
    except (msgpack.FormatError, OverflowError, TypeError) as error:
        raise Malformed("bad-type") from error
    except ValueError as error:
        # The decoder has one class for input that ends early, for lengths beyond a limit (which then also lie beyond
        # the input) and for keys that are neither text nor bytes.
        raise Malformed(_why(data, items_max)) from error


def _check_plain(value: object, depth: int) -> None:
    """Rules 2, 4 and 5 over the containers of a decoded value; what is in them is looked at in bulk."""
    kind = type(value)
    if kind is list:
        held: Sequence[object] = value  # type: ignore[assignment]
    elif kind is dict:
        keys = list(value)  # type: ignore[call-overload]
        try:
            "".join(keys)
            if sorted(keys) != keys:
                raise Malformed("unsorted-keys")
        except TypeError as error:
            raise Malformed("bad-type", text="a key that is not text") from error
        held = value.values()  # type: ignore[attr-defined]
    elif kind in _PLAIN:
        return
    else:
        raise Malformed("bad-type")
    if depth > DEPTH_MAX:
        raise Malformed("too-deep")
    types = {*map(type, held)}
    if types <= _PLAIN:
        return
    if not types <= _DECODED:
        raise Malformed("bad-type")
    for item in held:
        if type(item) in _CONTAINERS:
            _check_plain(item, depth + 1)


def ordered(value: object, depth: int = 1) -> object:
    """The value with the keys of every map in order; the same object where nothing had to move.

    Raises:
        TypeError: a type, or a key, that the encoding does not have.
        ValueError: too many levels.
    """
    if isinstance(value, list | tuple):
        held: object = value
        types = {*map(type, value)}
        if not types <= _PLAIN:
            held = [ordered(item, depth + 1) for item in value]
    elif type(value) is dict or isinstance(value, Mapping):
        keys = list(value)
        "".join(keys)  # A key that is not text raises TypeError here.
        in_order = sorted(keys)
        types = {*map(type, value.values())}
        if in_order == keys and types <= _PLAIN and type(value) is dict:
            held = value
        else:
            held = {
                key: item if type(item) in _PLAIN else ordered(item, depth + 1)
                for key, item in ((key, value[key]) for key in in_order)
            }
    elif value is None or isinstance(value, bool | int | str | bytes):
        return value
    else:
        raise TypeError(f"the canonical encoding has no {type(value).__name__}")
    if depth > DEPTH_MAX:
        raise ValueError("too many levels")
    return held


def _prescan(data: bytes, items_max: int) -> None:
    """Count values and levels without building anything.

    Raises:
        Malformed: `too-many-items`, `too-deep`, `truncated`, `trailing-bytes` or `bad-type`.
    """
    position, size, items = 0, len(data), 0
    left = 1  # Values still to come in the innermost open container; the outermost holds the one value.
    outer: list[int] = []
    while True:
        while left == 0:
            if not outer:
                if position != size:
                    raise Malformed("truncated" if position > size else "trailing-bytes")
                return
            left = outer.pop()
        if position >= size:
            raise Malformed("truncated")
        left -= 1
        items += 1
        if items > items_max:
            raise Malformed("too-many-items", text=f"at most {items_max} are taken")
        first = data[position]
        position += 1
        if first in _WHOLE:
            position += _WHOLE[first] - 1
        elif first in _LENGTH_BYTES:
            end = position + _LENGTH_BYTES[first]
            position = end + int.from_bytes(data[position:end], "big")
        elif first in _COUNTED:
            count_bytes, values_each, count = _COUNTED[first]
            end = position + count_bytes
            count += int.from_bytes(data[position:end], "big")
            position = end
            outer.append(left)
            if len(outer) > DEPTH_MAX:
                raise Malformed("too-deep")
            left = values_each * count
            if items + left > items_max:
                raise Malformed("too-many-items", text=f"at most {items_max} are taken")
        else:
            raise Malformed("bad-type")


def _why(data: bytes, items_max: int) -> str:
    """The code for input that the decoder refused without saying why."""
    try:
        _prescan(data, items_max)
    except Malformed as error:
        return error.code
    return "bad-type"
