"""`hotline officer retire|delegate|absent|recall`: what ends or lends somebody's roles, by the roots or two admins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.settings import Settings, common_options, settings_of

if TYPE_CHECKING:
    from hotline.party_file import PartyFile
    from hotline.roster_signers import RosterSigners
    from nodes.home import NodeHome

Change = Callable[["PartyFile", int], "PartyFile"]

ADMIN_OPTIONS = (
    click.option(
        "--admin-passphrase-file",
        "admin_passphrase_files",
        type=click.Path(),
        multiple=True,
        help="Passphrase of an admin's key, in the order of --admin; the last is for the rest.",
    ),
    click.option(
        "--admin",
        "admins",
        metavar="NAME",
        multiple=True,
        help="Signs instead of the roots: an officer here, or the directory of an officer home. Repeat it.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Who is to sign, as it was typed.

    Attributes:
        directory, roots_passphrase_file: of the roots.
        admins, admin_passphrase_files: who signs instead of them.
        anyway: also where a rule of an agreement could not be met any more.
    """

    directory: str | None
    roots_passphrase_file: str | None
    admins: tuple[str, ...]
    admin_passphrase_files: tuple[str, ...]
    anyway: bool = False


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that gives a key a successor."""
    for option in (
        click.option("--out", type=click.Path(), help="Directory for the rosters that go to the counterparts by hand."),
        click.option("--officer-passphrase-file", type=click.Path(), help="Passphrase of the officer's key file."),
    ):
        command = option(command)
    return signing_options(command)


def signing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that changes a roster."""
    for option in (
        click.option("--anyway", is_flag=True, help="Also where a rule of an agreement could not be met any more."),
        click.option("--roots-passphrase-file", type=click.Path(), help="Passphrase of the root keys."),
        click.option("--roots", "directory", type=click.Path(), help="Directory with the roots. Default: HOME/roots."),
        *ADMIN_OPTIONS,
    ):
        command = option(command)
    return command


@click.command("retire")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@signing_options
@common_options
@click.pass_context
def retire(
    context: click.Context,
    /,
    name: str,
    yes: bool,
    **signing: Any,
) -> None:
    """End somebody's validity now, for good. Their number is never given again; what they signed stays signed.

    \b
    Example:
      hotline --home ARC officer retire release --roots /media/roots
      hotline --home ARC officer retire release --admin admin-1 --admin admin-2
    """
    from hotline import officers

    settings = settings_of(context)
    settings.confirm(f"End the validity of {name} for good?", yes=yes)

    def change(card: PartyFile, at_ms: int) -> PartyFile:
        return officers.retire(card, name, now_ms=at_ms)

    apply_change(settings, change, f"{name} has left.", Signing(**signing))


@click.command("delegate")
@click.argument("name")
@click.option("--role", required=True, help="The role that they have beside their own.")
@click.option("--until", required=True, help="When it ends: 2026-12-20T00:00Z or +10d.")
@signing_options
@common_options
@click.pass_context
def delegate(
    context: click.Context,
    /,
    name: str,
    role: str,
    until: str,
    **signing: Any,
) -> None:
    """Give somebody a role beside their own until a time.

    It ends by itself. The roots sign two rosters now: one with the role, in which their validity ends with it, and one
    that gives them back their own roles, which the node logs when the time has come.

    \b
    Example:
      hotline --home ARC officer delegate duty --role release --until +10d --roots /media/roots
    """
    from hotline import officers

    settings = settings_of(context)
    until_ms = _time(until)

    def change(card: PartyFile, at_ms: int) -> PartyFile:
        return officers.delegate(card, name, role, until_ms=until_ms, now_ms=at_ms)

    apply_change(settings, change, f"{name} is {role} too, until {_zulu(until_ms)}.", Signing(**signing))


