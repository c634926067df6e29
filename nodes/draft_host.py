"""What drafts, decisions and reviews need of their line and of its intake.

Source: spec/local-api.md, "Drafts".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from keys.roster import Roster
from nodes.admission import Admitted
from nodes.errors import NodeError
from nodes.journal import Journal, JournalRefused
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.canonical import Value
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue
from protocol.statement import Statement
from protocol.tagged import digest


class Host(Protocol):
    """What drafts need of their line."""

    @property
    def agreement(self) -> Agreement:
        """In force."""

    @property
    def catalogue(self) -> Catalogue:
        """The one it names."""

    @property
    def journal(self) -> Journal:
        """Where acts of people are written down."""

    @property
    def live(self) -> bool:
        """Whether new entries may be signed."""

    @property
    def put_back(self) -> bool:
        """Whether what waits here may have been decided about on a disk that is gone."""

    def rosters(self) -> tuple[Roster, Roster]:
        """Ours and theirs, in force."""

    def broke(self, error: NodeError) -> None:
        """A write failed: the process must end."""

    def alarm(self, code: str, text: str) -> None:
        """Tell people."""


class Mill(Protocol):
    """What drafts need of the intake, which gives statements their places."""

    def turn(self, statement_id: bytes) -> asyncio.Lock:
        """Whoever works on one statement does so alone."""

    def admit(self, signed: SignedStatement, *, unsigned: bool = False) -> Admitted:
        """Check a statement as it is now."""

    def release(self, statement_id: bytes, signed: SignedStatement) -> Awaitable[None]:
        """Log a complete statement, or let it stand in the queue. Whoever calls has its turn."""


def about(counterpart: str, signed: SignedStatement) -> dict[str, Value]:
    """How the facts of a journal act name a statement."""
    return {"counterpart": counterpart, "statement": digest(signed.statement)}


def check_act(act: SignedStatement, kind: str, counterpart: str, signed: SignedStatement) -> None:
    """The act is of that kind, and about that statement on this channel.

    Raises:
        JournalRefused: `journal-act-refused`.
    """
    try:
        statement = Statement.parse(act.statement)
    except ProtocolError as error:
        raise JournalRefused("journal-act-refused", f"the act does not parse: {error}") from error
    facts = statement.facts or {}
    if statement.kind != kind or about(counterpart, signed).items() - facts.items():
        raise JournalRefused("journal-act-refused", f"the act is no {kind} of this statement")
