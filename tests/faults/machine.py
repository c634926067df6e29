"""Two nodes in processes of their own that start in a moment, and officers who never give up."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.nodes.pair import write_homes
from tests.processes.pair import PATIENCE_S, ROOT, Machine, wait_until


class Zygote:
    """The process that nodes are forked from; see `tests.faults.zygote`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, **order: Any) -> dict[str, Any]:
        """One request and its reply."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it; its nodes have ended before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()


class Forked:
    """A node that was forked; see `tests.processes.pair.Running`."""

    def __init__(self, zygote: Zygote, pid: int) -> None:
        self.pid = pid
        self._zygote = zygote
        self._handle = os.pidfd_open(pid)
        self._returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; returns how."""
        returncode = self._ended(timeout)
        assert returncode is not None, f"{self.pid} has not ended within {timeout} s"
        return returncode

    def _ended(self, timeout_s: float | None) -> int | None:
        if self._returncode is None and select.select([self._handle], [], [], timeout_s)[0]:
            self._returncode = int(self._zygote.ask(wait=self.pid)["returncode"])
            os.close(self._handle)
        return self._returncode

    def send_signal(self, sig: int) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, sig)


@dataclass
class QuickMachine(Machine):
    """A machine whose node is forked, not started.

    Attributes:
        zygote: forks it.
        order: more for the zygote.
    """

    zygote: Zygote | None = None
    order: dict[str, Any] = field(default_factory=dict)

    def launch(self) -> None:
        """Fork it."""
        self._fork(stopped=False)

    def launch_stopped(self) -> None:
        """Fork it, and let it wait for `go_on` before it begins."""
        self._fork(stopped=True)
        stat = Path(f"/proc/{self.pid}/stat")
        wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")

    def go_on(self) -> None:
        """Let it begin."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _fork(self, *, stopped: bool) -> None:
        assert self.zygote is not None
        order = {"start": str(self.home.path), "log": str(self.log_path), "stopped": stopped, **self.order}
        self.process = Forked(self.zygote, self.zygote.ask(**order)["pid"])

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self.process is not None
        return self.process.pid

    @property
    def runs(self) -> bool:
        """Whether its process does."""
        return self.process is not None and self.process.poll() is None


@contextmanager
def quick_machines(
    directory: Path, *, zygote: Zygote | None = None, **order: Any
) -> Iterator[tuple[QuickMachine, QuickMachine]]:
    """Both, not started; stopped at the end.

    Args:
        directory: for their homes.
        zygote: forks them; None for one of their own.
        order: more for the zygote.
    """
    homes = write_homes(directory)
    with ExitStack() as stack:
        if zygote is None:
            zygote = Zygote()
            stack.callback(zygote.close)
        both = [QuickMachine(homes[party], zygote=zygote, order=dict(order)) for party in ("ARC", "BOR")]
        for machine in both:
            stack.callback(machine.stop)
        yield both[0], both[1]


def level(arc: Machine, bor: Machine) -> bool:
    """Whether both hold all of each other and know it."""
    one, two = arc.status(), bor.status()
    sizes = (one["own_size"], two["own_size"])
    return sizes == (two["their_size"], one["their_size"]) == (one["own_held"], two["own_held"])


def wait_level(arc: Machine, bor: Machine, *, timeout_s: float = PATIENCE_S) -> None:
    """Wait until both are level, by themselves."""
    story: Callable[[], str] = lambda: f"{arc.status()}\n{bor.status()}\n{arc.log()[-4000:]}\n{bor.log()[-4000:]}"  # noqa: E731
    wait_until(lambda: level(arc, bor), story, timeout_s=timeout_s)
