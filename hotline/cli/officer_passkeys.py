"""`hotline officer passkey enrol|list|remove`: authenticators that an officer signs with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hotline.cli.officer_changes import Signing, apply_change, signing_options
from hotline.cli.settings import common_options, settings_of

if TYPE_CHECKING:
    from hotline.party_file import Member, PartyFile
    from nodes.home import NodeHome


@click.group("passkey")
@common_options
def passkey_command() -> None:
    """Let officers sign with an authenticator (WebAuthn): a key on a stick, or behind a finger or a PIN.

    What a passkey counts for is in the agreement. It is not post-quantum, and signs what its page shows.
    """


@passkey_command.command("enrol")
@click.argument("name")
@click.option("--origin", required=True, metavar="URL", help="The desk's page: https://desk.arcadia.example.")
@click.option(
    "--listen", default="127.0.0.1:8731", show_default=True, help="Where it is served; the desk's proxy forwards there."
)
@click.option("--only", is_flag=True, help="From the next roster on the officer signs with passkeys only.")
@click.option("--synced", is_flag=True, help="Also one that its maker may copy to other devices.")
@signing_options
@common_options
@click.pass_context
def enrol(
    context: click.Context, /, name: str, origin: str, listen: str, only: bool, synced: bool, **signing: Any
) -> None:
    """Make a passkey for an officer on the desk's page, and have it signed into the next rosters.

    The host of the page is the party's domain or a name below it. http://localhost:PORT is for demonstrations only. The
    roots are opened before the page, so that nothing is half done.

    \b
    Examples:
      hotline --home ARC officer passkey enrol duty --origin https://desk.arcadia.example --roots /media/roots
      hotline --home ARC officer passkey enrol duty --origin http://localhost:8731
    """
    from hotline.passkeys import Enrolment, PasskeyFile, enrol, member_of
    from nodes.governing import agreement_in_force
    from nodes.home import parse_endpoint

    settings = settings_of(context)
    home = settings.node_home()
    wanted = Enrolment(origin=origin, listen=parse_endpoint(listen, where="--listen"), only=only, synced=synced)
    made: list[Member] = []
    for channel in home.channels():
        if agreement_in_force(channel).passkeys is None:
            with_whom = f"with {channel.counterpart} no passkey counts for any statement"
            settings.output.note(f"warning: {with_whom}: its agreement has no terms under [passkeys]")

    def change(card: PartyFile, _at_ms: int) -> PartyFile:
        made.append(enrol(home, card, member_of(card, name), wanted, settings.output.note))
        return card.with_changed(made[0])

    def after(_card: PartyFile) -> None:
        officer = _officer_home(home, name)
        if officer is not None:
            PasskeyFile(listen=wanted.place, passkeys=made[0].person.passkeys).write(officer)

    text = f"{name} has a passkey for {origin}" + (", and no key beside it." if only else ".")
    apply_change(settings, change, text, Signing(**signing), then=after)


@passkey_command.command("list")
@common_options
@click.pass_context
def list_passkeys(context: click.Context) -> None:
    """List the passkeys of everybody in the party's card.

    \b
    Example:
      hotline --home ARC officer passkey list
    """
    from hotline.output import table
    from hotline.party_file import read_party

    settings = settings_of(context)
    home = settings.node_home()
    rows, values = [], []
    for member in read_party(home.party_path).members:
        for one in member.person.passkeys:
            key_id = one.key_id.hex()
            beside = "key" if member.person.key is not None else "none"
            rows.append((member.home, str(one.number), one.key.algorithm, one.origin, beside, key_id[:16]))
            values.append(
                {
                    "officer": member.home,
                    "person": member.person.number,
                    "number": one.number,
                    "algorithm": one.key.algorithm,
                    "rp_id": one.rp_id,
                    "origin": one.origin,
                    "key_id": key_id,
                    "has_key": member.person.key is not None,
                }
            )
    heads = ("officer", "no", "algorithm", "page", "beside it", "key id")
    lines = table(rows, heads=heads) if rows else ["Nobody has a passkey."]
    settings.output.result({"party": home.party, "passkeys": values}, [*settings.banner(), *lines])


@passkey_command.command("remove")
@click.argument("name")
@click.argument("number", type=int)
@signing_options
@common_options
@click.pass_context
def remove(context: click.Context, /, name: str, number: int, **signing: Any) -> None:
    """Take a passkey out of the next rosters: it is lost, stolen, or not needed any more.

    \b
    Example:
      hotline --home ARC officer passkey remove duty 1 --roots /media/roots
    """
    from hotline import passkeys

    settings = settings_of(context)
    home = settings.node_home()

    def change(card: PartyFile, _at_ms: int) -> PartyFile:
        return passkeys.remove(card, name, number)

    def after(card: PartyFile) -> None:
        officer, member = _officer_home(home, name), card.member(name)
        if officer is not None and member is not None and (officer.path / passkeys.FILE_NAME).exists():
            listen = passkeys.PasskeyFile.read(officer).listen
            passkeys.PasskeyFile(listen=listen, passkeys=member.person.passkeys).write(officer)

    apply_change(settings, change, f"{name} has no passkey {number} any more.", Signing(**signing), then=after)


def _officer_home(home: NodeHome, name: str) -> Any:
    """The officer's home, where it is on this machine."""
    return home.officer(name) if name in home.officer_names() else None
