"""Key files on disk: sealed keyrings, written for their owner only, opened with a passphrase.

Whoever reads or writes one holds keys from then on, so the process forbids dumps of its memory first.

Source: spec/keys-and-rosters.md, "Key files", "Another passphrase".
"""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path
from typing import ClassVar, Protocol, Self, TypeVar

from keys.divided_node import DividedNodeKeyring
from keys.envelope import BLOB_BYTES_MAX, NONCE_BYTES, SALT_BYTES, seal, unseal
from keys.errors import WRONG_PURPOSE, EnvelopeRefused, PassphraseRefused
from keys.keyring import NodeKeyring, OfficerKeyring, ReserveKeyring, RootKeyring
from keys.token_keyring import TokenKeyring
from keys.witness_keyring import WitnessKeyring
from nodes.errors import FileRefused
from nodes.files import read_file, write_file
from nodes.hardening import keep_memory_private

# Argon2id with several lanes computes them on threads of OpenSSL's own. Two computations at once in one process were
# seen to wait for each other without end; and as one alone uses all cores, taking turns costs nothing.
_ONE_AT_A_TIME = threading.Lock()


class Keyring(Protocol):
    """What a key file holds: any of the keyrings of `keys.keyring`."""

    PURPOSE: ClassVar[str]

    def encode(self) -> bytes:
        """The plain form."""
        ...

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the plain form."""
        ...


K = TypeVar("K", bound="Keyring")

NodeFile = NodeKeyring | DividedNodeKeyring
"""What is in the key file of a node."""

KINDS: tuple[type[Keyring], ...] = (
    NodeKeyring,
    DividedNodeKeyring,
    OfficerKeyring,
    TokenKeyring,
    RootKeyring,
    ReserveKeyring,
    WitnessKeyring,
)
"""Everything that a key file may hold."""


def write_keyring(path: Path, keyring: Keyring, passphrase: bytes, *, replace: bool = False) -> None:
    """Seal a keyring into a file; takes about 0.3 s.

    Raises:
        FileRefused: the file is there and may not be replaced, or it cannot be written.
        KeysMisused: an empty or far too long passphrase.
    """
    write_file(path, _sealed(keyring, passphrase), replace=replace)


def read_keyring(path: Path, kind: type[K], passphrase: bytes) -> K:
    """Open a key file; takes about 0.3 s.

    Raises:
        FileRefused: it is absent or cannot be read.
        PassphraseRefused: another passphrase.
        EnvelopeRefused: damaged, or of another kind.
    """
    return _opened(read_file(path, bytes_max=BLOB_BYTES_MAX), kind, passphrase)


def read_node_keyring(path: Path, passphrase: bytes) -> NodeFile:
    """Open a node's key file, whether it has the whole keys or a token has half of each.

    Raises:
        FileRefused, PassphraseRefused, EnvelopeRefused: as `read_keyring`.
    """
    blob = read_file(path, bytes_max=BLOB_BYTES_MAX)
    try:
        return _opened(blob, NodeKeyring, passphrase)
    except EnvelopeRefused as error:
        if error.kind != WRONG_PURPOSE:
            raise
    return _opened(blob, DividedNodeKeyring, passphrase)


def read_officer_keyring(path: Path, passphrase: bytes) -> OfficerKeyring | TokenKeyring:
    """Open an officer's key file, whether it has the whole key or a token has half of it.

    Raises:
        FileRefused, PassphraseRefused, EnvelopeRefused: as `read_keyring`.
    """
    blob = read_file(path, bytes_max=BLOB_BYTES_MAX)
    try:
        return _opened(blob, OfficerKeyring, passphrase)
    except EnvelopeRefused as error:
        if error.kind != WRONG_PURPOSE:
            raise
    return _opened(blob, TokenKeyring, passphrase)


def change_passphrase(path: Path, *, old: bytes, new: bytes) -> bool:
    """Seal a key file with another passphrase; takes about a second.

    What is written is opened first with the new passphrase, and the file is replaced in one step: a crash at any
    moment leaves it with the old one or with the new one.

    Args:
        path: the file; where it is a link, what it leads to is replaced.
        old: the passphrase it has.
        new: the passphrase it shall have.

    Returns:
        Whether it was changed; false where it has the new passphrase already, as after an interrupted run.

    Raises:
        FileRefused: it is absent, another user's (`not-the-owner`), or cannot be written; then it is as it was.
        PassphraseRefused: neither passphrase opens it.
        EnvelopeRefused: it is damaged, or no key file.
        KeysMisused: an empty or far too long new passphrase.

    Source: spec/keys-and-rosters.md, "Another passphrase", steps 1 to 5.
    """
    path = path.resolve()
    blob = read_file(path, bytes_max=BLOB_BYTES_MAX)
    if path.stat().st_uid != os.geteuid():
        # A file that is replaced becomes the caller's, and the node could not read its own keys any more.
        raise FileRefused("not-the-owner", path, "it belongs to another user, who alone may change its passphrase")
    try:
        keyring = _opened_as_any(blob, old)
    except PassphraseRefused:
        _opened_as_any(blob, new)
        return False
    sealed = _sealed(keyring, new)
    if _opened(sealed, type(keyring), new) != keyring:
        raise AssertionError("the key file would not hold what was sealed")
    write_file(path, sealed)
    # What a run that was killed left here has the old passphrase, or is half a file.
    for left in path.parent.iterdir():
        if left.name.startswith(f".{path.name}."):
            left.unlink(missing_ok=True)
    return True


def _sealed(keyring: Keyring, passphrase: bytes) -> bytes:
    keep_memory_private()
    with _ONE_AT_A_TIME:
        return seal(
            keyring.encode(),
            passphrase,
            purpose=keyring.PURPOSE,
            salt=secrets.token_bytes(SALT_BYTES),
            nonce=secrets.token_bytes(NONCE_BYTES),
        )


def _opened(blob: bytes, kind: type[K], passphrase: bytes) -> K:
    keep_memory_private()
    with _ONE_AT_A_TIME:
        plain = unseal(blob, passphrase, purpose=kind.PURPOSE)
    return kind.parse(plain)


def _opened_as_any(blob: bytes, passphrase: bytes) -> Keyring:
    """Open a key file of whatever kind; another kind is seen before the passphrase costs anything."""
    for kind in KINDS:
        try:
            return _opened(blob, kind, passphrase)
        except EnvelopeRefused as error:
            if error.kind != WRONG_PURPOSE:
                raise
    raise EnvelopeRefused("this key file holds no keys of this program", kind=WRONG_PURPOSE)
