"""What a node may show of fields, and to whom: the rules of disclosure over its docket, and the gate that obeys them.

Content that is to leave the two parties comes from `disclosed` and from nowhere else: it asks the rules for every field
and opens no other. That it was asked for is in the journal before anything is given out.

Source: spec/disclosure.md, "Gate".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from protocol.canonical import encode
from protocol.disclosure import AUDIENCES, Case, State, openings, state, states
from protocol.disclosure_case import cases
from protocol.docket_item import Item
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.governance import sunset_ms
from protocol.pauses import Pauses
from protocol.statement import Statement
from protocol.verdict import index_of, location, voice_of

if TYPE_CHECKING:
    from nodes.matters import Matters
    from nodes.projection import Projection
    from protocol.body import Opened

View = dict[str, Any]

LISTED_MAX: Final = 50
"""Statements in one answer without contents."""

WAYS_MAX: Final = 8
"""Rules that are told of one group of fields."""

PAGE_BYTES: Final = 512 * 1024
"""Bytes of contents in one answer; the last statement of it may have 128 KiB more."""

THREADS_READ: Final = 256
"""Threads whose places are read at once."""

Opener = Callable[[bytes, bytes], "Opened"]
"""Opens the body of a statement: its signed bytes and the body."""


@dataclass(frozen=True, slots=True)
class Where:
    """From where a page goes on.

    Attributes:
        thread: location of the opener of the thread.
        skip: statements of it that were given already.
    """

    thread: int = 0
    skip: int = 0


class DocketSource:
    """A docket as the rules of disclosure ask for it; see `protocol.disclosure_case.Source`.

    Args:
        matters: the present docket, or one of the past.
        projection: which judged the entries.
        at_ms: the time that is asked about.
    """

    def __init__(self, matters: Matters, projection: Projection, at_ms: int) -> None:
        self.clockwork = matters.clockwork
        self._matters = matters
        self._projection = projection
        self._at_ms = at_ms
        self._pauses: dict[str, Pauses] = {}

    def item(self, place: int) -> Item | None:
        """See Source."""
        data = self._matters.reader().execute("SELECT data FROM item WHERE place=?", (place,)).get
        return None if data is None else Item.parse(data)

    def entry(self, place: int) -> Entry | None:
        """An entry that is in its place; None where it does not parse."""
        name, index = self._matters.names[voice_of(place)], index_of(place)
        found = self._matters.store.read(name, index, index + 1)
        try:
            return Entry.parse(found[0]) if found else None
        except ProtocolError:
            return None

    def body(self, place: int) -> bytes | None:
        """The body of a statement, or None where it is gone."""
        return self._matters.store.body(self._matters.names[voice_of(place)], index_of(place))

    def statement(self, place: int) -> Statement | None:
        """See Source."""
        entry = self.entry(place)
        try:
            return None if entry is None else entry.parse_statement()
        except ProtocolError:
            return None

    def logged_ms(self, voice: int, index: int) -> int:
        """See Source."""
        entry = self.entry(location(voice, index))
        return 0 if entry is None else entry.logged_at_ms

    def legal(self, place: int) -> bool:
        """See Source."""
        signers = self._projection.reader().execute("SELECT signers FROM judged WHERE place=?", (place,)).get
        return any(one.partition(":")[2] == "legal" for one in (signers or "").split())

    def thread(self, opener: int) -> Iterable[int]:
        """See Source."""
        sql = "SELECT place FROM thread_entry WHERE thread=? ORDER BY at, seq"
        return (place for (place,) in self._matters.reader().execute(sql, (opener,)))

    def pauses(self, status: str) -> Pauses:
        """See Source."""
        found = self._pauses.get(status)
        if found is None:
            found = self._pauses[status] = self._matters.pauses(status, self._at_ms)
        return found

    def over_ms(self) -> int | None:
        """See Source."""
        return self._over_ms

    @cached_property
    def _over_ms(self) -> int | None:
        reign = self._projection.reign
        # Of a docket of the past nobody remembers which withdrawal it knew; its agreement's own end is not before that.
        return reign.over_ms if self._matters is self._projection else sunset_ms(reign.agreement.sunset_date)

    def threads(self, start: int) -> Iterator[int]:
        """Locations of the openers of threads, from one on."""
        sql = "SELECT place FROM thread WHERE place >= ? ORDER BY place LIMIT ?"
        while found := list(self._matters.reader().execute(sql, (start, THREADS_READ))):
            for (place,) in found:
                yield place
            start = found[-1][0] + 1

    def newest_threads(self, limit: int) -> list[int]:
        """Openers of threads, the one last spoken in first."""
        sql = "SELECT place FROM thread ORDER BY last_ms DESC, place DESC LIMIT ?"
        return [place for (place,) in self._matters.reader().execute(sql, (limit,))]


def disclosable(
    source: DocketSource,
    matters: Matters,
    *,
    audience: str | None,
    at_ms: int,
    thread: int | None,
    statement: int | None = None,
) -> dict[str, Any]:
    """What is open, and what would open the rest, by statement; nothing of the contents.

    Args:
        source, matters: the docket.
        audience: one of AUDIENCES; None for whichever is the widest that a field is open to.
        at_ms: UTC milliseconds.
        thread: location of a thread's opener, or None for the threads that were last spoken in.
        statement: location of the one statement that is asked about, or None.

    Returns:
        `statements` and whether there are `more`.
    """
    openers = [thread] if thread is not None else source.newest_threads(LISTED_MAX)
    found: list[View] = []
    for opener in openers:
        for case in cases(source, opener):
            if statement is not None and case.place != statement:
                continue
            if len(found) == LISTED_MAX:
                return {"statements": found, "more": True}
            found.append(_view(case, matters, audience, at_ms))
    return {"statements": found, "more": False}


def _view(case: Case, matters: Matters, audience: str | None, at_ms: int) -> View:
    groups: list[View] = []
    for position in range(len(case.kind.fields)):
        shown = widest(case, position, at_ms) if audience is None else state(case, position, audience, at_ms)
        told = _told(shown, matters)
        name = told.pop("field")
        same = next((one for one in groups if {k: v for k, v in one.items() if k != "fields"} == told), None)
        if same is None:
            groups.append({**told, "fields": [name]})
        else:
            same["fields"].append(name)
    return {
        "serial": matters.serial(case.place),
        "kind": case.kind.name,
        "logged_at_ms": case.logged_at_ms,
        "groups": groups,
    }


def widest(case: Case, position: int, at_ms: int) -> State:
    """How a field stands to the widest audience that it is open to; closed to the first that is not the parties."""
    for audience in reversed(AUDIENCES[1:]):
        found = state(case, position, audience, at_ms)
        if found.open:
            return found
    return state(case, position, AUDIENCES[1], at_ms)


def _told(shown: State, matters: Matters) -> View:
    told = shown.as_dict(matters.serial)
    told["ways"] = told["ways"][:WAYS_MAX]
    return told


def disclosed(
    source: DocketSource,
    opener: Opener,
    matters: Matters,
    *,
    audience: str,
    at_ms: int,
    thread: int | None,
    where: Where,
) -> dict[str, Any]:
    """The fields that are open to an audience, opened, a page at a time.

    Args:
        source, matters: the docket.
        opener: opens bodies.
        audience: one of AUDIENCES.
        at_ms: UTC milliseconds, not after now.
        thread: location of a thread's opener, or None for all threads.
        where: from where on.

    Returns:
        `statements`, each with its place and its disclosures encoded; `lacking`, serials of statements whose body does
        not open here any more; `unlogged`, of those with fields that a rule opens and whose opening is not logged;
        `next`, from where the next page goes on, or None.
    """
    found: list[View] = []
    lacking: list[str] = []
    unlogged: list[str] = []

    def page(following: list[int] | None) -> dict[str, Any]:
        return {"statements": found, "lacking": lacking, "unlogged": unlogged, "next": following}

    size = 0
    openers = source.threads(where.thread) if thread is None else iter([thread])
    for place in openers:
        skip = where.skip if place == where.thread else 0
        for number, case in enumerate(cases(source, place)):
            if number < skip:
                continue
            if size >= PAGE_BYTES or max(len(found) + len(lacking), len(unlogged)) >= LISTED_MAX:
                return page([place, number])
            standing = states(case, audience, at_ms)
            if any(one.open and not one.leaves(at_ms) for one in standing):
                unlogged.append(matters.serial(case.place))
            if not any(one.leaves(at_ms) for one in standing):
                continue
            opened = _open(source, opener, case)
            if opened is None:
                lacking.append(matters.serial(case.place))
                continue
            shown = openings(case, opened.secret, opened.fields, audience, at_ms)
            data = encode([one.encode() for one in shown])
            voice, index = matters.names[voice_of(case.place)], index_of(case.place)
            found.append({"voice": voice, "index": index, "fields": data})
            size += len(data)
    return page(None)


def _open(source: DocketSource, opener: Opener, case: Case) -> Opened | None:
    entry, body = source.entry(case.place), source.body(case.place)
    if entry is None or body is None:
        return None
    try:
        return opener(entry.statement, body)
    except ProtocolError:
        return None
