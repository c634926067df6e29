"""A long file that a passphrase opens, sealed and opened in parts of fixed size.

A key file (`keys/envelope.py`) is opened whole, which bounds it to what memory takes. A backup has no bound. So it is
cut into parts of 64 KiB, each sealed under the file's own fresh key with its number and with whether it is the last
one: no part can be changed, left out, doubled or moved, and the end cannot be cut off, without the opening failing
there. What was opened up to then is genuine; whether the file is whole is known at its end only, so whoever reads it
acts on nothing before that.

    file    = MAGIC VERSION length (2 bytes) key part, part, ..., last part
    key     = an envelope of the passphrase, of the purpose given, with the file's 32-byte key in it
    part    = AES-256-GCM(key; nonce = number (11 bytes) last (1 byte); data = SHA-256 of all before the first part)

Every part but the last has 65,536 bytes of contents; the last has fewer or as many, and none only in an empty file.

Source: Hoang, Reyhanitabar, Rogaway, Vizar, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance",
section on STREAM; NIST SP 800-38D; spec/recovery.md, "Backup files".
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.envelope import COST, Cost, seal, unseal
from keys.errors import DAMAGED, EnvelopeRefused, KeysMisused

MAGIC: Final = b"hotline/stream\n"
VERSION: Final = 1
KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
PART_BYTES: Final = 65_536
PARTS_MAX: Final = 1 << 32
"""256 TiB; the number in a nonce has room for far more, and AES-GCM under one key for about as many."""

HEAD_BYTES: Final = len(MAGIC) + 3
ENVELOPE_BYTES_MAX: Final = 1_024

Read = Callable[[int], bytes]
"""Gives the next bytes of a file, at most so many; fewer only at its end."""


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class Sealer:
    """Seals one file.

    Args:
        passphrase: 1 to 4,096 bytes.
        purpose: what kind of file this is; a file of another kind never opens as this one.
        key: 32 fresh random bytes, for this file only.
        salt: 16 fresh random bytes.
        nonce: 12 fresh random bytes.
        cost: what a guess at the passphrase costs. Lower it in tests only.

    Attributes:
        head: what the file begins with.

    Raises:
        KeysMisused: an argument of another length.
    """

    def __init__(
        self, passphrase: bytes, *, purpose: str, key: bytes, salt: bytes, nonce: bytes, cost: Cost = COST
    ) -> None:
        if len(key) != KEY_BYTES:
            raise KeysMisused(f"the key of a stream has {KEY_BYTES} bytes")
        blob = seal(key, passphrase, purpose=purpose, salt=salt, nonce=nonce, cost=cost)
        self.head = MAGIC + bytes([VERSION]) + len(blob).to_bytes(2, "big") + blob
        self._aead = AESGCM(key)
        self._data = sha256(self.head).digest()
        self._number = 0
        self._waiting = b""

    def update(self, contents: bytes) -> bytes:
        """Take more contents; gives the parts that are full and are not the last."""
        contents = self._waiting + contents
        # What fills a part just so waits, because it may be the last.
        full = range(0, len(contents) - PART_BYTES, PART_BYTES)
        self._waiting = contents[len(full) * PART_BYTES :]
        return b"".join(self._part(contents[start : start + PART_BYTES], last=False) for start in full)

    def finish(self) -> bytes:
        """Give the last part; nothing comes after it."""
        return self._part(self._waiting, last=True)

    def _part(self, contents: bytes, *, last: bool) -> bytes:
        if self._number >= PARTS_MAX:
            raise KeysMisused("the file is too long")
        sealed = self._aead.encrypt(_nonce(self._number, last), contents, self._data)
        self._number += 1
        return sealed


def open_stream(read: Read, passphrase: bytes, *, purpose: str) -> Iterator[bytes]:
    """Open a file part by part. Only when it comes to its end without an error was the file whole.

    Args:
        read: gives the file's bytes in order.
        passphrase: as it was given to the sealer.
        purpose: what kind of file is expected.

    Yields:
        The contents of one part after the other.

    Raises:
        EnvelopeRefused: no such file, of another kind or version, changed, cut short, or with something after its end.
        PassphraseRefused: another passphrase.
    """
    head = read(HEAD_BYTES)
    if not head.startswith(MAGIC) or len(head) != HEAD_BYTES:
        raise EnvelopeRefused("this is no sealed file of this kind")
    if head[len(MAGIC)] != VERSION:
        raise EnvelopeRefused("the file is of another version")
    length = int.from_bytes(head[-2:], "big")
    if length > ENVELOPE_BYTES_MAX:
        raise EnvelopeRefused("the file's key is larger than any")
    blob = read(length)
    key = unseal(blob, passphrase, purpose=purpose)
    if len(key) != KEY_BYTES:
        raise EnvelopeRefused("the file's key has another length")
    aead, data = AESGCM(key), sha256(head + blob).digest()
    sealed, number, last = read(PART_BYTES + TAG_BYTES), 0, False
    while not last:
        following = read(PART_BYTES + TAG_BYTES) if len(sealed) == PART_BYTES + TAG_BYTES else b""
        last = not following
        try:
            if number >= PARTS_MAX or len(sealed) < TAG_BYTES:
                raise InvalidTag
            contents = aead.decrypt(_nonce(number, last), sealed, data)
        except InvalidTag:
            raise EnvelopeRefused(f"the file is damaged or cut short at part {number}", kind=DAMAGED) from None
        if last and not contents and number:
            raise EnvelopeRefused("the file has an empty part at its end", kind=DAMAGED)
        yield contents
        sealed, number = following, number + 1
