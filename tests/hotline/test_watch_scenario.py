"""A scenario between two real nodes, as people watch it."""

import json
from pathlib import Path

import pytest

from hotline.demo.processes import run_command
from hotline.scenarios.shelf import scenario_names


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_scenario_is_played_between_two_nodes(tmp_path: Path) -> None:
    """Every expectation is met at both nodes, the audit verifies, and the transcript says so."""
    directory = tmp_path / "played"
    done = run_command("demo", "--scenario", "clarification-partly", "--dir", directory, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["ok"], told["verdict"]) == (True, "verified")
    assert told["expected"] > 5
    assert "so it is    question is partly" in (directory / "transcript.txt").read_text()


@pytest.mark.slow
def test_the_scenarios_are_listed() -> None:
    """Each is named with a title, and one that is not there is refused with a near one."""
    done = run_command("demo", "--list", "--json")
    listed = json.loads(done.stdout)["scenarios"]
    assert [one["name"] for one in listed] == list(scenario_names())
    assert {one["name"]: one["simulator_only"] for one in listed}["sunset"].startswith(
        "it needs the days of a calendar"
    )
    assert all(one["watchable"] == (one["simulator_only"] is None) for one in listed)
    done = run_command("demo", "--scenario", "clarification-party", "--json")
    assert done.returncode == 2
    assert "did you mean clarification-partly" in done.stdout + done.stderr


@pytest.mark.slow
def test_what_two_nodes_cannot_play_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    """A scenario with a stolen node or a turned clock says so, and no directory is left."""
    directory = tmp_path / "played"
    done = run_command("demo", "--scenario", "unauthorised", "--dir", directory, "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "scenario-unplayable"
    assert "a node in it was tampered with" in error["text"]
    assert "make scenario NAME=unauthorised" in error["next"]
    assert not directory.exists()
