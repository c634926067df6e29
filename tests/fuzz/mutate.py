"""Changing inputs by their shape: what parses gets further than flipped bits do.

Half of the inputs are left to the fuzzer's own ways. The other half is taken apart as what it should be, changed at one
place or a few, and put together again: msgpack values, or lines and words. Strings of bytes inside are changed in the
same way, because a frame holds a note and an entry holds a statement.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import msgpack

Raw = Callable[[bytes, int], bytes]
"""The fuzzer's own change of some bytes, to at most so many."""

NUMBERS = (0, 1, 2, 127, 128, 255, 256, 65_535, 65_536, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1, -1)
OTHERS: tuple[Any, ...] = (None, True, False, 0, -1, "", "ARC", b"", bytes(32), [], {}, [[]], {"": None})
TEXTS = ("\x00", "\n", "\u202e", "\ufeff", "e\u0301", "\U000e0001", "A" * 41, "-", "../", "=1+1", "\x1b[2J")
DEPTH_MAX = 40


def mutate(data: bytes, most: int, seed: int, *, shape: str, head_bytes: int, raw: Raw) -> bytes:
    """Change an input.

    Args:
        data: the input.
        most: bytes of the result.
        seed: of this change.
        shape: of the target.
        head_bytes: that stand before what has the shape.
        raw: the fuzzer's own change.
    """
    chance = Random(seed)
    if shape == "bytes" or chance.random() < 0.4:
        return raw(data, most)
    head, rest = data[:head_bytes], data[head_bytes:]
    changed = _lines(rest, chance, raw) if shape == "lines" else _msgpack(rest, chance, raw)
    return (head + changed)[:most] if changed is not None else raw(data, most)


def _msgpack(data: bytes, chance: Random, raw: Raw) -> bytes | None:
    try:
        value = msgpack.unpackb(data, strict_map_key=False)
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            value = _changed(value, chance, raw, 0)
        return bytes(msgpack.packb(value))
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException):
        return None


def _changed(value: Any, chance: Random, raw: Raw, depth: int) -> Any:
    """The value with one change somewhere in it."""
    if depth > DEPTH_MAX or chance.random() < 0.03:
        return chance.choice(OTHERS)
    match value:
        case list() if value:
            return _changed_list(value, chance, raw, depth)
        case dict() if value:
            return _changed_map(value, chance, raw, depth)
        case bytes():
            inner = _msgpack(value, chance, raw) if len(value) > 40 and chance.random() < 0.7 else None
            return raw(value, len(value) + 8) if inner is None else inner
        case str():
            return _changed_text(value, chance, raw)
        case bool():
            return not value
        case int():
            return chance.choice((*NUMBERS, value + 1, max(0, value - 1), value * 2 % 2**63))
        case _:
            return chance.choice(OTHERS)


def _changed_list(value: list[Any], chance: Random, raw: Raw, depth: int) -> list[Any]:
    made, place = list(value), chance.randrange(len(value))
    match chance.randrange(8):
        case 0:
            del made[place]
        case 1:
            made.insert(chance.randrange(len(made) + 1), made[place])
        case 2:
            other = chance.randrange(len(made))
            made[place], made[other] = made[other], made[place]
        case 3 if len(made) < 64:
            made *= 2
        case _:
            made[place] = _changed(made[place], chance, raw, depth + 1)
    return made


def _changed_map(value: dict[Any, Any], chance: Random, raw: Raw, depth: int) -> dict[Any, Any]:
    made, key = dict(value), chance.choice(list(value))
    match chance.randrange(8):
        case 0:
            del made[key]
        case 1:
            made[_changed_text(str(key), chance, raw)] = made[key]
        case 2:
            made[key] = made[chance.choice(list(made))]
        case _:
            made[key] = _changed(made[key], chance, raw, depth + 1)
    # The one order mostly; another is refused at once.
    if all(type(name) is str for name in made) and chance.random() < 0.95:
        made = dict(sorted(made.items()))
    return made


def _changed_text(value: str, chance: Random, raw: Raw) -> str:
    place = chance.randrange(len(value) + 1)
    match chance.randrange(4):
        case 0:
            return value[:place]
        case 1:
            return value[:place] + chance.choice(TEXTS) + value[place:]
        case _:
            return raw(value.encode("utf-8", "surrogateescape"), len(value) + 8).decode("utf-8", "replace")


def _lines(data: bytes, chance: Random, raw: Raw) -> bytes:
    lines = data.split(b"\n")
    for _ in range(chance.choice((1, 1, 2, 4))):
        place, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(7):
            case 0 if len(lines) > 1:
                del lines[place]
            case 1:
                lines.insert(place, lines[other])
            case 2:
                lines[place], lines[other] = lines[other], lines[place]
            case 3:
                words = lines[place].split(b" ")
                words[chance.randrange(len(words))] = chance.choice(lines[other].split(b" "))
                lines[place] = b" ".join(words)
            case 4:
                lines[place] += chance.choice(TEXTS).encode()
            case 5:
                number = str(chance.choice(NUMBERS)).encode()
                head, _, _ = lines[place].rpartition(b" ")
                lines[place] = head + b" " + number
            case _:
                lines[place] = raw(lines[place], len(lines[place]) + 16)
    return b"\n".join(lines)
