"""A log that cannot be repaired is succeeded, by commands, between two real nodes."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hotline.nodes import running, start
from tests.hotline.people import acting, hotline, ok, paired

pytestmark = pytest.mark.slow
PATIENCE_S = 20.0


def wait_for(condition: Callable[[], bool], story: Callable[[], str] = str) -> None:
    """Wait until something is true."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, story()
        time.sleep(0.05)


def send(home: Path, text: str, *, wait: str = "held") -> dict[str, Any]:
    """One goodwill message."""
    return dict(ok(*acting(home, "send", "goodwill", "--set", f"message={text}", "--wait", wait, "--timeout", "20")))


def alarms(home: Path) -> set[str]:
    """What a running node raised."""
    (channel,) = ok("--home", home, "status")["channels"]
    return {alarm["code"] for alarm in channel["details"].get("alarms", [])}


def fork(directory: Path) -> tuple[Path, Path]:
    """ARC's home was copied, and both copies said something else; BOR holds what the first one said."""
    arc, bor = paired(directory)
    with (arc / "node.toml").open("a") as settings:
        settings.write('high_water = "apart"\n')
    with running(arc, bor):
        send(arc, "Both pasts have this.")
        send(bor, "Thank you.")
    shutil.copytree(arc, directory / "copy")
    with running(arc, bor):
        send(arc, "One past.")
        send(arc, "One past, and more.")
    shutil.rmtree(arc)
    shutil.copytree(directory / "copy", arc)
    processes = [start(arc)]
    try:
        another = acting(arc, "send", "goodwill", "--set", "message=Another.", "--wait", "logged")
        wait_for(lambda: hotline(*another).status == 0)
        processes.append(start(bor))
        wait_for(lambda: "fork" in alarms(bor) and bool(alarms(arc) & {"fork-self", "recovery-refused"}))
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(20)
    return arc, bor


def ceremony(arc: Path, bor: Path, room: Path, *, reason: str = "fork") -> Path:
    """Attest, begin, and two officers sign."""
    attested, file = room / "ARC.attested", room / "ARC.succession"
    ok(*acting(bor, "succession", "attest", attested, "--entries-from", "0"))
    made = ok(*acting(arc, "succession", "begin", file, "--reason", reason, "--attested", attested))
    assert made["missing"] == ["release/senior", "duty/release/senior/legal/technical"]
    ok(*acting(arc, "succession", "sign", file, "--as", "senior", "--as", "duty"))
    return file


def test_a_forked_log_goes_on_in_its_successor(tmp_path: Path) -> None:
    """From the fork to an open line: what was receipted counts at both sides, threads go on, and nothing is disputed."""
    arc, bor = fork(tmp_path)
    file = ceremony(arc, bor, tmp_path)
    done = ok(*acting(arc, "succession", "complete", file))
    # Given again, it is what is in place already.
    assert ok(*acting(arc, "succession", "complete", file))["epoch"] == done["epoch"] == 2
    assert ok(*acting(bor, "succession", "accept", file))["size"] == done["size"]
    assert ok(*acting(bor, "succession", "accept", file))["missing"] == []
    counted = done["size"]
    with running(arc, bor):
        first = send(arc, "We go on.")
        assert int(first["serial"].split()[1]) >= counted + 2
        reply = ok(
            *acting(
                bor, "send", "goodwill", "--set", "message=So do we.", "--reply-to", first["serial"], "--wait", "held"
            )
        )
        assert reply["state"] == "held"
        # What the first copy said and BOR held is there at both, though this copy never had it.
        for home in (arc, bor):
            old = ok(*acting(home, "show", f"ARC {counted - 1}", "--peek"))
            assert old["contents"]["message"] == "One past, and more."
            assert old["view"]["faults"] == []
        shown = ok(*acting(bor, "show", f"ARC {counted}", "--peek"))
        assert "reason fork" in shown["contents"]["text"]
        for home in (arc, bor):
            (channel,) = ok("--home", home, "status")["channels"]
            assert channel["details"]["disputed"] is False
            assert channel["details"]["succeeded"] == [
                {"party": "ARC", "epoch": 1, "entries": counted, "reason": "fork"}
            ]
            assert not alarms(home) & {"fork", "fork-self", "docket-differs", "root-differs"}, alarms(home)
