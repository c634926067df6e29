"""Secrets stay where they belong: the real ones of a whole exchange are looked for wherever a program speaks."""

import base64
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hotline.root_shares import read_page
from keys.keyring import NodeKeyring, OfficerKeyring, ReserveKeyring, RootKeyring
from nodes.key_files import read_keyring
from tests.hotline.nodes import wait_until_up
from tests.hotline.people import TERMS, free_port
from tests.operation.leaks import Search, spellings

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-c", "from hotline.cli.main import main; main()"]
FILES = ("passphrase", "roots", "officers", "new", "shares")


@pytest.mark.parametrize("secret", [bytes(range(200, 232)), b"correct horse battery staple"])
def test_every_spelling_is_found(secret: bytes) -> None:
    """Planted in the middle of something else."""
    planted = {
        "raw": secret,
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "repr": repr(secret).encode(),
        "numbers": str(list(secret)).encode(),
        **{f"base64 {n}": base64.b64encode(bytes(range(n)) + secret + b"tail") for n in range(5)},
        **{f"url {n}": base64.urlsafe_b64encode(bytes(range(n)) + secret + b"x") for n in range(5)},
    }
    for name, data in planted.items():
        assert any(one in b"before " + data + b" after" for one in spellings(secret)), name
    other = base64.b64encode(secrets.token_bytes(4096)) + secrets.token_bytes(4096)
    assert not any(one in other for one in spellings(secret))


class Room:
    """Two homes, a passphrase for each kind of key file, and everything that any process showed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.phrases = {name: secrets.token_urlsafe(24).encode() for name in FILES}
        for name, phrase in self.phrases.items():
            (path / name).write_bytes(phrase + b"\n")
            (path / name).chmod(0o600)
        self.shown: list[tuple[str, bytes]] = []

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Start a command and look at what everybody on the machine sees of it."""
        command = [*PROGRAM, *map(str, arguments)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.peek(process.pid, " ".join(command[3:6]))
        return process

    def peek(self, pid: int, name: str) -> None:
        """Arguments and environment of a process."""
        for what in ("cmdline", "environ", "comm"):
            try:
                self.shown.append((f"{what} of {name}", Path(f"/proc/{pid}/{what}").read_bytes()))
            except OSError:
                continue

    def run(self, *arguments: str | Path, fails: bool = False) -> bytes:
        """Run a command to its end."""
        process = self.start(*arguments)
        out, _ = process.communicate(timeout=60)
        self.shown.append((f"output of {' '.join(map(str, arguments))}", out))
        assert (process.returncode != 0) is fails, out.decode()
        return out

    def acting(self, home: str, *arguments: str | Path, phrase: str = "passphrase", fails: bool = False) -> bytes:
        """Run a command in a home with one of the passphrases, and with tracebacks."""
        files = ("--passphrase-file", self.path / phrase, "--no-input", "--debug")
        return self.run("--home", self.path / home, *files, *arguments, fails=fails)

    def make(self, short: str) -> None:
        """A home with a root, an officer, and a node that says all it can."""
        named = ("--party", short, "--name", short, "--domain", f"{short.lower()}.example", "--roots", "1")
        listening = ("--threshold", "1", "--listen", f"127.0.0.1:{free_port()}")
        roots = ("--roots-passphrase-file", self.path / "roots")
        self.acting(short, "init", *named, *listening, *roots)
        config = self.path / short / "node.toml"
        config.write_text(re.sub(r"(?m)^#? *log_level = .*$", 'log_level = "debug"', config.read_text()))
        assert 'log_level = "debug"' in config.read_text()
        self.acting(
            short, "officer", "add", "duty", "--role", "duty", "--officer-passphrase-file", self.path / "officers"
        )

    def pair(self) -> None:
        """As two administrators do it."""
        roots = ("--roots-passphrase-file", self.path / "roots")
        (self.path / "terms").write_text(TERMS)
        offer, answer, final = (self.path / name for name in ("offer", "answer", "final"))
        address = re.search(r'(?m)^listen = "(.*)"', (self.path / "BOR" / "node.toml").read_text())
        assert address is not None
        self.acting(
            "ARC", "pair", "propose", offer, "--terms", self.path / "terms", "--beat", "250ms", "--purpose", "x"
        )
        self.acting("BOR", "pair", "accept", offer, answer, "--yes", "--endpoint", address[1], *roots)
        self.acting("ARC", "pair", "confirm", answer, final, "--yes", *roots)
        self.acting("BOR", "pair", "confirm", final, "--yes", *roots)

    @contextmanager
    def nodes(self) -> Iterator[None]:
        """Both nodes; one ends as it should, the other is killed by a signal that elsewhere writes a report."""
        logs = {name: self.path / f"{name}.log" for name in ("ARC", "BOR")}
        started = []
        for name, log in logs.items():
            arguments = ["--home", self.path / name, "--passphrase-file", self.path / "passphrase", "--no-input"]
            with log.open("wb") as out:
                command = [*PROGRAM, *map(str, arguments), "--debug", "node", "run"]
                started.append(subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out))
        try:
            for name in logs:
                wait_until_up(self.path / name)
            for process, name in zip(started, logs, strict=True):
                self.peek(process.pid, f"the node of {name}")
            yield
        finally:
            for process, number in zip(started, (signal.SIGTERM, signal.SIGABRT), strict=True):
                process.send_signal(number)
                process.wait(20)

    def secrets(self) -> dict[str, bytes]:
        """Every secret that there is, by what it is."""
        found = {f"passphrase {name}": phrase for name, phrase in self.phrases.items()}
        for short in ("ARC", "BOR"):
            home = self.path / short
            node_phrase = "new" if short == "ARC" else "passphrase"
            node = read_keyring(home / "node.key", NodeKeyring, self.phrases[node_phrase])
            officer = read_keyring(home / "officers/duty/officer.key", OfficerKeyring, self.phrases["officers"])
            root = read_keyring(home / "roots/root-1.key", RootKeyring, self.phrases["roots"])
            reserve = read_keyring(home / "roots/reserve.key", ReserveKeyring, self.phrases["roots"])
            whole = {"node": node.node_seed, "sealing": node.sealing_seed, "officer": officer.seed, "root": root.seed}
            for name, seed in whole.items():
                found |= {f"{short} {name} {at}": seed[at : at + 32] for at in range(0, len(seed), 32)}
            found[f"{short} TLS"] = node.tls_seed
            for channel in node.channels.values():
                found[f"{short} log"], found[f"{short} log ML-DSA"] = channel.log_ed25519, channel.log_mldsa44
                found[f"{short} mirror"], found[f"{short} mirror ML-DSA"] = (
                    channel.mirror_ed25519,
                    channel.mirror_mldsa44,
                )
            for kept in reserve.channels.values():
                found[f"{short} reserve"], found[f"{short} reserve ML-DSA"] = kept.log_ed25519, kept.log_mldsa44
        for place in (1, 2):
            words = read_page((self.path / f"share-{place}").read_bytes()).phrase.words
            found[f"share {place}"] = " ".join(words[8:14]).encode()
        return found


