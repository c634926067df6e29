"""A fault at the n-th system call of a node's append and mirror paths, for every n.

One exchange is a statement of each side, each until it is held, and the housekeeping that follows: at the node that is
faulted this appends, signs, mirrors, cosigns, keeps receipts, judges, and moves the write-ahead log into its file. The
roster exchange renews both sides' rosters, each of which every node writes to files of its own. The start is that of a
node that was killed in the middle of an exchange, which goes on under it; the first start is that of a home in which no
node has run.

The node is killed before the call is made, or the call fails with an error: EIO once, ENOSPC from that call on until
there is room again. It goes on by itself or ends with a code of its own, never in any other way; started again, both
sides come level without a hand, and what the officers asked for and ask for again stands in the log once.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nodes.errors import ApiRefused
from tests.faults.ledger import Ledger, check_whole
from tests.faults.machine import QuickMachine, Zygote, level, quick_machines, wait_level
from tests.faults.saying import Saying, Statements
from tests.faults.strace import CALLS, Strace, counted, settle
from tests.nodes.homes import said
from tests.processes.pair import PATIENCE_S, wait_until

FAULTS = {"kill": "signal=KILL:when={n}", "EIO": "error=EIO:when={n}", "ENOSPC": "error=ENOSPC:when={n}+"}
TIDY_S = 0.1
QUIET_S = 0.15
FULL_S = 0.2
"""How long a disk stays full."""
LEVEL_S_MAX = 2 * PATIENCE_S
MIDDLE_S = 0.03
"""An exchange takes about twice as long."""
EXCHANGES_MAX = 4
"""A point that lies near the end of an exchange may need the next one."""
STATEMENT_CALLS = {"pwrite64": 240, "fdatasync": 20, "ftruncate": 3}
ROSTER_CALLS = {"write": 6, "fsync": 8, "rename": 4}
READ_CALLS = {"pread64": 90}
START_CALLS = {"pwrite64": 60, "fdatasync": 12, "fsync": 2, "ftruncate": 3}
FIRST_START_CALLS = {"pwrite64": 240, "fdatasync": 24, "fsync": 6, "ftruncate": 4, "fallocate": 1}
"""How many of each call there are, rounded up; the `baseline` says it exactly."""
ENDS = {0: (), -9: (), 3: ("store-broken", "store-damaged", "disk-full", "home-unwritable", "projection-broken")}
"""How a node may end, and with what code."""
ALARMS = frozenset(
    {
        *("disk-full", "disk-low", "file-not-written", "projection-broken", "scrub-stopped"),
        *("log-damaged", "log-repaired", "pages-not-kept", "store-broken", "store-damaged"),
    }
)
"""What it may tell people meanwhile."""


@dataclass(frozen=True, slots=True)
class Point:
    """One place for a fault.

    Attributes:
        call: name of the system call.
        n: which one since the exchange began, from 1.
        fault: one of FAULTS.
    """

    call: str
    n: int
    fault: str

    def __str__(self) -> str:
        return f"{self.fault} at {self.call} {self.n}"

    @property
    def inject(self) -> str:
        """In strace's words."""
        return f"{self.call}:{FAULTS[self.fault].format(n=self.n)}"


