"""A root's key file where it is made, and the public key that is carried from there.

The public key is one line of text: `ARC root 4 <base64>`.
"""

from __future__ import annotations

import base64
import re
import secrets
from pathlib import Path

from hotline.errors import CouldNot, Refused
from keys.errors import KeysError
from keys.hybrid import HybridPublicKey
from keys.keyring import RootKeyring
from keys.roles import KeyRole
from keys.suite import Suite
from nodes.files import make_directory, write_file
from nodes.key_files import read_keyring, write_keyring

_LINE = re.compile(rb"([A-Z]{2,4}) root ([1-9][0-9]?) ([A-Za-z0-9+/=]{1,6000})\n")
_PUBLIC_MODE = 0o644


def make_ring(party: str, number: int, *, suite: Suite) -> RootKeyring:
    """A new root's key, in memory only."""
    return RootKeyring.generate(party, number, secrets.token_bytes, suite=suite)


def write_ring(ring: RootKeyring, directory: Path, passphrase: bytes) -> Path:
    """Seal a root's key into its file; no file is replaced.

    Raises:
        CouldNot: `file-exists`.
    """
    path = directory / f"root-{ring.index}.key"
    if path.exists():
        raise CouldNot("file-exists", f"{path}: there is a file already")
    make_directory(directory)
    write_keyring(path, ring, passphrase)
    if read_keyring(path, RootKeyring, passphrase) != ring:
        raise AssertionError("the key file does not hold what was written")
    return path


def make_key(
    party: str, number: int, directory: Path, passphrase: bytes, *, out: Path, suite: Suite
) -> tuple[Path, str]:
    """Make a root's key file, and the public key beside it.

    Returns:
        The key file, and the key's id in hexadecimal.

    Raises:
        CouldNot: `file-exists`.
    """
    if out.exists():
        raise CouldNot("file-exists", f"{out}: there is a file already")
    ring = make_ring(party, number, suite=suite)
    path = write_ring(ring, directory, passphrase)
    key = ring.signer().public
    line = f"{party} root {number} {base64.b64encode(key.raw).decode()}\n"
    write_file(out, line.encode("ascii"), mode=_PUBLIC_MODE, replace=False)
    return path, key.key_id.hex()


def read_public(data: bytes) -> tuple[str, int, HybridPublicKey]:
    """Read a public key that was carried: party, number, key.

    Raises:
        Refused: `root-set-malformed`; it is none in its one spelling.
    """
    found = _LINE.fullmatch(data)
    try:
        if found is None:
            raise ValueError("it is not one line of party, number and key")
        raw = base64.b64decode(found[3], validate=True)
        if base64.b64encode(raw) != found[3]:
            raise ValueError("a second spelling of its base64")
        return found[1].decode(), int(found[2]), HybridPublicKey(raw, KeyRole.ROOT)
    except (KeysError, ValueError) as error:
        raise Refused("root-set-malformed", f"this is no public key of a root: {error}") from error


def open_all(directory: Path, passphrase: bytes) -> list[RootKeyring]:
    """Open every root key of a directory.

    Raises:
        CouldNot: `roots-missing`; there is none.
        PassphraseRefused: one has another passphrase.
    """
    paths = sorted(directory.glob("root-*.key"))
    if not paths:
        raise CouldNot("roots-missing", f"{directory} has no root key")
    return [read_keyring(path, RootKeyring, passphrase) for path in paths]
