"""The chain of agreements of a channel: from the founding one, each amendment signed by the roots of both parties.

A node gives the chain to its officers' programs, which check it from the agreement they pinned at pairing. That shows
that both parties signed each text. That it was the first to be accepted on its base is in the order of the logs, which
the node and the audit judge.

Source: spec/agreement.md, "Amendments"; spec/local-api.md, "context".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keys.quorum import RootSet
from keys.root_set import RootChain
from nodes.errors import NodeError
from nodes.rosters import RosterFileRefused, check_roots
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.governance import AMEND, COUNTERSIGN, Governance, check_amendment
from protocol.statement import Statement
from protocol.verdict import index_of, voice_of

if TYPE_CHECKING:
    from nodes.voices import VoiceReader

CHAIN_MAX = 256
"""Amendments in a chain that a program checks; nobody amends a treaty so often."""


class ChainRefused(NodeError):
    """A chain of agreements that does not hold."""


def chain_of(governance: Governance, voices: VoiceReader, shorts: tuple[str, str]) -> list[list[bytes]]:
    """The chain as it is given to officers: amendment and countersignature of each, as signed. Call it on a thread.

    Args:
        governance: as far as both logs are judged.
        voices: where the entries are.
        shorts: the parties, in the agreement's order.
    """
    accepted = [reign for reign in governance.reigns if reign.amendment >= 0 and reign.withdrawn_by is None]
    return [
        [signed_at(voices, shorts, place).encode() for place in (reign.amendment, reign.accepted)] for reign in accepted
    ]


def signed_at(voices: VoiceReader, shorts: tuple[str, str], place: int) -> SignedStatement:
    """The statement at a location, with its signatures and its body."""
    voice, index = shorts[voice_of(place)], index_of(place)
    entry = Entry.parse(voices.read(voice, index, index + 1)[0])
    return SignedStatement(statement=entry.statement, signatures=entry.signatures, body=voices.body(voice, index))


def check_chain(
    founding: Agreement, chain: Sequence[Any], roots: Mapping[str, RootChain] | None = None
) -> list[Agreement]:
    """Check a chain from the founding agreement.

    Args:
        founding: the one that was pinned.
        chain: as `chain_of` gives it, from anybody.
        roots: by party, its root sets, checked; by default the agreement's roots alone.

    Returns:
        Every agreement, the founding one first and the one in force last.

    Raises:
        ChainRefused: a step is not signed by both parties' roots, or does not follow.
    """
    found = [founding]
    sets = {short: [one.roots for one in chain_.versions] for short, chain_ in (roots or {}).items()}
    if len(chain) > CHAIN_MAX:
        raise ChainRefused("agreement-not-pinned", f"a chain of more than {CHAIN_MAX} amendments")
    for step in chain:
        base = found[-1]
        try:
            asked, accepted = (SignedStatement.parse(data) for data in step)
            found.append(check_step(base, asked, accepted, sets))
        except (NodeError, ProtocolError, TypeError, ValueError) as error:
            text = f"the amendment after {base.digest.hex()[:16]} does not hold: {error}"
            raise ChainRefused("agreement-not-pinned", text) from error
    return found


def check_step(
    base: Agreement,
    asked: SignedStatement,
    accepted: SignedStatement,
    sets: dict[str, list[RootSet]] | None = None,
) -> Agreement:
    """Check one amendment with its countersignature.

    Args:
        base: what it takes the place of.
        asked, accepted: the two.
        sets: by party, the root sets that may have signed, oldest first; those before the one that did are taken out,
            because what follows was not signed by an earlier one.

    Raises:
        NodeError: the roots of a party did not sign.
        ProtocolError: the text cannot take the place of the base.
        ValueError: they are of one party, or of two texts.
    """
    parties = [parse_party(one) for one in (asked, accepted)]
    if sorted(parties) != sorted(base.shorts) or asked.body != accepted.body:
        raise ValueError("not the same text by both parties")
    for party, signed, kind in ((parties[0], asked, AMEND), (parties[1], accepted, COUNTERSIGN)):
        _check_any(base, party, signed, kind, (sets or {}).setdefault(party, [base.party(party).roots]))
    return check_amendment(asked.body or b"", base)


def _check_any(base: Agreement, party: str, signed: SignedStatement, kind: str, sets: list[RootSet]) -> None:
    """One of these root sets signed. Which one was in force is in the order of the logs, like the amendment's place."""
    while True:
        try:
            check_roots(base, party, signed, kind, sets[0])
        except RosterFileRefused:
            if len(sets) == 1:
                raise
            del sets[0]
        else:
            return


def parse_party(signed: SignedStatement) -> str:
    """Short name of the party that a statement is by, as it says itself."""
    return Statement.parse(signed.statement).party
