"""The keys of logs and mirrors, in the C2SP types that other tools read.

A key has a name, a type and raw bytes; its id is the first four bytes of SHA-256(name, newline, type, key). The id
only helps to find the right key: four bytes stop nobody. A verifier key is written as one line, the *vkey*:

    example.com/log+7a1b2c3d+AQ…

What exactly is signed (a note's text, a cosignature message) is the protocol's business; here a message is bytes.

Source: C2SP signed-note v1.0.0, "Signatures" and "Verifier keys"; C2SP tlog-cosignature;
spec/keys-and-rosters.md, "Note keys".
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from keys.errors import MALFORMED, KeyRefused, KeysMisused, SignatureRefused
from keys.gate import check_ed25519

ED25519_PUBLIC_BYTES: Final = 32
MLDSA44_PUBLIC_BYTES: Final = 1312
ED25519_SIGNATURE_BYTES: Final = 64
MLDSA44_SIGNATURE_BYTES: Final = 2420
SEED_BYTES: Final = 32
KEY_ID_BYTES: Final = 4

NAME_BYTES_MAX: Final = 255
"""The ML-DSA-44 message writes the length of the name in one byte."""

_HEX_ID = re.compile(r"[0-9a-f]{8}")


class NoteKeyType(IntEnum):
    """The signature types of C2SP that the project makes and checks."""

    ED25519 = 0x01
    COSIGNATURE = 0x04
    MLDSA44 = 0x06

    @property
    def public_bytes(self) -> int:
        """Length of a public key of this type."""
        return MLDSA44_PUBLIC_BYTES if self is NoteKeyType.MLDSA44 else ED25519_PUBLIC_BYTES

    @property
    def signature_bytes(self) -> int:
        """Length of a raw signature of this type, without the time that a note line may put before it."""
        return MLDSA44_SIGNATURE_BYTES if self is NoteKeyType.MLDSA44 else ED25519_SIGNATURE_BYTES


def check_name(name: str) -> None:
    """Refuse a key name that a note line could not carry.

    Args:
        name: 1 to 255 bytes of UTF-8, printable, without spaces of any alphabet and without ``+``.

    Raises:
        KeyRefused: anything else.
    """
    # isprintable() is false for every separator but the ASCII space, and for control and direction characters.
    if not name or not name.isprintable() or " " in name or "+" in name:
        raise KeyRefused(f"no name for a note key: {name!r}", kind=MALFORMED)
    if len(name.encode("utf-8")) > NAME_BYTES_MAX:
        raise KeyRefused(f"the name of a note key has more than {NAME_BYTES_MAX} bytes", kind=MALFORMED)


@dataclass(frozen=True, slots=True, repr=False)
class NoteVerifier:
    """A public key of a log or a mirror.

    Attributes:
        name: the key's name; for a log it is the origin.
        type: one of the three types.
        raw: 32 bytes (0x01, 0x04) or 1,312 bytes (0x06).

    Raises:
        KeyRefused: a bad name, a wrong length, or an Ed25519 key that the gate refuses.
    """

    name: str
    type: NoteKeyType
    raw: bytes
    key_id: bytes = field(init=False, compare=False)
    _key: Ed25519PublicKey | MLDSA44PublicKey | None = field(init=False, default=None, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.raw) != self.type.public_bytes:
            raise KeyRefused(
                f"a note key of type {self.type:#04x} has {self.type.public_bytes} bytes, not {len(self.raw)}"
            )
        if self.type is not NoteKeyType.MLDSA44:
            check_ed25519(self.raw)
        digest = sha256(self.name.encode("utf-8") + b"\n" + bytes([self.type]) + self.raw).digest()
        object.__setattr__(self, "key_id", digest[:KEY_ID_BYTES])

    def __repr__(self) -> str:
        return f"NoteVerifier({self.name}+{self.key_id.hex()} type {self.type:#04x})"

    def vkey(self) -> str:
        """The key as one line: name, id in hexadecimal, base64 of type and key, joined by ``+``."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.type]) + self.raw).decode('ascii')}"

    @classmethod
    def parse(cls, vkey: str) -> "NoteVerifier":
        """Read a vkey.

        Args:
            vkey: the line, without a newline. It is cut at its first two ``+``: base64 may hold more of them.

        Raises:
            KeyRefused: not three parts, loose hexadecimal or base64, another type, an id that is not the key's, or a
                key that the constructor refuses.

        Source: spec/keys-and-rosters.md, "Note keys", steps 1 to 6.
        """
        parts = vkey.split("+", 2)
        if len(parts) != 3 or not _HEX_ID.fullmatch(parts[1]):
            raise KeyRefused("a vkey is name+id+key with the id in 8 lower-case hexadecimal digits", kind=MALFORMED)
        try:
            decoded = base64.b64decode(parts[2].encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise KeyRefused("the key of a vkey is not base64", kind=MALFORMED) from None
        if not decoded or decoded[0] not in (1, 4, 6):
            raise KeyRefused("the vkey is of a type that is not known here", kind=MALFORMED)
        verifier = cls(parts[0], NoteKeyType(decoded[0]), decoded[1:])
        if verifier.vkey() != vkey:
            raise KeyRefused("the vkey has an id of another key, or is a second spelling", kind=MALFORMED)
        return verifier

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check a raw signature.

        Args:
            message: what this type signs for the note at hand.
            signature: 64 bytes (0x01, 0x04) or 2,420 bytes (0x06).

        Raises:
            SignatureRefused: wrong length, or it does not verify.
        """
        if len(signature) != self.type.signature_bytes:
            raise SignatureRefused(
                f"a signature of type {self.type:#04x} has {self.type.signature_bytes} bytes, not {len(signature)}"
            )
        try:
            self._public_key().verify(signature, message)
        except InvalidSignature:
            raise SignatureRefused(f"the signature of {self.name}+{self.key_id.hex()} does not verify") from None

    def _public_key(self) -> Ed25519PublicKey | MLDSA44PublicKey:
        # Two threads may both make the object; the results are equal and either may stay.
        key = self._key
        if key is None:
            kind = MLDSA44PublicKey if self.type is NoteKeyType.MLDSA44 else Ed25519PublicKey
            key = kind.from_public_bytes(self.raw)
            object.__setattr__(self, "_key", key)
        return key


@dataclass(frozen=True, slots=True)
class NotePair:
    """The two keys of a log or of a mirror.

    Attributes:
        ed25519: 32 bytes.
        mldsa44: 1,312 bytes.

    Raises:
        KeyRefused: a wrong length, or an Ed25519 key that the gate refuses.
    """

    ed25519: bytes
    mldsa44: bytes

    def __post_init__(self) -> None:
        check_ed25519(self.ed25519)
        if len(self.mldsa44) != MLDSA44_PUBLIC_BYTES:
            raise KeyRefused(f"an ML-DSA-44 key has {MLDSA44_PUBLIC_BYTES} bytes, not {len(self.mldsa44)}")

    def log_verifiers(self, origin: str) -> tuple[NoteVerifier, NoteVerifier]:
        """The keys as those of a log: types 0x01 and 0x06, named after the origin."""
        return (
            NoteVerifier(origin, NoteKeyType.ED25519, self.ed25519),
            NoteVerifier(origin, NoteKeyType.MLDSA44, self.mldsa44),
        )

    def mirror_verifiers(self, name: str) -> tuple[NoteVerifier, NoteVerifier]:
        """The keys as those of a mirror: types 0x04 and 0x06."""
        return (
            NoteVerifier(name, NoteKeyType.COSIGNATURE, self.ed25519),
            NoteVerifier(name, NoteKeyType.MLDSA44, self.mldsa44),
        )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class NoteSigner:
    """A private key of a log or a mirror. It never shows its seed.

    Attributes:
        name: the key's name.
        type: one of the three types.
        seed: 32 secret bytes.
        verifier: the public side.

    Raises:
        KeysMisused: a seed of another length.
        KeyRefused: a bad name.
    """

    name: str
    type: NoteKeyType
    seed: bytes
    verifier: NoteVerifier = field(init=False)
    _key: Ed25519PrivateKey | MLDSA44PrivateKey = field(init=False)

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise KeysMisused(f"the seed of a note key has {SEED_BYTES} bytes, not {len(self.seed)}")
        key: Ed25519PrivateKey | MLDSA44PrivateKey
        if self.type is NoteKeyType.MLDSA44:
            key = MLDSA44PrivateKey.from_seed_bytes(self.seed)
        else:
            key = Ed25519PrivateKey.from_private_bytes(self.seed)
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "verifier", NoteVerifier(self.name, self.type, key.public_key().public_bytes_raw()))

    def __repr__(self) -> str:
        return f"NoteSigner({self.name}+{self.verifier.key_id.hex()} type {self.type:#04x})"

    def sign(self, message: bytes) -> bytes:
        """Sign a message: 64 bytes of Ed25519, or 2,420 of ML-DSA-44 (pure, empty context, hedged)."""
        return self._key.sign(message)
