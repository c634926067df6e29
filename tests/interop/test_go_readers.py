"""Tools built on golang.org/x/mod's note and tlog packages read our logs.

The program in readers/ is ours; the packages it reads with are not. It needs Debian's golang-go and
golang-golang-x-mod-dev, whose sources lie in /usr/share/gocode.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from protocol.merkle import leaf_hash
from protocol.tiles import build_tiles, bundles_for_size, encode_bundle, entries_path, tile_path
from tests.protocol.log_parties import ARC, BOR, entries, held_note, receipt_for

SOURCE = Path(__file__).resolve().parent / "readers" / "main.go"
PACKAGES = Path("/usr/share/gocode")
NOTE_EXAMPLE = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
VKEY = ARC.log[0].verifier.vkey()

pytestmark = pytest.mark.skipif(
    shutil.which("go") is None or not (PACKAGES / "src/golang.org/x/mod/sumdb/tlog").is_dir(),
    reason="needs golang-go and golang-golang-x-mod-dev",
)


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built without the network."""
    folder = tmp_path_factory.mktemp("readers")
    settings = {
        "GO111MODULE": "off",
        "GOPATH": str(PACKAGES),
        "GOFLAGS": "",
        "GOPROXY": "off",
        "GOCACHE": str(folder / "cache"),
        "CGO_ENABLED": "0",
    }
    subprocess.run(
        ["go", "build", "-o", str(folder / "reader"), str(SOURCE)], env={**os.environ, **settings}, check=True
    )
    return folder / "reader"


def write_export(folder: Path, items: list[bytes]) -> Path:
    """Lay a log out as an export: checkpoint, tiles of this very size, entry bundles."""
    files = {"checkpoint": held_note(ARC, BOR, items)}
    for level, index, width, data in build_tiles([leaf_hash(item) for item in items]):
        files[tile_path(level, index, width)] = data
    for index, width in bundles_for_size(len(items)):
        files[entries_path(index, width)] = encode_bundle(items[index * 256 : index * 256 + width])
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def read(reader: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    return subprocess.run([reader, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 700, 66_000])
def test_an_export_is_read(reader: Path, tmp_path: Path, size: int) -> None:
    """Checkpoint, tiles, bundles and proofs of logs around every edge of a tile are accepted."""
    done = read(reader, write_export(tmp_path, entries(size)), VKEY)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"ok: {ARC.origin}, {size} entries, 0 proof files\n"


def test_a_receipt_is_read(reader: Path, tmp_path: Path) -> None:
    """The same reader checks our proof files, and sees a changed one."""
    items = entries(300)
    export = write_export(tmp_path / "export", items)
    proof = tmp_path / "receipt.tlog-proof"
    proof.write_bytes(receipt_for(ARC, BOR, items, 257))
    assert read(reader, "-proof", proof, export, VKEY).returncode == 0
    proof.write_bytes(proof.read_bytes().replace(b"index 257", b"index 256"))
    assert read(reader, "-proof", proof, export, VKEY).returncode == 1


@pytest.mark.parametrize(
    "name",
    ["checkpoint", "tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001", "tile/entries/002.p/88"],
)
def test_one_flipped_bit_is_seen(reader: Path, tmp_path: Path, name: str) -> None:
    """So acceptance above means something: the reader refuses what does not fit."""
    export = write_export(tmp_path, entries(600))
    data = bytearray((export / name).read_bytes())
    data[len(data) // 2 if name != "checkpoint" else 5] ^= 1
    (export / name).write_bytes(data)
    done = read(reader, export, VKEY)
    assert done.returncode == 1
    assert done.stderr.startswith("refused: ")


def test_another_key_or_a_file_too_many_is_refused(reader: Path, tmp_path: Path) -> None:
    """The reader takes only the key it was given, and only the tiles of that size."""
    export = write_export(tmp_path, entries(20))
    assert read(reader, export, NOTE_EXAMPLE).returncode == 1
    (export / "tile/0/000.p/19").write_bytes(bytes(19 * 32))
    assert "no tile of a tree of 20" in read(reader, export, VKEY).stderr
    assert read(reader, export).returncode == 2
