"""A log that comes back: two channels wired in memory, one of which was given an older disk, or none."""

from collections.abc import Callable

import pytest

from nodes.memory_store import MemoryStore
from nodes.store import OWN_COSIGNED
from protocol import frames
from protocol.channel import MIRROR_PATIENCE_MS
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import verify_note
from protocol.effects import Alarm, Live, StoreOwn
from protocol.frames import FrameType
from protocol.merkle import leaf_hash
from tests.lines import Side, Wire

BODY = b"a sealed body"


def lived(*, arc: int = 3, bor: int = 2, size: int = 20) -> Wire:
    """Both sides hold all of each other."""
    wire = Wire()
    wire.open()
    wire.arc.append(arc, size=size)
    wire.arc.append(2, body=BODY)
    wire.bor.append(bor)
    wire.settle()
    assert wire.converged()
    wire.cut()
    return wire


def put_back(side: Side, store: MemoryStore | None = None) -> None:
    """Its disk is an older one, or a new one."""
    side.restart(MemoryStore(own=side.party, their=side.store.their) if store is None else store, keep_mark=False)
    side.events.clear()


def changed(kind: FrameType, change: Callable[[dict[str, object]], None]) -> Callable[[Side, bytes], bytes]:
    """A counterpart that changes frames of a kind before they leave."""

    def tamper(side: Side, data: bytes) -> bytes:
        frame = frames.parse(data)
        if frame.type is not kind:
            return data
        change(frame.items)
        return frames.encode(kind, **frame.items)

    return tamper


# --- coming back ------------------------------------------------------------------------------------------------------


def test_a_node_whose_disk_is_gone_has_all_of_it_back() -> None:
    """Own log with its bodies, mirror, receipt: bit for bit; and then the same log goes on."""
    wire = lived()
    before = wire.arc.own_log
    put_back(wire.arc)
    wire.open()
    assert wire.arc.own_log == before
    assert wire.arc.mirror == wire.bor.own_log
    assert [wire.arc.store.body("ARC", index) for index in range(5)] == [None, None, None, BODY, BODY]
    assert wire.arc.alarms == ["rolled-back-self", "recovered"]
    assert wire.arc.is_live
    note = wire.arc.store.note(OWN_COSIGNED)
    assert note is not None
    assert verify_note(note, wire.arc.core.keys.own.log + wire.arc.core.keys.their.mirror).checkpoint.size == 5
    wire.arc.append(1)
    wire.settle()
    assert wire.converged()
    assert not {"fork", "root-differs", "held-differs"} & set(wire.bor.alarms)


def test_only_what_is_missing_comes_back() -> None:
    """An old copy is completed from where it ends."""
    wire = lived()
    old = wire.arc.store.crashed()
    wire.open()
    wire.arc.append(4)
    wire.settle()
    wire.cut()
    put_back(wire.arc, old)
    wire.open()
    assert [(one.start, one.frontier.size) for one in wire.arc.found(StoreOwn)] == [(5, 9)]
    assert wire.arc.is_live
    assert wire.converged()


def test_a_long_log_comes_back_in_parts_and_goes_on_after_a_cut() -> None:
    """A session that breaks costs what was on its way, and nothing that was written."""
    wire = lived(arc=12, size=60_000)
    put_back(wire.arc)
    wire.connect()
    while len(wire.arc.own_log) < 6:
        for side in wire.sides.values():
            side.pump()
            wire.deliver(side)
    wire.cut()
    assert not wire.arc.found(Live)
    kept = len(wire.arc.own_log)
    wire.arc.restart()
    wire.arc.events.clear()
    wire.open()
    assert wire.arc.found(StoreOwn)[0].start == kept
    assert wire.arc.is_live
    assert wire.converged()


def test_the_goal_survives_a_restart_and_a_counterpart_that_shows_less() -> None:
    """Once a signature of ours was seen, a counterpart that then shows less of our log makes nobody sign beside it."""
    wire = lived()
    older = wire.bor.store.crashed()
    wire.open()
    wire.arc.append(2)
    wire.settle()
    wire.cut()
    put_back(wire.arc)
    wire.tampering = lambda _, data: None if frames.parse(data).type is FrameType.FETCHED else data
    wire.open()
    assert wire.arc.core.goal_size == 7
    wire.cut()
    wire.tampering = lambda _, data: data
    wire.arc.restart()
    put_back(wire.bor, older)
    wire.arc.events.clear()
    wire.open()
    assert len(wire.arc.own_log) == 5
    assert not wire.arc.found(Live)
    assert wire.arc.alarms == ["rolled-back-self", "tail-lost"]


