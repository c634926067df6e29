"""`hotline roster renew`: the roots sign the rosters anew, with the same people and keys."""

from __future__ import annotations

import click

from hotline.cli.settings import common_options, settings_of


@click.group("roster")
@common_options
def roster_command() -> None:
    """Renew the party's rosters."""


@roster_command.command("renew")
@click.option("--years", type=int, default=2, show_default=True, help="How long rosters and persons are valid.")
@click.option("--leave", "leaving", type=int, multiple=True, metavar="NUMBER", help="Do not renew this person; repeat.")
@click.option(
    "--roots", "roots_directory", type=click.Path(), help="Directory with the root keys. Default: HOME/roots."
)
@click.option("--roots-passphrase-file", type=click.Path(), help="Passphrase of the root keys.")
@common_options
@click.pass_context
def renew(
    context: click.Context,
    years: int,
    leaving: tuple[int, ...],
    roots_directory: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Have the roots sign the next roster of every channel: the same people and keys, valid anew.

    Works before and after the roster in force has expired; the line is up all the while. The node logs the new roster
    at once, or at its next start. It counts for what is said after it: what was marked as expired is said again. Name
    whoever has left with --leave: their validity stays as it is.

    \b
    Example:
      hotline --home ARC roster renew --roots /media/roots
    """
    from hotline.clock import now_ms
    from hotline.rosters import renew_rosters
    from hotline.secret_files import root_secrets
    from hotline.zulu import zulu_short

    settings = settings_of(context)
    home = settings.node_home()
    opened = root_secrets(settings, home, directory=roots_directory, passphrase_file=roots_passphrase_file)
    party, rosters = renew_rosters(home, opened, now_ms=now_ms(), years=years, leaving=leaving)
    people = [
        {"number": member.person.number, "officer": member.home, "valid_until_ms": member.person.valid_until_ms}
        for member in party.members
    ]
    lines = [
        f"roster {item['version']} of {party.short} for {item['counterpart']}: {item['state']}" for item in rosters
    ]
    lines += [
        f"  {member.home} (person {member.person.number}) is valid until {zulu_short(member.person.valid_until_ms)}"
        for member in party.members
    ]
    settings.output.result({"party": party.short, "rosters": rosters, "people": people}, lines)
