"""`hotline officer list`, `add`: who may speak for the party, and until when; other changes are in officer_changes."""

from __future__ import annotations

from collections.abc import Callable

import click

from hotline.cli.officer_changes import ADMIN_OPTIONS, Signing, absent, delegate, opened_signers, recall, retire
from hotline.cli.officer_passkeys import passkey_command
from hotline.cli.settings import common_options, settings_of


@click.group("officer")
@common_options
def officer_command() -> None:
    """Say who may speak for the party, and change it.

    The roots, or two admins (--admin), sign every change into the next roster of each channel, which the node logs.
    """


def _admin_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in ADMIN_OPTIONS:
        command = option(command)
    return command


@officer_command.command("list")
@common_options
@click.pass_context
def list_officers(context: click.Context) -> None:
    """List everybody who has or had a number, what they may sign as now and until when.

    The last column names the counterparts whose newest roster of ours has them so; where one is missing the roots have
    not signed yet.

    \b
    Example:
      hotline --home ARC officer list
    """
    from hotline.clock import now_ms
    from hotline.officers import listed_officers
    from hotline.output import table
    from hotline.party_file import read_party
    from hotline.zulu import zulu_short

    settings = settings_of(context)
    home = settings.node_home()
    at_ms = now_ms()
    found = listed_officers(home, read_party(home.party_path), now_ms=at_ms)
    rows, values = [], []
    for one in found:
        member = one.member
        own = ", ".join(member.person.roles)
        lent = {entry.role: entry.until_ms for entry in member.delegated if entry.until_ms > at_ms}
        lent_text = "; ".join(f"{role} until {zulu_short(until_ms)}" for role, until_ms in lent.items())
        until_ms = member.absent_until_ms if one.standing == "absent" and member.absent_until_ms else one.until_ms
        rows.append(
            (
                str(member.person.number),
                member.home,
                one.standing,
                own + (f" (+ {lent_text})" if lent_text else ""),
                zulu_short(until_ms),
                " ".join(one.channels),
            )
        )
        values.append(
            {
                "number": member.person.number,
                "officer": member.home,
                "standing": one.standing,
                "roles": list(member.person.roles),
                "may_sign_as": list(one.roles),
                "delegated": lent,
                "until_ms": until_ms,
                "rosters": list(one.channels),
            }
        )
    heads = ("no", "officer", "is", "roles", "until", "rosters")
    lines = [*settings.banner(), *table(rows, heads=heads)]
    settings.output.result({"party": home.party, "officers": values}, lines)


@officer_command.command("add")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, help="What they may sign as; repeat it for several.")
@click.option("--years", type=int, default=2, show_default=True, help="How long the person is valid.")
@click.option("--officer-passphrase-file", type=click.Path(), help="Passphrase of the officer's own key file.")
@click.option("--token", "label", metavar="LABEL", help="Make half of the key in this PKCS#11 token, where it stays.")
@click.option("--pkcs11-module", "module", type=click.Path(), help="The library of the token's maker, a .so file.")
@click.option("--pin-file", type=click.Path(), help="PIN of the token. Default: it is asked for.")
@click.option(
    "--roots", "roots_directory", type=click.Path(), help="Directory with the root keys. Default: HOME/roots."
)
@click.option("--roots-passphrase-file", type=click.Path(), help="Passphrase of the root keys.")
@_admin_options
@common_options
@click.pass_context
def add(
    context: click.Context,
    name: str,
    roles: tuple[str, ...],
    years: int,
    officer_passphrase_file: str | None,
    label: str | None,
    module: str | None,
    pin_file: str | None,
    roots_directory: str | None,
    roots_passphrase_file: str | None,
    admins: tuple[str, ...],
    admin_passphrase_files: tuple[str, ...],
) -> None:
    """Make an officer home below the node's home and give the person a number.

    Before pairing the person stands in the party's card and so in its first rosters. After pairing a new roster for
    each channel is signed by the roots, and the node logs it. Two admins (--admin) may sign it instead, unless the new
    officer is an admin.

    With --token the Ed25519 key is made in the token and never leaves it; the ML-DSA key, which tokens do not have yet,
    and the PIN are in the sealed file. Both are needed to sign. A token that is lost has no copy.

    \b
    Roles: duty, release, senior, legal, technical, admin.
    Examples:
      hotline --home ARC officer add release --role release
      hotline --home ARC officer add night --role duty --admin admin-1 --admin admin-2
      hotline --home ARC officer add duty --role duty --token duty --pkcs11-module /usr/lib/softhsm/libsofthsm2.so
    """
    from hotline.cli.tokens import token_of
    from hotline.clock import now_ms
    from hotline.party_file import read_party
    from hotline.rosters import check_joining, place_rosters, sign_rosters
    from hotline.secret_files import passphrase_in
    from hotline.setup import add_officer

    settings = settings_of(context)
    home = settings.node_home()
    token = token_of(settings, label, module, pin_file)
    if officer_passphrase_file is not None:
        passphrase = passphrase_in(officer_passphrase_file)
    else:
        passphrase = settings.passphrase(0, what=f"the new officer {name}", confirm=True)
    signers, at_ms = None, now_ms()
    if home.channels():
        # The keys that sign are opened, and asked whether they may, before anything is written.
        signing = Signing(
            directory=roots_directory,
            roots_passphrase_file=roots_passphrase_file,
            admins=admins,
            admin_passphrase_files=admin_passphrase_files,
        )
        card = read_party(home.party_path)
        signers = opened_signers(settings, home, card, signing)
        check_joining(home, card, signers, roles, now_ms=at_ms)
    member = add_officer(home, name, roles=roles, passphrase=passphrase, now_ms=at_ms, years=years, token=token)
    waiting: list[dict[str, object]] = []
    if signers is not None:
        waiting = place_rosters(home, sign_rosters(home, read_party(home.party_path), signers, now_ms=at_ms))
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


officer_command.add_command(passkey_command)
for _command in (retire, delegate, absent, recall):
    officer_command.add_command(_command)
