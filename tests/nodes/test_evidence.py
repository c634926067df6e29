"""The signed objects behind alarms are kept as they came, and only so many."""

from pathlib import Path

import pytest

from nodes import evidence
from nodes.errors import NodeError
from protocol import canonical


def test_the_objects_are_kept_as_they_came(tmp_path: Path) -> None:
    """One file with code, time and every object, readable by any program that knows the encoding."""
    kept = evidence.keep(tmp_path / "evidence", code="fork", at_ms=1_000, objects={"held": b"a", "signed": b"b"})
    assert kept is not None
    value = canonical.decode(kept.read_bytes(), bytes_max=1_000)
    assert value == {"at_ms": 1_000, "code": "fork", "objects": {"held": b"a", "signed": b"b"}}


def test_an_alarm_without_objects_keeps_nothing(tmp_path: Path) -> None:
    """There is no empty file for it, and no directory."""
    assert evidence.keep(tmp_path / "evidence", code="clock-offset", at_ms=1, objects={}) is None
    assert not (tmp_path / "evidence").exists()


def test_a_peer_that_keeps_misbehaving_fills_no_disk(tmp_path: Path) -> None:
    """The first ones of a code are kept, and no more than there is room for; those of another code have their own."""
    for at_ms in range(evidence.FILES_MAX + 5):
        evidence.keep(tmp_path, code="root-differs", at_ms=at_ms, objects={"frame": b"x"})
    assert evidence.names(tmp_path) == [f"{at_ms}-root-differs" for at_ms in range(evidence.FILES_MAX)]
    assert evidence.keep(tmp_path, code="fork", at_ms=99, objects={"first": b"x"}) is not None


def test_a_kept_file_reads_back(tmp_path: Path) -> None:
    """By its name, and only as a node writes it."""
    kept = evidence.keep(tmp_path, code="rollback", at_ms=7, objects={"beat": b"b", "signature": b"s"})
    assert kept is not None
    read = evidence.read(tmp_path, "7-rollback")
    assert (read.at_ms, read.code, read.objects) == (7, "rollback", {"beat": b"b", "signature": b"s"})
    for name in ("8-rollback", "../7-rollback", ""):
        with pytest.raises(NodeError) as caught:
            evidence.read(tmp_path, name)
        assert caught.value.code == "no-such-evidence"
    kept.write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(NodeError) as caught:
        evidence.read(tmp_path, "7-rollback")
    assert caught.value.code == "evidence-malformed"
