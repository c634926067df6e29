"""Fuzz: see the package. Ends with 1 where an input failed; the input is then in build/fuzz/."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz import CORPUS, TARGETS
from tests.fuzz.run import OUT, Ended, merge, run
from tests.fuzz.target import load


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="Fuzz every decoder that sees foreign bytes.")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this; may be given several times")
    parser.add_argument("--seconds", type=int, default=30, help="for each target (30)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="targets at a time")
    parser.add_argument("--seed", type=int, default=0, help="of the fuzzer's chance; 0 draws one")
    parser.add_argument("--keep", action="store_true", help="keep small inputs that reach something new")
    parser.add_argument("--try", dest="once", type=Path, help="try one file with the targets named, and say what fails")
    options = parser.parse_args()
    names = tuple(options.target or TARGETS)
    if options.once is not None:
        for name in names:
            load(name).attempt(options.once.read_bytes())
            print(f"{name}: took it")
        return 0
    with ThreadPoolExecutor(options.jobs) as pool:
        failed = [one.target for one in pool.map(lambda name: _fuzz(name, options), names) if one.error is not None]
    for name in failed:
        print(f"FAILED {name}; the input: {OUT}/{name}-*; again: make fuzz ARGS='--target {name} --try FILE'")
    return 1 if failed else 0


def _fuzz(name: str, options: argparse.Namespace) -> Ended:
    with tempfile.TemporaryDirectory(prefix="hotline-fuzz-") as found:
        ended = run(name, seconds=options.seconds, seed=options.seed, work=Path(found))
        line = f"{name:10} {ended.inputs:9,} inputs  {ended.covered:6,} places  {ended.new:5,} new  {ended.rss_mb:4} MB"
        if ended.error is not None:
            line += f"  FAILED: {ended.error}\n{ended.log[-4000:]}"
        elif options.keep:
            line += f"  {merge(name, Path(found)):3} kept of {len(list((CORPUS / name).iterdir()))}"
    print(line, flush=True)
    return ended


if __name__ == "__main__":
    sys.exit(main())
