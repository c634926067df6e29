"""The record of a restore: what it says comes back, and a line that cannot read it does not start."""

from pathlib import Path

import pytest

from nodes import restored
from nodes.errors import HomeRefused
from nodes.home import ChannelHome
from nodes.restored import Restored


@pytest.mark.parametrize("backup_at_ms", [None, 5])
def test_it_says_what_was_written(tmp_path: Path, backup_at_ms: int | None) -> None:
    """Where there is none, nothing was restored."""
    home = ChannelHome(tmp_path)
    assert restored.read(home) is None
    assert not restored.is_bereft(home)
    record = Restored(backup_at_ms=backup_at_ms, restored_at_ms=7, bereft=backup_at_ms is None)
    restored.write(home, record)
    assert restored.read(home) == record
    assert restored.is_bereft(home) is record.bereft


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"backup_at_ms": null, "restored_at_ms": 1}',
        b'{"backup_at_ms": null, "bereft": 1, "restored_at_ms": 1}',
        b'{"backup_at_ms": "x", "bereft": true, "restored_at_ms": 1}',
        b'{"backup_at_ms": null, "bereft": true, "restored_at_ms": true}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_record_that_does_not_parse_is_not_passed_over(tmp_path: Path, text: bytes) -> None:
    """It may have said that there was a log."""
    home = ChannelHome(tmp_path)
    home.restored.write_bytes(text)
    with pytest.raises(HomeRefused):
        restored.read(home)
