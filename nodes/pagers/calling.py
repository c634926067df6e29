"""Calling pagers from the event loop: a thread for each, and a time after which a call has failed.

A thread that hangs where nothing can end it, as in a name server that does not answer, holds its own pager and nothing
else: until it is back every further call of that pager fails at once.

Source: spec/paging.md, "Pagers".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from nodes.page import Call
from nodes.pagers.errors import PagerFailed
from nodes.pagers.mail import Mail
from nodes.pagers.program import call_program
from nodes.pagers.terms import Pager, ProgramTerms, WebhookTerms
from nodes.pagers.webhook import Webhook
from nodes.pagers.words import facts, line
from nodes.threads import Threads

GRACE_S: Final = 3.0
"""How much longer than its time a call may take until its thread is let go of."""


class Caller(Protocol):
    """Whoever makes calls."""

    async def call(self, call: Call) -> str | None:
        """Make one call; why it failed, or None where it arrived."""

    def close(self) -> None:
        """Make no more."""


class _Lane:
    """One pager and its thread, which is started when it is first needed."""

    def __init__(self, pager: Pager) -> None:
        self.pager = pager
        self.threads: Threads | None = None
        self.hangs: asyncio.Future[None] | None = None
        self.lock = asyncio.Lock()


class Pagers:
    """The pagers of a node.

    Args:
        pagers: by the settings.
        party: short name of ours.
    """

    def __init__(self, pagers: tuple[Pager, ...], *, party: str) -> None:
        self._lanes: Mapping[str, _Lane] = {pager.name: _Lane(pager) for pager in pagers}
        self._party = party

    async def call(self, call: Call) -> str | None:
        """See `Caller`."""
        lane = self._lanes[call.pager]
        async with lane.lock:
            if lane.hangs is not None and not lane.hangs.done():
                return "a call before this one still hangs"
            if lane.threads is None:
                lane.threads = Threads(1, f"page-{lane.pager.name}")
            work, stop = self._work(lane.pager, call)
            future = lane.threads.run(work)
            try:
                async with asyncio.timeout(lane.pager.limit_s):
                    await asyncio.shield(future)
                return None
            except PagerFailed as error:
                return error.text
            except TimeoutError:
                stop()
                return await self._ended(lane, future)

    async def _ended(self, lane: _Lane, future: asyncio.Future[None]) -> str:
        """Let a call that was stopped come to its end."""
        late = f"it took more than {lane.pager.limit_s} s"
        try:
            async with asyncio.timeout(GRACE_S):
                await asyncio.shield(future)
        except PagerFailed:
            return late
        except TimeoutError:
            lane.hangs = future
            future.add_done_callback(_forget)
        return late

    def _work(self, pager: Pager, call: Call) -> tuple[Callable[[], None], Callable[[], None]]:
        told, target = facts(call, party=self._party, role=pager.role), pager.target
        if isinstance(target, ProgramTerms):
            # It is ended by itself, before the event loop's time for it is up.
            limit_s = max(0.5, pager.limit_s - 0.5)
            return lambda: call_program(target, told, limit_s=limit_s), lambda: None
        if isinstance(target, WebhookTerms):
            hook = Webhook(target, limit_s=pager.limit_s)
            return lambda: hook.call(told, name=call.id), hook.stop
        mail, words = Mail(target, limit_s=pager.limit_s), line(call, party=self._party)
        return lambda: mail.call(words, told, name=call.id), mail.stop

    def close(self) -> None:
        """Let go of the threads; one that hangs ends with the process."""
        for lane in self._lanes.values():
            if lane.threads is not None:
                lane.threads.shutdown(wait=False)


def _forget(future: asyncio.Future[None]) -> None:
    """Whatever came of it was told long ago."""
    if not future.cancelled():
        future.exception()
