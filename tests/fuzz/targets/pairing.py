"""Files that parties exchange by hand: those of a pairing and of its ceremony, scanned codes, signed statements."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache, partial

from hotline.ceremony_files import SignedTranscript, encode_minutes, file_name, parse_minutes
from hotline.errors import HotlineError
from hotline.pairing_files import FILE_BYTES_MAX, Offer, SignedTerms, kind_of
from hotline.qr_parts import FILE, Scanned, parts_of
from hotline.terms import Terms
from keys.suite import SIGNATURE_BYTES
from nodes.errors import NodeError
from nodes.signed import SignedRefused, SignedStatement
from protocol.errors import ProtocolError
from protocol.pairing_transcript import STEPS, Minutes, Transcript
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
    _attempt_ceremony(data)


def _attempt_ceremony(data: bytes) -> None:
    """What a ceremony takes beside them: a text, a signed text, minutes, and a line of a code."""
    try:
        file_name(data)
    except HotlineError as error:
        str(error)
    read_or_refused(data, SignedTranscript.parse, SignedTranscript.encode, REFUSED)
    read_or_refused(data, parse_minutes, lambda found: encode_minutes(found.render()), REFUSED)
    read_or_refused(data, Transcript.parse, Transcript.render, ProtocolError)
    try:
        Scanned().add(data.decode("utf-8", errors="replace"))
    except HotlineError as error:
        str(error)


TARGET = Target(name="pairing", attempt=attempt, bytes_max=FILE_BYTES_MAX, shape="msgpack")


@cache
def offer() -> Offer:
    """What a first party proposes."""
    known = agreement()
    values = {item.name: getattr(known, item.name) for item in fields(Terms)}
    return Offer(party=known.parties[0], terms=Terms(**values), endpoints=("127.0.0.1:4000",))


def transcript() -> Transcript:
    """What two rooms did."""
    rooms = [
        Minutes(
            room=room,
            party=party,
            attempt=1,
            reader=1,
            witness=2,
            roots=(1,),
            roster=bytes(32),
            offer=bytes(32),
            answer=bytes(32),
            final=bytes(32),
            began_ms=0,
            done=tuple(range(len(STEPS[room]))),
            stops=(("words-differ", 1),),
        )
        for room, party in (("first", "ARC"), ("second", "BOR"))
    ]
    return Transcript(channel=bytes(32), agreement=bytes(32), first=rooms[0], second=rooms[1], counterpart="BOR")


def seeds() -> dict[str, bytes]:
    """One file of each kind."""
    texts = {"agreement": agreement_statement("BOR"), "roster": roster_statement("BOR")}
    answer = SignedTerms(refers_to=bytes(32), endpoints=("[::1]:4000",), **texts)
    short = replace(texts["agreement"], body=b"text", signatures=texts["agreement"].signatures[:1])
    small = SignedTerms(refers_to=bytes(32), endpoints=(), agreement=short, roster=short)
    text = transcript().render()
    signatures = {"ARC": ((1, bytes(min(SIGNATURE_BYTES))),)}
    return {
        "transcript": SignedTranscript(text=text, signatures=signatures).encode(),
        "minutes": encode_minutes(replace(transcript(), second=None).render()),
        "text": text,
        "code": parts_of(FILE, text[:64])[0].encode("ascii"),
        "offer": offer().encode(),
        "answer": answer.encode(final=False),
        "final": small.encode(final=True),
        "statement": said("ARC").encode(),
    }
