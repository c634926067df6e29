"""Exhibits on an officer's machine: files that are hashed as they are read, what is kept beside them, and their chain.

Source: spec/disclosure.md, "Evidence".
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotline.errors import Refused
from nodes.errors import FileRefused
from nodes.files import read_file, write_file
from protocol.exhibit import FILE_BYTES_MAX, SALT_BYTES, Exhibit, begin, same
from protocol.tagged import Hash

CHUNK_BYTES = 1 << 20
SUFFIX = ".exhibit"


def hash_file(path: Path, salt: bytes) -> tuple[Hash, int]:
    """The salted hash of a file of any size, and its length in bytes; it is never in memory as a whole.

    Raises:
        FileRefused: it is absent, no regular file, or cannot be read.
    """
    found, length = begin(salt), 0
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise FileRefused("file-not-read", path, "this is not a regular file")
            while chunk := stream.read(CHUNK_BYTES):
                found.update(chunk)
                length += len(chunk)
    except FileNotFoundError as error:
        raise FileRefused("file-missing", path, "there is no such file") from error
    except OSError as error:
        raise FileRefused("file-not-read", path, error.strerror or str(error)) from error
    return found.digest(), length


def kept_beside(item: Path) -> Path:
    """Where what opens a commitment to a file is kept."""
    return item.with_name(item.name + SUFFIX)


def read_exhibit(path: Path) -> Exhibit:
    """Read what was kept.

    Raises:
        FileRefused: it is absent or cannot be read.
        Refused: `exhibit-malformed`.
    """
    found = Exhibit.parse(read_file(path, bytes_max=FILE_BYTES_MAX))
    if found is None:
        raise Refused("exhibit-malformed", f"{path} is not what is kept of an exhibit")
    return found


def commit_file(item: Path) -> Exhibit:
    """Commit to a file: its salt is on disk, for its owner alone, before anybody is told the hash. A file that was
    committed to before has the same hash again.

    Raises:
        FileRefused: the file or what is kept beside it cannot be read or written.
        Refused: `exhibit-malformed`; or `exhibit-differs`: the file is not the one of which something is kept.
    """
    kept = kept_beside(item)
    if kept.exists():
        found = read_exhibit(kept)
        check_file(item, found)
        return found
    salt = secrets.token_bytes(SALT_BYTES)
    hash_, length = hash_file(item, salt)
    found = Exhibit(salt, hash_, length)
    write_file(kept, found.encode(), replace=False)
    return found


def check_file(item: Path, exhibit: Exhibit) -> None:
    """Check that a file is the one that was committed to.

    Raises:
        FileRefused: it cannot be read.
        Refused: `exhibit-differs`.
    """
    hash_, length = hash_file(item, exhibit.salt)
    if not same(hash_, exhibit.hash) or length != exhibit.length:
        raise Refused("exhibit-differs", f"{item} is not the item of the hash {exhibit.hash.hex()}")


def committed(contents: Mapping[str, Any] | None) -> list[str]:
    """The hashes that a statement commits to, releases or hands over."""
    found = contents or {}
    rows = found.get("evidence_items")
    hashes = [row.get("hash") for row in rows] if isinstance(rows, list) else [found.get("item_hash")]
    return [one for one in hashes if isinstance(one, str)]


@dataclass(frozen=True, slots=True)
class Link:
    """One hand-over of a chain of custody.

    Attributes:
        item: hash of the item, hexadecimal.
        transfer: serial of the statement that handed it over.
        logged_at_ms: when, UTC milliseconds.
        from_whom, to_whom: offices.
        accept: serial of the statement that countersigned it, or None.
        seal_whole: what that one says of the seal; None while there is none.
        same: the hash that the receiver computed is the one that was handed over; None while there is none.
    """

    item: str
    transfer: str
    logged_at_ms: int
    from_whom: str
    to_whom: str
    accept: str | None = None
    seal_whole: bool | None = None
    same: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        """The link as it stands in JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def links(said: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Iterator[Link]:
    """The hand-overs of a thread, each with what countersigned it.

    Args:
        said: the effective statements of the thread in their order, each a view and its contents.
    """
    taken = {view["reply_serial"]: (view, told) for view, told in reversed(said) if view["kind"] == "custody-accept"}
    for view, told in said:
        if view["kind"] != "custody-transfer":
            continue
        item, pair = str(told.get("item_hash")), taken.get(view["serial"])
        serial, at_ms = str(view["serial"]), int(view["logged_at_ms"])
        whose = str(told.get("from_whom")), str(told.get("to_whom"))
        if pair is None:
            yield Link(item, serial, at_ms, *whose)
        else:
            whole = bool(pair[1].get("seal_whole"))
            yield Link(item, serial, at_ms, *whose, str(pair[0]["serial"]), whole, pair[1].get("item_hash") == item)
