"""Signed notes, checkpoints in them, and their verification by the keys of a line."""

from __future__ import annotations

from keys.errors import KeysError
from keys.note_key import NoteVerifier
from protocol.checkpoint import Checkpoint, parse_text
from protocol.cosignature import verify_note
from protocol.errors import ProtocolError
from protocol.log_error import LogRefused
from protocol.note import Note, parse
from tests.builders import World
from tests.fuzz.target import Target, read_or_refused
from tests.lines import public


def attempt(data: bytes) -> None:
    """A note: taken apart, read as a checkpoint, verified; and its lines as keys."""
    note = read_or_refused(data, parse, Note.encode, LogRefused)
    if note is None:
        return
    text = note.text.encode()
    read_or_refused(text, lambda one: parse_text(one.decode()), lambda one: Checkpoint.text(one).encode(), LogRefused)
    for line in note.text.split("\n"):
        read_or_refused(line.encode(), lambda one: NoteVerifier.parse(one.decode()), _vkey, KeysError)
    for exactly in (True, False):
        try:
            verify_note(data, public("ARC").log + public("BOR").mirror, exactly=exactly)
        except ProtocolError as error:
            str(error)


def _vkey(key: NoteVerifier) -> bytes:
    return key.vkey().encode()


TARGET = Target(name="note", attempt=attempt, bytes_max=65_536, shape="lines")


def seeds() -> dict[str, bytes]:
    """A checkpoint with two lines and with four, a short one, and a key in a note."""
    world = World()
    short = world.checkpoint("ARC", cosigned=False).split(b"\n")
    keys = "\n".join(key.vkey()[:400] for key in (*public("ARC").log, *public("BOR").mirror)).encode()
    return {
        "four-lines": world.checkpoint("ARC"),
        "two-lines": world.checkpoint("BOR", cosigned=False),
        "one-line": b"\n".join((*short[:5], b"")),
        "keys": keys + b"\n\n" + short[4] + b"\n",
    }
