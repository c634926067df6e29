"""The channel: two of them wired in memory, with everything that a network, a crash or a liar can do between them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.roles import KeyRole
from keys.suite import SUITE_2
from nodes.memory_store import MemoryStore
from nodes.store import OWN_COSIGNED, THEIR_COSIGNED, THEIR_SIGNED, Row, StoreDamaged
from protocol import beat as beats
from protocol import frames
from protocol.channel import OPEN_TIMEOUT_MS
from protocol.checkpoint import Checkpoint, parse_text
from protocol.cosignature import cosign, verify_note
from protocol.effects import Alarm, KeepNote, Received, Say, Send, StoreAhead, StoreCosigned, StoreMirror
from protocol.frames import FrameType
from protocol.heart import STUCK_BEATS, TALLY_PAUSE_BEATS
from protocol.limits import ENTRY_BYTES_MAX
from protocol.merkle import leaf_hash, prove_inclusion
from protocol.mirror import AHEAD_MAX
from protocol.note import Note
from protocol.note import parse as parse_note
from protocol.outbox import AHEAD_DISTANCE
from protocol.pulse import DEGRADED, DOWN, UP
from tests.builders import hybrid, keyring
from tests.lines import BEAT_MS, TALLY_MS, Side, Wire, agreement, line_keys, other, pins

BODY = b"a sealed body"


def kinds(side: Side) -> list[FrameType]:
    """Types of the frames a side sent."""
    return [frames.parse(effect.data).type for effect in side.found(Send)]


def sent(side: Side) -> list[bytes]:
    """The frames a side sent."""
    return [effect.data for effect in side.found(Send)]


def opened() -> Wire:
    """A wire with an open session and nothing logged."""
    wire = Wire()
    wire.open()
    return wire


# --- opening ----------------------------------------------------------------------------------------------------------


def test_two_empty_nodes_come_up() -> None:
    """Both sides open, may sign, and see the line up after the first beats; the round trip is known at once."""
    wire = opened()
    wire.pass_time(300)
    for side in wire.sides.values():
        assert side.core.is_open
        assert side.is_live
        assert side.states == [UP]
        assert side.core.pulse.round_trip_ms is not None
        assert side.alarms == side.closes == []


def test_before_the_answer_nothing_is_live() -> None:
    """Until the counterpart's state came, a node may not sign; nor does a cut handshake let it."""
    wire = Wire()
    wire.connect()
    for _ in range(2):
        for side in wire.sides.values():
            assert not side.core.live
            wire.deliver(side)
    wire.cut()
    assert not any(side.is_live for side in wire.sides.values())


def test_nothing_of_the_log_leaves_before_the_other_side_has_proved_who_it_is() -> None:
    """In the phases hello and auth only hellos and signatures leave."""
    wire = Wire()
    wire.arc.append(5, body=BODY)
    wire.connect()
    wire.deliver(wire.arc)
    wire.deliver(wire.bor)
    wire.arc.pump()
    wire.arc.tick()
    assert kinds(wire.arc) == [FrameType.HELLO, FrameType.AUTH]


Change = Callable[[dict[str, Any]], dict[str, Any]]
REFUSED_HELLOS: dict[str, tuple[Change, str]] = {
    "another channel": (lambda items: {**items, "channel": bytes(32)}, "wrong-channel"),
    "its own name": (lambda items: {**items, "party": "BOR"}, "wrong-channel"),
    "a third party": (lambda items: {**items, "party": "CAR"}, "wrong-channel"),
    "a version we do not speak": (lambda items: {**items, "versions": bytes([9])}, "unknown-version"),
    "no version": (lambda items: {**items, "versions": b""}, "unknown-version"),
}


@pytest.mark.parametrize("what", REFUSED_HELLOS)
def test_a_hello_of_something_else_is_refused(what: str) -> None:
    """Closed without a word: no problem frame goes to whoever that is."""
    change, code = REFUSED_HELLOS[what]
    wire = Wire()
    wire.connect()
    hello = frames.parse(wire.arc.out.popleft())
    wire.bor.receive(frames.encode(FrameType.HELLO, **change(hello.items)))
    assert wire.bor.closes == [code]
    assert kinds(wire.bor) == [FrameType.HELLO]


REFUSED_AUTHS = (
    "a lowered offer",
    "a nonce that changed",
    "reflected",
    "replayed",
    "another node key",
    "a node key of another suite",
)


@pytest.mark.parametrize("what", REFUSED_AUTHS)
def test_a_signature_that_is_not_for_this_session_is_refused(what: str) -> None:
    """An offer or nonce changed on the way, one's own signature back, one of an older session, another key, one of the
    first suite where the roster has one of the second from the same seed."""
    wire = Wire()
    wire.connect()
    old = wire.bor.core.keys.their
    if what == "another node key":
        stranger = replace(old, node=hybrid("CAR", KeyRole.NODE).public)
        wire.bor.core.rekeyed(replace(line_keys("BOR"), their=stranger))
    elif what == "a node key of another suite":
        agreed = keyring("ARC", agreement().channel, SUITE_2).node_signer().public
        assert agreed.ed25519_raw == old.node.ed25519_raw
        wire.bor.core.rekeyed(replace(line_keys("BOR"), their=replace(old, node=agreed)))
    hello = frames.parse(wire.arc.out.popleft())
    items = dict(hello.items)
    if what == "a lowered offer":
        items["versions"] = bytes([1, 2])
    elif what == "a nonce that changed":
        items["nonce"] = bytes(32)
    wire.bor.receive(frames.encode(FrameType.HELLO, **items))
    wire.deliver(wire.bor)
    auth = wire.arc.out.popleft()
    if what == "reflected":
        auth = wire.bor.out[-1]
    elif what == "replayed":
        wire.cut()
        wire.connect()
        wire.deliver(wire.arc)
    wire.bor.receive(auth)
    assert wire.bor.closes == ["signature-refused"]
    assert not wire.bor.core.live


def test_keys_that_no_roster_names_are_refused() -> None:
    """A session whose TLS keys the two sides see differently does not open: nobody stands between."""
    wire = Wire()
    wire.connect()
    tie = replace(wire.tie(wire.arc, dialled=True), their_pin=bytes(32))
    wire.arc.out.clear()
    wire.arc.carry_out(wire.arc.core.opened(tie, wire.arc.now()))
    wire.settle()
    assert wire.arc.closes == wire.bor.closes == ["signature-refused"]
    assert pins("ARC") != pins("BOR")


def test_a_handshake_that_takes_too_long_ends_once() -> None:
    """After the time-out the session ends, once, and does not keep the node busy."""
    wire = Wire()
    wire.connect()
    assert wire.arc.core.next_tick() <= wire.clock.mono_ms + OPEN_TIMEOUT_MS
    wire.arc.out.clear()
    wire.clock.mono_ms += OPEN_TIMEOUT_MS
    for _ in range(3):
        wire.arc.tick()
    assert wire.arc.closes == ["open-timeout"]
    assert wire.arc.core.next_tick() > wire.clock.mono_ms


