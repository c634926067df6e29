"""What an audit says about time: clocks kept or missed, and silences of the line.

These are findings about people and machines. None of them refutes: a late answer is on good evidence late.

Source: spec/audit.md, "Verdict", steps 11 and 12.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from protocol.agreement import Agreement
from protocol.audit_docket import AuditedDocket
from protocol.audit_story import Story
from protocol.clocks import Clockwork
from protocol.docket_item import Item
from protocol.finding import Report
from protocol.limits import TIME_MS_MAX
from protocol.verdict import Verdict, index_of, voice_of

LINE_KIND: Final = "line"

_DONE: Final = {
    "open": "opened",
    "holding": "given a holding reply or an answer",
    "answer": "answered",
    "report": "reported",
    "follow": "followed up",
    "update": "updated",
    "review": "reviewed",
}


def zulu(at_ms: int) -> str:
    """A time as people on a line write it: 2026-11-21T09:14:07Z. A cosignature may state one that is too late for that;
    it is shown as the last second of the year 9999."""
    return datetime.fromtimestamp(min(max(at_ms, 0), TIME_MS_MAX) // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def span(duration_ms: int) -> str:
    """A duration in its two largest units: `3 d 4 h`, `12 min 5 s`, `0.4 s`."""
    seconds = duration_ms // 1000
    if seconds < 60:
        return f"{duration_ms / 1000:.1f} s"
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    first = next(number for number, (_, size) in enumerate(units) if seconds >= size)
    parts = []
    for name, size in units[first : first + 2]:
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount} {name}")
    return " ".join(parts)


def judge_clocks(
    items: Callable[[], Iterable[Item]], clockwork: Clockwork, docket: AuditedDocket, report: Report, story: Story
) -> None:
    """Report clocks that were missed, or on which the two nodes disagree. What was due before the end of the log of
    whoever owes it, and is not done, is missed.

    Args:
        items: gives all of the docket's.
        clockwork: finds their clocks.
        docket: what it says of them; filled here.
        report: where findings go.
        story: where figures go.
    """
    names = docket.names
    found: list[tuple[int, int, str, str]] = []
    pauses = docket.pauses(items(), clockwork)
    for item in items():
        clocks = docket.look(item, clockwork, pauses)
        story.item(item, clocks, docket.ends_ms)
        for clock in clocks:
            who = names[clock.owed_by]
            what = f"{item.precedence} {item.kind}"
            if clock.state == "missed" and clock.done_ms is not None:
                text = f"{what}: {_DONE[clock.name]} by {who} {span(clock.done_ms - clock.due_ms)} late"
                found.append((item.logged_at_ms, item.place, "clock-missed", text))
            elif clock.state == "disputed":
                text = f"{what}: whether {who} answered in time; the two nodes' intervals disagree"
                found.append((item.logged_at_ms, item.place, "clock-disputed", text))
            elif clock.overdue_at(docket.ends_ms[clock.owed_by]):
                code = "unanswered" if clock.name == "answer" else "clock-missed"
                text = f"{what}: not {_DONE[clock.name]} by {who}, due {zulu(clock.due_ms)}"
                found.append((item.logged_at_ms, item.place, code, text))
    for _, place, code, text in sorted(found):
        report.add(code, "warning", f"{names[voice_of(place)]} {index_of(place)}", text)


@dataclass
class LineTally:
    """Follows one voice's `line` entries: what they leave out, and the silences that they state.

    Args:
        agreement: says how often they are due and when a line is down.
        party: short name.
        report: where findings go.
        story: where figures go.
    """

    agreement: Agreement
    party: str
    report: Report
    story: Story
    tallies: int = 0
    sent: int = 0
    received: int = 0
    _until_ms: int | None = None
    _last_ms: int = 0

    def follow(self, verdict: Verdict) -> None:
        """Look at the next entry of the voice."""
        entry, statement = verdict.entry, verdict.statement
        if entry is None:
            return
        if self._until_ms is None:
            self._until_ms = entry.logged_at_ms
        self._last_ms = max(self._last_ms, entry.logged_at_ms)
        if statement is None or statement.kind != LINE_KIND or not verdict.effective or statement.facts is None:
            return
        facts: dict[str, Any] = statement.facts
        self._gap(facts["from_ms"], verdict.serial)
        self._until_ms = max(self._until_ms, facts["until_ms"])
        self.tallies += 1
        self.sent += facts["sent"]
        self.received += facts["received"]
        silence = self.agreement.beat.every_ms * self.agreement.beat.down_after_missed
        if facts["longest_gap_ms"] > silence:
            text = f"{self.party} heard nothing for {span(facts['longest_gap_ms'])} before {zulu(facts['until_ms'])}"
            self.story.silence(facts["until_ms"], verdict.serial, facts["longest_gap_ms"])
            self.report.add("line-silent", "warning", verdict.serial, text)
        # So many beats divide the time into one part more, and the longest is no shorter than an even one. Twice that,
        # and a silence besides, leaves room for a clock that was set meanwhile.
        part = (facts["until_ms"] - facts["from_ms"]) // (facts["received"] + 1)
        if part > 2 * facts["longest_gap_ms"] + silence:
            text = (
                f"{self.party} states {facts['received']} beats received before {zulu(facts['until_ms'])}, and no gap"
                f" over {span(facts['longest_gap_ms'])}: they leave one of {span(part)} at least"
            )
            self.report.add("tally-differs", "warning", verdict.serial, text)

    def end(self) -> None:
        """Look at the time behind the last tally."""
        self._gap(self._last_ms, f"{self.party}, end of the log")

    def _gap(self, from_ms: int, where: str) -> None:
        # Twice the interval: a tally is logged with what else there is to say, and may come a little late.
        if self._until_ms is not None and from_ms - self._until_ms > 2 * self.agreement.line.tally_every_ms:
            text = f"no tally of the line from {zulu(self._until_ms)} to {zulu(from_ms)}"
            self.report.add("tally-missing", "warning", where, text)
