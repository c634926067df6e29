"""Forks: what shows them, what is kept of them, and that no honest log is ever taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import branches, frames
from protocol.branches import FORK_NOTE, fork_of
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.effects import Alarm, Say, Send
from protocol.fork import Fork, LeavesDiffer, RootsDiffer
from protocol.frames import FrameType
from protocol.merkle import leaf_hash, leaf_reader, node_hash
from protocol.shown_ahead import AHEAD_NOTE
from tests.builders import START_MS
from tests.forger import Forger
from tests.lines import Side, Wire, entry_of, line_keys

BODY = b"body " * 40
THEIR = line_keys("ARC").own.log


def entries(count: int, *, fork: int | None = None) -> list[bytes]:
    """A log that differs from the plain one from a place on."""
    return [b"%s %d" % (b"plain" if fork is None or index < fork else b"other", index) for index in range(count)]


def bor_holding(size: int) -> Wire:
    """An open line on which BOR holds so many plain entries of ARC."""
    wire = Wire()
    wire.open()
    Forger("ARC", entries(size)).show(wire.bor)
    assert wire.bor.mirror == entries(size)
    return wire


def fork_alarm(side: Side) -> Fork:
    """The fork that a side raised its one alarm of that code for."""
    found = [alarm for alarm in side.found(Alarm) if alarm.code == "fork"]
    assert len(found) == 1
    return Fork.parse(found[0].evidence)


def asked(side: Side) -> list[int]:
    """Where it asked to go back to."""
    read = (frames.parse(effect.data) for effect in side.found(Send))
    return [frame["start"] for frame in read if frame.type is FrameType.WANT]


def test_two_roots_of_one_size_are_a_fork() -> None:
    """A second checkpoint of the size that is held: the two signatures are all the evidence there need be."""
    wire = bor_holding(3)
    Forger("ARC", entries(3, fork=2)).show(wire.bor, start=2)
    fork = fork_alarm(wire.bor)
    assert fork.difference == RootsDiffer(())
    assert [one.size for one in fork.check(THEIR)] == [3, 3]
    assert wire.bor.mirror == entries(3)


def test_a_shorter_log_beside_ours_is_a_fork() -> None:
    """Its root is not ours at that size, and a proof takes ours up to what they signed for us."""
    wire = bor_holding(7)
    Forger("ARC", entries(4, fork=1)).show(wire.bor, start=0)
    fork = fork_alarm(wire.bor)
    assert isinstance(fork.difference, RootsDiffer)
    assert [one.size for one in fork.check(THEIR)] == [4, 7]


def test_a_longer_log_beside_ours_is_a_fork() -> None:
    """Nothing shows in the sizes: earlier entries are asked for until one has another hash at its place."""
    wire = bor_holding(9)
    Forger("ARC", entries(12, fork=5)).show(wire.bor)
    fork = fork_alarm(wire.bor)
    assert isinstance(fork.difference, LeavesDiffer)
    assert fork.difference.index == 5
    assert [one.size for one in fork.check(THEIR)] == [9, 12]
    assert wire.bor.mirror == entries(9)
    assert wire.bor.closes == []


def test_a_fork_long_ago_is_found_in_few_steps() -> None:
    """Each question goes four times as far back as the one before."""
    wire = bor_holding(3_000)
    Forger("ARC", entries(3_100, fork=3)).show(wire.bor, at_a_time=200)
    assert asked(wire.bor) == [3_000 - 256, 3_000 - 256 - 1024, 0]
    assert isinstance(fork_alarm(wire.bor).difference, LeavesDiffer)
    kept = wire.bor.store.branches()
    assert [(one.number, one.start, one.size) for one in kept] == [(1, 3, 3_100)]


def test_a_fork_that_begins_where_the_mirror_ends_is_found() -> None:
    """A checkpoint was shown, and entries of another log come: nothing is taken, and both signatures are evidence."""
    wire = bor_holding(4)
    wire.bor.receive(Forger("ARC", entries(8)).append(4, 5, 8)[0])
    assert len(wire.bor.mirror) == 5
    Forger("ARC", entries(12, fork=6)).show(wire.bor)
    fork = fork_alarm(wire.bor)
    assert isinstance(fork.difference, RootsDiffer)
    assert [one.size for one in fork.check(THEIR)] == [8, 12]
    assert wire.bor.mirror == entries(5)
    assert wire.bor.store.read_branch(1, 0, 99) == entries(12, fork=6)[5:]


def test_two_checkpoints_beyond_the_mirror_are_a_fork() -> None:
    """Neither is held; their sizes are one and their roots two."""
    wire = bor_holding(2)
    for log in (entries(6), entries(6, fork=3)):
        wire.bor.receive(Forger("ARC", log).append(2, 3)[0])
    assert fork_alarm(wire.bor).difference == RootsDiffer(())


def test_a_fork_below_what_is_held_but_not_receipted_is_proved_by_the_kept_proof() -> None:
    """The mirror ends inside of what was signed: the proof that came with it goes into the evidence, also after a
    restart."""
    wire = bor_holding(4)
    wire.bor.receive(Forger("ARC", entries(9)).append(4, 7)[0])
    assert len(wire.bor.mirror) == 7
    wire.bor.tick()
    wire.bor.store.flush()
    wire.cut()
    wire.bor.restart()
    wire.bor.events.clear()
    wire.open()
    Forger("ARC", entries(6, fork=5)).show(wire.bor, start=0)
    fork = fork_alarm(wire.bor)
    assert [one.size for one in fork.check(THEIR)] == [6, 9]


def test_what_is_new_of_a_forked_voice_goes_beside_the_mirror() -> None:
    """Entries with their bodies are kept in a branch from where they differ, and none is cosigned."""
    log = [*entries(3), entry_of("ARC", 3, body=BODY), b"plain 4"]
    wire = bor_holding(3)
    wire.bor.events.clear()
    liar = Forger("ARC", [b"other 0", *log[1:]], {3: BODY})
    liar.show(wire.bor)
    assert wire.bor.store.read_branch(1, 0, 99) == liar.entries
    assert wire.bor.store.branch_body(1, 3) == BODY
    liar.entries.append(b"more")
    liar.show(wire.bor, start=5)
    assert wire.bor.store.read_branch(1, 5, 99) == [b"more"]
    assert wire.bor.mirror == entries(3)
    sent = [frames.parse(effect.data).type for effect in wire.bor.found(Send)]
    assert FrameType.COSIGNED not in sent
    assert wire.bor.closes == []


def test_the_log_that_is_held_goes_on_beside_itself() -> None:
    """Once disputed, the mirror stays also where the log that it holds grows: which of the two is right, people say."""
    wire = bor_holding(3)
    Forger("ARC", entries(3, fork=2)).show(wire.bor, start=2)
    Forger("ARC", entries(5)).show(wire.bor)
    assert wire.bor.mirror == entries(3)
    assert [(one.number, one.start, one.size) for one in wire.bor.store.branches()] == [(1, 2, 3), (2, 3, 5)]


def test_a_branch_of_a_branch_is_whole_by_itself() -> None:
    """It has once more what it shares with the other branch and not with the mirror."""
    wire = bor_holding(2)
    first = [b"plain 0", *(b"first %d" % n for n in range(1, 6))]
    second = [*first[:4], b"second 4", b"second 5"]
    Forger("ARC", first).show(wire.bor)
    Forger("ARC", second).show(wire.bor, start=4)
    assert wire.bor.store.read_branch(1, 0, 99) == first[1:]
    assert wire.bor.store.read_branch(2, 0, 99) == second[1:]


def test_what_the_mirror_has_is_no_branch() -> None:
    """After a fork the log that the mirror is of comes again, from its beginning: nothing of it is kept beside."""
    wire = bor_holding(3)
    Forger("ARC", entries(6, fork=1)).show(wire.bor, start=0)
    Forger("ARC", entries(3)).show(wire.bor, start=0)
    Forger("ARC", entries(6, fork=1)).show(wire.bor, start=0)
    assert [(one.number, one.start, one.size) for one in wire.bor.store.branches()] == [(1, 1, 6)]


def test_the_same_branch_again_is_kept_once() -> None:
    """A peer that sends it in every session adds nothing."""
    wire = bor_holding(3)
    liar = Forger("ARC", entries(6, fork=1))
    for _ in range(3):
        liar.show(wire.bor, start=0)
        wire.cut()
        wire.open()
    assert [(one.number, one.start, one.size) for one in wire.bor.store.branches()] == [(1, 1, 6)]


def test_a_dispute_survives_a_restart() -> None:
    """What was signed twice is remembered with its evidence; the branch goes on where it was, nothing is cosigned."""
    wire = bor_holding(3)
    liar = Forger("ARC", entries(6, fork=1))
    liar.show(wire.bor)
    wire.cut()
    wire.bor.restart()
    assert wire.bor.core.disputed
    assert fork_of(wire.bor.store.note(FORK_NOTE) or b"").holds(THEIR)
    wire.open()
    wire.bor.events.clear()
    liar.entries.append(b"new")
    liar.show(wire.bor)
    assert wire.bor.store.read_branch(1, 0, 99) == liar.entries[1:]
    assert wire.bor.mirror == entries(3)


def test_our_own_voice_goes_on_during_a_dispute() -> None:
    """What we say is still sent and receipted."""
    wire = bor_holding(3)
    Forger("ARC", entries(6, fork=1)).show(wire.bor)
    wire.bor.append(2)
    wire.settle()
    assert wire.arc.mirror == wire.bor.own_log
    assert wire.bor.core.cosigned_size == 2


def test_what_is_disputed_is_answered_once_for_many() -> None:
    """The node says which checkpoint came and which one it stands by; more of it waits for a while, also over a
    restart."""
    wire = bor_holding(3)
    liar = Forger("ARC", entries(6, fork=1))
    liar.show(wire.bor)
    wire.bor.events.clear()
    wire.bor.tick()
    wire.bor.tick()
    facts = [say.facts for say in wire.bor.found(Say) if say.kind == "received-disputed"]
    assert [(one["party"], one["size"], one["held_size"]) for one in facts] == [("ARC", 6, 3)]
    wire.bor.store.flush()
    wire.cut()
    wire.bor.restart()
    wire.bor.events.clear()
    wire.open()
    for count in (7, 8):
        liar.entries = entries(count, fork=1)
        liar.show(wire.bor)
        wire.bor.tick()
    sizes = [say.facts["size"] for say in wire.bor.found(Say) if say.kind == "received-disputed"]
    assert sizes == [7]
    wire.clock.mono_ms += branches.ANSWER_PAUSE_MS
    wire.bor.tick()
    sizes = [say.facts["size"] for say in wire.bor.found(Say) if say.kind == "received-disputed"]
    assert sizes == [7, 8]


def test_disputed_entries_have_little_room() -> None:
    """A voice that signs log after log fills neither the table nor the disk; people are told once."""
    wire = bor_holding(3)
    for number in range(branches.BRANCHES_MAX + 4):
        Forger("ARC", [b"log %d" % number, b"x", b"y", b"z"]).show(wire.bor, start=0)
    assert len(wire.bor.store.branches()) == branches.BRANCHES_MAX
    assert wire.bor.alarms == ["fork", "disputed-full"]
    wire = bor_holding(1)
    liar = Forger("ARC", [b"x" * 60_000 for _ in range(300)])
    liar.show(wire.bor, start=0, at_a_time=3)
    assert wire.bor.alarms == ["fork", "disputed-full"]
    assert sum(one.bytes for one in wire.bor.store.branches()) <= branches.BYTES_MAX


def test_entries_that_are_of_no_log_end_the_session_after_all() -> None:
    """They do not fit at the beginning either: the sender is at fault, and the same is not looked for twice."""
    wire = bor_holding(3)
    good, bad = Forger("ARC", entries(6)), Forger("ARC", entries(6))
    bad.note = lambda size=None: good.note(size)  # type: ignore[method-assign]
    bad.entries[0] = bad.entries[4] = b"of nothing"
    bad.show(wire.bor)
    assert wire.bor.alarms == ["root-differs"]
    assert wire.bor.closes == ["root-differs"]
    assert asked(wire.bor) == [0]
    wire.open()
    bad.show(wire.bor)
    assert asked(wire.bor) == [0]
    good.show(wire.bor)
    wire.cut()
    wire.open()
    good.show(wire.bor)
    assert wire.bor.mirror == entries(6)


def test_damage_on_our_own_disk_accuses_nobody() -> None:
    """Our hashes are not what they were: an honest checkpoint does not fit, and only our own disk is suspected."""
    wire = bor_holding(6)
    voice = wire.bor.store._voices["ARC"]
    voice.levels[0][1] = leaf_hash(b"flipped")
    voice.levels[1][0] = leaf_hash(b"flipped")
    Forger("ARC", entries(3)).show(wire.bor, start=0)
    assert wire.bor.alarms == ["log-damaged"]
    assert not wire.bor.core.disputed


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_an_honest_log_is_never_called_a_fork(data: st.DataObject) -> None:
    """Any checkpoints of one log, in any order, with any part of its entries, repeated and resent over restarts: nobody
    is accused, and what is held is of that log."""
    log = Forger("ARC", entries(data.draw(st.integers(1, 40))))
    wire = Wire()
    wire.open()
    for _ in range(data.draw(st.integers(1, 12))):
        size = data.draw(st.integers(1, len(log.entries)))
        end = data.draw(st.integers(1, size))
        for frame in log.append(data.draw(st.integers(0, end - 1)), end, size):
            wire.bor.receive(frame)
        if data.draw(st.booleans()):
            wire.cut()
            wire.bor.restart()
            wire.open()
    assert set(wire.bor.alarms) <= {"rolled-back-self", "tail-lost"}
    assert wire.bor.mirror == log.entries[: len(wire.bor.mirror)]
    assert wire.bor.store.branches() == []


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_whatever_shows_two_logs_is_evidence_that_holds(data: st.DataObject) -> None:
    """Two logs, shown in any parts and any order: where both were seen to differ there is one alarm, its evidence holds
    for anyone with the keys, and the mirror is of one of the two."""
    size = data.draw(st.integers(2, 30))
    fork = data.draw(st.integers(0, size - 1))
    logs = [Forger("ARC", entries(size)), Forger("ARC", entries(data.draw(st.integers(fork + 1, 40)), fork=fork))]
    wire = Wire()
    wire.open()
    for log in logs:
        log.show(wire.bor, start=0, at_a_time=data.draw(st.integers(1, 12)))
    fork_alarm(wire.bor).check(THEIR)
    assert wire.bor.mirror == logs[0].entries[: len(wire.bor.mirror)]
    assert wire.bor.store.read_branch(1, 0, 99) == logs[1].entries[wire.bor.store.branches()[0].start :]
    assert leaf_reader([leaf_hash(one) for one in wire.bor.mirror[:1]])(0, 0) == leaf_hash(logs[0].entries[0])


# --- what was shown ahead ---------------------------------------------------------------------------------------------

LIED_LEVELS = 20


def shown_ahead(flash: bytes) -> bytes:
    """A frame with a flash at place 3, under a checkpoint of a size that ARC's log never reaches."""
    first = entries(3)
    below = [leaf_hash(entry) for entry in (*first, flash)]
    path = [below[2], node_hash(below[0], below[1]), *(bytes([level]) * 32 for level in range(2, LIED_LEVELS))]
    root = node_hash(path[1], node_hash(below[2], below[3]))
    for beside in path[2:]:
        root = node_hash(root, beside)
    keys = line_keys("ARC")
    note = sign_checkpoint(Checkpoint(keys.own.origin, 2**LIED_LEVELS, root), keys.signers.log, START_MS)
    return frames.encode(FrameType.AHEAD, note=note, index=3, path=path, entry=flash, body=None)