def test_both_sides_put_back_get_what_the_other_still_has() -> None:
    """Each side has the other's log further than the other itself; both are whole again, and neither waits for ever."""
    wire = lived()
    arc_old, bor_old = wire.arc.store.crashed(), wire.bor.store.crashed()
    wire.open()
    wire.arc.append(1)
    wire.settle()
    bor_newer = wire.bor.store.crashed()
    wire.bor.append(1)
    wire.settle()
    wire.cut()
    put_back(wire.arc, arc_old)
    put_back(wire.bor, bor_newer)
    wire.open()
    # Entry 2 of BOR is nowhere any more, and nothing shows that it was.
    assert len(wire.arc.own_log) == 6
    assert wire.converged()
    assert wire.arc.is_live
    assert wire.bor.is_live
    del bor_old


def test_both_sides_put_back_to_the_same_day_go_on() -> None:
    """What both lost is lost; neither side waits for the other."""
    wire = lived()
    arc_old, bor_old = wire.arc.store.crashed(), wire.bor.store.crashed()
    wire.open()
    wire.arc.append(2)
    wire.bor.append(2)
    wire.settle()
    wire.cut()
    put_back(wire.arc, arc_old)
    put_back(wire.bor, bor_old)
    wire.open()
    for side in wire.sides.values():
        assert side.is_live
        assert side.alarms == []
        side.append(1)
    wire.settle()
    assert wire.converged()


def test_what_our_mark_says_and_nobody_has_is_lost_and_said() -> None:
    """The mark survived, the log did not, and the counterpart's copy is as old: nothing is signed, and people know."""
    wire = lived()
    arc_old, bor_old = wire.arc.store.crashed(), wire.bor.store.crashed()
    wire.open()
    wire.arc.append(2)
    wire.settle()
    wire.cut()
    wire.arc.restart(arc_old)
    wire.arc.events.clear()
    put_back(wire.bor, bor_old)
    assert wire.arc.core.goal_size == 7
    wire.open()
    wire.bor.append(1)
    wire.settle()
    assert wire.arc.alarms == ["tail-lost"]
    assert "entries 5 to 6" in wire.arc.found(Alarm)[0].text
    assert not wire.arc.found(Live)
    assert wire.arc.mirror == wire.bor.own_log
    assert wire.bor.is_live


def test_a_bereft_node_begins_no_second_log() -> None:
    """There was a log, and nobody has any of it: nothing is signed, whatever the counterpart says."""
    wire = Wire()
    wire.arc.bereft = True
    wire.arc.restart()
    wire.open()
    assert wire.arc.alarms == ["nothing-held"]
    assert not wire.arc.found(Live)
    assert wire.bor.is_live


# --- the mirror -------------------------------------------------------------------------------------------------------


def test_we_speak_once_the_mirror_is_where_we_said_it_was() -> None:
    """What entries say is held never goes down: the voice waits for the mirror, as far as the other side has it."""
    wire = lived(bor=5)
    put_back(wire.arc)
    wire.tampering = lambda side, data: (
        None if side is wire.bor and frames.parse(data).type is FrameType.APPEND else data
    )
    wire.open()
    assert len(wire.arc.own_log) == 5
    assert not wire.arc.found(Live)
    wire.cut()
    wire.tampering = lambda _, data: data
    wire.open()
    assert wire.arc.is_live
    assert len(wire.arc.mirror) == 5


def test_a_counterpart_that_keeps_its_log_back_does_not_end_our_voice() -> None:
    """It says that it has entries and never sends them; after a while we speak all the same."""
    wire = lived(bor=5)
    put_back(wire.arc)
    wire.tampering = lambda side, data: (
        None if side is wire.bor and frames.parse(data).type is FrameType.APPEND else data
    )
    wire.open()
    wire.pass_time(MIRROR_PATIENCE_MS + 1_000, step_ms=500)
    assert wire.arc.is_live


# --- lies -------------------------------------------------------------------------------------------------------------

