"""Evidence packs: written whole or not at all, and read as what they are."""

import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from hotline.packs import audit_pack
from protocol.audit import AuditMisused
from protocol.finding import Report
from tests.builders import START_MS, World
from tests.hotline.nodes import running
from tests.hotline.people import acting, hotline, ok, paired


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """A pack of two honest exports, and a policy."""
    world = World()
    told = world.say("ARC", "notification")
    world.say("BOR", "acknowledge", thread=told, reply=told)
    (tmp_path / "policy").write_bytes(world.policy("ARC"))
    path = tmp_path / "line.hotline"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("pack.json", b"{}")
        for party in ("ARC", "BOR"):
            for name, data in world.files(party).items():
                archive.writestr(f"{party}/{name}", data)
    return path, tmp_path / "policy"


def audited(made: tuple[Path, Path]) -> Report:
    """What an audit says."""
    return audit_pack(*made, at_ms=START_MS)


def changed(path: Path, *, method: int = zipfile.ZIP_STORED, files: Mapping[str, bytes | None] | None = None) -> None:
    """Write a pack anew with other files; None leaves one out."""
    with zipfile.ZipFile(path) as archive:
        found: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    found |= files or {}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in found.items():
            if data is not None:
                archive.writestr(name, data)


def test_a_pack_is_audited_as_directories_are(made: tuple[Path, Path]) -> None:
    """Nothing is found in an honest one."""
    report = audited(made)
    assert (report.verdict, report.findings, report.as_dict()["breaches"]) == ("verified", [], [])


def test_what_is_changed_added_or_taken_out_is_found(made: tuple[Path, Path]) -> None:
    """With a good check sum, in a folder of its own, or missing."""
    original = made[0].read_bytes()
    with zipfile.ZipFile(made[0]) as archive:
        names = archive.namelist()
        name = next(one for one in names if one.startswith("ARC/tile/entries"))
        data = bytearray(archive.read(name))
    data[200] ^= 1
    changes: tuple[tuple[dict[str, bytes | None], int], ...] = (
        ({name: bytes(data)}, 1),
        ({name: None}, 3),
        ({"ARC/extra": b"x"}, 1),
        ({"else/extra": b"x"}, 1),
        ({"extra": b"x"}, 1),
        ({"BOR/checkpoint": None}, 3),
    )
    for change, exit_status in changes:
        made[0].write_bytes(original)
        changed(made[0], files=change)
        assert audited(made).exit == exit_status, change


def test_a_flipped_byte_is_never_verified_content(made: tuple[Path, Path]) -> None:
    """In the stored bytes of any file: the check sum of the archive, or a hash, tells."""
    original = made[0].read_bytes()
    with zipfile.ZipFile(made[0]) as archive:
        infos = [one for one in archive.infolist() if one.filename.partition("/")[2] not in {"", "policy"}]
    for info in infos:
        data = bytearray(original)
        data[info.header_offset + 30 + len(info.filename) + info.file_size // 2] ^= 4
        made[0].write_bytes(data)
        assert audited(made).exit in {1, 3}, info.filename


def test_what_is_compressed_is_not_read(made: tuple[Path, Path]) -> None:
    """So nothing grows: such a file is there, and is none of a pack."""
    changed(made[0], method=zipfile.ZIP_DEFLATED)
    assert audited(made).exit == 3


def test_what_is_no_pack_is_told(tmp_path: Path, made: tuple[Path, Path]) -> None:
    """Other bytes, a pack cut short, one with something behind it, one of three voices, a list without end."""
    data = made[0].read_bytes()
    end = data.rfind(b"PK\x05\x06")
    endless = bytearray(data)
    struct.pack_into("<L", endless, end + 12, 0x7FFFFFFF)
    three = tmp_path / "three"
    three.write_bytes(data)
    changed(three, files={"CAR/checkpoint": b"x"})
    for case in (b"", b"PK", data[:-1], data + b"x", data[: len(data) // 2], bytes(endless), three.read_bytes()):
        made[0].write_bytes(case)
        with pytest.raises(AuditMisused) as caught:
            audited(made)
        assert caught.value.code == "pack-malformed"


@pytest.mark.slow
def test_a_home_writes_packs(tmp_path: Path) -> None:
    """With the node running, then stopped; the audit of the command line takes them; one that is there stays."""
    arc, bor = paired(tmp_path)
    out, policy = tmp_path / "line.hotline", tmp_path / "policy"
    with running(arc, bor):
        ok(*acting(arc, "send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "20"))
        told = ok("--home", arc, "pack", out)
    assert set(told["sizes"]) == {"ARC", "BOR"}
    ok("--home", arc, "log", "export", tmp_path / "arc")
    policy.write_bytes((tmp_path / "arc" / "policy").read_bytes())
    report = ok("audit", out, "--policy", policy)
    assert (report["verdict"], report["breaches"]) == ("verified", [])
    with zipfile.ZipFile(out) as archive:
        assert json.loads(archive.read("pack.json"))["made_by"] == "ARC"
    before = out.read_bytes()
    assert "export-exists" in hotline("--home", arc, "pack", out).err
    assert out.read_bytes() == before
    ok("--home", bor, "pack", tmp_path / "other.hotline", "--with", "ARC")
    assert ok("audit", tmp_path / "other.hotline", "--policy", policy)["verdict"] == "verified"
    assert hotline("--home", bor, "pack", tmp_path / "x", "--with", "CAR").status == 2
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.endswith(".part")) == []
