"""`hotline backup`: one sealed file with everything of a home that cannot be made again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotline.cli.settings import common_options, settings_of

if TYPE_CHECKING:
    from hotline.output import Output

SAY_EVERY_S = 1.0


@click.command("backup")
@click.argument("file", type=click.Path())
@click.option("--keys-only", is_flag=True, help="Keys, settings and documents, without the logs.")
@common_options
@click.pass_context
def backup_command(context: click.Context, file: str, keys_only: bool) -> None:
    """Write a backup of a node's home, sealed with a passphrase; the node may run meanwhile.

    The passphrase seals this file and may be another than the node's. Keys are in it as they lie on the disk, sealed
    with their own. Root keys are not in it.

    \b
    Examples:
      hotline --home ARC --passphrase-file backup-pass backup /mnt/backup/ARC-monday
      hotline --home ARC backup --keys-only ARC-keys
    """
    from hotline.clock import now_ms
    from hotline.journalling import note_down
    from nodes.backup import back_up
    from nodes.backup_files import FULL, KEYS

    settings = settings_of(context)
    output = settings.output
    home = settings.node_home()
    passphrase = settings.passphrase(0, what="the backup", confirm=True)
    kind = KEYS if keys_only else FULL
    done = back_up(home, Path(file), passphrase, kind=kind, now_ms=now_ms(), progress=Progress(output))
    note_down(settings, home, "backup-made", scope=kind, at_ms=now_ms())
    if done.roots_here:
        output.note(f"warning: the root keys in {home.roots} are not in it; keep copies of them in two safe places")
    lines = [f"{file}: {'keys and documents' if keys_only else 'a backup'} of {home.party}, {done.bytes} bytes."]
    for name, (own, their) in sorted(done.sizes.items()):
        lines.append(f"  {name}  {own} entries of ours, {their} of theirs")
    lines.append(f"Try it: hotline restore --check {file}")
    output.result(
        {
            "party": home.party,
            "file": file,
            "kind": kind,
            "bytes": done.bytes,
            "channels": {name: {"own": own, "their": their} for name, (own, their) in sorted(done.sizes.items())},
            "roots_left_out": done.roots_here,
        },
        lines,
    )


class Progress:
    """Says how far something is, once a second at most."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._said_s = time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take how much of how much is done."""
        now_s = time.monotonic()
        if now_s - self._said_s >= SAY_EVERY_S and total:
            self._said_s = now_s
            self._output.note(f"{what}: {100 * done // total} %")
