"""What a watch has seen at one moment. It is values only; everything on the screen follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nodes.causes import TAKEN

View = Mapping[str, Any]

ORDER: Final = {"flash": 0, "immediate": 1, "priority": 2, "routine": 3}
"""Precedences, the most urgent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSeen:
    """One line.

    Attributes:
        status: as `hotline status` has it.
        due: what either side owes, the most urgent first.
        inbox: what the counterpart said, newest first.
        banners: what is to stand on every screen of this line.
    """

    status: View
    due: tuple[View, ...] = ()
    inbox: tuple[View, ...] = ()
    banners: tuple[str, ...] = ()

    @property
    def counterpart(self) -> str:
        """Short name of the other party."""
        return str(self.status["counterpart"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything.

    Attributes:
        party: short name of ours.
        person: number of whoever watches.
        at_ms: when it was seen, by the node's clock, UTC milliseconds.
        lines: by counterpart, in order of name.
        pages: what people are called for, the most urgent first.
        mutes: roles that are not called.
        silent_ms: since when the node does not answer, UTC milliseconds; None while it does.
        silent_why: the code of why.
    """

    party: str
    person: int
    at_ms: int
    lines: tuple[LineSeen, ...] = ()
    pages: tuple[View, ...] = ()
    mutes: tuple[View, ...] = ()
    silent_ms: int | None = None
    silent_why: str = ""

    @property
    def calling(self) -> tuple[View, ...]:
        """The pages for this person that nobody has acknowledged."""
        return tuple(page for page in self.pages if page["sounding"] and page["yours"] and page["about"] != "warning")

    def news(self) -> list[tuple[str, View]]:
        """What was said and not opened yet, the most urgent first; then the rest, newest first."""
        found = [(line.counterpart, view) for line in self.lines for view in line.inbox]
        return sorted(
            found,
            key=lambda one: (
                not is_unread(one[1]),
                ORDER.get(str(one[1]["precedence"]), 3) if is_unread(one[1]) else 0,
                -(one[1]["logged_at_ms"] or 0),
            ),
        )

    def owed(self) -> list[tuple[str, View]]:
        """What either side owes, by when it is due. With the counterpart."""
        found = [(line.counterpart, view) for line in self.lines for view in line.due]
        return sorted(found, key=lambda one: int(one[1]["due_ms"]))


def is_unread(view: View) -> bool:
    """Whether nobody here has opened a statement yet."""
    settled = bool(TAKEN & set(view["rungs"])) or view["state"] == "retracted"
    return not settled and (bool(view["effective"]) or bool(view["faults"]))
