"""Opening what a ceremony needs: the root keys' directory and their passphrase."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hotline.errors import CouldNot
from hotline.root_signing import Secrets
from nodes.files import read_file
from nodes.hardening import keep_memory_private
from nodes.home import NodeHome

if TYPE_CHECKING:
    from hotline.cli.settings import Settings

PASSPHRASE_BYTES_MAX = 1024


def root_secrets(settings: Settings, home: NodeHome, *, directory: str | None, passphrase_file: str | None) -> Secrets:
    """Give what opens the node's and the roots' key files.

    Args:
        settings: of this run.
        home: the party's node home.
        directory: where the root keys are; None for the home's own directory.
        passphrase_file: with their passphrase; None where it is that of the node, or is asked for.
    """
    passphrase = settings.passphrase(0, what=f"the node of {home.party}")
    roots = roots_passphrase(settings, home.party, passphrase_file)
    return Secrets(
        passphrase=passphrase,
        roots=Path(directory) if directory is not None else home.roots,
        root_passphrase=roots,
    )


def roots_passphrase(settings: Settings, party: str, passphrase_file: str | None, *, confirm: bool = False) -> bytes:
    """Give the passphrase of a party's root keys.

    Args:
        settings: of this run.
        party: short name.
        passphrase_file: with the passphrase; None where it is that of the second or only `--passphrase-file`, or is
            asked for.
        confirm: whether it is new, and is asked for twice.
    """
    if passphrase_file is not None:
        return passphrase_in(passphrase_file)
    if settings.passphrase_files:
        return settings.passphrase(1, what="the root keys")
    return settings.passphrase(0, what=f"the root keys of {party}", confirm=confirm)


def passphrase_in(path: str) -> bytes:
    """Read a passphrase from a file; its one trailing line end is not part of it.

    Raises:
        CouldNot: the file is empty.
        FileRefused: it cannot be read.
    """
    keep_memory_private()
    found = read_file(Path(path), bytes_max=PASSPHRASE_BYTES_MAX).removesuffix(b"\n").removesuffix(b"\r")
    if not found:
        raise CouldNot("passphrase-empty", f"{path} is empty")
    return found
