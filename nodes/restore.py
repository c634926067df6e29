"""Restoring a home from a backup: all of it verified in a directory beside the place, and then put there in one step.

Nothing that is there is overwritten, and nothing appears before the file has come to its end, every signature, hash and
body in it has been checked, and all of it is on the disk. A restored home is an old one: what was said since then is
not in it. So each channel gets a record that says so (`nodes/restored.py`), and its line asks the counterpart before it
signs anything.

Source: spec/recovery.md, "Restoring".
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from keys.errors import EnvelopeRefused, KeysError, PassphraseRefused
from keys.sealed_stream import open_stream
from nodes import restored, rosters
from nodes.backup import PIECE_BYTES, Progress
from nodes.backup_files import (
    FILES_MAX,
    FULL,
    PURPOSE,
    RECORD_BYTES_MAX,
    BackupRefused,
    Head,
    beside,
    check_path,
    parse_head,
    parse_record,
)
from nodes.config import NodeConfig
from nodes.errors import FileRefused, NodeError
from nodes.files import DIRECTORY_MODE, SECRET_MODE, sync_directory
from nodes.highwater import HighWater
from nodes.home import ChannelHome, NodeHome
from nodes.journal_home import JournalFolder, folders
from nodes.past import check_epoch, open_past
from nodes.restored import Restored
from nodes.sqlite_store import SqliteStore
from nodes.stopped import read_agreement
from nodes.store import OWN_SIGNED
from nodes.store_check import Keys, check_log, check_store, checked
from protocol.agreement import Agreement
from protocol.errors import ProtocolError
from protocol.line_keys import voice_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """What was restored, or would be.

    Attributes:
        head: what the backup says of itself.
        sizes: of our log and the mirror, by counterpart; None where no logs are in it.
        files: how many.
    """

    head: Head
    sizes: dict[str, tuple[int, int] | None]
    files: int


def restore(
    source: Path,
    target: Path | None,
    passphrase: bytes,
    *,
    now_ms: int,
    party: str | None = None,
    scratch: Path | None = None,
    progress: Progress = lambda *_: None,
) -> PutBack:
    """Restore a home.

    Args:
        source: the backup.
        target: where the home is to be; nothing may be there. None to verify only.
        passphrase: that opens the backup.
        now_ms: the time, UTC milliseconds.
        party: whose home it must be, or None for anybody's.
        scratch: where it is unpacked to be verified only; the backup's own directory if None.
        progress: told how far it is.

    Raises:
        PassphraseRefused: another passphrase.
        BackupRefused: `backup-refused`; it is not whole, what is in it does not verify, or it is another party's.
        FileRefused: something is at the target, the file cannot be read, or there is no room.
    """
    if target is not None and (target.exists() or target.is_symlink()):
        raise FileRefused("home-exists", target, "there is something at that place already")
    if not source.is_file():
        raise FileRefused("file-missing", source, "there is no such file")
    near = target if target is not None else (scratch or source.parent) / source.name
    try:
        directory = Path(tempfile.mkdtemp(prefix=beside(near), dir=near.parent))
        try:
            home = directory / "home"
            home.mkdir(mode=DIRECTORY_MODE)
            with source.open("rb") as stream:
                unpacked = _Unpacked(
                    _Reader(stream.read, passphrase, os.fstat(stream.fileno()).st_size, progress), home
                )
                unpacked.all()
            done = _check(NodeHome(home), unpacked, party, now_ms, progress)
            if target is not None:
                _sync(home)
                os.rename(home, target)
                sync_directory(target.parent)
        finally:
            shutil.rmtree(directory)
    except OSError as error:
        place = Path(str(error.filename)) if error.filename else near
        raise FileRefused("file-not-written", place, error.strerror or str(error)) from error
    return done


class _Reader:
    """The contents of a sealed file, as many bytes at a time as are asked for."""

    def __init__(self, read: object, passphrase: bytes, total: int, progress: Progress) -> None:
        self._parts: Iterator[bytes] = open_stream(read, passphrase, purpose=PURPOSE)  # type: ignore[arg-type]
        self._left = b""
        self._total = total
        self._done = 0
        self._progress = progress

    def some(self, most: int) -> bytes:
        """At least one byte and at most so many; none at the end."""
        while not self._left:
            try:
                part = next(self._parts, None)
            except PassphraseRefused:
                raise
            except EnvelopeRefused as error:
                raise BackupRefused("backup-refused", str(error)) from error
            if part is None:
                return b""
            self._done += len(part)
            self._left = part
            self._progress("opening", min(self._done, self._total), self._total)
        found, self._left = self._left[:most], self._left[most:]
        return found

    def exactly(self, count: int) -> bytes:
        """So many bytes.

        Raises:
            BackupRefused: there are fewer.
        """
        pieces, left = [], count
        while left:
            piece = self.some(left)
            if not piece:
                raise BackupRefused("backup-refused", "it ends in the middle of a record")
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)


class _Unpacked:
    """The records of a backup, put into a directory.

    Attributes:
        head: the first one.
        marks: high-water marks by counterpart.
        files: how many there were.
    """

    head: Head

    def __init__(self, reader: _Reader, directory: Path) -> None:
        self._reader = reader
        self._directory = directory
        self.marks: dict[str, bytes | None] = {}
        self.files = 0

    def all(self) -> None:
        """Read to the end.

        Raises:
            BackupRefused, PassphraseRefused: see `restore`.
        """
        self.head = parse_head(self._record())
        records = 1
        while True:
            items = self._record()
            match items:
                case ["file", str(name), int(size)]:
                    self._file(name, size)
                case ["mark", str(counterpart), note] if note is None or isinstance(note, bytes):
                    self.marks[counterpart] = note
                case ["end", int(count)]:
                    if count != records or self._reader.some(1):
                        raise BackupRefused("backup-refused", "it does not end where it says")
                    return
                case _:
                    raise BackupRefused("backup-refused", "a record that has no place there")
            records += 1
            if records > FILES_MAX:
                raise BackupRefused("backup-refused", "it has more files than any home")

    def _record(self) -> Sequence[object]:
        length = int.from_bytes(self._reader.exactly(4), "big")
        if length > RECORD_BYTES_MAX:
            raise BackupRefused("backup-refused", "a record is too long")
        return parse_record(self._reader.exactly(length))

    def _file(self, name: str, size: int) -> None:
        check_path(name, size, self.head.kind)
        path = self._directory / name
        for above in reversed(path.relative_to(self._directory).parents):
            (self._directory / above).mkdir(mode=DIRECTORY_MODE, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, SECRET_MODE)
        except FileExistsError as error:
            raise BackupRefused("backup-refused", f"{name} is in it twice") from error
        with os.fdopen(handle, "wb") as stream:
            left = size
            while left:
                piece = self._reader.some(min(left, PIECE_BYTES))
                if not piece:
                    raise BackupRefused("backup-refused", f"it ends in the middle of {name}")
                stream.write(piece)
                left -= len(piece)
            stream.flush()
            os.fsync(stream.fileno())
        self.files += 1


def _check(home: NodeHome, unpacked: _Unpacked, party: str | None, now_ms: int, progress: Progress) -> PutBack:
    """Whether it is a home, of whom it says, and everything in it verifies; leaves each channel's record."""
    head = unpacked.head
    if party is not None and head.party != party:
        raise BackupRefused("backup-refused", f"it is a backup of {head.party}, not of {party}")
    sizes: dict[str, tuple[int, int] | None] = {}
    try:
        NodeHome.open(home.path)
        config = NodeConfig.load(home.config_path)
        # The keys that a signer holds are in no backup of the home.
        if home.party != head.party or (config.signer is None and not home.keyring_path.is_file()):
            raise BackupRefused("backup-refused", f"the home in it is not one of {head.party} with its keys")
        for channel in home.channels():
            sizes[channel.counterpart] = _check_channel(home, channel, unpacked, config, progress)
            record = Restored(
                backup_at_ms=head.at_ms if head.kind == FULL else None,
                restored_at_ms=now_ms,
                bereft=head.kind != FULL,
            )
            restored.write(channel, record)
        for journal in folders(home):
            _check_journal(journal)
    except (ProtocolError, KeysError) as error:
        raise BackupRefused("backup-refused", f"what is in it does not verify: {error}") from error
    except BackupRefused:
        raise
    except NodeError as error:
        raise BackupRefused("backup-refused", f"what is in it does not verify: {error.text}") from error
    stray = set(unpacked.marks) - set(sizes)
    if stray:
        raise BackupRefused("backup-refused", f"a mark of a channel that is not in it: {min(stray)[:8]}")
    return PutBack(head=head, sizes=sizes, files=unpacked.files)


