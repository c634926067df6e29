"""One line between two nodes, as a state machine without I/O: frames and time in, effects out.

Two rules hold the file together.

* Nothing that depends on a write leaves before the write is durable. What is to be written is an effect; what follows
  from it comes out of the call by which the node reports it done.
* Whatever changes state is signed in itself: a checkpoint, a cosignature, a beat. A frame that is not what it should be
  changes nothing and ends the session; the next session begins with what both sides hold.

A session goes through `hello` (who, which channel, which versions), `auth` (both sign the transcript), `state` (how
far each holds the other's log, in each other's signatures) and is then `open`. A node signs nothing new on its own log
until a `state` of the counterpart has told it how far that log is held there (spec/channel.md, "The start-up rule").

This is the session. What concerns one log is with that log, `Outbox` for ours and `Mirror` for theirs; the beats and
the clocks are with the `Heart`.

Source: spec/channel.md.
"""

from collections.abc import Callable
from typing import Final

from keys.errors import KeysError
from protocol import frames, handshake
from protocol.checkpoint import Checkpoint
from protocol.cosignature import VerifiedCheckpoint, verify_note
from protocol.effects import (
    Close,
    Effect,
    Instant,
    Live,
    Send,
)
from protocol.errors import Malformed, ProtocolError
from protocol.frames import Frame, FrameType
from protocol.glance import glance
from protocol.handshake import Tie
from protocol.heart import Heart
from protocol.incoming import NotOfThisLog
from protocol.line_keys import LineKeys, Pair
from protocol.merkle import Hash
from protocol.mirror import Mirror
from protocol.note import parse as parse_note
from protocol.once import Once
from protocol.outbox import DAMAGED, GOOD, UNKNOWN, Outbox
from protocol.pulse import Pulse
from protocol.recovery import Recovery
from protocol.repair import Repair
from protocol.restitution import Restitution
from protocol.shelf import Shelf, ShelfDamaged

OPEN_TIMEOUT_MS: Final = 5_000
"""From a connection to its `open` phase; a peer that is slower may dial again."""

MIRROR_PATIENCE_MS: Final = 30_000
"""How long a node whose mirror was put back waits for the next part of it before it speaks all the same."""

_Shown = tuple[VerifiedCheckpoint | None, bytes | None, VerifiedCheckpoint | None, bytes | None]
"""What the other side showed of our log in its `state`: what covers as much as it holds, and the newest that it saw."""


