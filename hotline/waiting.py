"""What waits for people already: amendments that the other side proposes, drafts, a withdrawal that was begun.

Whoever has to act on something finds it in the inbox, and whoever says it a second time is told what waits already.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nodes.files import read_file
from nodes.signed import SignedRefused, SignedStatement
from protocol.agreement import Agreement
from protocol.errors import ProtocolError
from protocol.governance import WITHDRAW
from protocol.statement import ACTUAL, Statement
from protocol.verdict import voice_of

if TYPE_CHECKING:
    from hotline.composing import Letter
    from hotline.desk import Channel, Desk
    from hotline.journalling import Asked
    from nodes.governing import Treaty
    from nodes.home import ChannelHome


def waiting_for(desk: Desk, channel: Channel) -> tuple[list[str], list[tuple[str, str]]]:
    """What waits for the officer: serials of the counterpart's amendments, and drafts with their kinds.

    Args:
        desk: of the officer.
        channel: verified.
    """
    number = desk.officer.number
    person = channel.rosters[channel.own].person(number)
    roles = set() if person is None else set(person.roles)
    drafts = []
    for item in desk.request("drafts", counterpart=channel.counterpart):
        signed = any(signer == f"person/{number}" for signer, *_ in item["signatures"])
        wanted = {role for slot in item["missing"] for role in slot.split("/")}
        if not signed and item["hold"] is None and roles & wanted:
            drafts.append((str(item["id"]), Statement.parse(item["statement"]).kind))
    return [one for one in channel.proposals if one.split(" ")[0] == channel.counterpart], drafts


def withdrawn_already(desk: Asked, channel: Channel, letter: Letter) -> tuple[dict[str, Any], str] | None:
    """What to tell whoever withdraws from the agreement once more; None where it is the first time.

    Args:
        desk: connected.
        channel: verified.
        letter: what is about to be said.

    Returns:
        The outcome, and a line for people.
    """
    if letter.kind.name != WITHDRAW or (letter.choices.status or ACTUAL) != ACTUAL:
        return None
    if channel.withdrawn_by == channel.own:
        text = f"{channel.own} has withdrawn from the agreement already; `hotline agreement show` says when it ends."
        return {"state": "withdrawn", "draft": None}, text
    for item in desk.request("drafts", counterpart=channel.counterpart):
        statement = Statement.parse(item["statement"])
        if (
            statement.kind == WITHDRAW
            and statement.status == ACTUAL
            and statement.agreement == channel.agreement.digest
        ):
            text = f"A withdrawal waits already as draft {item['id']}; sign that: hotline sign {item['id']} --as NAME"
            return {"state": "draft", "draft": item["id"]}, text
    return None


def proposed_already(channel: ChannelHome, treaty: Treaty, amended: Agreement, *, own: str) -> dict[str, Any] | None:
    """Where the same amendment of ours waits already; None where it does not.

    Args:
        channel: of the home.
        treaty: both logs.
        amended: what is about to be proposed.
        own: our short name.

    Returns:
        `state`, "proposed" or "outbox", and `serial` where it has its place.
    """
    shorts = treaty.founding.shorts
    for place in treaty.governance.open_proposals():
        if shorts[voice_of(place)] == own and _same(treaty.text_at(place), amended):
            return {"state": "proposed", "serial": treaty.serial(place)}
    if channel.outbox.is_dir():
        for path in sorted(channel.outbox.glob("amend-*.statement")):
            try:
                signed = SignedStatement.parse(read_file(path))
            except SignedRefused:
                # What it is the node says when it takes up what waits there.
                continue
            if _same(signed.body, amended):
                return {"state": "outbox", "serial": None}
    return None


def _same(text: bytes | None, amended: Agreement) -> bool:
    """Whether a text says the same, whenever it was made."""
    try:
        known = Agreement.parse(text or b"")
    except ProtocolError:
        return False
    return replace(known, created_ms=amended.created_ms) == amended
