"""What a fuzz target is, and what every one of them holds a decoder to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

import msgpack

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One decoder, or one that stands behind it.

    Attributes:
        name: of its module and of its corpus.
        attempt: takes an input; raises whatever is a bug.
        bytes_max: of an input.
        shape: how inputs are changed beside bit by bit: `msgpack`, `lines` or `bytes`.
        head_bytes: that stand before what has the shape.
        close: lets go of what was opened for the attempts.
    """

    name: str
    attempt: Callable[[bytes], None]
    bytes_max: int
    shape: str
    head_bytes: int = 0
    close: Callable[[], None] = lambda: None


def load(name: str) -> Target:
    """Import a target's module."""
    found: Any = import_module(f"tests.fuzz.targets.{name}")
    target: Target = found.TARGET
    return target


def load_seeds(name: str) -> Mapping[str, bytes]:
    """The first inputs of a target, by what they are."""
    found: Any = import_module(f"tests.fuzz.targets.{name}")
    seeds: Mapping[str, bytes] = found.seeds()
    return seeds


def unpacked(data: bytes) -> Any:
    """What a target's input says in msgpack of any kind, or None where it is none."""
    try:
        return msgpack.unpackb(data, strict_map_key=False)
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException):
        return None


def read_or_refused(
    data: bytes,
    read: Callable[[bytes], T],
    write: Callable[[T], bytes],
    refused: type[Exception] | tuple[type[Exception], ...],
) -> T | None:
    """Read; where it reads, it has to be the one spelling.

    Args:
        data: the input.
        read: the decoder.
        write: its encoder.
        refused: what the decoder says that it raises.

    Returns:
        What was read, or None where it was refused.
    """
    try:
        value = read(data)
    except refused as error:
        str(error)
        return None
    again = write(value)
    assert again == data, f"another spelling was taken: {data!r} for {again!r}"
    return value
