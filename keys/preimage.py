"""The one shape of everything that nodes, officers and roots sign.

Ed25519 has no context of its own, so the purpose, the channel, the author and the algorithm stand in the bytes. A
signature made for one purpose, channel, author or algorithm is therefore noise under any other.

Source: spec/keys-and-rosters.md, "What is signed".
"""

import re
from functools import lru_cache
from hashlib import sha256
from typing import Final

from keys.errors import KeysMisused

PREFIX: Final = b"hotline/1/"
"""Begins every tag of version 1 of the formats."""

CHANNEL_BYTES: Final = 32
NO_CHANNEL: Final = bytes(CHANNEL_BYTES)
"""Stands in for the channel while there is none: before both sides have signed the agreement that founds it."""

_PURPOSE = re.compile(r"[a-z0-9]+(?:[-/][a-z0-9]+)*")
_PURPOSE_CHARS_MAX = 64


@lru_cache(maxsize=64)
def tag(purpose: str) -> bytes:
    """The bytes that name a purpose; also the context string of ML-DSA signatures.

    Args:
        purpose: 1 to 64 characters, lower-case words joined by ``-`` or ``/``, such as ``statement``.

    Raises:
        KeysMisused: another spelling.
    """
    if len(purpose) > _PURPOSE_CHARS_MAX or not _PURPOSE.fullmatch(purpose):
        raise KeysMisused(f"no purpose: {purpose!r}")
    return PREFIX + purpose.encode("ascii")


@lru_cache(maxsize=64)
def short_text(text: str) -> bytes:
    """A length byte and the text: 1 to 255 printable ASCII characters.

    Raises:
        KeysMisused: empty, longer, or not printable ASCII.
    """
    if not 1 <= len(text) <= 255 or not text.isascii() or not text.isprintable():
        raise KeysMisused(f"no short ASCII text: {text!r}")
    return bytes([len(text)]) + text.encode("ascii")


def preimage(purpose: str, *, channel: bytes, author: str, algorithm: str, message: bytes) -> bytes:
    """The bytes that are signed for a message.

    Args:
        purpose: what the signature is for, as in :func:`tag`.
        channel: 32 bytes, the channel id, or :data:`NO_CHANNEL`.
        author: the party that signs, by short name.
        algorithm: name of the signature algorithm as a whole, such as ``ed25519+ml-dsa-65``.
        message: any bytes; only their SHA-256 goes in, so that no key ever works on long input.

    Returns:
        tag, 0x00, channel, u8 length and author, u8 length and algorithm, SHA-256 of the message.

    Raises:
        KeysMisused: a purpose, author or algorithm of another spelling, a channel of another length.

    Source: spec/keys-and-rosters.md, "What is signed".
    """
    if len(channel) != CHANNEL_BYTES:
        raise KeysMisused(f"a channel id has {CHANNEL_BYTES} bytes, not {len(channel)}")
    return b"".join((tag(purpose), b"\0", channel, short_text(author), short_text(algorithm), sha256(message).digest()))
