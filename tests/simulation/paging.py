"""Whoever is paged in a world: the engine of pages over real lines, through crashes, clocks that jump and pagers that
break.

It looks on and changes nothing: what it draws, it draws by a chance of its own. What it keeps outlives the process, as
a node's file does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

from nodes import paging_state
from nodes.causes import Causes, alarm_cause
from nodes.errors import NodeError
from nodes.page import Call, Cause, Mute
from nodes.paging import MUTE_MS_MAX, Paging
from nodes.paging_rules import EVENTS, Event
from tests.simulation.ghost import Violation
from tests.simulation.network import NOBODY

if TYPE_CHECKING:
    from tests.simulation.world import Life, World

ONE_IN: Final = 8
"""One world in so many has pagers."""

EVERY_US: Final = 2_000_000
MUTE_MS: Final = 20_000
AFTERWARDS_MS: Final = 3_600_000
"""How long the end of a world is looked at: whatever calls then has been called for by its end."""


@dataclass(frozen=True)
class Pager:
    """One pager of each role."""

    name: str
    role: str
    events: tuple[Event, ...] = EVENTS
    after_ms: int = 0


PAGERS: Final = (Pager("duty", "duty"), Pager("duty-late", "duty", after_ms=30_000), Pager("senior", "senior"))


@dataclass
class Kept:
    """What a party has of its pages: on its disk, and in the process that runs."""

    data: bytes | None = None
    revision: int = -1
    life: Life | None = None
    engine: Paging = field(default_factory=lambda: Paging(PAGERS))
    causes: dict[str, Causes] = field(default_factory=dict)
    alarms: dict[str, Counter[str]] = field(default_factory=dict)
    arrived: set[tuple[str, str, str, int]] = field(default_factory=set)
    unknown: set[tuple[str, str, str, int]] = field(default_factory=set)
    looked_ms: int = 0

    def keep(self) -> None:
        """Write the state down, where it is not what it was."""
        if self.revision != self.engine.revision:
            self.data = paging_state.encode(self.engine)
            self.revision = self.engine.revision


class Watchkeepers:
    """The pages of every party.

    Args:
        world: where they are.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = Random(f"paging {world.seed}")
        self._kept: dict[str, Kept] = {}

    def look(self) -> None:
        """Look at every party that runs, and again in a while."""
        for party, life in self._world.lives.items():
            if life.alive:
                self._look(party, life)
        # For nobody: no process has a hand in it, and none takes it along when it ends.
        self._world.loop.at_us(self._world.loop.now_us + EVERY_US, self._world.check, self.look, context=NOBODY)

    def _look(self, party: str, life: Life) -> None:
        kept = self._kept.setdefault(party, Kept())
        if kept.life is not life:
            self._begin(kept, life)
        now_ms = self._world.clocks[party].read().wall_ms
        if now_ms < kept.looked_ms:
            # Behind a clock that went back, turns that were called come again.
            kept.unknown |= kept.arrived
        kept.looked_ms = now_ms
        self._heed(kept, life, now_ms)
        if self._chance.random() < 0.02:
            role = self._chance.choice(PAGERS).role
            kept.engine.mute(Mute(role=role, until_ms=now_ms + MUTE_MS, even_flash=False, by="person 1", entry=1))
        self._call(kept, now_ms, reliable=False)

    def _begin(self, kept: Kept, life: Life) -> None:
        """Another process: it has what was kept."""
        if kept.data is not None:
            self._world.count("paging after a start")
        kept.life = life
        kept.engine = Paging(PAGERS)
        kept.revision = -1
        kept.causes = {name: Causes(line) for name, line in life.lines.items()}
        kept.alarms = {name: Counter() for name in life.lines}
        if kept.data is not None:
            paging_state.load(kept.engine, kept.data)
            kept.engine.cut_short(0)

    def _heed(self, kept: Kept, life: Life, now_ms: int) -> list[Cause]:
        found: list[Cause] = []
        seen = set()
        for name in life.lines:
            follow = [page.cause for page in kept.engine.pages.values() if page.cause.counterpart == name]
            try:
                found += kept.causes[name].now(now_ms, follow)
            except NodeError:
                # Its disk is damaged, and it is said elsewhere.
                continue
            seen.add(name)
        kept.engine.heed(found, now_ms, lines=frozenset(seen))
        for name, line in life.lines.items():
            counts = Counter(line.alarms.counts)
            for code in sorted(counts - kept.alarms[name]):
                cause = alarm_cause(name, code)
                if cause is not None:
                    kept.engine.happened(cause, now_ms)
            kept.alarms[name] = counts
        return found

    def _call(self, kept: Kept, now_ms: int, *, reliable: bool) -> None:
        calls = kept.engine.look(now_ms)
        if not reliable and self._chance.random() < 0.01:
            # The process ends before anything was written: nobody was called.
            kept.life = None
            return
        kept.keep()
        for call in calls:
            self._world.count("paging called")
            if not reliable and self._chance.random() < 0.02:
                # It ends in the middle of the calls: whether this one arrived is not known.
                kept.unknown |= set(_names(call, kept))
                kept.life = None
                self._world.count("paging cut short")
                return
            failed = not reliable and self._chance.random() < 0.2
            if failed:
                self._world.count("paging failed")
            else:
                self._arrived(kept, call)
            kept.engine.done(call, now_ms, "it is broken" if failed else None)
            # What came of each call is written down before the next comes to an end, as Pages does.
            kept.keep()

    def _arrived(self, kept: Kept, call: Call) -> None:
        for name in _names(call, kept):
            if name in kept.arrived and name not in kept.unknown:
                raise Violation("paged twice", f"{call.pager} was called twice for {name}")
            kept.arrived.add(name)

    def finish(self) -> None:
        """The world stands still: in the time that follows everybody who has to know is told, and no mute is left.

        Raises:
            Violation: somebody was not called.
        """
        for party, life in self._world.lives.items():
            kept = self._kept.get(party)
            if kept is None or not life.alive:
                continue
            if kept.life is not life:
                self._begin(kept, life)
            now_ms = self._world.clocks[party].read().wall_ms
            found = self._heed(kept, life, now_ms)
            for passed_ms in range(0, AFTERWARDS_MS, 10_000):
                # What stands is as it was; only the time passes.
                kept.engine.heed(found, now_ms + passed_ms)
                self._call(kept, now_ms + passed_ms, reliable=True)
            if any(mute.until_ms > now_ms + MUTE_MS_MAX for mute in kept.engine.mutes.values()):
                raise Violation("mute", f"{party} is muted for ever")
            for cause in found:
                self._told(party, kept, cause, now_ms + AFTERWARDS_MS - 60_000)

    def _told(self, party: str, kept: Kept, cause: Cause, until_ms: int) -> None:
        """Whether somebody was called for a cause that had to call somebody by a time."""
        page = kept.engine.pages[cause.key]
        calls = cause.family == "statement" or (cause.family == "clock" and (cause.due_ms or 0) < until_ms)
        if calls and not any(one.state == "done" for one in page.called.values()):
            raise Violation("not paged", f"{party} told nobody of {cause.key}")


def _names(call: Call, kept: Kept) -> list[tuple[str, str, str, int]]:
    """Each item of a call, with when its page began: where the clock went back it begins anew."""
    return [
        (item.page, item.cause.key, item.call, kept.engine.pages[item.cause.key].since_ms)
        for item in call.items
        if item.cause.key in kept.engine.pages
    ]
