"""Disclosure in an audit, both ways: nothing opened before a rule allowed it, nothing kept back that the rules open.

What was opened comes beside the two logs, in a pack: the fields of statements, for one audience. Each is held against
its commitment in the signed header and against the rules of the agreement, which look at headers alone. So whoever has
the logs finds the same as the node that opened the fields.

Source: spec/audit.md, "Verdict", step 14; spec/disclosure.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from protocol.canonical import decode
from protocol.clocks import Clockwork
from protocol.commitment import Disclosure, verify_disclosure
from protocol.disclosure import Case, state, states
from protocol.disclosure_case import MADE, cases
from protocol.disclosure_made import made_without_consent
from protocol.docket_item import Item
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.finding import Report
from protocol.joined_log import JoinedLog
from protocol.limits import CONTENTS_BYTES_MAX
from protocol.memory_ledger import MemoryLedger
from protocol.merkle import leaf_hash
from protocol.pauses import SUSPENSIONS, Pauses, pauses_of
from protocol.statement import Statement
from protocol.tagged import Hash
from protocol.verdict import index_of, location, voice_of

LISTED_MAX: Final = 1_000
"""Opened fields that a report lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was opened, as it came: nothing of it is believed.

    Attributes:
        audience: one of `protocol.disclosure.AUDIENCES` but the parties.
        at_ms: when it was opened, as whoever made the pack says, UTC milliseconds.
        thread: leaf hash of the opener of the one thread that was chosen, or None for all.
        fields: encoded lists of encoded disclosures, by party and index.
        label: where all this lies.
    """

    audience: str
    at_ms: int
    thread: Hash | None
    fields: Mapping[tuple[str, int], bytes]
    label: str


@dataclass
class AuditSource:
    """The docket of an audit as the rules of disclosure ask for it; see `protocol.disclosure_case.Source`.

    Attributes:
        clockwork, ledger, logs: of the audit.
        legal_places: statements that somebody signed as `legal`.
        over: from when on the agreement is over for both parties, or None.
        at_ms: the time that is asked about.
    """

    clockwork: Clockwork
    ledger: MemoryLedger
    logs: tuple[JoinedLog, JoinedLog]
    legal_places: frozenset[int]
    over: int | None
    at_ms: int
    _threads: Mapping[int, Iterable[int]] | None = None
    _pauses: dict[str, Pauses] = field(default_factory=dict)
    _suspensions: list[Item] | None = None

    def item(self, place: int) -> Item | None:
        """See Source."""
        return self.ledger.item(place)

    def _entry(self, place: int) -> Entry | None:
        log, index = self.logs[voice_of(place)], index_of(place)
        if index >= log.size:
            return None
        try:
            return Entry.parse(log.read(index, 1)[0])
        except ProtocolError:
            return None

    def statement(self, place: int) -> Statement | None:
        """See Source."""
        entry = self._entry(place)
        try:
            return None if entry is None else entry.parse_statement()
        except ProtocolError:
            return None

    def logged_ms(self, voice: int, index: int) -> int:
        """See Source."""
        entry = self._entry(location(voice, index))
        return 0 if entry is None else entry.logged_at_ms

    def legal(self, place: int) -> bool:
        """See Source."""
        return place in self.legal_places

    def thread(self, opener: int) -> Iterable[int]:
        """See Source."""
        return self.threads().get(opener, ())

    def threads(self) -> Mapping[int, Iterable[int]]:
        """What stands in each thread, by its opener, in its home's order."""
        if self._threads is None:
            self._threads = self.ledger.threads()
        return self._threads

    def pauses(self, status: str) -> Pauses:
        """See Source."""
        if self._suspensions is None:
            found = (item for item in self.ledger.items() if item.course is not None)
            self._suspensions = [item for item in found if self.clockwork.register(item) == SUSPENSIONS]
        if status not in self._pauses:
            self._pauses[status] = pauses_of(self._suspensions, status, self.at_ms)
        return self._pauses[status]

    def over_ms(self) -> int | None:
        """See Source."""
        return self.over


def audit_made(source: AuditSource, made: Iterable[int], report: Report) -> None:
    """Check that every text that a party says it published was agreed to before.

    Args:
        source: the docket.
        made: locations of the statements that say so and count.
        report: where findings go.
    """
    count = 0
    for place in made:
        count += 1
        item = source.item(place)
        reason = None if item is None else made_without_consent(source, item)
        if reason is not None:
            report.add("disclosure-unagreed", "refuted", _serial(source, place), f"a {MADE}: {reason}")
    if count:
        report.checked.append(f"14. disclosures made: {count}, each against the consent to its text")


