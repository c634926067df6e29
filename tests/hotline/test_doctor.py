"""What the doctor finds, each with a fix, on real homes with real nodes."""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from hotline.clock import now_ms
from hotline.doctor import dates, machine, node
from protocol.codes import CODES
from tests.hotline.nodes import running
from tests.hotline.people import acting, hotline, listen_of, make_home, ok, paired

DAY_MS = 86_400_000


def checks(home: Path, *options: str) -> dict[str, dict[str, Any]]:
    """What the doctor finds, by name."""
    done = hotline(*acting(home, "doctor", *options), "--json")
    assert done.status == (1 if done.json["failed"] else 0)
    return {one["name"]: one for one in done.json["checks"]}


def reached(home: Path) -> tuple[str, str]:
    """Result and text of dialling the counterpart of ARC or BOR."""
    other = {"ARC": "BOR", "BOR": "ARC"}[home.name]
    found = checks(home)[f"{other} reach"]
    return found["result"], found["text"]


@pytest.mark.slow
def test_two_running_nodes_reach_each_other(tmp_path: Path) -> None:
    """The counterpart answers with the key of its roster and takes ours, our listener answers with ours, the clocks
    agree; nothing fails, and the session between the nodes goes on."""
    arc, bor = paired(tmp_path)
    with running(arc, bor):
        found = checks(arc)
        for name in ("BOR reach", "listener", "BOR TLS key", "BOR line", "BOR clock", "BOR alarms", "node", "sync"):
            assert found[name]["result"] == "ok", found[name]
        assert all(one["result"] != "fail" for one in found.values())
        assert all(one["fix"] for one in found.values() if one["result"] != "ok")
        assert ok("--home", arc, "status")["channels"][0]["line"] == "up"
        # Without the passphrase theirs is looked at all the same.
        done = hotline("--home", arc, "doctor", "--json")
        (without,) = [one for one in done.json["checks"] if one["name"] == "BOR reach"]
        assert without["result"] == "ok"
        assert "passphrase" not in done.out.lower() or "--passphrase-file" in done.out


@pytest.mark.slow
def test_a_counterpart_that_does_not_answer_is_a_warning(tmp_path: Path) -> None:
    """Nobody listens: it may be theirs to mend."""
    arc, _ = paired(tmp_path)
    result, text = reached(arc)
    assert (result, "refused" in text) == ("warn", True)


@pytest.mark.slow
def test_somebody_else_at_their_address_is_found(tmp_path: Path) -> None:
    """A node with another key answers there: the doctor fails, and says to compare by voice."""
    arc, bor = paired(tmp_path)
    room = tmp_path / "other"
    room.mkdir()
    # The same parties once more, with keys of their own.
    stranger = make_home(room, "BOR")
    settings = (stranger / "node.toml").read_text()
    (stranger / "node.toml").write_text(settings.replace(listen_of(stranger), listen_of(bor)))
    answering = Answering(stranger, listen_of(bor))
    with answering:
        found = checks(arc)["BOR reach"]
    assert found["result"] == "fail"
    assert "not in the roster" in found["text"]
    assert "by voice" in found["fix"]


class Answering:
    """A TLS server with the certificate of a home, which takes whoever comes."""

    def __init__(self, home: Path, address: str) -> None:
        self.home = home
        host, _, port = address.rpartition(":")
        self.listener = socket.create_server((host, int(port)))
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        import ssl

        from keys.keyring import NodeKeyring
        from nodes import tls
        from nodes.key_files import read_keyring
        from tests.hotline.people import PASSPHRASE

        keyring = read_keyring(self.home / "node.key", NodeKeyring, PASSPHRASE.strip())
        made = tls.context(server=True, keyring=keyring, anchors=())
        made.verify_mode = ssl.CERT_NONE
        try:
            while True:
                connection, _ = self.listener.accept()
                with connection, made.wrap_socket(connection, server_side=True) as secure:
                    secure.settimeout(5)
                    secure.recv(1)
        except OSError:
            return

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.mark.slow
def test_our_key_that_they_do_not_know_is_found(tmp_path: Path) -> None:
    """A node whose key file is another's is refused by the counterpart, and its own roster does not name it."""
    arc, bor = paired(tmp_path)
    with running(arc, bor):
        room = tmp_path / "other"
        room.mkdir()
        other = make_home(room, "ARC")
        copy = tmp_path / "pair" / "copy"
        copy.mkdir(mode=0o700)
        shutil.copytree(arc, copy / "ARC", ignore=shutil.ignore_patterns("*.sock"))
        shutil.copy(other / "node.key", copy / "ARC" / "node.key")
        shutil.copy(arc.parent / "passphrase", copy / "passphrase")
        found = checks(copy / "ARC")
        assert (found["BOR TLS key"]["result"], found["BOR reach"]["result"]) == ("fail", "fail")
        assert "refuses our TLS key" in found["BOR reach"]["text"]


