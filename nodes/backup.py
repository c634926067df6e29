"""Backups: one sealed file with everything of a home that cannot be made again, written while the node runs.

The copy is consistent without stopping anything. Of each channel the high-water mark is read first and the logs are
copied after it, in one read transaction of the database: so the copy has at least what was signed by then, whatever is
written meanwhile. Documents and keys are whole files that are replaced and never changed in place. The file is sealed
part by part (`keys/sealed_stream.py`), so that its size costs no memory, written beside its place, synced and linked.

Source: spec/recovery.md, "Backup files".
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import apsw

from keys.envelope import COST, NONCE_BYTES, SALT_BYTES, Cost
from keys.sealed_stream import KEY_BYTES, Sealer
from nodes.backup_files import FULL, PURPOSE, VERSION, BackupRefused, beside, paths, record
from nodes.config import NodeConfig
from nodes.errors import FileRefused
from nodes.files import SECRET_MODE, sync_directory, write_file
from nodes.highwater import HighWater
from nodes.home import ChannelHome, NodeHome
from nodes.journal_home import folders
from nodes.sqlite_store import SqliteStore
from nodes.stopped import read_agreement

PIECE_BYTES: Final = 1 << 20
LOOK_EVERY_S: Final = 0.2

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many bytes of it are, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """What was written.

    Attributes:
        path: the file.
        kind: `full` or `keys`.
        bytes: of the file.
        sizes: of our log and the mirror, by counterpart; none in a backup of keys.
        roots_here: whether there are root keys in the home, which are not in the backup.
    """

    path: Path
    kind: str
    bytes: int
    sizes: dict[str, tuple[int, int]]
    roots_here: bool


def back_up(
    home: NodeHome,
    out: Path,
    passphrase: bytes,
    *,
    kind: str,
    now_ms: int,
    progress: Progress = lambda *_: None,
    cost: Cost = COST,
) -> BackedUp:
    """Write a backup of a home.

    Args:
        home: whose node may run.
        out: the file, which must not exist.
        passphrase: that opens it.
        kind: `full`, or `keys` for keys, settings and documents without the logs.
        now_ms: the time, UTC milliseconds.
        progress: told how far it is.
        cost: what a guess at the passphrase costs. Lower it in tests only.

    Raises:
        BackupRefused: a channel's logs cannot be copied.
        FileRefused: the file is there already, or cannot be written; or one of the home's cannot be read, and is named.
        NodeError: the home is not one.
    """
    if out.exists():
        raise FileRefused("file-exists", out, "there is a file already")
    sizes: dict[str, tuple[int, int]] = {}
    try:
        with _beside(out) as (stream, directory):
            sealer = Sealer(
                passphrase,
                purpose=PURPOSE,
                key=secrets.token_bytes(KEY_BYTES),
                salt=secrets.token_bytes(SALT_BYTES),
                nonce=secrets.token_bytes(NONCE_BYTES),
                cost=cost,
            )
            stream.write(sealer.head)
            written = _Written(stream, sealer)
            written.record("backup", VERSION, home.party, now_ms, kind)
            for name in paths(home, kind):
                written.file(name, home.path / name)
            for channel in home.channels() if kind == FULL else ():
                if channel.log_db.is_file():
                    copy = directory / "log.db"
                    sizes[channel.counterpart] = _logs(home, channel, copy, written, progress)
                    copy.unlink()
            for journal in folders(home) if kind == FULL else ():
                copy = directory / "journal.db"
                _copy(journal.database, copy, progress)
                written.file(f"journal/{journal.path.name}/journal.db", copy, progress)
                copy.unlink()
            written.end()
            stream.flush()
            os.fsync(stream.fileno())
            size = stream.tell()
            out.hardlink_to(directory / "backup")
        sync_directory(out.parent)
    except FileExistsError as error:
        raise FileRefused("file-exists", out, "there is a file already") from error
    except OSError as error:
        raise FileRefused("file-not-written", out, error.strerror or str(error)) from error
    roots_here = home.roots.is_dir() and any(home.roots.glob("*.key"))
    done = BackedUp(path=out, kind=kind, bytes=size, sizes=sizes, roots_here=roots_here)
    if kind == FULL:
        _leave_record(home, done, now_ms)
    return done


@contextmanager
def _beside(out: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file and a directory for what is needed meanwhile, beside the file's place and for its owner only."""
    directory = Path(tempfile.mkdtemp(prefix=beside(out), dir=out.parent))
    try:
        handle = os.open(directory / "backup", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, SECRET_MODE)
        with os.fdopen(handle, "wb") as stream:
            yield stream, directory
    finally:
        shutil.rmtree(directory)


