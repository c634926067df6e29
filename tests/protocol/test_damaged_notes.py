"""Kept checkpoints that the disk changed: they count for nothing, and what they said is learned again."""

import pytest

from nodes.store import OWN_COSIGNED, THEIR_COSIGNED, THEIR_NEWEST, THEIR_SIGNED, Row
from protocol.branches import ANSWERED_NOTE, PROOF_NOTE
from protocol.cosignature import verify_note
from protocol.effects import Effect, GivenBack, StoreMirror
from tests.lines import Wire, line_keys


def talked() -> Wire:
    """Both sides have said something, hold all of it, and have crashed since."""
    wire = Wire()
    wire.open()
    wire.arc.append(3)
    wire.bor.append(2)
    wire.settle()
    for side in wire.sides.values():
        side.store.flush()
    wire.cut()
    return wire


@pytest.mark.parametrize("name", [OWN_COSIGNED, THEIR_COSIGNED, THEIR_SIGNED, THEIR_NEWEST, "all"])
@pytest.mark.parametrize("noise", [False, True])
def test_a_note_that_the_disk_changed_stops_nothing(name: str, noise: bool) -> None:
    """A flipped bit, or noise: the node starts, the line opens, and what is sent next is held and receipted."""
    wire = talked()
    names = (OWN_COSIGNED, THEIR_COSIGNED, THEIR_SIGNED) if name == "all" else (name,)
    for one in names:
        note = bytearray(wire.bor.store._notes.get(one, b"a note that never was"))
        note[-20] ^= 1
        wire.bor.store._notes[one] = b"\xff noise" if noise else bytes(note)
    wire.bor.restart()
    wire.open()
    wire.pass_time(100)
    wire.arc.append(1)
    wire.bor.append(1)
    wire.settle()
    assert wire.converged()
    assert wire.bor.alarms == wire.arc.alarms == []
    keys = line_keys("BOR")
    receipt = wire.bor.store.note(OWN_COSIGNED)
    assert receipt is not None
    assert verify_note(receipt, keys.own.log + keys.their.mirror).checkpoint.size == 3


def test_notes_and_hashes_that_the_disk_changed_keep_no_session_from_opening() -> None:
    """Of the mirror nothing on this disk proves anything any more: that is our damage, it is said, and the line is up,
    because over it comes back what mends it."""
    wire = talked()
    for name in (THEIR_COSIGNED, THEIR_SIGNED, PROOF_NOTE, ANSWERED_NOTE):
        wire.bor.store._notes[name] = b"\xff noise"
    voice = wire.bor.store._voices["ARC"]
    voice.levels[0][0] = voice.levels[1][0] = bytes(32)
    voice.roots.clear()
    wire.bor.restart()
    wire.open()
    assert wire.bor.core.is_open
    assert wire.bor.closes == []
    assert wire.bor.alarms == ["log-damaged"]
    assert wire.arc.alarms == []


@pytest.mark.parametrize("noise", [False, True])
def test_what_is_given_back_is_given_under_a_note_that_verifies(noise: bool) -> None:
    """A flipped bit in one of the giver's notes: it gives under another one, and is not thought to give another log."""
    wire = talked()
    note = bytearray(wire.bor.store._notes[THEIR_COSIGNED])
    note[note.index(b"\n\n") + 100] ^= 1
    wire.bor.store._notes[THEIR_COSIGNED] = b"\xff noise" if noise else bytes(note)
    wire.open()
    wire.arc.carry_out(wire.arc.core.fetch_back("ARC", 1))
    wire.settle()
    (back,) = wire.arc.found(GivenBack)
    assert back.entry == wire.arc.store.read("ARC", 1, 2)[0]
    assert wire.arc.closes == wire.bor.closes == []
    assert wire.arc.alarms == []


def test_our_own_log_that_the_disk_changed_is_no_fork_of_ours() -> None:
    """A hash was flipped: the counterpart shows what we signed, and it is our disk that is suspected, not our key. Once
    that is whole again we may sign."""
    wire = talked()
    voice = wire.arc.store._voices["ARC"]
    good = [list(level) for level in voice.levels]
    voice.levels[0][0] = voice.levels[1][0] = bytes(32)
    voice.roots.clear()
    wire.arc.restart()
    wire.open()
    wire.pass_time(2_000)
    assert wire.arc.alarms == ["log-damaged"]
    assert not wire.arc.core.live
    assert wire.bor.alarms == []
    voice = wire.arc.store._voices["ARC"]
    voice.levels[:] = good
    voice.roots.clear()
    wire.arc.carry_out(wire.arc.core.mended(wire.arc.now()))
    assert wire.arc.is_live
    wire.arc.append(1)
    wire.settle()
    assert wire.converged()
    assert wire.arc.alarms == ["log-damaged"]


def test_a_beat_that_does_not_fit_damage_accuses_nobody() -> None:
    """The counterpart's claim to hold our log is true; our hashes are not what they were."""
    wire = Wire()
    wire.open()
    wire.arc.append(3)
    wire.settle()
    voice = wire.arc.store._voices["ARC"]
    voice.levels[0][2] = bytes(32)
    voice.roots.clear()
    wire.pass_time(2_000)
    assert wire.arc.alarms == ["log-damaged"]


class _PowerCut(Exception):
    """The machine is off."""


@pytest.mark.parametrize("more", [0, 1])
def test_what_the_disk_changed_before_it_was_cosigned_is_not_cosigned(more: int) -> None:
    """A crash comes between the write of the mirror and our cosignature, and a body changes before the next start: no
    receipt for it, nor for what comes behind it, until it is whole again."""
    wire = Wire()
    wire.open()
    wire.arc.append(1, body=b"a body")

    def write_and_die(effect: StoreMirror) -> list[Effect]:
        rows = [Row(*row, None, False) for row in zip(effect.entries, effect.leaves, effect.bodies, strict=True)]
        wire.bor.store.append_their(effect.start, rows, effect.frontier, effect.note, effect.last_ms)
        raise _PowerCut

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire.bor, "_store_mirror", write_and_die)
        with pytest.raises(_PowerCut):
            wire.settle()
    wire.cut()
    wire.bor.store._voices["ARC"].bodies[0] = b"a cody"
    wire.bor.restart()
    wire.open()
    wire.arc.append(more, body=b"another body")
    wire.settle()
    assert wire.bor.core.is_open
    assert wire.bor.alarms == ["log-damaged"]
    assert wire.arc.store.note(OWN_COSIGNED) is None
    wire.bor.store._voices["ARC"].bodies[0] = b"a body"
    wire.bor.carry_out(wire.bor.core.mended(wire.bor.now()))
    wire.settle()
    assert wire.converged()
