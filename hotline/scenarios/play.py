"""Playing a scenario on a stage: each step is done at its time, and what is expected is looked at.

Statements are made as the command line makes them: by the officer's client, from the catalogue, sealed and signed
there. A step that names no persons is signed by as many as the agreement asks for.

Source: spec/scenarios.md, "Playing".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from hotline.composing import find_kind
from hotline.errors import HotlineError
from hotline.scenarios.errors import Differs, Misspelt
from hotline.scenarios.letters import Letters, Said
from hotline.scenarios.scenario import Scenario, Step
from hotline.scenarios.script import span_ms
from hotline.scenarios.sentences import Subject, differing, is_sentence, subject_of
from hotline.scenarios.stage import Audited, Declined, Stage, Unplayable
from hotline.scenarios.terms import amended
from hotline.sending import sign
from nodes.signed import SignedStatement
from protocol.errors import ProtocolError
from protocol.governance import AMEND, COUNTERSIGN
from protocol.signature import Signature
from protocol.statement import Statement

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
        self.letters = Letters(scenario, stage, self.said)
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
            "roots": self._roots,
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

    def _send(self, step: Step) -> str:
        letter, channel, signed = self.letters.make(step)
        kind = letter.kind
        officers = self.letters.officers(step, kind, channel, signed)
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

    def _sign(self, step: Step) -> str:
        said = self._said(step)
        channel = self.stage.channel(step.party)
        header, kind = said.statement, find_kind(said.statement.kind, self.stage.catalogue)
        officers = [self.letters.officer(step, name) for name in step.persons]
        made = sign(header, said.signed.statement, kind, channel, officers, already=said.signed.signatures)
        for signature in made:
            said.outcome = self.stage.sign_draft(step.party, header.id.hex(), signature)
            said.signed = replace(said.signed, signatures=(*said.signed.signatures, signature))
        return f"{kind.label()} {said.outcome.get('serial') or said.outcome['state']}"

    def _put(self, step: Step) -> str:
        """A draft that a program makes: nobody has signed it."""
        letter, _, signed = self.letters.make(step)
        outcome = self.stage.put(step.party, signed)
        self._keep(step, Said(step, signed, outcome))
        return f"{letter.kind.label()} {outcome['state']}, put in by a program"

    def _decide(self, step: Step) -> str:
        """Refuse, cancel, check or review: an act for the party's own journal, signed by the one who decides."""
        said = self._said(step)
        if len(step.persons) != 1:
            raise Misspelt(self.scenario.name, step.number, "one person decides")
        op, kind = DECISIONS[step.verb]
        officer = self.letters.officer(step, step.persons[0])
        self.stage.decide(step.party, op, officer, said.signed, (kind, step.facts, step.reason or None))
        return f"{step.persons[0]} of {step.party} says {step.verb}: {step.reason}"

    def _said(self, step: Step) -> Said:
        if step.what not in self.said:
            raise Misspelt(self.scenario.name, step.number, f"nothing said before is called {step.what!r}")
        return self.said[step.what]

    def _forge(self, step: Step) -> str:
        """What a node logs past its own checks: signed by those whom the step names, and by nobody else."""
        letter, channel, signed = self.letters.make(step)
        kind = letter.kind
        signatures: tuple[Signature, ...] = ()
        if step.persons:
            officers = [self.letters.officer(step, name) for name in step.persons]
            signatures = sign(Statement.parse(signed.statement), signed.statement, kind, channel, officers)
        signed = SignedStatement(statement=signed.statement, signatures=signatures, body=signed.body)
        index = self.stage.forge(step.party, signed)
        self._keep(step, Said(step, signed, {"serial": f"{step.party} {index}", "state": "logged", "missing": ()}))
        return f"{kind.label()} {step.party} {index}, past every check of its node"

    def _roster(self, step: Step) -> str:
        match step.what.split():
            case ["without", name]:
                self.stage.dismiss(step.party, name)
                return f"the roots of {step.party} sign a roster without {name}"
            case ["revoking", name, "since", first] if (said := self.said.get(first)) and said.index is not None:
                self.stage.revoke(step.party, name, said.index)
                return f"the roots of {step.party} give {name} another key; the old one is not trusted since {first}"
        text = "a roster is changed by `roster without NAME`, or by `roster revoking NAME since STATEMENT`"
        raise Misspelt(self.scenario.name, step.number, text)

    def _roots(self, step: Step) -> str:
        word, _, number = step.what.partition(" ")
        if word != "without" or not number.isdigit():
            raise Misspelt(self.scenario.name, step.number, "roots are changed by `roots without NUMBER`")
        fresh = self.stage.replace_root(step.party, int(number))
        return f"root {fresh} of {step.party} takes the place of root {number}"

    # --- the agreement and the rosters ----------------------------------------------------------------------------

    def _amend(self, step: Step) -> str:
        """Another text of the agreement, on the one that the party has in force."""
        base = self.stage.channel(step.party).agreement
        changed = amended(base, step.terms, scenario=self.scenario.name, step=step.number, pace=self.stage.pace)
        text = replace(changed, founding=base.founding or base.digest, amends=base.digest).text
        return self._enact(step, AMEND, text, None)

    def _countersign(self, step: Step) -> str:
        named = self._said(step)
        said = self.letters.spoken(step, step.what)
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
