"""A page: one thing that a person has to know of, and what came of telling them.

These are values without rules: `nodes/paging.py` decides, `nodes/paging_state.py` writes them down.

Source: spec/paging.md, "Pages".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from nodes.paging_rules import Event, Family

SHARE_PERCENT: Final = 50
"""Share of a clock at which people are reminded, where the agreement does not say."""


class PagerTerms(Protocol):
    """What the engine has to know of a pager."""

    @property
    def name(self) -> str:
        """Its name in the settings."""

    @property
    def role(self) -> str:
        """Whom it reaches."""

    @property
    def events(self) -> tuple[Event, ...]:
        """What it is called for."""

    @property
    def after_ms(self) -> int:
        """How long after a step began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something that a person has to know of; header facts and codes, never contents.

    Attributes:
        key: the same for as long as it is the same cause.
        family: which rows of the table apply.
        counterpart: short name of the other party; empty for what concerns the node.
        serial: of the statement, or empty.
        kind, precedence, status: of the statement, or empty.
        clock: name of the clock, or empty.
        code: of the alarm, or None.
        role: the one that a draft waits for, or empty.
        since_ms: when it began, UTC milliseconds; 0 where only the present is known.
        due_ms: until when, UTC milliseconds, or None.
        percent: share of the clock at which people are reminded.
        count: how many causes this one stands for.
        demonstration: whether nothing said on this line is meant.
    """

    key: str
    family: Family
    counterpart: str
    serial: str = ""
    kind: str = ""
    precedence: str = "routine"
    status: str = "actual"
    clock: str = ""
    code: str | None = None
    role: str = ""
    since_ms: int = 0
    due_ms: int | None = None
    percent: int = SHARE_PERCENT
    count: int = 1
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class Called:
    """What came of one call for one cause.

    Attributes:
        at_ms: when it was last begun, UTC milliseconds.
        state: `calling`, `done`, `failed` and to be tried again, or `given-up`.
        tries: how often it was begun.
    """

    at_ms: int
    state: str
    tries: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One cause that is followed.

    Attributes:
        id: its name for people: `p7`.
        cause: as last seen.
        since_ms: when it began, UTC milliseconds.
        acked_ms, acked_by: when and by whom it was acknowledged here, or None and empty.
        called: by call.
        brought: calls that are made at once, because one before them failed.
    """

    id: str
    cause: Cause
    since_ms: int
    acked_ms: int | None = None
    acked_by: str = ""
    called: Mapping[str, Called] = field(default_factory=dict)
    brought: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A role that is not called for a while.

    Attributes:
        role: the role.
        until_ms: when it ends by itself, UTC milliseconds.
        even_flash: whether flashes do not call it either.
        by: who asked for it.
        entry: index of the act in the journal, which says why.
    """

    role: str
    until_ms: int
    even_flash: bool
    by: str
    entry: int


@dataclass(frozen=True, slots=True)
class Reached:
    """What is known of one pager.

    Attributes:
        ok_ms, failed_ms, tested_ms: when a call last arrived, failed, and was a test, UTC milliseconds; 0 for never.
        problem: why the last one failed.
        calls, failures: how many of each there were.
    """

    ok_ms: int = 0
    failed_ms: int = 0
    tested_ms: int = 0
    problem: str = ""
    calls: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One cause as a call names it.

    Attributes:
        page: the page's id.
        call: which of its calls.
        event: what for; `test` for a test.
        cause: the cause.
    """

    page: str
    call: str
    event: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One pager is to be called.

    Attributes:
        pager: its name.
        id: the same where the same call is made again.
        items: what for, the most urgent first.
    """

    pager: str
    id: str
    items: tuple[Item, ...]

    @property
    def count(self) -> int:
        """How many causes it stands for."""
        return sum(item.cause.count for item in self.items)


_ORDER: Final = {"flash": 0, "immediate": 1, "priority": 2, "routine": 3}
_FAMILIES: Final = {"statement": 0, "clock": 0, "draft": 1, "alarm": 1, "line": 1, "warning": 2}


def urgency(cause: Cause) -> tuple[int, int, int]:
    """How urgent a cause is, the most urgent first: exercises and tests behind what is meant."""
    precedence = "immediate" if cause.family in {"alarm", "line"} else cause.precedence
    return (_ORDER.get(precedence, 3), 0 if cause.status == "actual" else 1, _FAMILIES[cause.family])
