"""What a signer signed so far: one high-water mark for each log, and one for each log that a mirror cosigns.

    marks          ["hotline-signer-marks", 1, [[file, job, key, name, origin], ...]]
    <file>.mark    a high-water mark (nodes/highwater.py)
    lock           held while a signer runs

A mark is made and synced before the list names it, and listed before anything is signed under it. So one that is
listed and absent was taken away: the signer does not start. A mark holds the last checkpoint with its signatures, and
is synced before those leave.

Source: spec/signer.md, "Marks".
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from nodes.errors import NodeError
from nodes.files import make_directory, read_file, write_file
from nodes.highwater import SLOT_BYTES, HighWater
from protocol import canonical
from protocol.checkpoint import Checkpoint
from protocol.errors import ProtocolError

LIST_BYTES_MAX: Final = 256 * 1024
ORIGINS_MAX: Final = 64
"""Logs that one mirror key may cosign in its life: each successor of the other side's log is one more."""

_MAGIC, _VERSION = "hotline-signer-marks", 1

Job = Literal["log", "mirror"]


class MarkRefused(NodeError):
    """A checkpoint that must not be signed: the key was used for another one before."""

    def __init__(self, text: str) -> None:
        super().__init__("signer-refused", text)


@dataclass(frozen=True, slots=True)
class Use:
    """What a key signs checkpoints for.

    Attributes:
        job: of the key.
        key: its Ed25519 side, 64 hexadecimal digits.
        name: that it signs under.
        origin: of the log.
    """

    job: Job
    key: str
    name: str
    origin: str

    @property
    def file(self) -> str:
        """Name of its mark: a hash."""
        return sha256(canonical.encode([self.job, self.key, self.name, self.origin])).hexdigest()[:32]


class Marks:
    """See the module. Make it with `open`; many threads may use it.

    Args:
        directory: of the signer.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._marks: dict[Use, HighWater] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, directory: Path) -> Marks:
        """Open every mark; whoever calls has the directory's lock.

        Raises:
            NodeError: `signer-state-lost`; one that is listed is absent or cut short. Or one cannot be read.
        """
        make_directory(directory)
        marks = cls(directory)
        try:
            for use in marks._listed():
                path = marks._path(use)
                try:
                    size = path.stat().st_size
                except FileNotFoundError:
                    size = 0
                if size < 2 * SLOT_BYTES:
                    raise NodeError("signer-state-lost", f"{path} is not whole: it says what {use.origin} signed")
                marks._marks[use] = HighWater.open(path)
        except BaseException:
            marks.close()
            raise
        return marks

    def _path(self, use: Use) -> Path:
        return self._directory / f"{use.file}.mark"

    def _listed(self) -> list[Use]:
        path = self._directory / "marks"
        if not path.exists():
            if any(self._directory.glob("*.mark")) and not self._is_first():
                raise NodeError("signer-state-lost", f"{path} is absent, and there are marks")
            return []
        try:
            value = canonical.decode(read_file(path, bytes_max=LIST_BYTES_MAX), bytes_max=LIST_BYTES_MAX)
        except ProtocolError as error:
            raise NodeError("signer-state-lost", f"{path}: {error}") from error
        found: list[Use] = []
        match value:
            case ["hotline-signer-marks", 1, list(rows)]:
                for row in rows:
                    match row:
                        case [str(file), "log" | "mirror" as job, str(key), str(name), str(origin)]:
                            use = Use("log" if job == "log" else "mirror", key, name, origin)
                            if use.file == file:
                                found.append(use)
                                continue
                    raise NodeError("signer-state-lost", f"{path}: a line that names no mark")
                return found
            case _:
                raise NodeError("signer-state-lost", f"{path} is no list of marks")

    def _is_first(self) -> bool:
        """Whether the only marks are some that nothing was signed under: the first start was killed before its list."""
        return all(HighWater.peek(path) is None for path in self._directory.glob("*.mark"))

    def uses(self) -> list[Use]:
        """Everything that was ever signed for."""
        with self._lock:
            return list(self._marks)

    def mark(self, use: Use) -> HighWater:
        """The mark of one use, made if there is none.

        Raises:
            MarkRefused: the key has signed for something else that excludes this.
            NodeError: it cannot be made.
        """
        with self._lock:
            known = self._marks.get(use)
            if known is not None:
                return known
            self._check_new(use)
            rows = [[one.file, one.job, one.key, one.name, one.origin] for one in (*self._marks, use)]
            listed = canonical.encode([_MAGIC, _VERSION, rows])
            try:
                canonical.decode(listed, bytes_max=LIST_BYTES_MAX)
            except ProtocolError as error:
                # Whoever has the node may name many logs. What the next start could not read would end all signing.
                raise MarkRefused("the list of what was signed for is full") from error
            mark = HighWater.open(self._path(use))
            write_file(self._directory / "marks", listed)
            self._marks[use] = mark
            return mark

    def _check_new(self, use: Use) -> None:
        same = [one for one in self._marks if one.key == use.key]
        if any(one.job != use.job or one.name != use.name for one in same):
            raise MarkRefused(f"the key signed as {same[0].job} {same[0].name} before, and does nothing else")
        if same and use.job == "log":
            raise MarkRefused(f"the key is that of the log {same[0].origin}")
        if len(same) >= ORIGINS_MAX:
            raise MarkRefused(f"the mirror's key has cosigned {ORIGINS_MAX} logs; no more are known to it")
        if use.job == "mirror" and any(one.job == "log" and one.origin == use.origin for one in self._marks):
            raise MarkRefused(f"{use.origin} is our own log, which our mirror does not cosign")

    def close(self) -> None:
        """Let go of files."""
        for mark in self._marks.values():
            mark.close()


def check(mark: HighWater, checkpoint: Checkpoint) -> bool:
    """Refuse a checkpoint below or beside the last one; whoever calls has the mark's turn.

    Returns:
        Whether it is the last one once more.

    Raises:
        MarkRefused: a smaller size, or another root of the same.
    """
    last = mark.checkpoint
    if last is None or checkpoint.size > last.size:
        return False
    if checkpoint.size < last.size:
        raise MarkRefused(f"{last.size} entries were signed before, and nothing smaller is again: {checkpoint.size}")
    if checkpoint.root != last.root:
        raise MarkRefused(f"another root was signed for {last.size} entries of {last.origin}")
    return True
