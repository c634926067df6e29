"""The commands of the signer, and a line whose one node has its keys with one."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.hotline.nodes import running
from tests.hotline.people import acting, hotline, ok, paired

GOODWILL = ("send", "goodwill", "--set", "message=hello", "--yes", "--timeout", "1")
DEADLINE_S = 60.0


def start(directory: Path, socket: Path) -> subprocess.Popen[bytes]:
    """Start a signer and wait until it answers."""
    command = [sys.executable, "-c", "from hotline.cli.main import main; main()", "--passphrase-file"]
    with (directory.parent / "signer.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, directory.parent / "passphrase", "signer", "run", directory], stdout=log, stderr=log
        )
    wait_for(lambda: hotline("signer", "status", socket).status == 0)
    return process


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    until = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def signing(directory: Path, socket: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A signer, for as long as the block lasts."""
    process = start(directory, socket)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


def found_in(home: Path, *command: str) -> dict[str, Any]:
    """What the doctor, or the status of the keys, found: by name."""
    shown = hotline("--home", home, *command, "--json").json
    return {one["name"]: one for one in shown.get("checks", shown.get("dues"))}


@pytest.mark.slow
def test_a_line_with_a_signer_outlives_its_signer(tmp_path: Path) -> None:
    """The node has no key file and no passphrase. While its signer is away what is sent waits in the queue and people
    are told; when it is back everything is held by the other side without anybody's help."""
    arc, bor = paired(tmp_path)
    directory, socket = arc.parent / "signer", arc.parent / "signer" / "socket"
    taken = ok(*acting(arc, "signer", "take", directory, "--socket", socket))
    assert (taken["channels"], len(taken["next"])) == (1, 3)
    with (arc / "node.toml").open("a") as settings:
        settings.write(f'\nsigner = "{socket}"\n')
    assert found_in(arc, "keys", "status")["node keys"]["state"] == "late"
    (arc / "node.key").unlink()
    assert found_in(arc, "doctor")["signer"]["result"] == "fail"
    with signing(directory, socket) as process, running(arc, bor):
        assert ok(*acting(arc, *GOODWILL, "--wait", "held", "--timeout", "30"))["state"] == "held"
        assert found_in(arc, "doctor")["signer"]["result"] == "ok"
        assert found_in(arc, "keys", "status")["node keys"]["state"] == "ok"
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        assert ok(*acting(arc, *GOODWILL))["state"] == "queued"
        wait_for(lambda: "keys-away" in codes(arc))
        assert "keys-back" not in codes(arc)
        # What they say meanwhile arrives, and is receipted later.
        before = channel(arc)["own_size"], channel(bor)["own_size"]
        assert ok(*acting(bor, *GOODWILL))["state"] == "logged"
        with signing(directory, socket) as again:
            wait_for(lambda: all_held(arc, before[0] + 1))
            wait_for(lambda: all_held(bor, before[1] + 1))
            assert "keys-back" in codes(arc)
            again.send_signal(signal.SIGTERM)
            assert again.wait(20) == 0
            assert not socket.exists()


def channel(home: Path) -> Any:
    """The one channel of a home, as its node sees it."""
    (found,) = ok("--home", home, "status")["channels"]
    return found


def codes(home: Path) -> list[str]:
    """The alarms that the node has told of."""
    return [one["code"] for one in channel(home)["details"]["alarms"]]


def all_held(home: Path, size: int) -> bool:
    """Whether everything that was sent is in the log, at least so much, and held by the other side."""
    found = channel(home)
    return not found["details"]["queued"] and size <= found["own_size"] == found["own_held"]
