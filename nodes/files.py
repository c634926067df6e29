"""Files a home consists of: written whole or not at all, read with a limit, secrets for their owner only.

Every file is written beside its place, synced, renamed over it, and the directory synced, so that a reader never sees
half of one and a power cut leaves the old or the new.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from nodes.errors import FileRefused

DIRECTORY_MODE = 0o700
SECRET_MODE = 0o600
FILE_BYTES_MAX = 1024 * 1024


def make_directory(path: Path) -> None:
    """Create a directory, and those above it, durably and for its owner only; leave one that is there as it is."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    for one in missing:
        sync_directory(one.parent)


def write_file(path: Path, data: bytes, *, mode: int = SECRET_MODE, replace: bool = True) -> None:
    """Write a file whole and durably.

    Args:
        path: where; its directory must exist.
        data: the bytes.
        mode: permissions of the new file.
        replace: whether a file that is already there may be replaced.

    Raises:
        FileRefused: there is a file and `replace` is false, or the file system refused the write.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            if replace:
                temporary.replace(path)
            else:
                # A link fails where a rename would silently replace.
                path.hardlink_to(temporary)
        finally:
            temporary.unlink(missing_ok=True)
        sync_directory(path.parent)
    except FileExistsError as error:
        raise FileRefused("file-exists", path, "there is a file already") from error
    except OSError as error:
        raise FileRefused("file-not-written", path, error.strerror or str(error)) from error


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_file(path: Path, *, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """Read a file of at most `bytes_max` bytes.

    Raises:
        FileRefused: it is absent, no regular file, too large, or cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise FileRefused("file-not-read", path, "this is not a regular file")
            data = stream.read(bytes_max + 1)
    except FileNotFoundError as error:
        raise FileRefused("file-missing", path, "there is no such file") from error
    except OSError as error:
        raise FileRefused("file-not-read", path, error.strerror or str(error)) from error
    if len(data) > bytes_max:
        raise FileRefused("file-too-large", path, f"it has more than {bytes_max} bytes")
    return data


def is_private(path: Path) -> bool:
    """Say whether only the owner can read or write a file."""
    return path.stat().st_mode & 0o077 == 0
