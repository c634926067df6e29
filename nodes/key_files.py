"""Key files on disk: sealed keyrings, written for their owner only, opened with a passphrase.

Source: spec/keys-and-rosters.md, "Key files".
"""

from __future__ import annotations

import secrets
import threading
from pathlib import Path
from typing import ClassVar, Protocol, Self, TypeVar

from keys.envelope import BLOB_BYTES_MAX, NONCE_BYTES, SALT_BYTES, seal, unseal
from nodes.files import read_file, write_file

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


def write_keyring(path: Path, keyring: Keyring, passphrase: bytes, *, replace: bool = False) -> None:
    """Seal a keyring into a file; takes about 0.3 s.

    Raises:
        FileRefused: the file is there and may not be replaced, or it cannot be written.
        KeysMisused: an empty or far too long passphrase.
    """
    with _ONE_AT_A_TIME:
        blob = seal(
            keyring.encode(),
            passphrase,
            purpose=keyring.PURPOSE,
            salt=secrets.token_bytes(SALT_BYTES),
            nonce=secrets.token_bytes(NONCE_BYTES),
        )
    write_file(path, blob, replace=replace)


def read_keyring(path: Path, kind: type[K], passphrase: bytes) -> K:
    """Open a key file; takes about 0.3 s.

    Raises:
        FileRefused: it is absent or cannot be read.
        PassphraseRefused: another passphrase.
        EnvelopeRefused: damaged, or of another kind.
    """
    blob = read_file(path, bytes_max=BLOB_BYTES_MAX)
    with _ONE_AT_A_TIME:
        plain = unseal(blob, passphrase, purpose=kind.PURPOSE)
    return kind.parse(plain)
