"""A node is killed, or its disk fails, at the n-th write, sync and rename of an exchange: it stops cleanly or goes on,
and afterwards nothing acknowledged is missing, nothing is twice, and both sides are level without a hand."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.drawn import drawn
from tests.faults.machine import Zygote
from tests.faults.saying import Renewals
from tests.faults.strace import available
from tests.faults.sweep import (
    FIRST_START_CALLS,
    READ_CALLS,
    ROSTER_CALLS,
    START_CALLS,
    STATEMENT_CALLS,
    Point,
    Sweep,
    sweep_first_start,
    sweeping,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not available(), reason="needs strace, and may not trace what is no child of it"),
]

STEP = {"kill": 2, "EIO": 6, "ENOSPC": 6}
"""Every second place for a kill and every sixth for an error; `make soak` has them all."""
START_STEP = {"kill": 8, "EIO": 16, "ENOSPC": 16}
FIRST_START_STEP = {"kill": 40, "EIO": 80, "ENOSPC": 80}


@pytest.fixture
def chance(request: pytest.FixtureRequest, figures: Callable[[str], None]) -> random.Random:
    """Chooses offsets and victims; HOTLINE_SWEEP repeats what a run printed."""
    seed = drawn("HOTLINE_SWEEP", 10_000)
    figures(f"HOTLINE_SWEEP={seed}")
    return random.Random(f"{request.node.name} {seed}")


def points(chance: random.Random, fault: str, step: int, call: str, first: int, last: int) -> Iterator[Point]:
    """Every so many-th place from a chosen offset."""
    yield from (Point(call, n, fault) for n in range(first + chance.randrange(step), last + 1, step))


def sweep_them(sweep: Sweep, tried: list[Point]) -> str:
    """Try them all; gives what came of it."""
    for point in tried:
        sweep.run(point)
    found = ", ".join(f"{count} {name}" for name, count in sorted(sweep.figures.items()))
    return f"{len(tried)} points at {sweep.victim.party}: {found}"


@pytest.mark.parametrize("fault", ["kill", "EIO", "ENOSPC"])
@pytest.mark.parametrize("half", [0, 1])
def test_a_fault_at_any_write_or_sync_of_an_exchange(
    tmp_path: Path, chance: random.Random, fault: str, half: int, figures: Callable[[str], None]
) -> None:
    """Appending, mirroring, cosigning, keeping receipts, judging and tidying, each interrupted where it writes."""
    with sweeping(tmp_path, victim=("ARC", "BOR")[(chance.randrange(2) + half) % 2]) as sweep:
        calls = sweep.baseline()
        figures(f"an exchange makes {dict(calls)}")
        tried: list[Point] = []
        for call, most in STATEMENT_CALLS.items():
            last = min(calls[call], most)
            middle = last // 2
            first, last = (middle + 1, last) if half else (1, middle)
            tried += points(chance, fault, STEP[fault], call, first, last)
        figures(sweep_them(sweep, tried))
        reached = sum(count for name, count in sweep.figures.items() if name.startswith(fault))
        assert reached >= 0.9 * len(tried)


def test_a_fault_at_any_write_sync_or_rename_of_a_roster(
    tmp_path: Path, chance: random.Random, figures: Callable[[str], None]
) -> None:
    """Rosters of both sides come into force while their files cannot be written."""
    with sweeping(tmp_path, victim=chance.choice(("ARC", "BOR")), make=Renewals()) as sweep:
        tried = [
            point
            for fault in STEP
            for call, most in ROSTER_CALLS.items()
            for point in points(chance, fault, STEP[fault], call, 1, most)
        ]
        figures(sweep_them(sweep, tried))
        assert sweep.figures["restarts"] >= len([point for point in tried if point.fault == "kill"])


def test_a_fault_at_any_read_of_an_exchange(
    tmp_path: Path, chance: random.Random, figures: Callable[[str], None]
) -> None:
    """A sector that cannot be read is no reason to forget what it held."""
    with sweeping(tmp_path, victim=chance.choice(("ARC", "BOR"))) as sweep:
        tried = [
            point for call, most in READ_CALLS.items() for point in points(chance, "EIO", STEP["EIO"], call, 1, most)
        ]
        figures(sweep_them(sweep, tried))


def test_a_fault_at_any_write_or_sync_of_a_start(
    tmp_path: Path, chance: random.Random, figures: Callable[[str], None]
) -> None:
    """A node that was killed under load starts, and is killed again or finds its disk failing."""
    with sweeping(tmp_path, victim=chance.choice(("ARC", "BOR")), starting=True) as sweep:
        tried = [
            point
            for fault, step in START_STEP.items()
            for call, most in START_CALLS.items()
            for point in points(chance, fault, step, call, 1, most)
        ]
        figures(sweep_them(sweep, tried))


def test_a_fault_at_any_write_or_sync_of_the_first_start(
    tmp_path: Path, chance: random.Random, figures: Callable[[str], None]
) -> None:
    """Files are made, the first entries logged and mirrored, each time in a new home."""
    zygote, found = Zygote(), Counter[str]()
    try:
        victim = chance.choice(("ARC", "BOR"))
        tried = [
            point
            for fault, step in FIRST_START_STEP.items()
            for call, most in FIRST_START_CALLS.items()
            for point in points(chance, fault, step, call, 1, most)
        ]
        for number, point in enumerate(tried):
            found += sweep_first_start(tmp_path / str(number), point, victim=victim, zygote=zygote)
    finally:
        zygote.close()
    counts = ", ".join(f"{count} {name}" for name, count in sorted(found.items()))
    figures(f"{len(tried)} points at {victim}: {counts}")
