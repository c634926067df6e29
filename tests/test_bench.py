"""The bench measures Hotline, says which targets it meets, and leaves nothing behind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.table import lines, verdicts

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(400)
def test_the_bench_runs(tmp_path: Path) -> None:
    """A small run has every figure, an audit that verifies, and a table; what it made is gone."""
    options = [
        "--seconds",
        "0.2",
        "--one",
        "5",
        "--many",
        "40",
        "--load",
        "40",
        "--rounds",
        "1",
        "--entries",
        "100",
        "200",
        "--one-channel",
        "--dir",
        str(tmp_path),
    ]
    command = [sys.executable, "-m", "bench", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=380, check=False, cwd=ROOT)
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    assert found["large"]["audit"]["verdict"] == "verified"
    assert found["large"]["history"]["entries"] >= 200
    assert found["hotline"]["per_s"] > 0
    targets = verdicts(found)
    assert [target["met"] for target in found["targets"]] == [met for *_, met in targets]
    assert any("Hotline, hybrid" in line for line in lines(found, targets))
    assert not list(tmp_path.iterdir())
