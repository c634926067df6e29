"""What a scenario expects, as sentences.

    question is answered                  its state in the docket
    question is not answered
    question answer clock is kept         kept, missed, running, overdue, disputed or none
    question has no answer: silence       suspended, fault, declined, holding or silence
    question rung is acknowledged         held, opened, acknowledged or answered
    note has fault unauthorised
    note has no fault
    note counts, note does not count      whether it has an effect
    note waits for release/senior         a draft, and the place that is open
    note calls senior                     a draft calls for an officer of this role by now
    BOR sees told as unproved             unproved, asked, proved or disowned, on a second channel
    note stands as held-back              draft, held-back, queued, logged, held or closed
    sanction in force, sanction not in force
    sanction phase is 2
    sanction in register measures
    sanction not in register measures
    ARC line is down
    ARC alarm docket-differs
    ARC no alarm docket-differs

What is said of a statement must be so at both nodes, and where the auditor can tell, for the auditor.

Source: spec/scenarios.md, "Expectations".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from re import Match
from typing import Final

from hotline.scenarios.stage import AUDITOR, Seen, Stage

_WORD = r"[a-z][a-z0-9-]*"


@dataclass(frozen=True, slots=True)
class Subject:
    """A statement that a scenario named.

    Attributes:
        voice: short name of its author.
        id: of the statement, 16 bytes.
        index: its place, or None for what has none.
        missing: open places of a draft.
        state: how far it came: draft, held-back, queued, logged or held; closed where somebody refused or cancelled it.
    """

    voice: str
    id: bytes
    index: int | None
    missing: tuple[str, ...]
    state: str


_Found = tuple[str, str, str]
"""Who saw it, what was seen, and what was expected."""

_OfStatement = Callable[[Seen, Match[str]], tuple[object, object]]
"""Gives what is seen, and what was expected."""


def _state(seen: Seen, match: Match[str]) -> tuple[object, object]:
    return seen.state, match["state"]


def _not_state(seen: Seen, match: Match[str]) -> tuple[object, object]:
    return ("another state", "another state") if seen.state != match["state"] else (seen.state, "another state")


def _clock(seen: Seen, match: Match[str]) -> tuple[object, object]:
    return seen.clocks.get(match["clock"], "none"), match["state"]


def _rung(seen: Seen, match: Match[str]) -> tuple[object, object]:
    return seen.rung, match["state"]


def _fault(seen: Seen, match: Match[str]) -> tuple[object, object]:
    return (match["code"] if match["code"] in seen.faults else seen.faults), match["code"]


def _no_fault(seen: Seen, match: Match[str]) -> tuple[object, object]:
    return seen.faults, ()


def _counts(seen: Seen, match: Match[str]) -> tuple[object, object]:
    return seen.effective, match["not"] is None


def _in_force(seen: Seen, match: Match[str]) -> tuple[object, object]:
    return ("in force" if seen.in_force else "not in force"), ("not in force" if match["not"] else "in force")


def _no_answer(seen: Seen, match: Match[str]) -> tuple[object, object]:
    return seen.no_answer, match["state"]


def _phase(seen: Seen, match: Match[str]) -> tuple[object, object]:
    return seen.phase, int(match["number"])


def _register(seen: Seen, match: Match[str]) -> tuple[object, object]:
    listed = match["name"] in seen.registers
    return ("listed" if listed else "not listed"), ("not listed" if match["not"] else "listed")


_NAME = rf"(?P<subject>{_WORD})"
OF_STATEMENTS: Final[tuple[tuple[str, _OfStatement], ...]] = (
    (rf"{_NAME} (?P<clock>{_WORD}) clock is (?P<state>{_WORD})", _clock),
    (rf"{_NAME} rung is (?P<state>{_WORD})", _rung),
    (rf"{_NAME} phase is (?P<number>[0-9]{{1,6}})", _phase),
    (rf"{_NAME} is not (?P<state>{_WORD})", _not_state),
    (rf"{_NAME} is (?P<state>{_WORD})", _state),
    (rf"{_NAME} has no fault", _no_fault),
    (rf"{_NAME} has fault (?P<code>{_WORD})", _fault),
    (rf"{_NAME} (?:counts|does (?P<not>not) count)", _counts),
    (rf"{_NAME} has no answer: (?P<state>{_WORD})", _no_answer),
    (rf"{_NAME} (?P<not>not )?in force", _in_force),
    (rf"{_NAME} (?P<not>not )?in register (?P<name>{_WORD})", _register),
)
_STATEMENTS = tuple((re.compile(pattern), look) for pattern, look in OF_STATEMENTS)
_WAITS = re.compile(rf"{_NAME} waits for (?P<slot>[a-z/]+)")
_STANDS = re.compile(rf"{_NAME} stands as (?P<state>draft|held-back|queued|logged|held|closed)")
_CALLS = re.compile(rf"{_NAME} calls (?P<role>[a-z]+)")
_PROOF = re.compile(rf"(?P<party>ARC|BOR) sees {_NAME} as (?P<state>unproved|asked|proved|disowned)")
_LINE = re.compile(r"(?P<party>ARC|BOR) line is (?P<state>up|degraded|down)")
_ALARM = re.compile(rf"(?P<party>ARC|BOR) (?P<not>no )?alarm (?P<code>{_WORD})")
BY_NODES: Final = frozenset({_clock, _rung, _no_answer, _register})
"""What the nodes alone say at any time."""


def subject_of(sentence: str) -> str | None:
    """The name of the statement that a sentence is about, or None."""
    for pattern in (_WAITS, _STANDS, _CALLS, _PROOF, *(pattern for pattern, _ in _STATEMENTS)):
        match = pattern.fullmatch(sentence)
        if match is not None:
            return match["subject"]
    return None


def is_sentence(sentence: str) -> bool:
    """Whether it has one of the forms."""
    return subject_of(sentence) is not None or any(form.fullmatch(sentence) for form in (_LINE, _ALARM))


def differing(sentence: str, stage: Stage, subject: Subject | None) -> list[_Found]:
    """Look whether a sentence is true.

    Args:
        sentence: of one of the forms.
        stage: where it is played.
        subject: the statement it is about, or None where it is about none.

    Returns:
        Who sees it otherwise, with what they see and what was expected; empty where it is true.
    """
    if match := _LINE.fullmatch(sentence):
        seen = stage.line_state(match["party"])
        return [] if seen == match["state"] else [(match["party"], f"line {seen}", match["state"])]
    if match := _ALARM.fullmatch(sentence):
        raised = stage.alarms(match["party"])
        if (match["code"] in raised) == (match["not"] is None):
            return []
        return [(match["party"], ", ".join(raised) or "no alarm", f"{match['not'] or ''}{match['code']}")]
    if subject is None:
        return [("the scenario", "nothing of that name", sentence)]
    if match := _WAITS.fullmatch(sentence):
        fits = subject.state == "draft" and match["slot"] in subject.missing
        seen = f"{subject.state}, waiting for {', '.join(subject.missing) or 'nobody'}"
        return [] if fits else [(subject.voice, seen, match["slot"])]
    if match := _STANDS.fullmatch(sentence):
        return [] if subject.state == match["state"] else [(subject.voice, subject.state, match["state"])]
    if match := _PROOF.fullmatch(sentence):
        proof = None if subject.index is None else stage.proof(match["party"], subject.voice, subject.index)
        return [] if proof == match["state"] else [(match["party"], proof or "no proof asked for", match["state"])]
    if match := _CALLS.fullmatch(sentence):
        roles = stage.called(subject.voice, subject.id) if subject.state == "draft" else ()
        return [] if match["role"] in roles else [(subject.voice, ", ".join(roles) or "nobody called", match["role"])]
    return _of_statement(sentence, stage, subject)


def _of_statement(sentence: str, stage: Stage, subject: Subject) -> list[_Found]:
    found = []
    for pattern, look in _STATEMENTS:
        match = pattern.fullmatch(sentence)
        if match is None:
            continue
        for observer in stage.observers:
            if observer == AUDITOR and look in BY_NODES:
                continue
            seen = None if subject.index is None else stage.see(observer, subject.voice, subject.index)
            if seen is None:
                found.append((observer, f"nothing of it ({subject.state})", sentence))
                continue
            what, expected = look(seen, match)
            if what != expected:
                found.append((observer, str(what), str(expected)))
        break
    return found
