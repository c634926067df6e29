"""A disk with no room: nobody is told what is not so, people are told what is, and with room again all goes on."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nodes.errors import ApiRefused
from nodes.signed import SignedStatement
from tests.faults.ledger import Ledger, Officer, check_whole, places
from tests.faults.machine import quick_machines, wait_level
from tests.nodes.homes import letter, signed_by
from tests.processes.pair import Machine, submit, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.root]

DISK_BYTES = 12_000_000
BALLAST_BYTES = 8_000_000
FULL_S = 1.5
BACK_S_MAX = 10.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own for one home, two thirds of it taken by something else."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", place], check=True)
    try:
        (place / "ballast").write_bytes(bytes(BALLAST_BYTES))
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def move(machine: Machine, disk: Path) -> None:
    """Put a home and its node's log onto another disk, where their names still lead."""
    home = disk / machine.party
    shutil.copytree(machine.home.path, home)
    shutil.rmtree(machine.home.path)
    machine.home.path.symlink_to(home)
    machine.log_path.symlink_to(disk / "node.log")


def big(party: str) -> SignedStatement:
    """A message whose body takes 16 KiB."""
    return signed_by(letter(party, fields={"message": "x" * 3900 + os.urandom(8).hex()}), (1, "duty"))


def alarms(machine: Machine) -> list[str]:
    """Codes of the alarms that its status shows."""
    return [alarm["code"] for alarm in machine.status()["details"]["alarms"]]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("victim", ["ARC", "BOR"])
def test_a_disk_fills_under_load_and_gets_room_again(
    tmp_path: Path, small_disk: Path, victim: str, figures: Callable[[str], None]
) -> None:
    """Home and log on one full disk: officers there are refused, status shows the alarm, the node stays up, the other
    side says and logs as ever; once there is room, what waited is held at both without a start, and an audit finds
    everything in order."""
    ledger = Ledger()
    with quick_machines(tmp_path, tidy_s=0.2) as (arc, bor):
        full, other = (arc, bor) if victim == "ARC" else (bor, arc)
        move(full, small_disk)
        full.start()
        other.start()
        officers = [
            Officer(ledger, machine, wait=wait, make=big) for machine in (full, other) for wait in ("logged", "held")
        ]
        for officer in officers:
            officer.start()
        wait_until(lambda: ledger.refusals["disk-full"] > 0, full.log)
        wait_until(lambda: "disk-full" in alarms(full), full.log)
        before = len(ledger.told[other.party])
        time.sleep(FULL_S)
        assert full.runs
        assert len(ledger.told[other.party]) > before
        assert other.status()["own_held"] <= len(full.entries(other.party))
        told = len(ledger)
        for officer in officers:
            officer.cease()
        (small_disk / "ballast").unlink()
        room_at = time.monotonic()
        for officer in officers:
            officer.end()
        wait_level(arc, bor)
        back_s = time.monotonic() - room_at
        assert full.say()["state"] == other.say()["state"] == "held"
        wait_level(arc, bor)
        arc.stop()
        bor.stop()
        sizes = check_whole(
            arc, bor, ledger, tmp_path / "audit", allowed={"disk-full", "disk-low", "projection-broken"}
        )
        # The same process all the time.
        assert full.log().count('"event": "node stopped"') == 1
    figures(
        f"{victim} full at {told} acknowledged: {ledger.refusals['disk-full']} refusals, level {back_s:.1f} s after "
        f"there was room, {sum(sizes.values())} entries"
    )
    assert back_s < BACK_S_MAX


def test_a_full_disk_of_the_counterpart_gives_no_false_receipt(tmp_path: Path, small_disk: Path) -> None:
    """Nothing is held that is not there, and everything is logged; with room again it arrives without a hand."""
    with quick_machines(tmp_path) as (arc, bor):
        move(bor, small_disk)
        arc.start()
        bor.start()
        arc.say()
        outcomes: list[dict[str, Any]] = []
        with arc.officer() as client:
            while "disk-full" not in bor.log():
                outcomes.append(submit(client, big("ARC"), wait="logged"))
        assert {outcome["state"] for outcome in outcomes} <= {"logged", "held"}
        wait_until(lambda: "disk-full" in alarms(bor), bor.log)
        status = arc.status()
        assert status["own_held"] < status["own_size"]
        assert status["own_held"] <= len(bor.entries("ARC"))
        (small_disk / "ballast").unlink()
        wait_until(lambda: arc.status()["own_held"] == arc.status()["own_size"], bor.log)
        arc.stop()
        bor.stop()
        assert bor.entries("ARC") == arc.entries("ARC")


def test_a_full_disk_of_the_author_is_told_to_the_officer(tmp_path: Path, small_disk: Path) -> None:
    """The statement is refused with `disk-full` and nothing acknowledged is lost; with room again the next is held."""
    with quick_machines(tmp_path) as (arc, bor):
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
        (small_disk / "ballast").unlink()
        assert arc.say()["state"] == "held"
        arc.stop()
        bor.stop()
        found = places(bor.entries("ARC"))
        assert all(len(found[statement_id]) == 1 for statement_id in acknowledged)


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, small_disk: Path) -> None:
    """A read-only disk: the node ends with its code and says where."""
    with quick_machines(tmp_path) as (arc, _):
        move(arc, small_disk)
        arc.log_path.unlink()
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        arc.launch()
        assert arc.process is not None
        assert arc.process.wait(20) == 3
        assert "ended: home-unwritable" in arc.log()
