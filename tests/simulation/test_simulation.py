"""The nodes' own classes in worlds made from seeds: whatever goes wrong, what must hold does.

A failure names its seed; `make sim SEED=n` shows what happened. Put the seed into kept_seeds.txt.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from statistics import median

import pytest

from keys.roles import KeyRole
from protocol.effects import Instant
from protocol.note import NoteRefused, NoteSignature
from tests.builders import hybrid
from tests.simulation import quick, remembering
from tests.simulation.faults import named
from tests.simulation.ghost import Violation
from tests.simulation.stubs import remembered, stubbed
from tests.simulation.tally import on_all_cores, tally
from tests.simulation.world import World

Figures = Callable[[str], None]

ROOT = Path(__file__).resolve().parents[2]
NEW_SEEDS_S = float(os.environ.get("HOTLINE_SIMULATION_S", "60"))

KEPT = [
    line.split()[0]
    for line in (ROOT / "tests/simulation/kept_seeds.txt").read_text().splitlines()
    if not line.startswith("#")
]

SOMETIMES = (
    "agreement superseded shown",
    "alarm agreement-amended",
    "amendment countersigned",
    "amendment signed",
    "officer refused by an amendment",
    "draft refused",
    "journal verified",
    "put in by a program",
    "release cancelled",
    "adversary cross",
    "adversary forge",
    "adversary reflect",
    "adversary replay",
    "alarm clock-offset",
    "alarm clock-went-back",
    "alarm disk-full",
    "alarm fork",
    "alarm rollback",
    "alarm recovered",
    "alarm rolled-back-self",
    "alarm root-differs",
    "a disk was replaced",
    "a node lies",
    "alarm log-damaged",
    "alarm log-repaired",
    "append in parts",
    "audit",
    "backpressure",
    "cross changed nothing",
    "flipped body",
    "flipped entry",
    "flipped hash",
    "flipped note",
    "forge changed nothing",
    "mixed status shown",
    "not understood shown",
    "officer refused by a new roster",
    "reflect changed nothing",
    "root set forged",
    "root set signed",
    "roster signed",
    "answer draft",
    "answer held",
    "answer logged",
    "answer queued",
    "effect StoreAhead",
    "fault burst",
    "fault clock-drift",
    "fault clock-frozen",
    "fault clock-jump",
    "fault crash",
    "fault delay",
    "fault drop",
    "fault full",
    "fault one-way",
    "fault partition",
    "fault pause",
    "fault power",
    "fault slow-disk",
    "fault stop",
    "fault unauthorised",
    "frame AHEAD",
    "frame PROBLEM",
    "group commit",
    "led astray",
    "officer told that the disk is full",
    "paging after a start",
    "paging called",
    "paging failed",
    "unauthorised shown",
    "write mark crash-kept",
    "write mark crash-lost",
    "write mark crash-torn",
    "write mark eio-kept",
    "write mark eio-lost",
    "write mirror crash-kept",
    "write mirror crash-lost",
    "write mirror full",
    "write own crash-kept",
    "write own crash-lost",
    "write own full",
    "write receipt crash-kept",
    "write receipt crash-lost",
)
"""What a standard run must have met, or it does not try what it says it tries."""

STANDARD = range(1000, 1140)
CHOSEN = [
    *(f"{seed}+amend" for seed in range(20)),
    *(f"{seed}+amend+roster" for seed in range(6)),
    *(f"{seed}+roots+roster" for seed in range(10)),
    *(f"{seed}+people" for seed in range(8)),
    *(f"{seed}+people+amend" for seed in range(12)),
    *(f"{seed}+burst" for seed in range(6)),
    *(f"{seed}+forge+long" for seed in range(24)),
    *(f"{seed}+unheard-of+long" for seed in range(12)),
    *(f"{seed}+suite-2+roster" for seed in range(4)),
    *(f"{seed}+suite-2+amend" for seed in range(4, 7)),
    *(f"{seed}+suite-2+roots" for seed in range(7, 9)),
]
"""Worlds for what new seeds show once in a hundred: a flash ahead of a backlog, entries changed on their way, an
exercise in a thread that is none."""


def run(seed: int, forced: frozenset[str] = frozenset()) -> World:
    """One world; its failure says how to see it again."""
    world = World(seed, forced=forced)
    try:
        return world.run()
    except Violation as error:
        raise AssertionError(f"{error}\nmake sim SEED={'+'.join((str(seed), *sorted(forced)))}") from error


@pytest.mark.parametrize("name", KEPT)
def test_what_once_failed_holds(name: str) -> None:
    """A world that showed a mistake is run for ever."""
    seed, forced = named(name)
    with stubbed():
        run(seed, forced)


def test_one_seed_gives_one_trace() -> None:
    """The same seed gives the same run: in one process, and in another one whose hashes are salted otherwise."""
    with stubbed():
        here = {run(1).trace_hash for _ in range(2)}
    assert len(here) == 1
    code = (
        "from tests.simulation.stubs import stubbed\nfrom tests.simulation.world import World\n"
        "with stubbed():\n    print(World(1).run().trace_hash)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    there = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert here == {there.stdout.decode().strip()}


def test_what_is_remembered_is_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a writer is taken to have written is what a reader finds: every frame, note, beat and entry of a world."""
    differ: list[object] = []

    def check(written: object, read: object) -> None:
        if type(written) is not type(read) or written != read:
            differ.append((written, read))

    monkeypatch.setattr(remembering, "checking", check)
    with stubbed():
        run(2)
    assert differ == []


