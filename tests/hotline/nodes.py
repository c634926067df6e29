"""Two real nodes of paired homes, in processes of their own, for tests of commands."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.hotline.people import acting, hotline

START_TIMEOUT_S = 60.0
"""Nodes are up in two or three seconds; only what is broken takes so long, however busy the machine is."""
STOP_TIMEOUT_S = 60.0


def start(home: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a home's node; its log goes beside the home."""
    return start_with(home.parent / f"{home.name}.log", *acting(home, "node", "run"), environment=environment)


def start_with(
    path: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a command in a process of its own; what it says goes into a file. It has this environment, or another."""
    command = [sys.executable, "-c", "from hotline.cli.main import main; main()"]
    with path.open("ab") as log:
        return subprocess.Popen([*command, *map(str, arguments)], stderr=log, stdout=log, env=environment)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a node cleanly."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(STOP_TIMEOUT_S) == 0


def wait_until_up(home: Path) -> None:
    """Wait until a home's line is up and everything it has said is held."""
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until:
        done = hotline("--home", home, "status", "--json")
        channels = done.json.get("channels", []) if done.status == 0 else []
        if channels and all(one["line"] == "up" and 2 <= one["own_size"] == one["own_held"] for one in channels):
            return
        time.sleep(0.05)
    raise AssertionError((home.parent / f"{home.name}.log").read_text())


def wait_until_answering(home: Path) -> None:
    """Wait until a home's node answers, paired or not."""
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until:
        if hotline("--home", home, "status", "--json").json.get("node") == "running":
            return
        time.sleep(0.05)
    raise AssertionError(f"the node of {home} does not answer")


@contextmanager
def running(arc: Path, bor: Path) -> Iterator[None]:
    """Both nodes up, for as long as the block lasts."""
    processes = [start(arc), start(bor)]
    try:
        wait_until_up(arc)
        wait_until_up(bor)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(STOP_TIMEOUT_S)


def until(condition: Callable[[], object]) -> None:
    """Wait for something that nodes do; only what is broken takes a minute."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
