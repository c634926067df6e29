"""What a process that holds keys asks of the system, each in a process of its own."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

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