def test_remembering_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world in which every function is asked each time goes as one in which each is asked once, and
    objects are made as ever goes as one in which they are made quickly."""
    with stubbed():
        once = run(3).trace_hash
    monkeypatch.setattr(remembering, "FUNCTIONS", ())
    monkeypatch.setattr(remembering, "METHODS", ())
    monkeypatch.setattr(quick, "MADE_OFTEN", ())
    with stubbed():
        assert run(3).trace_hash == once


def test_what_is_made_quickly_is_made_the_same() -> None:
    """With stubs objects take the same arguments and make the same checks; elsewhere nobody changes them."""
    taken = {of: str(inspect.signature(of)) for of in quick.MADE_OFTEN}
    with quick.quickly_made():
        names = {of: [*inspect.signature(of).parameters] for of in quick.MADE_OFTEN}
        made = Instant(1, mono_ms=2)
        key = replace(hybrid("ARC 1", KeyRole.OFFICER).public)
        filled = [name for name in key.__slots__ if not hasattr(key, name)] == []
        with pytest.raises(NoteRefused):
            NoteSignature("", bytes(4), b"signature")
    assert names == {of: [*inspect.signature(of).parameters] for of in quick.MADE_OFTEN}
    assert taken == {of: str(inspect.signature(of)) for of in quick.MADE_OFTEN}
    assert filled
    assert made == Instant(1, 2)
    with pytest.raises(FrozenInstanceError):
        made.wall_ms = 3  # type: ignore[misc]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_standard_run_meets_everything_that_can_happen(figures: Figures) -> None:
    """Some worlds and the kept ones meet every fault, every fate of a write and every alarm that is looked for; those
    that nobody chose are of the size that they should have."""
    found = tally(map(str, STANDARD))
    figures(found.report())
    assert median(found.steps) >= 150
    assert median(found.frames) >= 300
    assert median(found.entries) >= 20
    found.add(tally([*CHOSEN, *KEPT]))
    assert found.failed == []
    assert [name for name in SOMETIMES if not found.counters[name]] == []


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(NEW_SEEDS_S + 120)
def test_new_worlds_hold(figures: Figures) -> None:
    """Worlds that no other commit draws, on every core, for as long as there is time."""
    found = on_all_cores(NEW_SEEDS_S)
    figures(found.report())
    assert found.failed == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2000, 2001])
def test_worlds_with_real_keys_hold(seed: int) -> None:
    """The same worlds with real signatures and seals, so that the stubs hide nothing."""
    with remembered():
        World(seed, stubbed=False).run()
