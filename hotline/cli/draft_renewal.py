"""Making a draft anew: the same words under the terms that are in force by now.

An amendment that comes into force leaves what waited for signatures without effect: its header names the agreement
before. Nobody has to type it again. The new one is a statement of its own, which everybody signs anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hotline.cli.send import run_send
from hotline.cli.session import open_desk
from hotline.cli.settings import Settings
from hotline.errors import CouldNot, Misused, Refused

if TYPE_CHECKING:
    from hotline.composing import Letter
    from hotline.desk import Channel, Desk
    from protocol.statement import Statement

VOID = "wrong-agreement"
"""What stands in the way of a draft that was made under an agreement before."""


def renew(
    settings: Settings,
    item_of: Any,
    counterpart: str | None,
    typed: str,
    *,
    yes: bool,
    quote_unofficial: bool = False,
    act_unproved: bool = False,
) -> int:
    """Make a draft anew, sign it and hand it in; the old one is discarded once the new one is there.

    What it answers and its thread stay the same. That its text may quote what is not official, or act on what was not
    proved, was decided about the old one, by whoever signed that: it is decided anew about this one.

    Args:
        settings: of this run.
        item_of: finds a draft on a channel by the first digits of its id.
        counterpart: short name, or None.
        typed: the digits.
        yes: sign without asking.
        quote_unofficial: the text may have a piece of an unofficial statement in it.
        act_unproved: it may answer a grave message that was not proved on a second channel.

    Returns:
        The exit status, as of `send`.

    Raises:
        Misused: the draft can be signed as it is.
        Refused: it is not one of this party's on this channel; or as `run_send`. The old one stays.
    """
    from nodes.signed import signatures_from_wire
    from protocol.statement import Statement

    with open_desk(settings) as (desk, officers):
        channel = desk.channel(counterpart)
        item = item_of(desk, channel, typed)
        if VOID not in item["missing"]:
            way = f"Run: hotline sign {item['id']}"
            raise Misused("usage", f"{item['id']} is of the agreement in force", next_step=way)
        told = desk.request("draft", counterpart=channel.counterpart, id=item["id"])
        statement = Statement.parse(told["statement"])
        again, emergency = _letter(statement, told, channel)
        reply_to, thread = _place(desk, channel, statement)
    status = run_send(
        settings,
        statement.kind,
        reply_to=reply_to,
        thread=thread,
        counterpart=channel.counterpart,
        yes=yes,
        emergency=emergency,
        quote_unofficial=quote_unofficial,
        act_unproved=act_unproved,
        again=again,
        officers=officers,
    )
    signed = {one.signer for one in signatures_from_wire(told["signatures"])}
    if f"person/{officers[0].number}" in signed:
        with open_desk(settings, officers) as (desk, _):
            desk.request("discard", counterpart=channel.counterpart, id=item["id"])
        settings.output.note(f"{item['id']} is discarded; this one stands in its place.")
    else:
        settings.output.note(f"{item['id']} stays until one of those who signed it discards it.")
    return status


def _letter(statement: Statement, told: Mapping[str, Any], channel: Channel) -> tuple[Letter, bool]:
    """What the draft says, and whether one person was to release it in an emergency."""
    from hotline.composing import Choices, Letter
    from hotline.desk import open_told
    from nodes.resources import catalogue_of
    from protocol.authority import EMERGENCY

    known = catalogue_of(statement.catalogue)
    kind = None if known is None else known.kind(statement.kind)
    if kind is None or statement.channel != channel.agreement.channel or statement.party != channel.own:
        raise Refused("contents-differ", "the draft is not one of this party's on this channel")
    values = open_told(statement, kind, told)
    facts = dict(statement.facts or {})
    emergency = facts.pop(EMERGENCY, None) is True
    choices = Choices(
        status=statement.status,
        precedence=statement.precedence,
        severity=statement.severity,
        outcome=statement.outcome,
        language=statement.language,
        aware_at_ms=statement.aware_at_ms,
        respond_by_ms=statement.respond_by_ms,
        release_by_ms=statement.release_by_ms,
        valid_until_ms=statement.valid_until_ms,
    )
    filled = {name: value for name, value in values.items() if value is not None}
    return Letter(kind=kind, values=filled, choices=choices, facts=facts), emergency


def _place(desk: Desk, channel: Channel, statement: Statement) -> tuple[str | None, str | None]:
    """Serials of what it answers and of what opened its thread."""
    if statement.thread is None:
        return None, None
    views = desk.request("thread", counterpart=channel.counterpart, id=statement.thread)
    serials = {view["leaf"]: str(view["serial"]) for view in views}
    if statement.in_reply_to is None:
        return None, str(views[0]["serial"])
    found = serials.get(statement.in_reply_to.hex())
    if found is None:
        raise CouldNot("no-such-entry", "what the draft answers is not in its thread")
    return found, None
