"""A disk that keeps what was synced, and of the rest whatever it likes.

A write, a new size and a change of a name are only promised once its file, or the directory of the name, was synced.
After a power cut each unsynced write is there, is not there, or is there in some of its sectors; of the changes of
names in a directory the first ones are there, up to any.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from tests.faults.record import Op

SECTOR_BYTES: Final = 512
MODES: Final = ("nothing", "everything", "chance", "torn")
"""What is left of what was not synced: nothing, all of it (as after kill -9), some writes, some sectors of writes."""


@dataclass(slots=True)
class Inode:
    """The contents of one file.

    Attributes:
        kept: what is safe.
        pending: writes and new sizes since the last sync: (offset, data), or (size, None).
    """

    kept: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        """Make everything safe."""
        for offset, data in self.pending:
            _apply(self.kept, offset, data)
        self.pending.clear()

    def after_cut(self, mode: str, chance: random.Random) -> bytes:
        """What is left after a power cut."""
        left = bytearray(self.kept)
        if mode != "nothing":
            for offset, data in self.pending:
                if mode != "everything" and chance.random() < 0.5:
                    continue
                if mode == "torn" and data is not None:
                    for start, part in _sectors(offset, data):
                        if chance.random() < 0.5:
                            _apply(left, start, part)
                else:
                    _apply(left, offset, data)
        return bytes(left)


def _apply(contents: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del contents[offset:]
        contents.extend(bytes(offset - len(contents)))
        return
    contents.extend(bytes(max(0, offset - len(contents))))
    contents[offset : offset + len(data)] = data


def _sectors(offset: int, data: bytes) -> list[tuple[int, bytes]]:
    """A write in parts that end where sectors do."""
    first = SECTOR_BYTES - offset % SECTOR_BYTES
    starts = [0, *range(first, len(data), SECTOR_BYTES)]
    return [(offset + a, data[a:b]) for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]


class Disk:
    """The files of one home, as a record of system calls goes on.

    Args:
        files: what is there and safe, by its path.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._now: dict[str, Inode] = {path: Inode(bytearray(data)) for path, data in files.items()}
        self._safe: dict[str, Inode] = dict(self._now)
        self._names: list[tuple[str, str, Inode | None]] = []

    @classmethod
    def of(cls, home: Path) -> Disk:
        """The files of a home while no node runs."""
        return cls({str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()})

    def do(self, op: Op) -> None:
        """Carry out one step."""
        match op.name:
            case "create" if op.path not in self._now:
                self._name(op.path, Inode())
            case "write":
                self._now[op.path].pending.append((op.offset, op.data))
            case "resize":
                self._now[op.path].pending.append((op.offset, None))
            case "sync" if op.path in self._now:
                self._now[op.path].sync()
            case "sync":
                self._sync_directory(op.path)
            case "rename":
                self._name(op.to, self._now[op.path])
                self._name(op.path, None)
            case "link":
                self._name(op.to, self._now[op.path])
            case "unlink" if op.path in self._now:
                self._name(op.path, None)
            case _:
                return

    def _name(self, path: str, inode: Inode | None) -> None:
        """A name comes to lead to a file, or to none."""
        self._names.append((str(PurePosixPath(path).parent), path, inode))
        _lead(self._now, path, inode)

    def _sync_directory(self, directory: str) -> None:
        for parent, path, inode in self._names:
            if parent == directory:
                _lead(self._safe, path, inode)
        self._names = [one for one in self._names if one[0] != directory]

    def cut(self, mode: str, chance: random.Random) -> dict[str, bytes]:
        """The files that are there after a power cut now, by their path."""
        names = dict(self._safe)
        left: dict[str, int] = {}
        for parent in {parent for parent, _, _ in self._names}:
            count = sum(one[0] == parent for one in self._names)
            left[parent] = {"nothing": 0, "everything": count}.get(mode, chance.randrange(count + 1))
        for parent, path, inode in self._names:
            if left[parent]:
                left[parent] -= 1
                _lead(names, path, inode)
        return {path: inode.after_cut(mode, chance) for path, inode in names.items()}


def _lead(names: dict[str, Inode], path: str, inode: Inode | None) -> None:
    if inode is None:
        names.pop(path, None)
    else:
        names[path] = inode
