"""Amendments in a world: the roots of a party sign another text, and those of the other one countersign it.

What a world does of this it draws from a chance of its own, so that the worlds of small seeds stay what they were.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from random import Random

from nodes.line import Line
from nodes.signed import SignedStatement
from nodes.voices import sound_leaf
from protocol.agreement import Agreement
from protocol.agreement_terms import AuthorityRule, BeatTerms
from protocol.governance import AMEND, COUNTERSIGN
from protocol.statement import LogState, Statement
from protocol.tagged import digest
from protocol.verdict import index_of, voice_of
from tests.simulation import parties
from tests.simulation.people import HOLD

FAMILY = "amend"
NEW_FROM = 1 << 32
"""Seeds from here on may have amendments unasked; the smaller ones are kept, or stand in tests."""

ARMED = 0.2
STRICT = AuthorityRule(("goodwill",), (("duty", "release", "senior"),))


def armed(seed: int, forced: frozenset[str], others: frozenset[str]) -> bool:
    """Whether a world amends its agreements. Not where a log loses its end: what was agreed there is agreed anew."""
    if others & {"old-disk", "fork"}:
        return False
    return FAMILY in forced or (seed >= NEW_FROM and Random(f"amend {seed}").random() < ARMED)


def amended(base: Agreement, chance: Random, *, hold: bool) -> Agreement:
    """Another text on the same base; with `hold` what is complete may still be cancelled."""
    return replace(
        base,
        format=2,
        founding=base.founding or base.digest,
        amends=base.digest,
        notice_days=chance.randrange(1, 3_000),
        beat=BeatTerms(every_ms=base.beat.every_ms, down_after_missed=chance.randrange(2, 5)),
        release=HOLD if hold else base.release,
        rules=(STRICT, *base.rules) if chance.random() < 0.5 and STRICT not in base.rules else base.rules,
    )


def amendment(line: Line, chance: Random, *, hold: bool = False) -> SignedStatement | None:
    """What a party's roots sign of a new text; None before the logs have begun."""
    text = amended(line.agreement, chance, hold=hold).text
    return _signed(line, AMEND, text, None, chance)


def countersignature(line: Line, chance: Random) -> SignedStatement | None:
    """What a party's roots sign of the other's text; None where there is nothing to be accepted."""
    governance, shorts = line.projection.governance, line.founding.shorts
    asked = [place for place in governance.open_proposals() if shorts[voice_of(place)] != line.own]
    if not asked:
        return None
    place = chance.choice(asked)
    voice, index = shorts[voice_of(place)], index_of(place)
    text = line.voices.body(voice, index)
    reply = sound_leaf(line.voices, voice, index)
    if text is None or reply is None:
        return None
    return _signed(line, COUNTERSIGN, text, reply, chance)


def _signed(line: Line, kind: str, text: bytes, reply: bytes | None, chance: Random) -> SignedStatement | None:
    home = line.founding.shorts[0]
    if not line.store.head(home).size or not line.store.head(line.own).size:
        return None
    opener = sound_leaf(line.voices, home, 0)
    if opener is None:
        # A flipped bit: who reads it would name what is in no log.
        return None
    own, their = line.store.head(line.own), line.store.head(line.counterpart)
    pair = line.founding.shorts
    statement = Statement.parse(parties.document(line.own, pair, "agreement", text).statement)
    raw = replace(
        statement,
        kind=kind,
        id=sha256(b"amend" + chance.randbytes(16)).digest()[:16],
        agreement=line.agreement.digest,
        thread=opener,
        in_reply_to=reply,
        after=LogState(own.size, own.root),
        seen=LogState(their.size, their.root),
        body_digest=digest(text),
        body_length=len(text),
    ).encode()
    return SignedStatement(statement=raw, signatures=parties.by_roots(raw, line.own, pair), body=text)
