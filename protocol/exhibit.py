"""An exhibit: a piece of evidence that a party commits to now and may open later, by a salted hash.

    hash = SHA-256(salt || item)            salt: 32 random bytes, fresh for each item

Whoever sees the hash alone cannot try items until one fits. A salt of any other length is refused: with one that may be
longer, the first bytes of the item could be called salt, and one hash would open to two items.

What a party keeps until then is a small text beside the item:

    hotline/1/exhibit
    salt 64 hexadecimal digits
    hash 64 hexadecimal digits
    bytes length of the item

Source: spec/disclosure.md, "Evidence".
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from protocol.tagged import Hash

if TYPE_CHECKING:
    from hashlib import _Hash

SALT_BYTES: Final = 32
FILE_BYTES_MAX: Final = 256
"""Bytes of the text that is kept."""

_FILE: Final = re.compile(rb"hotline/1/exhibit\nsalt ([0-9a-f]{64})\nhash ([0-9a-f]{64})\nbytes (0|[1-9][0-9]{0,17})\n")
_SALT: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What opens a commitment to an item.

    Attributes:
        salt: 32 bytes; secret until the item is released.
        hash: as it was committed to.
        length: of the item, bytes.
    """

    salt: bytes
    hash: Hash
    length: int

    def encode(self) -> bytes:
        """The text that is kept beside the item."""
        return (f"hotline/1/exhibit\nsalt {self.salt.hex()}\nhash {self.hash.hex()}\nbytes {self.length}\n").encode()

    @classmethod
    def parse(cls, data: bytes) -> "Exhibit | None":
        """Read such a text, in its one spelling; None for anything else."""
        match = _FILE.fullmatch(data) if len(data) <= FILE_BYTES_MAX else None
        if match is None:
            return None
        return cls(bytes.fromhex(match[1].decode()), bytes.fromhex(match[2].decode()), int(match[3]))


def salt_of(text: str) -> bytes | None:
    """A salt as a release states it: 32 bytes in lower-case hexadecimal; None for any other text."""
    return bytes.fromhex(text) if _SALT.fullmatch(text) else None


def begin(salt: bytes) -> "_Hash":
    """The hash of an item to which its bytes are yet to be added.

    Raises:
        ValueError: the salt has not 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return sha256(salt)


def same(one: Hash, other: Hash) -> bool:
    """Whether two hashes are the same, in a time that says nothing of where they differ."""
    return compare_digest(one, other)
