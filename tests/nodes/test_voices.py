"""Both logs of a line in one row: what may be named of them."""

import pytest

from nodes.memory_store import MemoryStore
from nodes.voices import sound_leaf
from protocol.merkle import leaf_hash
from tests.lines import Wire


@pytest.mark.parametrize("what", ["entry", "hash"])
def test_what_the_disk_changed_is_not_named(what: str) -> None:
    """A statement that named it would refer to what is in no log, for ever."""
    wire = Wire()
    wire.arc.append(2)
    store: MemoryStore = wire.arc.store
    good = store.read("ARC", 1, 2)[0]
    assert sound_leaf(store, "ARC", 1) == leaf_hash(good)
    if what == "entry":
        store._voices["ARC"].entries[1] = bytes([good[0] ^ 1]) + good[1:]
    else:
        store._voices["ARC"].levels[0][1] = bytes(32)
    assert sound_leaf(store, "ARC", 1) is None
