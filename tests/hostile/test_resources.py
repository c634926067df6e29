"""What would cost memory, disk or time, and ways in that there are not."""

import ast
import resource
import time
from pathlib import Path

import click
import pytest

from hotline.cli.main import cli
from nodes.resources import catalogue
from protocol.audit import audit
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import add_cosignatures, cosign
from protocol.evidence import MemoryEvidence
from protocol.exported_log import SIZE_MAX
from tests.builders import EPOCH, START_MS, World, keyring

ROOT = Path(__file__).resolve().parents[2]
UNPACKERS = {
    "zipfile", "tarfile", "gzip", "bz2", "lzma", "zlib", "shelve", "marshal", "pickle", "dill", "yaml", "xml", "lxml",
    "plistlib", "jinja2",
}  # fmt: skip
STORED = {"nodes/pack.py: zipfile", "hotline/packs.py: zipfile"}
"""Evidence packs: archives in which nothing is compressed (`hotline/test_packs.py`)."""

FORBIDDEN = {"eval", "exec", "compile", "__import__"}


def modules() -> list[Path]:
    """Every module that is installed."""
    return [path for package in ("keys", "protocol", "nodes", "hotline") for path in (ROOT / package).rglob("*.py")]


def test_nothing_unpacks_archives_or_runs_data() -> None:
    """No archive but those that only store, no compressed data, XML, YAML or pickle, and no text that is run: there
    is no bomb to send."""
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_bytes())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN:
                found.append(f"{path.relative_to(ROOT)}: {node.func.id}")
            found += [f"{path.relative_to(ROOT)}: {name}" for name in names if name.partition(".")[0] in UNPACKERS]
    assert set(found) == STORED


def commands(group: click.Command, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command, with its words."""
    found = [(path, group)]
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            found += commands(command, (*path, name))
    return found


def test_no_secret_is_given_as_an_argument() -> None:
    """Passphrases, PINs and keys come from a terminal or a file: the table of processes is for everybody to read. A
    flag takes no value, so it may say that there is one."""
    words = ("passphrase", "password", "secret", "seed", "private", "pin")
    found = [
        (path, parameter.name)
        for path, command in commands(cli)
        for parameter in command.params
        if any(word in (parameter.name or "") for word in words)
        and not (isinstance(parameter, click.Option) and parameter.is_flag)
    ]
    assert found
    assert [one for one in found if not str(one[1]).endswith(("_file", "_files"))] == []


def lie(size: int) -> tuple[World, dict[str, bytes]]:
    """An export that claims a size, signed and cosigned, and holds next to nothing."""
    world = World()
    channel = world.agreement.channel
    origin = world.agreement.origin("ARC", EPOCH)
    claimed = Checkpoint(origin, size, bytes(32))
    note = sign_checkpoint(claimed, keyring("ARC", channel).log_signers(channel, origin), START_MS)
    mirror = keyring("BOR", channel).mirror_signers(channel, world.agreement.mirror_name("BOR"))
    files = world.files("ARC")
    files["checkpoint"] = add_cosignatures(note, cosign(claimed, mirror, START_MS))
    return world, files


@pytest.mark.parametrize("size", [1_000_000, SIZE_MAX, SIZE_MAX + 1, 2**53, 2**63 - 1])
def test_an_auditor_is_not_made_to_count_what_is_not_there(size: int) -> None:
    """Two parties sign any size together: what the audit takes follows what lies in the export, not what it claims."""
    world, files = lie(size)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    report = audit(
        MemoryEvidence("arc", files),
        MemoryEvidence("bor", world.files("BOR")),
        world.policy("ARC"),
        catalogue=catalogue(),
        at_ms=START_MS,
    )
    assert report.verdict != "verified"
    assert time.process_time() - begun < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 200_000
