"""`hotline keys status`, `hotline keys passphrase`: how the keys stand; another passphrase for their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.officer_changes import key_options
from hotline.cli.settings import common_options, settings_of

if TYPE_CHECKING:
    from hotline.key_list import ListedKey


@click.group("keys")
@common_options
def keys_command() -> None:
    """Say how the keys stand; give one a successor; change the passphrase of key files."""


@keys_command.command("status")
@common_options
@click.pass_context
def status(context: click.Context) -> None:
    """List the keys of the home's party, until when each is good, and what has to be done next by whom.

    It opens no key file and asks no node. A line of what is due says ok, soon (within thirty days), late or broken.

    \b
    Example:
      hotline --home ARC keys status
    """
    from dataclasses import asdict

    from hotline.clock import now_ms
    from hotline.key_list import listed_keys
    from hotline.key_status import dues
    from hotline.party_file import read_party
    from hotline.printable import printable

    settings = settings_of(context)
    output = settings.output
    home = settings.node_home()
    card = read_party(home.party_path)
    keys = listed_keys(home, card)
    found = list(dues(home, now_ms=now_ms()))
    lines = [*settings.banner(), *_table(keys, digits=16)]
    suite = card.roots.suite
    sealing = suite.sealing
    lines += ["", f"suite  {suite.name}, sealed with {sealing.lattice} and {sealing.curve.name}", ""]
    colours = {"ok": "green", "soon": "yellow", "late": "yellow", "broken": "red"}
    for due in found:
        lines.append(f"{output.paint(f'{due.state:<7}', colours[due.state])}{due.name}: {printable(due.text)}")
        if due.next:
            lines.append(f"       {due.who}: {due.next}")
    open_ones = [due for due in found if due.state != "ok"]
    output.result(
        {
            "party": home.party,
            "suite": suite.name,
            "keys": [asdict(one) for one in keys],
            "dues": [asdict(one) for one in found],
            "open": len(open_ones),
        },
        lines,
    )


@keys_command.command("list")
@common_options
@click.pass_context
def list_keys(context: click.Context) -> None:
    """List the keys that the home's rosters name: since which roster, until when, and each id whole.

    A key is revoked and compared by this id: of a node, sealing key or person the key id, of TLS the pin, of a log or
    mirror its Ed25519 key. Sealing keys before the one in force are listed as well: what was sealed to them opens as
    long as the node's key file has them. It opens no key file and asks no node.

    \b
    Example:
      hotline --home ARC keys list
    """
    from dataclasses import asdict

    from hotline.key_list import listed_keys
    from hotline.party_file import read_party

    settings = settings_of(context)
    home = settings.node_home()
    keys = listed_keys(home, read_party(home.party_path))
    lines = [*settings.banner(), *_table(keys, digits=64)]
    settings.output.result({"party": home.party, "keys": [asdict(one) for one in keys]}, lines)


def _table(keys: Sequence[ListedKey], *, digits: int) -> list[str]:
    """The keys as lines of a table.

    Args:
        keys: to be shown.
        digits: so many of each id.
    """
    from hotline.output import table
    from hotline.zulu import zulu_short

    def day(at_ms: int | None) -> str:
        return zulu_short(at_ms)[:10] if at_ms else ""

    rows = [
        (
            one.channel,
            one.job,
            one.of,
            one.key_id[:digits],
            f"roster {one.since_version} {day(one.since_ms)}".rstrip() if one.since_version else "",
            day(one.until_ms),
        )
        for one in keys
    ]
    return table(rows, heads=("with", "key", "of", "begins" if digits < 64 else "id", "since", "until"))


@keys_command.command("passphrase")
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--all", "everything", is_flag=True, help="Every key file of the home: node, officers here, roots here.")
@click.option("--roots", "roots_directory", type=click.Path(), help="Every key file in this directory of roots.")
@click.option("--new-passphrase-file", type=click.Path(), help="The new passphrase. Default: it is asked for twice.")
@common_options
@click.pass_context
def passphrase(
    context: click.Context,
    files: tuple[str, ...],
    everything: bool,
    roots_directory: str | None,
    new_passphrase_file: str | None,
) -> None:
    """Seal key files with another passphrase: those named, or the home's own.

    The old passphrase comes from --passphrase-file or is asked for. Each file is replaced in one step: whenever this
    ends, it opens with the old or with the new passphrase. Run it again after an interruption. A node goes on with the
    keys it has; its next start needs the new passphrase. Copies and backups made before keep the old one.

    \b
    Examples:
      hotline --home ARC keys passphrase
      hotline --home ARC --passphrase-file old keys passphrase --all --new-passphrase-file new
      hotline keys passphrase --roots /media/roots
    """
    from hotline.errors import Misused, Refused
    from hotline.key_passphrases import all_files, change_all, own_file, root_files
    from hotline.secret_files import passphrase_in
    from nodes.files import is_private

    settings = settings_of(context)
    if files and (everything or roots_directory is not None):
        raise Misused("usage", "name files, or use --all or --roots")
    if files:
        paths = [Path(one) for one in files]
    elif roots_directory is not None and not everything:
        paths = root_files(Path(roots_directory))
    else:
        home = settings.any_home()
        roots = Path(roots_directory) if roots_directory is not None else None
        paths = all_files(home, roots) if everything else [own_file(home)]
    if not paths:
        raise Misused("usage", f"there is no key file in {roots_directory}")
    what = str(paths[0]) if len(paths) == 1 else f"{len(paths)} key files"
    old = settings.passphrase(0, what=f"{what} until now")
    if new_passphrase_file is not None:
        new = passphrase_in(new_passphrase_file)
        if not is_private(Path(new_passphrase_file)):
            path = new_passphrase_file
            settings.output.note(f"warning: others on this machine may read {path}; run: chmod 600 {path}")
    elif settings.may_ask:
        entered: str = click.prompt("New passphrase", hide_input=True, err=True, confirmation_prompt=True)
        new = entered.encode("utf-8")
    else:
        raise Misused("passphrase-needed", "a new passphrase is needed: give --new-passphrase-file")
    if new == old:
        raise Misused("usage", "the new passphrase is the old one")
    done = []
    for one in change_all(paths, old=old, new=new):
        settings.output.note(f"{one.path}: {one.state}")
        done.append(one)
    refused = [str(one.path) for one in done if one.state == "refused"]
    if refused:
        raise Refused("passphrase-not-changed", f"neither passphrase opens {', '.join(refused)}")
    step = "Put the new passphrase where the old one was read from, and make a new backup."
    settings.output.result(
        {"files": [{"path": str(one.path), "state": one.state} for one in done], "next": step},
        [f"{len(done)} key file{' has' if len(done) == 1 else 's have'} the new passphrase.", f"Next: {step}"],
    )


@keys_command.command("rotate")
@click.argument("key")
@key_options
@common_options
@click.pass_context
def rotate(context: click.Context, /, key: str, **options: Any) -> None:
    """Give a key a successor. What the old one signed stays verifiable; it was in nobody else's hands.

    KEY is officer/NAME, node, mirror, tls, sealing, or machine for these four. An officer's key changes while the node
    runs; drafts that they signed and that still wait for others have to be signed anew. The node's keys change while it
    is stopped, and the first thing that it logs is the roster that names the new one. The counterpart takes that roster
    from the file that is written, because it takes no connection and no cosignature by a key that it does not know:
    hotline roster import. Where only the sealing key changes, the line goes on and brings the roster itself.

    The old sealing key stays in the node's key file, and everything that was sealed to it goes on opening.

    \b
    Examples:
      hotline --home ARC keys rotate officer/duty --roots /media/roots
      hotline --home ARC keys rotate officer/duty --admin admin-1 --admin admin-2
      hotline --home ARC keys rotate mirror --roots /media/roots
      hotline --home ARC keys rotate sealing --roots /media/roots
      hotline --home ARC keys rotate machine --roots /media/roots --out /media/to-BOR
    """
    from hotline.cli.key_changes import change_key, show_replaced

    settings = settings_of(context)
    show_replaced(settings, key, change_key(settings, key, None, **options))
