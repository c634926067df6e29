"""What an audit says of the docket: its digest, what was due and missed, and what was in force when the logs end.

It is the docket of both nodes at these sizes, so that its digest is theirs: an auditor who is told one by each party,
or finds one in a beat, compares it with this. Both lists are cut off where nobody reads on.

Source: spec/audit.md, "Verdict", steps 10 and 11.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from protocol.clocks import Clock, Clockwork
from protocol.docket_item import Item
from protocol.pauses import NO_PAUSES, SUSPENSIONS, Pauses, pauses_of
from protocol.standing import LAPSED, in_force, state_at
from protocol.verdict import index_of, voice_of

LISTED_MAX: Final = 1000

_ANSWERS: Final = frozenset({"open", "holding", "answer"})


@dataclass
class AuditedDocket:
    """The docket at the end of both logs; it grows while the items are looked at.

    Attributes:
        names: the parties' short names, in order.
        sizes: entries of each voice.
        digest: 32 bytes.
        ends_ms: the last logging time of each log.
        due: clocks that still run, the first LISTED_MAX as the items come.
        missed: clocks that ran out, or about which the two nodes disagree, likewise.
        registers: serials of what is in force, by register, likewise.
        clocks: how many clocks there were.
    """

    names: tuple[str, str]
    sizes: tuple[int, int]
    digest: bytes
    ends_ms: tuple[int, int]
    due: list[dict[str, Any]] = field(default_factory=list)
    missed: list[dict[str, Any]] = field(default_factory=list)
    registers: dict[str, list[str]] = field(default_factory=dict)
    clocks: int = 0

    @property
    def at_ms(self) -> int:
        """The time at which it is seen: that of the last entry."""
        return max(self.ends_ms)

    def pauses(self, items: Iterable[Item], clockwork: Clockwork) -> dict[str, Pauses]:
        """When clocks stood still, by status, for every status that has suspensions."""
        found = [item for item in items if item.course is not None and clockwork.register(item) == SUSPENSIONS]
        return {status: pauses_of(found, status, self.at_ms) for status in {item.status for item in found}}

    def look(self, item: Item, clockwork: Clockwork, pauses: dict[str, Pauses]) -> list[Clock]:
        """Take one item in.

        Returns:
            Its clocks; what lapsed unanswered is owed no answer.
        """
        clocks = list(clockwork.clocks(item, pauses.get(item.status, NO_PAUSES)))
        if item.course is not None:
            if state_at(item, self.at_ms) == LAPSED:
                clocks = [one for one in clocks if one.done_ms is not None or one.name not in _ANSWERS]
            register = clockwork.register(item)
            if register and in_force(item, self.at_ms):
                listed = self.registers.setdefault(register, [])
                if len(listed) < LISTED_MAX:
                    listed.append(self._serial(item))
        self.clocks += len(clocks)
        for clock in clocks:
            overdue = clock.overdue_at(self.ends_ms[clock.owed_by])
            if clock.state == "running" and not overdue:
                self._list(self.due, item, clock)
            elif clock.state != "kept":
                self._list(self.missed, item, clock)
        return clocks

    def _list(self, rows: list[dict[str, Any]], item: Item, clock: Clock) -> None:
        if len(rows) < LISTED_MAX:
            rows.append(
                {
                    "serial": self._serial(item),
                    "kind": item.kind,
                    "status": item.status,
                    "name": clock.name,
                    "owed_by": self.names[clock.owed_by],
                    "due_ms": clock.due_ms,
                    "done_ms": clock.done_ms,
                    "state": clock.state,
                }
            )

    def _serial(self, item: Item) -> str:
        return f"{self.names[voice_of(item.place)]} {index_of(item.place)}"

    def as_dict(self) -> dict[str, object]:
        """The docket as it stands in JSON."""
        return {
            "sizes": dict(zip(self.names, self.sizes, strict=True)),
            "digest": self.digest.hex(),
            "at_ms": self.at_ms,
            "due": sorted(self.due, key=lambda row: row["due_ms"]),
            "missed": sorted(self.missed, key=lambda row: row["due_ms"]),
            "registers": {name: self.registers[name] for name in sorted(self.registers)},
        }
