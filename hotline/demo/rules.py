"""The rules of the demonstration, as data.

The record of past incidents has names, dates, classes and sectors. What a ministry would add in the night (how grave it
is, how urgent, whom it asks) is decided here by tables, so that everybody can see that nothing is judged by hand and
that no rule looks at a state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

COUNT_DEFAULT: Final = 40


@dataclass(frozen=True, slots=True)
class Actor:
    """One of the two invented parties.

    Attributes:
        short: as in serials.
        name: on its letterhead.
        domain: what its logs are named under; nothing is looked up there.
    """

    short: str
    name: str
    domain: str


ARC: Final = Actor("ARC", "Arcadia", "mfa.arcadia.example")
BOR: Final = Actor("BOR", "Borealia", "mfa.borealia.example")
PARTIES: Final = (ARC, BOR)
"""The side that notifies alternates: the first incident is told by the first of them, the second by the second."""

OFFICERS: Final = ("duty", "release", "senior")
"""Each is the name of an officer's home and that officer's only role."""

BEAT_MS: Final = 1_000
ARRIVAL_AFTER_MS: Final = 300
OFFSET_ALARM_MS: Final = 2_000

TWO_PERSONS_FROM_SEVERITY: Final = 4
"""From this severity on, and for every flash, the agreement asks for two persons."""

PRECEDENCE: Final = ("routine", "routine", "priority", "priority", "immediate", "immediate")
"""Precedence by severity. One notification of each run, the gravest of its first half, goes as flash."""

SOURCES: Final = {
    "attack": ("MITRE ATT&CK v18.1", "B2"),
    "vcdb": ("VERIS Community Database", "C3"),
}
"""Name and Admiralty grade of each source of the record."""

ROUTES: Final = ("quiet", "answered", "update", "partly", "correction", "declined", "quiet", "not-known")
"""What follows a notification, in turn."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the state of the answer it gets.

    Attributes:
        text: what is asked.
        state: answered, partly, not-known or declined.
        answer: what comes back; `{first}`, `{last}`, `{first_fidelity}`, `{last_fidelity}`, `{source}` and `{grade}`
            are filled from the record.
    """

    text: str
    state: str
    answer: str


HOW_EXACT: Final = Question(
    "How exactly is the time of the activity known?",
    "answered",
    "Its beginning to the {first_fidelity}: {first}. Its end to the {last_fidelity}: {last}.",
)
WHOSE_WORD: Final = Question(
    "On whose word does this rest?",
    "answered",
    "On one public source, {source}, which we grade {grade}. Nothing of our own confirms it.",
)
WHICH_SYSTEMS: Final = Question("Which of your systems were concerned?", "declined", "")
STILL_ACTIVE: Final = Question(
    "Has the same actor been seen since?", "not-known", "The record ends there; we have looked no further."
)

ASKED: Final = {
    "answered": (HOW_EXACT, WHOSE_WORD),
    "partly": (HOW_EXACT, WHICH_SYSTEMS),
    "declined": (WHICH_SYSTEMS,),
    "not-known": (STILL_ACTIVE,),
}
"""Questions by route. A response's outcome is the route's name; `declined` is answered by a refusal."""
