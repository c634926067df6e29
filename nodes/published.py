"""Publications that nobody agreed to: the node tells its people when the other party says that it made one.

What the other party published is judged by the docket, and so only once its statement has its place there. Each is
looked at once.

Source: spec/disclosure.md, "What the rules look at", rule 7.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from nodes.disclosing import DocketSource
from nodes.projection import Projection
from protocol.disclosure_case import MADE
from protocol.disclosure_made import made_without_consent
from protocol.verdict import Verdict

WAITING_MAX: Final = 64
"""Publications that have no place in the docket yet; of more the first are forgotten, and audits find them all."""


class Published:
    """See the module.

    Args:
        projection: the docket of the line.
        counterpart: short name of the other party.

    Attributes:
        waiting: whether anything is to be looked at.
    """

    def __init__(self, projection: Projection, counterpart: str) -> None:
        self._projection = projection
        self._counterpart = counterpart
        self._places: deque[int] = deque(maxlen=WAITING_MAX)

    @property
    def waiting(self) -> bool:
        """Whether there is something to look at."""
        return bool(self._places)

    def heed(self, judged: Iterable[Verdict]) -> None:
        """Take note of what was judged."""
        for verdict in judged:
            kind = verdict.kind
            if verdict.party == self._counterpart and kind is not None and kind.name == MADE and verdict.effective:
                self._places.append(verdict.place)

    def look(self) -> list[str]:
        """What to tell people of publications that have their place by now. Call it on a thread."""
        source = DocketSource(self._projection, self._projection, self._projection.now_ms())
        told, waiting = [], []
        for place in list(self._places):
            item = source.item(place)
            if item is None:
                waiting.append(place)
                continue
            reason = made_without_consent(source, item)
            if reason is not None:
                told.append(f"{self._projection.serial(place)} says that a text was published: {reason}")
        self._places.clear()
        self._places.extend(waiting)
        return told
