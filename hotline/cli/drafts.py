"""`hotline drafts` and `hotline sign`: statements that wait for further persons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hotline.cli.send import WAIT_TIMEOUT_S, WAITING, show_outcome
from hotline.cli.session import open_desk
from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import Misused, Refused

if TYPE_CHECKING:
    from hotline.desk import Channel, Desk


@click.command("drafts")
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option("--discard", metavar="DRAFT", help="Forget a draft that you have signed; nobody can sign it any more.")
@common_options
@click.pass_context
def drafts_command(context: click.Context, counterpart: str | None, discard: str | None) -> None:
    """List statements that wait for signatures.

    At most 64 that one person signed first may wait on a channel.

    \b
    Examples:
      hotline --home ARC drafts
      hotline --home ARC drafts --discard 5f3a
    """
    from hotline.output import table
    from hotline.showing import DEMONSTRATION
    from hotline.zulu import zulu_short
    from protocol.statement import Statement

    settings = settings_of(context)
    found: list[dict[str, Any]] = []
    with open_desk(settings) as (desk, _):
        channel = desk.channel(counterpart)
        if discard is not None:
            draft_id = _whole_id(desk, channel, discard)
            desk.request("discard", counterpart=channel.counterpart, id=draft_id)
            settings.output.result({"discarded": draft_id}, [f"{draft_id}: discarded; nobody can sign it any more."])
            return
        for draft in desk.request("drafts", counterpart=channel.counterpart):
            statement = Statement.parse(draft["statement"])
            found.append(
                {
                    "draft": draft["id"],
                    "counterpart": channel.counterpart,
                    "kind": statement.kind,
                    "precedence": statement.precedence,
                    "severity": statement.severity,
                    "status": statement.status,
                    "issued_at_ms": statement.issued_at_ms,
                    "created_at_ms": draft["created_at_ms"],
                    "signed": [f"{signer} as {role}" for signer, role, _, _ in draft["signatures"]],
                    "missing": draft["missing"],
                }
            )
    rows = [
        (
            item["draft"],
            zulu_short(item["issued_at_ms"]),
            item["kind"],
            item["precedence"],
            "needs " + ", ".join(item["missing"]),
        )
        for item in found
    ]
    banner = [DEMONSTRATION] if channel.agreement.demonstration else []
    settings.output.result({"drafts": found}, [*banner, *(table(rows) if rows else ["No drafts."])])


@click.command("sign")
@click.argument("draft")
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option(
    "--wait", type=click.Choice(["logged", "held"]), default="logged", show_default=True, help="How far to wait."
)
@click.option("--timeout", type=float, default=WAIT_TIMEOUT_S, show_default=True, help="Seconds to wait at most.")
@click.option("--yes", is_flag=True, help="Sign without being asked.")
@common_options
@click.pass_context
def sign_command(
    context: click.Context, draft: str, counterpart: str | None, wait: str, timeout: float, yes: bool
) -> int:
    """Sign a draft as another officer.

    Your own client opens the body, recomputes every commitment of the signed header, and shows what it says; then you
    sign that. The last signature that was missing sends it.

    \b
    Examples:
      hotline --home ARC sign 7ae505ff9028867bb62121d3374c4ec5 --as release
      hotline --home ARC sign 7ae5 --as release
    """
    from hotline.desk import open_told
    from hotline.sending import sign
    from hotline.showing import DEMONSTRATION, field_lines, header_lines
    from nodes.signed import signatures_from_wire
    from protocol.statement import Statement

    settings = settings_of(context)
    if not settings.officers:
        settings.officers = _obvious_signer(settings, draft, counterpart)
    with open_desk(settings) as (desk, officers):
        channel = desk.channel(counterpart)
        told = desk.request("draft", counterpart=channel.counterpart, id=_whole_id(desk, channel, draft))
        statement = Statement.parse(told["statement"])
        known = channel.catalogue
        kind = known.kind(statement.kind) if statement.catalogue == known.digest else None
        if kind is None or statement.channel != channel.agreement.channel or statement.party != channel.own:
            raise Refused("contents-differ", "the draft is not one of this party's on this channel")
        values = open_told(statement, kind, told)
        if channel.agreement.demonstration:
            settings.output.note(DEMONSTRATION)
        output = settings.output
        for line in [*header_lines(statement, kind, output), *field_lines(kind, values, known, output.words)]:
            output.note(line)
        settings.confirm(f"Sign this for {channel.counterpart}?", yes=yes)
        already = signatures_from_wire(told["signatures"])
        outcome: dict[str, Any] = {}
        for signature in sign(statement, told["statement"], kind, channel, officers, already=already):
            outcome = desk.request(
                "sign",
                timeout_s=timeout + 10,
                counterpart=channel.counterpart,
                id=told["id"],
                signature=[signature.signer, signature.role, signature.algorithm, signature.value],
                wait=wait,
                timeout_ms=int(timeout * 1000),
            )
    show_outcome(settings, outcome, counterpart=channel.counterpart)
    return WAITING if outcome["state"] == "draft" else 0


def _whole_id(desk: Desk, channel: Channel, typed: str) -> str:
    """Complete a draft's id from its first digits.

    Raises:
        Misused: none or several begin so.
    """
    ids = [item["id"] for item in desk.request("drafts", counterpart=channel.counterpart)]
    found = [one for one in ids if one.startswith(typed.lower())]
    if len(found) != 1 or not typed:
        raise Misused("no-such-draft", f"{'several drafts' if found else 'no draft'} of the id {typed[:32]!r}")
    return str(found[0])


def _obvious_signer(settings: Settings, draft: str, counterpart: str | None) -> list[str]:
    """Without --as in a node home: the first officer here who fills a place that is still open."""
    from hotline.party_file import read_party
    from nodes.home import NodeHome

    home = settings.any_home()
    if not isinstance(home, NodeHome):
        return []
    with open_desk(settings) as (desk, _):
        channel = desk.channel(counterpart)
        whole = _whole_id(desk, channel, draft)
        items = desk.request("drafts", counterpart=channel.counterpart)
        told = next(item for item in items if item["id"] == whole)
    wanted = {role for slot in told["missing"] for role in slot.split("/")}
    signed = {signer for signer, *_ in told["signatures"]}
    names = home.officer_names()
    for member in read_party(home.party_path).members:
        person = member.person
        if member.home in names and f"person/{person.number}" not in signed and wanted & set(person.roles):
            settings.output.note(f"signing as {member.home}")
            return [member.home]
    return []