def test_an_idle_node_rests() -> None:
    """Without a session the next moment that the channel asks for lies ahead, also long after a beat was due."""
    wire = Wire()
    wire.clock.mono_ms += 100_000
    wire.arc.tick()
    assert wire.arc.core.next_tick() >= wire.clock.mono_ms + BEAT_MS


# --- mirroring --------------------------------------------------------------------------------------------------------


def test_what_one_logs_the_other_holds() -> None:
    """Entries and bodies are mirrored bit for bit, and come back as a receipt with both mirror lines."""
    wire = opened()
    wire.arc.append(3)
    wire.arc.append(body=BODY)
    wire.bor.append(2)
    wire.settle()
    assert wire.converged()
    assert wire.bor.store.body("ARC", 3) == BODY
    note = wire.arc.store.note(OWN_COSIGNED)
    assert note is not None
    keys = wire.arc.core.keys
    assert verify_note(note, keys.own.log + keys.their.mirror).checkpoint.size == 4
    assert wire.bor.store.note(THEIR_COSIGNED) == note


def test_one_cosignature_for_many() -> None:
    """Ten entries under one checkpoint bring one receipt."""
    wire = opened()
    wire.arc.append(10)
    wire.settle()
    assert [effect.size for effect in wire.arc.found(StoreCosigned)] == [10]
    assert kinds(wire.bor).count(FrameType.COSIGNED) == 1


def test_a_long_log_comes_in_chunks() -> None:
    """More than one frame carries comes with consistency proofs, and is cosigned once all of it is there."""
    wire = Wire()
    wire.arc.append(8, size=60_000)
    wire.open()
    assert wire.converged()
    appends = [frames.parse(effect.data) for effect in wire.arc.found(Send)]
    lengths = [(len(one["entries"]), bool(one["proof"])) for one in appends if one.type is FrameType.APPEND]
    assert lengths == [(3, True), (3, True), (2, False)]
    assert kinds(wire.bor).count(FrameType.COSIGNED) == 1


def test_a_session_goes_on_from_what_is_held() -> None:
    """After a cut in the middle the next session sends only what is missing."""
    wire = Wire()
    wire.arc.append(8, size=60_000)
    wire.connect()
    for _ in range(4):
        for side in wire.sides.values():
            wire.deliver(side)
    wire.arc.pump()
    wire.deliver(wire.arc)
    assert wire.bor.core.mirror_size == 3
    wire.cut()
    wire.arc.events.clear()
    wire.open()
    starts = [frames.parse(effect.data) for effect in wire.arc.found(Send)]
    assert [one["start"] for one in starts if one.type is FrameType.APPEND] == [3, 6]
    assert wire.converged()


def test_a_receipt_that_was_lost_comes_again() -> None:
    """Cut after the counterpart cosigned and before the receipt came: the next session brings it."""
    wire = opened()
    wire.arc.append(2)
    wire.arc.pump()
    wire.deliver(wire.arc)
    wire.cut()
    assert wire.bor.core.mirror_size == 2
    assert wire.arc.core.cosigned_size == 0
    wire.open()
    assert wire.converged()


def test_a_cosignature_that_was_never_written_is_made_again() -> None:
    """The mirror crashes after holding and before cosigning: it cosigns at the next session, without the entries."""
    wire = opened()
    wire.arc.append(2)
    wire.arc.pump()
    wire.deliver(wire.arc)
    wire.cut()
    wire.bor.restart()
    assert wire.bor.store.note(THEIR_COSIGNED) is None
    wire.arc.events.clear()
    wire.open()
    assert wire.converged()
    assert FrameType.APPEND not in kinds(wire.arc)


def test_an_overlap_changes_nothing() -> None:
    """The same append again, or one that begins earlier, with its bodies, is the same log."""
    wire = opened()
    wire.arc.append(body=BODY)
    wire.arc.append(2)
    wire.arc.pump()
    sent = list(wire.arc.out)
    wire.settle()
    size = len(wire.bor.events)
    for data in sent * 2:
        wire.bor.receive(data)
    assert wire.converged()
    assert wire.bor.closes == []
    assert len(wire.bor.events) == size
    wire.arc.append(1)
    note = wire.arc.mark[1] if wire.arc.mark else b""
    again = frames.encode(FrameType.APPEND, note=note, start=0, entries=wire.arc.own_log, proof=[])
    wire.bor.receive(again)
    assert wire.bor.mirror == wire.arc.own_log


def test_an_append_beyond_what_is_held_is_asked_for_from_there() -> None:
    """The answer is `want`; bodies of what was passed over are passed over too, and the session goes on."""
    wire = opened()
    wire.arc.append(5, body=BODY)
    note = wire.arc.mark[1] if wire.arc.mark else b""
    wire.bor.receive(frames.encode(FrameType.APPEND, note=note, start=3, entries=wire.arc.own_log[3:], proof=[]))
    for index in (3, 4):
        wire.bor.receive(frames.encode(FrameType.BODY, index=index, body=BODY))
    want = frames.parse(wire.bor.out[-1])
    assert (want.type, want["voice"], want["start"]) == (FrameType.WANT, "ARC", 0)
    wire.settle()
    assert wire.converged()
    assert wire.bor.closes == []


def test_a_want_of_the_other_log_is_refused() -> None:
    """Only our own voice is sent on a line."""
    wire = opened()
    wire.arc.receive(frames.encode(FrameType.WANT, voice="BOR", start=0))
    assert wire.arc.closes == ["wrong-party"]


def test_the_receipt_waits_for_the_last_body() -> None:
    """Entries whose body has not come are not written, not held and not cosigned."""
    wire = opened()
    wire.arc.append(2, body=BODY)
    wire.arc.pump()
    for _ in range(2):
        wire.deliver(wire.arc)
    assert wire.bor.core.mirror_size == 0
    assert wire.bor.mirror == []
    wire.deliver(wire.arc)
    assert wire.bor.core.mirror_size == 2


class TornStore(MemoryStore):
    """A store whose disk does not give one body, while it is torn."""

    torn = False

    def body(self, voice: str, index: int) -> bytes | None:
        """See LogStore."""
        if self.torn:
            raise StoreDamaged("store-damaged", "a sector cannot be read")
        return super().body(voice, index)


def test_what_cannot_be_read_counts_as_not_sent() -> None:
    """An append whose body cannot be read leaves no trace: nobody is told that the other side lacks what it was never
    sent, and once it can be read it goes its way."""
    store = TornStore(own="ARC", their="BOR")
    wire = Wire(arc=store)
    wire.open()
    wire.arc.append(2, body=BODY)
    store.torn = True
    with pytest.raises(StoreDamaged):
        wire.arc.core.pump()
    assert wire.arc.core.lag == 2
    store.torn = False
    wire.settle()
    assert wire.converged()


