"""Another passphrase for a key file: old or new after every crash, and never neither."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keys.errors import EnvelopeRefused, KeysMisused, PassphraseRefused
from keys.keyring import NodeKeyring, OfficerKeyring, ReserveKeyring, RootKeyring
from nodes.errors import FileRefused
from nodes.key_files import Keyring, change_passphrase, read_keyring, write_keyring

pytestmark = pytest.mark.slow

OLD, NEW = b"the old passphrase", b"the new passphrase"
RINGS: tuple[Keyring, ...] = (
    NodeKeyring("ARC", bytes(range(64)), bytes(range(64, 160)), bytes(range(160, 192)), {}),
    OfficerKeyring("ARC", "duty", 1, bytes(range(64))),
    RootKeyring("ARC", 2, bytes(range(64))),
    ReserveKeyring("ARC", {}),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file with the old passphrase."""
    write_keyring(tmp_path / "root-2.key", RINGS[2], OLD)
    return tmp_path / "root-2.key"


def opens(path: Path) -> bytes:
    """Which of the two opens the file."""
    for one in (OLD, NEW):
        try:
            assert read_keyring(path, RootKeyring, one) == RINGS[2]
        except PassphraseRefused:
            continue
        return one
    raise AssertionError("neither opens it")


@pytest.mark.parametrize("ring", RINGS, ids=lambda ring: ring.PURPOSE)
def test_every_kind_of_key_file_takes_another(tmp_path: Path, ring: Keyring) -> None:
    """It opens with the new one only, holds the same, is its owner's alone; once more is not twice."""
    path = tmp_path / "some.key"
    write_keyring(path, ring, OLD)
    before = path.read_bytes()
    assert change_passphrase(path, old=OLD, new=NEW)
    assert read_keyring(path, type(ring), NEW) == ring
    with pytest.raises(PassphraseRefused):
        read_keyring(path, type(ring), OLD)
    assert path.stat().st_mode & 0o777 == 0o600
    assert before[40:] != path.read_bytes()[40:]
    changed = path.read_bytes()
    assert not change_passphrase(path, old=OLD, new=NEW)
    assert path.read_bytes() == changed
    assert [one.name for one in tmp_path.iterdir()] == ["some.key"]


def test_what_cannot_be_changed_is_left_as_it_was(path: Path, tmp_path: Path) -> None:
    """Another passphrase, an empty new one, a damaged file, one that is no key file, none."""
    before = path.read_bytes()
    with pytest.raises(PassphraseRefused):
        change_passphrase(path, old=b"a third", new=NEW)
    with pytest.raises(KeysMisused):
        change_passphrase(path, old=OLD, new=b"")
    assert path.read_bytes() == before
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    with pytest.raises(EnvelopeRefused):
        change_passphrase(path, old=OLD, new=NEW)
    path.write_bytes(b"-----BEGIN PRIVATE KEY-----")
    with pytest.raises(EnvelopeRefused):
        change_passphrase(path, old=OLD, new=NEW)
    with pytest.raises(FileRefused):
        change_passphrase(tmp_path / "none.key", old=OLD, new=NEW)


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give a file away")
def test_the_file_of_another_user_stays_theirs(path: Path) -> None:
    """The superuser would take the node its key."""
    os.chown(path, 65_534, 65_534)
    with pytest.raises(FileRefused) as stop:
        change_passphrase(path, old=OLD, new=NEW)
    assert stop.value.code == "not-the-owner"
    assert path.stat().st_uid == 65_534


def test_what_a_link_leads_to_is_changed(path: Path, tmp_path: Path) -> None:
    """And the link stays one."""
    link = tmp_path / "link.key"
    link.symlink_to(path)
    assert change_passphrase(link, old=OLD, new=NEW)
    assert link.is_symlink()
    assert opens(path) == NEW


CHANGE = """
import sys
from pathlib import Path
from nodes.key_files import change_passphrase
change_passphrase(Path(sys.argv[1]), old=b"the old passphrase", new=b"the new passphrase")
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize(
    ("fault", "after"),
    [
        ("fsync:signal=KILL:when=1", OLD),
        ("rename:signal=KILL", OLD),
        ("fsync:signal=KILL:when=2", NEW),
        ("fsync:error=EIO:when=1", OLD),
        ("rename:error=ENOSPC", OLD),
    ],
)
def test_a_crash_leaves_the_old_or_the_new(path: Path, fault: str, after: bytes) -> None:
    """Killed or failed at each step of writing, the file opens; a second run finishes and leaves nothing beside it."""
    trace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=fchmod,fsync,rename", "-e", f"inject={fault}"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*trace, sys.executable, "-c", CHANGE, str(path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert opens(path) == after
    assert change_passphrase(path, old=OLD, new=NEW) is (after == OLD)
    assert opens(path) == NEW
    if after == OLD:
        assert [one.name for one in path.parent.iterdir()] == [path.name]
