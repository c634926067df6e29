"""The three files of the pairing ceremony. Each is hostile until its contents are verified.

    offer    ["hotline-offer", 2, party, text, endpoints]                        from the first party
    answer   ["hotline-answer", 1, SHA-256 of the offer, agreement statement, roster statement, endpoints]
    final    ["hotline-final", 1, agreement digest, agreement statement, roster statement, endpoints]

All are canonical msgpack. A party is [short, name, domain, threshold, [root key, ...], [desk, ...]], a desk [name,
[number, ...], hours, [language, ...]]; the text is that of the agreement without its parties; statements are the
records of `nodes/signed.py`, whose bodies hold the texts. An offer of version 1 makes an agreement of format 1: its
party has no desks, and its terms are a map.

Source: spec/pairing.md, "Files".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hotline.errors import Refused
from hotline.printable import printable
from hotline.recognising import ANSWER, FINAL, OFFER, other_file, title_of
from hotline.terms import Terms
from keys.errors import KeysError
from keys.hybrid import HybridPublicKey
from keys.quorum import RootSet
from keys.roles import KeyRole
from nodes.errors import NodeError
from nodes.home import parse_endpoint
from nodes.signed import SIGNED_BYTES_MAX, SignedStatement
from protocol import canonical
from protocol.agreement_terms import Desk, Party
from protocol.errors import ProtocolError

VERSION = 1
OFFER_VERSION = 2
FILE_BYTES_MAX = 2 * SIGNED_BYTES_MAX + 4096
ENDPOINTS_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the first party proposes.

    Attributes:
        party: the first party.
        terms: everything but the second party.
        endpoints: where its node answers, "host:port" each.
    """

    party: Party
    terms: Terms
    endpoints: tuple[str, ...]

    def encode(self) -> bytes:
        """Give the file's bytes."""
        if self.terms.format == 1:
            party, terms = _party_to_wire(self.party), self.terms.to_wire()
            return canonical.encode([OFFER, 1, party, terms, list(self.endpoints)])
        party = [*_party_to_wire(self.party), _desks_to_wire(self.party.desks)]
        return canonical.encode([OFFER, OFFER_VERSION, party, self.terms.text(), list(self.endpoints)])

    @classmethod
    def parse(cls, data: bytes) -> Offer:
        """Read an offer.

        Raises:
            Refused: another form or spelling, or a key or name that cannot stand.
        """
        version, party, terms, endpoints = _parts(data, OFFER, 3, versions=(1, OFFER_VERSION))
        if version == 1:
            made = Terms.from_wire(terms)
        elif isinstance(terms, bytes):
            made = Terms.from_text(terms)
        else:
            raise _malformed("the terms are no text")
        offer = cls(party=_party(party, desks=version > 1), terms=made, endpoints=_endpoints(endpoints))
        # Dates have several spellings, of which the terms are written in one.
        if offer.encode() != data:
            raise _malformed("the terms are in a second spelling")
        return offer


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTerms:
    """What a party signs: the agreement and its first roster. The second file, or the third.

    Attributes:
        refers_to: in an answer SHA-256 of the offer, in a final file the agreement's digest.
        agreement: statement whose body is the agreement's text.
        roster: statement whose body is the party's roster.
        endpoints: where its node answers.
    """

    refers_to: bytes
    agreement: SignedStatement
    roster: SignedStatement
    endpoints: tuple[str, ...]

    def encode(self, *, final: bool) -> bytes:
        """Give the bytes of an answer or of a final file."""
        magic = FINAL if final else ANSWER
        parts = [self.refers_to, self.agreement.encode(), self.roster.encode(), list(self.endpoints)]
        return canonical.encode([magic, VERSION, *parts])

    @classmethod
    def parse(cls, data: bytes, *, final: bool) -> SignedTerms:
        """Read an answer or a final file.

        Raises:
            Refused: another form.
        """
        _, refers_to, agreement, roster, endpoints = _parts(data, FINAL if final else ANSWER, 4)
        if not (isinstance(refers_to, bytes) and len(refers_to) == 32):
            raise _malformed("a digest is not 32 bytes")
        if not (isinstance(agreement, bytes) and isinstance(roster, bytes)):
            raise _malformed("a statement is not bytes")
        try:
            return cls(
                refers_to=refers_to,
                agreement=SignedStatement.parse(agreement),
                roster=SignedStatement.parse(roster),
                endpoints=_endpoints(endpoints),
            )
        except NodeError as error:
            raise _malformed(error.text) from error


