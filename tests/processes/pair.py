"""Two nodes in processes of their own, which can be killed, starved and lied to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from keys.roles import KeyRole
from nodes.client import NodeClient
from nodes.errors import ApiRefused
from nodes.home import NodeHome
from nodes.signed import SignedStatement
from nodes.sqlite_store import SqliteStore
from tests.builders import hybrid
from tests.lines import other
from tests.nodes.homes import said
from tests.nodes.pair import write_homes

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0
LIMIT_S = 60.0
"""Only what is broken takes longer, however busy the machine is."""


class Running(Protocol):
    """A process that was started; see `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """How it ended, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; returns how."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal."""


@dataclass
class Machine:
    """One party's node as a process.

    Attributes:
        home: its files.
        prefix: program and options to run it under, such as strace.
        environment: more of it.
    """

    home: NodeHome
    prefix: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    process: Running | None = None

    @property
    def party(self) -> str:
        """Short name."""
        return self.home.party

    @property
    def log_path(self) -> Path:
        """Where its log goes."""
        return self.home.path.parent / f"{self.party}.log"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.launch()
        wait_until(self.answers, self.log)

    def launch(self) -> None:
        """Start it."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", "tests.processes.node", str(self.home.path)],
                cwd=ROOT,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **self.environment},
                stdout=log,
                stderr=log,
            )

    def answers(self) -> bool:
        """Whether its local API does; an end before that is an error."""
        assert self.process is not None
        if (returncode := self.process.poll()) is not None:
            raise AssertionError(f"{self.party} ended with {returncode}\n{self.log()}")
        try:
            NodeClient.connect(self.home.socket).close()
        except ApiRefused:
            return False
        return True

    def log(self) -> str:
        """Its log so far."""
        return self.log_path.read_text() if self.log_path.exists() else ""

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """End it cleanly, if it runs."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    @contextmanager
    def officer(self) -> Iterator[NodeClient]:
        """The duty officer, logged in."""
        with NodeClient.connect(self.home.socket) as client:
            client.login(person=1, signer=hybrid(f"{self.party} 1", KeyRole.OFFICER))
            yield client

    def say(self, text: str = "Good evening.", *, wait: str = "held", timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """One message, waited for."""
        with self.officer() as client:
            return submit(client, said(self.party, text), wait=wait, timeout_s=timeout_s)

    def status(self) -> dict[str, Any]:
        """The channel as `status` shows it."""
        with NodeClient.connect(self.home.socket) as client:
            (channel,) = client.request("status")["channels"]
            return dict(channel)

    def entries(self, voice: str) -> list[bytes]:
        """What is on its disk of a voice."""
        path = self.home.channel(other(self.party)).log_db
        store = SqliteStore.open(path, own=self.party, their=other(self.party), readonly=True)
        try:
            return store.read(voice, 0, 1 << 40)
        finally:
            store.close()


def submit(
    client: NodeClient, signed: SignedStatement, *, wait: str = "held", timeout_s: float = PATIENCE_S
) -> dict[str, Any]:
    """Submit a statement and wait for it to come so far."""
    return dict(
        client.request(
            "submit", signed=signed.encode(), wait=wait, timeout_ms=int(1000 * timeout_s), timeout_s=timeout_s + 5
        )
    )


def wait_until(condition: Callable[[], bool], story: Callable[[], str] = str, *, timeout_s: float = LIMIT_S) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, story()
        time.sleep(0.02)


@contextmanager
def machines(directory: Path, **options: Mapping[str, Any]) -> Iterator[tuple[Machine, Machine]]:
    """Both, not started; stopped at the end, and then neither has had to be told more than once.

    Args:
        directory: for their homes.
        options: of a `Machine`, by party.
    """
    homes = write_homes(directory)
    both = tuple(Machine(homes[party], **options.get(party, {})) for party in ("ARC", "BOR"))
    try:
        yield both[0], both[1]
    finally:
        for machine in both:
            if machine.process is not None and machine.process.poll() is None:
                machine.process.send_signal(signal.SIGTERM)
        for machine in both:
            machine.stop()
