"""`hotline roster renew`, `import`: rosters signed anew, and rosters of the counterpart that are brought by hand."""

from __future__ import annotations

import click

from hotline.cli.settings import common_options, settings_of


@click.group("roster")
@common_options
def roster_command() -> None:
    """Renew the party's rosters; take one of the counterpart's that was brought by hand."""


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


@roster_command.command("import")
@click.argument("file", type=click.Path())
@common_options
@click.pass_context
def import_command(context: click.Context, file: str) -> None:
    """Take the counterpart's next roster from a file: it is in force here at once, and our log says so.

    For a counterpart whose node has new keys, or was stolen: its log cannot bring the roster, or whoever has the node
    keeps it back. Its roots signed it, or as many of its admins as the agreement asks for, all valid now; so it does
    not matter who brings the file. Compare the version and the key ids by voice all the same. The node may run or not.
    Needs no passphrase.

    \b
    Example:
      hotline --home BOR roster import ARC-BOR-4.roster
    """
    from pathlib import Path

    from hotline.clock import now_ms
    from hotline.rosters import import_roster
    from nodes.files import read_file
    from nodes.signed import SIGNED_BYTES_MAX, SignedStatement

    settings = settings_of(context)
    home = settings.node_home()
    signed = SignedStatement.parse(read_file(Path(file), bytes_max=SIGNED_BYTES_MAX))
    roster, running = import_roster(home, signed, now_ms=now_ms())
    revoked = [{"job": one.job, "key": one.key.hex(), "reason": one.reason} for one in roster.revoked]
    lines = [f"roster {roster.version} of {roster.party} is in force here{'' if running else ' from the next start'}."]
    lines += [f"  revoked: {one['job']} key {one['key'][:16]} ({one['reason']})" for one in revoked]
    lines.append(f"  node key {roster.node.key_id.hex()[:16]}: compare it by voice")
    settings.output.result({"party": roster.party, "version": roster.version, "revoked": revoked}, lines)
