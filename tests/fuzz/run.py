"""Running a target in a process of its own, and what it says when it ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import CORPUS

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "fuzz"
"""Where inputs that fail are written."""

MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
"""Where files of a run lie: in memory where there is such a place."""

START_S_MAX = 100
"""To import everything, and to try what is kept, on a busy machine."""

KEPT_BYTES_MAX = 400
"""Bytes of an input that is kept because it reaches something new."""

KEPT_MAX = 24
"""Of these, for each target."""

MERGE = "HOTLINE_FUZZ_MERGE"
"""Set where the first directory is to get the fewest inputs of the others that reach something new, and no more."""

_FIGURES = {
    "inputs": re.compile(r"^stat::number_of_executed_units: +(\d+)$", re.MULTILINE),
    "new": re.compile(r"^stat::new_units_added: +(\d+)$", re.MULTILINE),
    "rss": re.compile(r"^stat::peak_rss_mb: +(\d+)$", re.MULTILINE),
}
_COVERED = re.compile(r" cov: (\d+) ")
_ERROR = re.compile(r"=== Uncaught Python exception: ===\n(.*)|ERROR: libFuzzer: (.*)|=== (Timeout: .*) ===")


@dataclass(frozen=True)
class Ended:
    """What came of one run.

    Attributes:
        target: its name.
        inputs: how many were tried.
        new: how many reached something new.
        covered: places of the code that were reached.
        rss_mb: most memory used.
        error: what failed, or None.
        log: what the process wrote.
    """

    target: str
    inputs: int
    new: int
    covered: int
    rss_mb: int
    error: str | None
    log: str


def run(target: str, *, seconds: int, seed: int, work: Path | None = None) -> Ended:
    """Fuzz one target from what is kept of it.

    Args:
        target: its name.
        seconds: how long, without the start.
        seed: of the fuzzer's chance; 0 for a new one.
        work: where inputs that reach something new are written; thrown away where None.
    """
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hotline-fuzz-", dir=MEMORY) as thrown_away:
        found = work or Path(thrown_away, "found")
        found.mkdir(exist_ok=True)
        places = [str(found), str(CORPUS / target)]
        command = [sys.executable, "-m", "tests.fuzz.worker", target, str(seconds), str(seed), str(OUT), *places]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": thrown_away},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds + START_S_MAX,
            check=False,
        )
    log = done.stdout.decode("utf-8", "replace")
    figures = {name: int((form.findall(log) or ["0"])[-1]) for name, form in _FIGURES.items()}
    error = None
    if done.returncode != 0:
        said = _ERROR.search(log)
        error = next((part for part in said.groups() if part), "") if said else f"ended with {done.returncode}"
    return Ended(
        target=target,
        inputs=figures["inputs"],
        new=figures["new"],
        covered=max((int(one) for one in _COVERED.findall(log)), default=0),
        rss_mb=figures["rss"],
        error=error,
        log=log,
    )


def merge(target: str, found: Path) -> int:
    """Keep of what was found the fewest inputs that reach what is not reached yet; returns how many.

    Only small ones are kept, so that the tree stays small.
    """
    before = set((CORPUS / target).iterdir())
    for large in [one for one in found.iterdir() if one.stat().st_size > KEPT_BYTES_MAX]:
        large.unlink()
    command = [sys.executable, "-m", "tests.fuzz.worker", target, "0", "1", str(OUT), str(CORPUS / target), str(found)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), MERGE: "1"}
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=900, check=True)
    # The fuzzer names what it found by its hash; first inputs and failures have names of their own.
    found_ones = [one for one in (CORPUS / target).iterdir() if len(one.name) == 40]
    for surplus in sorted(found_ones, key=lambda one: one.stat().st_size)[KEPT_MAX:]:
        surplus.unlink()
    return len(set((CORPUS / target).iterdir()) - before)
