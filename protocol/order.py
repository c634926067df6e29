"""Home order: the one order of what both voices said, decided by the log at whose home it is told.

An entry of the other log *arrives* in the home log just before the first home entry whose `held` covers it. So the
order is: for each home entry in turn, first what has newly arrived by it, in its own log's order, and then the entry
itself. What has not arrived has no place yet. As the logs grow, the order grows only at its end: a home entry once
written fixes all places before it.

`held` here is the effective one of the verdicts: the largest good claim up to and with an entry, so it never goes down.

Source: spec/docket.md, "Home order".
"""

from collections.abc import Iterable, Iterator


def arrivals(arrived: int, held: int) -> range:
    """Which entries of the other log arrive just before a home entry.

    Args:
        arrived: how many had arrived before.
        held: the home entry's effective `held`.

    Returns:
        Their indexes in the other log, in order.
    """
    return range(arrived, max(arrived, held))


def home_order(home: int, held: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The whole order of a home log, from its beginning.

    Args:
        home: the home voice, 0 or 1.
        held: the effective `held` of each home entry, in order.

    Yields:
        Voice and index of each entry that has a place.
    """
    arrived = 0
    for index, size in enumerate(held):
        for other in arrivals(arrived, size):
            yield 1 - home, other
        arrived = max(arrived, size)
        yield home, index
