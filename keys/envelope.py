"""A file that a passphrase opens.

PKCS#8 encryption in the usual libraries means 2,048 rounds of PBKDF2 and no authentication, so this is our own:
Argon2id makes a key from the passphrase, AES-256-GCM seals the contents, and the whole header is authenticated.

Two values beside the ciphertext tell three failures apart, since a person at 3 a.m. must know whether to type again
or to fetch a backup:

- the *check*, drawn from the passphrase's key together with the header, is right before anything is decrypted: a wrong
  passphrase shows here. It also commits to the key, as AES-GCM alone does not: a file opens under one passphrase only.
- the *digest* at the end, a plain SHA-256, shows accidental damage before any memory is spent. It is no protection.

Source: RFC 9106; RFC 5869; NIST SP 800-38D; spec/keys-and-rosters.md, "Key files".
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keys.errors import DAMAGED, TOO_COSTLY, WRONG_PURPOSE, EnvelopeRefused, KeysMisused, PassphraseRefused
from keys.preimage import PREFIX, short_text

MAGIC: Final = b"hotline/sealed\n"
VERSION: Final = 1

SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
CHECK_BYTES: Final = 32
DIGEST_BYTES: Final = 32
TAG_BYTES: Final = 16

PASSPHRASE_BYTES_MAX: Final = 4096
PLAINTEXT_BYTES_MAX: Final = 1_048_576
"""1 MiB: a thousand channels. It bounds what is read before anything is authenticated."""

BLOB_BYTES_MAX: Final = PLAINTEXT_BYTES_MAX + 1024

MEMORY_KIB_MAX: Final = 262_144
"""256 MiB: a damaged or planted file must not make a small machine swap."""

PASSES_MAX: Final = 16
LANES_MAX: Final = 16


def _affordable(memory_kib: int, passes: int, lanes: int) -> bool:
    return 1 <= lanes <= LANES_MAX and 1 <= passes <= PASSES_MAX and 8 * lanes <= memory_kib <= MEMORY_KIB_MAX


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess at a passphrase costs.

    Attributes:
        memory_kib: memory in KiB, at least 8 for each lane, at most 256 MiB.
        passes: times over the memory, 1 to 16.
        lanes: lanes, 1 to 16.

    Raises:
        KeysMisused: out of range.
    """

    memory_kib: int
    passes: int
    lanes: int

    def __post_init__(self) -> None:
        if not _affordable(self.memory_kib, self.passes, self.lanes):
            raise KeysMisused(f"no cost for Argon2id: {self.memory_kib} KiB, {self.passes} passes, {self.lanes} lanes")


COST: Final = Cost(memory_kib=65_536, passes=3, lanes=4)
"""64 MiB, 3 passes, 4 lanes: the second choice of RFC 9106, section 4; about 0.3 s on a small machine."""


def seal(plaintext: bytes, passphrase: bytes, *, purpose: str, salt: bytes, nonce: bytes, cost: Cost = COST) -> bytes:
    """Seal the contents of a key file.

    Args:
        plaintext: at most 1 MiB.
        passphrase: 1 to 4,096 bytes, as they come.
        purpose: what kind of file this is; a file of another kind never opens as this one.
        salt: 16 fresh random bytes.
        nonce: 12 fresh random bytes.
        cost: what a guess costs. Lower it in tests only.

    Returns:
        the bytes of the file, a function of the arguments alone.

    Raises:
        KeysMisused: an argument of another length or spelling.

    Source: spec/keys-and-rosters.md, "Key files", lines 1 to 9.
    """
    if not 1 <= len(passphrase) <= PASSPHRASE_BYTES_MAX:
        raise KeysMisused(f"a passphrase has 1 to {PASSPHRASE_BYTES_MAX} bytes")
    if len(salt) != SALT_BYTES or len(nonce) != NONCE_BYTES:
        raise KeysMisused(f"a salt has {SALT_BYTES} bytes and a nonce {NONCE_BYTES}")
    if len(plaintext) > PLAINTEXT_BYTES_MAX:
        raise KeysMisused(f"a key file holds at most {PLAINTEXT_BYTES_MAX} bytes")
    header = b"".join(
        (
            MAGIC,
            bytes([VERSION]),
            short_text(purpose),
            cost.memory_kib.to_bytes(4, "big"),
            bytes([cost.passes, cost.lanes]),
            salt,
            nonce,
        )
    )
    key, check = _derive(passphrase, salt, cost, header)
    head = header + check + len(plaintext).to_bytes(4, "big")
    body = head + AESGCM(key).encrypt(nonce, plaintext, head)
    return body + sha256(body).digest()


