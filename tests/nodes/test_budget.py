"""What a peer or a stranger may cost: slowed or shut out beyond it, never for longer than it takes to fill again."""

from nodes import budget
from nodes.budget import OF_ONE_AT_ONCE, OF_ONE_PER_S, SOURCES_KEPT, STRANGERS_AT_ONCE, Bucket, Budget, Pace
from protocol.effects import Instant


class Time:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.ms = 1_000

    def read(self) -> Instant:
        """Both clocks."""
        return Instant(wall_ms=self.ms, mono_ms=self.ms)


def test_a_bucket_gives_what_is_there_and_fills_up_to_its_burst() -> None:
    """So many at once, then at the rate, and never more than the burst however long nobody took any."""
    time = Time()
    bucket = Bucket(per_s=10, burst=3, read=time.read)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    time.ms += 100
    assert [bucket.take(), bucket.take()] == [True, False]
    time.ms += 1_000_000
    assert bucket.full
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_a_debt_takes_as_long_as_it_takes_to_fill() -> None:
    """What is spent beyond the bucket is waited for."""
    time = Time()
    bucket = Bucket(per_s=10, burst=3, read=time.read)
    assert bucket.spend(3) == 0
    assert bucket.spend(5) == 0.5
    time.ms += 500
    assert bucket.spend(0) == 0


def test_a_peer_over_its_rate_is_slowed_by_pauses_of_a_bounded_length() -> None:
    """Within the burst nothing is waited for; beyond it a pause, never longer than the longest."""
    time = Time()
    peer = Budget(per_s=100, burst=1_000, read=time.read)
    assert peer.take(1_000) == 0
    assert peer.take(10) == 0.1
    assert peer.take(128) == budget.PAUSE_MAX_S
    assert peer.take(1_000_000) == budget.PAUSE_OF_MANY_MAX_S


def test_what_is_sent_again_and_again_is_sent_at_a_pace() -> None:
    """So many bytes at once and then a pause of bounded length; what became held gives that back."""
    time = Time()
    peer = Budget(per_s=100, burst=1_000, read=time.read)
    assert peer.send_again(budget.AGAIN_BYTES_AT_ONCE) == 0
    assert peer.send_again(budget.AGAIN_BYTES_PER_S) == 1
    assert peer.send_again(1 << 40) == budget.PAUSE_OF_MANY_MAX_S
    peer = Budget(per_s=100, burst=1_000, read=time.read)
    assert peer.send_again(budget.AGAIN_BYTES_AT_ONCE) == 0
    peer.holds_more(2)
    assert peer.send_again(2 * budget.AGAIN_BYTES_AN_ENTRY) == 0
    assert peer.send_again(1) > 0


def test_frames_of_which_nothing_comes_are_slowed_and_honest_ones_never() -> None:
    """Beats on any cadence, and any amount of what makes progress, wait for nothing; requests without end do."""
    time = Time()
    peer = Budget(per_s=1_000, burst=100_000, read=time.read)
    for _ in range(1_000):
        time.ms += 100
        assert peer.take(0, cost=1) == 0
    for _ in range(1_000):
        assert peer.take(0, cost=1, progress=1) == 0
        assert peer.take(40, cost=1, progress=40) == 0
    for _ in range(budget.IDLE_AT_ONCE // 10):
        assert peer.take(0, cost=10) == 0
    assert peer.take(0, cost=10) > 0.3


def test_one_source_that_connects_without_end_holds_back_nobody_else() -> None:
    """Its own pace is spent first; a stranger from elsewhere comes in at once."""
    time = Time()
    pace = Pace(read=time.read)
    assert sum(pace.take("192.0.2.66") for _ in range(10_000)) == OF_ONE_AT_ONCE
    assert pace.take("192.0.2.7")
    time.ms += 1_000
    assert sum(pace.take("192.0.2.66") for _ in range(10_000)) == OF_ONE_PER_S


def test_many_sources_together_have_a_pace_as_well() -> None:
    """However many addresses strangers have; and what is remembered of them is bounded."""
    time = Time()
    pace = Pace(read=time.read)
    assert sum(pace.take(f"192.0.2.{number}") for number in range(10 * SOURCES_KEPT)) == STRANGERS_AT_ONCE
    assert len(pace._sources) == SOURCES_KEPT


def test_a_counterpart_does_not_count() -> None:
    """Whoever is known gets back what the connection took, so that any number of lines finds its way in."""
    pace = Pace(read=Time().read)
    for _ in range(1_000):
        assert pace.take("192.0.2.7")
        pace.give("192.0.2.7")
