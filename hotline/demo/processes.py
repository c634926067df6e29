"""The two nodes: processes of their own, started as an administrator would start them.

Each has a session of its own, so that Ctrl-C reaches the demonstration alone and the nodes are ended by it, by their
process ids. What a node says goes to `node.log` in its home.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hotline.demo.stage import Side
from hotline.errors import CouldNot
from hotline.printable import printable
from nodes.client import NodeClient
from nodes.errors import ApiRefused

COMMAND = (sys.executable, "-P", "-c", "from hotline.cli.main import main; main()")
"""The command line, by the interpreter that runs the demonstration."""

READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
LOOK_S = 0.02
TAIL_LINES = 12


class NodeProcess:
    """One party's node.

    Args:
        side: whose.
    """

    def __init__(self, side: Side) -> None:
        self.side = side
        self.short = side.actor.short
        self.log_path = side.home.path / "node.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the node that runs, or last ran; 0 where none did."""
        return 0 if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the node; it opens its keys and takes its lock by itself."""
        home = self.side.home.path
        with self.log_path.open("ab") as log:
            self.log_path.chmod(0o600)
            self._process = subprocess.Popen(
                [
                    *COMMAND,
                    "--home",
                    str(home),
                    "--passphrase-file",
                    str(self.side.passphrase_path),
                    "--no-input",
                    "node",
                    "run",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Wait until the node answers on its socket.

        Raises:
            CouldNot: it ended, or does not answer in time.
        """
        self._wait(lambda: True, "did not answer")

    def wait_up(self) -> None:
        """Wait until its line is up and the first entries of its log are held by the other side.

        Raises:
            CouldNot: as above.
        """

        def up() -> bool:
            line = self.line()
            return bool(line["line"] == "up" and line["details"]["live"] and 2 <= line["own_size"] == line["own_held"])

        self._wait(up, "did not get its line up")

    def _wait(self, ready: Any, failure: str) -> None:
        until = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < until:
            self.check_alive()
            try:
                self.line()
            except ApiRefused:
                time.sleep(LOOK_S)
                continue
            if ready():
                return
            time.sleep(LOOK_S)
        raise CouldNot("timed-out", f"the node of {self.short} {failure} in {READY_TIMEOUT_S:.0f} s{self._why()}")

    def line(self) -> dict[str, Any]:
        """Its only line, as its `status` shows it.

        Raises:
            ApiRefused: the node does not answer.
        """
        with NodeClient.connect(self.side.home.socket) as client:
            found: dict[str, Any] = client.request("status")["channels"][0]
            return found

    def check_alive(self) -> None:
        """Raises CouldNot: the node has ended; says why as far as its log tells."""
        if self._process is not None and self._process.poll() is not None:
            status = self._process.returncode
            raise CouldNot("node-not-running", f"the node of {self.short} ended with status {status}{self._why()}")

    def kill(self) -> None:
        """End the node at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def end(self) -> None:
        """Ask the node to end, without waiting."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def finish(self) -> int | None:
        """Wait for a node that was asked to end; one that does not is killed.

        Returns:
            Its exit status; None where none ran.
        """
        if self._process is None:
            return None
        try:
            status = self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._process = None
        return status

    def _why(self) -> str:
        """The end of the node's log, made printable."""
        lines = (
            self.log_path.read_text(encoding="utf-8", errors="replace").splitlines() if self.log_path.is_file() else []
        )
        return f"; the end of {self.log_path}:\n" + "\n".join(printable(line[:400]) for line in lines[-TAIL_LINES:])


def stop(nodes: list[NodeProcess]) -> list[int | None]:
    """End nodes together, so that neither is left alone for long; gives their exit statuses."""
    for node in nodes:
        node.end()
    return [node.finish() for node in nodes]


def run_command(*arguments: str | Path, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as somebody without our homes would."""
    return subprocess.run(
        [*COMMAND, *(str(one) for one in arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