class Sweep:
    """Points on one pair of nodes; see the module.

    Args:
        arc, bor: running.
        victim: which of the two gets the faults.
        directory: for records.
        make: makes what is said.
        starting: whether the victim is killed first and gets the fault from its start on.
    """

    def __init__(
        self,
        arc: QuickMachine,
        bor: QuickMachine,
        *,
        victim: str,
        directory: Path,
        make: Statements = said,
        starting: bool = False,
    ) -> None:
        self.arc, self.bor = arc, bor
        self.victim = arc if victim == "ARC" else bor
        self.ledger = Ledger()
        self.figures: Counter[str] = Counter()
        self._record = directory / "strace"
        self._make = make
        self._starting = starting
        self._chance = random.Random("middle")

    def _say(self) -> Saying:
        saying = Saying(self.ledger, (self.arc, self.bor), self._make)
        saying.start()
        return saying

    def _calm(self) -> None:
        wait_level(self.arc, self.bor)

    def baseline(self, rounds: int = 3) -> Counter[str]:
        """How often each call is made in one exchange: the most of some rounds."""
        most: Counter[str] = Counter()
        for _ in range(rounds):
            if self._starting:
                saying = self._say()
                strace = self._start_again(CALLS, "")
                self.victim.go_on()
            else:
                strace = Strace(self.victim.pid, self._record)
                saying = self._say()
            saying.join()
            settle(strace, quiet_s=2 * QUIET_S)
            strace.detach()
            most |= counted(strace.calls())
        return most

    def run(self, point: Point) -> None:
        """Have one fault, and see that everything goes on."""
        if self._starting:
            saying = self._say()
            strace = self._start_again([point.call], point.inject)
            self.victim.go_on()
        else:
            strace = Strace(self.victim.pid, self._record, calls=[point.call], inject=point.inject)
            saying = self._say()
        try:
            for _ in range(EXCHANGES_MAX):
                if self._watch(point, strace, saying):
                    break
                saying.join()
                saying = self._say()
        finally:
            strace.detach()
        self._note(point, strace)
        self._supervise(point, saying)

    def quietly(self) -> None:
        """Without any fault: both are heard and come level."""
        self._say().join()
        self._calm()

    def _start_again(self, calls: Sequence[str], inject: str) -> Strace:
        """Kill the victim in the middle of what it does, if it runs; it stands before its first instruction again."""
        if self.victim.runs:
            time.sleep(self._chance.uniform(0.0, MIDDLE_S))
            self.victim.kill()
        self.victim.launch_stopped()
        return Strace(self.victim.pid, self._record, calls=calls, inject=inject)

    def _watch(self, point: Point, strace: Strace, saying: Saying) -> bool:
        """Follow one exchange; returns whether the fault came."""
        begun = time.monotonic()
        hit_at, quiet_since, size = 0.0, begun, -1
        while time.monotonic() - begun < PATIENCE_S:
            if not self.victim.runs:
                return True
            record = strace.record.read_bytes()
            now = time.monotonic()
            if len(record) != size:
                size, quiet_since = len(record), now
            if not hit_at and b"(INJECTED)" in record:
                hit_at = now
            if hit_at and now - hit_at > FULL_S:
                return True
            if not hit_at and not saying.is_alive() and now - quiet_since > QUIET_S:
                return False
            time.sleep(0.01)
        raise AssertionError(f"{point}: stuck\n{self.victim.log()[-4000:]}")

    def _note(self, point: Point, strace: Strace) -> None:
        calls = strace.calls()
        hit = [call for call in calls if call.injected] or ([] if self.victim.runs else calls[-1:])
        if hit:
            self.figures[f"{point.fault} at {point.call} of {_plain(hit[0].file)}"] += 1
        else:
            self.figures["not reached"] += 1

    def _supervise(self, point: Point, saying: Saying) -> None:
        """Until both were heard and are level, start the victim again whenever it ends, as a supervisor does."""
        begun = time.monotonic()
        while True:
            heard = not saying.is_alive()
            if not self.victim.runs:
                self._start_after_end(point)
            elif heard and self._level():
                break
            if time.monotonic() - begun > LEVEL_S_MAX:
                logs = "\n".join(machine.log()[-4000:] for machine in (self.arc, self.bor))
                raise AssertionError(f"{point}: not level after {LEVEL_S_MAX} s\n{logs}")
            time.sleep(0.01)
        saying.join()

    def _level(self) -> bool:
        """Whether both are level; a node that ends just now is not."""
        try:
            return level(self.arc, self.bor)
        except ApiRefused:
            return False

    def _start_after_end(self, point: Point) -> None:
        """Start the victim again; it may only have ended in the ways foreseen."""
        victim = self.victim
        assert victim.process is not None
        returncode = victim.process.wait()
        assert returncode in ENDS, f"{point}: ended with {returncode}\n{victim.log()[-6000:]}"
        codes = ENDS[returncode]
        last = victim.log().rstrip().rpartition("\n")[2]
        assert not codes or last in {f"ended: {code}" for code in codes}, f"{point}: {last}"
        self.figures["restarts"] += 1
        victim.start()


def _plain(file: str) -> str:
    """A file's name without what differs from one to the next."""
    if file.endswith(".log"):
        return "the node's log"
    return re.sub(r"^\.[A-Z]+-\d+\.(\w+)\..*$", r"a roster's \1", file)


@contextmanager
def sweeping(directory: Path, *, victim: str, make: Statements = said, starting: bool = False) -> Iterator[Sweep]:
    """Two nodes for a sweep; in the end everything is checked."""
    with quick_machines(directory, tidy_s=TIDY_S, threads=1) as (arc, bor):
        arc.start()
        bor.start()
        wait_until(lambda: arc.status()["line"] == "up", arc.log)
        sweep = Sweep(arc, bor, victim=victim, directory=directory, make=make, starting=starting)
        # The first entries, and the first rounds of everything.
        sweep.quietly()
        yield sweep
        _end(sweep, directory)


def sweep_first_start(directory: Path, point: Point, *, victim: str, zygote: Zygote) -> Counter[str]:
    """Have one fault in the first start of a home's node, while both sides' officers wait for it.

    Args:
        directory: for the homes; must not exist.
        point: the fault.
        victim: whose first start it is.
        zygote: forks the nodes.

    Returns:
        Figures by name.
    """
    directory.mkdir()
    with quick_machines(directory, zygote=zygote, tidy_s=TIDY_S, threads=1) as (arc, bor):
        (bor if victim == "ARC" else arc).start()
        sweep = Sweep(arc, bor, victim=victim, directory=directory, starting=True)
        sweep.run(point)
        _end(sweep, directory)
    return sweep.figures


def _end(sweep: Sweep, directory: Path) -> None:
    """Both start once more, say something, and stop; then everything is checked."""
    arc, bor = sweep.arc, sweep.bor
    for machine in (arc, bor):
        machine.stop()
        machine.start()
    sweep.quietly()
    arc.stop()
    bor.stop()
    sizes = check_whole(arc, bor, sweep.ledger, directory, allowed=ALARMS)
    sweep.figures["statements acknowledged"] += len(sweep.ledger)
    sweep.figures["entries"] += sum(sizes.values())
