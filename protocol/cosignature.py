"""Cosignatures: other keys' timed lines under a checkpoint, and the strict reading of a whole signed checkpoint.

The counterpart's mirror cosigns only what it durably holds, so its two lines are the receipt for every entry below. The
reader here is stricter than the formats: the caller names every key that must have signed, all of them must verify, and
a line of any other key is refused, unless the caller asks for less.

Source: C2SP tlog-cosignature; spec/log.md, "Cosignature" and "Reading a signed checkpoint".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from keys.errors import SignatureRefused
from keys.note_key import NoteKeyType, NoteVerifier
from protocol.checkpoint import Checkpoint, parse_text
from protocol.cosigned_message import verify_line
from protocol.head_signer import HeadSigners, lines_of, verifiers_of
from protocol.log_error import LogRefused
from protocol.note import Note, NoteSignature
from protocol.note import parse as parse_note

MIRROR_KEY_TYPES = (NoteKeyType.COSIGNATURE, NoteKeyType.MLDSA44)
"""The two keys of a mirror, or of another cosigner, in the order of their lines."""


class LineRefused(LogRefused):
    """A signed checkpoint whose lines are not those asked for; `where` names the key of the line, or without one."""

    CODE = "line-refused"


class BadLine(LineRefused):
    """A line of a known key that does not verify, or whose time or length is wrong."""

    CODE = "line-bad-signature"
    kind = "bad signature"


class UnknownLine(LineRefused):
    """A line of a key that was not asked for."""

    CODE = "line-unknown"
    kind = "unknown signer"


class MissingLine(LineRefused):
    """A key that should have signed has no line."""

    CODE = "line-missing"
    kind = "missing signer"


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint whose lines were verified.

    Attributes:
        checkpoint: what the lines say.
        times_ms: time of signing in UTC milliseconds (whole seconds) by vkey of the key; keys of type 0x01 state none.
    """

    checkpoint: Checkpoint
    times_ms: Mapping[str, int]


def cosign(checkpoint: Checkpoint, signers: HeadSigners, at_ms: int) -> list[NoteSignature]:
    """Cosign a checkpoint with both keys of a cosigner.

    Args:
        checkpoint: what to cosign. That it extends everything cosigned before, and is durably held, is the caller's
            duty.
        signers: the cosigner's keys of type 0x04 and 0x06, in this order, with one name.
        at_ms: time of signing, UTC milliseconds; it is written in whole seconds, at least 1.

    Returns:
        Two signature lines, to be put under the log's own.

    Raises:
        ValueError: other keys than those two.
        keys.errors.KeyElsewhere: keys that are not in this process were not used.
    """
    keys = verifiers_of(signers)
    if tuple(key.type for key in keys) != MIRROR_KEY_TYPES or len({key.name for key in keys}) != 1:
        raise ValueError("a cosigner signs with its Ed25519 and its ML-DSA-44 key of one name")
    text = checkpoint.text()
    return list(
        lines_of(signers, text=text, origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root, at_ms=at_ms)
    )


def add_cosignatures(note: bytes, lines: Iterable[NoteSignature]) -> bytes:
    """Put cosignature lines under a signed checkpoint.

    Raises:
        NoteRefused: the note is malformed.
        DoubledLine: a key has a line there already.
    """
    return parse_note(note).signed_also(lines).encode()


def verify_note(note: bytes, keys: Sequence[NoteVerifier], *, exactly: bool = True) -> VerifiedCheckpoint:
    """Read a signed checkpoint and verify that every one of these keys signed it.

    Args:
        note: the signed checkpoint.
        keys: keys that must all have signed; at least one. A key of type 0x01 is a log's, so its name must be the
            origin.
        exactly: refuse lines of other keys too. If False they are passed over, as the note format has it.

    Raises:
        NoteRefused, DoubledLine, CheckpointRefused, ExtensionRefused: malformed.
        UnknownLine: a line of a key that is not among the keys, when `exactly`.
        BadLine: a line of a key that does not verify.
        MissingLine: a key without a line.
        ValueError: no keys, or one key twice.
    """
    parsed = parse_note(note)
    return verify_lines(parsed, parse_text(parsed.text), keys, exactly=exactly)


def verify_lines(
    note: Note, checkpoint: Checkpoint, keys: Sequence[NoteVerifier], *, exactly: bool = True
) -> VerifiedCheckpoint:
    """Do what `verify_note` does with a note that is already taken apart and the checkpoint read from its text."""
    known = {(key.name, key.key_id): key for key in keys}
    if not known or len(known) != len(keys):
        raise ValueError("verifying needs keys, each once")
    times_ms = {}
    for line in note.signatures:
        key = known.pop((line.name, line.key_id), None)
        if key is None:
            if exactly:
                raise UnknownLine("a line of a key that does not belong here", line.name)
            continue
        if key.type == NoteKeyType.ED25519 and key.name != checkpoint.origin:
            raise BadLine("a log's line under another log's checkpoint", line.name)
        try:
            time_ms = verify_line(
                key,
                line,
                text=note.text,
                origin=checkpoint.origin,
                size=checkpoint.size,
                root=checkpoint.root,
            )
        except (SignatureRefused, ValueError):
            raise BadLine("a line that does not verify", line.name) from None
        if time_ms is not None:
            times_ms[key.vkey()] = time_ms
    if known:
        raise MissingLine("a key that should have signed has no line", next(iter(known))[0])
    return VerifiedCheckpoint(checkpoint, times_ms)
