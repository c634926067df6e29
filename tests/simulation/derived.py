"""What a node derives from its logs, in a file that its disk keeps from one life to the next.

The class is the node's own; only where its bytes lie is another matter. A process that ends leaves the last batch that
was written; a machine that loses its power leaves nothing, and the next life derives everything anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw

from nodes.docket_db import connect
from nodes.projection import Projection
from tests.simulation.disk import ChannelDisk

NOWHERE = Path(":memory:")

_idle: list[apsw.Connection] = []
"""Files whose worlds have ended. To open one anew and to make its tables takes longer than to empty it."""


def _empty_file() -> apsw.Connection:
    """A file with its tables and nothing in them."""
    if not _idle:
        return connect(NOWHERE)
    connection = _idle.pop()
    with connection:
        for (table,) in list(connection.execute("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name")):
            connection.execute(f'DELETE FROM "{table}"')
    return connection


_GONE = apsw.Connection(":memory:")
"""What a process that ended has in its hands."""
_GONE.close()


class KeptProjection(Projection):
    """See the module.

    Args:
        disk: where its file is.
        others: as of Projection.
    """

    def __init__(self, disk: ChannelDisk, **others: Any) -> None:
        self._disk = disk
        super().__init__(NOWHERE, **others)

    def _open_file(self) -> apsw.Connection:
        kept, self._disk.derived = self._disk.derived, None
        if kept is not None:
            if self._fits(kept):
                return kept
            _idle.append(kept)
        connection = _empty_file()
        connection.execute("INSERT INTO meta VALUES ('of', ?)", (self._identity(),))
        return connection

    def leave(self, *, keep: bool = True) -> None:
        """Its process is gone.

        Args:
            keep: whether its file is where it was.
        """
        file, self._db = self._db, _GONE
        if keep:
            self._disk.derived = file
        else:
            _idle.append(file)
        self.close()


def let_go(disk: ChannelDisk) -> None:
    """A world ends, and its disks with it."""
    if disk.derived is not None:
        _idle.append(disk.derived)
        disk.derived = None
