"""Key files: sealed, opened again, and by several threads at once."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from keys.keyring import OfficerKeyring
from nodes.key_files import read_keyring, write_keyring

PASSPHRASE = b"a passphrase for tests"


def test_several_threads_may_open_key_files_at_once(tmp_path: Path) -> None:
    """Two passphrases tried in one process at the same time both come to an end."""
    rings = [OfficerKeyring.generate("ARC", name, secrets.token_bytes) for name in ("duty", "release")]
    paths = [tmp_path / f"{ring.name}.key" for ring in rings]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda path, ring: write_keyring(path, ring, PASSPHRASE), paths, rings))
        opened = list(pool.map(lambda path: read_keyring(path, OfficerKeyring, PASSPHRASE), paths))
    assert [ring.public for ring in map(OfficerKeyring.signer, opened)] == [ring.signer().public for ring in rings]
