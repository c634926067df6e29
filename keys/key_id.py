"""The name of a key: a hash that no other key, algorithm or job shares."""

from functools import lru_cache
from hashlib import sha256

from keys.preimage import short_text, tag
from keys.roles import KeyRole


@lru_cache(maxsize=256)
def key_id(*, algorithm: str, role: KeyRole, raw: bytes) -> bytes:
    """Name a public key.

    Args:
        algorithm: name of the algorithm, ASCII.
        role: the key's one job.
        raw: the public key as published.

    Returns:
        32 bytes, SHA-256 over the tag ``hotline/1/key``, 0x00, u8 length and algorithm, u8 length and role, key.

    Source: spec/keys-and-rosters.md, "Key ids".
    """
    return sha256(tag("key") + b"\0" + short_text(algorithm) + short_text(role.value) + raw).digest()
