"""The journal as a list: when, what sort of act, by whom, and which statement and thread it is about.

An act names a statement by voice and index, or one that had no place yet by the hash of its bytes. Where that statement
is in a log by now, it is named by its serial. Texts are not here; `hotline journal show` opens one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, Protocol

import apsw

from hotline.errors import HotlineError
from hotline.printable import printable
from hotline.zulu import zulu_short
from nodes.errors import ApiRefused, NodeError
from nodes.home import ChannelHome, NodeHome
from nodes.past import open_past
from nodes.stopped import open_store, read_agreement
from nodes.voices import VoiceReader, Voices
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.tagged import digest
from protocol.verdict import NO_LOCATION, index_of, location, voice_of

SEARCHED_MAX: Final = 2_000
"""Entries of our own, the newest, among which a statement is looked for by its hash."""

_AT_ONCE: Final = 256
_SUBJECT: Final = ("counterpart", "voice", "index", "statement", "person")
"""Facts that stand in columns of their own."""

Act = dict[str, Any]
Place = tuple[str, int]
"""Voice and index."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a statement: where it is, its kind, and the serial of what opened its thread; None where not."""

    place: Place
    kind: str | None = None
    thread: str | None = None


class Finder(Protocol):
    """Whoever knows the statements of a channel."""

    def find(self, counterpart: str, places: Iterable[Place], hashes: Iterable[str]) -> Mapping[Place | str, Found]:
        """Give what is known of statements, by place and by the hash of their bytes; nothing of those not known."""


def act_of(index: int, raw: bytes) -> Act:
    """One entry of the journal as it stands in JSON; one that cannot be read is said to be so."""
    try:
        entry = Entry.parse(raw)
        statement = entry.parse_statement()
    except ProtocolError as error:
        empty: Act = {"at": "", "at_ms": None, "kind": "unreadable", "by": error.code, "person": None}
        return {"index": index, **empty, "facts": {}, "about": None}
    facts = {name: _plain(value) for name, value in (statement.facts or {}).items()}
    persons = [int(one.signer.partition("/")[2]) for one in entry.signatures if one.person]
    return {
        "index": index,
        "at": zulu_short(entry.logged_at_ms),
        "at_ms": entry.logged_at_ms,
        "kind": statement.kind,
        "by": ", ".join(f"{one.signer} as {one.role}" if one.person else one.signer for one in entry.signatures),
        "person": persons[0] if persons else facts.get("person"),
        "facts": facts,
        "about": None,
    }


def add_subjects(acts: Sequence[Act], finder: Finder) -> None:
    """Say of each act which statement it is about.

    Args:
        acts: as of `act_of`; `about` is filled in where there is a statement: `counterpart`, `serial`, `kind` and
            `thread` (serial of its opener), each None where it is not known, and `statement`, the hash that names one
            without a place, or None.
        finder: knows the statements.
    """
    named = [(act, *_names(act["facts"])) for act in acts]
    known: dict[str, Mapping[Place | str, Found]] = {}
    for other in {counterpart for _, counterpart, _ in named if counterpart is not None}:
        names = {name for _, counterpart, name in named if counterpart == other and name is not None}
        places, hashes = (
            [one for one in names if isinstance(one, tuple)],
            [one for one in names if isinstance(one, str)],
        )
        known[other] = finder.find(other, places, hashes) if names else {}
    for act, counterpart, name in named:
        if counterpart is None or name is None:
            continue
        found = known[counterpart].get(name) or (Found(name) if isinstance(name, tuple) else None)
        act["about"] = {
            "counterpart": counterpart,
            "serial": None if found is None else f"{found.place[0]} {found.place[1]}",
            "kind": None if found is None else found.kind,
            "thread": None if found is None else found.thread,
            "statement": name if isinstance(name, str) else None,
        }


def row_of(act: Act) -> tuple[str, ...]:
    """One act as a row: number, time, kind, who, about what, and what else it states."""
    facts = dict(act["facts"])
    if act["about"] is not None:
        quoted = facts if act["about"]["statement"] is not None and "voice" in facts else None
        also = {} if quoted is None else {"entry": f"{quoted['voice']} {quoted['index']}"}
        facts = also | {name: value for name, value in facts.items() if name not in _SUBJECT}
    if act["person"] is not None:
        facts.pop("person", None)
    parts = [fact(name, _short(value), " ") for name, value in facts.items() if value is not None]
    return (str(act["index"]), act["at"], act["kind"], _who(act), _about(act["about"]), ", ".join(parts))