def unseal(blob: bytes, passphrase: bytes, *, purpose: str) -> bytes:
    """Open a key file.

    Args:
        blob: the bytes of the file.
        passphrase: as it was given to :func:`seal`.
        purpose: what kind of file is expected.

    Raises:
        EnvelopeRefused: no key file or of another version (malformed), changed bytes (damaged), another kind of file
            (wrong purpose), or a cost above the ceilings (too costly), which is seen before memory is taken.
        PassphraseRefused: the file is whole and the passphrase is not its own.

    Source: spec/keys-and-rosters.md, "Key files", steps 1 to 7.
    """
    if len(blob) > BLOB_BYTES_MAX:
        raise EnvelopeRefused(f"a key file has at most {BLOB_BYTES_MAX} bytes")
    if not blob.startswith(MAGIC):
        raise EnvelopeRefused("this is no sealed key file")
    if blob[len(MAGIC) : len(MAGIC) + 1] != bytes([VERSION]):
        raise EnvelopeRefused("the key file is of another version")
    body, digest = blob[:-DIGEST_BYTES], blob[-DIGEST_BYTES:]
    if sha256(body).digest() != digest:
        raise EnvelopeRefused("the key file is damaged or cut short: fetch a backup", kind=DAMAGED)

    start = len(MAGIC) + 1
    purpose_end = start + 1 + (body[start] if len(body) > start else 0)
    header_end = purpose_end + 6 + SALT_BYTES + NONCE_BYTES
    length_at = header_end + CHECK_BYTES
    head = body[: length_at + 4]
    if len(head) < length_at + 4:
        raise EnvelopeRefused("the key file is too short")
    if len(body) != len(head) + int.from_bytes(head[length_at:], "big") + TAG_BYTES:
        raise EnvelopeRefused("the key file has another length than it says")
    if head[start:purpose_end] != short_text(purpose):
        raise EnvelopeRefused(f"the key file does not hold the keys of: {purpose}", kind=WRONG_PURPOSE)

    memory_kib = int.from_bytes(head[purpose_end : purpose_end + 4], "big")
    passes, lanes = head[purpose_end + 4], head[purpose_end + 5]
    if not _affordable(memory_kib, passes, lanes):
        raise EnvelopeRefused("the key file asks for more memory or time than is allowed", kind=TOO_COSTLY)
    salt = head[purpose_end + 6 : purpose_end + 6 + SALT_BYTES]
    nonce = head[purpose_end + 6 + SALT_BYTES : header_end]
    if not 1 <= len(passphrase) <= PASSPHRASE_BYTES_MAX:
        raise PassphraseRefused("the passphrase is empty or too long")
    key, check = _derive(passphrase, salt, Cost(memory_kib, passes, lanes), head[:header_end])
    if not hmac.compare_digest(check, head[header_end:length_at]):
        raise PassphraseRefused("the passphrase does not open this key file")
    try:
        return AESGCM(key).decrypt(nonce, body[len(head) :], head)
    except InvalidTag:
        raise EnvelopeRefused("the key file was changed after it was sealed", kind=DAMAGED) from None


def _derive(passphrase: bytes, salt: bytes, cost: Cost, header: bytes) -> tuple[bytes, bytes]:
    """The key of the contents and the check. The check is published; HKDF keeps it apart from the key."""
    stretched = Argon2id(
        salt=salt, length=32, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib
    ).derive(passphrase)
    info = PREFIX + b"envelope\0" + header
    both = HKDF(algorithm=SHA256(), length=32 + CHECK_BYTES, salt=None, info=info).derive(stretched)
    return both[:32], both[32:]
