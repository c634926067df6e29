"""Signed notes: a text and the lines that sign it.

A note is UTF-8: the text, which ends in a newline, one empty line, and one or more signature lines. This module takes a
note apart and puts it together again. It verifies nothing: until somebody has verified a line, a note is a claim.

    example.org/hotline/5f...c1/1
    17
    q0v3mFyZ3vY9e2bq0m2rWqk1c4h0a7wFv1jE1xw2S6k=

    - example.org/hotline/5f...c1/1 c2ln...   (the dash is U+2014)

Two lines with one name and one key ID are refused: which of them counts would be the reader's choice.

Source: C2SP signed-note; spec/log.md, "Note".
"""

import re
from binascii import b2a_base64
from collections.abc import Iterable
from dataclasses import dataclass

from protocol.log_error import LogRefused
from protocol.spelling import decode_base64

NOTE_BYTES_MAX = 262_144
"""Bytes of a note: 64 ML-DSA-44 lines of 3.6 KB with names of 255 bytes, and the text."""

NOTE_SIGNATURES_MAX = 64
"""Signature lines of a note: the format asks for at least 16; two parties and 30 witnesses with two keys each fit."""

KEY_ID_BYTES = 4
_LINE_START = "\u2014 "
_LINE_START_BYTES = _LINE_START.encode()
_NOT_IN_NAME = re.compile(r"[\x00-\x1f\x7f+]")
_NOT_IN_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteRefused(LogRefused):
    """Bytes that are no note in its one spelling."""

    CODE = "note-malformed"


class DoubledLine(NoteRefused):
    """Two signature lines with one name and one key ID; `where` is the name."""

    CODE = "note-line-doubled"
    kind = "doubled line"


def is_key_name(name: str) -> bool:
    """Say whether a text can be the name of a key: not empty, no space of any script, no plus, no control character."""
    # Splitting cuts at what counts as a space anywhere, and leaves one piece, whole, of a name without any.
    return name.split() == [name] and _NOT_IN_NAME.search(name) is None


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line, not verified.

    Attributes:
        name: key name.
        key_id: 4 bytes; with the name it says which key is meant, but proves nothing.
        signature: what follows the key ID, at least one byte; its shape depends on the type of the key.

    Raises:
        NoteRefused: a part that no line can hold.
    """

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise NoteRefused("a signature line with a name that no key can have")
        if len(self.key_id) != KEY_ID_BYTES or not self.signature:
            raise NoteRefused("a signature line that is too short")

    def encode(self) -> bytes:
        """The line as it stands in the note, with its newline."""
        # Not made as text first: the dash would have every character of it take two bytes.
        blob = b2a_base64(self.key_id + self.signature)
        return b"".join((_LINE_START_BYTES, self.name.encode(), b" ", blob))


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signature lines, in the order of the note, not verified.

    Attributes:
        text: the signed text, with its final newline.
        signatures: at least one line, at most NOTE_SIGNATURES_MAX.

    Raises:
        NoteRefused: a text or lines that no note can hold.
        DoubledLine: two lines with one name and one key ID.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n"):
            raise NoteRefused("the text of a note ends in a newline")
        if _NOT_IN_TEXT.search(self.text) is not None:
            raise NoteRefused("a control character in the text of a note")
        if not 1 <= len(self.signatures) <= NOTE_SIGNATURES_MAX:
            raise NoteRefused(f"{len(self.signatures)} signature lines")
        seen = set()
        for line in self.signatures:
            if (line.name, line.key_id) in seen:
                raise DoubledLine("two signature lines of one key", line.name)
            seen.add((line.name, line.key_id))

    def encode(self) -> bytes:
        """The note as bytes."""
        return b"".join((self.text.encode(), b"\n", *[line.encode() for line in self.signatures]))

    def signed_also(self, lines: Iterable[NoteSignature]) -> "Note":
        """The same note with more lines at its end."""
        return Note(self.text, (*self.signatures, *lines))


def parse(data: bytes) -> Note:
    """Take a note apart.

    Args:
        data: the whole note, at most NOTE_BYTES_MAX bytes.

    Raises:
        NoteRefused: too long, not UTF-8, or not exactly what `Note.encode` would write.
        DoubledLine: two lines with one name and one key ID.
    """
    if len(data) > NOTE_BYTES_MAX:
        raise NoteRefused(f"a note of {len(data)} bytes is over the limit of {NOTE_BYTES_MAX}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteRefused("a note that is not UTF-8") from None
    # The text may hold empty lines, so the signatures begin after the last one.
    cut = whole.rfind("\n\n")
    if cut < 0 or not whole.endswith("\n"):
        raise NoteRefused("a note needs a text, an empty line and signature lines, each ended by a newline")
    # Never splitlines: it also cuts at U+0085, U+2028 and other characters that a text may hold.
    lines = whole[cut + 2 : -1].split("\n")
    if len(lines) > NOTE_SIGNATURES_MAX:
        raise NoteRefused(f"{len(lines)} signature lines")
    note = Note(whole[: cut + 1], tuple(_parse_line(line) for line in lines))
    if note.encode() != data:
        raise NoteRefused("a note with a second spelling")
    return note


def _parse_line(line: str) -> NoteSignature:
    parts = line.removeprefix(_LINE_START).split(" ")
    if not line.startswith(_LINE_START) or len(parts) != 2:
        raise NoteRefused("a signature line that is not a dash, a name and base64")
    try:
        blob = decode_base64(parts[1])
    except ValueError:
        raise NoteRefused("a signature line without proper base64") from None
    return NoteSignature(parts[0], blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])
