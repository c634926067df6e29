"""The high-water mark: it survives a torn write, knows when it does not know, and never goes down by itself."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from keys.note_key import NoteKeyType
from nodes.highwater import SLOT_BYTES, HighWater
from nodes.store import Head, StoreBroken
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.merkle import Frontier, leaf_hash
from tests.protocol.log_parties import AT_MS, signer

ORIGIN = "arcadia.example/hotline/" + sha256(b"id").hexdigest() + "/1"
SIGNERS = signer(ORIGIN, NoteKeyType.ED25519), signer(ORIGIN, NoteKeyType.MLDSA44)


def frontier(size: int) -> Frontier:
    """Of a log of so many entries."""
    return Frontier.empty().extend([leaf_hash(b"%d" % index) for index in range(size)])


def put(mark: HighWater, size: int) -> bytes:
    """Sign at a size and keep it."""
    checkpoint = Checkpoint(ORIGIN, size, frontier(size).root())
    note = sign_checkpoint(checkpoint, SIGNERS, AT_MS)
    mark.put(note, checkpoint)
    return note


def size_of(path: Path) -> int | None:
    """What a fresh opening says."""
    mark = HighWater.open(path)
    size = None if mark.checkpoint is None else mark.checkpoint.size
    mark.close()
    return size


def test_a_new_mark_says_nothing(tmp_path: Path) -> None:
    """It takes its room at once, and has no note."""
    path = tmp_path / "mark"
    mark = HighWater.open(path)
    assert mark.note is None
    assert mark.signed(0) is None
    assert path.stat().st_size == 2 * SLOT_BYTES
    assert path.stat().st_mode & 0o777 == 0o600
    mark.close()
    assert size_of(path) is None


def test_the_last_mark_is_there_after_reopening(tmp_path: Path) -> None:
    """Over many writes, in both slots."""
    path = tmp_path / "mark"
    mark = HighWater.open(path)
    note = b""
    for size in range(1, 6):
        note = put(mark, size)
        assert size_of(path) == size
    mark.close()
    again = HighWater.open(path)
    assert again.note == note
    assert again.signed(5) is not None
    assert again.signed(4) is None
    again.close()


def test_a_torn_write_leaves_the_mark_before(tmp_path: Path) -> None:
    """Whatever part of the newer slot is wrong, the older one stands, and the next write goes into the torn one."""
    path = tmp_path / "mark"
    mark = HighWater.open(path)
    for size in (1, 2, 3):
        put(mark, size)
    mark.close()
    whole = path.read_bytes()
    for place in (0, 7, 9, 12, 700, 3000):
        torn = bytearray(whole)
        torn[SLOT_BYTES + place] ^= 0xFF
        path.write_bytes(torn)
        assert size_of(path) == 2, place
        mark = HighWater.open(path)
        put(mark, 4)
        put(mark, 5)
        mark.close()
        assert size_of(path) == 5, place


def test_a_first_write_that_was_torn_is_no_mark(tmp_path: Path) -> None:
    """Nobody was told of it."""
    path = tmp_path / "mark"
    mark = HighWater.open(path)
    put(mark, 1)
    mark.close()
    data = bytearray(path.read_bytes())
    data[SLOT_BYTES + 100] ^= 1
    path.write_bytes(data)
    assert size_of(path) is None


def test_two_damaged_slots_are_not_taken_for_none(tmp_path: Path) -> None:
    """The node does not start: it would not know what it signed."""
    path = tmp_path / "mark"
    mark = HighWater.open(path)
    put(mark, 1)
    put(mark, 2)
    mark.close()
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    data[SLOT_BYTES + 100] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreBroken) as caught:
        HighWater.open(path)
    assert caught.value.code == "high-water-missing"


def test_it_equals_one_log_only(tmp_path: Path) -> None:
    """Size and root must both be those of the log."""
    mark = HighWater.open(tmp_path / "mark")
    empty = frontier(0)
    assert not mark.equals(Head(0, empty.root(), empty, 0))
    put(mark, 3)
    same, longer = frontier(3), frontier(4)
    assert mark.equals(Head(3, same.root(), same, 0))
    assert not mark.equals(Head(4, longer.root(), longer, 0))
    assert not mark.equals(Head(3, longer.root(), longer, 0))
    mark.close()


def test_a_note_without_room_is_refused(tmp_path: Path) -> None:
    """Rather than written in part."""
    mark = HighWater.open(tmp_path / "mark")
    with pytest.raises(StoreBroken):
        mark.put(bytes(SLOT_BYTES), Checkpoint(ORIGIN, 1, frontier(1).root()))
    mark.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A missing directory is not a full disk."""
    with pytest.raises(StoreBroken) as caught:
        HighWater.open(tmp_path / "missing" / "mark")
    assert caught.value.code == "home-unwritable"


def test_a_write_that_fails_is_fatal(tmp_path: Path) -> None:
    """The mark in memory stays at what is known to be durable."""
    mark = HighWater.open(tmp_path / "mark")
    put(mark, 1)
    os.close(mark._handle)
    with pytest.raises(StoreBroken):
        put(mark, 2)
    assert mark.checkpoint is not None
    assert mark.checkpoint.size == 1
    mark._handle = -1


def test_what_was_learned_is_never_lowered(tmp_path: Path) -> None:
    """A signature of ours that the other side showed raises the mark; one that is older changes nothing."""
    mark = HighWater.open(tmp_path / "mark")
    put(mark, 3)
    for size, expected in ((7, 7), (5, 7)):
        checkpoint = Checkpoint(ORIGIN, size, frontier(size).root())
        mark.learn(sign_checkpoint(checkpoint, SIGNERS, AT_MS), checkpoint)
        assert size_of(tmp_path / "mark") == expected
    assert mark.owed(6) is not None
    assert mark.owed(7) is None
    assert mark.signed(6) is None
    mark.close()


def test_a_mark_that_somebody_else_wrote_stops_this_process(tmp_path: Path) -> None:
    """A second copy of a node, or this one whose machine was rolled back with its memory: nothing more is signed."""
    first, second = HighWater.open(tmp_path / "mark"), HighWater.open(tmp_path / "mark")
    put(first, 3)
    put(first, 4)
    with pytest.raises(StoreBroken) as caught:
        put(second, 3)
    assert caught.value.code == "high-water-ahead"
    assert size_of(tmp_path / "mark") == 4
    first.close()
    second.close()


def test_a_mark_is_read_beside_whoever_writes_it(tmp_path: Path) -> None:
    """As a backup does; where there is none, there is nothing to read and nothing is made."""
    assert HighWater.peek(tmp_path / "mark") is None
    assert not (tmp_path / "mark").exists()
    mark = HighWater.open(tmp_path / "mark")
    assert HighWater.peek(tmp_path / "mark") is None
    note = put(mark, 2)
    assert HighWater.peek(tmp_path / "mark") == note
    mark.close()
