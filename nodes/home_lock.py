"""The lock of a home: one process at a time may run it as a node, or bring its logs back."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nodes.errors import NodeError


class HomeLock:
    """Held until it is released or the process ends.

    Args:
        home: the directory.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._handle = -1

    def take(self) -> None:
        """Take it; nothing where it is held here already.

        Raises:
            NodeError: another copy runs (`node-running`), or the home cannot be written.
        """
        if self._handle >= 0:
            return
        path = self._home / "node.lock"
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NodeError("home-unwritable", f"{path}: {error.strerror}") from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise NodeError("node-running", f"a node of {self._home} is running already") from error

    def release(self) -> None:
        """Let go of it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Keep a home's node from running meanwhile.

    Raises:
        NodeError: as `HomeLock.take`.
    """
    lock = HomeLock(home)
    lock.take()
    try:
        yield
    finally:
        lock.release()
