"""The heart of a line: the beats we sign, what theirs show, and the clocks between the two.

Source: spec/channel.md, "Heartbeats" and "Line state".
"""

from collections import OrderedDict
from typing import Final

from keys.errors import KeyAway, KeyWithheld
from protocol import beat as beats
from protocol import frames
from protocol.checkpoint import Checkpoint
from protocol.cosignature import verify_lines
from protocol.effects import Effect, Instant, LineChanged, Received, Say, Send
from protocol.errors import Malformed
from protocol.frames import Frame, FrameType
from protocol.line_keys import LineKeys
from protocol.merkle import Hash, empty_root
from protocol.mirror import Mirror
from protocol.note import parse as parse_note
from protocol.once import Once
from protocol.outbox import Outbox
from protocol.pulse import DOWN, UP, Pulse

DOCKETS_REMEMBERED: Final = 256
"""Pairs of sizes whose docket digest is kept for comparing with the other side's beats."""

STUCK_BEATS: Final = 5
"""Beats in a row that hold no more than before, though more was sent, after which people are told."""

TALLY_PAUSE_BEATS: Final = 10
"""Cadences between two `line` entries for changes of state, so that a flapping line does not fill the log."""


class Heart:
    """The heartbeat of one line.

    Args:
        channel: its id, 32 bytes.
        keys: the keys of both sides.
        pulse: when to beat, and what the line's state is.
        offset_alarm_ms: difference of clocks that raises an alarm.
        outbox: our log.
        mirror: theirs.
        once: remembers what was told.
    """

    def __init__(
        self,
        *,
        channel: Hash,
        keys: LineKeys,
        pulse: Pulse,
        offset_alarm_ms: int,
        outbox: Outbox,
        mirror: Mirror,
        once: Once,
    ) -> None:
        self.channel = channel
        self.keys = keys
        self.pulse = pulse
        self.offset_alarm_ms = offset_alarm_ms
        self._outbox = outbox
        self._mirror = mirror
        self._once = once
        self._session: Hash | None = None
        self._number = self._their_number = 0
        self._heard: tuple[Hash, int] | None = None
        self._docket: tuple[int, int, Hash] | None = None
        self._dockets: OrderedDict[tuple[int, int], Hash] = OrderedDict()
        self._was_up = False
        self._last_change_mono: int | None = None
        self._held_before = self._stuck_beats = 0

    def session_begins(self, transcript: Hash) -> None:
        """Beats name this session from now on."""
        self._session = transcript

    def session_ends(self) -> None:
        """Beats count anew in the next one."""
        self._session = None
        self._number = self._their_number = 0
        self._heard = None

    def docket(self, own_size: int, their_size: int, digest: Hash) -> None:
        """The docket was computed at these sizes; the next beat says so."""
        self._docket = (own_size, their_size, digest)
        self._dockets[own_size, their_size] = digest
        while len(self._dockets) > DOCKETS_REMEMBERED:
            self._dockets.popitem(last=False)

    def docket_unknown(self) -> None:
        """What was derived may be wrong: nothing is said of it, nor compared, until it was computed anew."""
        self._docket = None
        self._dockets.clear()
        self._once.gone("docket-differs")

    # --- ours ---------------------------------------------------------------------------------------------------------

    def beat(self, now: Instant, ahead_ms: int) -> list[Effect]:
        """Sign a beat: what is held, cosigned afresh, and how the line looks from here."""
        if self._session is None:
            return []
        try:
            return self._signed_beat(self._session, now, ahead_ms)
        except KeyAway:
            # Without keys there is no beat, and the other side sees the line go down, which it is.
            self.pulse.skipped(now)
            return []

    def _signed_beat(self, session: Hash, now: Instant, ahead_ms: int) -> list[Effect]:
        self._number += 1
        told: list[Effect] = []
        try:
            cosignatures = self._mirror.cosignatures(now)
        except KeyWithheld as error:
            # The mirror's key signed more than is held here now, which was put back: nothing is claimed to be held.
            cosignatures, told = b"", self._once.tell(error.code, f"the mirror of {self.keys.their.party}: {error}", {})
        held = self._mirror.cosigned if cosignatures else None
        beat = beats.Beat(
            channel=self.channel,
            party=self.keys.own.party,
            session=session,
            number=self._number,
            at_ms=max(0, now.wall_ms),
            ahead_ms=max(0, ahead_ms),
            own=self._outbox.position(),
            held=(held.size, held.root) if held else (0, empty_root()),
            quoted=self._outbox.quoted,
            heard=self._heard[0] if self._heard else None,
            heard_at_ms=self._heard[1] if self._heard else None,
            docket=self._docket,
            cosignatures=cosignatures,
        )
        data, signature = beats.sign(beat, self.keys.signers.node)
        self.pulse.sent(beats.digest(data), now)
        return [*told, Send(frames.encode(FrameType.BEAT, beat=data, signature=signature))]

    def look(self, now: Instant) -> list[Effect]:
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
            effects.append(self.tally(now))
        self._was_up = self._was_up or changed == UP
        return effects

    def tally(self, now: Instant) -> Say:
        """Close the present tally: a `line` entry."""
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

    # --- theirs -------------------------------------------------------------------------------------------------------

    def received(self, frame: Frame, now: Instant) -> list[Effect]:
        """Take a beat of the other side.

        Raises:
            SignatureRefused, Malformed, LogRefused: it is not one of this session; nothing changed.
        """
        beat = beats.verify(
            frame["beat"],
            frame["signature"],
            channel=self.channel,
            party=self.keys.their.party,
            key=self.keys.their.node,
        )
        if beat.session != self._session:
            raise Malformed("bad-beat", "beat.session", "said in another session")
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
        effects += self.look(now)
        if first:
            # The first answer goes back at once, so that the round trip is known before a whole cadence has passed.
            self.pulse.hurry(now)
        if beat.shows_rollback:
            text = f"their log has {beat.own[0]} entries and was held up to {beat.quoted}, by their own signature"
            effects += self._once.tell("rollback", text, evidence)
        effects += self._watch_holding(beat, evidence)
        if beat.docket is not None:
            own_size, their_size, hash_ = beat.docket
            mine = self._dockets.get((their_size, own_size))
            if mine == hash_:
                self._once.gone("docket-differs")
            elif mine is not None:
                effects += self._once.tell("docket-differs", f"at {own_size} and {their_size} entries", evidence)
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
        if self._outbox.heard(size, root):
            return []
        if not self._outbox.live:
            # Our own log is not what it was, and people have been told so: that they hold another is no wonder.
            return []
        if not self._outbox.sound_at(size):
            return self._once.tell("log-damaged", f"our log of {size} entries is not what we signed", {})
        return self._once.tell("held-differs", f"they claim to hold another log of {size} entries of ours", evidence)

    def _watch_holding(self, beat: beats.Beat, evidence: dict[str, bytes]) -> list[Effect]:
        """A node that is up, was sent entries, and does not hold them beat after beat says so in its own signature."""
        size = beat.held[0]
        stuck = size < self._outbox.cursor and size == self._held_before
        self._held_before = size
        self._stuck_beats = self._stuck_beats + 1 if stuck else 0
        if self._stuck_beats < STUCK_BEATS:
            if not stuck:
                self._once.gone("up-not-holding")
            return []
        return self._once.tell(
            "up-not-holding", f"they hold {size} of the {self._outbox.cursor} entries sent", evidence
        )

    def _watch_clock(self, now: Instant) -> list[Effect]:
        """An alarm, and a `clock` entry, when the clocks of the two sides come apart."""
        offset = self.pulse.clock_offset_ms
        if offset is None or abs(offset) < self.offset_alarm_ms:
            self._once.gone("clock-offset")
            return []
        found = self._once.tell("clock-offset", f"the clocks of the two sides differ by {offset} ms", {})
        return [*found, self._clock_entry("clock-offset", now, 0, offset)] if found else []

    def watch_own_clock(self, now: Instant, ahead_ms: int) -> list[Effect]:
        """As for the clocks of two sides, when our own went back; entries then say the last time used."""
        if ahead_ms < self.offset_alarm_ms:
            self._once.gone("clock-went-back")
            return []
        text = f"our clock is {ahead_ms} ms behind the last time used; entries keep that time"
        found = self._once.tell("clock-went-back", text, {})
        return [*found, self._clock_entry("clock-went-back", now, ahead_ms, None)] if found else []

    def _clock_entry(self, code: str, now: Instant, ahead_ms: int, offset_ms: int | None) -> Say:
        reading_ms = max(0, now.wall_ms)
        facts = {"code": code, "reading_ms": reading_ms, "stated_ms": reading_ms + ahead_ms, "offset_ms": offset_ms}
        return Say("clock", facts)
