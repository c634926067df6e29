"""What a node calls people for, and how far it has come with each: the engine over the table of paging_rules.

Nothing here waits, writes or calls. `look` is given what stands now and the time, and says which pagers to call; `done`
is told what came of a call. The state is one value that can be written down and read again (`nodes/paging_state.py`):
whoever writes it before the calls are made loses none and makes none twice, but those that a crash cut short. These are
made again under the same name, because nobody knows whether they arrived.

What is owed at once to one pager is one call with many items, and the more a pager was called lately, the longer it is
let alone: a counterpart that says a thousand things in a minute wakes people, and not a thousand times.

Source: spec/paging.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from nodes.page import Call, Called, Cause, Item, Mute, Page, PagerTerms, Reached, urgency
from nodes.paging_rules import STEPS, UNTIL_IT_ENDS, WAITED_FOR, Event, Step

PAGES_MAX: Final = 1_024
"""Causes that are followed at once; what comes beyond them is counted with the last of its kind."""

PIECE: Final = 16
"""Pages, or items of a call, that are looked at in one piece: some milliseconds with as many pagers as there may be."""

RETRY_MS: Final = (5_000, 30_000, 120_000, 600_000)
"""How long after a failure a pager is tried again; after the last it has failed for this call."""

MUTE_MS_MAX: Final = 7 * 86_400_000
"""How long a role may be muted."""

GAP_MS: Final = 10_000
GAP_MAX_MS: Final = 600_000
FLASH_GAP_MAX_MS: Final = 60_000
LATELY_MS: Final = 600_000
"""A pager is let alone for ten seconds after a call, and twice as long for each call of the last ten minutes."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A step comes, and may come again: its number, which grows, and when a pager is called for it."""

    number: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class _Planned:
    at_ms: int
    call: str
    pager: str
    step: Step
    place: int


