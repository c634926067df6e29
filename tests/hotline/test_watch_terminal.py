"""`hotline watch` at a real terminal, with a real node that says things, ends and starts again."""

import fcntl
import json
import os
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hotline.nodes import start, stop, wait_until_up
from tests.hotline.people import acting, ok, paired
from tests.hotline.test_at_a_terminal import Terminal, terminal

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-c", "from hotline.cli.main import main; main()"]


class Nodes:
    """Two homes whose nodes run, and may be ended."""

    def __init__(self, arc: Path, bor: Path) -> None:
        self.arc, self.bor = arc, bor
        self.processes: dict[Path, subprocess.Popen[bytes]] = {}

    def start(self, *homes: Path) -> None:
        """Start nodes and wait for their lines."""
        for home in homes:
            self.processes[home] = start(home)
        for home in homes:
            wait_until_up(home)

    def end(self, home: Path) -> None:
        """End a node."""
        stop(self.processes.pop(home))

    def say(self, *more: str) -> str:
        """BOR says something; its serial."""
        words = ("send", "goodwill", "--set", "message=x", *more, "--wait", "held", "--timeout", "20")
        serial: str = ok(*acting(self.bor, *words))["serial"]
        return serial


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Both up."""
    found = Nodes(*paired(tmp_path_factory.mktemp("watch")))
    found.start(found.arc, found.bor)
    yield found
    for home in list(found.processes):
        found.end(home)


def resize(screen: Terminal, columns: int, lines: int) -> None:
    """Give the window another size."""
    fcntl.ioctl(screen.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def press(screen: Terminal, keys: str) -> None:
    """Press keys, without the return key."""
    screen.seen = ""
    os.write(screen.master, keys.encode())


def quiet(screen: Terminal, seconds: float = 3.0, patience_s: float = 20.0) -> bool:
    """Whether the bell ends: none rings for a while, once what was under way is read."""
    end = time.monotonic() + patience_s
    since = time.monotonic()
    while since + seconds > time.monotonic():
        try:
            read = os.read(screen.master, 65536).decode()
        except BlockingIOError:
            time.sleep(0.05)
            continue
        if "\a" in read:
            since = time.monotonic()
        if time.monotonic() > end:
            return False
    screen.seen = ""
    return True


def test_a_night_at_the_desk(nodes: Nodes) -> None:
    """A flash rings until it is acknowledged; the node ends and the desk says that it is silent; it comes back by
    itself; a window may be resized; leaving puts the terminal back."""
    watch = acting(nodes.arc, "watch")
    with terminal(*(one for one in watch if one != "--no-input")) as screen:
        resize(screen, 100, 30)
        screen.until("said to us")
        screen.until("*** demonstration: nothing said here is meant ***")
        serial = nodes.say("--precedence", "flash")
        screen.until(f"FLASH {serial} goodwill: not opened yet")
        screen.until("\a")
        press(screen, "a")
        screen.until("calls for you (0)")
        assert quiet(screen)
        nodes.end(nodes.arc)
        screen.until("THIS DESK IS SILENT since")
        screen.until("\a")
        screen.seen = ""
        nodes.start(nodes.arc)
        # The line stands where the silence stood.
        screen.until("\x1b[3;1HBOR  line ")
        screen.seen = ""
        resize(screen, 60, 20)
        screen.until("\x1b[20;1H")
        assert "SILENT" not in screen.seen
        press(screen, "q")
        screen.until("\x1b[?1049l")
        assert screen.process.wait(20) == 0


def test_acknowledging_elsewhere_ends_the_sound(nodes: Nodes) -> None:
    """Whoever opens the statement at another desk has it."""
    watch = acting(nodes.arc, "watch")
    with terminal(*(one for one in watch if one != "--no-input")) as screen:
        resize(screen, 100, 30)
        screen.until("said to us")
        serial = nodes.say("--precedence", "immediate")
        screen.until(f"IMMEDIATE {serial} goodwill: not opened yet")
        ok(*acting(nodes.arc, "show", serial))
        screen.until("calls for you (0)")
        assert quiet(screen)
        screen.process.send_signal(signal.SIGTERM)
        screen.until("\x1b[?1049l")
        assert screen.process.wait(20) == 0


def test_lines_for_programs(nodes: Nodes, tmp_path: Path) -> None:
    """One JSON object a line: a page that calls, is taken, and a command that sounds until then."""
    sounded = tmp_path / "sounded"
    program = tmp_path / "sound"
    program.write_text(f"#!/bin/sh\necho once >> {sounded}\nexec sleep 60\n")
    program.chmod(0o755)
    with (nodes.arc / "officers" / "duty" / "officer.toml").open("a") as settings:
        settings.write(f'sound_command = "{program}"\n')
    words = [str(one) for one in acting(nodes.arc, "watch", "--json")]
    with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        serial = nodes.say("--precedence", "priority")
        page = _record(process.stdout, "calls", serial)["page"]
        ok(*acting(nodes.arc, "pages", "ack", page["id"]))
        assert _record(process.stdout, "taken", serial)["text"].endswith("by person 1")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert sounded.read_text() == "once\n"


def _record(stream: Any, event: str, serial: str) -> dict[str, Any]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        record: dict[str, Any] = json.loads(stream.readline())
        if record["event"] == event and record["page"]["serial"] == serial:
            return record
    raise AssertionError(event)


def test_without_a_terminal_lines_are_asked_for(nodes: Nodes) -> None:
    """A screen in a pipe would be of use to nobody."""
    done = subprocess.run(
        [*COMMAND, *map(str, acting(nodes.arc, "watch"))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "give --plain or --json" in done.stderr
