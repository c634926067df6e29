"""A disk that is lost, by the commands that an administrator types: backup, restore, recover, and the line goes on."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nodes.key_files import write_keyring
from tests.builders import keyring
from tests.nodes.homes import agreement
from tests.processes.pair import ROOT, Machine, machines, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.alone]

PASSPHRASE = b"the node's"
HOTLINE = str(Path(sys.executable).with_name("hotline"))


def hotline(directory: Path, *arguments: str, status: int = 0) -> dict[str, Any]:
    """Run a command with --json; it must end so."""
    done = subprocess.run(
        [
            HOTLINE,
            "--json",
            "--passphrase-file",
            str(directory / "passphrase"),
            *arguments,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return dict(json.loads(done.stdout))


def level(arc: Machine, bor: Machine) -> bool:
    """Whether both hold all of each other and know it."""
    one, two = arc.status(), bor.status()
    sizes = (one["own_size"], two["own_size"])
    return sizes == (two["their_size"], one["their_size"]) == (one["own_held"], two["own_held"])


def codes(machine: Machine) -> set[str]:
    """Of the alarms since its start."""
    return {alarm["code"] for alarm in machine.status()["details"]["alarms"]}


def test_a_lost_disk_is_brought_back_by_two_commands(tmp_path: Path) -> None:
    """Backups are made while the node runs and is talked through. The machine dies and its home is gone. From the keys
    alone, `recover` brings everything back; from an old full backup the node brings it back by itself. Each time the
    same log goes on, nothing that was acknowledged is missing, and the counterpart sees no fork."""
    with machines(tmp_path) as (arc, bor):
        home = arc.home.path
        (tmp_path / "passphrase").write_bytes(PASSPHRASE + b"\n")
        (tmp_path / "passphrase").chmod(0o600)
        write_keyring(arc.home.keyring_path, keyring("ARC", agreement().channel), PASSPHRASE)
        arc.start()
        bor.start()
        said = [arc.say(), bor.say()]
        hotline(tmp_path, "--home", str(home), "backup", str(tmp_path / "full"))
        hotline(tmp_path, "--home", str(home), "backup", "--keys-only", str(tmp_path / "keys"))
        said += [arc.say(), bor.say(), arc.say()]
        wait_until(lambda: level(arc, bor), arc.log)

        for kind in ("keys", "full"):
            before = arc.entries("ARC"), arc.entries("BOR")
            arc.kill()
            shutil.rmtree(home)
            told = hotline(tmp_path, "restore", "--party", "ARC", str(tmp_path / kind), str(home))
            assert told["kind"] == kind
            if kind == "keys":
                # Wherever it is interrupted, it goes on when it is run again.
                interrupt_recovery(tmp_path, home)
                found = hotline(tmp_path, "--home", str(home), "recover")["channels"]["BOR"]
                assert found["own"] >= len(before[0])
                assert found["their"] >= len(before[1])
            arc.start()
            said.append(arc.say())
            wait_until(lambda: level(arc, bor), arc.log)
            after = arc.entries("ARC"), arc.entries("BOR")
            assert (after[0][: len(before[0])], after[1][: len(before[1])]) == before
            assert after == (bor.entries("ARC"), bor.entries("BOR"))
            assert (kind == "full") == ({"rolled-back-self", "recovered"} <= codes(arc))
            assert not {"fork", "held-differs", "root-differs"} & codes(bor)
            assert arc.status()["details"]["recovery"] is None
        places = [outcome["serial"] for outcome in said]
        assert len(set(places)) == len(places)


def interrupt_recovery(directory: Path, home: Path) -> None:
    """Begin a recovery, and kill it as soon as it has anything."""
    command = [HOTLINE, "--passphrase-file", str(directory / "passphrase")]
    process = subprocess.Popen([*command, "--home", str(home), "recover"], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    log = home / "channels" / "BOR" / "log.db-wal"
    while not (log.exists() and log.stat().st_size > 100_000) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
