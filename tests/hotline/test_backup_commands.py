"""`backup` and `restore` as people type them: what they answer, what they refuse, and with which status."""

import shutil
from pathlib import Path

import pytest

from hotline.cli.status import gather, lines_of
from hotline.output import Output
from nodes import restored
from nodes.home import NodeHome
from nodes.restored import Restored
from tests.hotline.people import acting, hotline, make_home, ok

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is not paired, which has no channel and can be backed up all the same."""
    return make_home(tmp_path_factory.mktemp("ARC-side"), "ARC")


@pytest.fixture(scope="module")
def backup(home: Path) -> Path:
    """Its backup."""
    out = home.parent / "backup"
    told = ok(*acting(home, "backup", out))
    assert (told["party"], told["kind"], told["channels"], told["roots_left_out"]) == ("ARC", "full", {}, True)
    assert told["bytes"] == out.stat().st_size
    return out


def opening(home: Path, *arguments: str | Path) -> tuple[str | Path, ...]:
    """Arguments of a command that needs no home and the passphrase of these tests."""
    return ("--passphrase-file", home.parent / "passphrase", "--no-input", *arguments)


def test_a_backup_is_tried_and_restored(home: Path, backup: Path, tmp_path: Path) -> None:
    """`--check` leaves nothing behind; the restored home has the same card, and the answer says what is next."""
    assert ok(*opening(home, "restore", "--check", backup))["home"] is None
    # Whose home is named besides does not matter; nothing is put anywhere.
    assert ok("--home", home, *opening(home, "restore", "--check", backup))["home"] is None
    told = ok(*opening(home, "restore", backup, tmp_path / "ARC", "--party", "ARC"))
    assert told["next"] == f"hotline --home {tmp_path / 'ARC'} node run"
    assert (tmp_path / "ARC" / "party.toml").read_bytes() == (home / "party.toml").read_bytes()
    done = hotline(*opening(home, "restore", "--check", backup))
    assert done.status == 0
    assert "Everything in it verifies" in done.out


@pytest.mark.parametrize(
    ("change", "arguments", "code", "status"),
    [
        ("flip", ("ARC",), "backup-refused", 1),
        ("cut", ("ARC",), "backup-refused", 1),
        ("none", ("ARC", "--party", "BOR"), "backup-refused", 1),
        ("passphrase", ("ARC",), "wrong-passphrase", 3),
        ("none", (".",), "home-exists", 1),
        ("none", (), "usage", 2),
        ("none", ("ARC", "--check"), "usage", 2),
        ("missing", ("ARC",), "file-missing", 3),
    ],
)
def test_what_is_refused_and_how(
    home: Path,
    backup: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    arguments: tuple[str, ...],
    code: str,
    status: int,
) -> None:
    """Each has its code and its status, and leaves nothing where the home was to be."""
    data = backup.read_bytes()
    source = tmp_path / "bad"
    source.write_bytes(data[:-1] if change == "cut" else data[:-40] + b"x" + data[-39:] if change == "flip" else data)
    if change == "missing":
        source.unlink()
    secret = tmp_path / "passphrase"
    secret.write_bytes(b"another" if change == "passphrase" else (home.parent / "passphrase").read_bytes())
    secret.chmod(0o600)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    done = hotline("--passphrase-file", secret, "--no-input", "--json", "restore", source, *arguments)
    assert (done.status, done.json["error"]["code"]) == (status, code), done.out
    assert list((tmp_path / "empty").iterdir()) == []


def test_status_says_that_a_disk_was_put_back(tmp_path: Path) -> None:
    """From which backup, and how much of the log is back; and nothing of it where nothing was put back."""
    kept = Path(__file__).resolve().parents[1] / "homes" / "0.1.0" / "ARC"
    shutil.copytree(kept, tmp_path / "ARC")
    home = NodeHome.open(tmp_path / "ARC")
    assert "PUT BACK" not in hotline("--home", home.path, "status").out
    restored.write(home.channel("BOR"), Restored(backup_at_ms=0, restored_at_ms=1, bereft=False))
    assert "PUT BACK   from a backup of 1970-01-01 00:00:00Z" in hotline("--home", home.path, "status").out
    found = gather(home)
    found["channels"][0]["details"]["recovery"] |= {"entries": 3, "goal": 7}
    assert "3 of our 7 entries are here" in "\n".join(lines_of(found, Output()))


def test_recovering_needs_a_channel(home: Path) -> None:
    """A home that was never paired has nothing to bring back."""
    done = hotline(*acting(home, "--json", "recover"))
    assert (done.status, done.json["error"]["code"]) == (2, "channel-unknown")