@click.command("absent")
@click.argument("name")
@click.option("--until", required=True, help="When they are back: 2026-12-20T00:00Z or +10d.")
@click.option("--alternate", metavar="NAME", help="Has their roles meanwhile, beside their own.")
@signing_options
@common_options
@click.pass_context
def absent(
    context: click.Context,
    /,
    name: str,
    until: str,
    alternate: str | None,
    **signing: Any,
) -> None:
    """Take somebody out of the rosters until a time, and let an alternate have their roles.

    Their key signs nothing meanwhile, wherever it is. It ends by itself, as a delegation does.

    \b
    Example:
      hotline --home ARC officer absent release --until 2026-12-20T08:00Z --alternate senior --roots /media/roots
    """
    from hotline import officers

    settings = settings_of(context)
    until_ms = _time(until)

    def change(card: PartyFile, at_ms: int) -> PartyFile:
        return officers.absent(card, name, until_ms=until_ms, alternate=alternate, now_ms=at_ms)

    done = f"{name} is absent until {_zulu(until_ms)}" + (f"; {alternate} stands in." if alternate else ".")
    apply_change(settings, change, done, Signing(**signing))


@click.command("recall")
@click.argument("name")
@signing_options
@common_options
@click.pass_context
def recall(context: click.Context, /, name: str, **signing: Any) -> None:
    """End somebody's delegations and absence now.

    \b
    Example:
      hotline --home ARC officer recall duty --roots /media/roots
    """
    from hotline import officers

    def change(card: PartyFile, _at_ms: int) -> PartyFile:
        return officers.recall(card, name)

    done = f"{name} has their own roles and no others."
    apply_change(settings_of(context), change, done, Signing(**signing))


def apply_change(
    settings: Settings,
    change: Change,
    done: str,
    signing: Signing,
    *,
    then: Callable[[PartyFile], None] | None = None,
) -> None:
    """Change the card and have the next rosters signed from it, before anything is written.

    Args:
        settings: of this run.
        change: gives the card as it is to be.
        done: what to say when it is done.
        signing: who signs.
        then: does what else is to be written, behind the card. With it the keys of those who sign are opened before the
            change is asked for, because that takes a person's hand.
    """
    from hotline.clock import now_ms
    from hotline.officers import check_rules
    from hotline.party_file import read_party, write_party
    from hotline.rosters import place_rosters, sign_rosters

    home = settings.node_home()
    at_ms = now_ms()
    before = read_party(home.party_path)
    paired = bool(home.channels())
    signers = opened_signers(settings, home, before, signing) if paired and then is not None else None
    after = change(before, at_ms)
    if not signing.anyway:
        check_rules(home, before, after, now_ms=at_ms)
    if paired and signers is None:
        signers = opened_signers(settings, home, before, signing)
    made = sign_rosters(home, after, signers, now_ms=at_ms) if signers is not None else []
    write_party(home.party_path, after)
    if then is not None:
        then(after)
    rosters = place_rosters(home, made)
    lines = [done, *(f"  roster {one['version']} for {one['counterpart']}: {one['state']}" for one in rosters)]
    later = after.changes_after(at_ms) if rosters else []
    lines += [f"  the node logs another one at {_zulu(at)}" for at in later]
    settings.output.result({"party": home.party, "done": done, "rosters": rosters, "later": later}, lines)


def opened_signers(settings: Settings, home: NodeHome, card: PartyFile, signing: Signing) -> RosterSigners:
    """Open the keys of whoever signs, before anything is written.

    Raises:
        Misused: `usage`; both the roots and admins were named.
    """
    from hotline.errors import Misused
    from hotline.root_signing import open_roots
    from hotline.roster_signers import ByRoots, open_admins
    from hotline.secret_files import root_secrets

    if signing.admins:
        if signing.directory is not None:
            raise Misused("usage", "either the roots sign, or admins: give --roots or --admin")
        return open_admins(settings, home, signing.admins, signing.admin_passphrase_files)
    files = {"directory": signing.directory, "passphrase_file": signing.roots_passphrase_file}
    return ByRoots(tuple(open_roots(card, root_secrets(settings, home, **files))))


def _time(text: str) -> int:
    """A time that was typed.

    Raises:
        Misused: another form.
    """
    from hotline.clock import now_ms
    from hotline.errors import Misused
    from hotline.zulu import parse_instant

    try:
        return parse_instant(text, now_ms=now_ms())
    except ValueError as error:
        raise Misused("usage", str(error)) from error


def _zulu(at_ms: int) -> str:
    from hotline.zulu import zulu_short

    return zulu_short(at_ms)
