"""The signed objects behind alarms are kept as they came, and only so many."""

from pathlib import Path

from nodes import evidence
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
    """The first ones are kept, and no more than there is room for."""
    for at_ms in range(evidence.FILES_MAX + 5):
        evidence.keep(tmp_path, code="root-differs", at_ms=at_ms, objects={"frame": b"x"})
    names = sorted(int(path.name.split("-")[0]) for path in tmp_path.iterdir())
    assert names == list(range(evidence.FILES_MAX))
