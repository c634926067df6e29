"""Commitments: what lets one field be shown later, and only that one.

The header holds one commitment for each field of the kind, in the catalogue's order, whether the field is filled or
not: it shows how many fields a kind has, which everyone knows, and never which are filled. A field that is absent is
committed to as nil.

Source: spec/statement-and-entry.md, "Commitments".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from protocol.canonical import Value, decode, encode, encode_sorted, ordered
from protocol.errors import CommitmentRefused
from protocol.limits import CONTENTS_BYTES_MAX
from protocol.schema import Row, octets, text
from protocol.statement import Statement
from protocol.statement_secret import StatementSecret
from protocol.tagged import Hash, tag_prefix, tagged

SALT_BYTES: Final = 32
FIELD_NAME_CHARS_MAX: Final = 64

_DISCLOSURE: Final = Row(
    "disclosure",
    {"name": text(FIELD_NAME_CHARS_MAX), "salt": octets(SALT_BYTES), "value": lambda value: True},
)


def commit(*, channel: bytes, statement_id: bytes, field: str, salt: bytes, value: Value) -> Hash:
    """The commitment to one field.

    Args:
        channel: 32 bytes.
        statement_id: 16 bytes.
        field: its name in the catalogue.
        salt: 32 bytes.
        value: its value; None where it is absent.

    Returns:
        32 bytes over a canonical array of the name, the salt and the value, so that nothing can be moved between them.
    """
    return tagged("field", channel, statement_id, encode([field, salt, value]))


def commit_all(secret: StatementSecret, fields: Sequence[tuple[str, Value]]) -> tuple[Hash, ...]:
    """The commitments to all fields of a statement, in the order given.

    Args:
        secret: gives the salts.
        fields: name and value of each field of the kind, None where it is absent.
    """
    # As `commit`, with what all fields share put together once: a kind may have many fields, and most are absent.
    begun = sha256(tag_prefix("field") + secret.channel + secret.statement_id)
    commitments = []
    for (name, value), salt in zip(fields, secret.salts([name for name, _ in fields]), strict=True):
        hash_ = begun.copy()
        hash_.update(encode_sorted([name, salt, None if value is None else ordered(value)]))
        commitments.append(hash_.digest())
    return tuple(commitments)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One opened field.

    Attributes:
        name: of the field.
        salt: 32 bytes; a secret of the same rank as the value until it is shown.
        value: what was said, None where nothing was.
    """

    name: str
    salt: bytes
    value: Value

    def encode(self) -> bytes:
        """Canonical [name, salt, value]."""
        return encode([self.name, self.salt, self.value])

    @classmethod
    def parse(cls, data: bytes) -> "Disclosure":
        """Read one strictly.

        Raises:
            Malformed: a code of `canonical.decode`, `bad-type` or `bad-field`.
        """
        name, salt, value = _DISCLOSURE.check(decode(data, bytes_max=CONTENTS_BYTES_MAX))
        return cls(name, salt, value)  # type: ignore[arg-type]


def disclose(secret: StatementSecret, name: str, value: Value) -> Disclosure:
    """Open one field."""
    return Disclosure(name, secret.salt(name), value)


def verify_disclosure(disclosure: Disclosure, statement: Statement, *, position: int | None = None) -> int:
    """Check that a statement committed to an opened field.

    Args:
        disclosure: the field.
        statement: its header, from an entry whose place in the log was checked.
        position: the field's place in the kind, counted from 0, where the catalogue at hand gives it.

    Returns:
        The place of its commitment.

    Raises:
        CommitmentRefused: `not-committed`: no commitment fits, or not the one at that place.
    """
    commitment = commit(
        channel=statement.channel,
        statement_id=statement.id,
        field=disclosure.name,
        salt=disclosure.salt,
        value=disclosure.value,
    )
    found = [place for place, held in enumerate(statement.commitments) if held == commitment]
    if len(found) != 1 or (position is not None and found[0] != position):
        raise CommitmentRefused("not-committed", disclosure.name)
    return found[0]
