"""The review of a thread after the event: how long things took, what was decided and why, what was learnt.

Every figure is of headers and clocks that both nodes and every auditor compute alike. The grounds and the lessons are
what the statements themselves say, opened by whoever may read them. The hash of the timeline fixes which entries were
looked at, so that a finding can cite it.

Source: spec/docket.md, "Review".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from protocol.kinds import Catalogue
from protocol.partial_time import parse_partial_time

View = Mapping[str, Any]
Contents = Mapping[str, Any]

LESSON_KIND: Final = "review-lesson"
CLOSED_LESSONS: Final = frozenset({"done", "dropped"})

UNDECIDED_STEPS: Final = frozenset(
    {"made", "proposed", "asked", "stated", "declared", "said", "updated", "understood"}
    | {"translated", "opened", "informed", "acknowledged"}
)
"""Steps that begin something, tell something or take note of it; every other is somebody's decision."""

GROUNDS: Final = ("reason", "explanation", "why", "legal_basis", "legal_reference", "expected_outcome", "dissent")
"""Fields in which a statement says why, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that one party decided.

    Attributes:
        serial: of the entry.
        party: who decided.
        kind: name of its kind.
        at_ms: when it was logged, UTC milliseconds.
        on: serial of the statement that it is about, or None where it names none that is here.
        signers: number of each person who signed, with the role they signed as.
        grounds: what it gives as its reasons, by field; None where the contents were not read.
    """

    serial: str
    party: str
    kind: str
    at_ms: int
    on: str | None
    signers: tuple[tuple[int | None, str], ...]
    grounds: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson, from where it was stated to where it was closed.

    Attributes:
        serials: the entry that stated it, then those that followed it up.
        text, owner, whose, state: as last said; None where the contents were not read.
        due_ms: the last millisecond of its date, or None.
        changed: what it changed, as last said.
    """

    serials: tuple[str, ...]
    text: str | None = None
    owner: str | None = None
    whose: str | None = None
    state: str | None = None
    due_ms: int | None = None
    changed: tuple[str, ...] = ()

    def overdue(self, now_ms: int) -> bool:
        """Whether its date has passed and nobody has said that it was learnt or dropped."""
        return self.state not in CLOSED_LESSONS and self.due_ms is not None and now_ms > self.due_ms


@dataclass(frozen=True, slots=True)
class Owed:
    """What became of the clocks that ran against one party.

    Attributes:
        kept, missed, disputed, running: how many.
        took_ms: how long each answer of it took, from where its node held what it answers, in the order of the thread.
    """

    kept: int = 0
    missed: int = 0
    disputed: int = 0
    running: int = 0
    took_ms: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As it stands in JSON."""
        return {
            **{name: getattr(self, name) for name in ("kept", "missed", "disputed", "running")},
            "answers": len(self.took_ms),
            "answer_median_ms": int(median(self.took_ms)) if self.took_ms else None,
            "answer_longest_ms": max(self.took_ms, default=None),
        }


@dataclass(frozen=True, slots=True)
class Review:
    """A thread, looked back at.

    Attributes:
        thread: leaf hash of the entry that opened it.
        timeline: SHA-256 of the leaf hashes of its entries, one behind the other, in its home order.
        hashed: how many entries that are; those that nodes stated by themselves are among them.
        entries: its entries, without what nodes said by themselves.
        began_ms, last_ms: when the first and the last of them were logged, UTC milliseconds.
        owed: by party.
        late: clocks that were missed or are disputed, and those that have run out by now, each with its `serial`.
        decisions, lessons: in the order of the thread.
        unread: serials of which the contents were wanted and not read, with the code that says why.
    """

    thread: bytes
    timeline: bytes
    hashed: int
    entries: tuple[View, ...]
    began_ms: int
    last_ms: int
    owed: Mapping[str, Owed]
    late: tuple[View, ...]
    decisions: tuple[Decision, ...]
    lessons: tuple[Lesson, ...]
    unread: Mapping[str, str]

    def as_dict(self, now_ms: int) -> dict[str, Any]:
        """As it stands in JSON."""
        return {
            "thread": self.thread.hex(),
            "timeline": self.timeline.hex(),
            "hashed": self.hashed,
            "began_ms": self.began_ms,
            "last_ms": self.last_ms,
            "entries": list(self.entries),
            "owed": {party: owed.as_dict() for party, owed in self.owed.items()},
            "late": list(self.late),
            "decisions": [
                {
                    **{name: getattr(one, name) for name in ("serial", "party", "kind", "at_ms", "on")},
                    "signers": [{"person": person, "role": role} for person, role in one.signers],
                    "grounds": None if one.grounds is None else dict(one.grounds),
                }
                for one in self.decisions
            ],
            "lessons": [
                {
                    **{name: getattr(one, name) for name in ("text", "owner", "whose", "state", "due_ms")},
                    "serials": list(one.serials),
                    "changed": list(one.changed),
                    "overdue": one.overdue(now_ms),
                }
                for one in self.lessons
            ],
            "unread": dict(self.unread),
        }


