"""Decisions in a world: drafts that are refused, what is held back and cancelled, what programs put in, and journals.

What a world does of this it draws from a chance of its own, so that the worlds of small seeds stay what they were.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from keys.hybrid import Signer
from nodes.line import Line
from nodes.resources import journal_catalogue
from nodes.signed import SignedStatement
from protocol.agreement_conduct import ReleaseTerms
from protocol.journal import compose_act
from protocol.signature import sign_statement
from protocol.tagged import digest

FAMILY = "people"
NEW_FROM = 1 << 32
"""Seeds from here on may have such worlds unasked; the smaller ones are kept, or stand in tests."""

ARMED = 0.2
STOPPED = 0.5
"""How many of the drafts that somebody looks at are refused, and of what is held back cancelled."""

PUT_IN = 0.15
"""How many of the statements a program drafts, and nobody ever signs."""

HOLD = ReleaseTerms(hold_routine_ms=400, hold_priority_ms=200, automated_per_hour=3)
"""What an amendment in such a world has of release."""


def armed(seed: int, forced: frozenset[str]) -> bool:
    """Whether people decide in a world."""
    return FAMILY in forced or (seed >= NEW_FROM and Random(f"people {seed}").random() < ARMED)


def decision(
    line: Line, signed: SignedStatement, held_back: bool, key: Callable[[int], Signer], chance: Random
) -> SignedStatement:
    """An act by the releasing officer, person 2, that refuses a draft or cancels a release; the journal is ready."""
    kind = "release-cancel" if held_back else "refusal"
    statement, body = compose_act(
        journal_catalogue().kinds[kind],
        line.journal.setting(),
        statement_id=chance.randbytes(16),
        secret=chance.randbytes(32),
        issued_at_ms=0,
        facts={"counterpart": line.counterpart, "statement": digest(signed.statement)},
        text="not in these words",
    )
    raw = statement.encode()
    signature = sign_statement(
        raw, channel=statement.channel, party=line.own, signer="person/2", role="release", key=key(2)
    )
    return SignedStatement(statement=raw, signatures=(signature,), body=body)
