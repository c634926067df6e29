"""What works while no node runs."""

import time
from pathlib import Path

import pytest

from tests.hotline.nodes import running, start, stop, wait_until_up
from tests.hotline.people import acting, hotline, ok, paired

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two homes whose nodes ran and were stopped."""
    arc, bor = paired(tmp_path_factory.mktemp("stopped"))
    with running(arc, bor):
        sent = ok(*acting(arc, "send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "20"))
        assert sent["state"] == "held"
    return arc, bor


def test_status_export_and_receipts_need_no_node_and_no_key(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """Sizes are those of the logs; what only a running node knows is None."""
    arc, _ = homes
    found = ok("--home", arc, "status")
    channel = found["channels"][0]
    assert (found["node"], channel["line"], channel["last_beat_at_ms"]) == ("stopped", "down", None)
    assert channel["own_size"] >= channel["own_held"] >= 3
    assert isinstance(channel["due"], int)
    assert "*** demonstration" in hotline("--home", arc, "status").out
    ok("--home", arc, "log", "export", tmp_path / "out")
    ok("--home", arc, "receipt", "ARC 2", "-o", tmp_path / "r")
    assert ok("verify", tmp_path / "r", "--policy", tmp_path / "out" / "policy")["index"] == 2


def test_what_needs_the_node_says_so(homes: tuple[Path, Path]) -> None:
    """Exit 3, with the command that starts it."""
    done = hotline(*acting(homes[0], "inbox", "--json"))
    assert (done.status, done.json["error"]["code"]) == (3, "node-not-running")
    assert "node run" in done.json["error"]["next"]


def test_the_doctor_of_a_stopped_node(homes: tuple[Path, Path]) -> None:
    """It warns that the node does not run, and finds the port free and the logs whole."""
    checks = {check["name"]: check["result"] for check in ok(*acting(homes[0], "doctor"))["checks"]}
    assert checks["node"] == "warn"
    assert checks["port (listen)"] == "ok"
    assert checks["BOR logs"] == "ok"
    assert checks["key file"] == "ok"


def test_open_permissions_are_found(homes: tuple[Path, Path]) -> None:
    """The doctor fails and says what to type."""
    key = homes[1] / "node.key"
    key.chmod(0o644)
    done = hotline(*acting(homes[1], "doctor", "--json"))
    key.chmod(0o600)
    assert done.status == 1
    assert any(f"chmod 600 {key}" == check["fix"] for check in done.json["checks"])


def test_alone_a_node_queues_what_officers_say(homes: tuple[Path, Path]) -> None:
    """Without its counterpart a node signs nothing new; what waits is logged once the other side has answered."""
    arc, bor = homes
    process = start(arc)
    other = None
    try:
        until = time.monotonic() + 20
        while ok("--home", arc, "status")["node"] != "running":
            assert time.monotonic() < until
            time.sleep(0.05)
        done = hotline(*acting(arc, "send", "goodwill", "--set", "message=queued", "--timeout", "1", "--json"))
        assert (done.status, done.json["state"], done.json["serial"]) == (0, "queued", None)
        other = start(bor)
        wait_until_up(arc)
        until = time.monotonic() + 10
        while ok("--home", arc, "status")["channels"][0]["details"]["queued"]:
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        stop(process)
        if other is not None:
            stop(other)
