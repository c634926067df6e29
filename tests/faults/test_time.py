"""Clocks that jump, stand still and run too fast under two real nodes: measured, told, and no message the worse.

Only wall time is false here. Intervals come from a clock that no administrator sets, and so they do in the nodes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import pytest

from protocol.entry import Entry
from tests.faults import aftermath
from tests.faults.aftermath import Load
from tests.processes.pair import Machine, machines, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.skipif(not glob("/usr/lib/*/faketime/libfaketimeMT.so.1"), reason="needs libfaketime"),
]

MORE = 5


@dataclass
class Clock:
    """The wall clock of one machine, which the test sets."""

    path: Path

    def set(self, when: str) -> None:
        """As libfaketime spells it; in one step, so that no reader sees half of it."""
        new = self.path.with_suffix(".new")
        new.write_text(f"{when}\n")
        new.replace(self.path)

    def environment(self) -> dict[str, str]:
        """Of a process that lives by it."""
        return {
            "LD_PRELOAD": glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0],
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Otherwise it takes the interpreter's waits, which are on the other clock, for much longer ones.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "TZ": "UTC",
        }


Pair = tuple[Machine, Machine, Clock]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both nodes up; Arcadia's clock can be set."""
    directory = tmp_path_factory.mktemp("time")
    clock = Clock(directory / "clock")
    clock.set("+0 x1")
    with machines(directory, ARC={"environment": clock.environment()}) as (arc, bor):
        arc.start()
        bor.start()
        arc.say()
        yield arc, bor, clock


WHENS = {
    "an-hour-ahead": "+3600",
    "a-year-ahead": "+31622400",
    "an-hour-back": "-3600",
    "a-day-back": "-86400",
    "before-1970-ended": "@1970-01-01 00:00:30",
    "frozen": "2026-11-22 09:14:07",
    "at-twice-the-speed": "+0 x2",
}


def ended(machine: Machine) -> int:
    """How many sessions a node has seen the end of."""
    return machine.log().count('"dialled"') + machine.log().count('"session ends"')


@pytest.mark.parametrize("when", WHENS)
def test_a_clock_that_jumps_costs_no_message(pair: Pair, when: str) -> None:
    """While both sides speak: the session goes on, every message is held once, times in the log never go back, the
    difference is measured and told, and the audit passes."""
    arc, bor, clock = pair
    sessions = [ended(machine) for machine in (arc, bor)]
    loads = [Load(machine, "held", pause_s=0.02) for machine in (arc, bor)]
    for load in loads:
        load.start()
    try:
        wait_until(lambda: all(load.held for load in loads), arc.log)
        clock.set(WHENS[when])
        if when != "at-twice-the-speed":
            wait_until(lambda: abs(arc.status()["clock_offset_ms"] or 0) > 2_000, arc.log)
        before = [len(load.held) for load in loads]
        wait_until(
            lambda: all(len(load.held) > count + MORE for load, count in zip(loads, before, strict=True)), arc.log
        )
    finally:
        clock.set("+0 x1")
        for load in loads:
            load.end()
    wait_until(lambda: abs(arc.status()["clock_offset_ms"] or 0) < 2_000, arc.log)
    found = aftermath.check(arc, bor, loads)
    for machine in (arc, bor):
        times = [Entry.parse(raw).logged_at_ms for raw in machine.entries(machine.party)]
        assert times == sorted(times)
    if when != "at-twice-the-speed":
        assert "clock-offset" in arc.log() + bor.log()
    assert [ended(machine) for machine in (arc, bor)] == sessions
    print(f"{when}: {found} acknowledged messages found")
