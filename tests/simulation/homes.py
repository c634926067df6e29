"""Homes in memory: the files that a node reads at its start, and those that it keeps beside its logs.

What a start reads is the same in every life and every world, and lies in one directory. What is written (rosters,
evidence) belongs to a world and is forgotten with it; a world's disks are its stores and marks, and no fault strikes
these files.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path

from nodes import files
from nodes.errors import FileRefused
from nodes.home import ChannelHome

_really_read = files.read_file


class _Folder(type(Path())):  # type: ignore[misc]
    """A directory in which nothing changes."""

    def glob(self, pattern: str) -> Iterator[Path]:
        return iter(_listed(str(self), pattern))


@cache
def _listed(folder: str, pattern: str) -> tuple[Path, ...]:
    return tuple(Path(folder).glob(pattern))


@cache
def _read(path: Path, bytes_max: int) -> bytes:
    return _really_read(path, bytes_max=bytes_max)


class MemoryHome(ChannelHome):
    """A home from which every life of a node reads the same."""

    @cached_property
    def bootstrap(self) -> Path:
        return _Folder(super().bootstrap)

    @cached_property
    def outbox(self) -> Path:
        return _Folder(super().outbox)

    @cached_property
    def restored(self) -> Path:
        return super().restored


written: dict[Path, bytes] = {}
"""Files that nodes of the present world wrote."""


def make_directory(path: Path) -> None:
    """As `nodes.files.make_directory`."""


def write_file(path: Path, data: bytes, *, mode: int = files.SECRET_MODE, replace: bool = True) -> None:
    """As `nodes.files.write_file`."""
    del mode
    if not replace and path in written:
        raise FileRefused("file-exists", path, "there is a file already")
    written[path] = data


def read_file(path: Path, *, bytes_max: int = files.FILE_BYTES_MAX) -> bytes:
    """As `nodes.files.read_file`."""
    return written[path] if path in written else _read(path, bytes_max)
