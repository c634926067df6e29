"""`hotline officer add`: make an officer home and enter the person into the party's rosters."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.cli.settings import common_options, settings_of


@click.group("officer")
@common_options
def officer_command() -> None:
    """Add officers to the party."""


@officer_command.command("add")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, help="What they may sign as; repeat it for several.")
@click.option("--years", type=int, default=2, show_default=True, help="How long the person is valid.")
@click.option("--officer-passphrase-file", type=click.Path(), help="Passphrase of the officer's own key file.")
@click.option(
    "--roots", "roots_directory", type=click.Path(), help="Directory with the root keys. Default: HOME/roots."
)
@click.option("--roots-passphrase-file", type=click.Path(), help="Passphrase of the root keys.")
@common_options
@click.pass_context
def add(
    context: click.Context,
    name: str,
    roles: tuple[str, ...],
    years: int,
    officer_passphrase_file: str | None,
    roots_directory: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Make an officer home below the node's home and give the person a number.

    Before pairing the person stands in the party's card and so in its first rosters. After pairing a new roster for
    each channel is signed by the roots, and the node logs it.

    \b
    Roles: duty, release, senior, legal, technical, admin.
    Example:
      hotline --home ARC officer add release --role release
    """
    from hotline.clock import now_ms
    from hotline.rosters import sign_next_rosters
    from hotline.secret_files import root_secrets
    from hotline.setup import add_officer
    from nodes.files import read_file

    settings = settings_of(context)
    home = settings.node_home()
    if officer_passphrase_file is not None:
        passphrase = read_file(Path(officer_passphrase_file), bytes_max=1024).removesuffix(b"\n")
    else:
        passphrase = settings.passphrase(0, what=f"the new officer {name}", confirm=True)
    channels = home.channels()
    roots = None
    if channels:
        # The roots are opened before anything is written: without them nothing is half done.
        roots = root_secrets(settings, home, directory=roots_directory, passphrase_file=roots_passphrase_file)
    at_ms = now_ms()
    member = add_officer(home, name, roles=roles, passphrase=passphrase, now_ms=at_ms, years=years)
    waiting: list[dict[str, object]] = []
    if roots is not None:
        waiting = sign_next_rosters(home, roots, now_ms=at_ms)
    lines = [f"{name} is person {member.person.number} of {home.party}: {', '.join(member.person.roles)}."]
    lines += [f"  roster {item['version']} for {item['counterpart']}: {item['state']}" for item in waiting]
    settings.output.result(
        {
            "party": home.party,
            "officer": name,
            "number": member.person.number,
            "roles": list(member.person.roles),
            "home": str(home.officers / name),
            "rosters": waiting,
        },
        lines,
    )
