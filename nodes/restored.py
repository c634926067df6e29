"""A line whose disk was put back: what it began with, what came back, and the record that says so.

A restored home has `restored.json` beside each channel's logs. It says of which moment the backup is, or that no log
came with it; it stays until the line may speak again. Where no log came with it, a counterpart that holds nothing is no
reason to begin a new one: there was one, and its key would sign a second past.

Source: spec/recovery.md, "After a restore".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import structlog

from nodes.errors import FileRefused, HomeRefused
from nodes.files import read_file, write_file
from nodes.home import ChannelHome
from nodes.store import LogStore
from protocol.glance import glance

SAY_EVERY = 1_000
"""Entries between two lines of the log that say how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The record.

    Attributes:
        backup_at_ms: when the backup was made, UTC milliseconds; None where there was none with logs.
        restored_at_ms: when it was put in place.
        bereft: whether the channel's logs did not come with it.
    """

    backup_at_ms: int | None
    restored_at_ms: int
    bereft: bool


def write(home: ChannelHome, record: Restored) -> None:
    """Leave the record.

    Raises:
        FileRefused: the file system refused.
    """
    values = {
        "backup_at_ms": record.backup_at_ms,
        "bereft": record.bereft,
        "restored_at_ms": record.restored_at_ms,
    }
    write_file(home.restored, json.dumps(values).encode() + b"\n")


def read(home: ChannelHome) -> Restored | None:
    """Read the record; None where there is none.

    Raises:
        HomeRefused: it does not parse. A line that cannot tell whether it was put back does not start.
    """
    try:
        values = json.loads(read_file(home.restored))
        backup_at_ms, restored_at_ms, bereft = values["backup_at_ms"], values["restored_at_ms"], values["bereft"]
    except FileRefused as error:
        if error.code == "file-missing":
            return None
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise HomeRefused("home-file-malformed", f"{home.restored}: {type(error).__name__}: {error}") from error
    if type(backup_at_ms) not in (int, type(None)) or type(restored_at_ms) is not int or type(bereft) is not bool:
        raise HomeRefused("home-file-malformed", f"{home.restored}: a value of another type")
    return Restored(backup_at_ms=backup_at_ms, restored_at_ms=restored_at_ms, bereft=bereft)


def is_bereft(home: ChannelHome) -> bool:
    """Whether there was a log of this channel of which nothing came with the home."""
    record = read(home)
    return record is not None and record.bereft


class Return:
    """How far the return of a line's own log is.

    Args:
        home: the channel's files.
        silent: whether the line does not speak in this process, however whole it becomes (`hotline recover`).
        found: sizes of our log and of the mirror at the start.
        log: of the line.

    Attributes:
        silent: as given.
        whole: whether all of it was here at some time since the start.
    """

    def __init__(
        self, *, home: ChannelHome, silent: bool, found: tuple[int, int], log: structlog.typing.FilteringBoundLogger
    ) -> None:
        self.silent = silent
        self.whole = False
        self._home = home
        self._found = found
        self._log = log
        self._record = read(home)
        self._said = found[0]
        self._put_back = self._record is not None

    @property
    def put_back(self) -> bool:
        """Whether the disk was an older one at the start, or had less than the counterpart holds."""
        return self._put_back

    def came(self, size: int, goal: int | None) -> None:
        """More of our log came back."""
        self._put_back = True
        if goal is None or size - self._said >= SAY_EVERY:
            self._said = size
            self._log.warning("own log comes back", entries=size, of=goal or size)

    def shown(self, size: int, goal: int | None) -> dict[str, Any] | None:
        """As `status` shows it; None where nothing is missing and nothing was put back."""
        record = self._record
        if goal is None and record is None:
            return None
        return {
            "entries": size,
            "goal": goal,
            "backup_at_ms": None if record is None else record.backup_at_ms,
            "restored_at_ms": None if record is None else record.restored_at_ms,
        }

    def claim(self, store: LogStore) -> str:
        """What to say where our log was put back and theirs says that they once held more of it; empty otherwise.

        Their word is no signature of ours and stops nothing; but if it is true, that end is at neither side any more.
        """
        size = store.head(store.their).size
        if not self._put_back or size == 0:
            return ""
        held = glance(store.read(store.their, size - 1, size)[0]).held_size
        own = store.head(store.own).size
        if held <= own:
            return ""
        return f"their log says that they held {held} entries of ours, and {own} came back: the rest is lost"

    def ended(self, store: LogStore) -> None:
        """The line speaks again: say what came back, and forget that anything was missing.

        Raises:
            OSError: the record cannot be removed.
        """
        own, their = (
            store.head(voice).size - size for voice, size in zip((store.own, store.their), self._found, strict=True)
        )
        if self._record is not None:
            self._log.warning("restored line goes on", own_came_back=own, theirs_came_back=their)
            self._home.restored.unlink(missing_ok=True)
            self._record = None
