"""A complete statement on its way to a log: its bytes, its signatures and its body in one record.

The local API carries it, pairing writes it to files, and a node takes it up from `bootstrap/` and `outbox/`. The form
is canonical msgpack: ["hotline-statement", 1, statement, [[signer, role, algorithm, value], ...], body or nil].
"""

from __future__ import annotations

from dataclasses import dataclass

from nodes.errors import NodeError
from protocol import canonical
from protocol.errors import ProtocolError
from protocol.signature import Signature, signature_row

MAGIC = "hotline-statement"
VERSION = 1
# A statement and its signatures fit an entry (65,535 bytes); a body is at most 128 KiB of contents and its wraps.
SIGNED_BYTES_MAX = 256 * 1024
SIGNATURES_MAX = 16


class SignedRefused(NodeError):
    """The bytes are not one signed statement in its only spelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatement:
    """A statement as signed, with its signatures and its body.

    Attributes:
        statement: the signed bytes.
        signatures: by persons, by the node, or by roots.
        body: the sealed body, the document's exact text, or None for a kind without a body.
    """

    statement: bytes
    signatures: tuple[Signature, ...]
    body: bytes | None

    def encode(self) -> bytes:
        """Give the record's bytes."""
        return canonical.encode(
            [MAGIC, VERSION, self.statement, signatures_to_wire(self.signatures), self.body],
        )

    @classmethod
    def parse(cls, data: bytes) -> SignedStatement:
        """Read a record.

        Raises:
            SignedRefused: another form, another version, or a second spelling.
        """
        try:
            value = canonical.decode(data, bytes_max=SIGNED_BYTES_MAX)
        except ProtocolError as error:
            raise SignedRefused("statement-file-malformed", f"not a signed statement: {error}") from error
        match value:
            # `true` equals 1, and would be a second spelling of it.
            case ["hotline-statement", int(version), bytes(statement), list(signatures), None | bytes() as body] if (
                type(version) is int and version == VERSION
            ):
                return cls(statement=statement, signatures=signatures_from_wire(signatures), body=body)
            case _:
                raise SignedRefused("statement-file-malformed", "not a signed statement of version 1")


def signatures_to_wire(signatures: tuple[Signature, ...]) -> list[list[object]]:
    """Give signatures as lists of signer, role, algorithm and value."""
    return [[one.signer, one.role, one.algorithm, one.value] for one in signatures]


def signatures_from_wire(value: object) -> tuple[Signature, ...]:
    """Read signatures from lists.

    Raises:
        SignedRefused: too many, or one of another form.
    """
    if not isinstance(value, list) or len(value) > SIGNATURES_MAX:
        raise SignedRefused("statement-file-malformed", "not a list of at most 16 signatures")
    if not all(map(signature_row, value)):
        raise SignedRefused("statement-file-malformed", "a signature is not signer, role, algorithm, value")
    return tuple(Signature(*item) for item in value)
