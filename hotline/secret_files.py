"""Opening what a ceremony needs: the root keys' directory and their passphrase."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hotline.root_signing import Secrets
from nodes.files import read_file
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
    if passphrase_file is not None:
        roots = read_file(Path(passphrase_file), bytes_max=PASSPHRASE_BYTES_MAX).removesuffix(b"\n")
    elif settings.passphrase_files:
        roots = settings.passphrase(1, what="the root keys")
    else:
        roots = settings.passphrase(0, what=f"the root keys of {home.party}")
    return Secrets(
        passphrase=passphrase,
        roots=Path(directory) if directory is not None else home.roots,
        root_passphrase=roots,
    )
