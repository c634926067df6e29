"""One line between two nodes, as a state machine without I/O: frames and time in, effects out.

Two rules hold the file together.

* Nothing that depends on a write leaves before the write is durable. What is to be written is an effect; what follows
  from it comes out of the call by which the node reports it done.
* Whatever changes state is signed in itself: a checkpoint, a cosignature, a beat. A frame that is not what it should be
  changes nothing and ends the session; the next session begins with what both sides hold.

A session goes through `hello` (who, which channel, which versions), `auth` (both sign the transcript), `state` (how
far each holds the other's log, in each other's signatures) and is then `open`. A node signs nothing new on its own log
until a `state` of the counterpart has told it how far that log is held there (spec/channel.md, "The start-up rule").

The outbox is a difference: our signed size less the size that the other side holds. There are no acknowledgements of
frames and nothing to retransmit; a new session sends from where the other side stands.

Source: spec/channel.md.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from keys.errors import KeysError
from keys.note_key import NoteVerifier
from protocol import beat as beats
from protocol import frames, handshake
from protocol.checkpoint import Checkpoint, parse_text
from protocol.cosignature import VerifiedCheckpoint, add_cosignatures, cosign, verify_lines, verify_note
from protocol.effects import (
    Alarm,
    Close,
    Effect,
    Instant,
    KeepNote,
    LineChanged,
    Live,
    Received,
    Say,
    Send,
    StoreAhead,
    StoreCosigned,
)
from protocol.errors import Malformed, ProtocolError
from protocol.frames import Frame, FrameType
from protocol.glance import glance
from protocol.handshake import Tie
from protocol.incoming import Incoming, NotOfThisLog
from protocol.limits import APPEND_ENTRIES_BYTES_MAX
from protocol.line_keys import LineKeys, Pair
from protocol.merkle import Hash, leaf_hash, prove_consistency, prove_inclusion, verify_inclusion
from protocol.note import Note
from protocol.note import parse as parse_note
from protocol.pulse import DOWN, UP, Pulse
from protocol.shelf import Shelf

OPEN_TIMEOUT_MS: Final = 5_000
"""From a connection to its `open` phase; a peer that is slower may dial again."""

AHEAD_DISTANCE: Final = 64
"""A flash entry with more than this many before it in the outbox goes ahead of them."""

AHEAD_MAX: Final = 64
"""Entries held ahead of their predecessors; a bound on what a hostile sender can make us keep."""

NOTES_REMEMBERED: Final = 64
"""Checkpoints of ours whose signature lines are known when they come back under a receipt."""

DOCKETS_REMEMBERED: Final = 256
"""Pairs of sizes whose docket digest is kept for comparing with the other side's beats."""

STUCK_BEATS: Final = 5
"""Beats in a row that hold no more than before, though more was sent, after which people are told."""

TALLY_PAUSE_BEATS: Final = 10
"""Cadences between two `line` entries for changes of state, so that a flapping line does not fill the log."""


