"""What was taken in before, so that nothing is taken in twice: one line a report, in the home of whoever takes it in.

    {"at_ms": ..., "digest": "...", "marks": [...], "source": "VERIS 0022...", "state": "kept", "statement": "5f3a..."}

A line is written before its draft is handed to the node (`trying`) and another once the node has it (`kept`): what a
crash cuts short is asked for at the node when it comes again. A line that a crash tore is no line.

Source: spec/intake.md, "Twice".
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from hotline.errors import CouldNot
from hotline.intake.report import Report
from nodes.errors import FileRefused
from nodes.files import SECRET_MODE, read_file

FILE_BYTES_MAX = 256 * 1024 * 1024
TRYING, KEPT = "trying", "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One report that was taken in.

    Attributes:
        source: how its source names it.
        digest: of what was reported.
        marks: what it has in common with another report of the same incident.
        statement: id of its draft, hexadecimal.
        state: `trying` or `kept`.
        at_ms: when, UTC milliseconds.
    """

    source: str
    digest: str
    marks: tuple[str, ...]
    statement: str
    state: str
    at_ms: int


class Ledger:
    """The lines of one channel. Without a path nothing is kept beyond the run."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lines: dict[str, Line] = {}
        self._marks: dict[str, str] = {}

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Ledger]:
        """Open the ledger of a channel, for this process alone.

        Raises:
            CouldNot: `intake-busy`; another run has it.
            FileRefused: it cannot be read or written.
        """
        ledger = cls(path)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SECRET_MODE)
        except OSError as error:
            raise FileRefused("file-not-written", path, error.strerror or str(error)) from error
        with os.fdopen(handle, "rb") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CouldNot("intake-busy", f"another intake has {path}") from error
            ledger._read()
            yield ledger

    def _read(self) -> None:
        if self._path is None:
            return
        whole, newline, torn = read_file(self._path, bytes_max=FILE_BYTES_MAX).rpartition(b"\n")
        if torn:
            os.truncate(self._path, len(whole) + len(newline))
        for number, raw in enumerate(whole.splitlines(), 1):
            try:
                told = json.loads(raw)
                self._take(Line(**{**told, "marks": tuple(told["marks"])}))
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                text = f"{self._path}, line {number}, is no line of a ledger"
                raise CouldNot("home-file-malformed", text) from error

    def _take(self, line: Line) -> None:
        self._lines[line.source] = line
        self._marks.update(dict.fromkeys(line.marks, line.source))

    def known(self, report: Report) -> Line | None:
        """What was taken in under the name of a report."""
        return self._lines.get(report.source_id)

    def alike(self, report: Report, marks: Iterable[str]) -> str | None:
        """The name of another report that seems to be of the same incident."""
        found = (self._marks.get(mark) for mark in sorted(marks))
        return next((one for one in found if one is not None and one != report.source_id), None)

    def note(self, report: Report, marks: Iterable[str], *, statement: str, state: str, at_ms: int) -> None:
        """Write down how far a report has come, durably.

        Raises:
            FileRefused: it cannot be written.
        """
        line = Line(
            source=report.source_id,
            digest=report.digest,
            marks=tuple(sorted(marks)),
            statement=statement,
            state=state,
            at_ms=at_ms,
        )
        if self._path is not None:
            raw = json.dumps(asdict(line), sort_keys=True).encode() + b"\n"
            try:
                with self._path.open("ab") as stream:
                    stream.write(raw)
                    stream.flush()
                    os.fsync(stream.fileno())
            except OSError as error:
                raise FileRefused("file-not-written", self._path, error.strerror or str(error)) from error
        self._take(line)