BAD_BODIES: dict[str, tuple[int, bytes, str]] = {
    "another body": (0, b"another", "body-differs"),
    "a longer body": (0, BODY + b"!", "body-differs"),
    "the body of a later entry": (1, BODY, "body-unexpected"),
    "a body of no entry": (7, BODY, "body-unexpected"),
}


@pytest.mark.parametrize("what", BAD_BODIES)
def test_a_body_that_does_not_fit_is_refused(what: str) -> None:
    """The session ends, nothing was written, and the next session brings the right ones."""
    index, body, code = BAD_BODIES[what]
    wire = opened()
    wire.arc.append(2, body=BODY)
    wire.arc.pump()
    wire.deliver(wire.arc)
    wire.bor.receive(frames.encode(FrameType.BODY, index=index, body=body))
    assert wire.bor.closes == [code]
    assert wire.bor.mirror == []
    wire.settle()
    wire.open()
    assert wire.converged()


def test_a_body_that_nobody_waits_for_is_refused() -> None:
    """Without an append before it."""
    wire = opened()
    wire.bor.receive(frames.encode(FrameType.BODY, index=0, body=BODY))
    assert wire.bor.closes == ["body-unexpected"]


def test_an_entry_that_cannot_be_read_is_held_like_any_other() -> None:
    """Noise, the smallest and the largest entry are mirrored and cosigned; none stops those behind it."""
    wire = opened()
    for entry in (b"\x00", b"noise", bytes(ENTRY_BYTES_MAX)):
        wire.arc.write([Row(entry, leaf_hash(entry), None, None, False)])
        wire.arc.sign()
    wire.arc.append(1, body=BODY)
    wire.settle()
    assert wire.converged()


def test_a_full_disk_gives_no_receipt_and_loses_nothing() -> None:
    """The mirror cannot write: no cosignature, the session ends, and with room again everything arrives."""
    wire = opened()
    wire.bor.full = True
    wire.arc.append(3)
    wire.settle()
    assert wire.bor.closes == ["disk-full"]
    assert wire.bor.core.mirror_size == 0
    assert wire.arc.core.cosigned_size == 0
    wire.bor.full = False
    wire.open()
    assert wire.converged()


def test_a_receipt_that_could_not_be_kept_comes_again() -> None:
    """The author cannot store its receipt: it does not count, and comes again in the next session."""
    wire = opened()
    wire.arc.full = True
    wire.arc.append(3)
    wire.settle()
    assert wire.arc.core.cosigned_size == 0
    wire.arc.full = False
    wire.open()
    assert wire.converged()


# --- what is refused --------------------------------------------------------------------------------------------------


def snapshot(side: Side) -> tuple[Any, ...]:
    """Everything of a side that a frame could change."""
    core, store = side.core, side.store
    heads = [store.head(voice) for voice in ("ARC", "BOR")]
    notes = [store.note(name) for name in (OWN_COSIGNED, THEIR_COSIGNED)]
    return heads, notes, store.ahead(), core.quoted, core.live, core.disputed, core.cosigned_size, core.mirror_size


def forged_note(wire: Wire) -> bytes:
    """A checkpoint of ARC's log that BOR signed with its own keys under ARC's names."""
    good = parse_note(wire.arc.mark[1] if wire.arc.mark else b"")
    lines = [replace(line, signature=line.signature[:-1] + b"\x00") for line in good.signatures]
    return replace(good, signatures=tuple(lines)).encode()