class Paging:
    """The engine. One thread at a time.

    Args:
        pagers: in the order of the settings.

    Attributes:
        pages: by cause.
        mutes: by role.
        reached: by pager.
        number: of the last page.
        revision: grows with every change.
    """

    def __init__(self, pagers: Sequence[PagerTerms]) -> None:
        self.pagers = tuple(pagers)
        self.pages: dict[str, Page] = {}
        self.mutes: dict[str, Mute] = {}
        self.reached: dict[str, Reached] = {}
        self.number = 0
        self.revision = 0
        self._lately: dict[tuple[str, bool], list[int]] = {}
        self._full = (-1, (0, 0, 0))
        self._reserves: dict[tuple[str, int, str, str], list[PagerTerms]] = {}

    # --- what stands --------------------------------------------------------------------------------------------------

    def heed(self, standing: Iterable[Cause], now_ms: int, *, lines: frozenset[str] | None = None) -> None:
        """Take note of what stands now. What no longer does is followed no more.

        Args:
            standing: every cause.
            now_ms: UTC milliseconds.
            lines: the counterparts that were looked at; None for all. Of the others everything stays.
        """
        found = {cause.key: cause for cause in standing}
        for key, page in list(self.pages.items()):
            gone = key not in found and page.cause.family in UNTIL_IT_ENDS
            if gone and (lines is None or page.cause.counterpart in lines):
                del self.pages[key]
                self.revision += 1
        for key, cause in found.items():
            self._note(key, cause, now_ms)

    def _note(self, key: str, cause: Cause, now_ms: int) -> None:
        page = self.pages.get(key)
        if page is not None:
            # A clock that was ahead when it began, and is not any more, makes nobody wait until it is there again.
            late = page.since_ms > now_ms and cause.since_ms <= now_ms
            if page.cause != cause or late:
                self.pages[key] = replace(page, cause=cause, since_ms=now_ms if late else page.since_ms)
                self.revision += 1
            return
        if len(self.pages) >= PAGES_MAX and not self._make_room(cause):
            return
        self.number += 1
        self.revision += 1
        since_ms = cause.since_ms or now_ms
        self.pages[key] = Page(id=f"p{self.number}", cause=cause, since_ms=min(since_ms, now_ms))

    def _make_room(self, cause: Cause) -> bool:
        """Forget the oldest acknowledged alarm, or for an urgent cause the least urgent page."""
        revision, least = self._full
        if revision == self.revision and urgency(cause) >= least:
            # Nothing has changed since there was no room for one that was as urgent.
            return False
        acked = [
            key
            for key, page in self.pages.items()
            if page.acked_ms is not None and page.cause.family not in UNTIL_IT_ENDS
        ]
        if acked:
            del self.pages[acked[0]]
            return True
        last = max(self.pages, key=lambda key: (urgency(self.pages[key].cause), key))
        if urgency(self.pages[last].cause) > urgency(cause):
            del self.pages[last]
            return True
        self._full = (self.revision, urgency(cause))
        return False

    def happened(self, cause: Cause, now_ms: int) -> None:
        """An alarm was raised: it stands until somebody acknowledges it."""
        self.revision += 1
        page = self.pages.get(cause.key)
        if page is None:
            self._note(cause.key, cause, now_ms)
        elif page.acked_ms is None:
            self.pages[cause.key] = replace(page, cause=replace(cause, count=page.cause.count + 1))
        else:
            # It was acknowledged, and is back: that is another page.
            del self.pages[cause.key]
            self._note(cause.key, cause, now_ms)

    def find(self, name: str) -> Page | None:
        """The page of an id, or None."""
        return next((page for page in self.pages.values() if page.id == name), None)

    def acknowledge(self, name: str, by: str, now_ms: int) -> Page | None:
        """A person has taken note; None where there is no such page."""
        page = self.find(name)
        if page is None:
            return None
        self.revision += 1
        acked = self.pages[page.cause.key] = replace(page, acked_ms=now_ms, acked_by=by)
        return acked

    def silences_flashes(self, role: str, now_ms: int) -> bool:
        """Whether a mute of a role, even for flashes, would leave no role that flashes reach.

        Args:
            role: the role.
            now_ms: UTC milliseconds; a mute that is over counts no more.
        """
        reached = {one.role for one in self.pagers if "flash" in one.events}
        muted = {one.role for one in self.mutes.values() if one.even_flash and one.until_ms > now_ms}
        return role in reached and reached <= muted | {role}

    def mute(self, mute: Mute) -> None:
        """Do not call a role for a while."""
        self.revision += 1
        self.mutes[mute.role] = mute

    def unmute(self, role: str) -> Mute | None:
        """Call it again; what was muted, or None."""
        self.revision += 1
        return self.mutes.pop(role, None)

    def end_mutes(self, now_ms: int) -> list[Mute]:
        """Let go of those that have ended, and of those that were begun under a clock that was far ahead."""
        ended = [mute for mute in self.mutes.values() if not 0 < mute.until_ms - now_ms <= MUTE_MS_MAX]
        for mute in ended:
            self.unmute(mute.role)
        return ended

    # --- whom to call -------------------------------------------------------------------------------------------------

    def look(self, now_ms: int, *, busy: frozenset[str] = frozenset()) -> list[Call]:
        """Say which pagers to call now. Those calls count as begun.

        Args:
            now_ms: UTC milliseconds.
            busy: pagers that are being called; they are let alone.
        """
        return [call for call in self.looking(now_ms, busy=busy) if call is not None]

    def looking(self, now_ms: int, *, busy: frozenset[str] = frozenset()) -> Iterator[Call | None]:
        """Do as `look`, in pieces: between two of them, where None is given, the loop may turn to something else.

        Whoever asks may acknowledge, mute or take note of a call meanwhile; `heed` and `happened` wait for the end.
        """
        self.end_mutes(now_ms)
        owed: dict[str, list[tuple[Page, _Planned]]] = {}
        self._reserves.clear()
        for number, page in enumerate(list(self.pages.values()), 1):
            for planned in self._owed(page, now_ms):
                owed.setdefault(planned.pager, []).append((page, planned))
            if number % PIECE == 0:
                yield None
        for pager, all_owed in owed.items():
            if pager in busy:
                continue
            free_ms = {flash: self._free_ms(pager, flash=flash, at=now_ms) for flash in (False, True)}
            ready = [one for one in all_owed if now_ms >= free_ms[one[1].step.event == "flash"]]
            if ready:
                yield from self._begin(pager, ready, now_ms)

    def _begin(self, pager: str, ready: list[tuple[Page, _Planned]], now_ms: int) -> Iterator[Call | None]:
        ready.sort(key=lambda one: (urgency(one[0].cause), one[1].at_ms, one[0].id))
        items = []
        for number, (page, planned) in enumerate(ready, 1):
            if number % PIECE == 0:
                yield None
            # The page may have been changed by an earlier item of its own, or by a person meanwhile.
            now = self.pages[page.cause.key]
            if now.acked_ms != page.acked_ms:
                continue
            self.revision += 1
            before = page.called.get(planned.call)
            called = Called(now_ms, "calling", 1 if before is None else before.tries + 1)
            self.pages[page.cause.key] = replace(now, called={**_kept(now, planned), planned.call: called})
            items.append(Item(page=page.id, call=planned.call, event=planned.step.event, cause=page.cause))
        if not items:
            return
        flash = any(item.event == "flash" for item in items)
        for bucket in {flash, False}:
            self._lately.setdefault((pager, bucket), []).append(now_ms)
        yield Call(pager=pager, id=f"{items[0].page}-{items[0].call}".replace("/", "-"), items=tuple(items))

    def _free_ms(self, pager: str, *, flash: bool, at: int) -> int:
        """From when on a pager may be called again."""
        lately = [one for one in self._lately.get((pager, flash), ()) if at - LATELY_MS < one <= at]
        self._lately[pager, flash] = lately
        if not lately:
            return 0
        return lately[-1] + min(GAP_MS << min(len(lately) - 1, 16), FLASH_GAP_MAX_MS if flash else GAP_MAX_MS)

    def _owed(self, page: Page, now_ms: int) -> Iterator[_Planned]:
        """The calls of a page that are to be made now, first or again."""
        for planned in self._plan(page, now_ms):
            before = page.called.get(planned.call)
            if before is None:
                if planned.at_ms <= now_ms or planned.call in page.brought:
                    yield planned
            elif before.state == "failed" and not 0 <= now_ms - before.at_ms < RETRY_MS[before.tries - 1]:
                yield planned

    def _plan(self, page: Page, now_ms: int) -> Iterator[_Planned]:
        """Every call of a page that is not settled by an acknowledgement, with its time."""
        seen: set[tuple[Event, int, str]] = set()
        cause = page.cause
        for place, step in _steps(page, now_ms):
            sort = (cause.family, place, cause.role, cause.precedence)
            reserve = self._reserves.get(sort)
            if reserve is None:
                reserve = self._reserves[sort] = self._reserve(step, cause)
            for pager in reserve:
                regular = pager.role == reserve[0].role
                if not (regular or page.brought):
                    continue
                turn = _turn(step, page, now_ms, pager.after_ms)
                if turn is None:
                    continue
                call = f"{place}/{turn.number}/{pager.name}"
                # Two steps that begin together and fall to the same pager are one call.
                same = (step.event, turn.at_ms, pager.name)
                if (regular and same not in seen) or call in page.brought:
                    seen.add(same)
                    yield _Planned(turn.at_ms, call, pager.name, step, place)

    def _reserve(self, step: Step, cause: Cause) -> list[PagerTerms]:
        """Every pager that a step may call, those of the first role that can be reached first: these are called, and
        the others where one of them fails. None where all are muted or have none."""
        found: list[PagerTerms] = []
        for role in dict.fromkeys(cause.role if role == WAITED_FOR else role for role in step.roles):
            mute = self.mutes.get(role)
            if mute is None or (cause.precedence == "flash" and not mute.even_flash):
                found += [one for one in self.pagers if one.role == role and step.event in one.events]
        return found

    def done(self, call: Call, now_ms: int, problem: str | None = None) -> None:
        """Take note of what came of a call.

        Args:
            call: as `look` gave it.
            now_ms: UTC milliseconds.
            problem: why it failed; None where it arrived.
        """
        self.note(call.pager, now_ms, problem)
        for item in call.items:
            page = self.pages.get(item.cause.key)
            if page is None or page.id != item.page or item.call not in page.called:
                continue
            before = page.called[item.call]
            if problem is None:
                state = "done"
            else:
                state = "failed" if before.tries <= len(RETRY_MS) else "given-up"
            called = {**page.called, item.call: Called(now_ms, state, before.tries)}
            self.pages[item.cause.key] = replace(page, called=called)
            if problem is not None and before.tries == 1:
                self._bring_next(item.cause.key, item.call, now_ms)

    def note(self, pager: str, now_ms: int, problem: str | None, *, test: bool = False) -> None:
        """Take note of how a pager did."""
        self.revision += 1
        was = self.reached.get(pager, Reached())
        tested_ms = now_ms if test else was.tested_ms
        if problem is None:
            self.reached[pager] = replace(was, ok_ms=now_ms, tested_ms=tested_ms, calls=was.calls + 1)
        else:
            self.reached[pager] = replace(
                was,
                failed_ms=now_ms,
                tested_ms=tested_ms,
                problem=problem,
                calls=was.calls + 1,
                failures=was.failures + 1,
            )

    def _bring_next(self, key: str, failed: str, now_ms: int) -> None:
        """A pager failed: whoever would have been called next for this step is called at once, or else another role."""
        page = self.pages[key]
        place, number, pager = failed.split("/", 2)
        step = STEPS[page.cause.family][int(place)]
        for one in self._reserve(step, page.cause):
            call = f"{place}/{number}/{one.name}"
            if one.name != pager and call not in page.called and call not in page.brought:
                self.pages[key] = replace(page, brought=page.brought | {call})
                return

    def cut_short(self, now_ms: int) -> None:
        """After a start: of calls that were under way nobody knows whether they arrived. They are made again."""
        for key, page in self.pages.items():
            self.revision += 1
            called = {
                name: Called(now_ms - RETRY_MS[-1], "failed", max(1, one.tries - 1)) if one.state == "calling" else one
                for name, one in page.called.items()
            }
            self.pages[key] = replace(page, called=called)

    def sounding(self, now_ms: int) -> list[Page]:
        """The pages that a person has yet to acknowledge, the most urgent first."""
        found = []
        # Metrics ask from another thread.
        for page in list(self.pages.values()):
            turns = (_turn(step, page, now_ms, 0) for _, step in _steps(page, now_ms))
            if any(turn is not None and turn.at_ms <= now_ms for turn in turns):
                found.append(page)
        return sorted(found, key=lambda page: (urgency(page.cause), page.since_ms, page.id))


