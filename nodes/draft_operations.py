"""What the local API does with drafts: list, open, sign, refuse, cancel, check, review.

Source: spec/local-api.md, "Operations" and "Drafts".
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from nodes.api_arguments import Arguments, statement_id_of, take
from nodes.errors import ApiRefused
from nodes.outcome import Draft
from nodes.signed import SignedStatement, signatures_from_wire, signatures_to_wire
from protocol.errors import ProtocolError
from protocol.statement import Statement
from protocol.tagged import digest

if TYPE_CHECKING:
    from nodes.line import Line
    from nodes.operations import Caller


async def drafts(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """What waits for people, without contents."""
    return [_draft_dict(draft) for draft in await asyncio.to_thread(line.drafts.all)]


async def draft(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """One draft with what opens it, for the officer who is to sign it."""
    from nodes.operations import note, opening

    found = await asyncio.to_thread(line.drafts.one, take(arguments, "id", str))
    opened = await asyncio.to_thread(opening, line, found.statement, found.body)
    note(caller, line, "draft-opened", statement=digest(found.statement))
    return {**_draft_dict(found), **opened}


async def discard(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Forget a draft that the caller has signed."""
    draft_id = take(arguments, "id", str)
    await line.decisions.discard(draft_id, caller.person)
    return draft_id


async def sign(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Add a signature to a draft."""
    from nodes.operations import waited

    signatures = signatures_from_wire([take(arguments, "signature", list)])
    outcome = await line.intake.sign_draft(take(arguments, "id", str), signatures[0])
    return (await waited(line, outcome, arguments)).as_dict()


async def stop(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Refuse a draft, or cancel what is held back, by an act that the caller signed for the journal."""
    draft_id = take(arguments, "id", str)
    written = await line.decisions.close(draft_id, _act(arguments), person=caller.person)
    return {"id": draft_id, "journal": written}


async def check(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Let a draft go on that a program put in, by an act that the caller signed for the journal."""
    draft_id = take(arguments, "id", str)
    await line.decisions.check(draft_id, _act(arguments), person=caller.person)
    return draft_id


async def review(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """Review an emergency release, by an act that the caller signed for the journal."""
    statement_id = statement_id_of(arguments)
    await line.reviews.end(statement_id, _act(arguments), person=caller.person)
    return statement_id.hex()


async def closed(caller: Caller, line: Line, arguments: Arguments) -> Any:
    """What was refused or cancelled, newest first, with what opens the reasons; and what is to be reviewed."""
    found = await asyncio.to_thread(line.decisions.closed)
    reviews = await asyncio.to_thread(line.reviews.all)
    return {
        "closed": [
            {
                "act": one.act.statement,
                "act_body": one.act.body,
                "act_secret": await asyncio.to_thread(_secret, line, one.act),
                "automated": one.kept.automated,
                "closed_ms": one.kept.closed_ms,
                "id": one.id,
                "person": one.kept.person,
                "statement": one.kept.signed.statement,
            }
            for one in found
        ],
        "reviews": [
            {
                "id": Statement.parse(one.kept.signed.statement).id.hex(),
                "index": one.index,
                "person": one.kept.person,
                "statement": one.kept.signed.statement,
                "until_ms": one.kept.until_ms,
            }
            for one in reviews
        ],
    }


def _secret(line: Line, act: SignedStatement) -> bytes | None:
    """What opens the text of an act; None where it has none, or it does not open."""
    if act.body is None:
        return None
    try:
        return line.journal.secret_of(Statement.parse(act.statement), act.body)
    except ProtocolError:
        return None


def _act(arguments: Arguments) -> SignedStatement:
    try:
        return SignedStatement.parse(take(arguments, "act", bytes))
    except ProtocolError as error:
        raise ApiRefused("request-malformed", f"the act does not parse: {error}") from error


def _draft_dict(draft: Draft) -> dict[str, Any]:
    return {
        "automated": draft.automated,
        "created_at_ms": draft.created_at_ms,
        "hold": draft.hold,
        "id": draft.id,
        "missing": list(draft.missing),
        "signatures": signatures_to_wire(draft.signatures),
        "statement": draft.statement,
        "until_ms": draft.until_ms,
        "waits": [[one.role, one.slot, one.since_ms] for one in draft.waits],
    }
