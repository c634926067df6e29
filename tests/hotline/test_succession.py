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
PATIENCE_S = 60.0


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


def verify(arc: Path, bor: Path, room: Path) -> dict[str, Any]:
    """Export both voices, each by its own party, and audit them under a policy kept apart."""
    for home in (arc, bor):
        ok("--home", home, "log", "export", room / f"{home.name}-log")
    shutil.copy(room / "ARC-log" / "policy", room / "policy")
    return dict(ok("audit", room / "ARC-log", room / "BOR-log", "--policy", room / "policy"))


def test_a_forked_log_goes_on_in_its_successor(tmp_path: Path) -> None:
    """From the fork to an open line: what was receipted counts at both sides, and nothing is disputed any more."""
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
    report = verify(arc, bor, tmp_path)
    assert report["verdict"] == "verified", report["findings"]
    # The evidence of the fork is of the log that ended, and still holds.
    (kept,) = [one for one in ok("--home", bor, "evidence", "list")["evidence"] if one["code"] == "fork"]
    ok("--home", bor, "evidence", "export", kept["name"], "-o", tmp_path / "fork.evidence")
    ok("verify", tmp_path / "fork.evidence", "--policy", tmp_path / "policy")


def test_a_log_whose_tail_is_lost_goes_on_in_its_successor(tmp_path: Path) -> None:
    """Both disks were put back, and what was signed last is nowhere. The export of both logs verifies, also as the
    counterpart holds them, and a backup brings the past along."""
    arc, bor = paired(tmp_path)
    with (arc / "node.toml").open("a") as settings:
        settings.write('high_water = "apart"\n')
    with running(arc, bor):
        asked = send(arc, "This stays.")
    for home in (arc, bor):
        shutil.copytree(home, tmp_path / f"old-{home.name}")
    with running(arc, bor):
        send(arc, "This is lost.")
        send(bor, "So is this.")
    for home in (arc, bor):
        shutil.copytree(home / "apart", tmp_path / "apart") if home is arc else None
        shutil.rmtree(home)
        shutil.copytree(tmp_path / f"old-{home.name}", home)
    shutil.rmtree(arc / "apart")
    shutil.copytree(tmp_path / "apart", arc / "apart")
    processes = [start(arc), start(bor)]
    try:
        wait_for(lambda: "tail-lost" in alarms(arc))
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(20)
    file = ceremony(arc, bor, tmp_path, reason="tail-lost")
    ok(*acting(bor, "succession", "accept", file))
    ok(*acting(arc, "succession", "complete", file))
    with running(arc, bor):
        sent = send(arc, "This is said anew.")
        answer = ("send", "goodwill", "--set", "message=Good.", "--reply-to", asked["serial"], "--wait", "held")
        assert ok(*acting(bor, *answer))["state"] == "held"
        assert not alarms(arc) & {"tail-lost", "docket-differs"}
        ok(*acting(bor, "receipt", sent["serial"], "-o", tmp_path / "new.tlog-proof"))
        ok(*acting(arc, "receipt", asked["serial"], "-o", tmp_path / "old.tlog-proof"))
    report = verify(arc, bor, tmp_path)
    assert report["verdict"] == "verified", report["findings"]
    assert any("tail-lost" in line for line in report["checked"])
    for proof in ("new", "old"):
        ok("verify", tmp_path / f"{proof}.tlog-proof", "--policy", tmp_path / "policy")
    ok("--home", bor, "log", "export", tmp_path / "mirror", "--voice", "ARC")
    found = ok("audit", tmp_path / "mirror", tmp_path / "BOR-log", "--policy", tmp_path / "policy")
    assert found["verdict"] == "verified"
    ok(*acting(bor, "backup", tmp_path / "BOR.backup"))
    ok(*acting(bor, "restore", tmp_path / "BOR.backup", tmp_path / "again", "--party", "BOR"))
    assert sorted(path.name for path in (tmp_path / "again" / "channels" / "ARC" / "past").iterdir()) == [
        "ARC-1.db",
        "ARC-1.succession",
    ]


def succeed(party: Path, other: Path, room: Path, name: str) -> dict[str, Any]:
    """The whole ceremony for a log of a party, both nodes stopped."""
    attested, file = room / f"{name}.attested", room / f"{name}.succession"
    ok(*acting(other, "succession", "attest", attested))
    ok(*acting(party, "succession", "begin", file, "--reason", "stolen-key", "--attested", attested))
    ok(*acting(party, "succession", "sign", file, "--as", "release", "--as", "duty"))
    ok(*acting(other, "succession", "accept", file))
    return dict(ok(*acting(party, "succession", "complete", file)))


def test_both_voices_are_succeeded_and_one_of_them_again(tmp_path: Path) -> None:
    """Three logs of one voice and two of the other: one row of numbers each, and everything verifies."""
    arc, bor = paired(tmp_path)
    with running(arc, bor):
        first = send(arc, "First log.")
    assert succeed(arc, bor, tmp_path, "one")["epoch"] == 2
    assert succeed(bor, arc, tmp_path, "two")["epoch"] == 2
    with running(arc, bor):
        second = send(bor, "Second log.")
        send(arc, "Second log.")
    assert succeed(arc, bor, tmp_path, "three")["epoch"] == 3
    # A file of an end that was long ago changes nothing any more.
    assert ok(*acting(bor, "succession", "accept", tmp_path / "one.succession"))["epoch"] == 2
    with running(arc, bor):
        third = send(arc, "Third log.")
        assert int(third["serial"].split()[1]) > int(first["serial"].split()[1])
        for home in (arc, bor):
            for sent, text in ((first, "First log."), (second, "Second log."), (third, "Third log.")):
                shown = ok(*acting(home, "show", sent["serial"], "--peek"))
                assert (shown["contents"]["message"], shown["view"]["faults"]) == (text, [])
            assert "docket-differs" not in alarms(home)
    report = verify(arc, bor, tmp_path)
    assert report["verdict"] == "verified", report["findings"]
    assert sum("succession:" in line for line in report["checked"]) == 3
