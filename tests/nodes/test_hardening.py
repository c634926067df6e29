"""What a process that holds keys asks of the system, each in a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from keys.keyring import OfficerKeyring
from nodes.key_files import write_keyring
from tests.hotline.nodes import wait_until_answering
from tests.hotline.people import acting, make_home
from tests.processes.pair import wait_until

SCRIPT = """
import ctypes, os, resource, sys
from pathlib import Path
from hotline.cli.settings import Settings
from nodes import tls
from tests.builders import keyring
Settings(passphrase_files=[Path(sys.argv[1])], no_input=True).passphrase(0, what="a test")
ring = keyring("ARC", bytes(32))
if len(sys.argv) > 2:
    os.setgid(65534)
    os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
tls.context(server=True, keyring=ring, anchors=[])
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))
"""


def _run(tmp_path: Path, *arguments: str) -> str:
    file = tmp_path / "passphrase"
    file.write_text("a passphrase")
    file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(file), *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_whoever_opens_keys_cannot_be_dumped(tmp_path: Path) -> None:
    """Once a passphrase was read the process is not dumpable, its core limit is zero, and TLS gets its key still."""
    assert _run(tmp_path) == "0 (0, 0)"


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can become somebody else")
def test_it_holds_for_a_common_user_too(tmp_path: Path) -> None:
    """A process that is not the superuser's hands its TLS key over through memory that nobody else may look into."""
    assert _run(tmp_path, "nobody") == "0 (0, 0)"


OPENS = """
import ctypes, resource, sys
from pathlib import Path
from keys.keyring import OfficerKeyring
from nodes.key_files import read_keyring
before = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
read_keyring(Path(sys.argv[1]), OfficerKeyring, b"a passphrase")
print(before, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_whatever_opens_a_key_file_cannot_be_dumped(tmp_path: Path) -> None:
    """Also a program that takes its passphrase from elsewhere: the demonstration, or one that is not written yet."""
    path = tmp_path / "officer.key"
    write_keyring(path, OfficerKeyring("ARC", "duty", 1, bytes(range(64))), b"a passphrase")
    done = subprocess.run([sys.executable, "-c", OPENS, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1 0 (0, 0)"


COMMON = ["setpriv", "--bounding-set=-all"] if os.geteuid() == 0 else []
"""Begins a command that runs without the superuser's rights."""


def may_read(pid: int) -> bool:
    """Whether a process of the same user and with the same rights may see into a process."""
    done = subprocess.run([*COMMON, "cat", f"/proc/{pid}/environ"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_a_running_node_is_closed_to_others_and_leaves_no_dump(tmp_path: Path) -> None:
    """What decides on dumps decides on who may look into it: nobody, unlike a program without keys. Killed by SIGSEGV
    and by SIGABRT it leaves nothing."""
    arc = make_home(tmp_path, "ARC")
    room = tmp_path / "room"
    room.mkdir()
    with subprocess.Popen([*COMMON, "sleep", "60"]) as other:
        wait_until(lambda: may_read(other.pid), lambda: "the check itself does not work")
        other.kill()
    program = "import os, sys; os.chdir(sys.argv.pop(1)); from hotline.cli.main import main; main()"
    for number in (signal.SIGSEGV, signal.SIGABRT):
        command = [*COMMON, sys.executable, "-c", program, str(room), *map(str, acting(arc, "node", "run"))]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as node:
            try:
                wait_until_answering(arc)
                assert not may_read(node.pid)
                limits = Path(f"/proc/{node.pid}/limits").read_text()
                assert re.search(r"(?m)^Max core file size +0 +0 ", limits)
            finally:
                node.send_signal(number)
            assert node.wait(20) == -number
    assert not list(room.iterdir())
