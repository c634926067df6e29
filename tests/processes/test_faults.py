"""Real processes and real faults: kills, full and read-only disks, clocks, users. Nothing acknowledged is lost."""

import os
import random
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import Any

import pytest

from nodes.errors import ApiRefused
from protocol.entry import Entry
from tests.nodes.homes import letter, said, signed_by
from tests.processes.pair import Machine, machines, submit, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.alone]

KILLS = 4
NOBODY = 65_534
YEAR_S = 365 * 86_400


def level(arc: Machine, bor: Machine) -> bool:
    """Whether both hold all of each other and know it."""
    one, two = arc.status(), bor.status()
    sizes = (one["own_size"], two["own_size"])
    return sizes == (two["their_size"], one["their_size"]) == (one["own_held"], two["own_held"])


class Load(threading.Thread):
    """Messages one after the other, each waited for; what was acknowledged is remembered."""

    def __init__(self, machine: Machine, wait: str) -> None:
        super().__init__()
        self.machine = machine
        self.wait = wait
        self.ended = False
        self.acknowledged: list[tuple[str, str]] = []

    def run(self) -> None:
        """Until it is told to end or the node is gone."""
        try:
            with self.machine.officer() as client:
                while not self.ended:
                    outcome = submit(client, said(self.machine.party), wait=self.wait)
                    if outcome["state"] in {"logged", "held"}:
                        self.acknowledged.append((outcome["id"], outcome["serial"]))
        except ApiRefused:
            return


def places(entries: list[bytes]) -> dict[str, list[int]]:
    """Where each statement is in a log."""
    found: dict[str, list[int]] = {}
    for index, raw in enumerate(entries):
        found.setdefault(Entry.parse(raw).parse_statement().id.hex(), []).append(index)
    return found


@pytest.mark.parametrize("victim", ["ARC", "BOR"])
def test_a_killed_node_loses_nothing_acknowledged(tmp_path: Path, victim: str) -> None:
    """Kill -9 under load, again and again: what was logged or held is there once, at its place, on both sides, and
    no start needs a hand."""
    chance = random.Random(f"kills of {victim}")
    with machines(tmp_path) as (arc, bor):
        arc.start()
        bor.start()
        arc.say()
        by_party = {"ARC": arc, "BOR": bor}
        logged: dict[str, list[tuple[str, str]]] = {"ARC": [], "BOR": []}
        held: dict[str, list[tuple[str, str]]] = {"ARC": [], "BOR": []}
        for _ in range(KILLS):
            loads = [Load(machine, wait) for machine in (arc, bor) for wait in ("logged", "held")]
            for load in loads:
                load.start()
            wait_until(lambda: all(load.acknowledged for load in loads), arc.log)  # noqa: B023
            time.sleep(chance.uniform(0.0, 0.3))
            by_party[victim].kill()
            by_party[victim].start()
            for load in loads:
                load.ended = True
                load.join()
                kept = held if load.wait == "held" else logged
                kept[load.machine.party] += load.acknowledged
        wait_until(lambda: level(arc, bor), arc.log)
        arc.stop()
        bor.stop()
        for party, author, mirror in (("ARC", arc, bor), ("BOR", bor, arc)):
            log = author.entries(party)
            copy = mirror.entries(party)
            assert log[: len(copy)] == copy
            found = places(copy)
            assert held[party]
            for statement_id, serial in logged[party] + held[party]:
                assert [f"{party} {index}" for index in found[statement_id]] == [serial]
            for machine in (arc, bor):
                assert '"alarm"' not in machine.log(), machine.log()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own for one home."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def move(machine: Machine, disk: Path) -> None:
    """Put a home onto another disk, where its name still leads."""
    for item in machine.home.path.iterdir():
        shutil.move(item, disk / item.name)
    machine.home.path.rmdir()
    machine.home.path.symlink_to(disk)


def resize(disk: Path, size: str) -> None:
    """Change how much fits."""
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)


def big(party: str) -> Any:
    """A message whose body takes 16 KiB."""
    return signed_by(letter(party, fields={"message": "x" * 3900 + os.urandom(8).hex()}), (1, "duty"))


@pytest.mark.root
def test_a_full_disk_of_the_counterpart_gives_no_false_receipt(tmp_path: Path, small_disk: Path) -> None:
    """Nothing is held that is not there; the line goes on; with room again everything arrives without a hand."""
    with machines(tmp_path) as (arc, bor):
        move(bor, small_disk)
        arc.start()
        bor.start()
        arc.say()
        with arc.officer() as client:
            outcomes = [submit(client, big("ARC"), wait="logged") for _ in range(300)]
        assert {outcome["state"] for outcome in outcomes} <= {"logged", "held"}
        wait_until(lambda: "disk-full" in bor.log(), bor.log)
        status = arc.status()
        assert status["own_held"] < status["own_size"]
        assert status["own_held"] <= len(bor.entries("ARC"))
        assert bor.process is not None
        assert bor.process.poll() is None
        resize(small_disk, "60m")
        wait_until(lambda: arc.status()["own_held"] == arc.status()["own_size"], bor.log)
        arc.stop()
        bor.stop()
        assert bor.entries("ARC") == arc.entries("ARC")


@pytest.mark.root
def test_a_full_disk_of_the_author_is_told_to_the_officer(tmp_path: Path, small_disk: Path) -> None:
    """The statement is refused with `disk-full` and nothing acknowledged is lost; with room again the next is held."""
    with machines(tmp_path) as (arc, bor):
        move(arc, small_disk)
        bor.start()
        arc.start()
        arc.say()
        acknowledged = []
        code = ""
        with arc.officer() as client:
            while not code:
                try:
                    acknowledged.append(submit(client, big("ARC"), wait="logged")["id"])
                except ApiRefused as error:
                    code = error.code
        assert code == "disk-full"
        resize(small_disk, "60m")
        assert arc.say()["state"] == "held"
        arc.stop()
        bor.stop()
        found = places(bor.entries("ARC"))
        assert all(len(found[statement_id]) == 1 for statement_id in acknowledged)


@pytest.mark.root
def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, small_disk: Path) -> None:
    """A read-only disk: the node ends with its code and says where."""
    with machines(tmp_path) as (arc, _):
        move(arc, small_disk)
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        arc.launch()
        assert arc.process is not None
        assert arc.process.wait(20) == 3
        assert "ended: home-unwritable" in arc.log()


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
        wait_until(lambda: level(arc, bor), arc.log)


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
