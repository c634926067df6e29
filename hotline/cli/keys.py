"""`hotline keys passphrase`: another passphrase for key files."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.cli.settings import common_options, settings_of


@click.group("keys")
@common_options
def keys_command() -> None:
    """Change the passphrase of key files."""


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
        [f"{len(done)} key files have the new passphrase.", f"Next: {step}"],
    )
