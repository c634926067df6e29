"""Run what takes hours, on all cores, and go on where it stopped.

make soak                                        what is left of every part
make soak ARGS="--part simulation"               of one; may be given several times
make soak ARGS="--part simulation --count 500"   so many cases more, whatever was done
make soak ARGS="--list"                          what there is, and how far it is
make soak ARGS="--page"                          write the figures into spec/soak.md
make soak ARGS="--fresh --part simulation"       forget what was done

Ends with 1 where something failed; what failed is tried again by the next run. Ctrl-C loses the cases under way only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path

from tests.soak import page, record
from tests.soak.parts import Part, load_all
from tests.soak.work import Tried, attempt

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / "build" / "soak"
PAGE = ROOT / "spec" / "soak.md"
CASES_MAX = 1 << 40
CHUNKS_OF_A_PROCESS = 40
"""After so many chunks a worker is replaced, so that nothing it keeps can grow without end."""


def commit() -> str:
    """Name of the tree that is run, with `+` where it was changed since."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "keys", "protocol", "nodes", "hotline")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def soak(part: Part, chunks: Iterator[tuple[int, int]], *, state: Path, jobs: int) -> int:
    """Try chunks of one part, side by side; returns how many failed."""
    kept, name = record.read(state), commit()
    running: dict[Future[Tried], tuple[int, int]] = {}
    failed, cases, begun = 0, 0, time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=CHUNKS_OF_A_PROCESS) as pool:

        def feed() -> None:
            while len(running) < jobs and (chunk := next(chunks, None)) is not None:
                running[pool.submit(attempt, part.module, *chunk)] = chunk

        try:
            feed()
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    first, count = running.pop(future)
                    tried = future.result()
                    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%MZ")
                    if tried.error is None:
                        cases += count
                        kept.add(
                            first=first, count=count, commit=name, seconds=tried.seconds, at=at, figures=tried.figures
                        )
                    else:
                        failed += 1
                        kept.fail(first=first, count=count, commit=name, text=tried.error)
                    record.write(state, kept)
                    took_s = time.monotonic() - begun
                    rate = f"{cases / took_s:.2f} a second"
                    print(f"{part.name}: {kept.cases:,} of {part.count:,} held, {failed} failed, {rate}", flush=True)
                feed()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return failed


def _more(kept: record.Record, part: Part, count: int) -> Iterator[tuple[int, int]]:
    """So many cases that were not done yet."""
    for first, size in kept.left(CASES_MAX, part.chunk):
        if count <= 0:
            return
        yield first, min(size, count)
        count -= size


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--part", action="append", default=[], help="one part; all if none is given")
    parser.add_argument("--count", type=int, help="so many cases more, instead of what is left")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side")
    parser.add_argument("--state", type=Path, default=STATE, help="where what was done is kept")
    parser.add_argument("--list", action="store_true", help="say what there is, and how far it is")
    parser.add_argument("--page", action="store_true", help="write the figures into spec/soak.md")
    parser.add_argument("--fresh", action="store_true", help="forget what was done of these parts")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """See the module."""
    given = _arguments(arguments)
    parts = load_all()
    unknown = set(given.part) - {part.name for part in parts}
    if unknown:
        print(f"no part is called {', '.join(sorted(unknown))}; --list says what there is", file=sys.stderr)
        return 2
    chosen = [part for part in parts if not given.part or part.name in given.part]

    def state(part: Part) -> Path:
        path: Path = given.state / f"{part.module}.json"
        return path

    if given.list:
        for part in chosen:
            print(f"{part.name:24} {record.read(state(part)).cases:>9,} of {part.count:>9,}  {part.about}")
        return 0
    if given.page:
        page.renew(PAGE, [(part, record.read(state(part))) for part in parts])
        return 0
    failed = 0
    for part in chosen:
        if given.fresh:
            state(part).unlink(missing_ok=True)
        kept = record.read(state(part))
        chunks = kept.left(part.count, part.chunk) if given.count is None else _more(kept, part, given.count)
        try:
            failed += soak(part, chunks, state=state(part), jobs=1 if part.alone else given.jobs)
        except KeyboardInterrupt:
            print("stopped; the next run goes on from here", file=sys.stderr)
            return 130
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
