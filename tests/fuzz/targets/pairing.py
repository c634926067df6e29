"""Files that parties exchange by hand: offers, answers, final files, and signed statements."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache, partial

from hotline.errors import HotlineError
from hotline.pairing_files import FILE_BYTES_MAX, Offer, SignedTerms, kind_of
from hotline.terms import Terms
from nodes.errors import NodeError
from nodes.signed import SignedRefused, SignedStatement
from protocol.errors import ProtocolError
from tests.fuzz.target import Target, read_or_refused
from tests.nodes.homes import agreement, agreement_statement, roster_statement, said

REFUSED = (HotlineError, NodeError)


def attempt(data: bytes) -> None:
    """Each file is read in its one spelling or refused, whatever kind it is taken for."""
    try:
        kind_of(data)
    except HotlineError as error:
        str(error)
    found = read_or_refused(data, Offer.parse, Offer.encode, REFUSED)
    if found is not None:
        try:
            found.terms.agreement(found.party, agreement().parties[1])
        except (ProtocolError, *REFUSED) as error:
            str(error)
    for final in (False, True):
        read_or_refused(
            data,
            partial(SignedTerms.parse, final=final),
            partial(SignedTerms.encode, final=final),
            REFUSED,
        )
    read_or_refused(data, SignedStatement.parse, SignedStatement.encode, SignedRefused)


TARGET = Target(name="pairing", attempt=attempt, bytes_max=FILE_BYTES_MAX, shape="msgpack")


@cache
def offer() -> Offer:
    """What a first party proposes."""
    known = agreement()
    values = {item.name: getattr(known, item.name) for item in fields(Terms)}
    return Offer(party=known.parties[0], terms=Terms(**values), endpoints=("127.0.0.1:4000",))


def seeds() -> dict[str, bytes]:
    """One file of each kind."""
    texts = {"agreement": agreement_statement("BOR"), "roster": roster_statement("BOR")}
    answer = SignedTerms(refers_to=bytes(32), endpoints=("[::1]:4000",), **texts)
    short = replace(texts["agreement"], body=b"text", signatures=texts["agreement"].signatures[:1])
    small = SignedTerms(refers_to=bytes(32), endpoints=(), agreement=short, roster=short)
    return {
        "offer": offer().encode(),
        "answer": answer.encode(final=False),
        "final": small.encode(final=True),
        "statement": said("ARC").encode(),
    }
