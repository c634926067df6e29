"""What of one line a person has to know of now: statements that nobody has opened, clocks, drafts, a line that is down.

Everything here is read from what the node has derived anyway. It is a picture of the present and remembers nothing; how
far people were told is the business of `nodes/paging.py`.

Source: spec/paging.md, "Causes".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import apsw

from keys.roles import ROLES
from nodes.errors import NodeError
from nodes.kept import DRAFT
from nodes.outcome import Draft
from nodes.page import Cause
from protocol.codes import CODES
from protocol.pulse import DOWN
from protocol.statement import Statement

if TYPE_CHECKING:
    from nodes.line import Line
    from protocol.kinds import Catalogue

STATEMENTS_MAX: Final = 64
"""Newest statements of one counterpart that are looked at; those found before are looked at wherever they are."""

FLOOD_MAX: Final = 256
"""The same where all of them are unread."""

FLASHES_MAX: Final = 16
"""Newest flashes that are looked at, however much was said after them."""

TAKEN: Final = frozenset({"opened", "acknowledged", "holding", "answered"})
"""Marks that a person of ours makes on a statement."""

SILENT: Final = frozenset({"line-up", "line-degraded", "line-down"})
"""Codes that are a state of the line, which has a cause of its own."""


class Causes:
    """What stands on one line.

    Args:
        line: the line.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._drafts: tuple[list[tuple[bytes, int]], list[tuple[int, Cause]]] = ([], [])

    def now(self, now_ms: int, follow: Sequence[Cause] = ()) -> list[Cause]:
        """Every cause that stands now. Call it on a thread: it reads what is derived.

        Args:
            now_ms: UTC milliseconds.
            follow: causes of this line that stood before. Statements among them are looked for wherever they are.

        Raises:
            NodeError: what is derived, or stored, cannot be read now.
        """
        try:
            return [
                *_down(self._line),
                *_statements(self._line, follow),
                *_clocks(self._line, now_ms),
                *self._waiting(now_ms),
                *_reviews(self._line),
            ]
        except apsw.Error as error:
            raise NodeError("projection-broken", str(error)) from error

    def _waiting(self, now_ms: int) -> list[Cause]:
        """Drafts of ours, and each role that is called for one by now. They are read anew only where there are others:
        every signature of them is verified on the way."""
        rows = [(row[0], hash(row[1])) for row in self._line.store.waiting(DRAFT)]
        if rows != self._drafts[0]:
            found = [cause for draft in self._line.drafts.all() for cause in _draft(self._line, draft)]
            self._drafts = (rows, found)
        return [cause for since_ms, cause in self._drafts[1] if since_ms <= now_ms]


def alarm_cause(counterpart: str, code: str, *, demonstration: bool = False) -> Cause | None:
    """An alarm as a cause; None where nobody is to be called for it.

    Args:
        counterpart: whose line it was raised on.
        code: of the alarm.
        demonstration: whether nothing said on that line is meant.
    """
    known = CODES.get(code)
    if code in SILENT or (known is not None and known.severity == "info"):
        return None
    family = "warning" if known is not None and known.severity == "warning" else "alarm"
    return Cause(
        key=f"{counterpart}/alarm/{code}",
        family="warning" if family == "warning" else "alarm",
        counterpart=counterpart,
        code=code,
        demonstration=demonstration,
    )


def _down(line: Line) -> Iterator[Cause]:
    if line.state == DOWN:
        yield Cause(
            key=f"{line.counterpart}/down",
            family="line",
            counterpart=line.counterpart,
            code="line-down",
            demonstration=line.agreement.demonstration,
        )


