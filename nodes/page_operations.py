"""What the local API does with pages: show, acknowledge, mute, test. A person sees those of the lines they stand on.

Source: spec/local-api.md, "Operations"; spec/paging.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from keys.roles import ROLES
from nodes.api_arguments import Arguments, take
from nodes.clock import now
from nodes.errors import ApiRefused
from nodes.page import Mute
from nodes.paging import PAGES_MAX

if TYPE_CHECKING:
    from nodes.operations import Caller

ALL: Final = "all"


async def pagers(caller: Caller, arguments: Arguments) -> Any:
    """The pagers of the settings and how each did; no statement is named."""
    return caller.node.pages.pagers_shown()


async def pages(caller: Caller, arguments: Arguments) -> Any:
    """What people are called for now, mutes and pagers."""
    shown = await caller.node.pages.shown()
    lines = _lines(caller)
    return {**shown, "pages": [page for page in shown["pages"] if page["counterpart"] in lines]}


async def acknowledge(caller: Caller, arguments: Arguments) -> Any:
    """Take note of pages, by id, or of all that sound; it says nothing to the counterpart."""
    ids = take(arguments, "ids", list)
    if not ids or len(ids) > PAGES_MAX or not all(type(one) is str for one in ids):
        raise ApiRefused("request-malformed", "ids are the names of pages")
    shown = (await pages(caller, arguments))["pages"]
    wanted = [page["id"] for page in shown if (page["sounding"] if ids == [ALL] else page["id"] in ids)]
    return await caller.node.pages.acknowledge(wanted, _name(caller))


async def mute(caller: Caller, arguments: Arguments) -> Any:
    """Do not call a role for a while."""
    asked = Mute(
        role=_role(arguments),
        until_ms=now().wall_ms + take(arguments, "for_ms", int),
        even_flash=take(arguments, "even_flash", bool, False),
        by=_name(caller),
        reason=take(arguments, "reason", str),
    )
    if not asked.reason.strip():
        raise ApiRefused("mute-refused", "a mute has a reason")
    await caller.node.pages.mute(asked)
    return {"role": asked.role, "until_ms": asked.until_ms, "even_flash": asked.even_flash}


async def unmute(caller: Caller, arguments: Arguments) -> Any:
    """Call a role again."""
    return await caller.node.pages.unmute(_role(arguments))


async def test(caller: Caller, arguments: Arguments) -> Any:
    """Call the pagers of a role, and say which were reached."""
    return await caller.node.pages.test(_role(arguments))


def _role(arguments: Arguments) -> str:
    role: str = take(arguments, "role", str)
    if role not in ROLES:
        raise ApiRefused("request-malformed", f"role is one of {', '.join(ROLES)}")
    return role


def _lines(caller: Caller) -> frozenset[str]:
    return frozenset(name for name, line in caller.node.lines.items() if caller.roles(line))


def _name(caller: Caller) -> str:
    return "" if caller.session is None else f"person {caller.session.person}"
