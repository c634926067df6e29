"""Two nodes on two hosts with a bad wire between them."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.wire import ADDRESSES, Wire, two_hosts
from tests.nodes.homes import write_home
from tests.processes.pair import Machine, wait_until

PORT = 7_443


@dataclass
class Hosts:
    """Both nodes, and the wire.

    Attributes:
        arc, bor: Arcadia's node, which dials, and Borealia's, which listens.
        wire: between them.
    """

    arc: Machine
    bor: Machine
    wire: Wire

    @property
    def both(self) -> tuple[Machine, Machine]:
        """Both nodes."""
        return self.arc, self.bor

    def log(self) -> str:
        """The end of what both logged."""
        return f"{self.arc.log()[-3000:]}\n---\n{self.bor.log()[-3000:]}"

    def wait_up(self) -> None:
        """Wait until both show the line as up."""
        wait_until(lambda: all(machine.status()["line"] == "up" for machine in self.both), self.log)


@contextmanager
def hosts(directory: Path) -> Iterator[Hosts]:
    """Both nodes, running, for as long as the block lasts."""
    address = f"{ADDRESSES['BOR']}:{PORT}"
    homes = {
        "ARC": write_home(directory / "ARC", "ARC", endpoint=address),
        "BOR": write_home(directory / "BOR", "BOR", listen=address),
    }
    with two_hosts() as wire:
        arc, bor = (Machine(homes[party], prefix=wire.prefix(party)) for party in ("ARC", "BOR"))
        try:
            for machine in (bor, arc):
                machine.launch()
            for machine in (bor, arc):
                wait_until(machine.answers, machine.log)
            yield Hosts(arc, bor, wire)
        finally:
            for machine in (arc, bor):
                if machine.process is not None and machine.process.poll() is None:
                    machine.process.send_signal(signal.SIGCONT)
                    machine.process.send_signal(signal.SIGTERM)
            for machine in (arc, bor):
                machine.stop()


def seconds_until(condition: Callable[[], bool], story: Callable[[], str] = str, *, timeout_s: float = 60.0) -> float:
    """Wait for something to become true; returns how long that took."""
    begun_s = time.monotonic()
    wait_until(condition, story, timeout_s=timeout_s)
    return time.monotonic() - begun_s
