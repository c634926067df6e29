"""Two parties for measuring: homes made and paired by the command line itself, and their two node processes.

Everything is as `make demo` has it but for two terms of the agreement: one officer's signature is enough for any
statement, because the floor makes one, and arrivals wait a second, so that they do not run beside what is timed.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from hotline.desk import Desk, Officer
from nodes.client import NodeClient
from nodes.errors import ApiRefused
from nodes.home import NodeHome

HOTLINE = [sys.executable, "-c", "from hotline.cli.main import main; main()"]
PARTIES = ("ARC", "BOR")
NAMES = {"ARC": "Arcadia", "BOR": "Borealia"}
PASSPHRASE = b"measured, not secret"
TERMS = """
[beat]
every_ms = 1000
[line]
arrival_after_ms = 1000
[[authority]]
kinds = ["*"]
needs = ["duty/release/senior"]
"""
READY_S = 60.0
LOOK_S = 0.002


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class NodeProcess:
    """One running node.

    Args:
        home: its directory.
        passphrase_file: what opens its key file.
    """

    def __init__(self, home: Path, passphrase_file: Path) -> None:
        self.home = NodeHome.open(home)
        self._log = (home.parent / f"{home.name}.log").open("ab")
        opened_by = ["--passphrase-file", str(passphrase_file), "--no-input"]
        command = [*HOTLINE, "--home", str(home), *opened_by, "node", "run"]
        self.started_s = time.perf_counter()
        self._process = subprocess.Popen(command, stderr=self._log, stdout=self._log)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def rss_mb(self) -> float:
        """Memory that the process holds now."""
        return self._memory("VmRSS")

    def peak_mb(self) -> float:
        """The most memory that the process has held."""
        return self._memory("VmHWM")

    def _memory(self, name: str) -> float:
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return round(int(text.split(f"{name}:")[1].split()[0]) / 1024, 1)

    def wait_ready(self) -> None:
        """Wait until the local API answers."""
        until = time.monotonic() + READY_S
        while True:
            try:
                NodeClient.connect(self.home.socket).close()
                return
            except ApiRefused:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(LOOK_S)

    def stop(self) -> None:
        """End it cleanly."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        self._log.close()


class Pair:
    """Both homes, and their nodes while the pair is entered.

    Args:
        where: a new directory.
    """

    def __init__(self, where: Path) -> None:
        self.where = where
        self.passphrase_file = where / "passphrase"
        self.nodes: dict[str, NodeProcess] = {}

    @classmethod
    def make(cls, where: Path) -> Pair:
        """Make and pair the two homes."""
        where.mkdir(parents=True)
        pair = cls(where)
        pair.passphrase_file.write_bytes(PASSPHRASE + b"\n")
        pair.passphrase_file.chmod(0o600)
        (where / "terms.toml").write_text(TERMS, encoding="utf-8")
        endpoints = dict(zip(PARTIES, (f"127.0.0.1:{port}" for port in free_ports(2)), strict=True))
        for party in PARTIES:
            domain = f"line.{NAMES[party].lower()}.example"
            names = ["--party", party, "--name", NAMES[party], "--domain", domain, "--listen", endpoints[party]]
            pair.command(None, "init", party, *names)
            pair.command(party, "officer", "add", "duty", "--role", "duty")
        terms = ["--purpose", "demonstration", "--terms", "terms.toml"]
        pair.command("ARC", "pair", "propose", "offer", "--endpoint", endpoints["ARC"], *terms)
        pair.command("BOR", "pair", "accept", "offer", "answer", "--yes", "--endpoint", endpoints["BOR"])
        pair.command("ARC", "pair", "confirm", "answer", "final", "--yes")
        pair.command("BOR", "pair", "confirm", "final", "--yes")
        return pair

    def command(self, party: str | None, *arguments: str) -> None:
        """Run one command in a party's home."""
        home = [] if party is None else ["--home", party]
        common = [*home, "--passphrase-file", "passphrase", "--no-input"]
        subprocess.run([*HOTLINE, *common, *arguments], cwd=self.where, check=True, capture_output=True)

    def start(self) -> None:
        """Start both nodes and wait until both may sign and the line is up."""
        for party in PARTIES:
            self.nodes[party] = NodeProcess(self.where / party, self.passphrase_file)
        for node in self.nodes.values():
            node.wait_ready()
        until = time.monotonic() + READY_S
        while not all(self._settled(party) for party in PARTIES):
            if time.monotonic() > until:
                raise TimeoutError(json.dumps([self.status(party) for party in PARTIES]))
            time.sleep(0.05)

    def _settled(self, party: str) -> bool:
        channel = self.status(party)
        ready = channel["line"] == "up" and channel["details"]["live"]
        return bool(ready and channel["own_held"] == channel["own_size"] >= 2)

    def status(self, party: str) -> dict[str, Any]:
        """What a node says about its only line."""
        with NodeClient.connect(self.nodes[party].home.socket) as client:
            channel: dict[str, Any] = client.request("status")["channels"][0]
        return channel

    def desk(self, party: str) -> Desk:
        """Open a desk of the party's officer: key open, logged in, agreement and rosters verified."""
        officer = Officer.open(NodeHome.open(self.where / party).officer("duty"), PASSPHRASE)
        desk = Desk.open(officer)
        desk.channel(None)
        return desk

    def stop(self) -> None:
        """Stop both nodes."""
        for node in self.nodes.values():
            node.stop()
        self.nodes.clear()

    def __enter__(self) -> Pair:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