def _statements(line: Line, follow: Sequence[Cause]) -> Iterator[Cause]:
    """What the counterpart's people said and nobody here has opened: the newest, and what was followed before."""
    views = line.projection.inbox(limit=STATEMENTS_MAX)
    if len(views) == STATEMENTS_MAX and all(_is_unread(view, line.catalogue) for view in views):
        # Much is said at once.
        views = line.projection.inbox(limit=FLOOD_MAX)
    seen = {view["serial"] for view in views}
    views += [view for view in line.projection.inbox(limit=FLASHES_MAX, flashes=True) if view["serial"] not in seen]
    seen |= {view["serial"] for view in views}
    for cause in follow:
        if cause.family == "statement" and cause.serial not in seen:
            voice, _, index = cause.serial.partition(" ")
            view = line.projection.entry(voice, int(index))
            if view is not None:
                views.append(view)
    for view in views:
        if _is_unread(view, line.catalogue):
            yield Cause(key=f"{line.counterpart}/said/{view['serial']}", family="statement", **_header(view, line))


def _is_unread(view: Mapping[str, Any], catalogue: Catalogue) -> bool:
    kind = catalogue.kind(view["kind"] or "")
    # That somebody opened something is no news; what cannot be read was said by somebody, for a reason.
    asks = kind is None or kind.procedure != "receipt" or view["precedence"] == "flash"
    settled = bool(TAKEN & set(view["rungs"])) or view["state"] == "retracted"
    counts = view["effective"] or kind is None
    return asks and counts and not settled


def _header(view: Mapping[str, Any], line: Line) -> dict[str, Any]:
    """The header facts of a cause: only words that the catalogue or this program knows."""
    kind = view["kind"] or ""
    return {
        "counterpart": line.counterpart,
        "serial": view["serial"],
        "kind": kind if line.catalogue.kind(kind) is not None else "",
        "precedence": view["precedence"] or "routine",
        "status": view["status"] or "actual",
        "demonstration": line.agreement.demonstration,
    }


def _clocks(line: Line, now_ms: int) -> Iterator[Cause]:
    """What we owe by a time."""
    percent = line.agreement.release.next_after_percent
    for view in line.projection.due(now_ms):
        # What stands still has no time at which it is due; it is another page once it runs again.
        if view["owed_by"] == line.own and not view["paused"]:
            yield Cause(
                key=f"{line.counterpart}/{view['name']}/{view['serial']}/{view['due_ms']}",
                family="clock",
                clock=view["name"],
                due_ms=view["due_ms"],
                percent=percent,
                **_header(view, line),
            )


def _draft(line: Line, draft: Draft) -> Iterator[tuple[int, Cause]]:
    """For each role that a draft waits for, from when on it is called. One that a person has to look at first waits
    for whoever is on duty; what is held back waits for nobody."""
    statement = Statement.parse(draft.statement)
    calls = [(one.role if one.role in ROLES else "", one.since_ms) for one in draft.waits]
    if draft.hold not in (None, "window"):
        calls = [("", draft.created_at_ms)]
    for role, since_ms in calls:
        yield (
            since_ms,
            Cause(
                key=f"{line.counterpart}/draft/{draft.id}/{role}",
                family="draft",
                counterpart=line.counterpart,
                kind=statement.kind,
                precedence=statement.precedence,
                status=statement.status,
                role=role,
                since_ms=since_ms,
                demonstration=line.agreement.demonstration,
            ),
        )


def _reviews(line: Line) -> Iterator[Cause]:
    """Emergency releases of ours that another person has yet to review, by their time."""
    for review in line.reviews.all():
        statement = Statement.parse(review.kept.signed.statement)
        if review.kept.until_ms is not None:
            yield Cause(
                key=f"{line.counterpart}/emergency-review/{review.id}",
                family="clock",
                counterpart=line.counterpart,
                serial="" if review.index is None else f"{line.own} {line.past.base(line.own) + review.index}",
                kind=statement.kind,
                precedence=statement.precedence,
                status=statement.status,
                clock="emergency-review",
                due_ms=review.kept.until_ms,
                percent=line.agreement.release.next_after_percent,
                demonstration=line.agreement.demonstration,
            )
