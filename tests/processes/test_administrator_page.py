"""The administrator's page, followed as written on two machines: network namespaces with one wire between them."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "administrator.md"
ADDRESSES = {"arc": "192.0.2.7", "bor": "192.0.2.8"}
STEP = re.compile(r"(arc|bor)([$&>]) (.+)")
STEP_TIMEOUT_S = 90


def steps() -> list[tuple[str, str, str]]:
    """Machine, sign and command of every line in the page's console blocks."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for line in block.splitlines():
            match = STEP.fullmatch(line)
            assert match is not None, line
            found.append((match[1], match[2], match[3]))
    return found


class Machine:
    """One host: a network namespace, a directory, and what runs there."""

    def __init__(self, name: str, namespace: str, directory: Path) -> None:
        self.name = name
        self.namespace = namespace
        self.directory = directory
        self.running: list[subprocess.Popen[bytes]] = []

    def _argv(self, command: str) -> list[str]:
        return ["ip", "netns", "exec", self.namespace, "bash", "-c", command]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(self, command: str) -> str:
        """Run a command to its end; it must succeed."""
        done = subprocess.run(
            self._argv(command),
            cwd=self.directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=STEP_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"{self.name}$ {command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, command: str) -> None:
        """Run a command in the background."""
        with (self.directory / "node.log").open("wb") as log:
            self.running.append(
                subprocess.Popen(self._argv(f"exec {command}"), cwd=self.directory, env=self._environment(), stderr=log)
            )

    def stop(self) -> None:
        """End what was started here."""
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            process.wait(20)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[dict[str, Machine]]:
    """Two hosts with a wire between them and no other network."""
    tag = f"{os.getpid() % 100000:05d}"
    spaces = {name: f"hl{tag}{name}" for name in ADDRESSES}
    made = {}
    try:
        for name, space in spaces.items():
            subprocess.run(["ip", "netns", "add", space], check=True)
            subprocess.run(["ip", "-n", space, "link", "set", "lo", "up"], check=True)
            directory = tmp_path / name
            directory.mkdir()
            made[name] = Machine(name, space, directory)
        ends = {name: f"v{tag}{name[0]}" for name in ADDRESSES}
        subprocess.run(["ip", "link", "add", ends["arc"], "type", "veth", "peer", "name", ends["bor"]], check=True)
        for name, space in spaces.items():
            subprocess.run(["ip", "link", "set", ends[name], "netns", space], check=True)
            subprocess.run(["ip", "-n", space, "addr", "add", f"{ADDRESSES[name]}/24", "dev", ends[name]], check=True)
            subprocess.run(["ip", "-n", space, "link", "set", ends[name], "up"], check=True)
        yield made
    finally:
        for machine in made.values():
            machine.stop()
        for space in spaces.values():
            subprocess.run(["ip", "netns", "del", space], check=False)


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.alone
def test_the_page_leads_to_the_first_acknowledged_statement(machines: dict[str, Machine]) -> None:
    """Every command of the page succeeds in its order, and at its end a person of Borealia has acknowledged."""
    if shutil.which("ip") is None:
        pytest.skip("needs iproute2")
    heard: list[str] = []
    serial = ""
    for name, sign, command in steps():
        machine = machines[name]
        if sign == ">":
            other = machines["bor" if name == "arc" else "arc"]
            shutil.copy(machine.directory / command, other.directory / command)
        elif sign == "&":
            machine.start(command)
            home = machine.directory / shlex.split(command)[2]
            deadline = time.monotonic() + 20
            while not (home / "node.sock").exists():
                assert time.monotonic() < deadline, (machine.directory / "node.log").read_text()
                time.sleep(0.1)
        else:
            # The page asks the reader to take the serial from the inbox, so the reader here does.
            said = machine.run(re.sub(r"ARC \d+", serial, command))
            serial = next(iter(re.findall(r"\bARC \d+\b", said)), serial) if "inbox" in command else serial
            heard.append(said)
    assert "This line is open." in heard[-3]
    # The page says that it takes a moment until what arrived has its place.
    deadline = time.monotonic() + 10
    while "acknowledged" not in heard[-1]:
        assert time.monotonic() < deadline, heard[-1]
        heard.append(machines["arc"].run(steps()[-1][2]))