def fact(name: str, value: object, between: str) -> str:
    """A fact as people read it: a time as a time."""
    if not name.endswith("_ms"):
        return printable(f"{name}{between}{value}")
    return f"{name.removesuffix('_ms')}{between}{zulu_short(int(str(value)))}"


class HomeFinder:
    """Looks in a node's home, whether its node runs or not."""

    def __init__(self, home: NodeHome) -> None:
        self._home = home

    def find(self, counterpart: str, places: Iterable[Place], hashes: Iterable[str]) -> Mapping[Place | str, Found]:
        channel = next((one for one in self._home.channels() if one.counterpart == counterpart), None)
        if channel is None:
            return {}
        found: dict[Place | str, Place] = {place: place for place in places}
        found |= self._logged(channel, set(hashes))
        judged = _judged(channel, tuple(sorted((self._home.party, counterpart))), set(found.values()))
        return {name: judged.get(place, Found(place)) for name, place in found.items()}

    def _logged(self, channel: ChannelHome, hashes: set[str]) -> dict[Place | str, Place]:
        """Where statements of ours are, by their hash; nothing where the logs cannot be read."""
        if not hashes:
            return {}
        try:
            past = open_past(channel, read_agreement(channel), own=self._home.party)
            with closing(past), open_store(self._home, channel) as store:
                voices: VoiceReader = Voices(store, past) if past.ended else store
                return _search(voices, hashes)
        except NodeError:
            return {}


class DeskFinder:
    """Asks the node; of what has no place it knows nothing."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk

    def find(self, counterpart: str, places: Iterable[Place], hashes: Iterable[str]) -> Mapping[Place | str, Found]:
        found: dict[Place | str, Found] = {}
        for voice, index in places:
            try:
                view = self._desk.request("entry", counterpart=counterpart, voice=voice, index=index)["view"]
            except (ApiRefused, HotlineError):
                continue
            if view is not None:
                found[voice, index] = Found((voice, index), view["kind"], view["thread_serial"])
        return found


def _names(facts: Mapping[str, Any]) -> tuple[str | None, Place | str | None]:
    """The channel of an act, and what names its statement."""
    counterpart, statement = facts.get("counterpart"), facts.get("statement")
    voice, index = facts.get("voice"), facts.get("index")
    if statement is not None:
        return counterpart, statement
    return counterpart, None if voice is None or index is None else (voice, index)


def _search(voices: VoiceReader, hashes: set[str]) -> dict[Place | str, Place]:
    """The newest entries of ours, back to the last that is wanted."""
    found: dict[Place | str, Place] = {}
    end = voices.head(voices.own).size
    last = max(0, end - SEARCHED_MAX)
    while end > last and len(found) < len(hashes):
        start = max(last, end - _AT_ONCE)
        index = start
        while index < end:
            for raw in voices.read(voices.own, index, end):
                name = _statement_hash(raw)
                if name in hashes:
                    found[name] = (voices.own, index)
                index += 1
        end = start
    return found


def _statement_hash(raw: bytes) -> str:
    try:
        return digest(Entry.parse(raw).statement).hex()
    except ProtocolError:
        return ""


def _judged(channel: ChannelHome, names: tuple[str, ...], places: set[Place]) -> dict[Place, Found]:
    """Kind and thread of entries, as the node judged them; nothing where that cannot be read."""
    if not channel.docket_db.is_file() or not places:
        return {}
    found = {}
    try:
        connection = apsw.Connection(str(channel.docket_db), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            for voice, index in places:
                if voice not in names:
                    continue
                at = location(names.index(voice), index)
                for kind, thread in connection.execute("SELECT kind, thread FROM judged WHERE place=?", (at,)):
                    opener = None if thread == NO_LOCATION else f"{names[voice_of(thread)]} {index_of(thread)}"
                    found[voice, index] = Found((voice, index), kind or None, opener)
        finally:
            connection.close()
    except apsw.Error:
        return {}
    return found


def _who(act: Act) -> str:
    by, person = printable(act["by"]), act["person"]
    return by if person is None or by.startswith("person/") else f"{by} for person/{person}"


def _about(about: Mapping[str, Any] | None) -> str:
    if about is None:
        return ""
    serial, other = about["serial"], about["counterpart"]
    if serial is None:
        return printable(f"draft {about['statement'][:12]}… with {other}")
    text = serial if serial.startswith(f"{other} ") else f"{serial} with {other}"
    text += f", {about['kind']}" if about["kind"] else ""
    return printable(text + (f", thread {about['thread']}" if about["thread"] not in {None, serial} else ""))


def _short(value: object) -> str:
    return f"{value[:12]}…" if isinstance(value, str) and len(value) == 64 else str(value)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return [_plain(one) for one in value] if isinstance(value, list) else value
