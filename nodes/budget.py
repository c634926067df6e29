"""What a peer, or a stranger, may cost for long: over it, a peer is slowed and never refused, a stranger is shut out.

Everything here is a bucket of tokens: filled at a rate, up to a burst. `Budget` is of what a counterpart sends: entries
at the agreement's rate, and frames of which nothing comes. Whoever takes more than is there waits before the next
message is read; the connection's own flow control then holds the sender back. Beats and receipts wait no longer than
one pause, so an honest flood never makes the line look dead. Whoever has our log sent again and again, and never holds
more of it, is sent it at a pace of its own. `Pace` is of connections, by where they come from and in all.

Source: spec/channel.md, "Sessions", steps 6 and 9.
"""

from __future__ import annotations

from collections import OrderedDict

from nodes.clock import Reading, now
from protocol.frames import FrameType

PAUSE_MAX_S = 0.5
ENTRIES_A_PAUSE = 128
"""Entries for which the longest pause is enough: signed by anybody, some 160 fit into what is read at once."""
PAUSE_OF_MANY_MAX_S = 10.0

IDLE_PER_S = 30
IDLE_AT_ONCE = 300
"""Cost of frames that bring nothing. The quickest heart of an agreement beats ten times a second."""

AGAIN_BYTES_PER_S = 1024 * 1024
AGAIN_BYTES_AT_ONCE = 64 * 1024 * 1024
"""Bytes of entries and bodies that a peer may have sent to it once more, while it holds no more of our log than before.
A disk that was put back needs all of it again; what was never sent since our start does not count."""

AGAIN_BYTES_AN_ENTRY = 192 * 1024
"""What an entry that became held gives back of that: no entry weighs more, with its body."""

COSTS: dict[int, int] = {
    FrameType.APPEND: 1,
    FrameType.COSIGNED: 1,
    FrameType.BEAT: 1,
    FrameType.AHEAD: 2,
    FrameType.WANT: 10,
    FrameType.FETCH: 5,
}

STRANGERS_PER_S = 32
STRANGERS_AT_ONCE = 128
OF_ONE_PER_S = 4
OF_ONE_AT_ONCE = 24
SOURCES_KEPT = 1_024
"""Sources whose pace is remembered; who comes from more than that is held back by the pace of all."""


class Bucket:
    """Tokens, filled over time.

    Args:
        per_s: tokens a second.
        burst: tokens at most.
        read: reads the clocks.
    """

    def __init__(self, *, per_s: float, burst: float, read: Reading = now) -> None:
        self._read = read
        self._per_ms = per_s / 1000
        self._burst = float(burst)
        self._left = float(burst)
        self._at_ms = read().mono_ms

    def _fill(self) -> None:
        at_ms = self._read().mono_ms
        self._left = min(self._burst, self._left + (at_ms - self._at_ms) * self._per_ms)
        self._at_ms = at_ms

    @property
    def full(self) -> bool:
        """Whether nothing is missing."""
        self._fill()
        return self._left >= self._burst

    def spend(self, tokens: float) -> float:
        """Take tokens, whether they are there or not.

        Returns:
            Seconds until the debt is filled again; 0 where there is none.
        """
        self._fill()
        self._left -= tokens
        return 0.0 if self._left >= 0 else -self._left / self._per_ms / 1000

    def take(self) -> bool:
        """Take one token if there is one; returns whether there was."""
        self._fill()
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def give(self, tokens: float = 1) -> None:
        """Put tokens back."""
        self._left = min(self._burst, self._left + tokens)


class Budget:
    """What one peer may send.

    Args:
        per_s: entries a second, for long.
        burst: entries at once.
        read: reads the clocks.
    """

    def __init__(self, *, per_s: int, burst: int, read: Reading = now) -> None:
        self._entries = Bucket(per_s=per_s, burst=burst, read=read)
        self._idle = Bucket(per_s=IDLE_PER_S, burst=IDLE_AT_ONCE, read=read)
        self._again = Bucket(per_s=AGAIN_BYTES_PER_S, burst=AGAIN_BYTES_AT_ONCE, read=read)

    def send_again(self, size: int) -> float:
        """Count what was sent once more because the peer asked for it.

        Returns:
            Seconds to wait before more of our log is sent to it; 0 within the budget.
        """
        return min(PAUSE_OF_MANY_MAX_S, self._again.spend(size))

    def holds_more(self, entries: int) -> None:
        """The peer holds so many more of our entries than before: what it took to come there was not for nothing."""
        self._again.give(entries * AGAIN_BYTES_AN_ENTRY)

    def take(self, entries: int, *, cost: int = 0, progress: int = 0) -> float:
        """Count what came.

        Args:
            entries: new ones of its log.
            cost: of the frames (`frame_cost`).
            progress: entries that became held by one side or the other, each of which pays for a frame.

        Returns:
            Seconds to wait before more is read; 0 within the budget.
        """
        idle_s, entries_s = self._idle.spend(cost - progress), self._entries.spend(entries)
        if not idle_s and not entries_s:
            return 0.0
        # Entries are never small where they are honest: a pause for as many as one round brings is a short one.
        longest_s = min(PAUSE_OF_MANY_MAX_S, PAUSE_MAX_S * max(1, entries / ENTRIES_A_PAUSE))
        return max(min(PAUSE_MAX_S, idle_s), min(longest_s, entries_s))


def frame_cost(data: bytes) -> int:
    """What a frame costs where nothing comes of it, in verified signatures of two kinds: some 2 ms each.

    Args:
        data: a frame as it came; what is none ends the session and costs nothing here.
    """
    # The second byte of every frame is its type: an array of few items, and a small number.
    return COSTS.get(data[1], 0) if len(data) > 1 else 0


class Pace:
    """How often strangers may connect.

    Args:
        read: reads the clocks.
    """

    def __init__(self, *, read: Reading = now) -> None:
        self._read = read
        self._all = Bucket(per_s=STRANGERS_PER_S, burst=STRANGERS_AT_ONCE, read=read)
        self._sources: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, source: str) -> bool:
        """Whether one more may come in from a source now."""
        bucket = self._sources.get(source)
        if bucket is None:
            bucket = self._sources[source] = Bucket(per_s=OF_ONE_PER_S, burst=OF_ONE_AT_ONCE, read=self._read)
            if len(self._sources) > SOURCES_KEPT:
                self._sources.popitem(last=False)
        self._sources.move_to_end(source)
        # Its own first: one source that is held back takes nothing from the others.
        if not bucket.take():
            return False
        if self._all.take():
            return True
        bucket.give()
        return False

    def give(self, source: str) -> None:
        """One that came from there was a counterpart, and does not count."""
        self._all.give()
        if source in self._sources:
            self._sources[source].give()