@pytest.mark.slow
def test_another_program_at_our_port_is_found(tmp_path: Path) -> None:
    """While no node runs the port is in use; the doctor says so."""
    arc, _ = paired(tmp_path)
    host, _, port = listen_of(arc).rpartition(":")
    with socket.create_server((host, int(port))):
        assert checks(arc)["port (listen)"]["result"] == "fail"


def test_the_age_of_backup_and_scrub(tmp_path: Path) -> None:
    """None yet, fresh, too old, in the future, and a record that cannot be read: each has its finding."""
    at = now_ms()
    for name, look, old_ms in (
        ("backup", dates.backup, dates.BACKUP_OLD_MS),
        ("scrub", dates.scrub, dates.SCRUB_OLD_MS),
    ):
        record = tmp_path / f"{name}.json"
        assert look(tmp_path, at).result == "warn"
        for at_ms, result in ((at, "ok"), (at - old_ms, "ok"), (at - old_ms - 1, "warn"), (at + 1, "warn")):
            record.write_text(json.dumps({"at_ms": at_ms, "bytes": 1}))
            assert look(tmp_path, at).result == result
        for text in ("", "[]", '{"at_ms": "now"}', '{"at_ms": true}', "[" * 100_000, "{}"):
            record.write_text(text)
            found = look(tmp_path, at)
            assert (found.result, bool(found.fix)) == ("warn", True)


MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:20 / {tmp}/memory rw shared:2 - tmpfs tmpfs rw
23 21 0:30 / {tmp}/far rw - nfs4 server:/x rw
24 21 0:31 / {tmp}/a\\040space rw - fuse.sshfs x rw
25 22 8:2 / {tmp}/memory/disk rw - xfs /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("place", "result"),
    [("", "ok"), ("memory", "warn"), ("far/x", "warn"), ("a space", "warn"), ("memory/disk/y", "ok")],
)
def test_kinds_of_file_system_that_do_not_keep_their_word(tmp_path: Path, place: str, result: str) -> None:
    """Memory and networks are warned of, by the innermost mount that holds the home."""
    found = machine.file_system(tmp_path / place, MOUNTS.format(tmp=tmp_path.resolve()))
    assert found.result == result, found