MALFORMED: dict[str, Callable[[Wire], bytes]] = {
    "noise": lambda _: b"noise",
    "nothing": lambda _: b"",
    "a type that does not exist": lambda _: b"\x91\x63",
    "a hello in the middle": lambda wire: wire.arc.core._own_hello,
    "a second state": lambda wire: next(
        effect.data for effect in wire.arc.found(Send) if frames.parse(effect.data).type is FrameType.STATE
    ),
    "an append under a forged note": lambda wire: frames.encode(
        FrameType.APPEND, note=forged_note(wire), start=1, entries=[b"x"], proof=[]
    ),
    "an append that is not of its log": lambda wire: frames.encode(
        FrameType.APPEND, note=wire.arc.mark[1] if wire.arc.mark else b"", start=0, entries=[b"w", b"x", b"y"], proof=[]
    ),
    "more entries than the note covers": lambda wire: frames.encode(
        FrameType.APPEND, note=wire.arc.mark[1] if wire.arc.mark else b"", start=1, entries=[b"x"] * 9, proof=[]
    ),
    "a receipt without a cosignature": lambda wire: frames.encode(
        FrameType.COSIGNED, note=wire.bor.mark[1] if wire.bor.mark else b""
    ),
    "a receipt for their own log": lambda wire: frames.encode(
        FrameType.COSIGNED, note=wire.bor.store.note(THEIR_COSIGNED) or b""
    ),
    "a beat signed by nobody": lambda wire: frames.encode(FrameType.BEAT, beat=b"x", signature=bytes(3373)),
    "an ahead that is no flash": lambda wire: frames.encode(
        FrameType.AHEAD, note=wire.arc.mark[1] if wire.arc.mark else b"", index=2, path=[], entry=b"x", body=None
    ),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_bad_frame_changes_nothing_and_ends_the_session(what: str) -> None:
    """No state changes; whatever comes after it in the session is passed over; the next one goes on as ever."""
    wire = Wire()
    wire.arc.append(1)
    wire.bor.append(1)
    wire.open()
    wire.arc.append(2)
    before = snapshot(wire.bor)
    wire.bor.receive(MALFORMED[what](wire))
    assert len(wire.bor.closes) == 1
    assert snapshot(wire.bor) == before
    assert kinds(wire.bor)[-1] is FrameType.PROBLEM
    wire.bor.receive(b"noise again")
    assert len(wire.bor.closes) == 1
    wire.settle()
    wire.open()
    assert wire.converged()


@settings(max_examples=60)
@given(st.data())
def test_a_frame_with_one_bit_flipped_never_does_harm(data: st.DataObject) -> None:
    """Any bit of any frame flipped on the way: what is held stays a prefix of what was logged, and the next session
    brings the rest."""
    wire = Wire()
    wire.arc.append(2, body=BODY)
    wire.bor.append(1)
    target = data.draw(st.integers(0, 11))
    seen = 0

    def flip(_: Side, frame: bytes) -> bytes:
        nonlocal seen
        seen += 1
        if seen - 1 != target:
            return frame
        place = data.draw(st.integers(0, 8 * len(frame) - 1))
        changed = bytearray(frame)
        changed[place // 8] ^= 1 << place % 8
        return bytes(changed)

    wire.tampering = flip
    wire.open()
    for side in wire.sides.values():
        assert wire.sides[other(side.party)].own_log[: len(side.mirror)] == side.mirror
        assert not {"fork", "rollback", "fork-self", "rolled-back-self"} & set(side.alarms)
    wire.tampering = lambda _, frame: frame
    wire.open()
    assert wire.converged()


def test_entries_that_are_not_of_their_log_raise_one_alarm() -> None:
    """Under a checkpoint that verifies, the sender is at fault: an alarm with the frame, once until it is over."""
    wire = opened()
    wire.arc.append(2)
    bad = MALFORMED["an append that is not of its log"](wire)
    lie = frames.parse(bad)
    for _ in range(2):
        wire.bor.receive(frames.encode(FrameType.APPEND, **{**lie.items, "start": 0}))
        wire.cut()
        wire.connect()
        for _ in range(3):
            for side in wire.sides.values():
                wire.deliver(side)
    assert wire.bor.alarms == ["root-differs"]
    assert wire.bor.found(Alarm)[0].evidence.keys() == {"frame"}
    wire.settle()
    assert wire.converged()


def test_a_problem_frame_ends_the_session() -> None:
    """Without an answer, or two nodes would tell each other of problems for ever."""
    wire = opened()
    sent = len(wire.arc.found(Send))
    wire.arc.receive(frames.encode(FrameType.PROBLEM, code="cannot-store", text="x"))
    assert wire.arc.closes == ["peer-problem"]
    assert len(wire.arc.found(Send)) == sent


def test_a_problem_before_the_signatures_is_not_heard() -> None:
    """Whoever has not proved who it is tells us nothing."""
    wire = Wire()
    wire.connect()
    wire.arc.receive(frames.encode(FrameType.PROBLEM, code="cannot-store", text="x"))
    assert wire.arc.closes == ["frame-out-of-place"]


# --- the start-up rule ------------------------------------------------------------------------------------------------


def test_a_node_that_was_rolled_back_signs_nothing_before_its_log_is_back() -> None:
    """The counterpart holds more than there is: an alarm with the proof in our own signature, and no new entries until
    they are here again. The beat says so to anyone."""
    wire = opened()
    wire.arc.append(2)
    old = wire.arc.store.crashed()
    wire.arc.append(3)
    wire.settle()
    wire.cut()
    wire.arc.restart(old, keep_mark=False)
    wire.arc.events.clear()
    wire.tampering = lambda _, data: None if frames.parse(data).type is FrameType.FETCHED else data
    wire.open()
    wire.pass_time(100)
    assert wire.arc.alarms == ["rolled-back-self"]
    note = wire.arc.found(Alarm)[0].evidence["held"]
    assert verify_note(note, wire.arc.core.keys.own.log + wire.arc.core.keys.their.mirror).checkpoint.size == 5
    assert not wire.arc.core.live
    assert "rollback" in wire.bor.alarms
    assert "fork" not in wire.bor.alarms
    beat = beats.parse(wire.bor.found(Received)[-1].beat)
    assert (beat.own[0], beat.quoted) == (2, 5)
    assert beat.shows_rollback
    wire.bor.append(2)
    wire.settle()
    assert wire.arc.mirror == wire.bor.own_log


def test_a_node_with_another_past_signs_nothing() -> None:
    """The counterpart shows a checkpoint that we signed for another log: our key is in two places."""
    wire = opened()
    wire.arc.append(2)
    old = wire.arc.store.crashed()
    wire.arc.append(3)
    wire.settle()
    wire.cut()
    wire.arc.restart(old, keep_mark=False)
    wire.arc.write([Row(b"another %d" % n, leaf_hash(b"another %d" % n), None, None, False) for n in range(5)])
    wire.arc.events.clear()
    wire.open()
    assert wire.arc.alarms == ["fork-self"]
    assert not wire.arc.core.live
    assert FrameType.APPEND not in kinds(wire.arc)


def test_a_lost_mark_is_no_rollback() -> None:
    """With the log whole and the mark of what was signed gone, the beats say how long the log is."""
    wire = opened()
    wire.arc.append(3)
    wire.settle()
    wire.cut()
    wire.arc.restart(keep_mark=False)
    wire.open()
    wire.pass_time(200)
    assert wire.bor.alarms == []
    assert wire.arc.is_live
    wire.arc.sign()
    wire.arc.append(1)
    wire.settle()
    assert wire.converged()


def test_a_crash_before_signing_loses_nothing() -> None:
    """Entries that were written and not signed are signed after the next start, and arrive."""
    wire = opened()
    wire.arc.append(2)
    wire.settle()
    wire.arc.write([Row(b"unsigned", leaf_hash(b"unsigned"), None, None, False)])
    wire.cut()
    wire.arc.restart()
    wire.open()
    assert wire.arc.is_live
    assert wire.bor.core.mirror_size == 2
    wire.arc.sign()
    wire.settle()
    assert wire.converged()
    assert wire.bor.alarms == []


def said_too_early(wire: Wire) -> None:
    """ARC signs entries; their checkpoint reaches BOR, and the bodies they name do not."""
    wire.settle()
    wire.arc.append(3, body=BODY)
    wire.arc.pump()
    wire.deliver(wire.arc)
    wire.arc.out.clear()
    wire.cut()


@pytest.mark.parametrize("full", [False, True])
def test_nobody_is_told_of_a_signature_that_a_crash_makes_us_forget(full: bool) -> None:
    """A checkpoint was only seen: it is durable when the other side is told of it, and where there is no room for it
    they are not told, in a session that begins all the same."""
    wire = opened()
    wire.arc.append(2)
    said_too_early(wire)
    wire.bor.full = full
    assert wire.bor.core.next_tick() <= wire.clock.mono_ms
    wire.pass_time(BEAT_MS)
    assert wire.bor.core.next_tick() > wire.clock.mono_ms
    wire.open()
    told = [one["newest_note"] for one in map(frames.parse, sent(wire.bor)) if one.type is FrameType.STATE][-1]
    assert (told is None) == full
    assert wire.bor.store.crashed().note("their-newest") == told


@pytest.mark.parametrize("mirror_crashed", [False, True])
def test_a_signature_that_was_seen_counts_though_nobody_holds_its_entries(mirror_crashed: bool) -> None:
    """A disk put back to before a checkpoint that the counterpart only saw: nothing is signed beside it, also where the
    counterpart was started again meanwhile."""
    wire = opened()
    wire.arc.append(2)
    old = wire.arc.store.crashed()
    said_too_early(wire)
    wire.pass_time(BEAT_MS)
    if mirror_crashed:
        wire.bor.store.flush()
        wire.bor.restart()
    wire.arc.restart(old, keep_mark=False)
    wire.arc.events.clear()
    wire.open()
    assert wire.arc.alarms == ["rolled-back-self", "tail-lost"]
    assert not wire.arc.core.live
    assert verify_note(wire.arc.found(Alarm)[0].evidence["held"], wire.arc.core.keys.own.log).checkpoint.size == 5


def test_a_second_log_beside_one_that_was_seen_is_a_fork() -> None:
    """Entries that give another root at the size of a checkpoint that was seen before: an alarm with both, and nothing
    of them is written."""
    wire = opened()
    wire.arc.append(2)
    old = wire.arc.store.crashed()
    said_too_early(wire)
    wire.arc.restart(old, keep_mark=False)
    wire.arc.write([Row(b"another %d" % n, leaf_hash(b"another %d" % n), None, None, False) for n in range(4)])
    wire.arc.sign()
    wire.connect()
    for _ in range(3):
        for side in wire.sides.values():
            wire.deliver(side)
    wire.arc.core.live = True
    wire.settle()
    assert "fork" in wire.bor.alarms
    evidence = wire.bor.found(Alarm)[0].evidence
    sizes = [verify_note(evidence[name], wire.arc.core.keys.own.log).checkpoint.size for name in ("first", "second")]
    assert sizes == [5, 6]
    assert len(wire.bor.mirror) == 2


def test_what_was_seen_is_forgotten_once_it_is_held() -> None:
    """The entries come after all: the next session shows them as held and nothing beside."""
    wire = opened()
    wire.arc.append(2)
    said_too_early(wire)
    wire.pass_time(BEAT_MS)
    wire.open()
    assert wire.converged()
    wire.cut()
    wire.bor.events.clear()
    wire.open()
    (state,) = [one for one in map(frames.parse, sent(wire.bor)) if one.type is FrameType.STATE]
    assert state["newest_note"] is None


@pytest.mark.parametrize("what", ["nothing held", "less held", "one item of another state"])
def test_a_state_of_another_session_is_refused(what: str) -> None:
    """With a disk put back and TLS broken: an older `state`, true in its day, would let us sign a second past. It is
    refused, changes nothing, and the session ends; the next one tells of the rollback."""
    wire = Wire()
    if what != "nothing held":
        wire.arc.append(1)
    wire.open()
    older = next(data for data in sent(wire.bor) if frames.parse(data).type is FrameType.STATE)
    wire.arc.append(2)
    wire.settle()
    disk = wire.arc.store.crashed()
    wire.arc.append(3)
    wire.settle()
    wire.cut()
    wire.arc.restart(disk, keep_mark=False)
    wire.arc.events.clear()

    def tamper(side: Side, data: bytes) -> bytes:
        if side is wire.arc or (frame := frames.parse(data)).type is not FrameType.STATE:
            return data
        if what == "one item of another state":
            older_items = frames.parse(older).items
            return frames.encode(FrameType.STATE, **{**frame.items, "held_note": older_items["held_note"]})
        return older

    wire.tampering = tamper
    wire.open()
    assert wire.arc.closes[0] == "signature-refused"
    assert not wire.arc.core.live
    assert not wire.arc.is_live
    wire.tampering = lambda _, data: data
    wire.open()
    assert wire.arc.alarms == ["rolled-back-self", "recovered"]


@pytest.mark.parametrize("name", [OWN_COSIGNED, THEIR_COSIGNED, THEIR_SIGNED])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_note_that_the_disk_changes_ends_no_session(name: str, restarted: bool) -> None:
    """A kept checkpoint with another bit, while the node runs or before it starts: both come to hold all again."""
    wire = opened()
    wire.arc.append(2)
    wire.bor.append(3)
    wire.settle()
    wire.cut()
    wire.arc.append(1)
    note = wire.bor.store.note(name) or b""
    wire.bor.store.later(name, note[:-4] + bytes([note[-4] ^ 1]) + note[-3:])
    if restarted:
        wire.bor.store.flush()
        wire.bor.restart()
    wire.open()
    wire.cut()
    wire.open()
    assert wire.bor.closes == wire.arc.closes == []
    assert wire.converged()


def test_a_mirror_that_was_rolled_back_never_cosigns_below() -> None:
    """The other side shows how far we cosigned: until the mirror is there again, nothing is cosigned."""
    wire = opened()
    wire.arc.append(2)
    wire.settle()
    old = wire.bor.store.crashed()
    wire.arc.append(4, size=60_000)
    wire.settle()
    wire.cut()
    wire.bor.restart(old)
    wire.bor.events.clear()
    wire.open()
    assert wire.converged()
    sizes = []
    for effect in wire.bor.found(Send):
        frame = frames.parse(effect.data)
        if frame.type is FrameType.COSIGNED:
            sizes.append(parse_text(parse_note(frame["note"]).text).size)
    assert sizes == [6]
    assert wire.arc.alarms == []


def test_a_time_that_was_signed_does_not_come_back() -> None:
    """A mirror whose clock went back cosigns with the later time that the other side shows it."""
    wire = opened()
    wire.arc.append(2)
    wire.settle()
    wire.cut()
    wire.bor.restart(MemoryStore(own="BOR", their="ARC"))
    wire.bor.offset_ms = -86_400_000
    before = wire.arc.store.note(OWN_COSIGNED)
    wire.arc.append(1)
    wire.open()
    after = wire.arc.store.note(OWN_COSIGNED)
    assert before is not None
    assert after is not None
    keys = wire.arc.core.keys.own.log + wire.arc.core.keys.their.mirror
    earlier, later = verify_note(before, keys).times_ms, verify_note(after, keys).times_ms
    assert all(later[key.vkey()] >= earlier[key.vkey()] for key in wire.arc.core.keys.their.mirror)


# --- forks ------------------------------------------------------------------------------------------------------------


def forked() -> Wire:
    """ARC's key signs a second past while BOR holds the first, and BOR is shown it."""
    wire = opened()
    wire.arc.append(2)
    old = wire.arc.store.crashed()
    wire.arc.append(2)
    wire.settle()
    wire.cut()
    wire.arc.restart(old, keep_mark=False)
    # A program without the start-up rule: it goes on signing.
    wire.arc.write([Row(b"another %d" % n, leaf_hash(b"another %d" % n), None, None, False) for n in range(2)])
    wire.arc.sign()
    wire.connect()
    wire.settle()
    return wire


def test_a_fork_is_kept_as_evidence() -> None:
    """Two checkpoints that cannot be of one log: one alarm, with both, each verifiable by anyone."""
    wire = forked()
    assert wire.bor.core.disputed
    assert wire.bor.alarms == ["fork"]
    evidence = wire.bor.found(Alarm)[0].evidence
    their = wire.bor.core.keys.their.log
    signed = verify_note(evidence["first"], their).checkpoint
    held = verify_note(evidence["second"], their, exactly=False).checkpoint
    assert signed.size == held.size
    assert signed.root != held.root


def test_after_a_fork_the_mirror_stays_and_our_voice_goes_on() -> None:
    """Nothing of theirs is written or cosigned any more; what we say still arrives and is receipted."""
    wire = forked()
    held = list(wire.bor.mirror)
    wire.bor.events.clear()
    wire.arc.core.live = True
    wire.arc.append(3, body=BODY)
    wire.bor.append(2)
    wire.settle()
    assert wire.bor.mirror == held
    assert wire.bor.closes == []
    assert FrameType.COSIGNED not in kinds(wire.bor)
    assert wire.bor.core.cosigned_size == 2
    assert wire.arc.mirror == wire.bor.own_log


# --- ahead ------------------------------------------------------------------------------------------------------------


def backlog(*, flashes: int = 1, before: int = AHEAD_DISTANCE + 10) -> Wire:
    """A long backlog at ARC with flashes at its end, of entries so large that many frames are needed."""
    wire = Wire()
    wire.arc.append(before, size=60_000)
    wire.arc.append(flashes, body=BODY, flash=True)
    return wire


def test_a_flash_goes_ahead_of_the_backlog() -> None:
    """It is kept with its proof before the entries in front of it, shown with their number, and drops out when it has
    its place."""
    wire = backlog()
    wire.connect()
    for _ in range(3):
        for side in wire.sides.values():
            wire.deliver(side)
    wire.arc.carry_out(wire.arc.core.pump())
    wire.deliver(wire.arc)
    (ahead,) = wire.bor.found(StoreAhead)
    assert (ahead.index, ahead.behind, ahead.body) == (AHEAD_DISTANCE + 10, AHEAD_DISTANCE + 10, BODY)
    assert wire.bor.store.ahead_indexes() == [AHEAD_DISTANCE + 10]
    assert wire.bor.core.mirror_size == 0
    wire.settle()
    assert wire.converged()
    assert wire.bor.store.ahead() == []


def test_a_flash_near_the_end_of_the_queue_goes_its_way() -> None:
    """With little in front of it nothing goes ahead."""
    wire = Wire()
    wire.arc.append(5)
    wire.arc.append(body=BODY, flash=True)
    wire.open()
    assert FrameType.AHEAD not in kinds(wire.arc)
    assert wire.converged()


def test_what_is_kept_ahead_is_bounded() -> None:
    """No more than so many, whatever is sent; the rest comes in its place."""
    wire = backlog(flashes=AHEAD_MAX + 20)
    wire.open()
    assert len(wire.bor.found(StoreAhead)) == AHEAD_MAX
    assert wire.converged()


def ahead_frame(wire: Wire) -> dict[str, Any]:
    """The items of the first ahead frame that ARC sends."""
    wire.connect()
    for _ in range(3):
        for side in wire.sides.values():
            wire.deliver(side)
    (effect,) = wire.arc.core.pump()
    assert isinstance(effect, Send)
    return frames.parse(effect.data).items


BAD_AHEADS: dict[str, Change] = {
    "another index": lambda items: {**items, "index": items["index"] - 1},
    "an index beyond the log": lambda items: {**items, "index": 10_000},
    "another path": lambda items: {**items, "path": [bytes(32), *items["path"][1:]]},
    "a path cut short": lambda items: {**items, "path": items["path"][1:]},
    "another entry": lambda items: {**items, "entry": items["entry"] + b"x"},
    "another body": lambda items: {**items, "body": b"another"},
    "no body": lambda items: {**items, "body": None},
}


@pytest.mark.parametrize("what", BAD_AHEADS)
def test_a_flash_that_is_not_proved_is_refused(what: str) -> None:
    """Inclusion, body and note are checked before anything is kept."""
    wire = backlog()
    items = BAD_AHEADS[what](ahead_frame(wire))
    wire.bor.receive(frames.encode(FrameType.AHEAD, **items))
    assert len(wire.bor.closes) == 1
    assert wire.bor.store.ahead() == []


def test_only_a_flash_goes_ahead() -> None:
    """A routine entry with a right proof is refused: the lane is for flashes."""
    wire = backlog()
    items = ahead_frame(wire)
    store = wire.arc.store
    path = prove_inclusion(3, store.head("ARC").size, store.hashes("ARC"))
    entry = store.read("ARC", 3, 4)[0]
    wire.bor.receive(frames.encode(FrameType.AHEAD, note=items["note"], index=3, path=path, entry=entry, body=None))
    assert wire.bor.closes == ["not-flash"]


def test_the_same_flash_again_is_passed_over() -> None:
    """Sent twice, or again in a later session, it is kept once."""
    wire = backlog()
    items = ahead_frame(wire)
    for _ in range(2):
        wire.bor.receive(frames.encode(FrameType.AHEAD, **items))
    assert len(wire.bor.found(StoreAhead)) == 1
    wire.cut()
    wire.bor.restart()
    wire.open()
    assert len(wire.bor.found(StoreAhead)) == 1
    assert wire.converged()


# --- beats ------------------------------------------------------------------------------------------------------------


def last_beat(side: Side) -> tuple[beats.Beat, Received]:
    """The last beat a side received."""
    received = side.found(Received)[-1]
    return beats.parse(received.beat), received


def test_a_beat_stands_alone() -> None:
    """With the public keys anyone reads from one beat what its node held, cosigned at that time."""
    wire = opened()
    wire.arc.append(3)
    wire.bor.append(1)
    wire.settle()
    wire.pass_time(3 * BEAT_MS)
    beat, received = last_beat(wire.arc)
    keys = wire.arc.core.keys
    verified = beats.verify(
        received.beat, received.signature, channel=agreement().channel, party="BOR", key=keys.their.node
    )
    assert verified == beat
    head = wire.arc.store.head("ARC")
    assert beat.held == (3, head.root)
    assert beat.own == (1, wire.bor.store.head("BOR").root)
    assert beat.quoted == 1
    note = parse_note(beat.cosignatures)
    assert [line.name for line in note.signatures] == [keys.their.mirror[0].name] * 2
    assert parse_text(note.text).size == 3
    assert beat.heard is not None
    assert not beat.shows_rollback


def test_every_beat_is_cosigned_anew() -> None:
    """The time in the cosignature moves with the beats, though nothing is said."""
    wire = opened()
    wire.arc.append(1)
    wire.settle()
    wire.pass_time(2 * BEAT_MS)
    first = last_beat(wire.arc)[0]
    wire.pass_time(3 * BEAT_MS)
    second = last_beat(wire.arc)[0]
    assert second.number > first.number
    assert second.held == first.held
    assert second.cosignatures != first.cosignatures


def signed_beat(wire: Wire, **changes: Any) -> bytes:
    """A beat frame of ARC that says something else."""
    beat = replace(last_beat(wire.bor)[0], **{"number": 1_000, **changes})
    data, signature = beats.sign(beat, wire.arc.core.keys.signers.node)
    return frames.encode(FrameType.BEAT, beat=data, signature=signature)


def beating() -> Wire:
    """A wire whose sides hold something of each other and have sent beats."""
    wire = opened()
    wire.arc.append(2)
    wire.bor.append(2)
    wire.settle()
    wire.pass_time(2 * BEAT_MS)
    return wire


def test_a_beat_does_not_count_twice() -> None:
    """Replayed in its session, or with a number that does not go up, it ends the session."""
    wire = beating()
    received = wire.bor.found(Received)[-1]
    state = wire.bor.core.pulse.last_beat_at_ms
    wire.clock.mono_ms += 300
    wire.bor.receive(frames.encode(FrameType.BEAT, beat=received.beat, signature=received.signature))
    assert wire.bor.closes == ["bad-beat"]
    assert wire.bor.core.pulse.last_beat_at_ms == state


def test_a_beat_of_another_session_is_refused() -> None:
    """Replayed in a later session, though its number is higher than any there: nothing counts as heard."""
    wire = beating()
    received = wire.bor.found(Received)[-1]
    wire.cut()
    wire.open()
    state = wire.bor.core.pulse.last_beat_at_ms
    wire.clock.mono_ms += 300
    wire.bor.receive(frames.encode(FrameType.BEAT, beat=received.beat, signature=received.signature))
    assert wire.bor.closes == ["bad-beat"]
    assert wire.bor.core.pulse.last_beat_at_ms == state


def test_a_beat_of_the_other_voice_is_refused() -> None:
    """Our own beat, reflected, is not theirs."""
    wire = beating()
    own = next(effect.data for effect in wire.bor.found(Send) if frames.parse(effect.data).type is FrameType.BEAT)
    wire.bor.receive(own)
    assert wire.bor.closes == ["signature-refused"]


@pytest.mark.parametrize("what", ["no lines", "lines of another size", "lines of the log"])
def test_what_a_beat_says_is_held_must_be_cosigned_in_it(what: str) -> None:
    """The two lines are over exactly the size and root that the beat names, by the mirror's keys."""
    wire = beating()
    beat = last_beat(wire.bor)[0]
    if what == "no lines":
        frame = signed_beat(wire, cosignatures=b"")
    elif what == "lines of another size":
        frame = signed_beat(wire, held=(1, wire.bor.store.root("BOR", 1)))
    else:
        frame = signed_beat(wire, cosignatures=wire.bor.mark[1] if wire.bor.mark else b"", held=beat.held)
    quoted = wire.bor.core.quoted
    wire.bor.receive(frame)
    assert len(wire.bor.closes) == 1
    assert wire.bor.core.quoted == quoted


def test_a_rollback_of_theirs_shows_in_their_own_words() -> None:
    """One signed beat in which own is less than quoted; the alarm carries it, and comes once."""
    wire = beating()
    wire.bor.receive(signed_beat(wire, own=(1, bytes(32)), quoted=2))
    wire.bor.receive(signed_beat(wire, own=(1, bytes(32)), quoted=2, number=1_001))
    assert wire.bor.alarms == ["rollback"]
    evidence = wire.bor.found(Alarm)[0].evidence
    key = wire.bor.core.keys.their.node
    shown = beats.verify(evidence["beat"], evidence["signature"], channel=agreement().channel, party="ARC", key=key)
    assert shown.shows_rollback


def test_a_false_claim_never_makes_us_sign_our_own_rollback() -> None:
    """They claim, with good cosignatures, to hold more of our log than there is: an alarm, and we quote none of it."""
    wire = beating()
    claim = Checkpoint(wire.bor.core.keys.own.origin, 99, bytes(range(32)))
    lines = Note(claim.text(), tuple(cosign(claim, wire.arc.core.keys.signers.mirror, 1))).encode()
    wire.bor.receive(signed_beat(wire, held=(99, claim.root), cosignatures=lines))
    assert wire.bor.alarms == ["held-differs"]
    assert wire.bor.found(Alarm)[0].evidence.keys() == {"beat", "signature"}
    assert wire.bor.core.quoted == 2
    wire.pass_time(2 * BEAT_MS)
    assert not last_beat(wire.arc)[0].shows_rollback


def test_a_docket_that_differs_raises_an_alarm() -> None:
    """Compared at sizes that both named; at sizes we never computed nothing is said."""
    wire = beating()
    wire.bor.core.docket(2, 2, bytes(32))
    wire.bor.receive(signed_beat(wire, docket=(2, 1, bytes([1]) * 32)))
    wire.bor.receive(signed_beat(wire, docket=(2, 2, bytes(32)), number=1_001))
    assert wire.bor.alarms == []
    wire.bor.receive(signed_beat(wire, docket=(2, 2, bytes([1]) * 32), number=1_002))
    assert wire.bor.alarms == ["docket-differs"]


def test_a_docket_that_is_not_known_is_neither_said_nor_compared() -> None:
    """While it is computed anew the beats have none, and whatever the other side says of its own raises nothing; a
    difference that is there again afterwards is told again."""
    wire = beating()
    wire.bor.core.docket(2, 2, bytes(32))
    wire.pass_time(2 * BEAT_MS)
    assert last_beat(wire.arc)[0].docket == (2, 2, bytes(32))
    wire.bor.core.docket_unknown()
    wire.pass_time(2 * BEAT_MS)
    assert last_beat(wire.arc)[0].docket is None
    differs = (2, 2, bytes([1]) * 32)
    wire.bor.receive(signed_beat(wire, docket=differs, number=1_000))
    assert wire.bor.alarms == []
    for number in (1_001, 1_003):
        wire.bor.core.docket(2, 2, bytes(32))
        wire.bor.receive(signed_beat(wire, docket=differs, number=number))
        wire.bor.core.docket_unknown()
    assert wire.bor.alarms == ["docket-differs", "docket-differs"]


def test_the_clock_of_their_log_never_becomes_ours() -> None:
    """A counterpart whose clock is far ahead quotes our receipt, which has the time of its log beside ours: we go on to
    cosign by our own, and so do our entries after the next start."""
    wire = Wire()
    wire.arc.offset_ms = 2_000 * 366 * 86_400_000
    wire.open()
    wire.arc.append()
    wire.settle()
    wire.cut()
    wire.open()
    wire.arc.append()
    wire.settle()
    assert wire.converged()
    assert wire.bor.store.head("ARC").last_ms <= wire.bor.now().wall_ms
    keys = line_keys("ARC")
    receipt = wire.arc.store.note(OWN_COSIGNED)
    assert receipt is not None
    times = verify_note(receipt, keys.own.log + keys.their.mirror).times_ms
    assert all(times[key.vkey()] <= wire.bor.now().wall_ms for key in keys.their.mirror)


def test_an_offset_of_the_clocks_is_measured_and_hurts_nothing() -> None:
    """One side a day behind: measured on both, an alarm on both, and everything arrives."""
    wire = Wire()
    wire.bor.offset_ms = -86_400_000
    wire.arc.append(2)
    wire.bor.append(2)
    wire.open()
    wire.pass_time(2 * BEAT_MS)
    assert wire.arc.core.pulse.clock_offset_ms == -86_400_000
    assert wire.bor.core.pulse.clock_offset_ms == 86_400_000
    assert wire.arc.alarms == wire.bor.alarms == ["clock-offset"]
    assert wire.converged()


@pytest.mark.parametrize("wall_ms", [-(10**13), 0, 250_000_000_000_000])
def test_no_reading_of_a_clock_stops_the_line(wall_ms: int) -> None:
    """Before 1970, at it, or in the year 9892: beats go, entries arrive and are receipted."""
    wire = Wire()
    wire.bor.offset_ms = wall_ms - wire.bor.now().wall_ms
    wire.arc.append(2)
    wire.open()
    wire.pass_time(2 * BEAT_MS)
    assert wire.bor.core.pulse.state == UP
    assert wire.arc.core.cosigned_size == 2


def test_a_node_that_is_up_and_does_not_hold_what_was_sent_is_told_of() -> None:
    """BOR beats on and its mirror stands still: an alarm with its own signed beat, once, and gone when it moves."""
    wire = beating()

    def without_entries(sender: Side, frame: bytes) -> bytes | None:
        dropped = sender is wire.arc and frames.parse(frame).type in (FrameType.APPEND, FrameType.BODY)
        return None if dropped else frame

    wire.tampering = without_entries
    wire.arc.append(3)
    wire.pass_time((STUCK_BEATS + 3) * BEAT_MS)
    assert wire.arc.alarms == ["up-not-holding"]
    (alarm,) = wire.arc.found(Alarm)
    assert set(alarm.evidence) == {"beat", "signature"}
    wire.tampering = lambda _, frame: frame
    wire.cut()
    wire.open()
    wire.pass_time(3 * BEAT_MS)
    assert wire.converged()
    assert wire.arc.alarms == ["up-not-holding"]


def test_receipts_come_for_what_was_signed_on_the_way() -> None:
    """A backlog of several frames: each frame ends where something was signed, where there is such a place."""
    wire = beating()
    before = wire.arc.core.cosigned_size
    for _ in range(4):
        wire.arc.append(2, size=60_000)
    wire.settle()
    sizes = [effect.size for effect in wire.arc.found(StoreCosigned)]
    assert wire.converged()
    assert [size for size in sizes if size > before] == [before + 2, before + 4, before + 6, before + 8]


# --- the state of the line --------------------------------------------------------------------------------------------


def test_the_line_goes_down_by_steps_and_comes_back() -> None:
    """Degraded after one missed beat, down after two, up with the next; what went and came back is tallied."""
    wire = beating()
    wire.tampering = lambda _, frame: None
    wire.pass_time((TALLY_PAUSE_BEATS + 4) * BEAT_MS)
    assert wire.arc.states == [UP, DEGRADED, DOWN]
    assert wire.arc.said == ["line"]
    wire.tampering = lambda _, frame: frame
    wire.cut()
    wire.open()
    wire.pass_time(TALLY_PAUSE_BEATS * BEAT_MS)
    assert wire.arc.states[-1] == UP
    assert wire.arc.said == ["line", "line"]


def test_one_missed_beat_degrades_and_makes_no_entry() -> None:
    """A beat that was only late fills no log."""
    wire = beating()
    wire.tampering = lambda _, frame: None
    wire.pass_time(BEAT_MS)
    wire.tampering = lambda _, frame: frame
    wire.pass_time(2 * BEAT_MS)
    assert wire.arc.states == [UP, DEGRADED, UP]
    assert wire.arc.said == []


def test_an_hour_is_tallied() -> None:
    """Once an interval, with what was sent and received."""
    wire = beating()
    wire.clock.mono_ms += TALLY_MS
    wire.arc.tick()
    assert wire.arc.said.count("line") >= 1
    facts = wire.arc.found(Say)[-1].facts
    assert facts["sent"] > 0
    assert facts["received"] > 0
    assert facts["last_sent"] is not None


# --- convergence ------------------------------------------------------------------------------------------------------

STEPS = st.one_of(
    st.tuples(st.sampled_from(["append", "body", "flash", "restart", "pump"]), st.sampled_from(["ARC", "BOR"])),
    st.tuples(st.sampled_from(["connect", "cut", "time"]), st.just("")),
    st.tuples(st.just("deliver"), st.sampled_from(["ARC", "BOR"])),
    st.tuples(st.just("deliver many"), st.sampled_from(["ARC", "BOR"])),
)


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=40))
def test_any_order_of_anything_converges(steps: list[tuple[str, str]]) -> None:
    """Appends, cuts, crashes and deliveries in any order: nobody is accused, no receipt is false, and one whole session
    brings both sides level."""
    wire = Wire()
    for what, party in steps:
        _step(wire, what, party)
        _check(wire)
    wire.cut()
    wire.open()
    wire.pass_time(BEAT_MS)
    for side in wire.sides.values():
        # Whatever a crash left unsigned is signed now, as a node does when it is live again.
        assert side.core.live
        if side.store.head(side.party).size:
            side.sign()
    wire.settle()
    _check(wire)
    assert wire.converged()
    for side in wire.sides.values():
        assert side.alarms == []
        assert side.closes == []


