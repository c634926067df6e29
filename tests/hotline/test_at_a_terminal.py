"""What a person at a terminal is asked, and in which order: a mistake costs one line, never what was written."""

import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.hotline.nodes import running
from tests.hotline.people import PASSPHRASE, ok, paired

pytestmark = pytest.mark.slow

TIMEOUT_S = 60.0


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, *arguments: str | Path) -> None:
        self.master, slave = pty.openpty()
        command = [sys.executable, "-c", "from hotline.cli.main import main; main()", *map(str, arguments)]
        # A session of its own, so that nobody asks at the terminal of whoever runs the tests.
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        os.set_blocking(self.master, False)
        self.seen = ""

    def until(self, words: str) -> None:
        """Wait until something stands on the screen."""
        end = time.monotonic() + TIMEOUT_S
        while words not in self.seen and time.monotonic() < end:
            with suppress(BlockingIOError, OSError):
                self.seen += os.read(self.master, 65536).decode()
            time.sleep(0.01)
        assert words in self.seen, self.seen

    def type(self, text: str) -> None:
        """Type a line; what stood on the screen before is looked at no more."""
        self.seen = ""
        os.write(self.master, text.encode() + b"\n")


@contextmanager
def terminal(*arguments: str | Path) -> Iterator[Terminal]:
    """Run a command at a terminal, and end it with the block."""
    found = Terminal(*arguments)
    try:
        yield found
    finally:
        found.process.kill()
        found.process.wait()
        os.close(found.master)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two homes with running nodes."""
    arc, bor = paired(tmp_path_factory.mktemp("terminal"))
    with running(arc, bor):
        yield arc, bor


def test_a_mistyped_passphrase_is_asked_for_again_before_anything_is_written(homes: tuple[Path, Path]) -> None:
    """First the key, then the fields, then the whole and the other side's name."""
    with terminal("--home", homes[0], "send", "goodwill") as screen:
        screen.until("Passphrase for officer duty")
        screen.type("something else")
        screen.until("once more")
        screen.until("Passphrase for officer duty")
        screen.type(PASSPHRASE.decode().strip())
        screen.until("Message (required")
        screen.type("Good morning.")
        screen.until("> ")
        screen.type("")
        screen.until("Sign and send this to BOR?")
        screen.type("y")
        screen.until("is logged at")
        assert screen.process.wait(TIMEOUT_S) == 0


def test_a_node_that_does_not_run_is_said_before_anything_is_written(tmp_path: Path) -> None:
    """Nobody fills in a form that cannot be sent."""
    arc, _ = paired(tmp_path)
    with terminal("--home", arc, "--passphrase-file", arc.parent / "passphrase", "send", "notification") as screen:
        screen.until("node-not-running")
        assert screen.process.wait(TIMEOUT_S) == 3
        assert "Title" not in screen.seen


def test_no_input_never_asks(homes: tuple[Path, Path]) -> None:
    """At a terminal too."""
    with terminal("--home", homes[0], "--no-input", "inbox") as screen:
        screen.until("passphrase-needed")
        assert screen.process.wait(TIMEOUT_S) == 2
    assert ok("--home", homes[0], "status")["node"] == "running"
