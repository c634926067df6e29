"""Kept checkpoints that the disk changed, as whoever reads them meets them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from nodes.memory_store import MemoryStore
from nodes.receipts import receipt
from nodes.sqlite_store import SqliteStore
from nodes.stopped import status_of
from nodes.store import OWN_COSIGNED, Row, StoreDamaged
from protocol.branches import FORK_NOTE
from protocol.merkle import Frontier, leaf_hash
from tests.nodes.homes import said
from tests.nodes.pair import held, line_of, run, running, write_homes
from tests.nodes.test_scrub import codes


def test_a_receipt_under_a_damaged_note_is_damage() -> None:
    """Whoever asks is told that it is this disk, and not that something is malformed."""
    store = MemoryStore(own="ARC", their="BOR")
    leaf = leaf_hash(b"entry")
    store.append_own(0, [Row(b"entry", leaf, None, None, False)], Frontier.empty().extend([leaf]), 1)
    store.put_cosigned(b"\xff noise", 1, 1)
    with pytest.raises(StoreDamaged, match="ARC"):
        receipt(store, "ARC", 0)


def test_the_line_goes_on_though_a_kept_fork_is_damaged(tmp_path: Path) -> None:
    """The start says that what it kept is not what it was; the log stays disputed, and our voice is heard. A home
    without a node says of a damaged receipt that it is damaged."""
    homes = write_homes(tmp_path)
    channel = homes["ARC"].channel("BOR")

    def spoil(name: str) -> None:
        store = SqliteStore.open(channel.log_db, own="ARC", their="BOR")
        store.later(name, b"\xff noise")
        store.close()

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await held(arc, said("ARC"))
        spoil(FORK_NOTE)
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await held(arc, said("ARC"))
            await asyncio.sleep(0)
            assert {"fork", "log-damaged"} <= set(codes(arc))
            assert line_of(arc).details()["disputed"]

    run(test)
    spoil(OWN_COSIGNED)
    with pytest.raises(StoreDamaged):
        status_of(homes["ARC"])
