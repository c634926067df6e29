"""The pulse: when a beat is due, when the line is up, and what a round trip and an offset are."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.effects import Instant
from protocol.pulse import DEGRADED, DOWN, REMEMBERED, UP, Pulse

EVERY = 1_000
START = Instant(wall_ms=50_000_000, mono_ms=7_000)


def pulse() -> Pulse:
    """A pulse that has just begun."""
    return Pulse(EVERY, 60_000, START)


def at(mono_ms: int, *, offset_ms: int = 0) -> Instant:
    """So many milliseconds after the start, on a wall clock that may be off."""
    return Instant(wall_ms=START.wall_ms + mono_ms + offset_ms, mono_ms=START.mono_ms + mono_ms)


def name(number: int) -> bytes:
    """The digest of some beat."""
    return sha256(b"%d" % number).digest()


def hear(one: Pulse, mono_ms: int) -> None:
    """A beat that answers nothing."""
    one.received(name(mono_ms), at_ms=0, heard=None, heard_at_ms=None, now=at(mono_ms))


def test_a_line_begins_down() -> None:
    """Until the first beat nothing is known."""
    one = pulse()
    assert one.state == DOWN
    assert one.look(at(0)) is None
    assert one.look(at(100_000)) is None


@pytest.mark.parametrize(
    ("silent_ms", "state"),
    [(0, UP), (1_000, UP), (1_199, UP), (1_200, DEGRADED), (2_199, DEGRADED), (2_200, DOWN), (90_000, DOWN)],
)
def test_the_state_follows_the_silence(silent_ms: int, state: str) -> None:
    """Up within a cadence and a fifth, degraded after one missed beat, down after two."""
    one = pulse()
    hear(one, 0)
    one.look(at(0))
    one.look(at(silent_ms))
    assert one.state == state


def test_the_agreement_says_how_many_may_be_missed() -> None:
    """Other numbers move both steps."""
    one = Pulse(EVERY, 60_000, START, degraded_after=2, down_after=5)
    hear(one, 0)
    assert [one.look(at(ms)) for ms in (0, 2_199, 2_200, 5_199, 5_200)] == [UP, None, DEGRADED, None, DOWN]


def test_a_change_is_told_once() -> None:
    """Looking again tells nothing new, and a beat brings the line up from any state."""
    one = pulse()
    hear(one, 0)
    assert [one.look(at(ms)) for ms in (0, 500, 1_300, 1_400, 2_500, 9_000)] == [UP, None, DEGRADED, None, DOWN, None]
    hear(one, 9_100)
    assert one.look(at(9_100)) == UP


def test_beats_leave_on_the_cadence() -> None:
    """Due at once, then a cadence after each; hurried, at once again; after a pause one, not a burst."""
    one = pulse()
    assert one.due(at(0))
    one.sent(name(1), at(0))
    assert not one.due(at(999))
    assert one.due(at(1_000))
    one.sent(name(2), at(50_000))
    assert not one.due(at(50_500))
    one.hurry(at(50_500))
    assert one.due(at(50_500))


@given(st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 5_000), st.integers(-(10**9), 10**9))
def test_round_trip_and_offset(there_ms: int, rest_ms: int, back_ms: int, offset_ms: int) -> None:
    """The round trip is exact whatever the offset; the offset is wrong by at most half of the difference of ways."""
    one = pulse()
    one.sent(name(1), at(0))
    came = START.wall_ms + there_ms + offset_ms
    one.received(name(2), at_ms=came + rest_ms, heard=name(1), heard_at_ms=came, now=at(there_ms + rest_ms + back_ms))
    assert one.round_trip_ms == there_ms + back_ms
    assert one.clock_offset_ms is not None
    assert abs(one.clock_offset_ms - offset_ms) <= abs(there_ms - back_ms) / 2 + 1


def test_an_answer_to_nothing_is_not_timed() -> None:
    """A beat that quotes none of ours, or one too old, tells no round trip."""
    one = pulse()
    for number in range(REMEMBERED + 1):
        one.sent(name(number), at(number))
    one.received(name(99), at_ms=0, heard=name(50), heard_at_ms=0, now=at(100))
    one.received(name(98), at_ms=0, heard=name(0), heard_at_ms=0, now=at(100))
    one.received(name(97), at_ms=0, heard=name(1), heard_at_ms=None, now=at(100))
    assert one.round_trip_ms is None
    one.received(name(96), at_ms=0, heard=name(1), heard_at_ms=0, now=at(100))
    assert one.round_trip_ms == 99


def test_a_tally_counts_what_was_between() -> None:
    """Beats both ways, the longest gap, and the last of each; a silence that goes on counts in both tallies."""
    one = pulse()
    one.sent(name(1), at(0))
    hear(one, 100)
    hear(one, 3_100)
    first = one.tally(at(3_600))
    assert (first.from_ms, first.sent, first.received, first.longest_gap_ms) == (START.wall_ms, 1, 2, 3_000)
    assert (first.last_sent, first.last_received) == (name(1), name(3_100))
    hear(one, 8_000)
    second = one.tally(at(8_000))
    assert (second.from_ms, second.sent, second.received) == (at(3_600).wall_ms, 0, 1)
    assert second.longest_gap_ms == 4_900
    assert second.last_sent is None


def test_a_tally_is_due_on_time() -> None:
    """Every so often, counted from the last."""
    one = pulse()
    assert not one.tally_due(at(59_999))
    assert one.tally_due(at(60_000))
    one.tally(at(60_000))
    assert not one.tally_due(at(60_001))


def test_the_next_look_never_comes_too_late() -> None:
    """Waiting until the moment given misses no change of state and no beat."""
    one = pulse()
    hear(one, 0)
    one.look(at(0))
    one.sent(name(1), at(0))
    assert one.next_look(beating=True) == at(1_000).mono_ms
    assert one.next_look(beating=False) == at(1_200).mono_ms
    one.look(at(1_200))
    assert one.next_look(beating=False) == at(2_200).mono_ms


def test_without_a_session_nothing_is_due_at_once() -> None:
    """A beat that cannot leave does not call for a look, however long it is due: an idle node rests."""
    one = pulse()
    assert one.due(at(50_000))
    assert one.next_look(beating=False) == at(60_000).mono_ms
