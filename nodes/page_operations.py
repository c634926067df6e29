"""What the local API does with pages: show, acknowledge, mute, test. A person sees those of the lines they stand on.

Source: spec/local-api.md, "Operations"; spec/paging.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from keys.roles import ROLES
from nodes.api_arguments import Arguments, take
from nodes.errors import ApiRefused
from nodes.login import CONTENT_ROLES
from nodes.page import Mute
from nodes.paging import PAGES_MAX
from nodes.signed import SignedStatement
from protocol.errors import ProtocolError
from protocol.statement import Statement

if TYPE_CHECKING:
    from nodes.operations import Caller

ALL: Final = "all"
MACHINE: Final = frozenset({"alarm", "warning", "line"})
"""Pages about the machine, which an administrator takes as well."""


async def pagers(caller: Caller, arguments: Arguments) -> Any:
    """The pagers of the settings and how each did; no statement is named."""
    return caller.node.pages.pagers_shown()


async def pages(caller: Caller, arguments: Arguments) -> Any:
    """What people are called for now, mutes and pagers."""
    shown = await caller.node.pages.shown()
    return {**shown, "pages": [{**page, "yours": _is_theirs(caller, page)} for page in _seen(caller, shown)]}


async def acknowledge(caller: Caller, arguments: Arguments) -> Any:
    """Take note of pages, by id, or of all that sound and are the caller's; it says nothing to the counterpart."""
    ids = take(arguments, "ids", list)
    if not ids or len(ids) > PAGES_MAX or not all(type(one) is str for one in ids):
        raise ApiRefused("request-malformed", "ids are the names of pages")
    shown = _seen(caller, await caller.node.pages.shown())
    if ids == [ALL]:
        wanted = [page for page in shown if page["sounding"] and _is_theirs(caller, page) and _may_take(caller, page)]
    else:
        wanted = [page for page in shown if page["id"] in ids]
        if not all(_may_take(caller, page) for page in wanted):
            raise ApiRefused("not-permitted", f"what was said is for {', '.join(sorted(CONTENT_ROLES))}")
    return await caller.node.pages.acknowledge([page["id"] for page in wanted], f"person {caller.person}")


def _seen(caller: Caller, shown: dict[str, Any]) -> list[dict[str, Any]]:
    """The pages of the lines that the caller stands on."""
    return [page for page in shown["pages"] if _roles(caller, page)]


def _roles(caller: Caller, page: dict[str, Any]) -> frozenset[str]:
    line = caller.node.lines.get(page["counterpart"])
    return frozenset() if line is None else caller.roles(line)


def _is_theirs(caller: Caller, page: dict[str, Any]) -> bool:
    """Whether a page is for the caller: a draft that waits for another role is not."""
    return page["about"] != "draft" or page["role"] is None or page["role"] in _roles(caller, page)


def _may_take(caller: Caller, page: dict[str, Any]) -> bool:
    """Whether the caller may end the calls of a page: nobody who reads no contents takes what was said from others."""
    return page["about"] in MACHINE or bool(_roles(caller, page) & CONTENT_ROLES)


async def mute(caller: Caller, arguments: Arguments) -> Any:
    """Do not call a role for a while: an act of a person, who signs it for the journal and says why."""
    act, facts = _act(arguments, "mute")
    role, until_ms, even_flash = _role(facts), take(facts, "until_ms", int), take(facts, "even_flash", bool, False)
    if role not in caller.roles_anywhere():
        # Nobody silences somebody else, who would not know; a page is ended for everybody by an acknowledgement.
        raise ApiRefused("not-permitted", f"only a person of the role {role} mutes it")
    async with caller.node.pages.muting:
        await caller.node.pages.check_mute(role, until_ms, even_flash=even_flash)
        # What is not in the journal mutes nobody.
        recorded = await caller.node.journal.submit(act, person=caller.person)
        if recorded.again and not caller.node.pages.is_muted_by(recorded.index):
            # Somebody has ended it since, or it never began: the journal would not show that it does now.
            text = f"entry {recorded.index} of the journal is that mute; make it anew"
            raise ApiRefused("journal-act-refused", text)
        by = f"person {caller.person}"
        asked = Mute(role=role, until_ms=until_ms, even_flash=even_flash, by=by, entry=recorded.index)
        await caller.node.pages.mute(asked)
    return {"entry": asked.entry}


async def unmute(caller: Caller, arguments: Arguments) -> Any:
    """Call a role again: an act of a person as well."""
    act, facts = _act(arguments, "unmute")
    role = _role(facts)
    await caller.node.journal.submit(act, person=caller.person)
    return await caller.node.pages.unmute(role)


def _act(arguments: Arguments, kind: str) -> tuple[SignedStatement, Arguments]:
    """An act for the journal, and its facts; the journal looks at everything else of it."""
    try:
        act = SignedStatement.parse(take(arguments, "act", bytes))
        statement = Statement.parse(act.statement)
    except ProtocolError as error:
        raise ApiRefused("journal-act-refused", f"the act cannot be read: {error}") from error
    if statement.kind != kind:
        raise ApiRefused("journal-act-refused", f"this takes an act of the kind {kind}")
    return act, dict(statement.facts or {})


async def test(caller: Caller, arguments: Arguments) -> Any:
    """Call the pagers of a role, and say which were reached."""
    return await caller.node.pages.test(_role(arguments))


def _role(arguments: Arguments) -> str:
    role: str = take(arguments, "role", str)
    if role not in ROLES:
        raise ApiRefused("request-malformed", f"role is one of {', '.join(ROLES)}")
    return role
