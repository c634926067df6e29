"""What an audit can show of how things went: when each side spoke, what stood open, silences, clocks, keys.

These are figures of the same entries that the findings are about, gathered as they are judged: eight bytes an entry.

Source: spec/audit.md, "Report".
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from protocol.clocks import Clock
from protocol.docket_item import Item
from protocol.governance import GOVERNING_KINDS
from protocol.reading import ROOT_SET_KIND, ROSTER_KIND
from protocol.verdict import Verdict

LISTED_MAX: Final = 1_000
RUNGS: Final = ("sent", "held", "opened", "acknowledged", "answered")

_OF_KEYS: Final = frozenset(
    {ROSTER_KIND, ROOT_SET_KIND, *GOVERNING_KINDS, "key-rotate", "key-revoke", "compromise-alarm", "succession"}
)
"""Kinds that change who may speak, or under what."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a time.

    Attributes:
        at_ms: by the clock of whoever logged it, UTC milliseconds.
        serial: of its entry.
        text: what it is, without contents.
        lasted_ms: for how long before, or 0.
    """

    at_ms: int
    serial: str
    text: str
    lasted_ms: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As it stands in JSON."""
        return {"at_ms": self.at_ms, "serial": self.serial, "text": self.text, "lasted_ms": self.lasted_ms}


@dataclass
class Story:
    """It grows while the entries are judged.

    Attributes:
        names: the parties' short names, in order.
        spoken: for each voice, when each of its entries was logged, UTC milliseconds.
        opened, closed: when matters began and ceased to wait for an answer, UTC milliseconds.
        silences: what the nodes stated of a line that was silent for longer than was agreed, the first LISTED_MAX.
        keys: entries that changed keys or terms, likewise.
        rungs: by precedence, how far each statement came.
        clocks: by the clock's name and who owes it, how many there were in each state.
    """

    names: tuple[str, str]
    spoken: tuple[array[int], array[int]] = field(default_factory=lambda: (array("q"), array("q")))
    opened: array[int] = field(default_factory=lambda: array("q"))
    closed: array[int] = field(default_factory=lambda: array("q"))
    silences: list[Mark] = field(default_factory=list)
    keys: list[Mark] = field(default_factory=list)
    rungs: dict[str, Counter[str]] = field(default_factory=dict)
    clocks: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def entry(self, verdict: Verdict) -> None:
        """Take in one entry."""
        if verdict.entry is None:
            return
        at_ms = verdict.entry.logged_at_ms
        self.spoken[verdict.voice].append(at_ms)
        statement = verdict.statement
        if statement is not None and statement.kind in _OF_KEYS and len(self.keys) < LISTED_MAX:
            effect = "" if verdict.effective else ", without effect"
            self.keys.append(Mark(at_ms, verdict.serial, f"{statement.kind}{effect}"))

    def silence(self, at_ms: int, serial: str, lasted_ms: int) -> None:
        """Take in a silence that a tally states, which ended before its time."""
        if len(self.silences) < LISTED_MAX:
            self.silences.append(Mark(at_ms, serial, "heard nothing", lasted_ms))

    def item(self, item: Item, clocks: Iterable[Clock], ends_ms: tuple[int, int]) -> None:
        """Take in one statement that counts, with its clocks.

        Args:
            item: the statement.
            clocks: its own.
            ends_ms: the last logging time of each log.
        """
        self.rungs.setdefault(item.precedence, Counter())[item.rung] += 1
        for clock in clocks:
            state = "missed" if clock.state == "running" and clock.overdue_at(ends_ms[clock.owed_by]) else clock.state
            self.clocks.setdefault((clock.name, self.names[clock.owed_by]), Counter())[state] += 1
            if clock.name == "answer":
                self.opened.append(item.logged_at_ms)
                if clock.done_ms is not None:
                    self.closed.append(clock.done_ms)

    def as_dict(self) -> dict[str, Any]:
        """The figures as they stand in JSON."""
        return {
            "silences": [one.as_dict() for one in self.silences],
            "keys": [one.as_dict() for one in self.keys],
            "rungs": {name: {rung: self.rungs[name][rung] for rung in RUNGS} for name in sorted(self.rungs)},
            "clocks": [
                {"clock": name, "owed_by": party, **dict(sorted(self.clocks[name, party].items()))}
                for name, party in sorted(self.clocks)
            ],
        }