class Channel:
    """The state machine of one line; one for each channel of a node, over all its sessions.

    Args:
        channel: its id, 32 bytes.
        keys: the keys of both sides.
        shelf: what is durable.
        pulse: the heartbeat.
        offset_alarm_ms: difference of clocks that raises an alarm.
        signed: the last checkpoint signed for our own log, with its bytes, or None.
        owed: the same, where it is of more than is here; `signed` is then None.
        bereft: whether there was a log here of which nothing is left: the other side must then show it.
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
        owed: tuple[Checkpoint, bytes] | None = None,
        bereft: bool = False,
    ) -> None:
        self.channel = channel
        self.keys = keys
        self.pulse = pulse
        self._shelf = shelf
        self._own, self._their = keys.own.party, keys.their.party

        self._once = Once()
        self._outbox = Outbox(keys=keys, shelf=shelf, signed=signed, once=self._once)
        self._mirror = Mirror(keys=keys, shelf=shelf, once=self._once)
        self._recovery = Recovery(keys=keys, shelf=shelf, once=self._once, owed=owed)
        self._restitution = Restitution(keys=keys, shelf=shelf)
        self._repair = Repair()
        self._bereft = bereft
        # How far the mirror has to be before we speak, and until when that is waited for.
        self._awaited, self._await_until = 0, 0
        self._give_next = False
        self._announced: int | None = None
        self._heart = Heart(
            channel=channel,
            keys=keys,
            pulse=pulse,
            offset_alarm_ms=offset_alarm_ms,
            outbox=self._outbox,
            mirror=self._mirror,
            once=self._once,
        )

        # Of the session.
        self.phase = "closed"
        self._tie: Tie | None = None
        self._own_hello = self._their_hello = b""
        self._shown: _Shown = (None, None, None, None)
        self._version = 0
        self._deadline = 0

    # --- what the node reports --------------------------------------------------------------------------------------

    @property
    def mirror_size(self) -> int:
        """How many entries of the other side's log are durable here."""
        return self._mirror.frontier.size

    @property
    def cosigned_size(self) -> int:
        """How far the other side cosigned our log."""
        return self._outbox.held_size

    @property
    def live(self) -> bool:
        """Whether new entries may be signed on our log."""
        return self._outbox.live

    @live.setter
    def live(self, live: bool) -> None:
        self._outbox.live = live
        if live:
            self._outbox.standing = GOOD

    @property
    def goal_size(self) -> int | None:
        """How far our own log went, where less of it is here; None where it is whole as far as is known."""
        goal = self._recovery.goal
        return None if goal is None else goal[0].size

    @property
    def announced_size(self) -> int | None:
        """How far their own log goes, as they said when the session began; None before they said so since the start."""
        return self._announced

    @property
    def quoted(self) -> int:
        """The size of our log that the other side last claimed to hold, where the claim is true."""
        return self._outbox.quoted

    @property
    def disputed(self) -> bool:
        """Whether the other side signed two logs that cannot be one."""
        return self._mirror.disputed

    @property
    def is_open(self) -> bool:
        """Whether a session is open."""
        return self.phase == "open"

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
        self._mirror.session_ends()
        self._outbox.session_ends()
        self._recovery.session_ends()
        self._restitution.session_ends()
        self._repair.session_ends()
        self._own_hello = self._their_hello = b""
        self._heart.session_ends()

    def rekeyed(self, keys: LineKeys) -> None:
        """A roster came into force."""
        self._outbox.rekeyed(keys)
        self.keys = self._mirror.keys = self._heart.keys = keys
        self._recovery.keys = self._restitution.keys = keys

    def docket(self, own_size: int, their_size: int, digest: Hash) -> None:
        """The docket was computed at these sizes; the next beat says so."""
        self._heart.docket(own_size, their_size, digest)

    def governed(self, *, offset_alarm_ms: int) -> None:
        """Go by the difference of clocks that came into force."""
        self._heart.offset_alarm_ms = offset_alarm_ms

    def docket_unknown(self) -> None:
        """What the docket was computed from is damaged: beats say none, until it was computed anew."""
        self._heart.docket_unknown()

    def signed(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Our log grew; its new checkpoint is signed and the signature durable. `pump` sends it."""
        self._outbox.signed(checkpoint, note)

    # --- time -------------------------------------------------------------------------------------------------------

    def tick(self, now: Instant, *, ahead_ms: int = 0) -> list[Effect]:
        """Let time pass: time-outs, the line's state, beats and tallies.

        Args:
            now: the present moment.
            ahead_ms: how far the time used in entries is ahead of the clock.

        Returns:
            What follows from it.
        """
        effects = self._heart.look(now)
        if self.phase not in ("closed", "open") and now.mono_ms >= self._deadline:
            self._reset_session()
            effects.append(Close("open-timeout", "the other side did not finish the handshake in time"))
        if self.pulse.tally_due(now):
            effects.append(self._heart.tally(now))
        effects += self._heart.watch_own_clock(now, ahead_ms)
        effects += self._mirror.keep_newest(at_once=self.phase == "closed")
        effects += self._mirror.branches.answers(now)
        if self._awaited and self.phase == "open" and now.mono_ms >= self._await_until:
            # They do not send what they said they have. Nobody's silence ends our voice.
            self._awaited = 0
            effects += self._speak()
        if self.phase == "open" and self.pulse.due(now):
            effects += self._heart.beat(now, ahead_ms)
        return effects

    def next_tick(self) -> int:
        """Monotonic milliseconds by which `tick` should be called again."""
        if self.phase == "closed" and self._mirror.newest_waits:
            # Before the next session, which may begin at once.
            return 0
        soonest = self.pulse.next_look(beating=self.phase == "open")
        return soonest if self.phase in ("closed", "open") else min(soonest, self._deadline)

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
            return [*self._once.tell(error.code, text, {"frame": data}), *self._refuse(error.code, str(error))]
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
        self._heart.session_begins(handshake.transcript(self._tied(), self._own_hello, data))
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
        state = handshake.vouch(
            signer=self.keys.signers.node,
            channel=self.channel,
            party=self._own,
            tie=self._tied(),
            version=self._version,
            own_hello=self._own_hello,
            their_hello=self._their_hello,
            items={
                "own_note": self._outbox.signed_note,
                "held_note": self._mirror.held_note(),
                "newest_note": self._mirror.told_newest(),
                "cosigned_note": self._outbox.cosigned_note,
                "held_size": self._mirror.frontier.size,
            },
        )
        return [Send(state)]

    def _tied(self) -> Tie:
        if self._tie is None:
            raise Malformed("frame-out-of-place", "session")
        return self._tie

    def _on_state(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        """The start-up rule, and where each side goes on."""
        # Everything is verified before anything follows from it.
        handshake.check_vouched(
            key=self.keys.their.node,
            channel=self.channel,
            party=self._their,
            tie=self._tied(),
            version=self._version,
            own_hello=self._own_hello,
            their_hello=self._their_hello,
            items=frame.items,
        )
        own = self._verified(frame["held_note"], self.keys.own.log, self.keys.their.mirror)
        seen = self._verified(frame["newest_note"], self.keys.own.log, ())
        theirs = self._verified(frame["own_note"], self.keys.their.log, ())
        receipt = frame["cosigned_note"]
        # Ours or refused: what we are told that we cosigned is waited for before we speak.
        by_us = None if receipt is None else verify_note(receipt, self.keys.their.log + self.keys.own.mirror)
        self._shown = (own, frame["held_note"], seen, frame["newest_note"])
        effects: list[Effect] = [*self._outbox.heed(*self._shown)]
        for known, note in ((own, frame["held_note"]), (seen, frame["newest_note"])):
            if known is not None:
                effects += self._recovery.learn(known.checkpoint, note)
        if self._bereft and own is None and self._shelf.head(self._own).size == 0:
            self._outbox.standing = UNKNOWN
            effects += self._once.tell(
                "nothing-held", "the counterpart holds nothing of our log, and neither do we", {"state": data}
            )
        if by_us is not None:
            effects += self._mirror.told_by_us(by_us, receipt)
        if theirs is not None:
            effects += self._mirror.shown(theirs.checkpoint, frame["own_note"])
        self.phase = "open"
        self._outbox.session_begins(frame["held_size"])
        self.pulse.hurry(now)
        effects += self._recovery.begin(frame["held_size"])
        self._announced = theirs.checkpoint.size if theirs is not None else 0
        self._await(by_us, theirs, now)
        effects += self._speak()
        receipts = self._mirror.cosign(now, tell=True)
        told = by_us.checkpoint.size if by_us is not None else 0
        return [*effects, *(receipts or self._mirror.again(told))]

    # --- our voice ----------------------------------------------------------------------------------------------------

    def _await(self, by_us: VerifiedCheckpoint | None, theirs: VerifiedCheckpoint | None, now: Instant) -> None:
        """A mirror that was put back catches up before we speak, because what our entries say is held never goes down:
        as far as we cosigned or said so, and no further than they have it themselves."""
        own_size = self._shelf.head(self._own).size
        try:
            last = glance(self._shelf.read(self._own, own_size - 1, own_size)[0]).held_size if own_size else 0
        except ShelfDamaged:
            last = 0
        wanted = max(last, by_us.checkpoint.size if by_us is not None else 0)
        self._awaited = min(wanted, theirs.checkpoint.size if theirs is not None else 0)
        self._await_until = now.mono_ms + MIRROR_PATIENCE_MS

    def _speak(self) -> list[Effect]:
        """We may sign anew: our log is all here, and the other one as far as we said that it was."""
        held = self._mirror.disputed or self._mirror.frontier.size >= self._awaited
        if self._outbox.standing != GOOD or self._recovery.goal is not None or not held:
            return []
        self._awaited = 0
        self._outbox.live = True
        return [Live()]

    def _on_fetch(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data, now
        self._restitution.ask(frame["voice"], frame["start"], frame["end"])
        return []

    def _on_fetched(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data, now
        if self._repairs(frame["voice"]):
            return self._repair.take(frame)
        if frame["voice"] != self._own:
            raise Malformed("wrong-party", "fetched", "of a log that was not asked for")
        return self._recovery.take(frame)

    def _on_fetched_body(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data, now
        if self._repairs(frame["voice"]):
            return self._repair.body(frame)
        if frame["voice"] != self._own:
            raise Malformed("wrong-party", "fetched-body", "of a log that was not asked for")
        return self._recovery.body(frame)

    def _repairs(self, voice: str) -> bool:
        """Whether what comes back of a log answers a question of ours about damage."""
        return self._repair.began and self._recovery.goal is None and voice in (self._own, self._their)

    def mended(self, now: Instant) -> list[Effect]:
        """What was stored is whole again: what the other side showed of our log is looked at once more, and what of
        theirs was not cosigned for damage is."""
        self._once.gone("log-damaged")
        self._mirror.mended()
        if self.phase != "open":
            return []
        receipts = self._mirror.cosign(now, tell=True)
        if self._outbox.standing != DAMAGED:
            return receipts
        return [*receipts, *self._outbox.heed(*self._shown), *self._speak()]

    def keys_back(self, now: Instant) -> list[Effect]:
        """Keys that are not in this process can be used again: what of theirs was not cosigned meanwhile is."""
        return self._mirror.cosign(now, tell=True) if self.phase == "open" else []

    def fetch_back(self, voice: str, index: int) -> list[Effect]:
        """Ask for one entry that is damaged here; `GivenBack` follows when it comes. Nothing where none can be asked,
        because no session is open or our log is still on its way back."""
        if self.phase != "open" or self._recovery.goal is not None:
            return []
        return self._repair.ask(voice, index)

    def returned(self, entries: list[bytes], bodies: list[bytes | None], now: Instant) -> list[Effect] | None:
        """What `StoreOwn` asked for is durable; see `Recovery.stored`."""
        goal = self._recovery.goal
        effects = self._recovery.stored(entries, bodies)
        if not effects or goal is None or self._recovery.goal is not None:
            return effects
        # All of it is here and stands as it was signed; what was shown of it is looked at again, a receipt among it.
        self._outbox.signed(*goal)
        self._await_until = now.mono_ms + MIRROR_PATIENCE_MS
        return [*effects, *self._outbox.heed(*self._shown), *self._speak()]

    def _verified(self, note: bytes | None, log: Pair, mirror: Pair | tuple[()]) -> VerifiedCheckpoint | None:
        """A note of a `state` frame: the log's two lines, and where there are more, the mirror's two as well."""
        if note is None:
            return None
        cosigned = len(parse_note(note).signatures) > len(log)
        return verify_note(note, log + mirror if cosigned else log)

    # --- the two logs -------------------------------------------------------------------------------------------------

    def _on_append(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data
        return self._mirror.append(frame, now)

    def _on_body(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data
        return self._mirror.body(frame, now)

    def _on_ahead(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data, now
        return self._mirror.ahead(frame)

    def _on_cosigned(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data, now
        effects = self._outbox.receipt(frame["note"])
        early = self._outbox.early
        if early is not None:
            # Under our own signature for more than is here: we were put back, and perhaps see it only now.
            began = self._recovery.goal is not None
            effects += self._recovery.learn(early[0].checkpoint, early[1])
            effects += [] if began else self._recovery.begin(early[0].checkpoint.size)
        return effects

    def _on_want(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data, now
        if frame["voice"] != self._own:
            raise Malformed("wrong-party", "want", "of a log that is not sent on this line")
        self._outbox.want(frame["start"])
        return []

    def _on_beat(self, frame: Frame, data: bytes, now: Instant) -> list[Effect]:
        del data
        return self._heart.received(frame, now)

    def mirrored(self, entries: list[bytes], bodies: list[bytes | None], now: Instant) -> list[Effect] | None:
        """What `StoreMirror` asked for is durable; see `Mirror.stored`."""
        effects = self._mirror.stored(entries, bodies, now, tell=self.phase == "open")
        if effects is None or not self._awaited:
            return effects
        self._await_until = now.mono_ms + MIRROR_PATIENCE_MS
        return [*effects, *self._speak()]

    def not_stored(self) -> None:
        """What was to be written could not be, and nothing changed; the session ends, and the next one asks again."""
        self._reset_session()
        self._mirror.not_stored()
        self._outbox.not_stored()

    @property
    def lag(self) -> int:
        """How many entries of our log the session lacks, which `pump` would give."""
        return self._outbox.lag + self._restitution.lag if self.phase == "open" else 0

    @property
    def again_bytes(self) -> int:
        """Bytes of frames that gave entries once more, since the start."""
        return self._outbox.again_bytes + self._restitution.again_bytes

    def pump(self) -> list[Effect]:
        """What to send next: of our log (`Outbox.pump`), or of what they asked for, in turn where there is both."""
        if self.phase != "open":
            return []
        self._give_next = self._restitution.lag > 0 and (not self._give_next or self._outbox.lag == 0)
        return self._restitution.pump() if self._give_next else self._outbox.pump()

    _HANDLERS: Final[dict[FrameType, tuple[str, Callable[["Channel", Frame, bytes, Instant], list[Effect]] | None]]] = {
        FrameType.HELLO: ("hello", _on_hello),
        FrameType.AUTH: ("auth", _on_auth),
        FrameType.STATE: ("state", _on_state),
        FrameType.APPEND: ("open", _on_append),
        FrameType.BODY: ("open", _on_body),
        FrameType.COSIGNED: ("open", _on_cosigned),
        FrameType.WANT: ("open", _on_want),
        FrameType.BEAT: ("open", _on_beat),
        FrameType.FETCH: ("open", _on_fetch),
        FrameType.FETCHED: ("open", _on_fetched),
        FrameType.FETCHED_BODY: ("open", _on_fetched_body),
        FrameType.AHEAD: ("open", _on_ahead),
    }
