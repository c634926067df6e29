"""Audits of directories: what lies there is taken for what it is, and nothing outside is read."""

import os
from pathlib import Path

import pytest

from hotline import verifying
from hotline.audit_dirs import DirectoryEvidence, audit_directories
from protocol.audit import AuditMisused
from tests.builders import START_MS, World


def _write(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


@pytest.fixture
def exports(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Two exports and a policy beside them."""
    world = World()
    told = world.say("ARC", "notification")
    world.say("BOR", "acknowledge", thread=told, reply=told)
    (tmp_path / "policy").write_bytes(world.policy("ARC"))
    return _write(tmp_path / "a", world.files("ARC")), _write(tmp_path / "b", world.files("BOR")), tmp_path / "policy"


def test_directories_are_audited(exports: tuple[Path, Path, Path]) -> None:
    """Two honest exports under a policy of one's own."""
    assert audit_directories(*exports, at_ms=START_MS).verdict == "verified"


def test_processes_come_to_the_same_report(exports: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A long audit verifies in other processes."""
    here = audit_directories(*exports, at_ms=START_MS)
    monkeypatch.setattr(verifying, "PROCESSES_FROM", 0)
    assert audit_directories(*exports, at_ms=START_MS).as_dict() == here.as_dict()


def test_a_policy_inside_the_evidence_is_said(exports: tuple[Path, Path, Path]) -> None:
    """It is used, since it was asked for, and the report warns."""
    report = audit_directories(exports[0], exports[1], exports[0] / "policy", at_ms=START_MS)
    assert report.verdict == "verified"
    assert [one.code for one in report.findings] == ["policy-inside-evidence"]


@pytest.mark.parametrize("kind", ["link", "pipe", "directory link"])
def test_links_and_devices_are_never_followed(exports: tuple[Path, Path, Path], kind: str, tmp_path: Path) -> None:
    """A link to the very file that belongs there is refused as well."""
    (tmp_path / "outside").mkdir()
    name = "checkpoint"
    (exports[0] / name).rename(tmp_path / "outside" / name)
    if kind == "link":
        (exports[0] / name).symlink_to(tmp_path / "outside" / name)
    elif kind == "pipe":
        os.mkfifo(exports[0] / name)
    else:
        name = "roster"
        (tmp_path / "outside" / "checkpoint").rename(exports[0] / "checkpoint")
        (exports[0] / name).rename(tmp_path / "outside" / name)
        (exports[0] / name).symlink_to(tmp_path / "outside" / name)
    report = audit_directories(*exports, at_ms=START_MS)
    assert report.exit != 0
    codes = {one.code for one in report.findings}
    assert codes & {"file-unexpected", "checkpoint-missing"}


def test_mistakes_of_whoever_audits_are_no_verdict(exports: tuple[Path, Path, Path], tmp_path: Path) -> None:
    """No directory, one directory twice, no policy."""
    first, second, policy = exports
    for arguments, code in (
        ((first, tmp_path / "none", policy), "audit-no-directory"),
        ((first, first, policy), "voices-not-two"),
        ((first, second, tmp_path / "none"), "policy-unreadable"),
    ):
        with pytest.raises(AuditMisused) as refused:
            audit_directories(*arguments, at_ms=START_MS)
        assert refused.value.code == code


def test_progress_is_told(exports: tuple[Path, Path, Path]) -> None:
    """The last word is that all is done."""
    told: list[tuple[int, int]] = []
    audit_directories(*exports, at_ms=START_MS, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (6, 6)


@pytest.mark.parametrize("device", ["pipe", "zero"])
def test_a_policy_that_is_no_file_is_not_waited_for(
    exports: tuple[Path, Path, Path], device: str, tmp_path: Path
) -> None:
    """A pipe that nobody writes to, such as one that lies in an export under that name, or a device without end."""
    policy = Path("/dev/zero")
    if device == "pipe":
        policy = tmp_path / "pipe"
        os.mkfifo(policy)
    with pytest.raises(AuditMisused) as caught:
        audit_directories(exports[0], exports[1], policy, at_ms=START_MS)
    assert caught.value.code == "policy-unreadable"


def test_holes_are_not_read_through(exports: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of documents that claim to be gigabytes, each costs no more than the largest there can be."""
    for number in range(20):
        name = exports[0] / "roster" / f"{number:064x}.toml"
        name.touch()
        os.truncate(name, 2**34)
    read = DirectoryEvidence.read
    sizes = []

    def watched(self: DirectoryEvidence, name: str) -> bytes | None:
        data = read(self, name)
        sizes.append(0 if data is None or name.startswith("tile/entries/") else len(data))
        return data

    monkeypatch.setattr(DirectoryEvidence, "read", watched)
    report = audit_directories(*exports, at_ms=START_MS)
    assert report.verdict == "refuted"
    assert max(sizes) <= 512 * 1024 + 1
