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


def widened(data: bytes, *, count: int | None = None, names: int | None = None) -> bytes:
    """A pack with a wide end record before the short one, as tools write it from some size on; each with its count."""
    end = len(data) - 22
    had, list_bytes, at = struct.unpack_from("<HLL", data, end + 10)
    numbers = [had if names is None else names] * 2
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *numbers, list_bytes, at)
    short = bytearray(data[end:])
    struct.pack_into("<2H", short, 8, *[had if count is None else count] * 2)
    return data[:end] + wide + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1) + bytes(short)


def test_a_list_is_of_as_many_files_as_its_end_says(made: tuple[Path, Path]) -> None:
    """Both end records say the same; a list that is longer than both say is not read."""
    data = made[0].read_bytes()
    made[0].write_bytes(widened(data))
    assert audited(made).verdict == "verified"
    end, at = len(data) - 22, struct.unpack_from("<L", data, len(data) - 6)[0]
    fewer, moved = bytearray(data), bytearray(data)
    struct.pack_into("<2H", fewer, end + 8, 1, 1)
    struct.pack_into("<L", moved, end + 16, at - 1)
    hidden = widened(data[: end - 1] + data[end:], count=1)
    for case in (bytes(fewer), bytes(moved), widened(data, count=1), widened(data, names=1, count=1), hidden):
        made[0].write_bytes(case)
        with pytest.raises(AuditMisused) as caught:
            audited(made)
        assert caught.value.code == "pack-malformed"


def test_files_that_lie_over_one_another_are_no_pack(made: tuple[Path, Path]) -> None:
    """Each could have the bytes of all behind it: a small pack would read as a large one."""
    changed(made[0], files={f"disclosed/ARC/{number}": b"" for number in range(40)})
    data = bytearray(made[0].read_bytes())
    place = struct.unpack_from("<L", data, len(data) - 6)[0]
    while data[place : place + 4] == b"PK\x01\x02":
        lengths = struct.unpack_from("<3H", data, place + 28)
        if data[place + 46 :].startswith(b"disclosed/"):
            struct.pack_into("<2L", data, place + 20, len(data) // 8, len(data) // 8)
        place += 46 + sum(lengths)
    made[0].write_bytes(data)
    with pytest.raises(AuditMisused, match="more bytes than it has"):
        audited(made)


def test_a_name_with_a_nul_is_no_other_name(made: tuple[Path, Path]) -> None:
    """Under the name before it an export's file would be another one than a second reader finds."""
    data = made[0].read_bytes()
    made[0].write_bytes(data.replace(b"ARC/policy", b"ARC/polic\x00"))
    report = audited(made)
    assert [one.code for one in report.findings] == ["file-unexpected"]
    assert report.findings[0].where.endswith("polic\x00")


def test_a_file_at_no_place_is_absent(made: tuple[Path, Path]) -> None:
    """A place of eight bytes that no file has ends the audit of nothing."""
    data = made[0].read_bytes()
    first = struct.unpack_from("<L", data, len(data) - 6)[0]
    name = data.index(b"BOR/checkpoint", first)
    record = bytearray(data[name - 46 : name + 14])
    struct.pack_into("<H", record, 30, 12)
    struct.pack_into("<L", record, 42, 0xFFFFFFFF)
    listed = data[first : name - 46] + bytes(record) + struct.pack("<2HQ", 1, 8, 2**64 - 1) + data[name + 14 : -22]
    end = bytearray(data[-22:])
    struct.pack_into("<L", end, 12, len(listed))
    made[0].write_bytes(data[:first] + listed + bytes(end))
    assert [one.code for one in audited(made).findings] == ["checkpoint-missing"]


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
