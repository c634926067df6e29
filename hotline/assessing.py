"""Incidents on a channel as the threshold set sees them: what was said last of each, and what it comes to.

Source: spec/thresholds.md, "Incidents".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from protocol.accumulation import EXERCISE, RETRACTED, TEST, Accumulated, Case, accumulate
from protocol.assessment import Assessment, assess
from protocol.fields import check_fields
from protocol.kinds import Catalogue, Kind
from protocol.threshold_set import CONTEXT, ThresholdSet

OPENERS = ("notification", "early-warning", "diplomatic-flag")
"""Kinds that tell of an incident."""

TELLING = frozenset({*OPENERS, "update", "correction", "final-report"})
"""Kinds whose fields say something of it; what is said later stands in the place of what was said before."""

ASSESSMENT = "assessment"
DAY_CHARS = len("2015-12-23")
_CONTEXT = re.compile(rf"\b{CONTEXT} ([a-z0-9-]{{1,60}})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A thread that tells of an incident.

    Attributes:
        serial: of the statement that opened it.
        thread: its leaf hash, hexadecimal.
        at_ms: when it was logged.
        values: of its fields, as they were said last.
        severity: as it was said last.
        state: `retracted`, `exercise`, `test` or empty.
        said: views of its entries, in order.
        contents: by serial, what could be read.
        unread: serials whose contents could not be read.
    """

    serial: str
    thread: str
    at_ms: int
    values: Mapping[str, Any]
    severity: int | None
    state: str
    said: Sequence[Mapping[str, Any]] = ()
    contents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    def case(self, rules: ThresholdSet, context: Iterable[str] = ()) -> Case:
        """What it comes to."""
        found = assess(rules, self.values, severity=self.severity, context=context)
        claims = [one["actor"] for one in self.values.get("attribution") or ()]
        return Case(
            serial=self.serial,
            at_ms=self.at_ms,
            assessment=found,
            groups={
                "actor": tuple(one.casefold() for one in claims),
                "sector": tuple(self.values.get("sectors") or ()),
                "class": tuple((self.values.get("class") or ())[:1]),
            },
            marks=self.marks,
            state=self.state,
        )

    @property
    def marks(self) -> frozenset[str]:
        """What it has in common with another report of the same incident: a case number; or main class, sectors and the
        day it began, where the day is known."""
        found = [f"number {one}" for one in self.values.get("identifiers") or () if not _is_public(one)]
        first, sectors = self.values.get("first_seen") or "", self.values.get("sectors") or ()
        if len(first) >= DAY_CHARS and sectors:
            found.append(" ".join(("act", *(self.values.get("class") or ())[:1], *sorted(sectors), first[:DAY_CHARS])))
        return frozenset(found)


def sound(kind: Kind, contents: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The values of a statement that are values of their fields; what an author commits to need not be.

    Args:
        kind: of the statement.
        contents: by field, as they were opened.
        catalogue: of the channel.
    """
    wrong = {problem.field.partition("[")[0].partition(".")[0] for problem in check_fields(kind, contents, catalogue)}
    return {name: value for name, value in contents.items() if name not in wrong}


def _is_public(identifier: str) -> bool:
    """Whether many incidents may share a number: of a vulnerability, a technique, a piece of software, a campaign."""
    return re.fullmatch(r"CVE-.*|[TSGC]\d{4}(\.\d{3})?|.*campaign.*", identifier) is not None


def incident(views: Sequence[Mapping[str, Any]], contents: Mapping[str, Mapping[str, Any]]) -> Incident | None:
    """What a thread tells of an incident; None where it tells of none.

    Args:
        views: of the thread's entries, in order.
        contents: of those that could be read, by serial.
    """
    said = [one for one in views if one["effective"]]
    opener = next((one for one in said if one["kind"] in OPENERS), None)
    if opener is None:
        return None
    values: dict[str, Any] = {}
    severity: int | None = None
    told = [one for one in said if one["kind"] in TELLING and one["voice"] == opener["voice"]]
    for one in told:
        values |= {name: value for name, value in contents.get(one["serial"], {}).items() if value is not None}
        severity = severity if one["severity"] is None else one["severity"]
    state = {"exercise": EXERCISE, "test": TEST}.get(opener["status"], "")
    if opener["state"] == "retracted":
        state = RETRACTED
    return Incident(
        serial=opener["serial"],
        thread=opener["thread"],
        at_ms=opener["logged_at_ms"],
        values=values,
        severity=severity,
        state=state,
        said=views,
        contents=contents,
        unread=tuple(one["serial"] for one in told if one["serial"] not in contents),
    )


def together(
    incidents: Iterable[Incident], rules: ThresholdSet, *, at_ms: int, context: Mapping[str, Iterable[str]]
) -> Accumulated:
    """What incidents come to together.

    Args:
        incidents: of a channel.
        rules: of the agreement.
        at_ms: UTC milliseconds.
        context: what persons answered, by the incident's serial.
    """
    return accumulate(rules, [one.case(rules, context.get(one.serial, ())) for one in incidents], at_ms=at_ms)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An assessment that stands in the log, beside what the same fields and answers come to here.

    Attributes:
        serial: of the statement.
        band: that it states.
        ours: whether it names these rules.
        again: the same, computed again; None where it was made by other rules, or cannot be read.
    """

    serial: str
    band: str
    ours: bool
    again: Assessment | None

    @property
    def holds(self) -> bool:
        """Whether it is what the rules say."""
        return self.again is not None and self.again.band == self.band


def recorded(found: Incident, facts: Mapping[str, Mapping[str, Any]], rules: ThresholdSet) -> list[Recorded]:
    """The assessments in a thread, each computed again from what had been said before it.

    Args:
        found: the thread.
        facts: of each assessment's header, by serial.
        rules: of the agreement.
    """
    made = []
    for place, view in enumerate(found.said):
        serial = view["serial"]
        if view["kind"] != ASSESSMENT or serial not in facts:
            continue
        before = incident(found.said[:place], found.contents)
        ours = facts[serial].get("rules") == rules.digest
        again = None
        if ours and before is not None and serial in found.contents and not before.unread:
            again = assess(rules, before.values, severity=before.severity, context=answers(found.contents[serial]))
        made.append(Recorded(serial, str(facts[serial].get("band")), ours, again))
    return made


def answers(contents: Mapping[str, Any]) -> tuple[str, ...]:
    """The questions that were answered with yes, as the inputs of an assessment name them."""
    inputs = " ".join(str(one.get("inputs", "")) for one in contents.get("criteria") or ())
    return tuple(dict.fromkeys(_CONTEXT.findall(inputs)))


def criteria(found: Assessment, *, confidence: str, grade: str | None) -> list[dict[str, Any]]:
    """The rows of an assessment's statement: score and inputs of each criterion.

    Args:
        found: what the incident comes to.
        confidence: of whoever assesses.
        grade: of the sources, or None.
    """
    return [
        {
            "criterion": score.criterion,
            "score": score.points,
            "grade": grade,
            "confidence": confidence,
            "inputs": "; ".join(
                f"{one.observable.field} {one.value}: {one.observable.points}" for one in score.counted
            )[:1000]
            or "nothing that counts was reported",
        }
        for score in found.scores
    ]


def rules_digest(rules: ThresholdSet) -> str:
    """The first digits of the digest of rules, for people."""
    return rules.digest.hex()[:16]
