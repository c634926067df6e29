"""Many worlds and their numbers, on every core.

python -m tests.simulation.tally 60     new worlds for so many seconds, on each core; prints the numbers
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.drawn import drawn
from tests.simulation.faults import named
from tests.simulation.ghost import Violation
from tests.simulation.remembering import forget
from tests.simulation.stubs import remembered, stubbed
from tests.simulation.world import World

COLLECT_EVERY = 4
"""Worlds after which what they held is let go: each holds on to itself, and some megabytes. While what there is to look
through is still near the processor, looking takes half the time."""

ROOT = Path(__file__).resolve().parents[2]

SEEDS = "HOTLINE_WORLDS"
"""The variable that tells which worlds are drawn."""


@dataclass
class Tally:
    """What some worlds did.

    Attributes:
        seeds: how many worlds.
        failed: what was violated in those that failed, each with its seed.
        steps, frames, entries: of each world that held.
        counters: what happened in all of them.
        cpu_s: seconds of processor time that they took.
        took_s: seconds that they took side by side.
        processes: how many ran side by side.
    """

    seeds: int = 0
    failed: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0
    took_s: float = 0.0
    processes: int = 1

    def run(self, name: str, *, real: bool = False) -> None:
        """Run one world by its name, and take it in."""
        begun = time.process_time()
        seed, forced = named(name)
        world = World(seed, stubbed=not real, forced=forced)
        self.seeds += 1
        try:
            world.run()
        except Violation as error:
            self.failed.append(f"{error}\nmake sim SEED={name}")
        else:
            self.steps.append(world.loop.steps)
            self.frames.append(world.ghost.frames)
            self.entries.append(sum(len(truth.entries) for truth in world.ghost.truth.values()))
        self.counters += world.counters
        del world
        let_go(self.seeds)
        self.cpu_s += time.process_time() - begun

    def add(self, other: Tally) -> None:
        """Take in what ran beside."""
        self.seeds += other.seeds
        self.failed += other.failed
        self.steps += other.steps
        self.frames += other.frames
        self.entries += other.entries
        self.counters += other.counters
        self.cpu_s += other.cpu_s
        self.took_s += other.took_s

    def report(self) -> str:
        """The numbers, for people."""
        faults = {name.removeprefix("fault "): count for name, count in self.counters.items() if "fault " in name}
        adversary = {name: count for name, count in self.counters.items() if name.startswith("adversary ")}
        writes = {name: count for name, count in self.counters.items() if name.startswith("write ")}
        medians = ", ".join(
            f"{median(values or [0]):g} {name}"
            for name, values in (("steps", self.steps), ("frames", self.frames), ("entries", self.entries))
        )
        rate = self.seeds / self.cpu_s if self.cpu_s else 0.0
        lines = [
            f"{self.seeds} worlds, {len(self.failed)} failed; {self.took_s:.0f} s on {self.processes} cores",
            f"{rate:.1f} worlds a second of processor time",
            f"in the median {medians}",
            f"{len(faults)} kinds of fault {sum(faults.values())} times: {_listed(faults)}",
            f"adversary {sum(adversary.values())} frames; writes that went wrong {sum(writes.values())}",
        ]
        return "\n".join(lines)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


@contextlib.contextmanager
def seldom_collected() -> Iterator[None]:
    """Garbage is looked for only where somebody says so, and not among what was there before."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def let_go(seeds: int) -> None:
    """Let go of what worlds held, now and then; nobody holds on to one just now.

    Args:
        seeds: how many worlds there were since `seldom_collected`.
    """
    if seeds % COLLECT_EVERY == 0:
        forget()
        gc.collect()
    if seeds == COLLECT_EVERY:
        # What is left is remembered of keys and rosters, and stays.
        gc.freeze()


def tally(names: Iterable[str], *, real: bool = False, say: Callable[[Tally], None] = lambda _: None) -> Tally:
    """Run worlds one after the other.

    Args:
        names: of the worlds (`faults.named`).
        real: whether with real keys.
        say: is shown the tally after each.
    """
    made = Tally()
    begun = time.monotonic()
    with remembered() if real else stubbed(), seldom_collected():
        for name in names:
            made.run(name, real=real)
            say(made)
    made.took_s = time.monotonic() - begun
    return made


def new_seeds(seconds: float, part: int = 0) -> Iterator[str]:
    """Seeds of this commit's own, for so long; each part draws others."""
    chance = random.Random(f"{drawn(SEEDS, 1 << 40)} {part}")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield str(chance.randrange(1 << 40))


def on_all_cores(seconds: float, processes: int | None = None) -> Tally:
    """Run new worlds for so long, on each core.

    Raises:
        subprocess.CalledProcessError: a process ended otherwise than by its time.
    """
    count = processes or os.cpu_count() or 1
    command = [sys.executable, "-m", "tests.simulation.tally", f"{seconds}", "--part"]
    begun = time.monotonic()
    # All of them draw from one number, which may be chance.
    given = {**os.environ, SEEDS: str(drawn(SEEDS, 1 << 40))}
    workers = [
        subprocess.Popen([*command, str(part)], cwd=ROOT, stdout=subprocess.PIPE, env=given) for part in range(count)
    ]
    made = Tally(processes=count)
    try:
        for worker in workers:
            output, _ = worker.communicate(timeout=seconds + 60)
            if worker.returncode:
                raise subprocess.CalledProcessError(worker.returncode, command)
            made.add(pickle.loads(output))
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    made.took_s = time.monotonic() - begun
    return made


def main(arguments: list[str]) -> int:
    """See the module."""
    seconds = float(arguments[0])
    if "--part" in arguments:
        sys.stdout.buffer.write(pickle.dumps(tally(new_seeds(seconds, int(arguments[-1])))))
        return 0
    made = on_all_cores(seconds)
    print("\n".join([*made.failed, made.report()]))
    return 1 if made.failed else 0


if __name__ == "__main__":
    # By its full name, so that what is pickled is found again.
    from tests.simulation import tally as this

    sys.exit(this.main(sys.argv[1:]))
