"""What should have happened not too long ago: a backup, a whole scrub."""

from __future__ import annotations

import json
from pathlib import Path

from hotline.doctor.check import Check
from hotline.zulu import duration
from nodes.errors import NodeError
from nodes.files import read_file

DAY_MS = 86_400_000
BACKUP_OLD_MS = 7 * DAY_MS
SCRUB_OLD_MS = 30 * DAY_MS
RECORD_BYTES_MAX = 64 * 1024


def backup(home: Path, now_ms: int) -> Check:
    """How old the last backup is, by the record that it left in the home."""
    fix = "Make one now: hotline backup FILE. docs/administrator.md has a unit that makes one each night."
    return _age(home / "backup.json", "backup", now_ms, BACKUP_OLD_MS, fix)


def scrub(home: Path, now_ms: int) -> Check:
    """When all that is stored was last read again and compared with what was signed."""
    return _age(home / "scrub.json", "scrub", now_ms, SCRUB_OLD_MS, "Run one now: hotline scrub.")


def _age(path: Path, name: str, now_ms: int, old_ms: int, fix: str) -> Check:
    if not path.exists():
        return Check(name=name, result="warn", text="there was none yet", fix=fix)
    try:
        at_ms = json.loads(read_file(path, bytes_max=RECORD_BYTES_MAX))["at_ms"]
        if type(at_ms) is not int:
            raise ValueError("at_ms is not a number")
    except (NodeError, ValueError, KeyError, TypeError, RecursionError) as error:
        return Check(name=name, result="warn", text=f"{path} cannot be read: {error}", fix=fix)
    age_ms = now_ms - at_ms
    if age_ms < 0:
        return Check(name=name, result="warn", text=f"the last one is {duration(-age_ms)} in the future", fix=fix)
    text = f"the last one is {duration(age_ms)} old"
    return Check(name=name, result="warn" if age_ms > old_ms else "ok", text=text, fix=fix if age_ms > old_ms else "")
