"""A power cut at any moment: what had left the node is on its disk, whatever became of what was not synced."""

import random
from collections.abc import Callable

import pytest

from tests.drawn import drawn
from tests.faults.disk import MODES, Disk
from tests.faults.power import Run, cut_again_and_again, record
from tests.faults.record import Op
from tests.faults.strace import available

CUTS = 400
CONTROL_CUTS = 60


def test_the_disk_keeps_what_was_synced() -> None:
    """Of a write that was not, nothing, all or some of its sectors are left; a name that was not synced may lead to the
    file of before."""
    disk = Disk({"a": b"old"})
    for op in (Op("write", "a", b"x" * 1024, 0), Op("sync", "a"), Op("write", "a", b"y" * 1024, 0)):
        disk.do(op)
    assert disk.cut("nothing", random.Random(0))["a"] == b"x" * 1024
    assert disk.cut("everything", random.Random(0))["a"] == b"y" * 1024
    torn = {disk.cut("torn", random.Random(seed))["a"] for seed in range(40)}
    assert torn == {first * 512 + second * 512 for first in (b"x", b"y") for second in (b"x", b"y")}
    for op in (Op("create", "new"), Op("write", "new", b"z", 0), Op("sync", "new"), Op("rename", "new", to="a")):
        disk.do(op)
    assert disk.cut("nothing", random.Random(0)).keys() == {"a"}
    assert disk.cut("everything", random.Random(0)) == {"a": b"z"}
    disk.do(Op("sync", "."))
    assert disk.cut("nothing", random.Random(0)) == {"a": b"z"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A recorded run of one node."""
    if not available():
        pytest.skip("needs strace, and may not trace what is no child of it")
    return record(tmp_path_factory.mktemp("run"), party=("ARC", "BOR")[drawn("HOTLINE_POWER_PARTY", 2)])


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("power")
def test_a_power_cut_breaks_no_promise(run: Run, figures: Callable[[str], None]) -> None:
    """Four hundred cuts at chosen steps of a run: every log, body, mark and acknowledgement is there."""
    seed = str(drawn("HOTLINE_POWER", 10_000))
    figures(f"HOTLINE_POWER={seed} at {run.party}, {len(run.ops)} steps")
    found = cut_again_and_again(run, cuts=CUTS, seed=seed)
    figures(", ".join(f"{count} {name}" for name, count in sorted(found.items())))
    assert all(found[f"{mode} left"] == CUTS // len(MODES) for mode in MODES)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("power")
@pytest.mark.parametrize("file", ["log.db-wal", "high-water"])
def test_without_the_syncs_promises_are_broken(run: Run, file: str, figures: Callable[[str], None]) -> None:
    """The same cuts on a disk that does not sync one file: the check finds what is lost, so it can find it."""
    found = cut_again_and_again(run, cuts=CONTROL_CUTS, seed="control", unsynced=file)
    figures(f"{file} unsynced: {found['lost promises']} of {CONTROL_CUTS} cuts broke a promise")
    assert found["lost promises"] > 0
