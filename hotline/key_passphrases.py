"""Another passphrase for key files: those of a home, or some that are named.

Source: spec/keys-and-rosters.md, "Another passphrase".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keys.errors import PassphraseRefused
from nodes.home import NodeHome, OfficerHome
from nodes.key_files import change_passphrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What became of one key file.

    Attributes:
        path: the file.
        state: changed; already, if it had the new passphrase; refused, if neither passphrase opens it.
    """

    path: Path
    state: Literal["changed", "already", "refused"]


def own_file(home: NodeHome | OfficerHome) -> Path:
    """The key file of a home itself."""
    return home.keyring_path if isinstance(home, NodeHome) else home.key_path


def all_files(home: NodeHome | OfficerHome, roots: Path | None = None) -> list[Path]:
    """Every key file of a home: its own, those of officer homes below it, and of the roots where they are here.

    Args:
        home: of a node or an officer.
        roots: directory with the root keys; None for that of the node's home.
    """
    if isinstance(home, OfficerHome):
        return [home.key_path]
    officers = [home.officer(name).key_path for name in home.officer_names()]
    directory = home.roots if roots is None else roots
    return [home.keyring_path, *officers, *root_files(directory)]


def root_files(directory: Path) -> list[Path]:
    """Key files in a directory of roots: the roots, the keys in reserve, and those of a succession that is prepared."""
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.glob("*.key") if path.name.startswith(("root-", "reserve")))


def change_all(paths: Sequence[Path], *, old: bytes, new: bytes) -> Iterator[Changed]:
    """Change one file after the other; each is whole with one of the two passphrases, whenever this ends.

    Raises:
        NodeError: a file is absent or cannot be written; those before it are changed.
        EnvelopeRefused: a file is damaged.
    """
    for path in paths:
        try:
            changed = change_passphrase(path, old=old, new=new)
        except PassphraseRefused:
            yield Changed(path=path, state="refused")
        else:
            yield Changed(path=path, state="changed" if changed else "already")
