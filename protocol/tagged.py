"""Hashes with a type tag, so that a hash of one thing can never stand for another.

    tagged(tag, part, ...) = SHA-256("hotline/1/" tag 0x00 part ...)

Parts are joined without lengths: whoever calls gives at most one part of variable length, and gives it last, or puts
its length before it.

Source: spec/statement-and-entry.md, "Hashes".
"""

from functools import lru_cache
from hashlib import sha256
from typing import Final

PREFIX: Final = b"hotline/1/"
HASH_BYTES: Final = 32

Hash = bytes
"""32 bytes."""


@lru_cache(maxsize=64)
def tag_prefix(tag: str) -> bytes:
    """The bytes that begin whatever is hashed under a tag."""
    return PREFIX + tag.encode("ascii") + b"\0"


def tagged(tag: str, *parts: bytes) -> Hash:
    """SHA-256 over a tag and parts.

    Args:
        tag: lower-case name of what is hashed, without a zero byte.
        parts: bytes joined as they are; see the module for which may vary in length.

    Returns:
        32 bytes.
    """
    return sha256(b"".join((tag_prefix(tag), *parts))).digest()


def digest(data: bytes) -> Hash:
    """Plain SHA-256, for exact bytes that other programs also name by their digest: statements, bodies, texts."""
    return sha256(data).digest()
