"""What a home remembers of the paper backups of its party's roots: no word and no key, only when they were made.

`root-backups.json` in the node's home: by number of the root the set, how many of how many, when it was made, and when
it was last shown that it gives the key.

Source: spec/root-shares.md, "Record".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hotline.errors import CouldNot
from nodes.files import read_file, write_file
from nodes.home import NodeHome

RECORD_BYTES_MAX = 64 * 1024
_NAMES = {"set_number", "needed", "of", "made_at_ms", "tried_at_ms"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RootBackup:
    """The newest set of shares of one root that this home knows of.

    Attributes:
        set_number: of the set, as its pages say.
        needed: how many shares are needed.
        of: how many there are; None where the shares were tried and not made here.
        made_at_ms: when they were made here, UTC milliseconds; None as above.
        tried_at_ms: when they last gave the key back; None while they have not.
    """

    set_number: int
    needed: int
    of: int | None = None
    made_at_ms: int | None = None
    tried_at_ms: int | None = None


def path_of(home: NodeHome) -> Path:
    """Where the record is."""
    return home.path / "root-backups.json"


def read_backups(home: NodeHome) -> Mapping[int, RootBackup]:
    """Give what is known by number of the root.

    Raises:
        CouldNot: `home-file-malformed`; the record is not what is written here.
    """
    path = path_of(home)
    if not path.exists():
        return {}
    try:
        values = json.loads(read_file(path, bytes_max=RECORD_BYTES_MAX))
        return {int(number): _backup(one) for number, one in values.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise CouldNot("home-file-malformed", f"{path} does not parse") from error


def note_made(home: NodeHome, root: int, backup: RootBackup) -> None:
    """Remember that a new set was made."""
    _write(home, {**_known(home), root: backup})


def note_tried(home: NodeHome, root: int, backup: RootBackup) -> None:
    """Remember that a set gave the key back; what is known of the same set stays."""
    known = _known(home)
    before = known.get(root)
    if before is not None and before.set_number == backup.set_number:
        backup = replace(before, tried_at_ms=backup.tried_at_ms)
    _write(home, {**known, root: backup})


def _known(home: NodeHome) -> Mapping[int, RootBackup]:
    """What is known; a record that cannot be read is made anew, as nothing hangs on it but advice."""
    try:
        return read_backups(home)
    except CouldNot:
        return {}


def _write(home: NodeHome, backups: Mapping[int, RootBackup]) -> None:
    values = {str(number): asdict(one) for number, one in sorted(backups.items())}
    write_file(path_of(home), json.dumps(values, indent=1).encode())


def _backup(values: dict[str, object]) -> RootBackup:
    if set(values) != _NAMES or not all(one is None or type(one) is int for one in values.values()):
        raise ValueError("another form")
    set_number, needed = values["set_number"], values["needed"]
    if not isinstance(set_number, int) or not isinstance(needed, int):
        raise TypeError("a number is missing")
    of, made, tried = values["of"], values["made_at_ms"], values["tried_at_ms"]
    return RootBackup(
        set_number=set_number,
        needed=needed,
        of=of if isinstance(of, int) else None,
        made_at_ms=made if isinstance(made, int) else None,
        tried_at_ms=tried if isinstance(tried, int) else None,
    )