def _steps(page: Page, now_ms: int) -> Iterator[tuple[int, Step]]:
    """The rows of the table that apply to a page, with their places."""
    cause = page.cause
    for place, step in enumerate(STEPS[cause.family]):
        late = step.point == "share" and cause.due_ms is not None and now_ms >= cause.due_ms
        if cause.precedence in step.precedences and not late:
            yield place, step


def _point(step: Step, page: Page) -> int:
    """When a step's point is, UTC milliseconds."""
    due_ms = page.cause.due_ms
    if step.point == "start" or due_ms is None:
        return page.since_ms
    if step.point == "due":
        return due_ms
    return page.since_ms + max(0, due_ms - page.since_ms) * page.cause.percent // 100


def _turn(step: Step, page: Page, now_ms: int, after_ms: int) -> _Turn | None:
    """The turn of a step that stands now; None where an acknowledgement settles the step.

    Turns that were missed, because the node was down or a role was muted, are not made up for: the last stands for all.

    Args:
        step: of the page's family.
        page: the page.
        now_ms: UTC milliseconds.
        after_ms: how long after the step a pager is called.
    """
    first_ms = _point(step, page) + step.after_ms
    began_ms = first_ms
    if page.acked_ms is not None and (page.cause.family != "clock" or page.acked_ms >= _point(step, page)):
        # An acknowledgement settles every step of its stage; a later stage of a clock is another matter.
        if not step.reminder_ms:
            return None
        began_ms = page.acked_ms + step.reminder_ms
    at_ms = began_ms + after_ms
    if step.every_ms and now_ms > at_ms:
        at_ms += (now_ms - at_ms) // step.every_ms * step.every_ms
    return _Turn(at_ms - after_ms - first_ms, at_ms)


def _kept(page: Page, planned: _Planned) -> dict[str, Called]:
    """The calls of a page without this pager's for earlier turns of a step, of which there may be any number. Another
    pager that is called later may still be in the turn before."""
    place, turn, pager = planned.call.split("/", 2)
    kept = {}
    for name, one in page.called.items():
        other_place, other_turn, other_pager = name.split("/", 2)
        if (other_place, other_pager) != (place, pager) or int(other_turn) >= int(turn):
            kept[name] = one
    return kept
