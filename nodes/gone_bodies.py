"""Bodies that are gone, in the file of one channel: what the two logs say of them, and the destruction itself.

An entry of the kind `gone` in our log, for the reason that the agreement keeps a body no longer, and the absence of
that body are one transaction: whoever has the entry on the disk has no body. So a log that came back from the
counterpart, or a backup from before, loses the same bodies again as its tail returns.

Source: spec/erasure.md, "In the store".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import apsw

from nodes.mending import BODY, TABLES
from protocol.glance import glance

OWN: Final = 0
"""The number of our own voice."""

Read = Callable[[str, tuple[Any, ...]], list[Any]]


class Said(NamedTuple):
    """One of the two logs says that a body is gone.

    Attributes:
        said: the number of the voice that says so.
        at: the index of its entry.
        erased: it was destroyed as the agreement has it, and not lost.
    """

    said: int
    at: int
    erased: bool


def said(read: Read, voice: int, index: int) -> list[Said]:
    """What the logs say of the body that an entry names, our own first. What is said of another body is passed over.

    Args:
        read: runs a query.
        voice: number of the log that the entry is in.
        index: of the entry.
    """
    rows = read("SELECT said, at, erased, digest FROM gone WHERE voice=? AND idx=? ORDER BY said", (voice, index))
    entries = read(f"SELECT entry FROM {TABLES[voice][0]} WHERE idx=?", (index,)) if rows else []  # noqa: S608
    if not entries:
        return []
    seen = glance(entries[0][0])
    # Documents that the rules are made of are never let go, whoever says so.
    return [Said(one, at, bool(erased)) for one, at, erased, named in rows if seen.sealed and named == seen.body_digest]


def apply(writer: apsw.Connection, voice: int, index: int) -> None:
    """What is said of a body takes effect: it is lacking no more, and where our own log says that we destroyed it, it
    is destroyed. Part of the transaction in which it is said, or in which the body comes."""
    found = said(lambda sql, values: list(writer.execute(sql, values)), voice, index)
    if not found:
        return
    writer.execute("DELETE FROM lacking WHERE voice=? AND idx=?", (voice, index))
    if any(one.said == OWN and one.erased for one in found):
        writer.execute(f"DELETE FROM {TABLES[voice][1]} WHERE idx=?", (index,))  # noqa: S608
        writer.execute("DELETE FROM mended WHERE voice=? AND what=? AND idx=?", (voice, BODY, index))


def found(writer: apsw.Connection, voice: int, indexes: Iterable[int]) -> None:
    """Bodies that were lacking are here."""
    writer.executemany("DELETE FROM lacking WHERE voice=? AND idx=?", [(voice, index) for index in indexes])
