"""A witness's decision: whether to cosign the checkpoint of a log that somebody hands in, and a log's request for it.

A witness keeps, for each log it follows, the last checkpoint it cosigned, and nothing else. It cosigns a checkpoint
that the log's keys signed and that extends the last one. Nobody who asks is believed: the log's signature and the proof
decide.

| status | when |
| --- | --- |
| 400 | the request is malformed, or what it extends is larger than the checkpoint |
| 404 | the witness does not follow this log |
| 403 | a key of the log that the witness asks for has not signed, or a line of one does not verify |
| 409 | what it extends is not the last checkpoint cosigned; the body says how large that is |
| 409 | it has as many leaves as the last checkpoint cosigned, and another root; the body names no size |
| 422 | the proof does not hold: the two checkpoints cannot be of one log that only grew, or nobody has shown it |

Source: C2SP tlog-witness, "add-checkpoint"; spec/witness.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from keys.note_key import NoteVerifier
from protocol.checkpoint import Checkpoint, CheckpointRefused, parse_text
from protocol.cosignature import LineRefused, verify_lines
from protocol.log_error import LogRefused
from protocol.merkle import HASH_BYTES, Hash, ProofError, empty_root, verify_consistency
from protocol.note import Note
from protocol.note import parse as parse_note
from protocol.spelling import decode_base64, decode_decimal, encode_base64

REQUEST_BYTES_MAX: Final = 65_536
"""Bytes of a request: 63 hashes, the checkpoint, and the lines of some seventeen ML-DSA keys."""

PROOF_LINES_MAX: Final = 63
ANSWER_BYTES_MAX: Final = 65_536
SIZE_TYPE: Final = "text/x.tlog.size"

MALFORMED, FORBIDDEN, UNKNOWN, CONFLICT, UNPROVED = 400, 403, 404, 409, 422


class NotCosigned(Exception):
    """The witness does not cosign.

    Attributes:
        status: of the answer.
        text: why, one clause for people.
        size: with CONFLICT, leaves of the last checkpoint cosigned; None where it has as many and another root.
    """

    def __init__(self, status: int, text: str, *, size: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.size = size


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request.

    Attributes:
        old: leaves of the checkpoint that this one extends; 0 for none.
        proof: hashes of the consistency proof, 32 bytes each, at most 63.
        note: the signed checkpoint.
    """

    old: int
    proof: tuple[Hash, ...]
    note: Note

    def encode(self) -> bytes:
        """The body of the request."""
        lines = "".join(f"{encode_base64(one)}\n" for one in self.proof)
        return f"old {self.old}\n{lines}\n".encode() + self.note.encode()

    @classmethod
    def parse(cls, body: bytes) -> "AddCheckpoint":
        """Read the body of a request.

        Raises:
            NotCosigned: 400.
        """
        if len(body) > REQUEST_BYTES_MAX:
            raise NotCosigned(MALFORMED, f"a request has at most {REQUEST_BYTES_MAX} bytes")
        head, gap, note = body.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
            word, _, number = first.partition(" ")
            if word != "old" or not gap or len(lines) > PROOF_LINES_MAX:
                raise ValueError("a request is an old size, at most 63 hashes, an empty line and a checkpoint")
            proof = tuple(decode_base64(line) for line in lines)
            if any(len(one) != HASH_BYTES for one in proof):
                raise ValueError("a hash has 32 bytes")
            return cls(decode_decimal(number), proof, parse_note(note))
        except (ValueError, LogRefused) as error:
            raise NotCosigned(MALFORMED, f"the request is malformed: {error}") from error


def origin_of(request: AddCheckpoint) -> str:
    """The log that a request says it is about: the first line, which nobody has verified yet."""
    return request.note.text.partition("\n")[0]


def verify(request: AddCheckpoint, keys: Sequence[NoteVerifier]) -> Checkpoint:
    """Read the checkpoint of a request, and see that the log signed it.

    Args:
        request: as it came.
        keys: of the log, as the witness has them; all of them must have signed. None where it does not follow the log.

    Raises:
        NotCosigned: 400, 403, 404; 422 for an empty tree with the root of another.
    """
    if not keys:
        raise NotCosigned(UNKNOWN, "this witness does not follow that log")
    try:
        checkpoint = parse_text(request.note.text)
    except CheckpointRefused as error:
        rootless = request.note.text.split("\n")[1:2] == ["0"]
        raise NotCosigned(UNPROVED if rootless else MALFORMED, error.text) from error
    try:
        verify_lines(request.note, checkpoint, keys, exactly=False)
    except LineRefused as error:
        raise NotCosigned(FORBIDDEN, error.text) from error
    if request.old > checkpoint.size:
        raise NotCosigned(MALFORMED, "the checkpoint is smaller than what it extends")
    return checkpoint


def check_growth(request: AddCheckpoint, checkpoint: Checkpoint, last: Checkpoint | None) -> None:
    """See that a verified checkpoint extends the last one.

    Args:
        request: whose checkpoint it is.
        checkpoint: as `verify` gave it.
        last: the last checkpoint of the log that was cosigned, or the one it was pinned at; None for neither.

    Raises:
        NotCosigned: 409, 422.
    """
    size = 0 if last is None else last.size
    if request.old != size:
        raise conflict(last)
    if last is not None and checkpoint.size == size and checkpoint.root != last.root:
        raise NotCosigned(CONFLICT, "it has as many leaves as the last checkpoint cosigned, and another root")
    try:
        verify_consistency(
            old_size=size,
            old_root=empty_root() if last is None else last.root,
            new_size=checkpoint.size,
            new_root=checkpoint.root,
            path=request.proof,
        )
    except ProofError as error:
        raise NotCosigned(UNPROVED, error.text) from error


def conflict(last: Checkpoint | None) -> NotCosigned:
    """The answer to whoever extends another checkpoint than the last one."""
    size = 0 if last is None else last.size
    return NotCosigned(CONFLICT, f"the last checkpoint cosigned has {size} leaves", size=size)


def signed_by(note: Note, keys: Sequence[NoteVerifier]) -> Note:
    """A note with the lines of these keys only: what nobody has verified is not kept, or handed on."""
    known = {(key.name, key.key_id) for key in keys}
    return Note(note.text, tuple(line for line in note.signatures if (line.name, line.key_id) in known))
