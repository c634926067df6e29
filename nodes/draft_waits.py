"""Whom a draft waits for: the first role of each open place at once, and the next one when part of its time is gone.

A place names the roles that may fill it, in the agreement's order: `release/senior` waits for a releasing officer, and
after the agreement's `next_after_percent` of the statement's time for a senior one as well. The time of a statement is
what is left until it must be logged: until `release_by`, or until its kind's report is due, or else as long as the
other side has to open a statement of its precedence.

Source: spec/local-api.md, "Drafts".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.agreement import Agreement
from protocol.kinds import Kind
from protocol.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftWaits:
    """That a draft waits for somebody of a role.

    Attributes:
        role: who may sign.
        slot: the place that they would fill, such as `release/senior`.
        since_ms: from when on they are called, UTC milliseconds.
    """

    role: str
    slot: str
    since_ms: int


def time_of(statement: Statement, kind: Kind, agreement: Agreement, *, created_at_ms: int) -> int:
    """How long a statement may take from its draft to the log, in milliseconds.

    Args:
        statement: its header.
        kind: of the statement.
        agreement: in force.
        created_at_ms: when the node first had the draft.
    """
    ends = []
    if statement.release_by_ms is not None:
        ends.append(statement.release_by_ms)
    report_ms = agreement.kind_clock(kind.name, "report") or kind.clocks.get("report_ms")
    if report_ms is not None and statement.aware_at_ms is not None:
        ends.append(statement.aware_at_ms + report_ms)
    if ends:
        return max(0, min(ends) - created_at_ms)
    return agreement.clocks[statement.precedence].open_within_ms


def waits_of(
    statement: Statement, kind: Kind, agreement: Agreement, missing: Sequence[str], *, created_at_ms: int
) -> tuple[DraftWaits, ...]:
    """Everybody whom a draft waits for, now or later.

    Args:
        statement, kind, agreement, created_at_ms: as for `time_of`.
        missing: the places that are open, roles joined by slashes.

    Returns:
        For each place its roles in order, each with the time from which it is called.
    """
    step_ms = time_of(statement, kind, agreement, created_at_ms=created_at_ms) * agreement.release.next_after_percent
    return tuple(
        DraftWaits(role=role, slot=slot, since_ms=created_at_ms + place * step_ms // 100)
        for slot in missing
        for place, role in enumerate(slot.split("/"))
    )
