"""strace beside a running node: what it writes, and a fault at the n-th call.

strace counts the calls of each thread apart; a node that writes on one thread (`tests.faults.zygote`) gives every call
its number from the moment it is attached.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.processes.pair import PATIENCE_S, wait_until

CALLS = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "renameat", "renameat2", "link", "linkat")
"""Calls by which something comes onto the disk."""

LINE = re.compile(r"^(?:\[pid +\d+\] )?(?:<\.\.\. )?(\w+)[ (](?:\d+<([^>]*)>|\"([^\"]*)\")?")


@dataclass(frozen=True, slots=True)
class Call:
    """One call in a record.

    Attributes:
        name: of the system call.
        file: last part of the path.
        injected: whether it was made to fail.
    """

    name: str
    file: str
    injected: bool


def available() -> bool:
    """Whether strace is here and may look at processes that are not its children."""
    if shutil.which("strace") is None:
        return False
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    return not scope.exists() or scope.read_text().strip() == "0"


class Strace:
    """strace on one process.

    Args:
        pid: of the process.
        record: file for what it does.
        calls: which calls are recorded.
        inject: what happens at which call: `pwrite64:signal=KILL:when=3`; empty for nothing.
    """

    def __init__(self, pid: int, record: Path, *, calls: Sequence[str] = CALLS, inject: str = "") -> None:
        self.record = record
        options = ["-e", f"inject={inject}"] if inject else []
        # On standard error strace writes every line at once; a file given by -o it would fill by the block.
        with record.open("wb") as out:
            self._process = subprocess.Popen(
                ["strace", "-f", "-y", "-s", "0", "-p", str(pid), "-e", f"trace={','.join(calls)}", *options],
                stderr=out,
            )
        wait_until(lambda: self._process.poll() is not None or _traced(pid), lambda: "strace does not attach")

    def calls(self) -> list[Call]:
        """What was done so far."""
        found = []
        for line in self.record.read_text(errors="replace").splitlines():
            match = LINE.match(line)
            # The second half of a call that another thread interrupted says nothing new.
            if match is not None and "<... " not in line:
                path = match[2] or match[3] or ""
                found.append(Call(match[1], path.rpartition("/")[2], "(INJECTED)" in line))
        return found

    def detach(self) -> None:
        """Let the process go on alone."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE_S)


def _traced(pid: int) -> bool:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return all("TracerPid:\t0\n" not in (task / "status").read_text() for task in tasks)
    except (FileNotFoundError, ProcessLookupError):
        return True


def counted(calls: Sequence[Call]) -> Counter[str]:
    """How often each was made."""
    return Counter(call.name for call in calls)


def settle(strace: Strace, *, quiet_s: float, timeout_s: float = PATIENCE_S) -> None:
    """Wait until the process has made no call for so long."""
    deadline = time.monotonic() + timeout_s
    size, since = -1, time.monotonic()
    while time.monotonic() - since < quiet_s and time.monotonic() < deadline:
        now = strace.record.stat().st_size
        if now != size:
            size, since = now, time.monotonic()
        time.sleep(0.02)