LIES: dict[str, tuple[FrameType, Callable[[dict[str, object]], None]]] = {
    "another entry": (FrameType.FETCHED, lambda items: items.update(entries=[b"another", *items["entries"][1:]])),  # type: ignore[index]
    "an entry left out": (FrameType.FETCHED, lambda items: items.update(entries=items["entries"][1:])),  # type: ignore[index]
    "no entries": (FrameType.FETCHED, lambda items: items.update(entries=[])),
    "a place further on": (FrameType.FETCHED, lambda items: items.update(start=1)),
    "a note that does not verify": (
        FrameType.FETCHED,
        lambda items: items.update(note=items["note"].replace(b"\n5\n", b"\n4\n")),  # type: ignore[attr-defined]
    ),
    "another body": (FrameType.FETCHED_BODY, lambda items: items.update(body=b"another body!")),
    "a body of another entry": (FrameType.FETCHED_BODY, lambda items: items.update(index=1)),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_counterpart_that_lies_is_refused_and_the_line_goes_on(lie: str) -> None:
    """Nothing of it is kept, people are told with the objects, the session stays, the other voice is untouched, and
    nothing is signed; told the truth, the node has its log back."""
    wire = lived()
    put_back(wire.arc)
    wire.tampering = changed(*LIES[lie])
    wire.open()
    assert wire.arc.alarms == ["rolled-back-self", "recovery-refused"]
    assert {"given", "signed"} == set(wire.arc.found(Alarm)[-1].evidence)
    assert not wire.arc.found(Live)
    assert wire.arc.own_log == []
    assert wire.arc.closes == wire.bor.closes == []
    assert wire.arc.mirror == wire.bor.own_log
    wire.cut()
    wire.tampering = lambda _, data: data
    wire.open()
    assert wire.arc.is_live
    assert wire.converged()


def test_two_checkpoints_of_ours_for_one_size_are_our_own_fork() -> None:
    """The counterpart shows another past under our own keys while ours is on its way: nothing is signed any more."""
    wire = lived()
    put_back(wire.arc)
    entries = [b"another %d" % number for number in range(5)]
    arc = wire.arc.core.keys
    frontier = wire.arc.store.head("ARC").frontier.extend([leaf_hash(entry) for entry in entries])
    note = sign_checkpoint(Checkpoint(arc.own.origin, 5, frontier.root()), arc.signers.log, wire.clock.at(0).wall_ms)
    wire.tampering = changed(
        FrameType.FETCHED, lambda items: items.update(note=note, entries=entries, proof=[], start=0)
    )
    wire.open()
    assert wire.arc.alarms == ["rolled-back-self", "fork-self"]
    assert wire.arc.own_log == []
    assert not wire.arc.found(Live)


@pytest.mark.parametrize("kind", [FrameType.FETCHED, FrameType.FETCHED_BODY])
def test_what_nobody_asked_for_ends_the_session(kind: FrameType) -> None:
    """Entries of our own log that come unasked are refused like any frame out of place."""
    wire = lived()
    wire.open()
    items: dict[str, object] = {"voice": "ARC", "index": 0, "body": BODY}
    if kind is FrameType.FETCHED:
        items = {"voice": "ARC", "note": b"x", "start": 0, "entries": [b"x"], "proof": []}
    wire.arc.receive(frames.encode(kind, **items))
    assert wire.arc.closes == ["frame-out-of-place"]


def test_a_range_of_either_log_is_given_to_whoever_asks() -> None:
    """Under a checkpoint of the log's own keys, with a proof where the range ends before it; of a third log nothing."""
    wire = lived(arc=6)
    wire.open()
    for voice, start, end in (("ARC", 1, 3), ("BOR", 0, 1)):
        wire.arc.events.clear()
        wire.arc.receive(frames.encode(FrameType.FETCH, voice=voice, start=start, end=end))
        wire.arc.out.clear()
        (sent,) = (frames.parse(effect.data) for effect in wire.arc.core.pump())  # type: ignore[union-attr]
        assert sent["entries"] == wire.arc.store.read(voice, start, end)
        assert sent["proof"]
        keys = wire.arc.core.keys.own if voice == "ARC" else wire.arc.core.keys.their
        assert verify_note(sent["note"], keys.log).checkpoint.size > end
    wire.arc.receive(frames.encode(FrameType.FETCH, voice="CAR", start=0, end=1))
    assert wire.arc.closes == ["wrong-party"]
