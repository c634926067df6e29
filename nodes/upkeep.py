"""Upkeep of one line: its scrub, and how the scrub reaches the counterpart, people and our log.

Source: spec/disputes.md, "Damage".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from nodes.clock import Reading
from nodes.driver import Driver
from nodes.highwater import HighWater
from nodes.scrub import Scrub
from nodes.soundness import newest_signed
from nodes.store import LogStore
from protocol.checkpoint import Checkpoint
from protocol.effects import Alarm, Close, Effect, GivenBack

ANSWER_S: Final = 5.0
"""How long an entry that was asked back may take."""

LOG_DAMAGED: Final = "log-damaged"


class Upkeep:
    """See `nodes.scrub.Host`.

    Args:
        store: of the channel.
        mark: the high-water mark of our log.
        driver: of the line.
        executor: threads for crypto and disk.
        path: of the scrub's position.
        read: reads the clocks.
        log: of the line.
        alarm: raises an alarm.
        say: logs a statement of the node's own.
        mended: called when something can be read again that could not.
        pace: bytes a second.

    Attributes:
        scrub: of the line.
    """

    def __init__(
        self,
        *,
        store: LogStore,
        mark: HighWater,
        driver: Driver,
        executor: Executor,
        path: Path,
        read: Reading,
        log: structlog.typing.FilteringBoundLogger,
        alarm: Callable[[str, str], None],
        say: Callable[[str, dict[str, Any] | None], Awaitable[None]],
        mended: Callable[[], None],
        pace: int,
    ) -> None:
        self._store = store
        self._mark = mark
        self._driver = driver
        self._alarm = alarm
        self._say = say
        self._mended = mended
        self._asked: tuple[str, int, asyncio.Future[GivenBack]] | None = None
        self.scrub = Scrub(store=store, host=self, executor=executor, path=path, read=read, log=log, pace=pace)

    def heed(self, effect: Effect) -> None:
        """What the channel decided may be about damage."""
        match effect:
            case GivenBack(voice, index):
                if self._asked is not None and self._asked[:2] == (voice, index) and not self._asked[2].done():
                    self._asked[2].set_result(effect)
            case Alarm(code) if code in (LOG_DAMAGED, "docket-differs"):
                # Two dockets of the same two logs: one was derived from something else, and that may be ours.
                self.scrub.hurry()
            case Close("peer-problem", text) if "differs" in text:
                # What we sent is not what we signed: it may be our disk.
                self.scrub.hurry()
            case _:
                pass

    def alarm(self, code: str, text: str) -> None:
        """See `nodes.scrub.Host`."""
        self._alarm(code, text)

    async def say_fault(self, code: str, voice: str, index: int) -> None:
        """See `nodes.scrub.Host`."""
        await self._say("fault", {"code": code, "party": voice, "index": index, "digest": None})

    async def fetch_back(self, voice: str, index: int) -> GivenBack | None:
        """See `nodes.scrub.Host`."""
        core = self._driver.core
        if not core.is_open:
            return None
        future: asyncio.Future[GivenBack] = asyncio.get_running_loop().create_future()
        self._asked = (voice, index, future)
        await self._driver.ask(partial(core.fetch_back, voice, index))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await future
        except TimeoutError:
            return None
        finally:
            self._asked = None

    def signed(self, voice: str) -> Checkpoint | None:
        """See `nodes.scrub.Host`."""
        return newest_signed(self._store, self._mark, voice)

    def mended_before(self, count: int) -> None:
        """So many rows were computed anew, because the node could not have started without."""
        self.scrub.repaired += count

    def begin(self) -> None:
        """The line runs: tell what was mended before it could."""
        if self.scrub.repaired:
            self._alarm(LOG_DAMAGED, "hashes or sizes of the logs on this disk could not be read")
            text = f"{self.scrub.repaired} of them were computed anew from what gives the signed root"
            self._alarm("log-repaired", text)

    def mended(self) -> None:
        """See `nodes.scrub.Host`."""
        self._mended()
