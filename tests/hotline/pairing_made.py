"""What the cases of pairing are made of: two cards, the terms, and what each party signs."""

from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import Any

from hotline.documents import AGREEMENT, ROSTER
from hotline.pairing_files import Offer, SignedTerms
from hotline.terms import Terms
from keys import roster as rosters
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.words import WORDS
from nodes.signed import SignedStatement
from protocol import canonical
from protocol.agreement import Agreement
from protocol.agreement_terms import Party
from protocol.statement import EMPTY_LOG, Statement
from protocol.tagged import digest
from tests.builders import DOMAINS, START_MS, hybrid, make_agreement, make_roster, roots, seed
from tests.vector_world import Kept, vector_catalogue

ROOTS = {"ARC": (1,), "BOR": (1, 2)}
"""Roots that sign: ARC has one, BOR two, of which both must."""

Changes = dict[str, Any]


@dataclass(kw_only=True)
class Came:
    """One case.

    Attributes:
        form: `offer`, `answer` or `final`.
        data: the file.
        code: of the refusal; None where it is accepted.
        kept: name of the case whose file its reader sent before.
        heard: how the other side reads the words out; None where nothing was compared.
    """

    form: str
    data: bytes
    code: str | None = None
    kept: str | None = None
    heard: str | None = None


def read_out(how: str, words: list[str]) -> list[str]:
    """What the other side is heard to say."""
    match how:
        case "capitals":
            return [word.upper() for word in words]
        case "another last word":
            return [*words[:-1], next(word for word in WORDS if word != words[-1])]
        case _:
            return words[:-1]


@dataclass(slots=True)
class Desk:
    """What the files are made of; every part of them that is large and comes again is remembered.

    Attributes:
        kept: signatures of earlier runs.
        parts: texts, keys and signatures.
    """

    kept: Kept
    parts: dict[bytes, None] = field(default_factory=dict)

    def party(self, short: str) -> Party:
        """A party's card."""
        named = {one.short: one.name for one in make_agreement().parties}
        keys = roots(short).keys[: len(ROOTS[short])]
        self.parts |= dict.fromkeys(key.raw for key in keys)
        return Party(short, named[short], DOMAINS[short], RootSet(len(keys), keys))

    def agreement(self, **changes: Any) -> Agreement:
        """The agreement of both."""
        known = vector_catalogue()
        terms: Changes = {
            "parties": (self.party("ARC"), self.party("BOR")),
            "catalogue_version": known.version,
            "catalogue_digest": known.digest,
        }
        return make_agreement(**{**terms, **changes})

    def terms(self, **changes: Any) -> Terms:
        """What ARC offers."""
        agreement = self.agreement()
        same = {item.name: getattr(agreement, item.name) for item in fields(Terms)}
        return Terms(**{**same, **changes})

    def offer(self, **changes: Any) -> bytes:
        """ARC's offer."""
        made: Changes = {
            "party": self.party("ARC"),
            "terms": self.terms(),
            "endpoints": ("line.arcadia.example:7443", "[2001:db8::1]:7443"),
        }
        return Offer(**{**made, **changes}).encode()

    def document(
        self,
        kind: str,
        text: bytes,
        *,
        agreement: Agreement,
        party: str,
        numbers: tuple[int, ...] | None = None,
        **header: Any,
    ) -> SignedStatement:
        """A document as a party's roots sign it."""
        made: Changes = {
            "channel": agreement.channel,
            "party": party,
            "kind": kind,
            "id": seed(f"pairing {party} {kind}", 16),
            "status": "actual",
            "precedence": "routine",
            "issued_at_ms": START_MS,
            "catalogue": agreement.catalogue_digest,
            "language": "en",
            "after": EMPTY_LOG,
            "seen": EMPTY_LOG,
            "body_digest": digest(text),
            "body_length": len(text),
        }
        # The name `agreement` is taken by the one that the roots are of.
        made["agreement"] = header.pop("under", agreement.digest)
        statement = Statement(**{**made, **header})
        data = statement.encode()
        signatures = tuple(
            self.kept.sign(
                data,
                channel=statement.channel,
                party=party,
                signer=f"root/{number}",
                role="root",
                key=hybrid(f"{party} {number}", KeyRole.ROOT),
            )
            for number in (ROOTS[party] if numbers is None else numbers)
        )
        self.parts |= dict.fromkeys([text, data, *(one.value for one in signatures)])
        return SignedStatement(statement=data, signatures=signatures, body=text)

    def roster(self, party: str, agreement: Agreement) -> rosters.Roster:
        """A party's first roster. Nobody is in it, which keeps it small."""
        return make_roster(party, agreement, people=())

    def signed(self, party: str, **changes: Any) -> SignedTerms:
        """What a party signs, in an answer or a final file to nothing."""
        agreement = self.agreement()
        made: Changes = {
            "refers_to": bytes(32),
            "agreement": self.document(AGREEMENT, agreement.text, agreement=agreement, party=party),
            "roster": self.document(
                ROSTER, rosters.render(self.roster(party, agreement)), agreement=agreement, party=party
            ),
            "endpoints": ("hotline.borealia.example:7443",) if party == "BOR" else ("line.arcadia.example:7443",),
        }
        return SignedTerms(**{**made, **changes})

    def answer(self, **changes: Any) -> bytes:
        """BOR's answer."""
        return self.signed("BOR", **{"refers_to": sha256(self.offer()).digest(), **changes}).encode(final=False)

    def final(self, **changes: Any) -> bytes:
        """ARC's final file."""
        return self.signed("ARC", **{"refers_to": self.agreement().digest, **changes}).encode(final=True)


def items_of(data: bytes) -> list[Any]:
    """The items of a file."""
    value = canonical.decode(data, bytes_max=1 << 20)
    assert isinstance(value, list)
    return value


def with_item(data: bytes, at: int, value: object) -> bytes:
    """A file with another item at a place."""
    rows = items_of(data)
    rows[at] = value
    return canonical.encode(rows)
