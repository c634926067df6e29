"""What is carried on screens: bytes as numbered lines of text, each of which fits into one QR code.

    HOTLINE:1:KIND:part/of:whole:data:check

KIND is `F` for a file, `D` for the SHA-256 of one, `W` for words. `whole` is SHA-256 of all the bytes, `data` a piece
of them, `check` the first four bytes of SHA-256 of what stands before its colon: all three in base32 without padding.
The letters are those for which QR codes have their dense mode.

Source: spec/pairing.md, "Codes".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from hotline.errors import Misused, Refused

FILE, DIGEST, WORDS = "F", "D", "W"
PART_BYTES: Final = 600
"""So that a code has some hundred modules a side, which a telephone reads from a screen."""

PARTS_MAX: Final = 32
"""More than people should be asked to show one after the other."""

LINE_CHARS_MAX: Final = 1_200
_LINE = re.compile(
    r"HOTLINE:1:([FDW]):([1-9][0-9]?)/([1-9][0-9]?):([A-Z2-7]{52}):([A-Z2-7]{0,960}):([A-Z2-7]{7})", re.ASCII
)


def parts_of(kind: str, data: bytes) -> list[str]:
    """Give bytes as lines.

    Args:
        kind: `FILE`, `DIGEST` or `WORDS`.
        data: at most `PART_BYTES` times `PARTS_MAX` bytes.

    Raises:
        Misused: `qr-too-large`.
    """
    pieces = [data[start : start + PART_BYTES] for start in range(0, len(data), PART_BYTES)] or [b""]
    if len(pieces) > PARTS_MAX:
        raise Misused("qr-too-large", f"{len(data)} bytes would take {len(pieces)} codes; {PARTS_MAX} are the most")
    whole = _base32(hashlib.sha256(data).digest())
    return [
        _with_check(f"HOTLINE:1:{kind}:{number}/{len(pieces)}:{whole}:{_base32(piece)}")
        for number, piece in enumerate(pieces, start=1)
    ]


@dataclass(slots=True)
class Scanned:
    """Lines that were scanned or typed, in any order, until they make a whole.

    Attributes:
        kind: of what is being scanned; None before the first line.
        of: how many parts there are; 0 before the first line.
    """

    kind: str | None = None
    of: int = 0
    _whole: str = ""
    _pieces: dict[int, bytes] = field(default_factory=dict)

    def add(self, line: str) -> None:
        """Take a line; blanks and small letters do not matter, and one that was there before changes nothing.

        Raises:
            Refused: `scan-unreadable`; or `scan-of-another`, it is no part of what was scanned before.
        """
        if len(line) > LINE_CHARS_MAX:
            raise Refused("scan-unreadable", f"a line has at most {LINE_CHARS_MAX} characters")
        text = "".join(line.split()).upper()
        match = _LINE.fullmatch(text)
        if match is None:
            raise Refused("scan-unreadable", "this is no line of a ceremony's codes, or a part of one is missing")
        kind, number, of, whole, data, check = match[1], int(match[2]), int(match[3]), match[4], match[5], match[6]
        piece = _bytes(data)
        if piece is None or not compare_digest(text, _with_check(text[: -len(check) - 1])):
            raise Refused("scan-unreadable", "a character of this code is wrong")
        last = number == of
        if not 1 <= number <= of <= PARTS_MAX or len(piece) > PART_BYTES or not (last or len(piece) == PART_BYTES):
            raise Refused("scan-unreadable", "there is no such part")
        if self.kind is not None and (kind, of, whole) != (self.kind, self.of, self._whole):
            raise Refused("scan-of-another", f"this is part {number} of something else")
        if self._pieces.setdefault(number, piece) != piece:
            raise Refused("scan-of-another", f"part {number} was scanned before, and was another")
        self.kind, self.of, self._whole = kind, of, whole

    @property
    def missing(self) -> list[int]:
        """Numbers of the parts that are not there yet."""
        return [number for number in range(1, self.of + 1) if number not in self._pieces]

    @property
    def complete(self) -> bool:
        """Whether every part is there."""
        return self.of > 0 and not self.missing

    def result(self) -> bytes:
        """Give the whole.

        Raises:
            Misused: `scan-incomplete`.
            Refused: `scan-of-another`; the parts together are not what each of them names.
        """
        if not self.complete:
            numbers = ", ".join(map(str, self.missing)) or "all"
            raise Misused("scan-incomplete", f"of {self.of} codes these are missing: {numbers}")
        data = b"".join(self._pieces[number] for number in sorted(self._pieces))
        if not compare_digest(_base32(hashlib.sha256(data).digest()), self._whole):
            raise Refused("scan-of-another", "the parts do not make what they name")
        return data


def _with_check(text: str) -> str:
    return f"{text}:{_base32(hashlib.sha256(text.encode('ascii')).digest()[:4])}"


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes | None:
    """Bytes of base32 in its one spelling, or None."""
    try:
        data = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        return None
    return data if _base32(data) == text else None
