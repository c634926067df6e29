"""Officers: people who say things all the while, and ask again when they get no answer.

An officer has what a client has: the catalogue, the agreement, the sealing keys, a key of their own. A statement that
got no answer is submitted again, byte for byte, until it is answered: by the same node or the one that was started
after it died.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, Final

from keys.hybrid import Signer
from nodes.resources import catalogue
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.compose import Setting, compose
from protocol.signature import sign_statement
from protocol.statement import LogState, Statement
from tests.simulation import ghost, parties
from tests.simulation.disk import ChannelDisk
from tests.simulation.ghost import Said, Truth

Pair = tuple[str, str]

BETWEEN_US: Final = ghost.BETWEEN_US.decode()

FIELDS: Final[dict[str, dict[str, Any]]] = {
    "notification": {"title": BETWEEN_US, "class": "fraud:phishing", "summary": f"what is known {BETWEEN_US}"},
    "goodwill": {"message": f"good day, {BETWEEN_US}"},
    "clarification-request": {"questions": ["what happened?"], "why": "we see it too"},
    "clarification-response": {"answers": ["this happened"]},
    "holding-reply": {"reason": "we look into it"},
    "decline": {"reason": "not ours to say"},
    "retraction": {"reason": "a mistake", "explanation": "a log was misread"},
    "update": {"summary": "more is known"},
    "line-check": {},
    "acknowledge": {},
}
OPENING: Final = ("line-check", "line-check", "goodwill", "notification", "notification", "clarification-request")
ANSWERS: Final[dict[str, tuple[str, ...]]] = {
    "line-check": ("acknowledge",),
    "goodwill": ("acknowledge", "goodwill"),
    "notification": ("acknowledge", "clarification-request"),
    "clarification-request": ("acknowledge", "clarification-response", "holding-reply", "decline"),
}

TREATY_OPENING: Final = (
    "red-line-declare",
    "measure-propose",
    "measure-propose",
    "pause-propose",
    "cbm-declare",
    "line-suspend",
)
TREATY_ANSWERS: Final[dict[str, tuple[str, ...]]] = {
    "red-line-declare": ("red-line-understood", "acknowledge"),
    "cbm-declare": ("cbm-acknowledge",),
    "measure-propose": ("measure-accept", "measure-accept", "measure-reject", "holding-reply", "measure-reverse"),
    "pause-propose": ("pause-accept", "pause-end"),
    "line-suspend": ("acknowledge",),
}
TREATY_OWN: Final[dict[str, tuple[str, ...]]] = {
    "red-line-declare": ("red-line-renew", "red-line-withdraw"),
    "cbm-declare": ("cbm-renew", "cbm-lapse"),
    "measure-propose": (
        "measure-activate",
        "measure-activate",
        "measure-review",
        "measure-suspend",
        "measure-reverse",
        "withdraw",
    ),
    "pause-propose": ("pause-end", "withdraw"),
    "line-suspend": ("line-resume",),
}
"""What whoever opened a matter says of it later."""

TREATY_FACTS: Final[dict[str, dict[str, Any]]] = {"line-suspend": {"reason": "political", "forced": True}}

TREATIES: Final = 0.3
"""In how many worlds officers propose and declare as well."""

MIXED: Final = {"notification": "clarification-request", "clarification-request": "holding-reply"}
"""What continues a thread that was opened so."""
EXERCISES: Final = 0.2
"""How many of the threads that officers open are exercises."""


class Desk:
    """The officers of one party on one channel.

    Args:
        pair: the channel.
        disk: of their own node; they read the logs' states there, as a client does.
        own, their: what was really said, to choose something to answer.
        chance: of the world.
        key: gives the key of a person; keys may be replaced.
        terms: the agreement in force, as their node last told them.
        proposing: they propose and declare as well.
    """

    def __init__(
        self,
        pair: Pair,
        disk: ChannelDisk,
        own: Truth,
        their: Truth,
        chance: Random,
        key: Callable[[int], Signer],
        terms: Agreement,
        *,
        proposing: bool = False,
    ) -> None:
        self.pair = pair
        self.disk = disk
        self.own, self.their = own, their
        self.chance = chance
        self.key = key
        self.terms = terms
        self.party = disk.party
        self.proposing = proposing
        self._opening = (*OPENING, *TREATY_OPENING) if proposing else OPENING
        self._answers = ANSWERS | TREATY_ANSWERS if proposing else ANSWERS

    def statement(self, now_ms: int, *, flash: bool = False, small: bool = False) -> tuple[SignedStatement, list[int]]:
        """Make something to say.

        Returns:
            It with one signature, and the numbers of further persons who will sign it.
        """
        chance, store = self.chance, self.disk.store
        kind_name = "line-check"
        header: dict[str, Any] = {}
        held = store.head(self.disk.counterpart).size
        heard = [said for said in self.their.said[:held] if said.kind in self._answers]
        mine = [said for said in self.own.said if said.kind in TREATY_OWN] if self.proposing else []
        if mine and chance.random() < 0.35 and not small:
            said = chance.choice(mine)
            kind_name, header = self._answer(said, TREATY_OWN[said.kind])
        elif heard and chance.random() < 0.4 and not small:
            said = chance.choice(heard)
            kind_name, header = self._answer(said, self._answers[said.kind])
        elif not small:
            kind_name = chance.choice(self._opening)
            header["status"] = "exercise" if chance.random() < EXERCISES else "actual"
        signed = self._say(now_ms, kind_name, header, flash=flash)
        grave = kind_name == "notification" and header["severity"] >= 4
        return signed, [chance.choice((2, 3))] if grave else []

    def _say(self, now_ms: int, kind_name: str, header: dict[str, Any], *, flash: bool = False) -> SignedStatement:
        """A statement of a kind with one signature; what its kind asks for goes into the header."""
        chance, store = self.chance, self.disk.store
        kind = catalogue().kind(kind_name)
        assert kind is not None
        if kind.severity == "required":
            header["severity"] = chance.randrange(6)
        if kind.aware_at == "required":
            header["aware_at_ms"] = max(0, now_ms - 60_000)
        if kind.respond_by == "required":
            header["respond_by_ms"] = now_ms + 3_600_000
        if kind.valid_until == "required":
            header["valid_until_ms"] = now_ms + chance.choice((20_000, 3_600_000, 90 * 86_400_000))
        if kind.facts:
            header["facts"] = {name: TREATY_FACTS[kind.name][name] for name in TREATY_FACTS.get(kind.name, ())} or None
        if kind.outcomes:
            header["outcome"] = chance.choice(kind.outcomes)
        terms = self.terms
        own, their = store.head(self.party), store.head(self.disk.counterpart)
        made = compose(
            kind,
            Setting(
                channel=terms.channel,
                party=self.party,
                agreement=terms.digest,
                catalogue=terms.catalogue_digest,
                after=LogState(own.size, own.root),
                seen=LogState(their.size, their.root),
                recipients=parties.recipients(self.pair),
            ),
            statement_id=chance.randbytes(16),
            secret=chance.randbytes(32),
            issued_at_ms=max(0, now_ms),
            fields=FIELDS[kind_name] if kind_name in FIELDS else {kind.fields[0].name: BETWEEN_US},
            precedence="flash" if flash else None,
            **header,
        )
        return self.sign(SignedStatement(statement=made.statement_bytes, signatures=(), body=made.body), 1)

    def _answer(self, said: Said, among: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
        name = self.chance.choice(among)
        kind = catalogue().kind(name)
        assert kind is not None
        thread = said.leaf if said.thread is None else said.thread
        header: dict[str, Any] = {"in_reply_to": said.leaf}
        if kind.continues_thread:
            # That of whoever opened it: an entry between may have another.
            opened = [one.status for one in (*self.own.said, *self.their.said) if one.leaf == thread]
            header["thread"], header["status"] = thread, opened[0] if opened else said.status
        return name, header

    def sign(self, signed: SignedStatement, number: int) -> SignedStatement:
        """Add a person's signature."""
        role = {1: "duty", 2: "release", 3: "senior", 4: "duty"}[number]
        signature = sign_statement(
            signed.statement,
            channel=parties.agreement(self.pair).channel,
            party=self.party,
            signer=f"person/{number}",
            role=role,
            key=self.key(number),
        )
        return SignedStatement(statement=signed.statement, signatures=(*signed.signatures, signature), body=signed.body)

    def mixed(self, now_ms: int) -> SignedStatement | None:
        """An exercise in a thread that is none, or the other way round; None where there is nothing to answer."""
        held = self.disk.store.head(self.disk.counterpart).size
        heard = [said for said in self.their.said[:held] if said.kind in MIXED and said.thread is None]
        if not heard:
            return None
        said = self.chance.choice(heard)
        header: dict[str, Any] = {"in_reply_to": said.leaf, "thread": said.leaf}
        header["status"] = "actual" if said.status == "exercise" else "exercise"
        return self._say(now_ms, MIXED[said.kind], header)

    def unheard_of(self, now_ms: int) -> SignedStatement:
        """Something of a kind that only a later catalogue has, signed as any other."""
        made, _ = self.statement(now_ms, small=True)
        statement = replace(Statement.parse(made.statement), kind="unheard-of")
        return self.sign(SignedStatement(statement=statement.encode(), signatures=(), body=made.body), 1)