@pytest.mark.slow
def test_no_secret_is_in_arguments_environment_logs_or_files(tmp_path: Path) -> None:
    """Homes, shares, pairing, two nodes that log all they can, an exchange, a backup, another passphrase, mistakes with
    tracebacks, a crash: no passphrase, seed or word of a share is shown by any process or lies in any file unsealed."""
    room = Room(tmp_path)
    room.make("ARC")
    room.make("BOR")
    outputs = [part for place in (1, 2) for part in ("-o", tmp_path / f"share-{place}")]
    shares = (
        "--shares",
        "2",
        "--roots-passphrase-file",
        tmp_path / "roots",
        "--shares-passphrase-file",
        tmp_path / "shares",
    )
    room.acting("ARC", "root", "shares", "make", "--root", "1", *shares, *outputs)
    given = (tmp_path / "share-1", tmp_path / "share-2", "--shares-passphrase-file")
    room.acting("ARC", "root", "shares", "rehearse", *given, tmp_path / "shares")
    room.acting("ARC", "root", "shares", "rehearse", *given, tmp_path / "roots", fails=True)
    room.pair()
    with room.nodes():
        sending = ("send", "goodwill", "--set", "message=hello", "--wait", "held", "--timeout", "30", "--yes")
        serial = re.search(rb"ARC \d+", room.acting("ARC", *sending, phrase="officers"))
        assert serial is not None
        room.acting("ARC", *sending, fails=True)
        room.acting("BOR", "inbox", phrase="officers")
        room.acting("BOR", "ack", serial[0].decode(), "--yes", phrase="officers")
        room.acting("ARC", "doctor", "--json")
        room.acting("ARC", "backup", tmp_path / "backup", phrase="new")
        room.acting("ARC", "keys", "passphrase", "--new-passphrase-file", tmp_path / "new")
        # A second node of one home, with the passphrase that was, and with one that is.
        room.acting("ARC", "node", "run", fails=True)
        room.acting("ARC", "node", "run", phrase="new", fails=True)
    damaged = tmp_path / "damaged"
    shutil.copytree(tmp_path / "BOR", damaged, ignore=shutil.ignore_patterns("*.sock"))
    (damaged / "node.key").write_bytes((damaged / "node.key").read_bytes()[:-1])
    room.acting("damaged", "node", "run", fails=True)

    search = Search(room.secrets())
    for where, data in room.shown:
        search.look(where, data)
    left_out = {tmp_path / name for name in (*FILES, "share-1", "share-2")}
    assert search.look_in(path for path in tmp_path.rglob("*") if path not in left_out) > 40
    assert not search.found, search.found
    assert any(b"Traceback" in data for _, data in room.shown)
    assert all((tmp_path / f"{name}.log").stat().st_size > 100 for name in ("ARC", "BOR"))