def wanted(views: Sequence[View], catalogue: Catalogue) -> list[View]:
    """The entries of a thread whose contents a review needs: decisions and lessons."""
    return [one for one in _said(views, catalogue) if one["has_body"] and (_decides(one, catalogue) or _lesson(one))]


def review(
    views: Sequence[View],
    catalogue: Catalogue,
    *,
    parties: Sequence[str],
    contents: Mapping[str, Contents],
    unread: Mapping[str, str],
    now_ms: int,
) -> Review:
    """Look back at a thread.

    Args:
        views: its entries in home order, the opener first, as a node judged them.
        catalogue: what their kinds mean.
        parties: short names of both.
        contents: what was said, by serial, where it was wanted and read.
        unread: why it was not read, by serial.
        now_ms: UTC milliseconds.
    """
    said = _said(views, catalogue)
    counted = [one for one in said if one["effective"]]
    late = [
        {**clock, "serial": one["serial"], "kind": one["kind"], "late_ms": late_ms}
        for one in counted
        for clock in one.get("clocks", ())
        if (late_ms := _late_ms(clock, now_ms)) is not None
    ]
    return Review(
        thread=bytes.fromhex(views[0]["thread"]),
        timeline=hashlib.sha256(b"".join(bytes.fromhex(one["leaf"]) for one in views)).digest(),
        hashed=len(views),
        entries=tuple(said),
        began_ms=min((one["logged_at_ms"] for one in said), default=0),
        last_ms=max((one["logged_at_ms"] for one in said), default=0),
        owed={party: _owed(party, counted) for party in parties},
        late=tuple(late),
        decisions=tuple(_decision(one, contents.get(one["serial"])) for one in counted if _decides(one, catalogue)),
        lessons=tuple(_lessons(counted, contents)),
        unread=dict(unread),
    )


def _said(views: Sequence[View], catalogue: Catalogue) -> list[View]:
    """What people said, of what can be read."""
    found = []
    for one in views:
        kind = None if one["kind"] is None else catalogue.kind(one["kind"])
        if one["logged_at_ms"] is not None and not (kind is not None and kind.machine):
            found.append(one)
    return found


def _decides(view: View, catalogue: Catalogue) -> bool:
    kind = None if view["kind"] is None else catalogue.kind(view["kind"])
    return kind is not None and kind.step not in UNDECIDED_STEPS


def _lesson(view: View) -> bool:
    return bool(view["kind"] == LESSON_KIND)


def _decision(view: View, contents: Contents | None) -> Decision:
    return Decision(
        serial=view["serial"],
        party=view["voice"],
        kind=view["kind"],
        at_ms=view["logged_at_ms"],
        on=view["reply_serial"],
        signers=tuple((signer["person"], signer["role"]) for signer in view["signers"]),
        grounds=None if contents is None else {name: contents[name] for name in GROUNDS if contents.get(name)},
    )


def _lessons(views: Sequence[View], contents: Mapping[str, Contents]) -> list[Lesson]:
    """Each lesson under the entry that first stated it; a lesson that answers a lesson is the same one, later."""
    first: dict[str, str] = {}
    found: dict[str, Lesson] = {}
    for view in views:
        if not _lesson(view):
            continue
        leaf = str(view["leaf"])
        root = first[leaf] = first.get(view["in_reply_to"] or "", leaf)
        before = found.get(root, Lesson(()))
        serials, told = (*before.serials, view["serial"]), contents.get(view["serial"])
        if told is None:
            # What was not read may have changed anything.
            found[root] = Lesson(serials)
            continue
        due = parse_partial_time(str(told.get("due", "")))
        found[root] = Lesson(
            serials,
            text=told.get("lesson"),
            owner=told.get("owner"),
            whose=told.get("whose"),
            state=told.get("state"),
            due_ms=None if due is None else due.last_ms,
            changed=tuple(told.get("changed") or ()),
        )
    return list(found.values())


def _owed(party: str, views: Sequence[View]) -> Owed:
    clocks = [clock for one in views for clock in one.get("clocks", ()) if clock["owed_by"] == party]
    states = [clock["state"] for clock in clocks]
    took = [
        one["rungs"]["answered"]["at_ms"] - one["rungs"]["held"]["at_ms"]
        for one in views
        if one["voice"] != party and {"answered", "held"} <= set(one.get("rungs", ()))
    ]
    kept, missed, disputed, running = (states.count(name) for name in ("kept", "missed", "disputed", "running"))
    return Owed(kept, missed, disputed, running, tuple(took))


def _late_ms(clock: View, now_ms: int) -> int | None:
    """By how much a clock was missed, so far where it still runs; None where it was not."""
    done_ms = now_ms if clock["done_ms"] is None else clock["done_ms"]
    ran_out = clock["state"] == "running" and not clock.get("paused") and now_ms > clock["due_ms"]
    return max(0, done_ms - clock["due_ms"]) if ran_out or clock["state"] in {"missed", "disputed"} else None