def _step(wire: Wire, what: str, party: str) -> None:
    side = wire.sides.get(party)
    if what == "connect":
        wire.connect()
    elif what == "cut":
        wire.cut()
    elif what == "time":
        wire.pass_time(BEAT_MS // 2)
    elif side is None:
        raise AssertionError(what)
    elif what == "append":
        side.append(2)
    elif what in ("body", "flash"):
        side.append(body=BODY, flash=what == "flash")
    elif what == "restart":
        wire.cut()
        side.restart()
    elif what == "pump":
        side.carry_out(side.core.pump())
    else:
        for _ in range(1 if what == "deliver" else 5):
            wire.deliver(side)


def _check(wire: Wire) -> None:
    """What always holds: the mirror is a prefix, a receipt is true, and nobody is accused."""
    for side in wire.sides.values():
        there = wire.sides[other(side.party)]
        assert there.own_log[: len(side.mirror)] == side.mirror
        assert side.core.cosigned_size <= len(there.mirror)
        for index in range(side.core.cosigned_size):
            assert there.store.body(side.party, index) == side.store.body(side.party, index)
        assert side.alarms == []


def test_effects_come_in_the_order_of_their_dependence() -> None:
    """Entries are written before their cosignature is made, and it is kept before it leaves."""
    wire = opened()
    wire.arc.append(1)
    wire.arc.pump()
    wire.bor.events.clear()
    wire.deliver(wire.arc)
    assert [type(event) for event in wire.bor.events] == [StoreMirror, KeepNote, Send]
