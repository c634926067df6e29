"""A checkpoint: which log, how many leaves, which root.

The text of a checkpoint has exactly three lines. The format also knows extension lines; the ML-DSA type does not sign
them and no auditor can check them, so they are refused here with an error of their own.

Source: C2SP tlog-checkpoint; spec/log.md, "Checkpoint".
"""

from dataclasses import dataclass

from keys.note_key import NoteKeyType
from protocol.head_signer import HeadSigners, lines_of, verifiers_of
from protocol.log_error import LogRefused
from protocol.merkle import HASH_BYTES, Hash, empty_root
from protocol.note import Note, is_key_name
from protocol.spelling import NUMBER_MAX, decode_base64, decode_decimal, encode_base64

ORIGIN_BYTES_MAX = 255
"""Bytes of an origin: the ML-DSA message writes its length in one byte."""

LOG_KEY_TYPES = (NoteKeyType.ED25519, NoteKeyType.MLDSA44)
"""The two keys of a log, in the order of their lines."""


class CheckpointRefused(LogRefused):
    """A text that is no checkpoint in its one spelling, or parts that make none."""

    CODE = "checkpoint-malformed"


class ExtensionRefused(CheckpointRefused):
    """A checkpoint with lines after the root."""

    CODE = "checkpoint-extension"
    kind = "extension"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State of one log at one size.

    Attributes:
        origin: name of the log, which is also the name of its keys; 1 to 255 bytes in UTF-8.
        size: number of leaves, 0 to 2**63 - 1.
        root: root hash at that size, 32 bytes; with size 0 the root of the empty tree.

    Raises:
        CheckpointRefused: a part out of range.
    """

    origin: str
    size: int
    root: Hash

    def __post_init__(self) -> None:
        if not is_key_name(self.origin) or len(self.origin.encode()) > ORIGIN_BYTES_MAX:
            raise CheckpointRefused("an origin has 1 to 255 bytes, without spaces, plus and control characters")
        if not 0 <= self.size <= NUMBER_MAX:
            raise CheckpointRefused("a tree size is a number from 0 to 2**63 - 1")
        if len(self.root) != HASH_BYTES:
            raise CheckpointRefused("a root has 32 bytes")
        if self.size == 0 and self.root != empty_root():
            raise CheckpointRefused("a tree without leaves has another root")

    def text(self) -> str:
        """The note text: three lines."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_text(text: str) -> Checkpoint:
    """Read the text of a checkpoint note.

    Raises:
        ExtensionRefused: there are lines after the root.
        CheckpointRefused: anything else that `Checkpoint.text` would not write.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1]:
        raise CheckpointRefused("a checkpoint has three lines, each ended by a newline")
    if len(lines) > 4:
        raise ExtensionRefused("a checkpoint with extension lines")
    try:
        checkpoint = Checkpoint(lines[0], decode_decimal(lines[1]), decode_base64(lines[2]))
    except ValueError:
        raise CheckpointRefused("a checkpoint whose size or root has no proper spelling") from None
    if checkpoint.text() != text:
        raise CheckpointRefused("a checkpoint with a second spelling")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signers: HeadSigners, at_ms: int) -> bytes:
    """Sign a checkpoint with both keys of its log.

    Args:
        checkpoint: what to sign. That the log never signed anything inconsistent with it is the caller's duty.
        signers: the log's keys of type 0x01 and 0x06, in this order, both named like the origin.
        at_ms: time of signing, UTC milliseconds.

    Returns:
        A note with two signature lines.

    Raises:
        ValueError: other keys than those two.
        keys.errors.KeyElsewhere: keys that are not in this process were not used.
    """
    keys = verifiers_of(signers)
    if tuple(key.type for key in keys) != LOG_KEY_TYPES or any(key.name != checkpoint.origin for key in keys):
        raise ValueError("a checkpoint is signed by the Ed25519 and the ML-DSA-44 key of its own origin")
    text = checkpoint.text()
    lines = lines_of(
        signers, text=text, origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root, at_ms=at_ms
    )
    return Note(text, lines).encode()
