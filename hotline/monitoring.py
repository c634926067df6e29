"""Following both logs: what is new between one look at them and the next, and what has come to an end.

A look is a live audit, or the reason why there was none. Everything that it finds is told once, when it is first found,
and once more when it is found no longer. Two things are found by comparing looks: a node that goes on showing an older
log of its own than its counterpart holds, and a log in which nothing is said any more, not even by its node.

Source: spec/audit.md, "Following".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hotline.errors import HotlineError
from hotline.live_audit import LiveAudit
from nodes.errors import NodeError
from protocol.finding import Severity

STILL_MS: Final = 2 * 3_600_000 + 600_000
"""A node states a tally each hour, so a log of which nothing came for two hours and some minutes stands still."""

FROZEN_LOOKS: Final = 2
"""So many looks in a row; in one, what the counterpart holds may be a moment ahead of what the node shows."""

INFO: Final = "info"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a look found.

    Attributes:
        code: declared in `protocol.codes`.
        severity: as of a finding.
        where: file, entry, address or voice.
        text: one clause for people.
    """

    code: str
    severity: Severity
    where: str
    text: str

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same alarm at another look."""
        return self.code, self.where


@dataclass(frozen=True, slots=True)
class Event:
    """An alarm that began or is over.

    Attributes:
        at_ms: when it was found, UTC milliseconds.
        over: whether it is found no longer.
        alarm: which.
    """

    at_ms: int
    over: bool
    alarm: Alarm

    def as_dict(self) -> dict[str, Any]:
        """As it stands in JSON."""
        found = {name: getattr(self.alarm, name) for name in ("code", "severity", "where", "text")}
        return {"at_ms": self.at_ms, "event": "over" if self.over else "alarm", **found}


class Monitor:
    """What is known from the looks so far.

    Args:
        still_ms: a log in which nothing was new for longer stands still.
    """

    def __init__(self, *, still_ms: int = STILL_MS) -> None:
        self._still_ms = still_ms
        self._alarms: dict[tuple[str, str], Alarm] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        self._behind: dict[str, int] = {}
        self._held: dict[str, int] = {}

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """What is the case now, the first to be found first."""
        return tuple(self._alarms.values())

    def look(self, found: LiveAudit, at_ms: int) -> list[Event]:
        """Take in an audit."""
        alarms = [
            Alarm(one.code, one.severity, one.where, one.text) for one in found.report.findings if one.severity != INFO
        ]
        return self._taken([*alarms, *self._frozen(found), *self._still(found, at_ms)], at_ms)

    def failed(self, error: HotlineError | NodeError, at_ms: int) -> list[Event]:
        """Take in that there was no audit. What was found before is not over by that."""
        alarm = Alarm(error.code, "unchecked", "the nodes", error.text)
        return self._taken([*(one for one in self._alarms.values() if one.key != alarm.key), alarm], at_ms)

    def _taken(self, alarms: list[Alarm], at_ms: int) -> list[Event]:
        now = {one.key: one for one in alarms}
        begun = [Event(at_ms, over=False, alarm=one) for key, one in now.items() if key not in self._alarms]
        ended = [Event(at_ms, over=True, alarm=one) for key, one in self._alarms.items() if key not in now]
        self._alarms = {**{key: one for key, one in self._alarms.items() if key in now}, **now}
        return [*begun, *ended]

    def _frozen(self, found: LiveAudit) -> Iterator[Alarm]:
        for (node, voice), shown in found.shown.items():
            if node != voice:
                continue
            sizes = [one.size for (other, of), one in found.shown.items() if of == voice and other != node]
            behind = bool(sizes) and shown.size < max(sizes)
            # What the counterpart held at the look before, the node has had since then, however slowly it shows it.
            late = self._sizes.get(voice, (shown.size, 0))[0] == shown.size or shown.size < self._held.get(voice, 0)
            self._behind[voice] = self._behind.get(voice, 0) + 1 if behind and late else int(behind)
            self._held[voice] = max(sizes, default=0)
            if self._behind[voice] >= FROZEN_LOOKS:
                text = f"its node shows {shown.size} entries, look after look, and its counterpart holds {max(sizes)}"
                yield Alarm("view-frozen", "warning", voice, text)

    def _still(self, found: LiveAudit, at_ms: int) -> Iterator[Alarm]:
        for (node, voice), shown in found.shown.items():
            if node != voice:
                continue
            size, since_ms = self._sizes.get(voice, (-1, at_ms))
            if shown.size != size:
                since_ms = at_ms
            self._sizes[voice] = (shown.size, since_ms)
            if at_ms - since_ms > self._still_ms:
                yield Alarm("log-still", "warning", voice, "nothing is new in it, not even a tally of its node")
