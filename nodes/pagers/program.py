"""A pager that is a program of this machine.

It is started from a list, without a shell, in a session of its own, with the facts on its standard input and nearly
nothing in its environment. What it writes goes nowhere. Past its time the whole group is ended.

Source: spec/paging.md, "Programs".
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import Final

from nodes.pagers.errors import PagerFailed
from nodes.pagers.terms import ProgramTerms

ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


def call_program(terms: ProgramTerms, facts: bytes, *, limit_s: float) -> None:
    """Run the program and wait for it, on a thread.

    Raises:
        PagerFailed: it cannot be started, ends with another status than 0, or takes too long.
    """
    try:
        process = subprocess.Popen(
            terms.arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise PagerFailed(f"it cannot be started: {getattr(error, 'strerror', None) or error}") from error
    try:
        process.communicate(facts, timeout=limit_s)
    except subprocess.TimeoutExpired:
        # With everything that it started: the group is its own, and it has not been waited for yet.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise PagerFailed(f"it took more than {limit_s:g} s and was ended") from None
    if process.returncode != 0:
        raise PagerFailed(f"it ended with status {process.returncode}")
