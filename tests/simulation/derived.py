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

_empty: list[bytes] = []


def _new() -> bytes:
    """A file with its tables and nothing in them."""
    if not _empty:
        connection = connect(NOWHERE)
        _empty.append(connection.serialize("main"))
        connection.close()
    return _empty[0]


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
        if self._disk.derived is not None:
            kept = _opened(self._disk.derived)
            if self._fits(kept):
                return kept
            kept.close()
        connection = _opened(_new())
        connection.execute("INSERT INTO meta VALUES ('of', ?)", (self._identity(),))
        return connection

    def leave(self) -> None:
        """Its process is gone, and its file is where it was."""
        self._disk.derived = self._db.serialize("main")
        self.close()


def _opened(file: bytes) -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", file)
    return connection
