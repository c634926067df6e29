"""Shares: rows of several sorts in one list, so that however many there are of one sort, none hides the others.

A counterpart may say much of one kind: a list that takes the most urgent of all would then show nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

Row = tuple[int, bytes]
"""What a query is ordered by, least first, and an item as it is kept."""

SHARE: Final = 6
"""So many of each sort come before the most urgent of any take the rest of the room."""


def shared(sorts: Iterable[Sequence[Row]], *, limit: int, share: int = SHARE) -> list[Row]:
    """Take rows of several sorts.

    Args:
        sorts: the rows of each, in order.
        limit: at most so many in all.
        share: of each sort so many first, in turn, as far as there is room; then the least of any.
    """
    placed = [(min(turn, share), *row) for rows in sorts for turn, row in enumerate(rows)]
    placed.sort(key=lambda one: one[:2])
    return [(order, data) for _, order, data in placed[:limit]]