@pytest.mark.root
@pytest.mark.slow
def test_a_home_in_memory_and_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    """A real tmpfs of 64 MiB: both are said, and that the logs are larger than what is free."""
    place = tmp_path / "memory"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)], check=True)
    try:
        found = {one.name: one for one in machine.disk(place, log_bytes=0, entries=0)}
        assert found["file system"].result == "warn"
        assert found["disk"].result == "warn"
        assert found["sync"].result == "ok"
        assert list(place.iterdir()) == []
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_room_is_counted_in_entries(tmp_path: Path) -> None:
    """By what an entry took so far, if there are enough to tell; logs larger than what is free are warned of."""
    free = shutil.disk_usage(tmp_path).free
    for log_bytes, entries, each in ((10_000_000, 1_000, 10_000), (10, 1, machine.ENTRY_BYTES)):
        (found,) = [one for one in machine.disk(tmp_path, log_bytes=log_bytes, entries=entries) if one.name == "disk"]
        (number,) = re.findall(r"about (\d+) more", found.text)
        assert abs(int(number) - free // each) < 0.2 * free // each
    (found,) = [one for one in machine.disk(tmp_path, log_bytes=2 * free, entries=10) if one.name == "disk"]
    assert found.result == "warn"


def test_the_time_service_is_asked_of_the_kernel() -> None:
    """Where the kernel says nothing, nothing is claimed; a year that cannot be is a failure."""
    assert machine.is_synchronised() in {True, False, None}
    assert [one.result for one in machine.clock(0)][0:1] == ["fail"]
    names = [one.name for one in machine.clock(int(time.time() * 1000))]
    assert names == ["clock", "time service"]


def channel(**changes: Any) -> dict[str, Any]:
    """A line as `status` gives it."""
    details = {
        "live": True,
        "disputed": False,
        "refused": 0,
        "alarms": [],
        "recovery": None,
        **changes.pop("details", {}),
    }
    return {"counterpart": "BOR", "line": "up", "clock_offset_ms": 3, "details": details, **changes}


FINDINGS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a line that is down": ({"line": "down"}, "BOR line", "warn"),
    "a clock beyond the agreed difference": ({"clock_offset_ms": -2_000}, "BOR clock", "warn"),
    "a clock that is not known yet": ({"clock_offset_ms": None}, "BOR clock", "ok"),
    "a line that is up and not live": ({"details": {"live": False}}, "BOR voice", "fail"),
    "a log on its way back": (
        {"details": {"live": False, "recovery": {"entries": 3, "goal": 9}}},
        "BOR voice",
        "warn",
    ),
    "a restored home that is whole": ({"details": {"recovery": {"entries": 9, "goal": None}}}, "BOR line", "ok"),
    "damage on the disk": ({"details": {"scrub": {"damaged": 2}}}, "BOR stored", "warn"),
    "two logs of theirs": ({"details": {"disputed": True}}, "BOR their log", "fail"),
    "refused statements": ({"details": {"refused": 2}}, "BOR queue", "warn"),
    "an alarm of today": ({"details": {"alarms": [{"code": "fork", "text": "", "at_ms": 5}]}}, "BOR alarms", "warn"),
}


@pytest.mark.parametrize("what", FINDINGS)
def test_what_a_running_node_says_is_judged(what: str) -> None:
    """Each with a fix that names a command where there is one."""
    changes, name, result = FINDINGS[what]
    found = {one.name: one for one in node.line(channel(**changes), offset_alarm_ms=2_000, now_ms=DAY_MS)}
    assert found[name].result == result
    assert bool(found[name].fix) == (result != "ok")
    for code in re.findall(r"explain ([a-z-]+)", " ".join(one.fix for one in found.values())):
        assert code in CODES


@pytest.mark.slow
def test_a_file_of_logs_that_cannot_be_read_is_found_with_the_way_on(tmp_path: Path) -> None:
    """Its header is noise: the doctor says so and names the command; that sets the file aside, and asks for the
    counterpart."""
    arc, _ = paired(tmp_path)
    log = arc / "channels" / "BOR" / "log.db"
    log.write_bytes(os.urandom(8_192))
    found = checks(arc)["BOR logs"]
    assert (found["result"], str(log) in found["text"]) == ("fail", True)
    assert "hotline recover" in found["fix"]
    done = hotline(*acting(arc, "recover", "--patience", "1"), "--json")
    assert "recovery-stands-still" in done.out + done.err
    (aside,) = log.parent.glob("damaged-*-log.db")
    assert str(aside) in done.err
    assert checks(arc)["BOR logs"]["result"] == "ok"


@pytest.mark.slow
def test_marks_inside_the_home_are_no_marks_apart(tmp_path: Path) -> None:
    """A high-water directory that every backup reaches is said to be one."""
    arc, _ = paired(tmp_path)
    with (arc / "node.toml").open("a") as settings:
        settings.write('high_water = "marks"\n')
    assert checks(arc)["high-water"]["result"] == "warn"


def test_the_doctor_leaves_nothing_behind(tmp_path: Path) -> None:
    """No file is there afterwards that was not there before, and none has changed."""
    arc, _ = paired(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in arc.rglob("*") if path.is_file()}
    checks(arc)
    assert {path: path.stat().st_mtime_ns for path in arc.rglob("*") if path.is_file()} == before
    assert os.path.isdir(arc)
