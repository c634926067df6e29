"""What a mirror sees of an entry before it holds it: its statement's id, kind and precedence, and the body it names.

This is no judgement. An entry that cannot be read at all is mirrored like any other; it then names no body. Both nodes
use this same rule, so they agree on which bodies belong to a log.

Source: spec/channel.md, "What is checked before cosigning".
"""

from dataclasses import dataclass

from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.tagged import Hash, digest


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen of one entry.

    Attributes:
        statement_id: 16 bytes, or None where the entry cannot be read.
        kind: the kind's name, or None.
        flash: whether its precedence is flash.
        body_digest: SHA-256 of the body it names, or None.
        body_length: that body's bytes, or 0.
        logged_at_ms: when its node logged it, or 0.
        held_size: how much of the other log it says was held, or 0.
    """

    statement_id: bytes | None = None
    kind: str | None = None
    flash: bool = False
    body_digest: Hash | None = None
    body_length: int = 0
    logged_at_ms: int = 0
    held_size: int = 0

    def fits(self, body: bytes) -> bool:
        """Whether these bytes are the body that the entry names."""
        return len(body) == self.body_length and digest(body) == self.body_digest

    def met_by(self, body: bytes | None) -> bool:
        """Whether what is here is all that the entry names: its body, or nothing where it names none."""
        return self.body_digest is None or (body is not None and self.fits(body))


UNREADABLE = Glance()


def glance(entry: bytes) -> Glance:
    """Look at an entry.

    Args:
        entry: its bytes.

    Returns:
        What can be seen; nothing where it cannot be read.
    """
    try:
        read = Entry.parse(entry)
        statement = read.parse_statement()
    except ProtocolError:
        return UNREADABLE
    return Glance(
        statement_id=statement.id,
        kind=statement.kind,
        flash=statement.precedence == "flash",
        body_digest=statement.body_digest,
        body_length=statement.body_length or 0,
        logged_at_ms=read.logged_at_ms,
        held_size=read.held.size,
    )
