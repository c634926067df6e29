"""What the local API does with the journal.

Source: spec/local-api.md, "Operations"; spec/journal.md.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from nodes.api_arguments import Arguments, index_of, limit_of, take
from nodes.clock import now
from nodes.signed import SignedStatement

if TYPE_CHECKING:
    from nodes.operations import Caller


async def setting(caller: Caller, arguments: Arguments) -> Any:
    """What a client needs to make an act for the journal."""
    journal = caller.node.journal
    await journal.ready()
    found = await asyncio.to_thread(journal.setting)
    return {
        "after": [found.after.size, found.after.root],
        "catalogue": found.catalogue,
        "now_ms": now().wall_ms,
        "origin": found.origin,
        "sealing": found.sealing.raw,
    }


async def write(caller: Caller, arguments: Arguments) -> Any:
    """Write down an act that the caller signed."""
    signed = SignedStatement.parse(take(arguments, "signed", bytes))
    recorded = await caller.node.journal.submit(signed, person=caller.person)
    return {"index": recorded.index, "logged_at_ms": recorded.logged_at_ms}


async def read(caller: Caller, arguments: Arguments) -> Any:
    """Entries of the journal, without texts."""
    journal = caller.node.journal
    await journal.ready()
    start, limit = take(arguments, "start", int, 0), limit_of(arguments)
    return await asyncio.to_thread(journal.entries, max(0, start), max(0, start) + limit)


async def text(caller: Caller, arguments: Arguments) -> Any:
    """One entry of the journal, with what opens its text."""
    journal, index = caller.node.journal, index_of(arguments)
    await journal.ready()
    entry, body, secret = await asyncio.to_thread(journal.sealed, index)
    if secret is not None:
        journal.write("journal-opened", {"index": index, "person": caller.person})
    return {"body": body, "entry": entry, "secret": secret}