class _Written:
    """Records on their way into the file."""

    def __init__(self, stream: BinaryIO, sealer: Sealer) -> None:
        self._stream = stream
        self._sealer = sealer
        self._records = 0

    def record(self, *items: str | int | bytes | None) -> None:
        """Write a record."""
        self._records += 1
        self._stream.write(self._sealer.update(record(*items)))

    def file(self, name: str, path: Path, progress: Progress = lambda *_: None) -> None:
        """Write a file, as long as it was when this began.

        Raises:
            FileRefused: it cannot be read.
            OSError: what was read cannot be written.
        """
        with _opened(path) as source:
            size = left = os.fstat(source.fileno()).st_size
            self.record("file", name, size)
            while left:
                piece = _piece(source, path, min(left, PIECE_BYTES))
                if not piece:
                    raise BackupRefused("backup-not-made", f"{path} became shorter meanwhile")
                left -= len(piece)
                self._stream.write(self._sealer.update(piece))
                progress(f"sealing {name}", size - left, size)

    def end(self) -> None:
        """Write the last record."""
        self.record("end", self._records)
        self._stream.write(self._sealer.finish())


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise FileRefused("file-not-read", path, error.strerror or str(error)) from error


def _piece(source: BinaryIO, path: Path, size: int) -> bytes:
    try:
        return source.read(size)
    except OSError as error:
        raise FileRefused("file-not-read", path, error.strerror or str(error)) from error


def _logs(home: NodeHome, channel: ChannelHome, copy: Path, written: _Written, progress: Progress) -> tuple[int, int]:
    """The mark and then the logs of a channel; returns the sizes of the two logs in the copy."""
    apart = NodeConfig.load(home.config_path).high_water
    mark = channel.high_water
    if apart is not None:
        mark = apart / f"{read_agreement(channel).log_id(home.party)}.mark"
    note = HighWater.peek(mark)
    _copy(channel.log_db, copy, progress)
    store = SqliteStore.open(copy, own=home.party, their=channel.counterpart, readonly=True)
    try:
        sizes = store.head(store.own).size, store.head(store.their).size
    finally:
        store.close()
    written.record("mark", channel.counterpart, note)
    written.file(f"channels/{channel.counterpart}/log.db", copy, progress)
    return sizes


def _copy(source: Path, target: Path, progress: Progress) -> None:
    """A database as it is at one moment, beside whoever writes to it."""
    ended = threading.Event()
    name = f"copying {source.parent.name}/{source.name}"

    def watch() -> None:
        total = source.stat().st_size
        while not ended.wait(LOOK_EVERY_S):
            if target.exists():
                progress(name, min(target.stat().st_size, total), total)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(10_000)
            connection.execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()
    except apsw.FullError as error:
        raise BackupRefused("disk-full", f"{target.parent}: there is no room for a copy of {source}") from error
    except apsw.Error as error:
        raise BackupRefused("backup-not-made", f"{source}: {error}") from error
    finally:
        ended.set()
        watcher.join()


def _leave_record(home: NodeHome, done: BackedUp, at_ms: int) -> None:
    """Say in the home when its last backup was made, for `hotline doctor`."""
    values = {
        "at_ms": at_ms,
        "bytes": done.bytes,
        "kind": done.kind,
        "sizes": {name: {"own": own, "their": their} for name, (own, their) in sorted(done.sizes.items())},
    }
    write_file(home.path / "backup.json", json.dumps(values).encode() + b"\n")
