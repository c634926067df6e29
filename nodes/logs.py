"""Structured logs: one JSON object a line on standard error or in a file, without contents and without keys.

Only codes, sizes, serials, peers' short names and times are given to a logger. The JSON renderer escapes control
characters, so that nothing from outside can forge a line or move a cursor.

A file is looked for by its name at every line. Whoever rotates it moves it away, or removes it; the next line is the
first of a new one, and none is lost or torn between the two. A log that cannot be written stops no line.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any, Protocol, TextIO

import structlog

from nodes.errors import NodeError

LEVELS = ("debug", "info", "warning", "error")


class Lines(Protocol):
    """Where lines go."""

    def write(self, line: str, /) -> object:
        """Write one."""


class PatientStream:
    """A stream whose lines may be lost, for which nobody waits: a full disk behind it ends no node.

    Once it takes lines again, one says that others may be missing there.

    Args:
        stream: mostly standard error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._failed = False

    def write(self, line: str, /) -> None:
        """Write one line, if that can be done."""
        gap = '{"event": "log lines may be missing here", "level": "warning"}\n' if self._failed else ""
        try:
            self._stream.write(gap + line)
            self._stream.flush()
        except OSError:
            self._failed = True
        else:
            self._failed = False

    def flush(self) -> None:
        """Nothing is kept back."""


class LogFile:
    """A log in a file that others may move away. One thread writes at a time, as structlog sees to.

    Args:
        path: its name; the directory must exist.
        other: where lines go that cannot be written to it.

    Raises:
        NodeError: `home-unwritable`; it cannot be opened.
    """

    def __init__(self, path: Path, other: Lines) -> None:
        self._path = path
        self._other = other
        self._handle = -1
        self._torn = False
        try:
            self._open()
        except OSError as error:
            raise NodeError("home-unwritable", f"{path}: {error.strerror}") from error

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(self._path, flags, 0o600)
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = handle
        self._torn = False

    def _is_there(self) -> bool:
        """Whether the name still leads to the file that is open."""
        try:
            return os.path.samestat(os.stat(self._path, follow_symlinks=False), os.fstat(self._handle))
        except OSError:
            return False

    def write(self, line: str) -> None:
        """Write one line, whole, to the file that has the name now."""
        data = line.encode()
        try:
            if not self._is_there():
                self._open()
            if self._torn:
                data = b"\n" + data
            while data:
                data = data[os.write(self._handle, data) :]
                self._torn = bool(data)
        except OSError:
            # A full disk, mostly. A line whose beginning is in the file is there in full on the other side.
            self._other.write(line)

    def flush(self) -> None:
        """Nothing is kept back."""


def configure(level: str, path: Path | None = None) -> None:
    """Set up logging for a node's process.

    Args:
        level: one of LEVELS.
        path: of the file; None for standard error.

    Raises:
        NodeError: `home-unwritable`; the file cannot be opened.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    other = PatientStream(sys.stderr)
    target: Any = other if path is None else LogFile(path, other)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        # Writes a line with its end in one call, so that a file never changes in the middle of one.
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=True,
    )
    # The transport's own logger prints frames at its lowest level and tracebacks for what a peer does wrong; what
    # matters of that is logged here by its code.
    for name in ("websockets", "websockets.server", "websockets.client", "asyncio", "uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def logger(**bound: Any) -> structlog.typing.FilteringBoundLogger:
    """A logger that says these things with every event."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger(**bound)
    return log