class Channel:
    """The state machine of one line; one for each channel of a node, over all its sessions.

    Args:
        channel: its id, 32 bytes.
        keys: the keys of both sides.
        shelf: what is durable.
        pulse: the heartbeat.
        offset_alarm_ms: difference of clocks that raises an alarm.
        signed: the last checkpoint signed for our own log, with its bytes, or None.
    """

    def __init__(
        self,
        *,
        channel: Hash,
        keys: LineKeys,
        shelf: Shelf,
        pulse: Pulse,
        offset_alarm_ms: int,
        signed: tuple[Checkpoint, bytes] | None,
    ) -> None:
        self.channel = channel
        self.keys = keys
        self.pulse = pulse
        self._shelf = shelf
        self._offset_alarm_ms = offset_alarm_ms
        self._own, self._their = keys.own.party, keys.their.party

        # Of our own log: what is signed, what the other side cosigned, and what it last claimed to hold.
        self._signed = signed
        self._signed_notes: OrderedDict[int, bytes] = OrderedDict()
        self._cosigned = self._kept("own-cosigned", keys.own.log + keys.their.mirror)
        self.quoted = self._cosigned.size if self._cosigned else 0
        self.live = False
        # Of theirs: the mirror, what we cosigned, and below what we never cosign.
        head = shelf.head(self._their)
        self._mirror = head.frontier
        self._mirror_ms = head.last_ms
        self._mirror_cosigned = self._kept("their-cosigned", keys.their.log + keys.own.mirror)
        self._floor = self._mirror_cosigned
        self._incoming: Incoming | None = None
        self._skipping = False
        self._ahead = set(shelf.ahead_indexes())
        self.disputed = False

        # Of the session.
        self.phase = "closed"
        self._tie: Tie | None = None
        self._own_hello = self._their_hello = b""
        self._version = 0
        self._deadline = 0
        self._cursor = 0
        self._sent_ahead: set[int] = set()
        self._number = self._their_number = 0
        self._heard: tuple[Hash, int] | None = None
        self._docket: tuple[int, int, Hash] | None = None
        self._dockets: OrderedDict[tuple[int, int], Hash] = OrderedDict()
        self._was_up = False
        self._last_change_mono: int | None = None
        self._alarmed: set[str] = set()
        self._held_before = self._stuck_beats = 0

    def _kept(self, name: str, keys: tuple[NoteVerifier, ...]) -> Checkpoint | None:
        """The checkpoint of a note that was kept verified."""
        note = self._shelf.note(name)
        return None if note is None else verify_note(note, keys).checkpoint

    # --- what the node reports --------------------------------------------------------------------------------------

    @property
    def mirror_size(self) -> int:
        """How many entries of the other side's log are durable here."""
        return self._mirror.size

    @property
    def cosigned_size(self) -> int:
        """How far the other side cosigned our log."""
        return self._cosigned.size if self._cosigned else 0

    @property
    def is_open(self) -> bool:
        """Whether a session is open."""
        return self.phase == "open"

    @property
    def dialled(self) -> bool:
        """Whether this side dialled the present session."""
        return self._tie is not None and self._tie.dialled

    def opened(self, tie: Tie, now: Instant) -> list[Effect]:
        """A connection is there, with a TLS key that a roster names; the hello leaves."""
        self._reset_session()
        self.phase, self._tie, self._deadline = "hello", tie, now.mono_ms + OPEN_TIMEOUT_MS
        self._own_hello = handshake.hello(channel=self.channel, party=self._own, tie=tie)
        return [Send(self._own_hello)]

    def closed(self) -> None:
        """The connection is gone."""
        self._reset_session()

    def _reset_session(self) -> None:
        self.phase, self._tie = "closed", None
        self._incoming = None
        self._skipping = False
        self._own_hello = self._their_hello = b""
        self._heard = None
        self._number = self._their_number = 0
        self._sent_ahead.clear()

    def rekeyed(self, keys: LineKeys) -> None:
        """A roster came into force."""
        self.keys = keys

    def docket(self, own_size: int, their_size: int, digest: Hash) -> None:
        """The docket was computed at these sizes; the next beat says so."""
        self._docket = (own_size, their_size, digest)
        self._dockets[own_size, their_size] = digest
        while len(self._dockets) > DOCKETS_REMEMBERED:
            self._dockets.popitem(last=False)

    def signed(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Our log grew; its new checkpoint is signed and the signature durable. `pump` sends it."""
        self._signed = (checkpoint, note)
        self._signed_notes[checkpoint.size] = note
        while len(self._signed_notes) > NOTES_REMEMBERED:
            self._signed_notes.popitem(last=False)

    # --- time -------------------------------------------------------------------------------------------------------

    def tick(self, now: Instant, *, ahead_ms: int = 0) -> list[Effect]:
        """Let time pass: time-outs, the line's state, beats and tallies.

        Args:
            now: the present moment.
            ahead_ms: how far the time used in entries is ahead of the clock.

        Returns:
            What follows from it.
        """
        effects = self._look(now)
        if self.phase not in ("closed", "open") and now.mono_ms >= self._deadline:
            self._reset_session()
            effects.append(Close("open-timeout", "the other side did not finish the handshake in time"))
        if self.pulse.tally_due(now):
            effects.append(self._tally(now))
        effects += self._watch_own_clock(now, ahead_ms)
        if self.phase == "open" and self.pulse.due(now):
            effects += self._beat(now, ahead_ms)
        return effects

    def next_tick(self) -> int:
        """Monotonic milliseconds by which `tick` should be called again."""
        soonest = self.pulse.next_look(beating=self.phase == "open")
        return soonest if self.phase in ("closed", "open") else min(soonest, self._deadline)

    def _look(self, now: Instant) -> list[Effect]:
        """Whether the line's state changed. That it went down is tallied, and that it came back; the first time up
        after a start is neither, and a beat that was only late makes no entry."""
        before = self.pulse.state
        changed = self.pulse.look(now)
        if changed is None:
            return []
        effects: list[Effect] = [LineChanged(changed)]
        pause_ms = TALLY_PAUSE_BEATS * self.pulse.every_ms
        quiet = self._last_change_mono is None or now.mono_ms - self._last_change_mono >= pause_ms
        if quiet and (changed == DOWN or (before == DOWN and self._was_up)):
            self._last_change_mono = now.mono_ms
            effects.append(self._tally(now))
        self._was_up = self._was_up or changed == UP
        return effects

    def _tally(self, now: Instant) -> Say:
        tally = self.pulse.tally(now)
        return Say(
            "line",
            {
                "state": self.pulse.state,
                "from_ms": max(0, tally.from_ms),
                "until_ms": max(0, now.wall_ms),
                "sent": tally.sent,
                "received": tally.received,
                "longest_gap_ms": tally.longest_gap_ms,
                "last_sent": tally.last_sent,
                "last_received": tally.last_received,
            },
        )

    def _beat(self, now: Instant, ahead_ms: int) -> list[Effect]:
        """Sign a beat: what is held, cosigned afresh, and how the line looks from here."""
        self._number += 1
        held = self._mirror_cosigned
        lines = b""
        effects: list[Effect] = []
        if held is not None:
            self._mirror_ms = max(self._mirror_ms, now.wall_ms)
            signatures = cosign(held, self.keys.signers.mirror, self._mirror_ms)
            lines = Note(held.text(), tuple(signatures)).encode()
        # Without a mark of what was signed, the log as it stands: an empty one would be a rollback that never was.
        own = self._signed[0] if self._signed else self._shelf.head(self._own)
        empty = self._shelf.root(self._their, 0)
        beat = beats.Beat(
            channel=self.channel,
            party=self._own,
            number=self._number,
            at_ms=max(0, now.wall_ms),
            ahead_ms=max(0, ahead_ms),
            own=(own.size, own.root),
            held=(held.size, held.root) if held else (0, empty),
            quoted=self.quoted,
            heard=self._heard[0] if self._heard else None,
            heard_at_ms=self._heard[1] if self._heard else None,
            docket=self._docket,
            cosignatures=lines,
        )
        data, signature = beats.sign(beat, self.keys.signers.node)
        self.pulse.sent(beats.digest(data), now)
        effects.append(Send(frames.encode(FrameType.BEAT, beat=data, signature=signature)))
        return effects

    # --- frames -----------------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: Instant) -> list[Effect]:
        """Take one frame.

        Args:
            data: a binary message of the session.
            now: when it came.

        Returns:
            What follows from it. A frame that is refused changes no state; the last effect is then `Close`, and what
            still comes over that session is passed over.
        """
        if self.phase == "closed":
            return []
        try:
            frame = frames.parse(data)
            if frame.type is FrameType.PROBLEM and self.phase in ("state", "open"):
                self._reset_session()
                return [Close("peer-problem", f"the other side says {frame['code']}")]
            phase, handler = self._HANDLERS.get(frame.type, ("never", None))
            if handler is None or phase != self.phase:
                raise Malformed("frame-out-of-place", frame.type.name, f"not in the phase {self.phase}")
            return handler(self, frame, data, now)
        except NotOfThisLog as error:
            # Under a checkpoint that verifies: the sender's fault, and it will come again. So people are told, once.
            text = "the counterpart sent entries that do not belong to the log it signed"
            return [*self._once(error.code, text, {"frame": data}), *self._refuse(error.code, str(error))]
        except (ProtocolError, KeysError) as error:
            code = getattr(error, "code", "signature-refused")
            return self._refuse(code, str(error))

    def _refuse(self, code: str, text: str) -> list[Effect]:
        """Say why, and end the session. Before `auth` nothing is said to whoever that is."""
        effects: list[Effect] = []
        if self.phase in ("state", "open"):
            effects.append(Send(frames.encode(FrameType.PROBLEM, code=code[:40], text="")))
        self._reset_session()
        effects.append(Close(code, text[:300]))
        return effects

    def _on_hello(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del now
        if frame["channel"] != self.channel or frame["party"] != self._their:
            raise Malformed("wrong-channel", "hello", "of another channel or party")
        self._version = handshake.choose(bytes(handshake.VERSIONS), frame["versions"])
        self._their_hello = data
        self.phase = "auth"
        proof = handshake.prove(
            signer=self.keys.signers.node,
            channel=self.channel,
            party=self._own,
            tie=self._tied(),
            version=self._version,
            own_hello=self._own_hello,
            their_hello=data,
        )
        return [Send(proof)]

    def _on_auth(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data, now
        handshake.check(
            key=self.keys.their.node,
            channel=self.channel,
            party=self._their,
            tie=self._tied(),
            version=self._version,
            own_hello=self._own_hello,
            their_hello=self._their_hello,
            signature=frame["signature"],
        )
        self.phase = "state"
        cosigned = self._shelf.note("their-cosigned")
        held = cosigned
        if self._mirror.size > (self._mirror_cosigned.size if self._mirror_cosigned else 0):
            held = self._shelf.note("their-signed")
        return [
            Send(
                frames.encode(
                    FrameType.STATE,
                    own_note=self._signed[1] if self._signed else None,
                    held_note=held,
                    cosigned_note=self._shelf.note("own-cosigned"),
                    held_size=self._mirror.size,
                )
            )
        ]

    def _tied(self) -> Tie:
        if self._tie is None:
            raise Malformed("frame-out-of-place", "session")
        return self._tie

    def _on_state(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        """The start-up rule, and where each side goes on."""
        del data
        # Everything is verified before anything follows from it.
        own = self._verified(frame["held_note"], self.keys.own.log, self.keys.their.mirror)
        theirs = self._verified(frame["own_note"], self.keys.their.log, ())
        by_us = self._verified(frame["cosigned_note"], self.keys.their.log, self.keys.own.mirror)
        effects: list[Effect] = [*self._heed_own(own, frame["held_note"])]
        if by_us is not None:
            effects += self._heed_cosigned_by_us(by_us, frame["cosigned_note"])
        if theirs is not None:
            effects += self._heed(theirs.checkpoint, frame["own_note"])
        self.phase = "open"
        self._cursor = min(frame["held_size"], self._signed[0].size if self._signed else 0)
        self.pulse.hurry(now)
        effects += self._cosign_mirror(now)
        # What they have not stored of our cosignatures is sent again; it is the same receipt.
        told = by_us.checkpoint.size if by_us is not None else 0
        sent = any(isinstance(effect, Send) for effect in effects)
        if self._mirror_cosigned is not None and self._mirror_cosigned.size > told and not sent:
            note = self._shelf.note("their-cosigned")
            if note is not None:
                effects.append(Send(frames.encode(FrameType.COSIGNED, note=note)))
        return effects

    def _verified(self, note: bytes | None, log: Pair, mirror: Pair | tuple[()]) -> VerifiedCheckpoint | None:
        """A note of a `state` frame: the log's two lines, and where there are more, the mirror's two as well."""
        if note is None:
            return None
        cosigned = len(parse_note(note).signatures) > len(log)
        return verify_note(note, log + mirror if cosigned else log)

    def _heed_own(self, told: VerifiedCheckpoint | None, note: bytes | None) -> list[Effect]:
        """How far they hold our log, in our own signature."""
        if told is None or note is None:
            self.live = True
            return [Live()]
        checkpoint = told.checkpoint
        self.quoted = max(self.quoted, checkpoint.size)
        head = self._shelf.head(self._own)
        if checkpoint.size > head.size:
            self.live = False
            text = f"the counterpart holds {checkpoint.size} entries that we signed; here are {head.size}"
            return self._once("rolled-back-self", text, {"held": note})
        if self._shelf.root(self._own, checkpoint.size) != checkpoint.root:
            self.live = False
            return self._once("fork-self", f"we signed another log of {checkpoint.size} entries", {"held": note})
        self.live = True
        self._alarmed -= {"rolled-back-self", "fork-self"}
        effects: list[Effect] = [Live()]
        if told.times_ms.keys() & {key.vkey() for key in self.keys.their.mirror}:
            effects += self._take_cosigned(note, told)
        return effects

    def _heed_cosigned_by_us(self, told: VerifiedCheckpoint, note: bytes) -> list[Effect]:
        """How far we cosigned theirs, in our own signature: below that we never cosign, whatever our disk says."""
        checkpoint = told.checkpoint
        self._mirror_ms = max(self._mirror_ms, *told.times_ms.values())
        if self._floor is None or checkpoint.size > self._floor.size:
            self._floor = checkpoint
        return self._heed(checkpoint, note)

    def _heed(self, checkpoint: Checkpoint, note: bytes) -> list[Effect]:
        """Compare a checkpoint they signed with what we hold."""
        if checkpoint.size > self._mirror.size:
            return []
        if self._shelf.root(self._their, checkpoint.size) == checkpoint.root:
            return []
        return self._fork(note)

    def _fork(self, note: bytes) -> list[Effect]:
        """Two logs under one key. The mirror stays where it is; the rest of the line goes on."""
        self.disputed = True
        evidence = {"signed": note}
        held = self._shelf.note("their-cosigned")
        if held is not None:
            evidence["held"] = held
        return self._once("fork", "the counterpart signed two logs that cannot be one", evidence)

    # --- their log --------------------------------------------------------------------------------------------------

    def _on_append(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data
        if self._incoming is not None:
            raise Malformed("frame-out-of-place", "append", "bodies of the one before are missing")
        checkpoint = verify_note(frame["note"], self.keys.their.log).checkpoint
        forked = self._heed(checkpoint, frame["note"])
        if self.disputed:
            return forked
        start, entries = frame["start"], frame["entries"]
        self._skipping = start > self._mirror.size
        if self._skipping:
            return [Send(frames.encode(FrameType.WANT, voice=self._their, start=self._mirror.size))]
        entries = entries[self._mirror.size - start :]
        if not entries:
            return self._cosign_mirror(now)
        if self._mirror.size + len(entries) > checkpoint.size:
            raise NotOfThisLog("root-differs", "append", "more entries than the checkpoint covers")
        incoming = Incoming.check(
            note=frame["note"], checkpoint=checkpoint, mirror=self._mirror, entries=entries, proof=frame["proof"]
        )
        self._incoming = incoming
        return self._store_if_whole(now)

    def _on_body(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data
        if self._incoming is None:
            if frame["index"] < self._mirror.size or self.disputed or self._skipping:
                return []
            raise Malformed("body-unexpected", "body", "no entry waits for it")
        if frame["index"] < self._incoming.start:
            return []
        self._incoming.take_body(frame["index"], frame["body"])
        return self._store_if_whole(now)

    def _store_if_whole(self, now: Instant) -> list[Effect]:
        if self._incoming is None or self._incoming.missing:
            return []
        self._mirror_ms = max(self._mirror_ms, now.wall_ms)
        return [self._incoming.store(self._mirror_ms)]

    def mirrored(self, entries: list[bytes], bodies: list[bytes | None], now: Instant) -> list[Effect] | None:
        """What `StoreMirror` asked for is durable; cosign it if it is what was checked.

        Args:
            entries: the same range, read back.
            bodies: their bodies, read back.
            now: the present moment.

        Returns:
            What follows, or None if what reads back is not what was written: the node must stop.
        """
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return []
        if not incoming.check_stored(self._mirror, entries, bodies):
            return None
        self._mirror = incoming.frontier
        self._alarmed.discard("root-differs")
        self._ahead = {index for index in self._ahead if index >= self._mirror.size}
        return self._cosign_mirror(now, incoming)

    def not_stored(self) -> None:
        """What was to be written could not be, and nothing changed; the session ends, and the next one asks again."""
        self._reset_session()
        self._ahead = set(self._shelf.ahead_indexes())
        self._cosigned = self._kept("own-cosigned", self.keys.own.log + self.keys.their.mirror)

    def _cosign_mirror(self, now: Instant, incoming: Incoming | None = None) -> list[Effect]:
        """Cosign the mirror where it is as far as a checkpoint of theirs, and beyond what was cosigned."""
        if self.disputed:
            return []
        if incoming is not None:
            note, checkpoint = incoming.note, incoming.checkpoint
        else:
            kept = self._shelf.note("their-signed")
            if kept is None:
                return []
            note, checkpoint = kept, verify_note(kept, self.keys.their.log).checkpoint
        done = self._mirror_cosigned.size if self._mirror_cosigned else -1
        if checkpoint.size != self._mirror.size or checkpoint.size <= done:
            return []
        # The mirror's signer: never below, and never beside, what it signed before, as we or they remember it.
        if checkpoint.root != self._mirror.root():
            return self._fork(note)
        if self._floor is not None:
            if checkpoint.size < self._floor.size:
                return []
            if self._shelf.root(self._their, self._floor.size) != self._floor.root:
                return self._fork(note)
        self._mirror_ms = max(self._mirror_ms, now.wall_ms)
        cosigned = add_cosignatures(note, cosign(checkpoint, self.keys.signers.mirror, self._mirror_ms))
        self._mirror_cosigned = self._floor = checkpoint
        effects: list[Effect] = [KeepNote("their-cosigned", cosigned)]
        if self.phase == "open":
            effects.append(Send(frames.encode(FrameType.COSIGNED, note=cosigned)))
        return effects

    def _on_ahead(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data, now
        index = frame["index"]
        if index < self._mirror.size or index in self._ahead or len(self._ahead) >= AHEAD_MAX or self.disputed:
            return []
        checkpoint = verify_note(frame["note"], self.keys.their.log).checkpoint
        verify_inclusion(
            leaf_index=index,
            tree_size=checkpoint.size,
            leaf_hash=leaf_hash(frame["entry"]),
            path=frame["path"],
            root=checkpoint.root,
        )
        seen = glance(frame["entry"])
        body = frame["body"]
        if not seen.flash:
            raise Malformed("not-flash", "ahead", "only a flash goes ahead of others")
        if (seen.body_digest is None) != (body is None) or (body is not None and not seen.fits(body)):
            raise Malformed("body-differs", "ahead", "not the body that the entry names")
        self._ahead.add(index)
        return [StoreAhead(index, frame["entry"], body, frame["note"], index - self._mirror.size)]

    # --- our log ----------------------------------------------------------------------------------------------------

    @property
    def lag(self) -> int:
        """How many entries of our log the session lacks, which `pump` would give."""
        if self.phase != "open" or not self.live or self._signed is None:
            return 0
        return max(0, self._signed[0].size - self._cursor)

    def pump(self) -> list[Effect]:
        """What to send next of our log; called when the connection takes more, until it gives nothing.

        Returns:
            The frames of one append, or of one flash that goes ahead, or nothing.
        """
        if not self.lag or self._signed is None:
            return []
        checkpoint, note = self._signed
        if checkpoint.size - self._cursor > AHEAD_DISTANCE:
            for index in self._shelf.flash_from(self._own, self._cursor + AHEAD_DISTANCE, AHEAD_MAX):
                if index < checkpoint.size and index not in self._sent_ahead:
                    self._sent_ahead.add(index)
                    return self._send_ahead(index, checkpoint, note)
        start = self._cursor
        entries = self._shelf.read(self._own, start, checkpoint.size, bytes_max=APPEND_ENTRIES_BYTES_MAX)
        self._cursor = end = start + len(entries)
        if end < checkpoint.size:
            # A size that was signed on the way gets its receipt now, and not only when everything is caught up.
            on_the_way = max((size for size in self._signed_notes if start < size <= end), default=None)
            if on_the_way is not None:
                entries, note = entries[: on_the_way - start], self._signed_notes[on_the_way]
                self._cursor = end = on_the_way
                checkpoint = parse_text(parse_note(note).text)
        proof = prove_consistency(end, checkpoint.size, self._shelf.hashes(self._own)) if end < checkpoint.size else []
        effects: list[Effect] = [
            Send(frames.encode(FrameType.APPEND, note=note, start=start, entries=entries, proof=proof))
        ]
        for index in range(start, end):
            body = self._shelf.body(self._own, index)
            if body is not None:
                effects.append(Send(frames.encode(FrameType.BODY, index=index, body=body)))
        return effects

    def _send_ahead(self, index: int, checkpoint: Checkpoint, note: bytes) -> list[Effect]:
        path = prove_inclusion(index, checkpoint.size, self._shelf.hashes(self._own))
        entry = self._shelf.read(self._own, index, index + 1)[0]
        body = self._shelf.body(self._own, index)
        return [Send(frames.encode(FrameType.AHEAD, note=note, index=index, path=path, entry=entry, body=body))]

    def _on_want(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data, now
        if frame["voice"] != self._own:
            raise Malformed("wrong-party", "want", "of a log that is not sent on this line")
        self._cursor = min(self._cursor, frame["start"])
        return []

    def _on_cosigned(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data, now
        note = parse_note(frame["note"])
        checkpoint = parse_text(note.text)
        keys: tuple[NoteVerifier, ...] = self.keys.own.log + self.keys.their.mirror
        own, ours = self._signed_notes.get(checkpoint.size), len(self.keys.own.log)
        if own is not None and len(note.signatures) > ours and frame["note"].startswith(own):
            # It begins with the very bytes that we signed; what is to be verified is what they put under them.
            note, keys = Note(note.text, note.signatures[ours:]), self.keys.their.mirror
        return self._take_cosigned(frame["note"], verify_lines(note, checkpoint, keys))

    def _take_cosigned(self, note: bytes, verified: VerifiedCheckpoint) -> list[Effect]:
        """A receipt: they hold our log so far."""
        told = verified.checkpoint
        self.quoted = max(self.quoted, told.size)
        if told.size <= self.cosigned_size:
            return []
        if told.size > self._shelf.head(self._own).size:
            self.live = False
            return self._once(
                "rolled-back-self", "a receipt under our own signature for more than is here", {"held": note}
            )
        if self._shelf.root(self._own, told.size) != told.root:
            self.live = False
            return self._once("fork-self", "a receipt under our own signature for another log of ours", {"held": note})
        self._cosigned = told
        return [StoreCosigned(note, told.size)]

    # --- beats and problems -----------------------------------------------------------------------------------------

    def _on_beat(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data
        beat = beats.verify(
            frame["beat"], frame["signature"], channel=self.channel, party=self._their, key=self.keys.their.node
        )
        if beat.number <= self._their_number:
            raise Malformed("bad-beat", "beat.number", "it does not count up")
        evidence = {"beat": frame["beat"], "signature": frame["signature"]}
        effects = self._check_held(beat, evidence)
        first = self._their_number == 0
        self._their_number = beat.number
        digest = beats.digest(frame["beat"])
        self._heard = (digest, max(0, now.wall_ms))
        self.pulse.received(digest, at_ms=beat.at_ms, heard=beat.heard, heard_at_ms=beat.heard_at_ms, now=now)
        effects.append(Received(frame["beat"], frame["signature"]))
        effects += self._look(now)
        if first:
            # The first answer goes back at once, so that the round trip is known before a whole cadence has passed.
            self.pulse.hurry(now)
        if beat.shows_rollback:
            text = f"their log has {beat.own[0]} entries and was held up to {beat.quoted}, by their own signature"
            effects += self._once("rollback", text, evidence)
        effects += self._watch_holding(beat, evidence)
        if beat.docket is not None:
            own_size, their_size, hash_ = beat.docket
            mine = self._dockets.get((their_size, own_size))
            if mine is not None and mine != hash_:
                effects += self._once("docket-differs", f"at {own_size} and {their_size} entries", evidence)
        effects += self._watch_clock(now)
        return effects

    def _check_held(self, beat: beats.Beat, evidence: dict[str, bytes]) -> list[Effect]:
        """The fresh cosignature in a beat, over what it says is held of our log."""
        size, root = beat.held
        if size == 0:
            return []
        checkpoint = Checkpoint(self.keys.own.origin, size, root)
        note = parse_note(beat.cosignatures)
        if note.text != checkpoint.text():
            raise Malformed("bad-beat", "beat.cosignatures", "of another checkpoint")
        verify_lines(note, checkpoint, self.keys.their.mirror)
        # A claim without our signature counts only where it is true; else we could be made to sign our own rollback.
        if size <= self._shelf.head(self._own).size and self._shelf.root(self._own, size) == root:
            self.quoted = max(self.quoted, size)
            return []
        if not self.live:
            # Our own log is not what it was, and people have been told so: that they hold another is no wonder.
            return []
        return self._once("held-differs", f"they claim to hold another log of {size} entries of ours", evidence)

    def _watch_holding(self, beat: beats.Beat, evidence: dict[str, bytes]) -> list[Effect]:
        """A node that is up, was sent entries, and does not hold them beat after beat says so in its own signature."""
        size = beat.held[0]
        stuck = size < self._cursor and size == self._held_before
        self._held_before = size
        self._stuck_beats = self._stuck_beats + 1 if stuck else 0
        if self._stuck_beats < STUCK_BEATS:
            if not stuck:
                self._alarmed.discard("up-not-holding")
            return []
        return self._once("up-not-holding", f"they hold {size} of the {self._cursor} entries sent", evidence)

    def _watch_clock(self, now: Instant) -> list[Effect]:
        """An alarm, and a `clock` entry, when the clocks of the two sides come apart."""
        offset = self.pulse.clock_offset_ms
        if offset is None or abs(offset) < self._offset_alarm_ms:
            self._alarmed.discard("clock-offset")
            return []
        found = self._once("clock-offset", f"the clocks of the two sides differ by {offset} ms", {})
        return [*found, self._clock_entry("clock-offset", now, 0, offset)] if found else []

    def _watch_own_clock(self, now: Instant, ahead_ms: int) -> list[Effect]:
        """The same when our own clock went back; entries then say the last time used."""
        if ahead_ms < self._offset_alarm_ms:
            self._alarmed.discard("clock-went-back")
            return []
        text = f"our clock is {ahead_ms} ms behind the last time used; entries keep that time"
        found = self._once("clock-went-back", text, {})
        return [*found, self._clock_entry("clock-went-back", now, ahead_ms, None)] if found else []

    def _clock_entry(self, code: str, now: Instant, ahead_ms: int, offset_ms: int | None) -> Say:
        reading_ms = max(0, now.wall_ms)
        facts = {"code": code, "reading_ms": reading_ms, "stated_ms": reading_ms + ahead_ms, "offset_ms": offset_ms}
        return Say("clock", facts)

    def _once(self, code: str, text: str, evidence: dict[str, bytes]) -> list[Effect]:
        """An alarm that is raised once until its cause has gone."""
        if code in self._alarmed:
            return []
        self._alarmed.add(code)
        return [Alarm(code, text, evidence)]

    _HANDLERS: Final[dict[FrameType, tuple[str, Callable[["Channel", Frame, bytes, Instant], list[Effect]] | None]]] = {
        FrameType.HELLO: ("hello", _on_hello),
        FrameType.AUTH: ("auth", _on_auth),
        FrameType.STATE: ("state", _on_state),
        FrameType.APPEND: ("open", _on_append),
        FrameType.BODY: ("open", _on_body),
        FrameType.COSIGNED: ("open", _on_cosigned),
        FrameType.WANT: ("open", _on_want),
        FrameType.BEAT: ("open", _on_beat),
        FrameType.AHEAD: ("open", _on_ahead),
    }
