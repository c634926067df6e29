"""Backups while the node runs, and what becomes of them: whole and verified, or nothing at all."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from keys.envelope import Cost
from keys.errors import PassphraseRefused
from keys.sealed_stream import Sealer, open_stream
from nodes import restored
from nodes.backup import back_up
from nodes.backup_files import FULL, KEYS, PURPOSE, BackupRefused, record
from nodes.errors import FileRefused
from nodes.highwater import HighWater
from nodes.home import NodeHome
from nodes.restore import PutBack, restore
from nodes.sqlite_store import SqliteStore
from tests.nodes.homes import said
from tests.nodes.pair import held, line_of, run, running, until, write_homes
from tests.nodes.test_recovery import level

pytestmark = pytest.mark.slow

CHEAP = Cost(memory_kib=64, passes=1, lanes=1)
PASS = b"the backup's"
NOW_MS = 1_795_255_200_000


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NodeHome]:
    """Two homes that have talked; nobody changes them."""
    homes = write_homes(tmp_path_factory.mktemp("lived"))
    for home in homes.values():
        home.keyring_path.write_bytes(b"a sealed keyring")
        (home.path / "passphrase").write_bytes(b"never in a backup")
        home.roots.mkdir()
        (home.roots / "root-1.key").write_bytes(b"nor this")

    async def talk() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            for party in (arc, bor):
                await held(party, said(party.party))
            await until(lambda: level(arc, bor))

    run(talk)
    return homes


@pytest.fixture(scope="module")
def backup(lived: dict[str, NodeHome], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full backup of ARC's."""
    out = tmp_path_factory.mktemp("backup") / "ARC.backup"
    back_up(lived["ARC"], out, PASS, kind=FULL, now_ms=NOW_MS, cost=CHEAP)
    return out


def put_back(source: Path, target: Path | None, passphrase: bytes = PASS, party: str | None = None) -> PutBack:
    """Restore it, an hour later."""
    return restore(source, target, passphrase, now_ms=NOW_MS + 3_600_000, party=party, scratch=source.parent)


def contents(home: NodeHome) -> tuple[list[bytes], list[bytes], list[bytes | None]]:
    """Both logs and the own bodies."""
    store = SqliteStore.open(home.channel("BOR").log_db, own="ARC", their="BOR", readonly=True)
    try:
        own = store.read("ARC", 0, 1 << 40)
        return own, store.read("BOR", 0, 1 << 40), [store.body("ARC", index) for index in range(len(own))]
    finally:
        store.close()


# --- whole ------------------------------------------------------------------------------------------------------------


def test_a_restored_home_has_what_was_there(lived: dict[str, NodeHome], backup: Path, tmp_path: Path) -> None:
    """Logs, bodies, documents, settings, keys and mark come back; roots, passphrases and what can be made again do not;
    only the owner may read any of it, and the record says of when it is."""
    done = put_back(backup, tmp_path / "ARC", party="ARC")
    home = NodeHome.open(tmp_path / "ARC")
    own, their, bodies = contents(home)
    assert (own, their, bodies) == contents(lived["ARC"])
    assert done.sizes == {"BOR": (len(own), len(their))}
    assert home.keyring_path.read_bytes() == b"a sealed keyring"
    assert HighWater.peek(home.channel("BOR").high_water) == HighWater.peek(lived["ARC"].channel("BOR").high_water)
    assert not home.roots.exists()
    assert not (home.path / "passphrase").exists()
    assert not home.channel("BOR").docket_db.exists()
    for place in (home.path, *home.path.rglob("*")):
        assert place.stat().st_mode & 0o077 == 0, place
    record_ = restored.read(home.channel("BOR"))
    assert record_ is not None
    assert (record_.backup_at_ms, record_.restored_at_ms, record_.bereft) == (NOW_MS, NOW_MS + 3_600_000, False)


def test_the_file_is_private_and_leaves_its_record(lived: dict[str, NodeHome], backup: Path) -> None:
    """Mode 0600, nothing beside it, and the home says when its last backup was made and of what."""
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert os.listdir(backup.parent) == [backup.name]
    told = json.loads((lived["ARC"].path / "backup.json").read_bytes())
    own, their, _ = contents(lived["ARC"])
    assert told == {
        "at_ms": NOW_MS,
        "bytes": backup.stat().st_size,
        "kind": "full",
        "sizes": {"BOR": {"own": len(own), "their": len(their)}},
    }


@pytest.mark.usefixtures("backup")
def test_a_backup_of_keys_has_no_logs(lived: dict[str, NodeHome], tmp_path: Path) -> None:
    """Keys, settings and documents only; the restored channels know that there was a log, and the record of the last
    full backup stays."""
    before = (lived["ARC"].path / "backup.json").read_bytes()
    done = back_up(lived["ARC"], tmp_path / "keys", PASS, kind=KEYS, now_ms=NOW_MS, cost=CHEAP)
    assert done.sizes == {}
    assert done.roots_here
    assert (lived["ARC"].path / "backup.json").read_bytes() == before
    assert put_back(tmp_path / "keys", tmp_path / "ARC").sizes == {"BOR": None}
    home = NodeHome.open(tmp_path / "ARC")
    assert not home.channel("BOR").log_db.exists()
    assert restored.is_bereft(home.channel("BOR"))