def _check_channel(
    home: NodeHome, channel: ChannelHome, unpacked: _Unpacked, config: NodeConfig, progress: Progress
) -> tuple[int, int] | None:
    agreement = read_agreement(channel)
    if agreement.other(home.party).short != channel.counterpart:
        raise BackupRefused("backup-refused", f"{channel.counterpart} is not the other party of that agreement")
    in_force = {short: rosters.newest(channel, agreement, short) for short in agreement.shorts}
    own, their = (
        voice_keys(agreement, in_force[short].roster, in_force[short].tls_pins)
        for short in (home.party, channel.counterpart)
    )
    note = unpacked.marks.get(channel.counterpart)
    if not channel.log_db.is_file():
        if note is not None:
            raise BackupRefused("backup-refused", f"a mark of {channel.counterpart} without its logs")
        return None
    store = SqliteStore.open(channel.log_db, own=home.party, their=channel.counterpart, readonly=True)
    try:
        check_store(store, Keys(own, their), progress=partial(progress, f"checking {channel.counterpart}"))
        _check_past(home, channel, agreement)
        sizes = store.head(store.own).size, store.head(store.their).size
        marked = None
        if note is not None:
            marked = checked(note, own.log, "high-water mark")
            if marked.size > sizes[0] or store.root(store.own, marked.size) != marked.root:
                raise BackupRefused("backup-refused", "the high-water mark in it is not of the log in it")
    finally:
        store.close()
    if note is not None and marked is not None and config.high_water is None:
        # As of when the backup was made: it keeps the old signature, and vouches for nothing after a restore.
        mark = HighWater.open(channel.high_water)
        try:
            mark.put(note, marked)
        finally:
            mark.close()
    return sizes


def _check_journal(journal: JournalFolder) -> None:
    """Its entries give the root that its keys signed. It is read from now on, and never gone on with."""
    keys = [line.key for line in journal.policy().logs]
    with journal.opened() as store:
        check_log(store, journal.party)
        note = store.note(OWN_SIGNED)
        if note is not None:
            signed = checked(note, tuple(keys), "journal's checkpoint")
            if signed.size > store.head(journal.party).size or store.root(journal.party, signed.size) != signed.root:
                raise BackupRefused("backup-refused", "the journal in it is not the one that was signed")


def _check_past(home: NodeHome, channel: ChannelHome, agreement: Agreement) -> None:
    """The logs that ended are there, and are those that were succeeded."""
    past = open_past(channel, agreement, own=home.party)
    try:
        for short in agreement.shorts:
            held = rosters.load(channel, agreement, short, most=1)
            check_epoch(past, [held[0].roster, held[-1].roster])
    finally:
        past.close()


def _sync(directory: Path) -> None:
    """Make every name in a directory durable, from the leaves up."""
    for path, _, files in os.walk(directory, topdown=False):
        for name in files:
            handle = os.open(Path(path) / name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        sync_directory(Path(path))
