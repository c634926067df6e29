"""What people ask of a docket: an entry, an inbox, threads, what is due.

Every answer is a plain dictionary of header facts and judgements, never of contents: those come from bodies, by role.
Entries are named by serial (`ARC 17`), threads by the leaf hash of the entry that opened them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from nodes.docket_db import SELECT_JUDGED, judged_row, official, row_verdict
from nodes.matters import Matters, View
from nodes.store import Ahead
from protocol.docket_item import Item
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.merkle import Hash
from protocol.statement import Statement
from protocol.verdict import NO_LOCATION, Verdict, index_of, location, voice_of

REPLIES_MAX: Final = 64
"""Answers of one kind to one entry that are looked at, the newest."""

FORESEEN_MAX: Final = 64
"""Flashes of the counterpart that are shown before they are judged; as many as are kept ahead of their predecessors."""


class DocketViews(Matters):
    """The queries of a projection. Any thread may ask; an answer is of the last batch that was written."""

    @property
    def sizes(self) -> tuple[int, int]:
        """How far our own log and the other one are judged."""
        raise NotImplementedError

    def foresee(self, item: Ahead) -> Verdict | None:
        """Judge an entry of the counterpart as far as that can be done before its turn; None where it is judged."""
        raise NotImplementedError

    def held_mark(self, index: int) -> View | None:
        """Why a receipt for an entry of ours may be by a revoked key alone (`Distrusted.held`), or None."""
        raise NotImplementedError

    def find(self, leaf: Hash) -> tuple[str, int] | None:
        """Voice and index of the judged entry with this leaf hash, or None."""
        sql = "SELECT place FROM judged WHERE leaf=? ORDER BY place LIMIT 1"
        place = self.reader().execute(sql, (leaf,)).get
        return None if place is None else (self.names[voice_of(place)], index_of(place))

    def entry(self, voice: str, index: int) -> View | None:
        """One entry with what was found about it, or None where it is not judged yet and no flash.

        Args:
            voice: short name of its author.
            index: its place in the author's log.
        """
        found = self._judged(voice, index)
        if found is None and voice == self.store.their:
            for item in self.ahead_items():
                if item.index == index:
                    verdict = self.foresee(item)
                    # It may have been judged a moment ago.
                    return self._judged(voice, index) if verdict is None else self._ahead_view(item, verdict)
        return found

    def _judged(self, voice: str, index: int) -> View | None:
        sql = SELECT_JUDGED + "WHERE place=?"
        for row in self.reader().execute(sql, (location(self.names.index(voice), index),)):
            return self._view(row)
        return None

    def ahead_items(self) -> list[Ahead]:
        """Flashes of the counterpart that are not judged yet, newest first.

        Those that came before their predecessors, and those that have their place and wait behind a backlog that is
        still being judged: what is shown once must not go away in between.
        """
        # In this order: whatever finds its place, or its verdict, meanwhile is seen twice rather than not at all.
        items = {item.index: item for item in self.store.ahead()}
        their, judged = self.store.their, self.sizes[1]
        for index in self.store.flash_from(their, judged, FORESEEN_MAX):
            entry, body = self.store.read(their, index, index + 1)[0], self.store.body(their, index)
            items[index] = Ahead(index, entry, body, b"")
        return [items[index] for index in sorted(items, reverse=True)]

    def inbox(
        self,
        *,
        voice: str | None = None,
        after: int = -1,
        before: int | None = None,
        limit: int = 50,
        flashes: bool = False,
    ) -> list[View]:
        """What people of one party said, newest first; what cannot be read stands there under its fault.

        The counterpart's flashes stand there before they are judged, and before what was said ahead of them is here:
        `ahead` then says how many entries are missing.

        Args:
            voice: whose statements, the counterpart's by default.
            after: only entries of a higher index.
            before: only entries of a lower index, to ask for the next page.
            limit: at most so many.
            flashes: of what is judged only flashes that are meant, wherever they are.
        """
        name = self.store.their if voice is None else voice
        number = self.names.index(name)
        last = (1 << 62) if before is None else before
        items = self.ahead_items() if name == self.store.their else []
        foreseen = [(item, self.foresee(item)) for item in items if after < item.index < last]
        end = (1 << 62) if before is None else location(number, before)
        only = "AND flash " if flashes else ""
        sql = SELECT_JUDGED + f"WHERE official=? AND place>? AND place<? {only}ORDER BY place DESC LIMIT ?"
        found = [self._view(row) for row in self.reader().execute(sql, (number, location(number, after), end, limit))]
        new = [
            self._ahead_view(item, verdict) for item, verdict in foreseen if verdict is not None and official(verdict)
        ]
        judged = {view["index"] for view in found}
        return [*(view for view in new if view["index"] not in judged), *found][:limit]

    def threads(self, limit: int = 50) -> list[View]:
        """Threads, the one last spoken in first: the opening entry, how many entries, when the last was logged."""
        sql = "SELECT place, entries, last_ms FROM thread ORDER BY last_ms DESC, place DESC LIMIT ?"
        threads = []
        for place, entries, last_ms in list(self.reader().execute(sql, (limit,))):
            opener = self.entry(self.names[voice_of(place)], index_of(place))
            if opener is not None:
                threads.append({"thread": opener["leaf"], "entries": entries, "last_at_ms": last_ms, "opener": opener})
        return threads

    def thread(self, leaf: Hash, limit: int = 1000) -> list[View]:
        """The entries of a thread in its home order, then those that have not arrived at its home yet.

        Args:
            leaf: leaf hash of the entry that opened it.
            limit: at most so many, the first ones.
        """
        found = self.find(leaf)
        if found is None:
            return []
        place = location(self.names.index(found[0]), found[1])
        rows = "SELECT place FROM thread_entry WHERE thread=? ORDER BY at, seq LIMIT ?"
        places = [row[0] for row in self.reader().execute(rows, (place, limit))]
        known = set(places)
        # What has arrived at home has its place there: only what came behind that is looked through.
        arrived = "ifnull((SELECT size FROM arrived WHERE voice=?2), 0)"
        waiting = f"SELECT place FROM judged WHERE thread=?1 AND place >= 2 * {arrived} ORDER BY place LIMIT ?3"  # noqa: S608
        behind = (place, 1 - voice_of(place), limit)
        later = [row[0] for row in self.reader().execute(waiting, behind) if row[0] not in known]
        views = [self.entry(self.names[voice_of(one)], index_of(one)) for one in [*places, *later][:limit]]
        return [view for view in views if view is not None]

    def replies(self, voice: str, index: int, kind: str, limit: int = REPLIES_MAX) -> list[View]:
        """What answers an entry, of one kind, newest first. It costs what it shows, whatever else is in the thread.

        Args:
            voice, index: where the entry is.
            kind: name of the kind.
            limit: at most so many.
        """
        sql = "SELECT place FROM judged WHERE reply=? AND reply >= 0 AND kind=? ORDER BY place DESC LIMIT ?"
        bindings = (location(self.names.index(voice), index), kind, limit)
        places = [row[0] for row in self.reader().execute(sql, bindings)]
        views = [self.entry(self.names[voice_of(one)], index_of(one)) for one in places]
        return [view for view in views if view is not None]

    def newest_of(self, voice: str, kinds: Sequence[str], *, among: int, limit: int) -> list[int]:
        """Where the newest statements of some kinds are, newest first.

        Args:
            voice: whose.
            kinds: names of kinds.
            among: so many of the newest statements of any kind are looked at.
            limit: at most so many are found.
        """
        sql = (
            "SELECT place FROM (SELECT place, kind FROM judged WHERE official=? ORDER BY place DESC LIMIT ?)"
            " WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY place DESC LIMIT ?"
        )
        bindings = (self.names.index(voice), among, json.dumps(list(kinds)), limit)
        return [index_of(row[0]) for row in self.reader().execute(sql, bindings)]

    def counts(self) -> View:
        """How many entries are judged and how many of them have faults, by voice; how many threads; what is owed."""
        db = self.reader()
        voices = {}
        for number, name in enumerate(self.names):
            judged = db.execute("SELECT count(*) FROM judged WHERE place & 1 = ?", (number,)).get
            faulty = db.execute("SELECT count(*) FROM judged WHERE place & 1 = ? AND faults != ''", (number,)).get
            voices[name] = {"entries": judged, "faults": faulty}
        return {
            "voices": voices,
            "threads": db.execute("SELECT count(*) FROM thread").get,
            "due": self.due_count(),
        }

    def _view(self, row: Any) -> View:
        place = row[0]
        voice, index = self.names[voice_of(place)], index_of(place)
        view = self._shape(row, self.store.read(voice, index, index + 1)[0])
        if voice == self.store.own:
            view["held_at_ms"] = self.store.cosigned_at(index)
            view["rung"] = "sent" if view["held_at_ms"] is None else "held"
            view["held_distrusted"] = None if view["held_at_ms"] is None else self.held_mark(index)
        data = self.reader().execute("SELECT data FROM item WHERE place=?", (place,)).get
        if data is not None:
            self._add_item(view, self.as_held(Item.parse(data)))
        return self._add_mark(view, place)

    def _add_mark(self, view: View, place: int) -> View:
        """What was said with a key that was revoked since has lost the authority that the key gave it."""
        mark = view["distrusted"] = self.mark(place)
        if mark is not None:
            view["faults"] = [*view["faults"], mark["code"]]
            if mark["missing"]:
                view["effective"], view["missing"] = False, mark["missing"]
        return view

    def _ahead_view(self, item: Ahead, verdict: Verdict) -> View:
        """A flash with what can be said of it before it is judged."""
        view = self._shape(judged_row(verdict), item.entry)
        missing = max(0, item.index - self.store.head(self.store.their).size)
        view["ahead"], view["rung"] = missing, "ahead" if missing else "held"
        return view

    def _shape(self, row: Any, data: bytes) -> View:
        """What an entry and its judgement say by themselves."""
        place, leaf, thread, reply, faults, notes, signers, missing, effective = row
        voice, index = self.names[voice_of(place)], index_of(place)
        return {
            "serial": f"{voice} {index}",
            "voice": voice,
            "index": index,
            "leaf": leaf.hex(),
            "effective": bool(effective),
            "distrusted": None,
            **row_verdict((faults, notes, signers, missing)),
            "thread_serial": None if thread == NO_LOCATION else self.serial(thread),
            "reply_serial": None if reply == NO_LOCATION else self.serial(reply),
            "ahead": None,
            "held_at_ms": None,
            "held_distrusted": None,
            "rung": None,
            "state": None,
            "in_force": False,
            "course": None,
            "no_answer": None,
            "down_since_ms": None,
            "unanswered_since_ms": None,
            "rungs": {},
            "clocks": [],
            **header_of(data, leaf),
        }

    def _add_item(self, view: View, item: Item) -> None:
        other = 1 - item.voice
        # A cosignature shows that an entry is held before either log says so; theirs we hold once it is judged here.
        rung = item.rung
        if rung == "sent" and (view["rung"] == "held" or self.names[item.voice] != self.store.own):
            rung = "held"
        view["rung"] = rung
        at_ms = self.now_ms()
        pauses = self.pauses(item.status, at_ms)
        view |= self.standing(item, at_ms, pauses, held=rung != "sent")
        view["rungs"] = {
            name: self._mark_view(other, mark)
            for name, mark in (
                ("held", item.held),
                ("opened", item.opened),
                ("acknowledged", item.acknowledged),
                ("holding", item.holding),
                ("answered", item.answered),
            )
            if mark is not None
        }
        view["clocks"] = [self._clock(clock) for clock in self.clockwork.clocks(item, pauses)]


def header_of(data: bytes, leaf: Hash) -> View:
    """The header's facts; None for each where the entry or its statement does not parse."""
    entry: Entry | None = None
    statement: Statement | None = None
    try:
        entry = Entry.parse(data)
        statement = entry.parse_statement()
    except ProtocolError:
        pass
    view: View = {
        "logged_at_ms": None if entry is None else entry.logged_at_ms,
        "held": None if entry is None else {"size": entry.held.size, "root": entry.held.root.hex()},
    }
    names = "kind status precedence severity outcome language aware_at_ms issued_at_ms release_by_ms respond_by_ms"
    for name in (*names.split(), "valid_until_ms"):
        view[name] = None if statement is None else getattr(statement, name)
    view["id"] = None if statement is None else statement.id.hex()
    view["thread"] = None if statement is None else (statement.thread or leaf).hex()
    view["in_reply_to"] = None
    view["has_body"] = False
    view["facts"] = None
    if statement is not None:
        view["in_reply_to"] = None if statement.in_reply_to is None else statement.in_reply_to.hex()
        view["has_body"] = statement.body_digest is not None
        view["facts"] = None if statement.facts is None else _plain(statement.facts)
    return view


def _plain(value: Any) -> Any:
    """Facts with bytes as hexadecimal digits, so that JSON can hold them."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
