"""Larger sizes of the formal models, searched to the end: a case is a model."""

from __future__ import annotations

from collections.abc import Callable

from tools.models import check, large

NAME = "models"
COUNT = len(list(large()))
CHUNK = 1
ALONE = True


def run(*, first: int, count: int, say: Callable[[str], None]) -> dict[str, int | float]:
    """Search models `first` up to `first + count`; those beyond the last begin anew."""
    cases = list(large())
    states = 0
    for number in range(first, first + count):
        found = check(cases[number % len(cases)])
        say(str(found))
        if not found.right:
            raise AssertionError(str(found))
        states += found.states
    return {"states": states}
