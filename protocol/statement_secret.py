"""One secret opens a statement, and everything else is derived from it.

The secret is 32 fresh random bytes for each statement. The key of the contents, the nonce and the salt of each field
come from it by HKDF-SHA256, by purpose, channel, statement id and field name, so that showing one salt tells nothing of
the others. The `opener`, in the signed header, is its hash: whoever holds the header can tell the right secret from any
other, and the two parties cannot be given different contents under one signature.

Source: RFC 5869; RFC 2104; spec/statement-and-entry.md, "Secret".
"""

from collections.abc import Iterable
from hashlib import sha256
from hmac import digest as hmac_digest
from typing import Final

from protocol.errors import ComposeRefused
from protocol.statement import ID_BYTES
from protocol.tagged import Hash, tag_prefix, tagged

SECRET_BYTES: Final = 32
CHANNEL_BYTES: Final = 32

_BLOCK_BYTES: Final = sha256().block_size
_INNER_PAD: Final = bytes(octet ^ 0x36 for octet in range(256))
_OUTER_PAD: Final = bytes(octet ^ 0x5C for octet in range(256))


class StatementSecret:
    """A statement's secret, together with the channel and the id that it is bound to.

    Args:
        raw: 32 secret bytes, never used for another statement.
        channel: 32 bytes.
        statement_id: 16 bytes.

    Raises:
        ComposeRefused: `bad-secret`: a length that is not so.
    """

    __slots__ = ("_bound", "_inner", "_outer", "channel", "raw", "statement_id")

    def __init__(self, raw: bytes, *, channel: bytes, statement_id: bytes) -> None:
        if len(raw) != SECRET_BYTES or len(channel) != CHANNEL_BYTES or len(statement_id) != ID_BYTES:
            raise ComposeRefused("bad-secret", text="32 bytes, for a channel of 32 and a statement id of 16")
        self.raw = raw
        self.channel = channel
        self.statement_id = statement_id
        # HKDF-Extract with the salt of zeros that the standard gives where there is none.
        self._bound = channel + statement_id
        key = hmac_digest(bytes(sha256().digest_size), raw, "sha256").ljust(_BLOCK_BYTES, b"\0")
        # HMAC by its two hashes, each begun once: a kind has some thirty fields, and a call of `hmac` for each of them
        # costs four times as much.
        self._inner = sha256(key.translate(_INNER_PAD))
        self._outer = sha256(key.translate(_OUTER_PAD))

    def __repr__(self) -> str:
        return f"StatementSecret({self.statement_id.hex()})"

    def derive(self, purpose: str, name: str = "") -> bytes:
        """32 bytes for one purpose: HKDF-Expand, of which one block is enough.

        Args:
            purpose: `contents`, `nonce` or `salt`.
            name: field name, for a salt.
        """
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(tag_prefix(purpose) + self._bound + name.encode("utf-8") + b"\x01")
        outer.update(inner.digest())
        return outer.digest()

    def salt(self, field: str) -> bytes:
        """The salt (32 bytes) of one field."""
        return self.derive("salt", field)

    def salts(self, fields: Iterable[str]) -> list[bytes]:
        """The salts of many fields: as `salt` for each, in a quarter of the time."""
        begun, end, found = self._inner.copy(), self._outer.copy, []
        begun.update(tag_prefix("salt") + self._bound)
        for field in fields:
            inner, outer = begun.copy(), end()
            inner.update(field.encode("utf-8") + b"\x01")
            outer.update(inner.digest())
            found.append(outer.digest())
        return found

    @property
    def opener(self) -> Hash:
        """What the header names the secret by (32 bytes)."""
        return tagged("opener", self.channel, self.statement_id, self.raw)
