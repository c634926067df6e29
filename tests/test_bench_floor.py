"""The floor and the raw limits run and say what they measured."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOOR = ROOT / "bench" / "floor.py"


def run(script: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-W", "error", str(ROOT / "bench" / script), "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_floor_owes_the_project_nothing() -> None:
    """The floor is one file under 300 lines that imports none of our packages."""
    text = FLOOR.read_text()
    assert len(text.splitlines()) < 300
    for node in ast.walk(ast.parse(text)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert not {name.split(".")[0] for name in names} & {"keys", "protocol", "nodes", "hotline", "bench"}


@pytest.mark.parametrize("mode", [[], ["--ed25519-only"]])
def test_the_floor_runs(tmp_path: Path, mode: list[str]) -> None:
    """Both modes bring every message to held, one at a time and pipelined, and leave nothing behind."""
    result = run("floor.py", "--one", "5", "--many", "40", "--dir", str(tmp_path), *mode)
    assert result["syncs_in_a_row"] == 4
    assert 0 < result["p50_ms"] <= result["p99_ms"]
    assert result["per_s"] > 0
    assert len(result["stages"]) == 5
    assert not list(tmp_path.iterdir())


def test_the_limits_run(tmp_path: Path) -> None:
    """Each raw operation is measured, and verification on all cores."""
    result = run("limits.py", "--seconds", "0.01", "--dir", str(tmp_path))
    assert {"fdatasync", "sqlite commit", "ml-dsa-65 verify", "hpke unwrap"} <= result["operations"].keys()
    assert all(row["p50_us"] > 0 for row in result["operations"].values())
    assert result["hybrid_verifications_per_s"] > 0
    assert not list(tmp_path.iterdir())
