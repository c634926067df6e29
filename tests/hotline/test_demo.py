"""The demonstration, run for real: two nodes, a kill in the middle, an audit, and homes that can be used afterwards."""

import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from hotline.demo.processes import COMMAND, run_command
from tests.hotline.nodes import START_TIMEOUT_S

COUNT = 12


def command(home: Path, *arguments: str) -> Any:
    """Run a command as the page of the demonstration says, and read its one JSON object."""
    done = run_command(*("--home", home, "--passphrase-file", home / "passphrase", "--no-input"), *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def begin(directory: Path, count: int) -> subprocess.Popen[str]:
    """Start a demonstration whose transcript can be followed, and that Ctrl-C reaches also where the tests run in the
    background of a shell, which has them ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = ["demo", "--dir", str(directory), "--count", str(count), "--json"]
    return subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def node_pids(process: subprocess.Popen[str]) -> list[int]:
    """Follow the transcript until both nodes run; give their process ids."""
    assert process.stderr is not None
    found: list[int] = []
    for line in process.stderr:
        if "node runs (" in line:
            found.append(int(line.split("process ")[1].split(")")[0]))
        if len(found) == 2:
            return found
    raise AssertionError("the demonstration ended before its nodes ran")


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_demonstration_holds_and_leaves_homes_for_every_command(tmp_path: Path) -> None:
    """Exit 0, every check held, the audit verified; then the nodes run again and an officer sends and reads."""
    directory = tmp_path / "demo"
    done = run_command("demo", "--dir", directory, "--count", str(COUNT), "--json", timeout_s=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    result = json.loads(done.stdout)
    assert (result["count"], result["verdict"], result["ok"]) == (COUNT, "verified", True)
    assert result["held"] == result["statements"] > 4 * COUNT
    assert all(one["ok"] for one in result["checks"])
    assert {"receipts", "dockets-agree", "nothing-lost", "rungs", "audit"} <= {one["name"] for one in result["checks"]}
    assert result["seconds"] < 60

    lines = done.stderr.splitlines()
    assert lines[0].startswith("DEMONSTRATION")
    assert lines[-1].startswith("DEMONSTRATION")
    assert "\x1b" not in done.stderr
    assert (directory / "transcript.txt").read_text().splitlines() == [line.rstrip() for line in lines]
    for home in (directory / "ARC", directory / "BOR"):
        assert stat.S_IMODE((home / "passphrase").stat().st_mode) == 0o600
        assert command(home, "status")["node"] == "stopped"

    audited = run_command(
        "audit",
        directory / "exports" / "BOR",
        directory / "exports" / "ARC",
        "--policy",
        directory / "policy",
        "--json",
    )
    assert json.loads(audited.stdout)["verdict"] == "verified"
    again = run_command("demo", "--dir", directory, "--json")
    assert (again.returncode, json.loads(again.stdout)["error"]["code"]) == (1, "home-exists")

    arc, bor = directory / "ARC", directory / "BOR"
    nodes = [
        subprocess.Popen(
            [*COMMAND, "--home", str(home), "--passphrase-file", str(home / "passphrase"), "--no-input", "node", "run"],
            stderr=subprocess.DEVNULL,
        )
        for home in (arc, bor)
    ]
    try:
        until = time.monotonic() + START_TIMEOUT_S
        while command(arc, "status")["channels"][0]["line"] != "up":
            assert time.monotonic() < until
        told = ("--set", "title=After", "--set", "class=other", "--set", "summary=One more.", "--severity", "4")
        draft = run_command(
            *("--home", arc, "--passphrase-file", arc / "passphrase", "--no-input"),
            *("send", "notification", "--to", "BOR", *told, "--as", "duty", "--json"),
        )
        assert draft.returncode == 4
        outcome = command(arc, "sign", json.loads(draft.stdout)["draft"], "--as", "release", "--wait", "held")
        assert outcome["state"] == "held"
        newest = command(bor, "inbox", "--as", "senior")
        assert newest["demonstration"]
        assert outcome["serial"] in {one["serial"] for one in newest["entries"]}
        assert command(bor, "ack", outcome["serial"], "--wait", "held")["state"] == "held"
    finally:
        for node in nodes:
            node.send_signal(signal.SIGTERM)
        assert [node.wait(20) for node in nodes] == [0, 0]


@pytest.mark.alone
@pytest.mark.slow
def test_an_interrupted_demonstration_leaves_no_node_behind(tmp_path: Path) -> None:
    """Ctrl-C ends both nodes and says so; the exit status is that of something that could not be done."""
    process = begin(tmp_path / "demo", 100)
    pids = node_pids(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert "both nodes are stopped" in err
    assert all(gone(pid) for pid in pids)


@pytest.mark.alone
@pytest.mark.slow
def test_a_node_that_dies_by_itself_is_named_with_its_log(tmp_path: Path) -> None:
    """Within seconds the demonstration says which node ended and how, stops the other, and gives up."""
    process = begin(tmp_path / "demo", 100)
    first, second = node_pids(process)
    os.kill(first, signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    error = json.loads(out)["error"]
    assert process.returncode == 3
    assert (error["code"], error["text"].split(";")[0]) == ("node-not-running", "the node of ARC ended with status -9")
    assert "node runs" in error["text"]
    assert gone(first)
    assert gone(second)
