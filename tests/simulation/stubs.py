"""Keys that sign and seal at once, for worlds in which cryptography itself is not what is tried.

A stub's signature is a hash over the public key, a secret of this module and the message, in the length of the real
one, so that formats, limits and checks stay what they are. Nothing in a simulation but a holder of a private key calls
`sign`; an adversary has only what was sent. Both real signatures and real wraps are drawn at random; a stub is not, so
that one seed gives one run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from hashlib import sha256
from unittest.mock import patch

from keys import note_key
from keys.errors import SealRefused, SignatureRefused
from keys.hybrid import HybridPrivateKey, HybridPublicKey
from keys.note_key import NoteKeyType, NoteSigner, NoteVerifier
from keys.sealing import SealingPrivateKey, SealingPublicKey
from tests.simulation.quick import quickly_made
from tests.simulation.remembering import of_a_world, remembered

_NOTE_LENGTHS = {kind: (kind.signature_bytes // 32 + 1, kind.signature_bytes) for kind in NoteKeyType}
"""Of a signature of each type: in digests, and in bytes."""

_SECRET = sha256(b"known to signers only").digest()


def _stretch(length: int, kind: bytes, key: bytes, message: bytes) -> bytes:
    """So many bytes that nobody knows without the secret. Kinds and the keys of one kind are each of one length."""
    return (sha256(b"".join((_SECRET, kind, key, message))).digest() * (length // 32 + 1))[:length]


def _of_hybrid(digest: bytes, length: int) -> bytes:
    """In the length of a signature of two kinds."""
    return (digest * (length // 32 + 1))[:length]


_made: dict[tuple[bytes, str, bytes, str, bytes], bytes] = {}
"""What was signed in the present world."""
of_a_world.append(_made)


def _hybrid(key: HybridPublicKey, purpose: str, channel: bytes, author: str, message: bytes) -> bytes:
    # Neither a purpose nor an author has a zero byte in it, and a channel has one length: nothing reads in two ways.
    begin = f"{purpose}\0{author}\0".encode()
    made = sha256(b"".join((_SECRET, b"hybrid", key.raw, channel, begin, message))).digest()
    return _of_hybrid(made, key.suite.signature.signature_bytes)


def _hybrid_sign(self: HybridPrivateKey, purpose: str, *, channel: bytes, author: str, message: bytes) -> bytes:
    signature = _made[self.public.raw, purpose, channel, author, message] = _hybrid(
        self.public, purpose, channel, author, message
    )
    return signature


def _hybrid_verify(
    self: HybridPublicKey, purpose: str, *, channel: bytes, author: str, message: bytes, signature: bytes
) -> None:
    made = _made.get((self.raw, purpose, channel, author, message))
    if signature != (_hybrid(self, purpose, channel, author, message) if made is None else made):
        raise SignatureRefused("the stub signature does not verify")


def _of_note(key: NoteVerifier, message: bytes) -> bytes:
    times, length = _NOTE_LENGTHS[key.type]
    return (sha256(b"".join((_SECRET, b"note", key.raw, message))).digest() * times)[:length]


def _note_sign(self: NoteSigner, message: bytes) -> bytes:
    return _of_note(self.verifier, message)


def _note_verify(self: NoteVerifier, message: bytes, signature: bytes) -> None:
    if signature != _of_note(self, message):
        raise SignatureRefused("the stub signature does not verify")


def _both(one: bytes, other: bytes) -> bytes:
    """One over the other, of one length."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")


def _wrap(self: SealingPublicKey, secret: bytes, info: bytes) -> bytes:
    pad = _stretch(len(secret), b"pad", self.raw, info)
    hidden = _both(secret, pad)
    return hidden + _stretch(self.suite.sealing.overhead_bytes, b"tag", self.raw, secret + info)


def _unwrap(self: SealingPrivateKey, ciphertext: bytes, info: bytes) -> bytes:
    overhead = self.public.suite.sealing.overhead_bytes
    hidden, tag = ciphertext[:-overhead], ciphertext[-overhead:]
    pad = _stretch(len(hidden), b"pad", self.public.raw, info)
    secret = _both(hidden, pad)
    if tag != _stretch(overhead, b"tag", self.public.raw, secret + info):
        raise SealRefused("the stub wrap does not open")
    return secret


__all__ = ["remembered", "stub_keys", "stubbed"]


@contextlib.contextmanager
def stub_keys() -> Iterator[None]:
    """Put the stubs in the place of the signing, verifying, wrapping and opening of every key."""
    with contextlib.ExitStack() as stack:
        for where, name, function in (
            (HybridPrivateKey, "sign", _hybrid_sign),
            (HybridPublicKey, "verify", _hybrid_verify),
            (note_key.NoteSigner, "sign", _note_sign),
            (note_key.NoteVerifier, "verify", _note_verify),
            (SealingPublicKey, "wrap", _wrap),
            (SealingPrivateKey, "unwrap", _unwrap),
        ):
            stack.enter_context(patch.object(where, name, function))
        yield


@contextlib.contextmanager
def stubbed() -> Iterator[None]:
    """The stubs, answers of pure functions remembered, and what is made most often made quickly."""
    with remembered(), stub_keys(), quickly_made():
        yield