def test_a_backup_beside_a_running_node_is_one_moment(tmp_path: Path) -> None:
    """Made while both sides log as fast as they can: it verifies, has all that was held before it began, and a mark
    that is of the logs in it."""
    homes = write_homes(tmp_path)
    homes["ARC"].keyring_path.write_bytes(b"a sealed keyring")

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await held(arc, said("ARC"))

            async def talk() -> None:
                while True:
                    await asyncio.gather(held(arc, said("ARC")), held(bor, said("BOR")))

            talking = asyncio.create_task(talk())
            for number in range(3):
                before = line_of(arc).status()
                out = tmp_path / f"backup-{number}"
                made = await asyncio.to_thread(
                    partial(back_up, homes["ARC"], out, PASS, kind=FULL, now_ms=NOW_MS, cost=CHEAP)
                )
                done = await asyncio.to_thread(put_back, out, None)
                assert done.sizes == made.sizes
                sizes = made.sizes["BOR"]
                assert (before["own_size"], before["their_size"]) <= sizes
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)

    run(test)


def test_a_restored_old_backup_catches_up_before_it_signs(tmp_path: Path) -> None:
    """Life went on after the backup; the restored node has it all back by itself, then signs, and says so."""
    homes = write_homes(tmp_path)
    homes["ARC"].keyring_path.write_bytes(b"a sealed keyring")
    kept: list[bytes] = []

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            async with running(homes["ARC"]) as arc:
                await held(arc, said("ARC"))
                await asyncio.to_thread(
                    lambda: back_up(homes["ARC"], tmp_path / "old", PASS, kind=FULL, now_ms=NOW_MS, cost=CHEAP)
                )
                await held(arc, said("ARC"))
                await held(bor, said("BOR"))
                await held(arc, said("ARC"))
                kept.extend(line_of(arc).store.read("ARC", 0, 1 << 40))
            await asyncio.to_thread(put_back, tmp_path / "old", tmp_path / "ARC again")
            home = NodeHome.open(tmp_path / "ARC again")
            async with running(home) as arc:
                outcome = await held(arc, said("ARC"))
                line = line_of(arc)
                assert line.store.read("ARC", 0, len(kept)) == kept
                assert outcome.index is not None
                assert outcome.index >= len(kept)
                assert {"rolled-back-self", "recovered"} <= {alarm["code"] for alarm in line.alarms}
                assert restored.read(home.channel("BOR")) is None
                await until(lambda: level(arc, bor))
                assert "fork" not in {alarm["code"] for alarm in line_of(bor).alarms}

    run(test)


# --- refused ----------------------------------------------------------------------------------------------------------


def test_nothing_is_overwritten(lived: dict[str, NodeHome], backup: Path, tmp_path: Path) -> None:
    """Neither a file by a backup nor a directory by a restore, be it empty."""
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(FileRefused, match="already"):
        back_up(lived["ARC"], tmp_path / "file", PASS, kind=FULL, now_ms=NOW_MS, cost=CHEAP)
    (tmp_path / "home").mkdir()
    with pytest.raises(FileRefused, match="already"):
        put_back(backup, tmp_path / "home")
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert list((tmp_path / "home").iterdir()) == []


AS_NOBODY = """
import os, sys
from pathlib import Path
from nodes.errors import NodeError
from nodes.home import NodeHome
from tests.nodes.test_backup import CHEAP, FULL, NOW_MS, PASS, back_up
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
home = Path(sys.argv[1])
try:
    back_up(NodeHome.open(home), home.parent / "backup", PASS, kind=FULL, now_ms=NOW_MS, cost=CHEAP)
except NodeError as error:
    print(error.code, error.text)
"""


@pytest.mark.parametrize("place", ["auditors/court.pem", "channels/BOR/evidence", "officers/duty"])
def test_what_cannot_be_read_is_named_and_nothing_is_written(tmp_path: Path, place: str) -> None:
    """Another user's file or directory in the home: the error is of it, not of the backup, and no half of one is left.
    What a backup never holds may be anybody's."""
    home = write_homes(tmp_path)["ARC"]
    (home.path / "auditors").mkdir()
    for directory in ("officers/duty", "channels/BOR/evidence", "root-keys"):
        (home.path / directory).mkdir(exist_ok=True, parents=True)
    (home.path / "auditors" / "court.pem").write_bytes(b"a certificate")
    if os.geteuid() == 0:
        for path in (tmp_path, *tmp_path.rglob("*")):
            os.chown(path, 65534, 65534)
        for parent in tmp_path.parents:
            if parent.is_relative_to("/tmp") and parent != Path("/tmp"):
                parent.chmod(0o755)
    (home.path / "root-keys").chmod(0)
    (home.path / place).chmod(0)
    try:
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(home.path)], capture_output=True, text=True, check=False, timeout=60
        )
    finally:
        for path in (home.path / place, home.path / "root-keys"):
            path.chmod(0o700)
    assert done.stdout.strip() == f"file-not-read {home.path / place}: Permission denied", done.stderr
    assert sorted(os.listdir(tmp_path)) == ["ARC", "BOR"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.8, 0.999])
