"""Make the pair of homes that a release leaves behind, for tests/homes/.

    python tools/make_kept_home.py tests/homes/0.1.0

Runs `hotline demo --count 3` in a temporary directory and keeps both homes and the auditor's policy. What belongs to a
process or to this machine stays out: sockets, locks, logs, exports, the WAL files of the databases (they are written
into the databases first), and anything that names a path of this machine. The keys are made for this and open nothing
else. A directory that is there already is made anew.

Run it once a release, before the release is tagged, and never again for an old one: later versions must open what the
old version wrote, which only the old version can make.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import apsw

INCIDENTS = 3
BYTES_MAX = 2 * 1024 * 1024
PARTIES = ("ARC", "BOR")
LEFT_OUT = {"node.sock", "node.lock"}
LEFT_OUT_SUFFIXES = (".log", ".db-wal", ".db-shm")
COMMAND = (sys.executable, "-c", "from hotline.cli.main import main; main()")

README = """\
# Two homes as Hotline {version} leaves them

Made by `tools/make_kept_home.py`: the homes of the demonstration's invented parties after {incidents} incidents, and
the policy that an auditor made at their pairing. `tests/hotline/test_kept_homes.py` copies them, audits them and runs
them, with this version and every later one.

The keys and passphrases here are demonstration keys. They were made for this directory, have always been public, and
are worth nothing. Do not pair with them.

Git keeps neither modes nor empty directories: a copy sets 0700 and 0600 before it is used.
"""


def close_databases(home: Path) -> None:
    """Write what is in the WAL files into the databases, so that each is whole by itself."""
    for path in sorted(home.rglob("*.db")):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        busy, _, _ = next(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
        connection.close()
        if busy:
            raise SystemExit(f"{path} is in use")


def kept_files(home: Path) -> Iterator[Path]:
    """The files of a home that belong to no process."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.name not in LEFT_OUT and not path.name.endswith(LEFT_OUT_SUFFIXES):
            yield path


def keep(demo: Path, target: Path) -> int:
    """Copy homes and policy; give the number of bytes.

    Raises:
        SystemExit: a file names a path of this machine, or it is too much.
    """
    total = 0
    sources = [path for party in PARTIES for path in kept_files(demo / party)]
    for source in [*sources, demo / "policy"]:
        data = source.read_bytes()
        for place in (demo, Path.cwd(), Path.home()):
            if len(place.parts) > 1 and str(place).encode() in data:
                raise SystemExit(f"{source.relative_to(demo)} names {place}")
        copy = target / source.relative_to(demo)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data)
        total += len(data)
    if total > BYTES_MAX:
        raise SystemExit(f"{total} bytes are more than {BYTES_MAX}")
    return total


def main() -> None:
    """Run the demonstration and keep what is to be kept."""
    parser = argparse.ArgumentParser(description="Make the pair of homes that a release leaves behind.")
    parser.add_argument("target", type=Path, help="such as tests/homes/0.1.0; the last part is the version")
    target: Path = parser.parse_args().target
    with tempfile.TemporaryDirectory(prefix="kept-home-") as temporary:
        demo = Path(temporary) / "demo"
        subprocess.run([*COMMAND, "demo", "--dir", str(demo), "--count", str(INCIDENTS), "--json"], check=True)
        for party in PARTIES:
            close_databases(demo / party)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        total = keep(demo, target)
    (target / "README.md").write_text(README.format(version=target.name, incidents=INCIDENTS), encoding="utf-8")
    print(f"{target}: {total} bytes")


if __name__ == "__main__":
    main()
