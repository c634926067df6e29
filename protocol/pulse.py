"""The pulse of a line: when to beat, what came back, how long it took, and whether the line is up.

Intervals are measured on a clock that never goes back; the wall clock only labels. A line is

* `up` while beats of the other side arrive on the agreement's cadence,
* `degraded` once as many are missed as the agreement says, usually one,
* `down` once more are, usually two.

A beat is missed when a fifth of a cadence has passed since it should have come; that much is left for travel.

Round trip and clock offset are computed as in NTP, from a beat that quotes one of ours: with t1 and t4 our clock at
sending and at the answer's arrival, t2 and t3 theirs at the arrival and at answering,

    round trip = (t4 - t1) - (t3 - t2)        offset = ((t2 - t1) + (t3 - t4)) / 2

Source: RFC 5905, section 8; spec/channel.md, "Line state".
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from protocol.effects import Instant
from protocol.tagged import Hash

UP: Final = "up"
DEGRADED: Final = "degraded"
DOWN: Final = "down"

REMEMBERED: Final = 16
"""Beats of ours whose sending time is kept, so that an answer to any of them can be timed."""


@dataclass(slots=True)
class Tally:
    """What is counted between two `line` entries."""

    from_ms: int
    sent: int = 0
    received: int = 0
    longest_gap_ms: int = 0
    last_sent: Hash | None = None
    last_received: Hash | None = None


@dataclass(slots=True)
class Pulse:
    """The heartbeat of one line, over all its sessions.

    Args:
        every_ms: the agreement's cadence.
        tally_every_ms: how often a `line` entry is due.
        started: when this node began to watch.
        degraded_after: missed beats until the line is degraded.
        down_after: missed beats until it is down; more than that.
    """

    every_ms: int
    tally_every_ms: int
    started: Instant
    degraded_after: int = 1
    down_after: int = 2
    state: str = DOWN
    round_trip_ms: int | None = None
    clock_offset_ms: int | None = None
    last_beat_at_ms: int | None = None
    _degraded_ms: int = field(init=False)
    _down_ms: int = field(init=False)
    _last_mono: int = field(init=False)
    _gap_from: int = field(init=False)
    _next_mono: int = field(init=False)
    _tally_mono: int = field(init=False)
    _tally: Tally = field(init=False)
    _sent: OrderedDict[Hash, Instant] = field(init=False, default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._degraded_ms, self._down_ms = self._missed_ms(self.degraded_after), self._missed_ms(self.down_after)
        self._last_mono = self.started.mono_ms - self._down_ms
        self._gap_from = self.started.mono_ms
        self._next_mono = self.started.mono_ms
        self._tally_mono = self.started.mono_ms + self.tally_every_ms
        self._tally = Tally(self.started.wall_ms)

    def governed(self, every_ms: int, tally_every_ms: int, *, degraded_after: int, down_after: int) -> None:
        """Go by the cadence that came into force; what was counted stays."""
        self.every_ms, self.tally_every_ms = every_ms, tally_every_ms
        self.degraded_after, self.down_after = degraded_after, down_after
        self._degraded_ms, self._down_ms = self._missed_ms(degraded_after), self._missed_ms(down_after)

    def _missed_ms(self, beats: int) -> int:
        """Silence after which so many beats are missed, milliseconds."""
        return beats * self.every_ms + (self.every_ms + 4) // 5

    def beat_age_ms(self, now: Instant) -> int | None:
        """How long ago the last beat of the other side came, milliseconds; None where none came since the start."""
        return None if self.last_beat_at_ms is None else now.mono_ms - self._last_mono

    def due(self, now: Instant) -> bool:
        """Whether the next beat should leave."""
        return now.mono_ms >= self._next_mono

    def hurry(self, now: Instant) -> None:
        """Let the next beat leave at once: a session began, or its first beat waits for an answer."""
        self._next_mono = now.mono_ms

    def skipped(self, now: Instant) -> None:
        """A beat that was due could not be made; the next one is due in its time."""
        self._next_mono = now.mono_ms + self.every_ms

    def sent(self, digest: Hash, now: Instant) -> None:
        """One of our beats left."""
        self._sent[digest] = now
        while len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        # From now, not from when it was due: a node that was paused does not catch up with a burst.
        self._next_mono = now.mono_ms + self.every_ms
        self._tally.sent += 1
        self._tally.last_sent = digest

    def received(self, digest: Hash, *, at_ms: int, heard: Hash | None, heard_at_ms: int | None, now: Instant) -> None:
        """A verified beat of the other side came.

        Args:
            digest: its name.
            at_ms: their clock when they sent it.
            heard: the beat of ours that it quotes, or None.
            heard_at_ms: their clock when that one came, or None.
            now: when it came.
        """
        self._note_gap(now)
        self._last_mono = self._gap_from = now.mono_ms
        self.last_beat_at_ms = now.wall_ms
        self._tally.received += 1
        self._tally.last_received = digest
        sent = self._sent.get(heard) if heard is not None else None
        if sent is not None and heard_at_ms is not None:
            self.round_trip_ms = max(0, (now.mono_ms - sent.mono_ms) - (at_ms - heard_at_ms))
            self.clock_offset_ms = ((heard_at_ms - sent.wall_ms) + (at_ms - now.wall_ms)) // 2

    def _note_gap(self, now: Instant) -> None:
        self._tally.longest_gap_ms = max(self._tally.longest_gap_ms, now.mono_ms - self._gap_from)

    def look(self, now: Instant) -> str | None:
        """Work out the line's state.

        Returns:
            The new state if it changed, else None.
        """
        silent_ms = now.mono_ms - self._last_mono
        if silent_ms >= self._down_ms:
            state = DOWN
        elif silent_ms >= self._degraded_ms:
            state = DEGRADED
        else:
            state = UP
        if state == self.state:
            return None
        self.state = state
        return state

    def next_look(self, *, beating: bool) -> int:
        """Monotonic milliseconds at which `look` or `tally_due`, and while beats leave also `due`, may next change."""
        soonest = self._tally_mono
        if beating and self._next_mono < soonest:
            soonest = self._next_mono
        if self.state == DOWN:
            return soonest
        change = self._last_mono + (self._degraded_ms if self.state == UP else self._down_ms)
        return min(soonest, change)

    def tally_due(self, now: Instant) -> bool:
        """Whether a `line` entry should be logged for the time that passed."""
        return now.mono_ms >= self._tally_mono

    def tally(self, now: Instant) -> Tally:
        """Close the present tally and begin a new one; a silence that goes on is counted whole in both."""
        self._note_gap(now)
        closed = self._tally
        self._tally = Tally(now.wall_ms)
        self._tally_mono = now.mono_ms + self.tally_every_ms
        return closed
