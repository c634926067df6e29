"""What a backup holds of a home, and how it is laid out inside its seal.

The contents are records, each a length of 4 bytes and a canonical array:

    ["backup", 1, party, at_ms, kind]      first; kind is "full" or "keys"
    ["file", path, size]                   the file's bytes follow, as they are
    ["mark", counterpart, note]            how far our log was signed before its copy was made, or note nil
    ["end", records]                       last; the number of records before it

A path is one of those below and nothing else, written and read by the same table, so that nothing in a file can name a
place outside the home. Keys are in it as they lie on the disk: sealed. Root keys are not: they belong elsewhere.

A journal is in it with its entries and without its key: whoever restores it begins another (`nodes/journal_home.py`).

Source: spec/recovery.md, "Backup files".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nodes.errors import FileRefused, NodeError
from nodes.home import NodeHome
from protocol import canonical
from protocol.errors import ProtocolError
from protocol.limits import SIZE_MAX

PURPOSE: Final = "backup"
VERSION: Final = 1
FULL, KEYS = "full", "keys"
RECORD_BYTES_MAX: Final = 65_536
FILES_MAX: Final = 100_000
"""Files of a home that has a thousand channels with a hundred files each."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}"
_CHANNEL = r"channels/[A-Z]{2,4}/"
_SETTINGS = (
    r"(?:node\.toml|node\.key|party\.toml|languages/[a-z]{2}\.toml"
    rf"|auditors/{_NAME}\.pem"
    rf"|offers/{_NAME}\.offer"
    r"|ceremonies/[A-Z]{2,4}/(?:state\.json|terms|offer|answer|final|minutes|transcript|countersigned)"
    r"|officers/[a-z][a-z0-9-]{0,31}/(?:officer\.toml|officer\.key|seen\.toml|(?:pins/[A-Z]{2,4}|languages/[a-z]{2})\.toml)"
    rf"|{_CHANNEL}(?:agreement\.toml|agreement\.statement|channel\.toml|second-party"
    rf"|(?:bootstrap|outbox|later)/{_NAME}\.statement|rosters/{_NAME}\.(?:toml|statement)"
    rf"|past/[A-Z]{{2,4}}-[1-9][0-9]{{0,5}}\.succession|roster-held))"
)
# Stores that nobody writes to any more, copied as files.
_PAST = rf"{_CHANNEL}past/[A-Z]{{2,4}}-[1-9][0-9]{{0,5}}(?:\.counted)?\.db"
LOG: Final = re.compile(rf"{_CHANNEL}log\.db")
_JOURNAL = r"journal/[0-9a-f]{32}/"
JOURNAL: Final = re.compile(rf"{_JOURNAL}journal\.db")
_DIRECTORY: Final = re.compile(
    r"auditors|languages|offers|ceremonies(?:/[A-Z]{2,4})?|officers(?:/[a-z][a-z0-9-]{0,31}(?:/(?:pins|languages))?)?"
    r"|journal(?:/[0-9a-f]{32})?"
    r"|channels(?:/[A-Z]{2,4}(?:/(?:bootstrap|outbox|later|rosters|evidence|past))?)?"
)
"""Where something of a backup may lie below a home."""
_ALLOWED = {
    KEYS: re.compile(_SETTINGS),
    FULL: re.compile(
        rf"{_SETTINGS}|{_CHANNEL}evidence/{_NAME}\.evidence|{_PAST}|{LOG.pattern}|{JOURNAL.pattern}|{_JOURNAL}policy"
    ),
}


class BackupRefused(NodeError):
    """A backup that cannot be made, is none, is damaged, or does not hold what it says."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first record.

    Args:
        party: short name of whose home it is.
        at_ms: when it was made, UTC milliseconds.
        kind: `full` or `keys`.
    """

    party: str
    at_ms: int
    kind: str


def paths(home: NodeHome, kind: str) -> Iterator[str]:
    """What of a home goes into a backup of a kind, in order of name; but the logs, which are copied as databases.

    Raises:
        FileRefused: a directory of it cannot be read: what is in there would be missing, and nobody would know.
    """
    for path in sorted(_below(home.path, "")):
        name = path.relative_to(home.path).as_posix()
        copied = LOG.fullmatch(name) or JOURNAL.fullmatch(name)
        if _ALLOWED[kind].fullmatch(name) and not copied and path.is_file() and not path.is_symlink():
            yield name


def _below(directory: Path, inside: str) -> Iterator[Path]:
    """Everything in a directory of a home and in those below it where something of a backup may lie."""
    try:
        found = list(os.scandir(directory))
    except OSError as error:
        raise FileRefused("file-not-read", directory, error.strerror or str(error)) from error
    for one in found:
        yield Path(one.path)
        if one.is_dir(follow_symlinks=False) and _DIRECTORY.fullmatch(inside + one.name):
            yield from _below(Path(one.path), f"{inside}{one.name}/")


def record(*items: canonical.Value) -> bytes:
    """Write one record."""
    data = canonical.encode(list(items))
    return len(data).to_bytes(4, "big") + data


def parse_record(data: bytes) -> Sequence[object]:
    """Read one, and check the form that its first item asks for.

    Raises:
        BackupRefused: it has another.
    """
    try:
        items = canonical.decode(data, bytes_max=RECORD_BYTES_MAX)
    except ProtocolError as error:
        raise BackupRefused("backup-refused", f"a record does not parse: {error}") from error
    match items:
        case ["backup", int(), str(), int(), str()] | ["file", str(), int()] | ["end", int()]:
            return items
        case ["mark", str(), bytes() | None]:
            return items
        case _:
            raise BackupRefused("backup-refused", "a record of no kind that there is")


def parse_head(items: Sequence[object]) -> Head:
    """Read the first record.

    Raises:
        BackupRefused: it is another one, or of another version.
    """
    match items:
        case ["backup", int(version), str(party), int(at_ms), str(kind)] if version == VERSION and kind in _ALLOWED:
            return Head(party, at_ms, kind)
        case ["backup", int(version), *_]:
            raise BackupRefused("backup-refused", f"a backup of version {version}; this release reads {VERSION}")
        case _:
            raise BackupRefused("backup-refused", "the first record does not say what this is")


def check_path(name: str, size: int, kind: str) -> None:
    """Check the path and size of a file record.

    Raises:
        BackupRefused: no place in a home, or no size.
    """
    if not _ALLOWED[kind].fullmatch(name) or not 0 <= size <= SIZE_MAX:
        raise BackupRefused("backup-refused", f"{name[:80]!r} is no file that a backup holds")


def beside(path: Path) -> str:
    """Beginning of the names of temporary things beside a file."""
    return f".{path.name}."
