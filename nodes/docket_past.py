"""The docket as it was: both logs folded anew up to sizes or a time, in memory, from the events that are kept.

A home's fold depends on its own log up to its size and on what that part holds of the other, and on nothing later. So
the docket of any two sizes that were reached is the one that both nodes had there, with its digest; what was in force
then is asked of it like of the present one. It takes as long as there are entries up to there.

Source: spec/docket.md, "The past".
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw

from nodes.docket_db import DocketTables, connect, events_of
from nodes.matters import Matters, View
from protocol.docket import Docket, docket_digest
from protocol.event import Event
from protocol.merkle import Hash
from protocol.verdict import voice_of

if TYPE_CHECKING:
    from nodes.projection import Projection

NOWHERE: Final = Path(":memory:")


class PastDocket(Matters):
    """The docket of a channel at two sizes.

    Args:
        projection: which has judged both logs so far at least.
        sizes: of the two voices, in the agreement's order.
    """

    def __init__(self, projection: Projection, sizes: tuple[int, int]) -> None:
        self.store = projection.store
        self.catalogue = projection.catalogue
        self.clockwork = projection.clockwork
        self.names = projection.names
        self.sizes = sizes
        self._db = connect(NOWHERE)
        self._source = projection.reader()
        self._distrusted = projection.distrusted
        ledger = _PastTables(self._db, self._source, projection)
        docket = Docket(
            agreement=projection.agreement,
            catalogue=projection.catalogue,
            ledger=ledger,
            clockwork=projection.clockwork,
        )
        self.last_ms = 0
        self._db.execute("BEGIN")
        for voice in (0, 1):
            for event in self._events(voice, sizes[voice]):
                docket.fold(event)
                self.last_ms = max(self.last_ms, event.logged_at_ms)
        # What had not arrived at the other home then: whoever owes something knew of it all the same.
        for voice in (0, 1):
            for event in self._events(voice, sizes[voice], docket.homes[1 - voice].arrived):
                ledger.event(event)
        self._db.execute("COMMIT")
        self.digest: Hash = docket_digest(docket.homes[0].digest(0), docket.homes[1].digest(1))

    def _events(self, voice: int, size: int, start: int = 0) -> Iterable[Event]:
        return events_of(self._source, voice, start, size)

    def mark(self, place: int) -> View | None:
        """What was revoked by then; a roster behind these sizes marks nothing."""
        return self._distrusted.mark(self._source, place, size=self.sizes[voice_of(place)])

    def reader(self) -> apsw.Connection:
        """The file in memory; an object of this class is used on one thread."""
        return self._db

    def close(self) -> None:
        """Let go of it."""
        self._db.close()


class _PastTables(DocketTables):
    """Folds into the file in memory, and takes what arrives from the events that are kept."""

    def __init__(self, connection: apsw.Connection, source: apsw.Connection, projection: Projection) -> None:
        super().__init__(connection, store=projection.store, names=projection.names, clockwork=projection.clockwork)
        self._own, self._source = connection, source

    def arriving(self, voice: int, start: int, end: int) -> Iterable[Event]:
        """See protocol.docket.Ledger."""
        self._own.execute("INSERT OR REPLACE INTO arrived VALUES (?, ?)", (voice, end))
        return events_of(self._source, voice, start, end)


def sizes_at(projection: Projection, at_ms: int) -> tuple[int, int]:
    """How many entries of each voice were logged by a time, each by its own clock."""
    found = []
    db = projection.reader()
    own, their = projection.sizes
    judged = (own, their) if projection.names[0] == projection.store.own else (their, own)
    for voice in (0, 1):
        low, high = 0, judged[voice]
        while low < high:
            middle = (low + high) // 2
            data: Any = db.execute("SELECT event FROM event WHERE voice=? AND idx=?", (voice, middle)).get
            if Event.parse(data).logged_at_ms <= at_ms:
                low = middle + 1
            else:
                high = middle
        found.append(low)
    return found[0], found[1]