def kind_of(data: bytes) -> str:
    """Say which of the three files this is: "offer", "answer" or "final".

    Raises:
        Refused: none of them.
    """
    try:
        value = canonical.decode(data, bytes_max=FILE_BYTES_MAX)
    except ProtocolError as error:
        raise _malformed(f"this is {title_of(data)}, and no file of a pairing that reads: {error}") from error
    if isinstance(value, list) and value and value[0] in (OFFER, ANSWER, FINAL):
        return str(value[0]).removeprefix("hotline-")
    raise _malformed(f"this is {title_of(data)}, and no file of a pairing")


def check_endpoints(endpoints: tuple[str, ...]) -> tuple[str, ...]:
    """Check endpoints that a person typed.

    Raises:
        HomeRefused: one is not "host:port".
    """
    for endpoint in endpoints:
        parse_endpoint(endpoint, where="--endpoint")
    return endpoints


def offer_lines(party: Party, terms: Terms) -> list[str]:
    """Say what an offer proposes: who, and the whole text as it will be signed. Somebody else wrote all of it."""
    desks = [f"# desk of {party.short}: {desk.name}, {', '.join(desk.voice)}, {desk.hours}" for desk in party.desks]
    text = terms.text().decode().rstrip("\n").split("\n")
    return [
        printable(line) for line in [f"{party.short} ({party.name}) proposes: {terms.title}", *desks, "", *text, ""]
    ]


def _decode(data: bytes, magic: str) -> Any:
    try:
        return canonical.decode(data, bytes_max=FILE_BYTES_MAX)
    except ProtocolError as error:
        raise _malformed(other_file(data, magic, str(error))) from error


def _parts(data: bytes, magic: str, count: int, *, versions: tuple[int, ...] = (VERSION,)) -> list[Any]:
    """The version, and the parts behind it."""
    value = _decode(data, magic)
    if not isinstance(value, list) or len(value) != count + 2 or value[0] != magic:
        raise _malformed(other_file(data, magic, "it has other parts"))
    # `true` equals 1, and would be a second spelling of it.
    if type(value[1]) is not int or value[1] not in versions:
        raise _malformed(f"version {value[1]!r} is not known to this program")
    return value[1:]


def _endpoints(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > ENDPOINTS_MAX:
        raise _malformed(f"endpoints are a list of at most {ENDPOINTS_MAX}")
    try:
        for item in value:
            parse_endpoint(item, where="the file")
    except NodeError as error:
        raise _malformed(error.text) from error
    return tuple(value)


def _party_to_wire(party: Party) -> list[object]:
    roots = party.roots
    return [party.short, party.name, party.domain, roots.threshold, [key.raw for key in roots.keys]]


def _desks_to_wire(desks: tuple[Desk, ...]) -> list[object]:
    return [[desk.name, list(desk.voice), desk.hours, list(desk.languages)] for desk in desks]


def _desk(value: Any) -> Desk:
    match value:
        case [str(name), list(voice), str(hours), list(languages)] if all(
            isinstance(one, str) for one in (*voice, *languages)
        ):
            return Desk(name, tuple(voice), hours, tuple(languages))
        case _:
            raise _malformed("a desk is not understood")


def _party(value: Any, *, desks: bool) -> Party:
    found: tuple[Desk, ...] = ()
    if desks:
        if not isinstance(value, list) or len(value) != 6 or not isinstance(value[5], list):
            raise _malformed("the party is not understood")
        found, value = tuple(_desk(one) for one in value[5]), value[:5]
    match value:
        case [str(short), str(name), str(domain), int(threshold), list(raws)] if type(threshold) is int:
            try:
                keys = tuple(HybridPublicKey(_bytes(raw), KeyRole.ROOT) for raw in raws)
                party = Party(short, name, domain, RootSet(threshold, keys), found)
                party.check("party")
            except (KeysError, ProtocolError) as error:
                raise _malformed(f"the party cannot stand: {error}") from error
            return party
        case _:
            raise _malformed("the party is not understood")


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise _malformed("a key is not bytes")
    return value


def _malformed(text: str) -> Refused:
    return Refused("pairing-file-malformed", text)
