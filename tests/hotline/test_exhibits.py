"""Exhibits on disk: committed to once, hashed as they are read, and a chain whose halves belong together."""

import os
from pathlib import Path
from typing import Any

import pytest

from hotline.errors import Refused
from hotline.exhibits import CHUNK_BYTES, check_file, commit_file, hash_file, kept_beside, links
from nodes.errors import FileRefused
from protocol.exhibit import begin
from tests.hotline.people import hotline


def test_a_file_is_committed_to_once(tmp_path: Path) -> None:
    """The salt is fresh for each file, kept for its owner alone, and used again; a changed file is refused."""
    one, other = tmp_path / "one", tmp_path / "other"
    for path in (one, other):
        path.write_bytes(b"x" * (CHUNK_BYTES + 7))
    first = commit_file(one)
    assert commit_file(one) == first
    assert commit_file(other).hash != first.hash
    assert kept_beside(one).stat().st_mode & 0o777 == 0o600
    whole = begin(first.salt)
    whole.update(one.read_bytes())
    assert hash_file(one, first.salt) == (whole.digest(), CHUNK_BYTES + 7)
    check_file(other.rename(tmp_path / "moved"), commit_file(tmp_path / "moved"))
    one.write_bytes(b"x")
    with pytest.raises(Refused) as refused:
        commit_file(one)
    assert refused.value.code == "exhibit-differs"
    kept_beside(one).write_bytes(b"salt")
    with pytest.raises(Refused) as refused:
        commit_file(one)
    assert refused.value.code == "exhibit-malformed"


def test_only_files_are_hashed(tmp_path: Path) -> None:
    """A pipe holds up nobody, and nothing is kept of what is not there."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "absent"):
        with pytest.raises(FileRefused):
            commit_file(tmp_path / name)
    assert not kept_beside(tmp_path / "absent").exists()


def test_anyone_verifies_an_item_without_a_node(tmp_path: Path) -> None:
    """With the hash and the salt that were shown; another file, hash or spelling is refuted or refused."""
    item = tmp_path / "item"
    item.write_bytes(b"item")
    kept = commit_file(item)
    shown = ("--hash", kept.hash.hex(), "--salt", kept.salt.hex())
    assert hotline("evidence", "verify", item, *shown).status == 0
    other = tmp_path / "other"
    other.write_bytes(b"other")
    assert hotline("evidence", "verify", other, *shown).status == 1
    assert hotline("evidence", "verify", item, "--hash", kept.hash.hex(), "--salt", kept.salt.hex() + "00").status == 1
    assert hotline("evidence", "verify", item, "--hash", kept.hash.hex()).status == 2


def test_a_link_is_whole_with_both_halves() -> None:
    """An acceptance of another hash, or none, shows; the first acceptance of a hand-over is the one that counts."""

    def said(serial: str, kind: str, reply: str, **contents: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"serial": serial, "kind": kind, "reply_serial": reply, "logged_at_ms": 1}, contents

    whose = {"from_whom": "Lab", "to_whom": "Desk"}
    found = list(
        links(
            [
                said("ARC 2", "custody-transfer", "ARC 1", item_hash="aa", **whose),
                said("ARC 3", "custody-transfer", "ARC 1", item_hash="bb", **whose),
                said("BOR 4", "custody-accept", "ARC 3", item_hash="cc", seal_whole=False),
                said("BOR 5", "custody-accept", "ARC 3", item_hash="bb", seal_whole=True),
            ]
        )
    )
    assert [(one.transfer, one.accept, one.same, one.seal_whole) for one in found] == [
        ("ARC 2", None, None, None),
        ("ARC 3", "BOR 4", False, False),
    ]
