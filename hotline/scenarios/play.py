"""Playing a scenario on a stage: each step is done at its time, and what is expected is looked at.

Statements are made as the command line makes them: by the officer's client, from the catalogue, sealed and signed
there. A step that names no persons is signed by as many as the agreement asks for.

Source: spec/scenarios.md, "Playing".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from hotline.composing import Letter, choice_of, find_kind
from hotline.desk import Channel, Officer, Spoken
from hotline.errors import HotlineError
from hotline.guards import check_quotes
from hotline.scenarios.errors import Differs, Misspelt
from hotline.scenarios.filling import fill
from hotline.scenarios.scenario import Scenario, Step
from hotline.scenarios.script import span_ms
from hotline.scenarios.sentences import Subject, differing, is_sentence, subject_of
from hotline.scenarios.stage import Audited, Declined, Stage, Unplayable
from hotline.scenarios.terms import amended
from hotline.sending import make, place_of, sign
from hotline.templates import Held, follow, mark
from hotline.zulu import zulu
from nodes.signed import SignedStatement
from protocol.authority import missing_slots, slots_needed
from protocol.errors import ProtocolError
from protocol.governance import AMEND, COUNTERSIGN
from protocol.kinds import Kind
from protocol.signature import Signature
from protocol.statement import Statement
from protocol.template import Template

OFFICERS = ("duty", "release", "senior", "legal", "technical", "duty-2", "release-2", "senior-2")
"""Whoever signs where a step names nobody, in the order in which they are asked."""


DECISIONS: Final = {
    "refuse": ("stop", "refusal"),
    "cancel": ("stop", "release-cancel"),
    "check": ("check", "hold-check"),
    "review": ("review", "emergency-review"),
}
"""By verb: the operation of the local API, and the kind of the act in the journal."""


class Teller(Protocol):
    """Is told what happens, for people."""

    def step(self, step: Step, text: str, said: Said | None) -> None:
        """A step was done."""

    def expected(self, sentence: str) -> None:
        """A sentence is true."""


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


class Play:
    """One playing of one scenario.

    Args:
        scenario: which.
        stage: where.
        teller: told what happens, or None.
    """

    def __init__(self, scenario: Scenario, stage: Stage, teller: Teller | None = None) -> None:
        self.scenario = scenario
        self.stage = stage
        self.said: dict[str, Said] = {}
        self._teller = teller
        self._does: dict[str, Callable[[Step], str]] = {
            "send": self._send,
            "draft": self._send,
            "sign": self._sign,
            "put": self._put,
            "refuse": self._decide,
            "cancel": self._decide,
            "check": self._decide,
            "review": self._decide,
            "forge": self._forge,
            "amend": self._amend,
            "countersign": self._countersign,
            "roster": self._roster,
            "line": self._line,
            "node": self._node,
            "clock": self._clock,
            "wait": lambda step: "time goes by",
        }

    def run(self) -> Audited:
        """Play it to the end, and have it audited.

        Raises:
            Differs: something came out otherwise than expected.
            Misspelt: the script asks for what there is not.
            Unplayable: this stage cannot play it.
        """
        self.perform()
        audited = self.stage.audit()
        last = self.scenario.steps[-1].number
        if audited.verdict != self.scenario.verdict:
            found = "; ".join(f"{code}: {text}" for code, text in audited.findings if code in audited.codes)
            raise Differs(self.scenario.name, last, f"the audit's verdict is {audited.verdict} ({found})")
        if missing := [code for code in self.scenario.found if code not in dict(audited.findings)]:
            codes = ", ".join(sorted(dict(audited.findings)))
            raise Differs(
                self.scenario.name, last, f"the audit does not find {missing[0]}; it finds {codes or 'nothing'}"
            )
        return audited

    def perform(self) -> None:
        """Do every step at its time.

        Raises:
            Differs, Misspelt, Unplayable: as `run`.
        """
        for step in self.scenario.steps:
            self.stage.until(step.at_ms)
            self.play(step)

    def play(self, step: Step) -> None:
        """Do one step, and look at what it expects."""
        name = self.scenario.name
        doing = self._does.get(step.verb)
        if doing is None:
            raise Misspelt(name, step.number, f"nobody here can {step.verb}")
        try:
            text = doing(step)
        except (Declined, HotlineError, ProtocolError) as error:
            if error.code != step.refused:
                expected = f"expected {step.refused}" if step.refused else "expected to be taken"
                raise Differs(name, step.number, f"refused with {error.code}: {error}; {expected}") from error
            text = f"refused: {error.code}"
        else:
            if step.refused:
                raise Differs(name, step.number, f"it was taken, and should be refused with {step.refused}")
        if self._teller is not None:
            self._teller.step(step, text, self.said.get(step.name))
        self.stage.settle()
        for sentence in step.expect:
            self._look(step, sentence)

    def _look(self, step: Step, sentence: str) -> None:
        name = self.scenario.name
        if not is_sentence(sentence):
            raise Misspelt(name, step.number, f"no sentence that is understood: {sentence!r}")
        called, subject = subject_of(sentence), None
        if called is not None:
            if called not in self.said:
                raise Misspelt(name, step.number, f"nothing said before is called {called!r}")
            subject = self._subject(self.said[called])
        found = differing(sentence, self.stage, subject)
        if found:
            who = "; ".join(f"{observer} sees {seen}" for observer, seen, _ in found)
            raise Differs(name, step.number, f"{sentence!r} is not so: {who}")
        if self._teller is not None:
            self._teller.expected(sentence)

    def _subject(self, said: Said) -> Subject:
        party, statement_id = said.step.party, said.statement.id
        try:
            said.outcome = self.stage.outcome(party, statement_id)
        except Declined:
            return Subject(party, statement_id, None, (), "closed")
        missing = tuple(said.outcome.get("missing") or ())
        return Subject(party, statement_id, said.index, missing, said.outcome["state"])

    # --- saying -------------------------------------------------------------------------------------------------------

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
        spoken = self._spoken(step, step.template)
        if spoken is None:
            return None
        said = self.said[step.template]
        return Held(
            serial=spoken.serial,
            leaf=spoken.leaf,
            party=spoken.voice,
            until_ms=said.statement.valid_until_ms,
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

    def _made(self, step: Step) -> tuple[Letter, Channel, SignedStatement]:
        """Compose what a step says; nothing of it is signed."""
        kind = find_kind(step.what, self.stage.catalogue)
        channel = self.stage.channel(step.party)
        replied = self._spoken(step, step.to)
        place = place_of(
            kind,
            reply_to=replied,
            thread=self._spoken(step, step.thread),
            own=step.party,
        )
        letter = self._letter(step, kind, replied)
        check_quotes(_Node(self.stage, step.party), channel, letter, allowed=False)
        composed = make(letter, place, channel, now_ms=channel.now_ms, emergency=step.emergency)
        signed = SignedStatement(statement=composed.statement_bytes, signatures=(), body=composed.body)
        return letter, channel, signed

    def _spoken(self, step: Step, name: str) -> Spoken | None:
        if not name:
            return None
        said = self.said[name]
        if said.index is None:
            raise Misspelt(self.scenario.name, step.number, f"{name} has no place in a log yet")
        return self.stage.spoken(step.party, said.step.party, said.index)

    def _send(self, step: Step) -> str:
        letter, channel, signed = self._made(step)
        kind = letter.kind
        officers = self._officers(step, kind, channel, signed)
        signatures = sign(Statement.parse(signed.statement), signed.statement, kind, channel, officers)
        signed = SignedStatement(statement=signed.statement, signatures=signatures, body=signed.body)
        outcome = self.stage.submit(step.party, signed)
        self._keep(step, Said(step, signed, outcome, letter.values))
        if step.verb == "send" and outcome["state"] == "draft":
            missing = ", ".join(outcome["missing"])
            raise Differs(self.scenario.name, step.number, f"it stays a draft that waits for {missing}")
        if step.verb == "draft" and outcome["state"] != "draft":
            raise Differs(self.scenario.name, step.number, f"it is no draft: {outcome['state']}")
        return f"{kind.label()} {outcome.get('serial') or outcome['state']}"

    def _keep(self, step: Step, said: Said) -> None:
        if step.name:
            self.said[step.name] = said

    def _officers(self, step: Step, kind: Kind, channel: Channel, signed: SignedStatement) -> list[Officer]:
        """Whoever signs: those that the step names, or the first that fill every place."""
        if step.persons:
            return [self._officer(step, name) for name in step.persons]
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

    def _officer(self, step: Step, name: str) -> Officer:
        try:
            return self.stage.officer(step.party, name)
        except KeyError as error:
            raise Misspelt(self.scenario.name, step.number, f"{step.party} has no officer {name!r}") from error

    def _sign(self, step: Step) -> str:
        said = self._said(step)
        channel = self.stage.channel(step.party)
        header, kind = said.statement, find_kind(said.statement.kind, self.stage.catalogue)
        officers = [self._officer(step, name) for name in step.persons]
        made = sign(header, said.signed.statement, kind, channel, officers, already=said.signed.signatures)
        for signature in made:
            said.outcome = self.stage.sign_draft(step.party, header.id.hex(), signature)
            said.signed = replace(said.signed, signatures=(*said.signed.signatures, signature))
        return f"{kind.label()} {said.outcome.get('serial') or said.outcome['state']}"

    def _put(self, step: Step) -> str:
        """A draft that a program makes: nobody has signed it."""
        letter, _, signed = self._made(step)
        outcome = self.stage.put(step.party, signed)
        self._keep(step, Said(step, signed, outcome))
        return f"{letter.kind.label()} {outcome['state']}, put in by a program"

    def _decide(self, step: Step) -> str:
        """Refuse, cancel, check or review: an act for the party's own journal, signed by the one who decides."""
        said = self._said(step)
        if len(step.persons) != 1:
            raise Misspelt(self.scenario.name, step.number, "one person decides")
        op, kind = DECISIONS[step.verb]
        officer = self._officer(step, step.persons[0])
        self.stage.decide(step.party, op, officer, said.signed, (kind, step.facts, step.reason or None))
        return f"{step.persons[0]} of {step.party} says {step.verb}: {step.reason}"

    def _said(self, step: Step) -> Said:
        if step.what not in self.said:
            raise Misspelt(self.scenario.name, step.number, f"nothing said before is called {step.what!r}")
        return self.said[step.what]

    def _forge(self, step: Step) -> str:
        """What a node logs past its own checks: signed by those whom the step names, and by nobody else."""
        letter, channel, signed = self._made(step)
        kind = letter.kind
        signatures: tuple[Signature, ...] = ()
        if step.persons:
            officers = [self._officer(step, name) for name in step.persons]
            signatures = sign(Statement.parse(signed.statement), signed.statement, kind, channel, officers)
        signed = SignedStatement(statement=signed.statement, signatures=signatures, body=signed.body)
        index = self.stage.forge(step.party, signed)
        self._keep(step, Said(step, signed, {"serial": f"{step.party} {index}", "state": "logged", "missing": ()}))
        return f"{kind.label()} {step.party} {index}, past every check of its node"

    def _roster(self, step: Step) -> str:
        word, _, name = step.what.partition(" ")
        if word != "without" or not name:
            raise Misspelt(self.scenario.name, step.number, "a roster is changed by `roster without NAME`")
        self.stage.dismiss(step.party, name)
        return f"the roots of {step.party} sign a roster without {name}"

    # --- the agreement and the rosters ----------------------------------------------------------------------------

    def _amend(self, step: Step) -> str:
        """Another text of the agreement, on the one that the party has in force."""
        base = self.stage.channel(step.party).agreement
        changed = amended(base, step.terms, scenario=self.scenario.name, step=step.number)
        text = replace(changed, founding=base.founding or base.digest, amends=base.digest).text
        return self._enact(step, AMEND, text, None)

    def _countersign(self, step: Step) -> str:
        named = self._said(step)
        said = self._spoken(step, step.what)
        return self._enact(step, COUNTERSIGN, named.signed.body or b"", None if said is None else said.leaf)

    def _enact(self, step: Step, kind: str, text: bytes, in_reply_to: bytes | None) -> str:
        """A document in the thread of the agreement, which is that of entry 0 of the first party."""
        thread = self.stage.spoken(step.party, self.stage.agreement.shorts[0], 0).leaf
        signed, outcome = self.stage.enact(step.party, kind, text, thread=thread, in_reply_to=in_reply_to)
        self._keep(step, Said(step, signed, outcome))
        return f"{kind} {outcome.get('serial') or outcome['state']}"

    # --- what happens to the line -------------------------------------------------------------------------------------

    def _line(self, step: Step) -> str:
        self.stage.cut(step.what == "down")
        return f"the line is {'cut' if step.what == 'down' else 'there again'}"

    def _node(self, step: Step) -> str:
        self.stage.power(step.party, step.what == "up")
        return f"the node of {step.party} is {step.what}"

    def _clock(self, step: Step) -> str:
        by_ms = span_ms(step.what[1:])
        self.stage.turn_clock(step.party, by_ms if step.what[0] == "+" else -by_ms)
        return f"the clock of {step.party} is turned by {step.what}"


__all__ = ["Play", "Said", "Teller", "Unplayable"]
