"""A `.tlog-proof` file: one entry's place in a log, and the signed checkpoint it is proved against.

    c2sp.org/tlog-proof@v1
    extra <base64>            (left out when there is none; Hotline puts the entry's bytes here)
    index 17
    <base64 hash>             (none or more, from the leaf's sibling upwards)
                              (an empty line)
    <the signed checkpoint, verbatim>

This module takes the file apart and puts it together. The extra data is authenticated by nothing until the inclusion
proof over it was verified, and neither is the rest.

Source: C2SP tlog-proof; spec/log.md, "Proof file".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.limits import ENTRY_BYTES_MAX
from protocol.log_error import LogRefused
from protocol.merkle import HASH_BYTES, PATH_LENGTH_MAX, Hash
from protocol.note import NOTE_BYTES_MAX
from protocol.spelling import NUMBER_MAX, decode_base64, decode_decimal, encode_base64

HEADER = "c2sp.org/tlog-proof@v1"

EXTRA_BYTES_MAX = ENTRY_BYTES_MAX
"""Bytes of extra data: an entry of the greatest length."""

PROOF_BYTES_MAX = NOTE_BYTES_MAX + 4 * (EXTRA_BYTES_MAX // 3 + 1) + 64 * 64
"""Bytes of a proof file: a note, the extra data in base64, and 64 lines of hashes and headers."""


class ProofFileRefused(LogRefused):
    """Bytes that are no proof file in its one spelling."""

    CODE = "proof-file-malformed"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """The parts of a proof file, not verified.

    Attributes:
        extra: opaque bytes, at most 65,535, or None where the file has no such line.
        index: position of the entry, from 0.
        path: inclusion proof, 32 bytes each, from the leaf's sibling upwards, at most 63.
        checkpoint_note: the signed checkpoint as it came.

    Raises:
        ProofFileRefused: a part out of range.
    """

    extra: bytes | None
    index: int
    path: Sequence[Hash]
    checkpoint_note: bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", tuple(self.path))
        if self.extra is not None and len(self.extra) > EXTRA_BYTES_MAX:
            raise ProofFileRefused(f"extra data of {len(self.extra)} bytes")
        if not 0 <= self.index <= NUMBER_MAX:
            raise ProofFileRefused("an index is a number from 0 to 2**63 - 1")
        if len(self.path) > PATH_LENGTH_MAX or any(len(item) != HASH_BYTES for item in self.path):
            raise ProofFileRefused("a path has at most 63 hashes of 32 bytes")
        if not self.checkpoint_note or len(self.checkpoint_note) > NOTE_BYTES_MAX:
            raise ProofFileRefused("a proof file needs a checkpoint of no more than the bytes of a note")

    def encode(self) -> bytes:
        """The file."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines.extend(encode_base64(item) for item in self.path)
        return ("\n".join(lines) + "\n\n").encode("ascii") + self.checkpoint_note


def parse(data: bytes) -> TlogProof:
    """Take a proof file apart. The checkpoint in it is left as it is.

    Args:
        data: the whole file, at most PROOF_BYTES_MAX bytes.

    Raises:
        ProofFileRefused: anything that `TlogProof.encode` would not write.
    """
    if len(data) > PROOF_BYTES_MAX:
        raise ProofFileRefused(f"a proof file of {len(data)} bytes is over the limit of {PROOF_BYTES_MAX}")
    head, cut, checkpoint_note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise ProofFileRefused("a proof file with other characters than ASCII before its checkpoint") from None
    if not cut or lines.pop(0) != HEADER:
        raise ProofFileRefused(f"not a file that starts with {HEADER} and holds an empty line")
    try:
        extra = decode_base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
        if not lines or not lines[0].startswith("index "):
            raise ProofFileRefused("a proof file without its index line")
        index = decode_decimal(lines.pop(0)[6:])
        path = [decode_base64(line) for line in lines[: PATH_LENGTH_MAX + 1]]
    except ValueError:
        raise ProofFileRefused("a proof file with a number or base64 that is not in its one spelling") from None
    proof = TlogProof(extra, index, path, checkpoint_note)
    if proof.encode() != data:
        raise ProofFileRefused("a proof file with a second spelling")
    return proof
