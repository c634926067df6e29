"""Paging of one node: it looks at the lines, asks the engine whom to call, writes that down, and has it done.

What is to be called is on disk before it is called, and what came of it afterwards; a restart goes on where the last
process stopped. None of it can hold a line: what is read is read on a thread, each pager has a thread of its own, and a
state that cannot be written is an alarm and no reason not to call.

Source: spec/paging.md.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from nodes import paging_state
from nodes.causes import Causes, alarm_cause
from nodes.clock import Reading, now
from nodes.errors import ApiRefused, NodeError
from nodes.files import read_file, write_file
from nodes.page import Call, Cause, Item, Mute, Page, Reached
from nodes.pagers.calling import Caller
from nodes.pagers.terms import Pager, reached_for
from nodes.paging import MUTE_MS_MAX, Paging
from nodes.paging_rules import UNTIL_IT_ENDS
from nodes.threads import on_thread

if TYPE_CHECKING:
    from nodes.line import Line

TICK_S: Final = 1.0
IDLE_TICK_S: Final = 10.0
"""How often the clocks are looked at: with pagers, and where only screens are told."""

AGAIN_S: Final = 0.5
AGAIN_MAX_S: Final = 5.0
SHARE: Final = 20
"""Lines are read at most so often, whatever happens on them, and for no more than a twentieth of the time: while much
is said, that is for the line."""


PAGER_FAILED: Final = "pager-failed"
NOT_KEPT: Final = "pages-not-kept"


class Pages:
    """See the module.

    Args:
        path: of the state's file.
        lines: by the counterpart's short name.
        pagers: of the settings.
        caller: calls them.
        executor: threads for the disk.
        read: reads the clocks.
    """

    def __init__(
        self,
        *,
        path: Path,
        lines: Mapping[str, Line],
        pagers: tuple[Pager, ...],
        caller: Caller,
        executor: Executor,
        read: Reading = now,
    ) -> None:
        self.pagers = pagers
        self.engine = Paging(pagers)
        self.muting = asyncio.Lock()
        self._path = path
        self._lines = lines
        self._caller = caller
        self._executor = executor
        self._read = read
        self._causes: dict[str, Causes] = {}
        self._alarms: dict[str, Counter[str]] = {}
        self._stale: set[str] = set()
        self._looked_s = float("-inf")
        self._cost_s = 0.0
        self._revision = -1
        self._wake = asyncio.Event()
        self._loaded = asyncio.Event()
        self._turning = asyncio.Lock()
        self._keeping = asyncio.Lock()
        self._calls: dict[str, asyncio.Task[None]] = {}
        self.log = structlog.get_logger(part="pages")

    # --- running ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Look after the pages, for ever."""
        self._causes = {name: Causes(line) for name, line in self._lines.items()}
        self._alarms = {name: Counter() for name in self._lines}
        self._stale = set(self._lines)
        await self._load()
        watches = [asyncio.create_task(self._watch(name, line)) for name, line in self._lines.items()]
        try:
            while True:
                try:
                    await self.turn()
                except Exception:
                    # A mistake of ours. It must not pass unseen, and is no reason to cut a line.
                    self.log.exception("pages failed")
                await self._nap()
        finally:
            for task in (*watches, *self._calls.values()):
                task.cancel()
            self._caller.close()

    async def _watch(self, name: str, line: Line) -> None:
        while True:
            await line.changed()
            self._stale.add(name)
            if self.pagers:
                self._wake.set()

    async def _nap(self) -> None:
        """Until the next look: a moment in any case, a second where nothing happens."""
        await asyncio.sleep(min(max(AGAIN_S, SHARE * self._cost_s), AGAIN_MAX_S))
        try:
            async with asyncio.timeout((TICK_S if self.pagers else IDLE_TICK_S) - AGAIN_S):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _load(self) -> None:
        try:
            data = await on_thread(self._executor, self._read_state)
            if data is not None:
                paging_state.load(self.engine, data)
                self.engine.cut_short(self._read().wall_ms)
        except (NodeError, paging_state.StateRefused) as error:
            self._alarm("", NOT_KEPT, f"how far people were told before this start is not known: {error}")
        self._loaded.set()

    def _read_state(self) -> bytes | None:
        if not self._path.exists():
            return None
        return read_file(self._path, bytes_max=paging_state.STATE_BYTES_MAX)

    async def turn(self) -> None:
        """Look once, and have called whoever is to be called now."""
        async with self._turning:
            began_ms = self._read().mono_ms
            await self._look()
            calls = []
            for call in self.engine.looking(self._read().wall_ms, busy=frozenset(self._calls)):
                if call is None:
                    # Nothing waits for this. The line does not wait for it either.
                    await asyncio.sleep(0)
                else:
                    calls.append(call)
            self._cost_s = (self._read().mono_ms - began_ms) / 1000
            await self._keep()
            for call in calls:
                task = self._calls[call.pager] = asyncio.create_task(self._call(call))
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A call is over; what it did not foresee must not pass unseen."""
        for name, one in list(self._calls.items()):
            if one is task:
                del self._calls[name]
        if not task.cancelled() and task.exception() is not None:
            self.log.error("paging failed", detail=repr(task.exception()))
        self._wake.set()

    async def _look(self) -> None:
        """See what stands on the lines that have changed; on all of them now and then, because clocks run on quiet
        ones."""
        clock_s = self._read().mono_ms / 1000
        if clock_s - self._looked_s >= IDLE_TICK_S:
            self._stale.update(self._lines)
            self._looked_s = clock_s
        wanted, self._stale = self._stale, set()
        now_ms = self._read().wall_ms
        found: list[Cause] = []
        seen: set[str] = set()
        for name in sorted(wanted):
            follow = [page.cause for page in self.engine.pages.values() if page.cause.counterpart == name]
            try:
                found += await on_thread(self._executor, self._causes[name].now, now_ms, follow)
            except NodeError as error:
                # What is derived can wait and be derived again; what stood there stands.
                self.log.warning("line not seen", line=name, code=error.code)
                continue
            except Exception:
                # A mistake of ours, which keeps nobody from being called for the other lines.
                self.log.exception("line not seen", line=name)
                continue
            seen.add(name)
        self.engine.heed(found, now_ms, lines=frozenset(seen))
        self._take_alarms(now_ms)

    def _take_alarms(self, now_ms: int) -> None:
        for name, line in self._lines.items():
            counts = Counter(line.alarms.counts)
            new = counts - self._alarms[name]
            self._alarms[name] = counts
            for code in sorted(new):
                cause = alarm_cause(name, code, demonstration=line.agreement.demonstration)
                if cause is not None:
                    self.engine.happened(cause, now_ms)

    async def _keep(self) -> None:
        """Write the state down, where it is not what it was."""
        async with self._keeping:
            revision = self.engine.revision
            if revision == self._revision:
                return
            try:
                await on_thread(self._executor, self._write_state)
                self._revision = revision
            except NodeError as error:
                self._alarm("", NOT_KEPT, error.text)

    def _write_state(self) -> None:
        write_file(self._path, paging_state.encode(self.engine))

    async def _call(self, call: Call) -> None:
        self.log.info("page", pager=call.pager, count=call.count, id=call.id)
        problem = await self._caller.call(call)
        self.engine.done(call, self._read().wall_ms, problem)
        if problem is not None:
            self._alarm(call.items[0].cause.counterpart, PAGER_FAILED, f"the pager {call.pager}: {problem}")
        await self._keep()

    def _alarm(self, counterpart: str, code: str, text: str) -> None:
        """Raise an alarm on the line it concerns; on the first where that is none."""
        line = self._lines.get(counterpart) or next(iter(self._lines.values()), None)
        if line is None:
            self.log.error("alarm", code=code, detail=text)
        else:
            line.alarm(code, text)

    # --- what people ask ----------------------------------------------------------------------------------------------

    async def shown(self) -> dict[str, Any]:
        """The pages, mutes and pagers, as they stand now."""
        await self._loaded.wait()
        if self._stale and not self.pagers:
            await self.turn()
        now_ms = self._read().wall_ms
        sounding = {page.id for page in self.engine.sounding(now_ms)}
        pages = [_page(page, sounding=page.id in sounding, now_ms=now_ms) for page in self.engine.pages.values()]
        return {
            "now_ms": now_ms,
            "pages": pages,
            "mutes": [
                {
                    "role": mute.role,
                    "until_ms": mute.until_ms,
                    "even_flash": mute.even_flash,
                    "by": mute.by,
                    "entry": mute.entry,
                }
                for mute in self.engine.mutes.values()
            ],
            "pagers": self.pagers_shown(),
        }

    def pagers_shown(self) -> list[dict[str, Any]]:
        """Each pager of the settings and how it did; for anybody at this machine."""
        found = []
        for pager in self.pagers:
            reached = self.engine.reached.get(pager.name, Reached())
            found.append(
                {
                    "name": pager.name,
                    "role": pager.role,
                    "way": pager.way,
                    "events": list(pager.events),
                    "after_s": pager.after_ms // 1000,
                    "ok_ms": reached.ok_ms or None,
                    "failed_ms": reached.failed_ms or None,
                    "tested_ms": reached.tested_ms or None,
                    "problem": reached.problem or None,
                    "calls": reached.calls,
                    "failures": reached.failures,
                }
            )
        return found

    async def acknowledge(self, names: Iterable[str], by: str) -> list[str]:
        """A person has taken note of pages.

        Returns:
            The ids of those that there were.
        """
        await self._loaded.wait()
        now_ms = self._read().wall_ms
        found = [page.id for name in names if (page := self.engine.acknowledge(name, by, now_ms)) is not None]
        self.log.info("pages acknowledged", pages=found, by=by)
        await self._keep()
        return found

    async def check_mute(self, role: str, until_ms: int, *, even_flash: bool) -> None:
        """See that a mute may be, before it is written down. Whoever asks holds `muting` until it is.

        Raises:
            ApiRefused: `mute-refused`; it would last too long, or is over, or no flash would reach anybody.
        """
        await self._loaded.wait()
        now_ms = self._read().wall_ms
        if not 0 < until_ms - now_ms <= MUTE_MS_MAX:
            raise ApiRefused("mute-refused", "a mute ends in the future, within seven days")
        if even_flash and self.engine.silences_flashes(role, now_ms):
            raise ApiRefused("mute-refused", f"{role} is the last role that flashes reach")

    async def mute(self, mute: Mute) -> None:
        """Do not call a role for a while."""
        await self._loaded.wait()
        self.engine.mute(mute)
        self.log.warning("pagers muted", role=mute.role, until_ms=mute.until_ms, even_flash=mute.even_flash)
        await self._keep()

    def is_muted_by(self, entry: int) -> bool:
        """Whether a role is muted by that act of the journal."""
        return any(mute.entry == entry for mute in self.engine.mutes.values())

    async def unmute(self, role: str) -> bool:
        """Call a role again; whether it was muted."""
        await self._loaded.wait()
        found = self.engine.unmute(role)
        self.log.warning("pagers unmuted", role=role)
        await self._keep()
        self._wake.set()
        return found is not None

    async def test(self, role: str) -> list[dict[str, Any]]:
        """Call every pager of a role, and say which were reached.

        Raises:
            ApiRefused: `no-such-pager`; the role has none.
        """
        await self._loaded.wait()
        pagers = reached_for(self.pagers, role)
        if not pagers:
            raise ApiRefused("no-such-pager", f"the settings name no pager for {role}")
        results = await asyncio.gather(*(self._test(pager) for pager in pagers))
        await self._keep()
        return results

    async def _test(self, pager: Pager) -> dict[str, Any]:
        now_ms = self._read().wall_ms
        cause = Cause(key="test", family="alarm", counterpart="")
        item = Item(page="test", call="0", event="test", cause=cause)
        problem = await self._caller.call(Call(pager=pager.name, id=f"test-{now_ms}", items=(item,)))
        self.engine.note(pager.name, now_ms, problem, test=True)
        return {"pager": pager.name, "way": pager.way, "reached": problem is None, "problem": problem}


def _page(page: Page, *, sounding: bool, now_ms: int) -> dict[str, Any]:
    cause = page.cause
    called = sorted(page.called.items(), key=lambda one: one[1].at_ms)
    return {
        "id": page.id,
        "about": cause.family,
        "counterpart": cause.counterpart or None,
        "serial": cause.serial or None,
        "kind": cause.kind or None,
        "precedence": cause.precedence,
        "status": cause.status,
        "clock": cause.clock or None,
        "code": cause.code or None,
        "role": cause.role or None,
        "since_ms": page.since_ms,
        "due_ms": cause.due_ms,
        "overdue": cause.due_ms is not None and now_ms > cause.due_ms,
        "count": cause.count,
        "lasts": cause.family in UNTIL_IT_ENDS,
        "acked_ms": page.acked_ms,
        "acked_by": page.acked_by or None,
        "sounding": sounding,
        "calls": [
            {"pager": name.split("/", 2)[2], "at_ms": one.at_ms, "state": one.state, "tries": one.tries}
            for name, one in called
        ],
    }
