"""Cosignatures, and the strict reading of a signed checkpoint: who signed, who was asked for, what comes of it."""

import pytest

from keys.note_key import NoteSigner, NoteVerifier
from protocol.checkpoint import sign_checkpoint
from protocol.cosignature import (
    BadLine,
    LineRefused,
    MissingLine,
    UnknownLine,
    add_cosignatures,
    cosign,
    verify_note,
)
from protocol.cosigned_message import cosignature_message, seconds, subtree_message
from protocol.note import DoubledLine
from tests.protocol.log_parties import ARC, AT_MS, BOR, checkpoint_of, entries, held_note

CHECKPOINT = checkpoint_of(ARC, entries(4))
SIGNED = sign_checkpoint(CHECKPOINT, ARC.log, AT_MS)
HELD = held_note(ARC, BOR, entries(4))


def public(*signers: NoteSigner) -> list[NoteVerifier]:
    """The public sides of some keys."""
    return [key.verifier for key in signers]


def test_a_mirror_cosigns_with_both_keys() -> None:
    """Four keys signed, three of them state when."""
    verified = verify_note(HELD, public(*ARC.log, *BOR.mirror))
    assert verified.checkpoint == CHECKPOINT
    assert verified.times_ms == {
        ARC.log[1].verifier.vkey(): AT_MS,
        BOR.mirror[0].verifier.vkey(): AT_MS + 1000,
        BOR.mirror[1].verifier.vkey(): AT_MS + 1000,
    }


@pytest.mark.parametrize(
    ("note", "keys", "error"),
    [
        (SIGNED, public(*ARC.log, *BOR.mirror), MissingLine),
        (SIGNED, public(*BOR.log), UnknownLine),
        (HELD, public(*ARC.log), UnknownLine),
        (HELD, public(*ARC.log, *BOR.mirror, *ARC.mirror), MissingLine),
        (HELD.replace(b"\n4\n", b"\n3\n"), public(*ARC.log, *BOR.mirror), BadLine),
    ],
    ids=["not held", "other log", "line left over", "one more asked for", "other size"],
)
def test_the_lines_must_be_those_asked_for(note: bytes, keys: list[NoteVerifier], error: type[LineRefused]) -> None:
    """A line too many, a key too few and a changed text are three different outcomes."""
    with pytest.raises(error):
        verify_note(note, keys)


def test_other_lines_can_be_passed_over() -> None:
    """If the caller says so, unknown lines are ignored, as the public format has it; known ones must still verify."""
    assert verify_note(HELD, public(*ARC.log), exactly=False).checkpoint == CHECKPOINT
    with pytest.raises(MissingLine):
        verify_note(SIGNED, public(*BOR.mirror), exactly=False)


def test_a_cosigner_signs_once() -> None:
    """A second line of the same key is refused, whatever its time."""
    with pytest.raises(DoubledLine):
        add_cosignatures(HELD, cosign(CHECKPOINT, BOR.mirror, AT_MS + 60_000))


def test_a_plain_line_is_only_a_logs() -> None:
    """A key of type 0x01 that is not named like the origin cannot have signed the checkpoint."""
    text = CHECKPOINT.text().replace(ARC.prefix, BOR.prefix)
    line = SIGNED.split(b"\n\n")[1].split(b"\n")[0]
    with pytest.raises(BadLine):
        verify_note(text.encode() + b"\n" + line + b"\n", public(ARC.log[0]))


def test_cosigning_asks_for_a_mirrors_keys() -> None:
    """A log's keys, one key and keys of two names are our own mistakes."""
    for signers in (ARC.log, BOR.mirror[:1], BOR.mirror[::-1], (BOR.mirror[0], ARC.mirror[1])):
        with pytest.raises(ValueError):
            cosign(CHECKPOINT, signers, AT_MS)


def test_verifying_asks_for_distinct_keys() -> None:
    """No keys, or one key twice, is a mistake of the caller and never an acceptance."""
    for keys in ([], public(ARC.log[0], ARC.log[0])):
        with pytest.raises(ValueError):
            verify_note(SIGNED, keys)


def test_the_messages_are_those_of_the_format() -> None:
    """Both messages, written out byte by byte."""
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    assert cosignature_message(time_s=1679315147, text=text) == b"cosignature/v1\ntime 1679315147\n" + text.encode()
    message = subtree_message(cosigner="w", time_s=1, origin="log", size=5, root=b"\xaa" * 32)
    assert message == (
        b"subtree/v1\n\0\x01w" + bytes(7) + b"\x01\x03log" + bytes(8) + bytes(7) + b"\x05" + b"\xaa" * 32
    )
    for cosigner, origin in (("", "log"), ("w", ""), ("w" * 256, "log"), ("w", "o" * 256)):
        with pytest.raises(ValueError):
            subtree_message(cosigner=cosigner, time_s=1, origin=origin, size=5, root=bytes(32))


@pytest.mark.parametrize(("at_ms", "time_s"), [(-5, 1), (0, 1), (999, 1), (1999, 1), (2000, 2), (AT_MS, AT_MS // 1000)])
def test_the_time_is_never_zero(at_ms: int, time_s: int) -> None:
    """A clock at or before 1970 still signs, with the earliest time there is."""
    assert seconds(at_ms) == time_s
    keys = public(*BOR.mirror)
    note = add_cosignatures(sign_checkpoint(CHECKPOINT, ARC.log, at_ms), cosign(CHECKPOINT, BOR.mirror, at_ms))
    assert set(verify_note(note, keys, exactly=False).times_ms.values()) == {time_s * 1000}
