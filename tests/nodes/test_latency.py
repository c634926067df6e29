"""How long entries wait for their receipt is measured group by group, and bounded."""

from nodes.latency import BOUNDS_MS, GROUPS_MAX, Latency


def test_a_receipt_measures_everything_under_it() -> None:
    """Each entry counts once, with the time since its own group was logged; a bound belongs to its bucket."""
    latency = Latency()
    latency.logged(size=3, entries=3, mono_ms=1_000)
    latency.logged(size=4, entries=1, mono_ms=1_015)
    latency.logged(size=9, entries=5, mono_ms=1_020)
    latency.held(size=4, mono_ms=1_020)
    latency.held(size=4, mono_ms=9_999)
    assert latency.counts[BOUNDS_MS.index(20)] == 3
    assert latency.counts[BOUNDS_MS.index(5)] == 1
    assert (sum(latency.counts), latency.total_ms) == (4, 65)


def test_what_takes_longer_than_every_bound_is_counted_too() -> None:
    """It is in the last bucket, which has no bound."""
    latency = Latency()
    latency.logged(size=1, entries=1, mono_ms=0)
    latency.held(size=1, mono_ms=BOUNDS_MS[-1] + 1)
    assert latency.counts[-1] == 1


def test_an_outage_costs_bounded_memory() -> None:
    """Of more groups than are remembered the oldest are not measured, and all others are."""
    latency = Latency()
    for size in range(1, GROUPS_MAX + 101):
        latency.logged(size=size, entries=1, mono_ms=0)
    latency.held(size=GROUPS_MAX + 100, mono_ms=1)
    assert sum(latency.counts) == GROUPS_MAX
