"""What a step of a scenario says, as its author's client makes it: composed, sealed, and by whom it is signed.

Source: spec/scenarios.md, "Playing".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hotline.composing import Letter, choice_of, find_kind
from hotline.desk import Channel, Officer, Spoken
from hotline.guards import check_quotes
from hotline.scenarios.errors import Misspelt
from hotline.scenarios.filling import fill
from hotline.scenarios.scenario import Scenario, Step
from hotline.scenarios.script import span_ms
from hotline.scenarios.stage import Stage
from hotline.sending import make, place_of
from hotline.templates import Held, follow, mark
from hotline.zulu import zulu
from nodes.signed import SignedStatement
from protocol.authority import missing_slots, slots_needed
from protocol.kinds import Kind
from protocol.statement import Statement
from protocol.template import Template

OFFICERS = ("duty", "release", "senior", "legal", "technical", "duty-2", "release-2", "senior-2")
"""Whoever signs where a step names nobody, in the order in which they are asked."""


@dataclass(slots=True)
class Said:
    """A statement of the scenario.

    Attributes:
        step: that said it.
        signed: it, with the signatures it has so far.
        outcome: as the node gives it.
        values: by field.
    """

    step: Step
    signed: SignedStatement
    outcome: Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def index(self) -> int | None:
        """Its place in its author's log, once it has one."""
        serial = self.outcome.get("serial")
        return None if serial is None else int(str(serial).split()[1])

    @property
    def statement(self) -> Statement:
        """Its header."""
        return Statement.parse(self.signed.statement)


@dataclass(frozen=True, slots=True)
class _Node:
    """A party's node, as the guards of its officers' clients ask it."""

    stage: Stage
    party: str

    def request(self, op: str, **arguments: Any) -> Any:
        """Ask it."""
        return self.stage.ask(self.party, op, **{k: v for k, v in arguments.items() if k != "counterpart"})


class Letters:
    """Makes what the steps of one playing say.

    Args:
        scenario: which, for errors.
        stage: where it is played.
        said: by name, what was said so far.
    """

    def __init__(self, scenario: Scenario, stage: Stage, said: Mapping[str, Said]) -> None:
        self.scenario = scenario
        self.stage = stage
        self.said = said

    def _letter(self, step: Step, kind: Kind, replied: Spoken | None) -> Letter:
        stage, now_ms = self.stage, self.stage.now_ms(step.party)
        letter, given = Letter(kind=kind, values={}), self._timed(step, dict(step.fields))
        held = self._template(step)
        if held is not None:
            follow(letter, held, step.slots, catalogue=stage.catalogue, now_ms=now_ms)
        filled = fill(kind, {**letter.values, **given}, stage.catalogue, now_ms=now_ms)
        values = {name: value for name, value in filled.items() if name in given or name not in letter.values}
        for name, text in step.header.items():
            if name.endswith(("_at", "_by", "_until")):
                text = zulu(self._moment(step, text))
            letter.choices = choice_of(name, text, now_ms=now_ms).over(letter.choices)
        if kind.severity == "required" and letter.choices.severity is None:
            letter.choices = replace(letter.choices, severity=2)
        for name, value in values.items():
            where = f"step {step.number}"
            letter.set_value(name, value, where=where, catalogue=stage.catalogue, now_ms=now_ms)
        for name, value in self._timed(step, dict(step.facts)).items():
            letter.set_fact(name, str(value).lower() if isinstance(value, bool) else str(value), now_ms=now_ms)
        if held is not None:
            mark(letter, held)
        statement = None if replied is None else replied.statement
        letter.check(stage.catalogue, now_ms=now_ms, replied=None if statement is None else statement.facts)
        return letter

    def _template(self, step: Step) -> Held | None:
        """The template that a step follows, as its author's client finds it in the register."""
        spoken = self.spoken(step, step.template)
        if spoken is None:
            return None
        said = self.said[step.template]
        return Held(
            serial=spoken.serial,
            leaf=spoken.leaf,
            party=spoken.voice,
            until_ms=said.statement.valid_until_ms,
            status=said.statement.status,
            template=Template.read(said.values),
        )

    def _moment(self, step: Step, text: str) -> int:
        """A time of a step: `+2h` or `-2h` from when its party does it."""
        try:
            span = span_ms(text[1:]) / self.stage.pace
        except ValueError as error:
            raise Misspelt(self.scenario.name, step.number, f"a time is written +2h or -2h, not {text!r}") from error
        return self.stage.now_ms(step.party) + int(span if text[0] == "+" else -span)

    def _timed(self, step: Step, value: Any) -> Any:
        """Values in which `@+2h` stands for a time."""
        if isinstance(value, dict):
            return {key: self._timed(step, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._timed(step, item) for item in value]
        if isinstance(value, str) and value.startswith(("@+", "@-")):
            return zulu(self._moment(step, value[1:]))[:19] + "Z"
        return value

    def make(self, step: Step) -> tuple[Letter, Channel, SignedStatement]:
        """Compose what a step says; nothing of it is signed."""
        kind = find_kind(step.what, self.stage.catalogue)
        channel = self.stage.channel(step.party)
        replied = self.spoken(step, step.to)
        place = place_of(
            kind,
            reply_to=replied,
            thread=self.spoken(step, step.thread),
            own=step.party,
        )
        letter = self._letter(step, kind, replied)
        check_quotes(_Node(self.stage, step.party), channel, letter, allowed=False)
        composed = make(letter, place, channel, now_ms=channel.now_ms, emergency=step.emergency)
        signed = SignedStatement(statement=composed.statement_bytes, signatures=(), body=composed.body)
        return letter, channel, signed

    def spoken(self, step: Step, name: str) -> Spoken | None:
        """What was said under a name, as the step's party has it; None for no name."""
        if not name:
            return None
        said = self.said[name]
        if said.index is None:
            raise Misspelt(self.scenario.name, step.number, f"{name} has no place in a log yet")
        return self.stage.spoken(step.party, said.step.party, said.index)

    def officers(self, step: Step, kind: Kind, channel: Channel, signed: SignedStatement) -> list[Officer]:
        """Whoever signs: those that the step names, or the first that fill every place."""
        if step.persons:
            return [self.officer(step, name) for name in step.persons]
        header = Statement.parse(signed.statement)
        needs = slots_needed(channel.agreement, kind, header.severity, header.precedence, header.facts)
        chosen: list[Officer] = []
        signers: list[tuple[int, str]] = []
        for name in OFFICERS:
            try:
                officer = self.stage.officer(step.party, name)
            except KeyError:
                continue
            role = name.partition("-")[0]
            with_them = missing_slots(needs, [*signers, (officer.number, role)])
            if len(with_them) < len(missing_slots(needs, signers)):
                chosen.append(officer)
                signers.append((officer.number, role))
        return chosen

    def officer(self, step: Step, name: str) -> Officer:
        """One officer of the step's party."""
        try:
            return self.stage.officer(step.party, name)
        except KeyError as error:
            raise Misspelt(self.scenario.name, step.number, f"{step.party} has no officer {name!r}") from error
