"""The alarms of one line: said in its log, shown by `status`, counted, and kept with their evidence.

Source: spec/codes.md; spec/disputes.md, "Evidence".
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from nodes import evidence
from nodes.clock import SteadyClock
from nodes.errors import FileRefused
from nodes.threads import on_thread
from protocol.branches import fork_of

ALARMS_KEPT = 64
ALARM_AGAIN_MS = 60_000
"""The same alarm again within so long is dropped."""

ENDS = {"keys-back": "keys-away"}
"""What is told when something is over, and the alarm that it ends."""


class Alarms:
    """See the module. Iterating gives those raised since the start, newest last: code, text, at_ms, and over_ms: when
    it was over, None while nobody said so.

    Args:
        folder: where evidence is kept.
        clock: the time.
        executor: threads for the disk.
        log: of the line.
        changed: called where people have something new to see.

    Attributes:
        counts: how many were raised, by code.
    """

    def __init__(
        self,
        *,
        folder: Path,
        clock: SteadyClock,
        executor: Executor,
        log: structlog.typing.FilteringBoundLogger,
        changed: Callable[[], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._folder = folder
        self._clock = clock
        self._executor = executor
        self._log = log
        self._changed = changed
        self._kept: deque[dict[str, Any]] = deque(maxlen=ALARMS_KEPT)
        self._last: dict[tuple[str, str], int] = {}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(list(self._kept))

    def tell(self, code: str, text: str) -> None:
        """Raise one."""
        at_ms = self._clock.now().mono_ms
        if at_ms - self._last.get((code, text), at_ms - ALARM_AGAIN_MS) < ALARM_AGAIN_MS:
            self._begin_again(code, text)
            return
        self._last = {key: when for key, when in self._last.items() if at_ms - when < ALARM_AGAIN_MS}
        self._last[code, text] = at_ms
        self.counts[code] += 1
        self._log.error("alarm", code=code, detail=text)
        now_ms, ended = self._clock.now().wall_ms, ENDS.get(code)
        self._kept.append({"code": code, "text": text, "at_ms": now_ms, "over_ms": None if ended is None else now_ms})
        if ended is not None:
            self._end(ended, now_ms)
        self._changed()

    def _end(self, code: str, now_ms: int) -> None:
        """What was told is over, as often as it was."""
        for place, one in enumerate(self._kept):
            if one["code"] == code and one["over_ms"] is None:
                self._kept[place] = {**one, "over_ms": now_ms}

    def _begin_again(self, code: str, text: str) -> None:
        """The same is told again too soon to be listed anew: what was over is not, and what ended it ends it again."""
        now_ms = self._clock.now().wall_ms
        if code in ENDS:
            self._end(ENDS[code], now_ms)
            self._changed()
            return
        for place in range(len(self._kept) - 1, -1, -1):
            one = self._kept[place]
            if (one["code"], one["text"]) == (code, text):
                if one["over_ms"] is not None:
                    self._kept[place] = {**one, "over_ms": None}
                    self._changed()
                return

    async def keep(self, code: str, objects: Mapping[str, bytes]) -> None:
        """Keep what shows to anyone that an alarm is right.

        Args:
            code: of the alarm.
            objects: signed bytes, by name.
        """
        keep_it = partial(evidence.keep, self._folder, code=code, at_ms=self._clock.now().wall_ms, objects=objects)
        try:
            kept = await on_thread(self._executor, keep_it)
        except FileRefused as error:
            # The alarm stands without it; the objects can come again.
            self._log.error("evidence not kept", code=error.code, detail=error.text)
            return
        if kept is not None:
            self._log.error("evidence kept", code=code, file=kept.name)

    async def keep_fork(self, note: bytes) -> None:
        """After a start: the file of a dispute may be missing, where a crash or a full disk kept it from being kept.

        Args:
            note: of the dispute, as the store has it.

        Raises:
            ProtocolError: it is not what it was.
        """
        known = await on_thread(self._executor, evidence.names, self._folder)
        if any(name.endswith("-fork") for name in known):
            return
        await self.keep("fork", fork_of(note).objects())