def test_a_flipped_byte_anywhere_leaves_nothing(backup: Path, tmp_path: Path, share: float) -> None:
    """Head, key or any part: refused, and no directory is left, not even a hidden one."""
    data = bytearray(backup.read_bytes())
    data[int(share * len(data))] ^= 1
    (tmp_path / "bad").write_bytes(data)
    with pytest.raises((BackupRefused, PassphraseRefused)):
        put_back(tmp_path / "bad", tmp_path / "ARC")
    assert os.listdir(tmp_path) == ["bad"]


@pytest.mark.parametrize("cut", [1, 17, 65_552, 200_000])
def test_a_backup_cut_short_leaves_nothing(backup: Path, tmp_path: Path, cut: int) -> None:
    """Wherever it ends, between parts as well."""
    (tmp_path / "bad").write_bytes(backup.read_bytes()[:-cut])
    with pytest.raises(BackupRefused):
        put_back(tmp_path / "bad", tmp_path / "ARC")
    assert os.listdir(tmp_path) == ["bad"]


def test_another_passphrase_or_party_leaves_nothing(backup: Path, tmp_path: Path) -> None:
    """Not ours to open, or not of whom it should be."""
    with pytest.raises(PassphraseRefused):
        put_back(backup, tmp_path / "ARC", b"another")
    with pytest.raises(BackupRefused, match="not of BOR"):
        put_back(backup, tmp_path / "ARC", party="BOR")
    assert os.listdir(tmp_path) == []


def opened(backup: Path) -> bytes:
    """The contents of a backup."""
    with backup.open("rb") as stream:
        return b"".join(open_stream(stream.read, PASS, purpose=PURPOSE))


def sealed(contents: bytes, path: Path) -> Path:
    """A file with these contents, sealed as ours are: by somebody who knows the passphrase."""
    sealer = Sealer(PASS, purpose=PURPOSE, key=b"k" * 32, salt=b"s" * 16, nonce=b"n" * 12, cost=CHEAP)
    path.write_bytes(sealer.head + sealer.update(contents) + sealer.finish())
    return path


def _foreign(lived: dict[str, NodeHome], whole: bytes, directory: Path) -> bytes:
    back_up(lived["BOR"], directory / "other", PASS, kind=FULL, now_ms=NOW_MS, cost=CHEAP)
    return opened(directory / "other").replace(b"\xa3BOR", b"\xa3ARC", 1)


def _damaged(lived: dict[str, NodeHome], whole: bytes, directory: Path) -> bytes:
    entry = contents(lived["ARC"])[0][-1]
    assert entry in whole
    return whole.replace(entry, entry[:-1] + bytes([entry[-1] ^ 1]))


def _body(lived: dict[str, NodeHome], whole: bytes, directory: Path) -> bytes:
    body = next(one for one in reversed(contents(lived["ARC"])[2]) if one is not None)
    # A part of it that lies in one page of the database.
    piece = body[-200:]
    assert piece in whole
    return whole.replace(piece, piece[:-1] + bytes([piece[-1] ^ 1]))


WRONG: dict[str, Callable[[dict[str, NodeHome], bytes, Path], bytes]] = {
    "another party's home": _foreign,
    "an entry that was changed before it was sealed": _damaged,
    "a body that was changed before it was sealed": _body,
    "a file outside the home": lambda _, whole, __: _with(whole, record("file", "../stray", 1) + b"x"),
    "a file of no known name": lambda _, whole, __: _with(whole, record("file", "channels/BOR/passphrase", 1) + b"x"),
    "a file twice": lambda _, whole, __: _with(whole, record("file", "party.toml", 1) + b"x"),
    "a mark of another channel": lambda _, whole, __: _with(whole, record("mark", "CAR", b"x")),
    "a record of no kind": lambda _, whole, __: _with(whole, record("more", 1)),
    "something behind the end": lambda _, whole, __: whole + b"x",
    "no end": lambda _, whole, __: whole[: -len(record("end", 25))],
}


def _with(whole: bytes, more: bytes) -> bytes:
    """One more record before the end, which then counts one too few; that is found later than the record."""
    end = len(record("end", 25))
    return whole[:-end] + more + whole[-end:]


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_verify_leaves_nothing(
    lived: dict[str, NodeHome], backup: Path, tmp_path: Path, what: str
) -> None:
    """The seal is good and what is in it is not: refused, and nothing is put in place."""
    bad = sealed(WRONG[what](lived, opened(backup), tmp_path), tmp_path / "bad")
    with pytest.raises(BackupRefused):
        put_back(bad, tmp_path / "ARC")
    assert not (tmp_path / "ARC").exists()
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
