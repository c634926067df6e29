"""Retention: until when the parties keep the body of a statement, by the agreement, and by when it must be destroyed.

It follows from the header, the time of logging and the agreement, and from nothing else: both nodes and every auditor
find the same. The agreement is the one in force when the body is destroyed, not the one under which it was said: so the
two parties can lengthen what they keep, together, as long as it is there.

Source: spec/erasure.md, "Retention".
"""

from typing import Final

from protocol.agreement import Agreement
from protocol.statement import Statement

ERASE_WITHIN_MS: Final = 7 * 86_400_000
"""From the end of retention until each party has said that it destroyed the body."""


def kept_until_ms(agreement: Agreement, statement: Statement, logged_at_ms: int) -> int | None:
    """When retention ends for the body of a statement, UTC milliseconds by its author's clock.

    Args:
        agreement: the one in force.
        statement: its header.
        logged_at_ms: when its author's node logged it.

    Returns:
        None where it has no sealed body, or the agreement does not say for how long its kind is kept.
    """
    if statement.body_digest is None or statement.opener is None:
        return None
    keep_ms = agreement.keep_ms(statement.kind)
    return None if keep_ms is None else logged_at_ms + keep_ms
