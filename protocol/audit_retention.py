"""Retention in an audit: nothing destroyed before its time, and nothing kept beyond it.

Bodies are part of no export. What an audit sees is what each party's log says: that it destroyed the body of an entry,
and when. Both findings are breaches: the evidence holds, and somebody did not keep to the agreement.

Source: spec/audit.md, "Verdict", step 15; spec/erasure.md.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from protocol.agreement import Agreement
from protocol.audit_disclosure import AuditSource
from protocol.audit_time import span, zulu
from protocol.entry import Entry
from protocol.finding import Report
from protocol.glance import gone_of
from protocol.retention import ERASE_WITHIN_MS, kept_until_ms
from protocol.statement import Statement
from protocol.verdict import index_of, location, voice_of


@dataclass(frozen=True, slots=True)
class _Said:
    """That a party destroyed a body.

    Attributes:
        by: location of its entry.
        place: of the entry that named the body.
        at_ms: when it was logged, UTC milliseconds.
        reign: what governs it.
    """

    by: int
    place: int
    at_ms: int
    reign: int


class Retention:
    """See the module.

    Args:
        shorts: the two parties, in the order of voices.
    """

    def __init__(self, shorts: Sequence[str]) -> None:
        self._shorts = list(shorts)
        self._said: list[_Said] = []
        # By kind the places of sealed bodies, and when each was logged.
        self._sealed: dict[str, tuple[array[int], array[int]]] = {}

    def look(self, place: int, statement: Statement, entry: Entry, reign: int) -> None:
        """One statement that counts, in its place."""
        gone = gone_of(statement)
        if gone is not None and gone.erased and gone.party in self._shorts:
            named = location(self._shorts.index(gone.party), gone.index)
            self._said.append(_Said(place, named, entry.logged_at_ms, reign))
        elif statement.body_digest is not None and statement.opener is not None:
            places, times = self._sealed.setdefault(statement.kind, (array("q"), array("q")))
            places.append(place)
            times.append(entry.logged_at_ms)

    def judge(
        self,
        source: AuditSource,
        agreement: Agreement,
        since_ms: int,
        ends_ms: tuple[int, int],
        arrived: tuple[int, int],
        report: Report,
    ) -> None:
        """Add what is to be said.

        Args:
            source: the docket.
            agreement: the one in force at the end.
            since_ms: from when on, by the later of the two nodes' clocks; 0 for the founding one.
            ends_ms: the last logging time of each log.
            arrived: how much of the other log each log shows that it holds.
            report: where findings go.
        """
        done: tuple[set[int], set[int]] = (set(), set())
        for said in self._said:
            if self._fits(source, said):
                done[voice_of(said.by)].add(said.place)
                self._early(source, said, report)
        due = [self._overdue(agreement, since_ms, voice, ends_ms, arrived, done[voice]) for voice in (0, 1)]
        for voice, places in enumerate(due):
            if places:
                text = (
                    f"{len(places)} bodies, the first of them of {self._serial(min(places))}: {self._shorts[voice]} has"
                    f" not said that it destroyed them {span(ERASE_WITHIN_MS)} after their retention ended"
                )
                report.add("erasure-overdue", "warning", f"{source.logs[voice].evidence.label}", text)
        if any(done):
            counts = ", ".join(f"{name} {len(places)}" for name, places in zip(self._shorts, done, strict=True))
            report.checked.append(f"15. retention: bodies that a party says it destroyed: {counts}")

    def _fits(self, source: AuditSource, said: _Said) -> bool:
        """Whether the entry that is named has that body."""
        named, by = source.statement(said.place), source.statement(said.by)
        gone = None if by is None else gone_of(by)
        return named is not None and gone is not None and named.opener is not None and named.body_digest == gone.digest

    def _early(self, source: AuditSource, said: _Said, report: Report) -> None:
        statement = source.statement(said.place)
        if statement is None:
            return
        voice, index = voice_of(said.place), index_of(said.place)
        until_ms = kept_until_ms(source.clockwork.agreement(said.reign), statement, source.logged_ms(voice, index))
        if until_ms is not None and until_ms <= said.at_ms:
            return
        why = "the agreement lets none of its kind go" if until_ms is None else f"it is kept until {zulu(until_ms)}"
        where = f"{source.logs[voice_of(said.by)].evidence.label}, {self._serial(said.by)}"
        report.add("erased-early", "warning", where, f"the body of {self._serial(said.place)} is destroyed, and {why}")

    def _overdue(
        self,
        agreement: Agreement,
        since_ms: int,
        voice: int,
        ends_ms: tuple[int, int],
        arrived: tuple[int, int],
        done: set[int],
    ) -> list[int]:
        """Bodies that a party should have destroyed by the end of its log."""
        found = []
        for kind, (places, times) in self._sealed.items():
            keep_ms = agreement.keep_ms(kind)
            if keep_ms is None:
                continue
            for place, logged_ms in zip(places, times, strict=True):
                due_ms = max(logged_ms + keep_ms, since_ms) + ERASE_WITHIN_MS
                held = index_of(place) < arrived[1 - voice_of(place)]
                if held and due_ms < ends_ms[voice] and place not in done:
                    found.append(place)
        return found

    def _serial(self, place: int) -> str:
        return f"{self._shorts[voice_of(place)]} {index_of(place)}"