@pytest.mark.parametrize("again", [False, True])
def test_another_entry_in_the_place_of_one_shown_ahead_is_a_fork(again: bool) -> None:
    """The size it was shown under never comes, so that no root shows it; after a start of BOR it is known as well."""
    wire = bor_holding(2)
    wire.bor.receive(shown_ahead(entry_of("ARC", 3, flash=True)))
    assert wire.bor.store.ahead_indexes() == [3]
    if again:
        wire.cut()
        wire.bor.restart()
        wire.open()
    Forger("ARC", entries(9)).show(wire.bor)
    fork = fork_alarm(wire.bor)
    assert isinstance(fork.difference, LeavesDiffer)
    assert (fork.difference.index, [one.size for one in fork.check(THEIR)]) == (3, [2**LIED_LEVELS, 9])
    assert (wire.bor.mirror, wire.bor.store.ahead_indexes()) == (entries(2), [3])


@pytest.mark.parametrize("damaged", [b"", b"\x91\x94\x03\xc4\x00\xc4\x00\xc4\x00", b"\xff"])
def test_what_was_shown_ahead_and_is_damaged_accuses_nobody(damaged: bytes) -> None:
    """What our disk lost proves nothing: the entries are taken, and the line goes on."""
    wire = bor_holding(2)
    wire.bor.receive(shown_ahead(entry_of("ARC", 3, flash=True)))
    wire.bor.store.later(AHEAD_NOTE, damaged)
    wire.bor.store.flush()
    wire.cut()
    wire.bor.restart()
    wire.open()
    Forger("ARC", entries(9)).show(wire.bor)
    assert (wire.bor.alarms, wire.bor.mirror) == ([], entries(9))


def test_the_flash_that_was_shown_ahead_comes_in_its_place() -> None:
    """The same entry, under other checkpoints: held like any other."""
    wire = bor_holding(2)
    flash = entry_of("ARC", 3, flash=True)
    log = Forger("ARC", [*entries(3), flash, b"more"])
    wire.bor.receive(shown_ahead(flash))
    log.show(wire.bor)
    assert (wire.bor.mirror, wire.bor.store.ahead_indexes()) == ([*entries(3), flash, b"more"], [])
    assert wire.bor.alarms == []
