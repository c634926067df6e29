"""A node tells whoever started it that it serves, that it still does, and that it ends."""

import collections
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nodes.supervisor import SIGNS_IN_TIME, Supervisor
from tests.hotline.people import acting, paired

PATIENCE_S = 0.6


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    """A supervisor's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address)
        receiver.settimeout(20)
        yield receiver


@pytest.mark.slow
def test_a_node_gives_signs_of_life_while_its_loop_runs(tmp_path: Path) -> None:
    """Ready once it serves; signs often enough for the time given; none while the process stands still; then its
    end."""
    arc, _ = paired(tmp_path)
    with listening(str(tmp_path / "notify")) as receiver:
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        environment["WATCHDOG_USEC"] = str(int(PATIENCE_S * 1_000_000))
        command = [sys.executable, "-c", "from hotline.cli.main import main; main()", *acting(arc, "node", "run")]
        with (tmp_path / "log").open("wb") as log:
            node = subprocess.Popen(list(map(str, command)), env=environment, stderr=log)
        try:
            assert receiver.recv(100) == b"READY=1"
            assert (arc / "node.sock").exists()
            begun_s = time.monotonic()
            assert [receiver.recv(100) for _ in range(3 * SIGNS_IN_TIME)] == [b"WATCHDOG=1"] * 3 * SIGNS_IN_TIME
            assert time.monotonic() - begun_s < 30 * PATIENCE_S
            node.send_signal(signal.SIGSTOP)
            receiver.settimeout(PATIENCE_S)
            with pytest.raises(TimeoutError):
                # What was on its way comes; then nothing does.
                collections.deque(iter(lambda: receiver.recv(100), b""), maxlen=0)
            node.send_signal(signal.SIGCONT)
            receiver.settimeout(20)
            assert receiver.recv(100) == b"WATCHDOG=1"
        finally:
            node.send_signal(signal.SIGTERM)
            assert node.wait(20) == 0
        told: list[bytes] = []
        while told[-1:] != [b"STOPPING=1"]:
            told.append(receiver.recv(100))
        assert set(told[:-1]) <= {b"WATCHDOG=1"}


def test_a_name_without_a_place_is_heard_as_well(tmp_path: Path) -> None:
    """An abstract socket, as containers give."""
    name = f"hotline-test-{os.getpid()}"
    with listening(f"\0{name}") as receiver:
        Supervisor.named_in({"NOTIFY_SOCKET": f"@{name}"}).tell("READY=1")
        assert receiver.recv(100) == b"READY=1"


@pytest.mark.parametrize(
    "environment",
    [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"WATCHDOG_USEC": "soon", "NOTIFY_SOCKET": "x"}],
)
def test_nobody_who_listens_is_no_fault(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started by hand, or by a supervisor that went away: nothing is raised."""
    monkeypatch.chdir(tmp_path)
    Supervisor.named_in(environment).tell("READY=1")
