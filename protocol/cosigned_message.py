"""What each type of key signs when it signs a checkpoint, and the signature line that comes of it.

| key type | message | line holds after the key ID |
| --- | --- | --- |
| 0x01 Ed25519 | the note text | signature (64 bytes) |
| 0x04 Ed25519 cosignature | `cosignature/v1`, `time <seconds>`, the note text | time (8 bytes), signature (64 bytes) |
| 0x06 ML-DSA-44 | label, cosigner name, time, origin, start 0, end, root | time (8 bytes), signature (2,420 bytes) |

Times are POSIX seconds, big-endian, from 1 to 2**63 - 1. Zero would mean "no statement about the time": it is refused.

Source: C2SP signed-note and tlog-cosignature; spec/log.md, "Cosignature".
"""

from functools import lru_cache
from typing import Protocol

from keys.note_key import NoteKeyType, NoteVerifier
from protocol.note import NoteSignature
from protocol.spelling import NUMBER_MAX

_TIME_BYTES = 8
_NAME_BYTES_MAX = 255
_START = bytes(8)
"""The first leaf of the subtree, which is that of the log."""

SIGNATURE_BYTES = {
    NoteKeyType.ED25519: 64,
    NoteKeyType.COSIGNATURE: _TIME_BYTES + 64,
    NoteKeyType.MLDSA44: _TIME_BYTES + 2420,
}
"""Bytes after the key ID in a line of each type."""


def seconds(at_ms: int) -> int:
    """The time a line carries: whole seconds of a UTC time in milliseconds, but never below 1.

    A node whose clock stands before 1970 still signs, with the earliest time there is.
    """
    return max(1, at_ms // 1000)


def cosignature_message(*, time_s: int, text: str) -> bytes:
    """What a key of type 0x04 signs: header line, time line and the whole note text."""
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def subtree_message(*, cosigner: str, time_s: int, origin: str, size: int, root: bytes) -> bytes:
    """What a key of type 0x06 signs about the tree of the first `size` leaves.

    Raises:
        ValueError: a name or origin of no or more than 255 bytes.
    """
    return b"".join(
        (
            b"subtree/v1\n\x00",
            _sized(cosigner),
            time_s.to_bytes(_TIME_BYTES, "big"),
            _sized(origin),
            _START,
            size.to_bytes(8, "big"),
            root,
        )
    )


@lru_cache(maxsize=128)
def _sized(name: str) -> bytes:
    """A name behind its length; the same few are asked for at every beat."""
    data = name.encode()
    if not 1 <= len(data) <= _NAME_BYTES_MAX:
        raise ValueError("a cosigner's name and an origin have 1 to 255 bytes")
    return bytes((len(data),)) + data


def _message(key: NoteVerifier, *, time_s: int, text: str, origin: str, size: int, root: bytes) -> bytes:
    if key.type == NoteKeyType.ED25519:
        return text.encode()
    if key.type == NoteKeyType.COSIGNATURE:
        return cosignature_message(time_s=time_s, text=text)
    return subtree_message(cosigner=key.name, time_s=time_s, origin=origin, size=size, root=root)


class LineSigner(Protocol):
    """One key of a log or a mirror: in memory, or in a token."""

    @property
    def verifier(self) -> NoteVerifier:
        """Its public side."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign a message, as `keys.note_key.NoteSigner`."""
        ...


def sign_line(signer: LineSigner, *, text: str, origin: str, size: int, root: bytes, at_ms: int) -> NoteSignature:
    """Sign a checkpoint with one key of any of the three types.

    Args:
        signer: the key.
        text: the note text of the checkpoint.
        origin: its first line, 1 to 255 bytes in UTF-8.
        size: its tree size.
        root: its root, 32 bytes.
        at_ms: time of signing, UTC milliseconds; a key of type 0x01 states none.
    """
    key = signer.verifier
    time_s = seconds(at_ms)
    signature = signer.sign(_message(key, time_s=time_s, text=text, origin=origin, size=size, root=root))
    if key.type != NoteKeyType.ED25519:
        signature = time_s.to_bytes(_TIME_BYTES, "big") + signature
    return NoteSignature(key.name, key.key_id, signature)


def verify_line(
    key: NoteVerifier, line: NoteSignature, *, text: str, origin: str, size: int, root: bytes
) -> int | None:
    """Verify one line of a checkpoint with the key it names.

    Returns:
        The time of signing in UTC milliseconds (whole seconds), or None from a key of type 0x01, which states none.

    Raises:
        ValueError: a signature of the wrong length, or a time that is not from 1 to 2**63 - 1.
        keys.errors.SignatureRefused: the signature does not verify.
    """
    if len(line.signature) != SIGNATURE_BYTES[key.type]:
        raise ValueError("a signature of the wrong length for its key")
    if key.type == NoteKeyType.ED25519:
        key.verify(text.encode(), line.signature)
        return None
    time_s = int.from_bytes(line.signature[:_TIME_BYTES], "big")
    if not 1 <= time_s <= NUMBER_MAX:
        raise ValueError("a cosignature states a time from 1 to 2**63 - 1 seconds")
    message = _message(key, time_s=time_s, text=text, origin=origin, size=size, root=root)
    key.verify(message, line.signature[_TIME_BYTES:])
    return time_s * 1000
