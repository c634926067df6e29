"""Two copies of one node: of one home only one runs; of a copied home both may, and both sides are told."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nodes.home import NodeHome
from tests.faults.aftermath import Load, places
from tests.processes.pair import ROOT, Machine, machines, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def alarms(machine: Machine) -> set[str]:
    """Codes of what a node has told people."""
    return {line.split('"code": "')[1].split('"')[0] for line in machine.log().splitlines() if '"alarm"' in line}


def test_of_one_home_one_node_runs(tmp_path: Path) -> None:
    """A second one started at the same time ends with `node-running`, and the first is as well as before."""
    with machines(tmp_path) as (arc, bor):
        bor.start()
        both = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.processes.node", str(arc.home.path)], cwd=ROOT, stderr=subprocess.PIPE
            )
            for _ in range(2)
        ]
        try:
            wait_until(lambda: any(one.poll() is not None for one in both))
            (ended,) = (one for one in both if one.poll() is not None)
            (runs,) = (one for one in both if one is not ended)
            assert ended.returncode == 3
            assert b"ended: node-running" in ended.communicate()[1]
            arc.process = runs
            assert arc.say()["state"] == "held"
            assert runs.poll() is None
        finally:
            for one in both:
                one.terminate()
                one.communicate(timeout=20)
        arc.process = None


def test_a_copied_home_is_noticed_by_both_sides_and_no_fork_is_cosigned(tmp_path: Path) -> None:
    """The same keys on two machines, both with an officer who speaks: the counterpart cosigns one past and tells its
    people; a copy whose log is not that one says so and signs nothing more of it; what was held is held for good."""
    with machines(tmp_path) as (arc, bor):
        arc.start()
        bor.start()
        assert arc.say()["state"] == "held"
        arc.stop()
        (tmp_path / "elsewhere").mkdir()
        shutil.copytree(arc.home.path, tmp_path / "elsewhere" / "ARC")
        copy = replace(arc, home=NodeHome(tmp_path / "elsewhere" / "ARC"), process=None)
        loads = [Load(machine, "held", timeout_s=1.0, pause_s=0.1) for machine in (arc, copy)]
        try:
            for machine in (arc, copy):
                machine.start()
            for load in loads:
                load.start()
            wait_until(lambda: "two-sessions" in alarms(bor), bor.log)
            wait_until(lambda: bool({"fork-self", "rolled-back-self", "session-taken"} & (alarms(arc) | alarms(copy))))
            wait_until(lambda: any(load.held for load in loads), bor.log)
        finally:
            for load in loads:
                load.end()
            told = {name: sorted(alarms(machine)) for name, machine in (("first", arc), ("copy", copy), ("other", bor))}
            print(told, [len(load.held) for load in loads])
            copy.stop()
        mirror = bor.entries("ARC")
        logs = [machine.entries("ARC") for machine in (arc, copy)]
        assert any(log[: len(mirror)] == mirror for log in logs)
        found = places(mirror)
        for load in loads:
            for statement_id, serial in load.held:
                assert [f"ARC {index}" for index in found[statement_id]] == [serial]
