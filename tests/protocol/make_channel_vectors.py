"""Make the vectors in spec/vectors/channel: `python -m tests.protocol.make_channel_vectors`, from the root.

One good frame of each type, and one file for each thing that can be wrong with the form of one. What is in the items is
opaque here: a reader of frames judges form alone. Everything is fixed, so a new run writes the same bytes.
"""

from collections.abc import Iterator
from typing import Any

import msgpack

from protocol.frames import FRAMES, FrameType, Item, encode
from tests.protocol.statement_vectors import ACCEPTED, VECTORS, Vector, write_vectors

FORM = "frame"


def _sample(item: Item) -> Any:
    """A small value that the item takes."""
    if item.kind is int:
        return 17
    if item.kind is str:
        return "ARC"[: item.most]
    one = bytes(range(item.exact or 8))
    return [one, one] if item.kind is list else one


def _name(frame_type: FrameType) -> str:
    return frame_type.name.lower().replace("_", "-")


def _good() -> Iterator[Vector]:
    for frame_type, items in FRAMES.items():
        values = {item.name: _sample(item) for item in items}
        yield Vector(
            name=f"{_name(frame_type)}-good",
            what="nothing",
            form=FORM,
            expect=ACCEPTED,
            data=encode(frame_type, **values),
        )
        for item in items:
            if item.optional:
                yield Vector(
                    name=f"{_name(frame_type)}-no-{item.name.replace('_', '-')}",
                    what=f"{item.name} is nil, which it may be",
                    form=FORM,
                    expect=ACCEPTED,
                    data=encode(frame_type, **(values | {item.name: None})),
                )


def _wrong(item: Item) -> Iterator[tuple[str, str, Any]]:
    """What an item does not take: a word for it, a sentence, the value."""
    yield "of-another-type", "has another type", True
    if not item.optional:
        yield "nil", "is nil", None
    if item.kind is int:
        yield "negative", "is less than nothing", -1
        yield "too-large", "is larger than any", item.most + 1
        return
    if item.kind is list:
        yield "with-an-empty-part", "has a part without bytes", [b""]
        yield "with-text", "has a part that is text", ["a"]
        if item.exact is not None:
            yield "with-a-short-part", "has a part of one byte less", [bytes(item.exact - 1)]
        if item.count < 256:
            yield "with-too-many", "has one part too many", [bytes(item.exact or 1)] * (item.count + 1)
        return
    if item.exact is not None:
        yield "short", "has one byte less", bytes(item.exact - 1)
        yield "long", "has one byte more", bytes(item.exact + 1)
    elif item.most <= 512:
        yield "long", "is one longer than it may be", ("A" if item.kind is str else b"A") * (item.most + 1)


def _bad_items() -> Iterator[Vector]:
    for frame_type, items in FRAMES.items():
        values = [_sample(item) for item in items]
        for place, item in enumerate(items):
            for word, sentence, value in _wrong(item):
                changed = [*values[:place], value, *values[place + 1 :]]
                yield Vector(
                    name=f"{_name(frame_type)}-{item.name.replace('_', '-')}-{word}",
                    what=f"{item.name} {sentence}",
                    form=FORM,
                    expect="malformed",
                    code="bad-frame",
                    data=msgpack.packb([int(frame_type), *changed]),
                )


def _bad_frames() -> Iterator[Vector]:
    hello = [int(FrameType.HELLO), *(_sample(item) for item in FRAMES[FrameType.HELLO])]
    good = msgpack.packb(hello)
    cases = {
        "nothing": ("no bytes at all", "truncated", b""),
        "cut": ("the last byte is left out", "truncated", good[:-1]),
        "one-byte-more": ("a byte stands behind it", "trailing-bytes", good + b"\xc0"),
        "a-map": ("a map in its place", "bad-frame", msgpack.packb({"type": 1})),
        "an-empty-array": ("an array without items", "bad-frame", b"\x90"),
        "type-text": ("the type is text", "bad-frame", msgpack.packb(["1", *hello[1:]])),
        "type-true": ("the type is true, which counts as 1 in some languages", "bad-frame",
                      msgpack.packb([True, *hello[1:]])),
        "type-0": ("a type that there is not", "bad-frame", msgpack.packb([0, *hello[1:]])),
        "type-10": ("a number that no frame has any more", "bad-frame", msgpack.packb([10, *hello[1:]])),
        "item-missing": ("the last item is left out", "bad-frame", msgpack.packb(hello[:-1])),
        "item-more": ("an item more than there are", "bad-frame", msgpack.packb([*hello, 1])),
        "second-spelling": ("the type in two bytes", "second-spelling", good[:1] + b"\xcc\x01" + good[2:]),
        "a-fraction": ("the type with a fraction", "bad-type", msgpack.packb([1.0, *hello[1:]])),
    }  # fmt: skip
    for name, (what, code, data) in cases.items():
        yield Vector(name=f"frame-{name}", what=what, form=FORM, expect="malformed", code=code, data=data)


def vectors() -> Iterator[Vector]:
    """All of them."""
    yield from _good()
    yield from _bad_items()
    yield from _bad_frames()


if __name__ == "__main__":
    print(write_vectors(VECTORS / "channel", vectors()), "files")
