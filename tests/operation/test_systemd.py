"""The shipped units: what systemd thinks of them, and a real node that lives under them."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.hotline.nodes import start, wait_until_up
from tests.hotline.people import PASSPHRASE, acting, free_port, hotline, make_home, ok, paired
from tests.operation.confined import APPLIED, LEFT_OUT
from tests.operation.unit import Unit

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "docs" / "systemd").glob("*.service"))
NODE = ROOT / "docs" / "systemd" / "hotline-node.service"
BACKUP = NODE.with_name("hotline-backup.service")
SIGNER = NODE.with_name("hotline-signer.service")
NOBODY = 65_534
EXPOSURE_MAX = 2.0

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which needs no running systemd for what is asked here."""
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_leaves_little_exposed(unit: Path) -> None:
    """`systemd-analyze security` gives each unit 2.0 or less of 10."""
    done = analyze("security", "--offline=true", "--no-pager", f"--threshold={int(10 * EXPOSURE_MAX)}", unit)
    (level,) = re.findall(r"Overall exposure level for \S+ ([\d.]+)", done.stdout)
    print(f"{unit.name}: exposure {level}")
    assert float(level) <= EXPOSURE_MAX, done.stdout
    assert done.returncode == 0


@needs_systemd
@pytest.mark.parametrize("unit", sorted(NODE.parent.glob("hotline-*")), ids=lambda unit: unit.name)
def test_systemd_understands_every_line_of_a_unit(unit: Path) -> None:
    """`systemd-analyze verify` has nothing to say, but that Hotline is not installed where the unit looks for it."""
    done = analyze("verify", "--man=no", unit)
    said = [line for line in done.stderr.splitlines() if "/opt/hotline/" not in line]
    assert not said


@needs_systemd
@pytest.mark.parametrize(("line", "fits"), [("", True), ("LoadCredentialEncrypted=/no/name\n", False)])
def test_systemd_understands_the_encrypted_passphrase(tmp_path: Path, line: str, fits: bool) -> None:
    """The drop-in fits the unit and takes the plain file out of it; a line that is wrong would be noticed."""
    shutil.copy(NODE, tmp_path)
    drop_in = tmp_path / f"{NODE.name}.d" / "passphrase.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(NODE.with_name("encrypted-passphrase.conf").read_text() + line)
    done = analyze("verify", "--man=no", tmp_path / NODE.name)
    said = [said for said in done.stderr.splitlines() if "/opt/hotline/" not in said]
    assert (not said) is fits, said
    names = dict(line.split("=", 1) for line in drop_in.read_text().splitlines() if "=" in line and line[0] != "#")
    plain, encrypted = Unit.read(NODE).value("LoadCredential"), names["LoadCredentialEncrypted"]
    assert names["LoadCredential"] == ""
    if fits:
        assert encrypted.split(":")[0] == plain.split(":")[0]


