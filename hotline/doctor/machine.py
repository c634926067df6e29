"""The machine under a home: its clock, its disk and who else may read there.

Source: adjtimex(2), proc_pid_mountinfo(5).
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from hotline.doctor.check import Check
from nodes.caretaker import DISK_LOW_BYTES

# A clock outside these years was never set, or is a battery that died.
YEARS = range(2024, 2100)

SYNC_SLOW_MS = 200
"""A sync that takes longer makes every receipt wait for it."""

FORGETS = {"tmpfs", "ramfs"}
REMOTE = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "afs", "lustre"}

ENTRY_BYTES = 20_000
"""What an entry with its body and hashes takes, about, where there are too few yet to measure."""

ENTRIES_TO_MEASURE = 1_000

_STA_UNSYNC = 0x40
_TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`, and room for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def clock(now_ms: int) -> Iterator[Check]:
    """Look at the year, and at whether a time service keeps the clock."""
    year = datetime.fromtimestamp(now_ms / 1000, tz=UTC).year
    fix = "Set the clock, and let a time service keep it."
    if year not in YEARS:
        yield Check(name="clock", result="fail", text=f"the clock says {year}", fix=fix)
    else:
        yield Check(name="clock", result="ok", text=f"the year is {year}")
    kept = is_synchronised()
    if kept is None:
        yield Check(name="time service", result="ok", text="the system does not say whether the clock is kept")
    elif kept:
        yield Check(name="time service", result="ok", text="the system keeps the clock synchronised")
    else:
        fix = "Run a time service: systemd-timesyncd, chrony or another. Nothing is refused for a wrong clock."
        yield Check(name="time service", result="warn", text="nothing keeps the clock synchronised", fix=fix)


def is_synchronised() -> bool | None:
    """Whether the kernel says that something keeps its clock; None where it does not say."""
    wanted = _Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(wanted))
    if state < 0:
        return None
    return bool(state != _TIME_ERROR and not wanted.status & _STA_UNSYNC)


def modes(path: Path) -> Iterator[Check]:
    """Look at who may read the home and its secrets."""
    # A node's home may let its group pass, so that officers with users of their own reach the socket in it.
    open_ones = [path] if path.stat().st_mode & 0o067 else []
    for place in (*sorted(path.rglob("*.key")), *sorted(path.rglob("passphrase"))):
        if place.stat().st_mode & 0o077:
            open_ones.append(place)
    if not open_ones:
        yield Check(name="permissions", result="ok", text="only the owner can read the home and its keys")
    for place in open_ones:
        mode = "700" if place.is_dir() else "600"
        yield Check(
            name="permissions",
            result="fail",
            text=f"others on this machine may read {place}",
            fix=f"chmod {mode} {place}",
        )
    if not os.access(path, os.W_OK):
        yield Check(name="writable", result="fail", text=f"{path} cannot be written", fix="Run as the home's owner.")


def disk(path: Path, *, log_bytes: int, entries: int) -> Iterator[Check]:
    """Look at room, kind of file system, and whether it keeps its word after a sync.

    Args:
        path: the home.
        log_bytes: what the logs take now.
        entries: in all logs.
    """
    free = shutil.disk_usage(path).free
    each = log_bytes // entries if entries >= ENTRIES_TO_MEASURE else ENTRY_BYTES
    text = f"{free // 1024**2} MiB are free, room for about {free // each} more entries"
    if free < DISK_LOW_BYTES:
        yield Check(name="disk", result="warn", text=text, fix="Make room: a full disk stops receiving.")
    elif free < log_bytes:
        fix = "Make room: a backup or a recovery needs as much again as the logs take."
        yield Check(name="disk", result="warn", text=f"{text}; the logs take {log_bytes // 1024**2} MiB", fix=fix)
    else:
        yield Check(name="disk", result="ok", text=text)
    yield file_system(path, Path("/proc/self/mountinfo").read_text(errors="replace"))
    if os.access(path, os.W_OK):
        yield sync(path)


def file_system(path: Path, mounts: str) -> Check:
    """Look at the kind of file system a path is on.

    Args:
        path: which.
        mounts: the text of `/proc/self/mountinfo`.
    """
    found, longest = "unknown", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) > 4 and kind:
            # Spaces and the like stand there as octal numbers.
            place = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
            if path.resolve().is_relative_to(place) and len(place) >= longest:
                found, longest = kind[0], len(place)
    if found in FORGETS:
        fix = "Move the home to a disk: a power cut takes all of it, and only the counterpart has your log then."
        return Check(name="file system", result="warn", text=f"{found} is memory, not a disk", fix=fix)
    if found in REMOTE or found.startswith("fuse."):
        fix = "Move the home to a local disk: locks and syncs over a network are not what SQLite needs."
        return Check(name="file system", result="warn", text=f"{found} is not a local file system", fix=fix)
    return Check(name="file system", result="ok", text=found)


def sync(path: Path) -> Check:
    """Write a little beside the data, sync it, and take it away again."""
    try:
        with tempfile.NamedTemporaryFile(dir=path, prefix=".doctor-") as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
            start_s = time.perf_counter()
            os.fsync(probe.fileno())
            took_ms = (time.perf_counter() - start_s) * 1000
    except OSError as error:
        fix = "See to the disk: a node that cannot sync ends by itself."
        return Check(name="sync", result="fail", text=f"a sync failed: {error.strerror}", fix=fix)
    text = f"a sync took {took_ms:.1f} ms"
    if took_ms > SYNC_SLOW_MS:
        return Check(name="sync", result="warn", text=text, fix="Look for what loads the disk; every receipt waits.")
    return Check(name="sync", result="ok", text=text)
