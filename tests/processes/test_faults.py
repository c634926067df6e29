"""Real processes under other clocks and other users, and what a message costs the disk."""

import os
import re
import shutil
import subprocess
import time
from glob import glob
from pathlib import Path

import pytest

from tests.faults.machine import wait_level
from tests.nodes.homes import said
from tests.processes.pair import machines, submit, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.alone]

NOBODY = 65_534
YEAR_S = 365 * 86_400


def fake_time(when: str) -> dict[str, str]:
    """The environment of a process that lives at another time."""
    found = glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not found:
        pytest.skip("needs libfaketime")
    return {"LD_PRELOAD": found[0], "FAKETIME": when, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}


def test_a_node_of_1970_and_one_of_2090_understand_each_other(tmp_path: Path) -> None:
    """The line is up, receipts are given both ways, the difference is measured, and alarms say so."""
    early = {"environment": fake_time("@1970-01-01 00:00:05")}
    late = {"environment": fake_time("@2090-06-01 12:00:00")}
    with machines(tmp_path, ARC=early, BOR=late) as (arc, bor):
        arc.start()
        bor.start()
        for machine in (arc, bor):
            assert machine.say()["state"] == "held"
        wait_until(lambda: arc.status()["line"] == bor.status()["line"] == "up", arc.log)
        offset = arc.status()["clock_offset_ms"]
        assert offset == pytest.approx(120.4 * YEAR_S * 1000, rel=0.01)
        assert "clock-offset" in arc.log()
        wait_level(arc, bor)


@pytest.mark.root
def test_a_node_needs_no_officer_and_no_root(tmp_path: Path) -> None:
    """Run as another user, in a home that is its own and has no officer's key; the officer signs elsewhere."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.is_relative_to("/tmp") and parent != Path("/tmp"):
            parent.chmod(0o755)
    # Python itself may lie where only root looks; reading is the one privilege that is left.
    may = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    other_user = ("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", *may, "--")
    with machines(tmp_path, ARC={"prefix": other_user}) as (arc, bor):
        for path in (arc.home.path, *arc.home.path.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        assert not arc.home.officers.exists()
        arc.start()
        bor.start()
        assert arc.say()["state"] == "held"
        assert {path.stat().st_uid for path in arc.home.path.rglob("*")} == {NOBODY}
        assert arc.home.path.stat().st_mode & 0o077 == 0


SYNC = re.compile(r"^\d+ +(\d+\.\d+) (?:fdatasync|fsync|sync_file_range|msync)\(.*= 0", re.MULTILINE)


def test_one_held_message_takes_four_syncs(tmp_path: Path) -> None:
    """Append, high-water mark, the counterpart's mirror, the stored receipt: no more than these, one after another."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    traces = {party: tmp_path / f"{party}.trace" for party in ("ARC", "BOR")}
    watch = ("strace", "-f", "-ttt", "-e", "trace=fdatasync,fsync,sync_file_range,msync", "-o")
    options = {party: {"prefix": (*watch, str(path))} for party, path in traces.items()}
    with machines(tmp_path, **options) as (arc, bor):
        arc.start()
        bor.start()
        arc.say()
        windows = []
        with arc.officer() as client:
            for _ in range(15):
                time.sleep(0.15)
                signed = said("ARC")
                begin = time.time()
                assert submit(client, signed)["state"] == "held"
                windows.append((begin, time.time()))
        # strace passes the signal on, and ends with what it traces.
        for machine in (arc, bor):
            subprocess.run(["pkill", "-TERM", "-P", str(machine.process.pid if machine.process else 0)], check=False)
        for machine in (arc, bor):
            machine.stop()
    times = [float(found) for path in traces.values() for found in SYNC.findall(path.read_text())]
    counts = sorted(sum(begin <= at <= end for at in times) for begin, end in windows)
    # A housekeeping that falls into a window adds to it; most have none.
    assert counts[0] == 4
    assert counts[len(counts) // 2] <= 4