def audit_opened(source: AuditSource, opened: Opened, bodies_gone: frozenset[int], report: Report) -> None:
    """Check what was opened, both ways.

    Args:
        source: the docket, at the time of the opening.
        opened: what was opened.
        bodies_gone: statements of whose body a log says that it is gone.
        report: where findings go, and what was opened.
    """
    found = _Found(source, opened, bodies_gone, report)
    found.run()
    report.disclosed = found.listed
    report.checked.append(
        f"14. disclosure: {found.fields} fields of {found.statements} statements opened to {opened.audience},"
        " each against its commitment and the rules; and what the rules open besides"
    )


class _Found:
    """One pass over all threads; the fields of a statement are looked at with the rules of its thread."""

    def __init__(self, source: AuditSource, opened: Opened, bodies_gone: frozenset[int], report: Report) -> None:
        self._source = source
        self._opened = opened
        self._gone = bodies_gone
        self._report = report
        self.fields = self.statements = 0
        self.listed: list[dict[str, Any]] = []

    def run(self) -> None:
        """Look at every statement that counts, and then at what is of none of them."""
        names = [log.short for log in self._source.logs]
        waiting = {
            location(names.index(party), index): data
            for (party, index), data in self._opened.fields.items()
            if party in names
        }
        stray = [f"{party} {index}" for party, index in self._opened.fields if party not in names]
        for opener in sorted(self._source.threads()):
            chosen = self._chosen(opener)
            for case in cases(self._source, opener):
                data = waiting.pop(case.place, None)
                if data is None and not chosen:
                    continue
                self._look(case, data)
        for serial in sorted([*stray, *(_serial(self._source, place) for place in waiting)]):
            self._add("disclosure-false", "refuted", serial, "fields are opened of what is no statement that counts")

    def _chosen(self, opener: int) -> bool:
        if self._opened.thread is None:
            return True
        log = self._source.logs[voice_of(opener)]
        return leaf_hash(log.read(index_of(opener), 1)[0]) == self._opened.thread

    def _look(self, case: Case, data: bytes | None) -> None:
        audience, at_ms = self._opened.audience, self._source.at_ms
        serial = _serial(self._source, case.place)
        shown = {} if data is None else self._shown(case, serial, data)
        if shown is None:
            return
        if data is not None:
            self.statements += 1
        for position, name in enumerate(one.name for one in case.kind.fields):
            if name not in shown:
                continue
            self.fields += 1
            if not state(case, position, audience, at_ms).open:
                text = f"the field {name} of a {case.kind.name} is opened to {audience}, and no rule opens it to them"
                self._add("disclosure-early", "refuted", serial, text)
        found = [one for one in states(case, audience, at_ms) if one.open]
        unlogged = [one.field for one in found if one.field in shown and not one.leaves(at_ms)]
        if unlogged:
            text = f"a {case.kind.name}: {', '.join(unlogged)} are opened to {audience}, and no log has their opening"
            self._add("disclosure-unlogged", "warning", serial, text)
        kept = [one for one in found if one.field not in shown]
        if kept and case.place not in self._gone:
            why = "are not here" if any(one.leaves(at_ms) for one in kept) else "nobody logged their opening"
            names = ", ".join(one.field for one in kept)
            text = f"a {case.kind.name}: {names} are open to {audience} by the rules, and {why}"
            self._add("disclosure-withheld", "warning", serial, text)

    def _shown(self, case: Case, serial: str, data: bytes) -> dict[str, Disclosure] | None:
        """The opened fields of a statement, each as it was committed to; None where something does not fit."""
        statement = self._source.statement(case.place)
        if statement is None:
            return None
        names = [one.name for one in case.kind.fields]
        found: dict[str, Disclosure] = {}
        try:
            for one in _parse(data):
                if one.name not in names or one.name in found:
                    raise ValueError(one.name)
                verify_disclosure(one, statement, position=names.index(one.name))
                found[one.name] = one
        except (ProtocolError, ValueError):
            text = f"what is opened of a {case.kind.name} is not what its header committed to"
            self._add("disclosure-false", "refuted", serial, text)
            return None
        for one in found.values():
            if len(self.listed) < LISTED_MAX:
                self.listed.append(
                    {"serial": serial, "kind": case.kind.name, "field": one.name, "value": _plain(one.value)}
                )
        return found

    def _add(self, code: str, severity: Any, serial: str, text: str) -> None:
        self._report.add(code, severity, f"{self._opened.label}, {serial}", text)


def _parse(data: bytes) -> Iterator[Disclosure]:
    rows = decode(data, bytes_max=2 * CONTENTS_BYTES_MAX)
    if not isinstance(rows, list):
        raise ValueError("no list")
    for row in rows:
        if not isinstance(row, bytes):
            raise ValueError("no disclosure")
        yield Disclosure.parse(row)


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _serial(source: AuditSource, place: int) -> str:
    return f"{source.logs[voice_of(place)].short} {index_of(place)}"
