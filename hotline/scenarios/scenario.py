"""A scenario: its steps, and what it shows.

Source: spec/scenarios.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

PARTIES: Final = ("ARC", "BOR")
VERBS: Final = (
    "send",
    "draft",
    "sign",
    "refuse",
    "cancel",
    "check",
    "review",
    "put",
    "forge",
    "amend",
    "countersign",
    "roster",
    "roots",
    "line",
    "node",
    "clock",
    "wait",
)
SIMULATED: Final = {"forge": "a node in it was tampered with", "clock": "a clock in it is turned"}
"""Verbs that no two nodes as they are can play, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step.

    Attributes:
        number: from 1, as errors name it.
        at_ms: milliseconds after the beginning, in the agreement's time.
        party: who acts; empty where nobody does.
        persons: names of the officers who act, such as `duty`; empty for as many as the authority needs.
        verb: one of VERBS.
        what: what the verb is about: a kind, a name, `down` or `up`, a span.
        name: how later steps call what is said here; empty for nothing.
        to: name of the statement it answers; empty for none.
        thread: name of a statement whose thread it continues; empty for none.
        header: choices of the header by name; times are text relative to the step.
        emergency: whether one person releases it by the agreement's emergency clause.
        template: name of a template-register statement that it follows; empty for none.
        slots: what fills the template, by slot.
        fields: values by field; what the kind needs and is not here is filled in.
        facts: header facts by name.
        terms: of an amendment: TOML text of what is different.
        reason: why something is refused or cancelled.
        refused: code with which the step is refused; empty where it must be taken.
        expect: sentences that must be true when the step is done.
    """

    number: int
    at_ms: int
    party: str = ""
    persons: tuple[str, ...] = ()
    verb: str = "wait"
    what: str = ""
    name: str = ""
    to: str = ""
    thread: str = ""
    header: Mapping[str, str] = field(default_factory=dict)
    emergency: bool = False
    template: str = ""
    slots: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    terms: str = ""
    reason: str = ""
    refused: str = ""
    expect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario.

    Attributes:
        name: of its file, without the ending.
        title: one line.
        about: what it shows, for people.
        rows: rows of the catalogue's table that it covers.
        outcomes: outcomes of procedures that it covers, as `request partly`.
        rests_on: what it cannot do without; each is taken away in turn by the tests, and then it must fail.
        seconds: how long it should take where people watch.
        simulated: it needs the days of a calendar, which nobody divides.
        under: `usual`, or `model` for the model agreement.
        agreement: TOML text of the terms that differ from the usual ones, named as in an agreement.
        verdict: of the audit in the end.
        found: codes of findings that the audit must have among its own.
        steps: in order.
    """

    name: str
    title: str
    about: str
    rows: tuple[str, ...]
    outcomes: tuple[str, ...]
    rests_on: tuple[str, ...]
    seconds: int
    simulated: bool
    under: str
    agreement: str
    verdict: str
    found: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def watchable(self) -> bool:
        """Whether two nodes as they are can play it."""
        return not self.simulator_only

    @property
    def simulator_only(self) -> str:
        """Why only the simulator plays it; empty where two nodes as they are can."""
        reasons = ["it needs the days of a calendar"] if self.simulated else []
        verbs = {step.verb for step in self.steps}
        reasons += [why for verb, why in SIMULATED.items() if verb in verbs]
        return ", and ".join(reasons)

    @property
    def length_ms(self) -> int:
        """From the first step to the last."""
        return self.steps[-1].at_ms
