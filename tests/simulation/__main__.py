"""One world with its trace, or many with their numbers.

python -m tests.simulation 7            the trace of seed 7
python -m tests.simulation 7+fork+full  the same with two families of faults armed, whatever the seed draws
python -m tests.simulation 7+long       the same as a long world
python -m tests.simulation 7 --real     the same with real signatures and seals
python -m tests.simulation 0-1000       so many worlds; prints what failed, and counts
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from statistics import median

from tests.simulation.faults import named
from tests.simulation.ghost import Violation
from tests.simulation.stubs import remembered, stubbed
from tests.simulation.tally import let_go, seldom_collected
from tests.simulation.world import World


def one(name: str, *, real: bool) -> int:
    """Print everything that happens in one world."""
    seed, forced = named(name)
    world = World(seed, stubbed=not real, verbose=True, forced=forced)
    failed: Violation | None = None
    try:
        world.run()
    except Violation as error:
        failed = error
    print("\n".join(world.lines_of_trace or []))
    print(f"seed {name}  armed {' '.join(sorted(world.plan.armed))}")
    print(f"steps {world.loop.steps}  frames {world.ghost.frames}  trace {world.trace_hash[:16]}")
    print(f"FAILED at {world.loop.now_us / 1_000_000:.6f} s: {failed}" if failed else "all held")
    return 1 if failed else 0


def many(seeds: range, *, real: bool) -> int:
    """Run many worlds, and print which failed."""
    counters: Counter[str] = Counter()
    steps, frames, entries = [], [], []
    failed = 0
    begun = time.process_time()
    for count, seed in enumerate(seeds, 1):
        world = World(seed, stubbed=not real)
        try:
            world.run()
        except Violation as error:
            failed += 1
            print(f"seed {seed} at {world.loop.now_us / 1_000_000:.6f} s: {error}", flush=True)
        counters += world.counters
        steps.append(world.loop.steps)
        frames.append(world.ghost.frames)
        entries.append(sum(len(truth.entries) for truth in world.ghost.truth.values()))
        del world
        let_go(count)
    took_s = time.process_time() - begun
    for name, count in sorted(counters.items()):
        print(f"{count:8}  {name}")
    print(f"{len(seeds)} seeds, {failed} failed, {took_s:.1f} s of processor time, {len(seeds) / took_s:.1f} a second")
    print(f"median: {median(steps)} steps, {median(frames)} frames, {median(entries)} entries")
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    """See the module."""
    real = "--real" in arguments
    (what,) = [argument for argument in arguments if not argument.startswith("--")]
    first, dash, last = what.partition("-") if "+" not in what else (what, "", "")
    with remembered() if real else stubbed():
        if dash:
            with seldom_collected():
                return many(range(int(first), int(last)), real=real)
        return one(first, real=real)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
