"""Judging of one line: what is new in both logs is judged behind the receipts, and never in their way.

Judging waits until nothing was said for a moment, and no longer than a quarter of a second while much is said. What it
derives may come from damage, and from the first word of that until all is derived anew nothing is claimed of it.

Source: spec/docket.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor

from nodes.errors import NodeError
from nodes.projection import BATCH_MAX, Projection, ProjectionBroken
from nodes.store import StoreDamaged
from nodes.threads import on_thread
from protocol.tagged import Hash
from protocol.verdict import Verdict

AGAIN_S = 5.0
QUIET_S = 0.02
PAUSE_MAX_S = 0.25

Docket = tuple[int, int, Hash]
"""Sizes of our log and of theirs, and the docket's digest there."""


class Judging:
    """See the module.

    Args:
        projection: what is derived.
        executor: threads for crypto and disk.
        whole: whether our own log is complete.
        begin: called once, before anything is judged.
        heed: called with what was judged.
        claim: called with the docket, where it can be relied on.
        failed: called where it cannot go on for now.
        changed: called where people have something new to see.
    """

    def __init__(
        self,
        *,
        projection: Projection,
        executor: Executor,
        whole: Callable[[], bool],
        begin: Callable[[], Awaitable[None]],
        heed: Callable[[Sequence[Verdict]], Awaitable[None]],
        claim: Callable[[Docket], Awaitable[None]],
        failed: Callable[[NodeError], None],
        changed: Callable[[], None],
    ) -> None:
        self._projection = projection
        self._executor = executor
        self._whole = whole
        self._begin = begin
        self._heed = heed
        self._claim = claim
        self._failed = failed
        self._changed = changed
        self._said_s = 0.0
        self._wanted = asyncio.Event()
        self._wanted.set()
        # From the first word of damage until all that was derived is derived anew from whole logs.
        self._doubted = self._anew = False

    def want(self) -> None:
        """There is something to judge."""
        self._wanted.set()

    def said(self) -> None:
        """Something is on its way to its receipt."""
        self._said_s = asyncio.get_running_loop().time()

    def doubt(self) -> bool:
        """What was derived may come from damage: nothing is claimed of it until `mended`; whether that is news."""
        news, self._doubted = not self._doubted, True
        return news

    async def note_doubt(self) -> None:
        """A crash must not leave what was derived from damage as if it were good."""
        try:
            await on_thread(self._executor, self._projection.doubt)
        except ProjectionBroken as error:
            self._failed(error)

    def mended(self, *, whole: bool) -> None:
        """What was damaged is had back.

        Args:
            whole: all of it; whoever was judged by what was damaged is then judged again.
        """
        if self._doubted and whole:
            self._doubted, self._anew = False, True
        self.want()

    async def run(self) -> None:
        """Judge what is new, for ever."""
        begun = False
        while True:
            await self._wanted.wait()
            await self._calm()
            self._wanted.clear()
            try:
                if not begun:
                    await self._begin()
                    begun = True
                docket = await self._judge()
            except (ProjectionBroken, StoreDamaged) as error:
                # What is derived can wait and be derived again; the line itself goes on.
                self._failed(error)
                await asyncio.sleep(AGAIN_S)
                self.want()
                continue
            if not self._doubted and not self._anew:
                await self._claim(docket)
            self._changed()

    async def _calm(self) -> None:
        """Let what is on its way reach its receipt, and what follows closely be judged with it."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + PAUSE_MAX_S
        # The deadline moves while this sleeps, and nobody should have to know of whoever waits here.
        while (left_s := min(self._said_s + QUIET_S, end_s) - loop.time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left_s)

    async def _judge(self) -> Docket:
        if self._anew:
            self._anew = False
            await on_thread(self._executor, self._projection.begin_anew)
        while True:
            judged, docket = await on_thread(self._executor, self._judge_batch)
            await self._heed(judged)
            if len(judged) < BATCH_MAX:
                # What is left waits for more, which comes with a word of its own.
                return docket

    def _judge_batch(self) -> tuple[list[Verdict], Docket]:
        """On a thread: judge what is new, as much as is taken at once, and give the docket as it then stands."""
        judged = self._projection.advance(whole=self._whole())
        return judged, self._projection.digest()
