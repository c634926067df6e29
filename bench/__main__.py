"""`python -m bench`: the raw limits, the floor and Hotline, in one run and one table, with the targets.

Floor and Hotline take turns, a few rounds each, and of each figure the best round counts, on both sides: what else the
machine does meanwhile makes a round slower and never faster. A target that is missed is said to be missed, and the
exit status is then 1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import floor, large, limits, line, wide
from bench.pair import Pair
from bench.table import lines, verdicts

MB_MAX = 150


def best(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The best of every figure, and what was measured beside it in the last round."""
    found = dict(rounds[-1])
    found["p50_ms"] = min(one["p50_ms"] for one in rounds)
    found["p99_ms"] = min(one["p99_ms"] for one in rounds)
    found["per_s"] = max(one["per_s"] for one in rounds)
    return found


def measure(
    where: Path,
    *,
    seconds: float,
    one: int,
    many: int,
    load: int,
    rounds: int,
    lengths: Sequence[int],
    channels: bool,
) -> dict[str, Any]:
    """Measure everything.

    Args:
        where: a directory on a real disk; what is made there is removed.
        seconds: how long each raw limit is measured.
        one: messages a round, one at a time.
        many: messages a round, pipelined.
        load: messages of each load under which memory is watched; twice as many while answers are.
        rounds: turns of floor and Hotline.
        lengths: of the history, in entries; none leave it out.
        channels: whether to measure nodes with many channels.
    """
    say("raw limits")
    found: dict[str, Any] = {"limits": limits.run(where, seconds)}
    shutil.rmtree(where / "pair", ignore_errors=True)
    shutil.rmtree(where / "large", ignore_errors=True)
    pair = Pair.make(where / "pair")
    hybrid, plain, ours = [], [], []
    with pair:
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}: floor, then Hotline")
            hybrid.append(floor.run(where, True, one, many // floor.HANDFUL * floor.HANDFUL))
            plain.append(floor.run(where, False, one, many // floor.HANDFUL * floor.HANDFUL))
            ours.append(line.run(pair, one=one, many=many))
        say("answers and disk syncs")
        seen = line.look(pair, in_flight=2 * load, traced=40)
    shutil.rmtree(where / "pair")
    found |= {"floor": best(hybrid), "floor_ed25519_only": best(plain), "hotline": best(ours) | seen}
    if channels:
        shutil.rmtree(where / "wide", ignore_errors=True)
        found["wide"] = wide.run(where / "wide", say)
        shutil.rmtree(where / "wide")
    if lengths:
        found["growth"] = large.run(where / "large", lengths, load, say)
        found["large"] = found["growth"][-1]
        shutil.rmtree(where / "large")
    return found


def say(text: str) -> None:
    """Tell on standard error what is being done."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Hotline against the floor and raw limits.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--seconds", type=float, default=limits.SECONDS_EACH, help="how long each raw limit is measured"
    )
    parser.add_argument("--one", type=int, default=300, help="messages a round, one at a time")
    parser.add_argument("--many", type=int, default=2000, help="messages a round, pipelined")
    parser.add_argument("--load", type=int, default=500, help="messages under which memory and answers are watched")
    parser.add_argument("--rounds", type=int, default=3, help="turns of floor and Hotline")
    parser.add_argument(
        "--entries",
        type=int,
        nargs="*",
        default=[1_000, 10_000, 100_000],
        help="lengths of the history; 0 leaves it out. 1,000,000 take about an hour and 7 GB for each node",
    )
    parser.add_argument("--one-channel", action="store_true", help="leave out nodes with many channels")
    parser.add_argument("--dir", type=Path, default=Path("build/bench"), help="where to write: a real disk, not tmpfs")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    where = options.dir.resolve()
    found = measure(
        where,
        seconds=options.seconds,
        one=options.one,
        many=options.many,
        load=options.load,
        rounds=options.rounds,
        lengths=[entries for entries in options.entries if entries],
        channels=not options.one_channel,
    )
    found["load_before"] = round(load, 2)
    targets = verdicts(found)
    found["targets"] = [
        {"name": name, "limit": limit, "found": value, "met": met} for name, limit, value, met in targets
    ]
    print(json.dumps(found) if options.json else "\n".join(lines(found, targets)))
    return 0 if all(met is not False for *_, met in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