@pytest.mark.root
@pytest.mark.skipif(shutil.which("systemd-creds") is None, reason="needs systemd-creds")
def test_an_encrypted_passphrase_opens_the_node_and_nothing_else_does(tmp_path: Path) -> None:
    """What the manager puts into the unit's directory of credentials opens the key file; the encrypted file does not
    hold the passphrase, and under another name it is no credential."""
    arc = make_home(tmp_path, "ARC", officers=())
    sealed, credentials = tmp_path / "passphrase.cred", tmp_path / "credentials"
    # Elsewhere the key is the machine's; a test leaves none behind.
    options = ("--with-key=tpm2-absent", "--name=passphrase")
    subprocess.run(["systemd-creds", *options, "encrypt", str(tmp_path / "passphrase"), str(sealed)], check=True)
    assert PASSPHRASE.strip() not in sealed.read_bytes()
    credentials.mkdir()
    decrypt = ["systemd-creds", "--name=passphrase", "decrypt", str(sealed), str(credentials / "passphrase")]
    subprocess.run(decrypt, check=True, capture_output=True)
    other = ["systemd-creds", "--name=backup", "decrypt", str(sealed), "-"]
    assert subprocess.run(other, capture_output=True, check=False).returncode != 0
    done = hotline("--home", arc, "--passphrase-file", credentials / "passphrase", "doctor", "--json")
    assert {"name": "key file", "result": "ok", "text": "it opens", "fix": ""} in done.json["checks"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_restriction_is_tried_or_said_not_to_be(unit: Path) -> None:
    """A name that comes new to a unit is tried below, or is in the list of what cannot be tried here."""
    names = {name for section, name, _ in Unit.read(unit).settings if section == "Service"}
    assert names <= APPLIED | LEFT_OUT
    assert not APPLIED & LEFT_OUT


def confined(unit: Path, room: Path, *program: str) -> list[str]:
    """A command under a unit, with one directory that it may write."""
    launcher = [sys.executable, "-m", "tests.operation.confined", str(unit), "--uid", str(NOBODY)]
    return [*launcher, "--read", sys.prefix, "--write", str(room), "--", *program]


def started_by(unit: Path, room: Path) -> list[str]:
    """What a unit starts, with its places in a directory of the test."""
    line = Unit.read(unit).value("ExecStart")
    line = line.replace("/opt/hotline/.venv/bin/hotline", str(Path(sys.executable).with_name("hotline")))
    line = line.replace("/var/lib/hotline", str(room / "ARC")).replace("/var/backups/hotline", str(room))
    meant = {"%%": "%", "%d": str(room), "$$": "$"}
    return shlex.split(re.sub(r"%%|%d|\$\$", lambda match: meant[match[0]], line))


@pytest.fixture
def room(tmp_path: Path) -> tuple[Path, Path]:
    """A directory of another user with ARC's home and passphrase, and the home of BOR."""
    arc, bor = paired(tmp_path)
    room = tmp_path / "confined"
    room.mkdir(mode=0o755)
    shutil.copytree(arc, room / "ARC", symlinks=True)
    shutil.copy(arc.parent / "passphrase", room / "passphrase")
    give(room)
    return room, bor


def give(room: Path) -> None:
    """Let the other user own a directory and all in it."""
    for path in (room, *room.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


@pytest.mark.root
@pytest.mark.slow
@needs_systemd
def test_a_node_lives_under_its_unit(room: tuple[Path, Path], tmp_path: Path) -> None:
    """Pairing done, the node of one side runs as the unit says, with metrics and a log file: read-only system, no
    capability, only the system calls that the filter leaves, any other being its end. Statements are held both ways,
    and it stops cleanly. Then its backup is made as that unit says, and it verifies."""
    place, bor = room
    arc = place / "ARC"
    settings = (arc / "node.toml").read_text().replace('# log_file = "node.log"', 'log_file = "node.log"')
    (arc / "node.toml").write_text(settings.replace('metrics = ""', f'metrics = "127.0.0.1:{free_port()}"'))
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    with (tmp_path / "ARC.log").open("wb") as log:
        command = confined(NODE, place, *started_by(NODE, place))
        node = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    other = start(bor)
    try:
        wait_until_up(bor)
        for home in (arc, bor):
            sent = ok(*acting(home, "send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "20"))
            assert sent["state"] == "held"
        status = Path(f"/proc/{node.pid}/status").read_text()
        assert re.search(r"(?m)^Seccomp:\t2$", status)
        assert re.search(r"(?m)^CapBnd:\t0+$", status)
        assert re.search(rf"(?m)^Uid:\t{NOBODY}\t{NOBODY}\t", status)
        # The officer of this test is root, and keeps what it has seen in a home inside the node's.
        give(place)
        command = confined(BACKUP, place, *started_by(BACKUP, place))
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        for process in (node, other):
            process.send_signal(signal.SIGTERM)
        ends = [process.wait(20) for process in (node, other)]
    assert ends == [0, 0], (tmp_path / "ARC.log").read_text()
    assert "node stopped" in (arc / "node.log").read_text()
    (backup,) = place.glob("node-*Z")
    assert ok("--passphrase-file", place / "passphrase", "restore", "--check", backup)["channels"]["BOR"]["own"] >= 3
    assert json.loads((arc / "backup.json").read_text())["at_ms"] > 0


@pytest.mark.root
@pytest.mark.slow
@needs_systemd
def test_a_signer_lives_under_its_unit(room: tuple[Path, Path], tmp_path: Path) -> None:
    """It takes the keys over, answers on a socket that it gives to a group, and stops cleanly: without a network, a
    capability, or a place to write but its own."""
    place, _ = room
    directory, socket = place / "signer", place / "socket"
    ok(
        "--home",
        place / "ARC",
        "--passphrase-file",
        place / "passphrase",
        "signer",
        "take",
        directory,
        "--socket",
        socket,
    )
    with (directory / "signer.toml").open("a") as settings:
        settings.write(f"group = {NOBODY}\n")
    text = (directory / "signer.toml").read_text()
    (directory / "signer.toml").write_text(re.sub(r"users = .*", f"users = [{os.geteuid()}]", text))
    give(place)
    program = [str(Path(sys.executable).with_name("hotline")), "--passphrase-file", str(place / "passphrase")]
    command = confined(SIGNER, place, *program, "--no-input", "signer", "run", str(directory))
    with (tmp_path / "signer.log").open("wb") as log:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        signer = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        while hotline("signer", "status", socket).status != 0:
            assert signer.poll() is None, (tmp_path / "signer.log").read_text()
            time.sleep(0.1)
        assert socket.stat().st_mode & 0o777 == 0o660
    finally:
        signer.terminate()
        assert signer.wait(20) == 0


SEE_HOMES = """
import os, sys
def look(top):
    for name in os.listdir(top):
        place = os.path.join(top, name)
        if place not in sys.argv[1:]:
            assert any(given.startswith(place + '/') for given in sys.argv[1:]), place
            look(place)
look('/root')
look('/home')
"""
READ_ONLY, REFUSED = "[Errno 30] Read-only file system", "[Errno 13] Permission denied"
FORBIDDEN = {
    "write beside the home": ("open('/etc/hotline-was-here', 'w')", 1, READ_ONLY),
    "see another's home": (SEE_HOMES, 0, ""),
    "make memory both writable and executable": ("import mmap; mmap.mmap(-1, 4096, prot=7)", 1, REFUSED),
    "a socket of another family": ("import socket; socket.socket(17, 3)", -signal.SIGSYS, ""),
    "mount": ("import ctypes; ctypes.CDLL(None).mount(None, b'/', None, 4096, None)", -signal.SIGSYS, ""),
    "a namespace": ("import ctypes; ctypes.CDLL(None).unshare(0x10000000)", -signal.SIGSYS, ""),
    "look into another process": ("import ctypes; ctypes.CDLL(None).ptrace(16, 1, 0, 0)", -signal.SIGSYS, ""),
    "set the clock": ("import time; time.clock_settime(0, 0)", -signal.SIGSYS, ""),
}
"""What a program tries, how it ends, and what it says last. SEE_HOMES takes the places that it was given."""


@pytest.mark.root
@pytest.mark.slow
@needs_systemd
@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_restrictions_are_real(tmp_path: Path, what: str) -> None:
    """What the unit forbids is forbidden where the node was tried, so that trial means something. The program says
    that it has begun, so that no failure to begin passes for the restriction."""
    code, status, last = FORBIDDEN[what]
    home = tmp_path / "home"
    home.mkdir()
    given = {
        str(name)
        for place in (ROOT, Path(sys.base_prefix), Path(sys.prefix), home)
        for name in (place, place.resolve())
    }
    command = confined(NODE, home, sys.executable, "-c", f"print('begun', flush=True)\n{code}", *sorted(given))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (status, "begun\n"), done.stderr
    assert last in (done.stderr.splitlines() or [""])[-1]
