"""What a mirror sees of an entry before it holds it: its statement's id, kind and precedence, and the body it names.

This is no judgement. An entry that cannot be read at all is mirrored like any other; it then names no body. Both nodes
use this same rule, so they agree on which bodies belong to a log.

Source: spec/channel.md, "What is checked before cosigning".
"""

from dataclasses import dataclass
from typing import Final

from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.statement import Statement
from protocol.tagged import Hash, digest

GONE: Final = "gone"
"""The kind by which a node says that it holds a body no more."""

RETENTION: Final = "retention"
"""Its reason where the body was destroyed because the agreement keeps it no longer."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What an entry says of a body that its node holds no more.

    Attributes:
        party: short name of the party whose log names the body.
        index: of the entry that names it.
        digest: SHA-256 of the body.
        erased: it was destroyed as the agreement has it, and not lost.
    """

    party: str
    index: int
    digest: Hash
    erased: bool


def gone_of(statement: Statement) -> Gone | None:
    """What a statement says of a body that is gone; None where it says no such thing."""
    facts = statement.facts
    if statement.kind != GONE or facts is None:
        return None
    match facts.get("party"), facts.get("index"), facts.get("digest"):
        case str(party), int(index), bytes(body) if index >= 0 and len(body) == 32:
            return Gone(party, index, body, facts.get("reason") == RETENTION)
    return None


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen of one entry.

    Attributes:
        statement_id: 16 bytes, or None where the entry cannot be read.
        kind: the kind's name, or None.
        flash: whether its precedence is flash.
        body_digest: SHA-256 of the body it names, or None.
        body_length: that body's bytes, or 0.
        sealed: whether that body is sealed to the two parties, and no document that the rules are made of.
        logged_at_ms: when its node logged it, or 0.
        held_size: how much of the other log it says was held, or 0.
        gone: what it says of a body that its node holds no more, or None.
    """

    statement_id: bytes | None = None
    kind: str | None = None
    flash: bool = False
    body_digest: Hash | None = None
    body_length: int = 0
    sealed: bool = False
    logged_at_ms: int = 0
    held_size: int = 0
    gone: Gone | None = None

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
        sealed=statement.body_digest is not None and statement.opener is not None,
        logged_at_ms=read.logged_at_ms,
        held_size=read.held.size,
        gone=gone_of(statement),
    )
