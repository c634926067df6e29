"""`hotline restore`: a home from a backup, or whether a backup would give one."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.cli.backup import Progress
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused, Refused


@click.command("restore")
@click.argument("file", type=click.Path())
@click.argument("directory", required=False, type=click.Path())
@click.option("--party", metavar="ABC", help="Refuse a backup of any other party.")
@click.option("--check", is_flag=True, help="Verify the backup and leave nothing behind.")
@common_options
@click.pass_context
def restore_command(context: click.Context, file: str, directory: str | None, party: str | None, check: bool) -> None:
    """Make a home from a backup. Everything in it is verified first, and nothing that is there is overwritten.

    A restored home is an old one. Its node signs nothing before the counterpart has said how far the log went, and
    fetches what is missing by itself. Make sure that no other copy of the node runs. Where no logs are in the backup,
    go on with: hotline recover.

    \b
    Examples:
      hotline --passphrase-file backup-pass restore /mnt/backup/ARC-monday ARC --party ARC
      hotline restore --check /mnt/backup/ARC-monday
    """
    from hotline.clock import now_ms
    from hotline.zulu import zulu
    from nodes.backup_files import FULL, BackupRefused
    from nodes.restore import restore

    settings = settings_of(context)
    output = settings.output
    if check and directory is not None:
        raise Misused("usage", "--check puts nothing in place; leave out the directory, or --check")
    target = None if check else Path(directory) if directory is not None else settings.home
    if target is None and not check:
        raise Misused("usage", "say where the home is to be, or --check to verify the backup only")
    passphrase = settings.passphrase(0, what="the backup")
    try:
        done = restore(Path(file), target, passphrase, now_ms=now_ms(), party=party, progress=Progress(output))
    except BackupRefused as error:
        raise Refused(error.code, error.text) from error
    head = done.head
    full = head.kind == FULL
    what = "a backup" if full else "keys and documents"
    lines = [f"{file}: {what} of {head.party} from {zulu(head.at_ms)}, {done.files} files. Everything in it verifies."]
    for name, sizes in sorted(done.sizes.items()):
        held = "no logs" if sizes is None else f"{sizes[0]} entries of ours, {sizes[1]} of theirs"
        lines.append(f"  {name}  {held}")
    step = None
    if target is not None:
        step = f"hotline --home {target} {'node run' if full else 'recover'}"
        lines.append(f"{target} is a home of {head.party} as it was then; no other copy of its node may run.")
        lines.append(f"Next: {step}")
    output.result(
        {
            "party": head.party,
            "kind": head.kind,
            "at_ms": head.at_ms,
            "home": None if target is None else str(target),
            "files": done.files,
            "channels": {
                name: None if sizes is None else {"own": sizes[0], "their": sizes[1]}
                for name, sizes in sorted(done.sizes.items())
            },
            "next": step,
        },
        lines,
    )
