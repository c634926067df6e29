"""An opening by the rules: the statement in the log that says which fields open to whom, before any of them leaves.

A consent and a legal order stand in the log by themselves: proposal and acceptance name fields and audience. What any
other rule opens is opened by a `disclosure-made` to a proposal whose exact text is the sentence made here, of names,
leaf and audience alone. All three stand in headers, so everybody can make the sentence again and compare its hash: who
opens by a rule publishes no words of their own under it.

Source: spec/disclosure.md, "Openings by the rules".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from protocol.tagged import Hash

LOGGED: Final = frozenset({"consent", "legal-order"})
"""Triggers whose opening is in the log as soon as they open: the acceptance names it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening by the rules, as it is logged.

    Attributes:
        fields: the commitments of the fields that it names.
        audience: to whom.
        at_ms: when it has its place at home, UTC milliseconds.
        made: location of the statement that says so.
    """

    fields: frozenset[Hash]
    audience: str
    at_ms: int
    made: int


def opening_text(names: Sequence[str], leaf: Hash, audience: str) -> str:
    """The exact text of an opening by the rules.

    Args:
        names: of the fields, in the order of their kind.
        leaf: leaf hash of the statement that has them.
        audience: to whom they open.
    """
    return f"By the rules of the agreement to {audience}: {', '.join(names)} of {leaf.hex()}."


def opening_hash(names: Sequence[str], leaf: Hash, audience: str) -> Hash:
    """SHA-256 of that text, as the headers of the proposal and of the opening have it."""
    return sha256(opening_text(names, leaf, audience).encode()).digest()
