"""What a run of the tests draws: which places, which cuts, which worlds.

Another commit tries others, and the same commit the same, so that what failed for one person fails for the next. Where
files differ from the commit, it is chance.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def drawn(variable: str, below: int) -> int:
    """A number that stays for this commit.

    Args:
        variable: of the environment; its value is taken instead, and it tells what is drawn for from everything else.
        below: the number is at least 0 and below this.
    """
    told = os.environ.get(variable)
    if told is not None:
        return int(told)
    commit = _commit()
    if commit is None:
        return secrets.randbelow(below)
    return int.from_bytes(sha256(f"{variable} {commit}".encode()).digest()) % below


@cache
def _commit() -> str | None:
    """The commit that is tried, or None where there is none or files differ from it."""
    try:
        changed = subprocess.run(
            ("git", "status", "--porcelain"), cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
        ).stdout
        if changed:
            return None
        head = ("git", "rev-parse", "HEAD")
        return subprocess.run(head, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
