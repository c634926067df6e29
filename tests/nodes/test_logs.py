"""The log in a file: whoever moves it away loses no line of it, and a disk that takes none stops nothing."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest
import structlog

from nodes.errors import NodeError
from nodes.logs import LogFile, PatientStream
from tests.hotline.nodes import start, stop
from tests.hotline.people import ok, paired
from tests.processes.pair import wait_until

PAGE = Path(__file__).resolve().parents[2] / "docs" / "administrator.md"
WRITERS = 4
MOVES = 20


def test_no_line_is_lost_while_files_are_moved_away(tmp_path: Path) -> None:
    """Four threads log while the file is renamed under them again and again: each line is there once, whole, and the
    lines of one thread in their order."""
    path = tmp_path / "node.log"
    loggers = structlog.WriteLoggerFactory(file=LogFile(path, io.StringIO()))  # type: ignore[arg-type]

    enough = threading.Event()
    written = [0] * WRITERS

    def write(number: int) -> None:
        log = loggers()
        while not enough.is_set():
            log.msg(f"{number} {written[number]} " + "x" * 200)
            written[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        for move in range(MOVES):
            wait_until(path.exists)
            path.rename(tmp_path / f"node.log.{move:05d}")
    finally:
        enough.set()
        for thread in threads:
            thread.join()
    found = [line for one in sorted(tmp_path.glob("node.log.*")) for line in one.read_text().splitlines()]
    found += path.read_text().splitlines() if path.exists() else []
    assert all(re.fullmatch(r"\d+ \d+ x{200}", line) for line in found)
    assert len(found) == sum(written) > MOVES
    for number in range(WRITERS):
        order = [int(line.split()[1]) for line in found if line.startswith(f"{number} ")]
        assert order == list(range(written[number]))


def test_what_cannot_be_written_to_the_file_is_written_to_standard_error(tmp_path: Path) -> None:
    """With the directory gone lines go there in full, and to the file again once it can be made."""
    directory = tmp_path / "logs"
    directory.mkdir()
    other = io.StringIO()
    log = LogFile(directory / "node.log", other)
    log.write("one\n")
    shutil.rmtree(directory)
    log.write("two\n")
    directory.mkdir()
    log.write("three\n")
    assert other.getvalue() == "two\n"
    assert (directory / "node.log").read_text() == "three\n"


@pytest.mark.root
@pytest.mark.slow
def test_a_line_after_one_that_a_full_disk_tore_begins_on_its_own(tmp_path: Path) -> None:
    """The torn line is on standard error in full, and the file has one broken line and no more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(disk)], check=True)
    try:
        other = io.StringIO()
        log = LogFile(disk / "node.log", other)
        lines = [f"{number} " + "x" * 3000 + "\n" for number in range(4)]
        for line in lines:
            log.write(line)
        assert other.getvalue() == "".join(lines[2:])
        os.truncate(disk / "node.log", 7000)
        log.write("again\n")
        assert (disk / "node.log").read_text().splitlines()[-1] == "again"
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_log_follows_no_link(tmp_path: Path) -> None:
    """Where the name is a symbolic link the node does not start: whoever made it chose where it would write."""
    (tmp_path / "node.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NodeError):
        LogFile(tmp_path / "node.log", io.StringIO())
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.slow
def test_logrotate_rotates_the_log_of_a_running_node(tmp_path: Path) -> None:
    """The lines of the administrator's page, under the real logrotate: the old file ends whole, the new one begins at
    the signal, both are the owner's alone, and the node runs on."""
    if shutil.which("logrotate") is None:
        pytest.skip("needs logrotate")
    arc, _ = paired(tmp_path)
    config = arc / "node.toml"
    config.write_text(config.read_text().replace('# log_file = "node.log"', 'log_file = "node.log"'))
    process = start(arc)
    try:
        path = arc / "node.log"
        wait_until(lambda: path.exists() and "node runs" in path.read_text())
        (block,) = re.findall(r"```logrotate\n(.*?)```", PAGE.read_text(), re.DOTALL)
        block = block.replace("/var/lib/hotline/node.log", str(path))
        block = block.replace("systemctl reload hotline-node", f"kill -HUP {process.pid}")
        block = re.sub(r"(?m)^ *su .*\n", "", block)
        (tmp_path / "logrotate.conf").write_text(block)
        (tmp_path / "logrotate.conf").chmod(0o644)
        arc.chmod(0o700)
        command = ["logrotate", "--force", "--state", str(tmp_path / "state"), str(tmp_path / "logrotate.conf")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        wait_until(lambda: path.exists() and "log begins" in path.read_text())
        assert ok("--home", arc, "status")["node"] == "running"
    finally:
        stop(process)
    (rotated,) = arc.glob("node.log-*")
    events = [[json.loads(line)["event"] for line in one.read_text().splitlines()] for one in (rotated, path)]
    assert "node runs" in events[0]
    assert events[1][0] in {"log begins", "dialled"}
    assert events[1][-1] == "node stopped"
    assert {one.stat().st_mode & 0o777 for one in (rotated, path)} == {0o600}


@pytest.mark.slow
def test_a_signal_to_look_for_the_log_ends_no_node(tmp_path: Path) -> None:
    """SIGHUP, which ends a program that says nothing of it, is taken as what it is."""
    arc, _ = paired(tmp_path)
    process = start(arc)
    wait_until(lambda: (arc / "node.sock").exists())
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: "log begins" in (tmp_path / "pair" / "ARC.log").read_text())
    stop(process)


def test_a_stream_that_takes_nothing_stops_nothing(tmp_path: Path) -> None:
    """Standard error on a full disk: whoever logs goes on, and once there is room the log says that it has a gap."""
    path = tmp_path / "log"
    with path.open("w") as file, Path("/dev/full").open("w") as full:
        there = os.dup(file.fileno())
        stream = PatientStream(file)
        os.dup2(full.fileno(), file.fileno())
        for _ in range(1000):
            stream.write("x" * 100 + "\n")
        os.dup2(there, file.fileno())
        os.close(there)
        stream.write("three\n")
        stream.write("four\n")
    gap = '{"event": "log lines may be missing here", "level": "warning"}'
    lines = path.read_text().splitlines()
    assert lines[-3:] == [gap, "three", "four"]
    assert set(lines[:-3]) <= {gap, "x" * 100}
