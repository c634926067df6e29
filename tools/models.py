"""Check the models of spec/models with Spin: each as it is, which must hold, and each broken variant, which must not.

python -m tools.models            the sizes that make test checks
python -m tools.models --large    larger ones: minutes and some gigabytes

A variant that fails has to fail at the claim that the model's own comment names. A model that cannot fail proves
nothing. Needs spin and gcc. One line a check, then 0 if all came out as they should.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

MODELS = Path(__file__).resolve().parents[1] / "spec" / "models"
MEMORY_MB = 6_000
SECONDS_MAX = 1_800
DEPTH = 1_000_000

QUICK = frozenset({"pairing", "rotation"})
"""Models that are searched sooner than a compiler has optimised them."""

CLAIMS = {
    "forked": "!(forked)",
    "an honest peer accused": "!(accused)",
    "a receipt for what is not held": "(b_put_back||",
    "no convergence": "(lost||",
    "not the other end": "nonce[s]==",
    "a lower version": "(version[s]==2)",
    "B has somebody else": "(b_with==1)",
    "A has somebody else": "(a_with==2)",
    "A has not signed": "(a_state==5)",
    "A had other files than B": "s_addresses[a_keys]",
    "a second attempt is ended": "(b_attempt<2)",
    "a key that was taken away counts": "((own_set==1)||",
    "two sets at one place": "(had[their_at]==their_set)",
    "an honest statement does not count": "(2==own_set)",
    "the line never comes back": "(held==5)",
    "no key ever changes": "!(changed)",
}
"""Claims by the name that the models give their failure, with a piece of the assertion's text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One search.

    Attributes:
        model: name of the file, without its ending.
        defines: what is defined for it.
        fails: name of the claim that must fail; None where all must hold.
    """

    model: str
    defines: tuple[str, ...] = ()
    fails: str | None = None

    def __str__(self) -> str:
        return " ".join((self.model, *self.defines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search gave.

    Attributes:
        case: which.
        states: how many were stored.
        seconds: of the search.
        failed: the assertion that failed, as Spin writes it; None where none did.
        whole: whether the search came to its end.
    """

    case: Case
    states: int
    seconds: float
    failed: str | None
    whole: bool

    @property
    def right(self) -> bool:
        """Whether it is as it should be."""
        if self.case.fails is None:
            return self.whole and self.failed is None
        return self.failed is not None and CLAIMS[self.case.fails] in self.failed

    def __str__(self) -> str:
        outcome = (
            "holds"
            if self.failed is None
            else next((name for name, text in CLAIMS.items() if text in (self.failed or "")), self.failed)
        )
        verdict = "as it should be" if self.right else f"should be: {self.case.fails or 'holds'}"
        if not self.whole and self.failed is None:
            outcome = "not searched to the end"
        return f"{self.case!s:<44} {self.states:>10} states {self.seconds:>7.1f} s  {outcome}; {verdict}"


_BROKEN = {
    "reconcile": {
        "EARLY": "an honest peer accused",
        "BLIND": "forked",
        "FORGETFUL": "forked",
        "OLD_FRAMES": "forked",
        "EAGER": "a receipt for what is not held",
        "NAIVE": "an honest peer accused",
        "GULLIBLE": "an honest peer accused",
        "TIMID": "no convergence",
    },
    "handshake": {
        "NO_NONCES": "not the other end",
        "NO_OFFERS": "a lower version",
        "NO_CHANNEL": "not the other end",
        "NO_SIDE": "not the other end",
    },
    "pairing": {
        "NO_WORDS": "B has somebody else",
        "SHORT": "B has somebody else",
        "ONE_SIDE": "B has somebody else",
        "SAME_WORDS": "A has somebody else",
        "EXCHANGED": "A has somebody else",
        "NO_ROOTS": "A has not signed",
        "ADDRESSES": "A had other files than B",
        "NEVER": "a second attempt is ended",
    },
    "rotation": {
        "OVERLAP": "a key that was taken away counts",
        "BY_HAND": "two sets at one place",
        "NOT_FIRST": "an honest statement does not count",
        "NOT_KEPT": "an honest statement does not count",
        "NO_HAND": "the line never comes back",
        "NEVER": "no key ever changes",
    },
}


def small() -> Iterator[Case]:
    """What is checked with the tests."""
    yield Case(model="handshake")
    yield Case(model="pairing")
    yield Case(model="rotation")
    yield Case(model="reconcile", defines=("MAXE=2",))
    yield Case(model="reconcile", defines=("MAXE=2", "APART"))
    yield Case(model="reconcile", defines=("MAXE=2", "APART", "OLD_FRAMES"))
    for name, claim in _BROKEN["handshake"].items():
        yield Case(model="handshake", defines=(name,), fails=claim)
    for name, claim in _BROKEN["pairing"].items():
        yield Case(model="pairing", defines=(name,), fails=claim)
    for name, claim in _BROKEN["rotation"].items():
        yield Case(model="rotation", defines=(name,), fails=claim)
    for name, claim in _BROKEN["reconcile"].items():
        yield Case(model="reconcile", defines=("MAXE=2", name), fails=claim)


def large() -> Iterator[Case]:
    """What is checked for hours."""
    yield Case(model="reconcile", defines=("MAXE=3",))
    yield Case(model="reconcile", defines=("MAXE=3", "APART"))
    yield Case(model="reconcile", defines=("MAXE=3", "APART", "OLD_FRAMES"))
    yield Case(model="reconcile", defines=("MAXE=3", "CRASHES=3", "BREAKS=3"))


def check(case: Case) -> Found:
    """Search one model.

    Raises:
        subprocess.CalledProcessError: Spin or the compiler refuses it.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-model-") as name:
        place = Path(name)
        defines = [f"-D{one}" for one in case.defines]
        _run(["spin", *defines, "-a", str(MODELS / f"{case.model}.pml")], place)
        _run(
            [
                "gcc",
                "-O0" if case.model in QUICK else "-O2",
                "-w",
                "-DSAFETY",
                f"-DMEMLIM={MEMORY_MB}",
                "-o",
                "pan",
                "pan.c",
            ],
            place,
        )
        start_s = time.monotonic()
        # -E: a session that nobody answers has not failed.
        out = _run(["./pan", "-E", f"-m{DEPTH}", "-w22"], place)
        seconds = time.monotonic() - start_s
    failed = re.search(r"assertion violated (.*) \(at depth", out)
    states = re.search(r"(\d+) states, stored", out)
    whole = "Search not completed" not in out and "max search depth too small" not in out and "errors: 0" in out
    return Found(
        case=case,
        states=int(states[1]) if states else 0,
        seconds=seconds,
        failed=failed[1].strip() if failed else None,
        whole=whole,
    )


def _run(command: Sequence[str], place: Path) -> str:
    """Run one program inside the limits on memory and time."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, ((MEMORY_MB + 1_000) * 1024**2,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    done = subprocess.run(
        command,
        cwd=place,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        preexec_fn=limit,
        check=command[0] != "./pan",
    )
    return done.stdout + done.stderr


def check_all(cases: Sequence[Case], *, jobs: int) -> Iterator[Found]:
    """Check some cases, in order."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(check, cases)


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="larger sizes")
    wanted = parser.parse_args()
    wrong = 0
    for found in check_all([*small(), *(large() if wanted.large else ())], jobs=1 if wanted.large else 2):
        print(found, flush=True)
        wrong += not found.right
    print(f"{wrong} are not as they should be" if wrong else "all are as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
