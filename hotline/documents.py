"""Documents that a party's roots sign: the agreement and the rosters, each as a statement whose body is the exact text.

They are made and checked the same way in the pairing ceremony, when an officer is added, and by an officer's client
that wants to know whose keys it seals to.

Source: spec/statement-and-entry.md, "Documents"; spec/pairing.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from hotline.errors import Refused
from keys import roster as roster_text
from keys.errors import KeysError
from keys.keyring import RootKeyring
from keys.roster import Roster
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.errors import BadSignature, ProtocolError
from protocol.signature import ROOT_ROLE, Signature, sign_statement, verify_signature
from protocol.statement import EMPTY_LOG, ID_BYTES, LogState, Statement
from protocol.tagged import digest

AGREEMENT, ROSTER = "agreement", "roster"


def sign_document(
    kind: str,
    text: bytes,
    *,
    agreement: Agreement,
    party: str,
    roots: Sequence[RootKeyring],
    issued_at_ms: int,
    after: LogState = EMPTY_LOG,
    seen: LogState = EMPTY_LOG,
) -> SignedStatement:
    """State a document under a channel's agreement and sign it with root keys.

    Args:
        kind: `agreement` or `roster`.
        text: the exact bytes.
        agreement: of the channel.
        party: short name of the party that speaks.
        roots: opened root keys, at least the threshold of them.
        issued_at_ms: now, UTC milliseconds.
        after: state of the own log that the statement belongs to.
        seen: state of the other log as its signers had it.
    """
    statement = Statement(
        channel=agreement.channel,
        party=party,
        kind=kind,
        id=secrets.token_bytes(ID_BYTES),
        status="actual",
        precedence="routine",
        issued_at_ms=issued_at_ms,
        agreement=agreement.digest,
        catalogue=agreement.catalogue_digest,
        language=agreement.languages[0],
        after=after,
        seen=seen,
        body_digest=digest(text),
        body_length=len(text),
    ).encode()
    signatures = tuple(
        sign_statement(
            statement,
            channel=agreement.channel,
            party=party,
            signer=f"root/{root.index}",
            role=ROOT_ROLE,
            key=root.signer(),
        )
        for root in roots
    )
    return SignedStatement(statement=statement, signatures=signatures, body=text)


def check_document(signed: SignedStatement, kind: str, *, agreement: Agreement, party: str) -> Statement:
    """Check that a party's roots, as many as the agreement asks for, signed a document on a channel.

    Args:
        signed: the statement with its signatures and its text.
        kind: `agreement` or `roster`.
        agreement: of the channel; it holds the root keys.
        party: short name of the party that must have signed.

    Returns:
        The statement.

    Raises:
        Refused: `document-refused` where it is of another kind, party, channel or text; `roots-missing` where too few
            roots signed it.
    """
    try:
        statement = Statement.parse(signed.statement)
    except ProtocolError as error:
        raise Refused("document-refused", f"the {kind} statement of {party} does not parse: {error}") from error
    fits = (
        statement.kind == kind
        and statement.party == party
        and statement.channel == agreement.channel
        and statement.agreement == agreement.digest
        and signed.body is not None
        and statement.body_digest == digest(signed.body)
        and statement.body_length == len(signed.body)
        and statement.opener is None
        and not statement.commitments
        and statement.facts is None
    )
    if not fits:
        raise Refused("document-refused", f"the {kind} statement of {party} is for another channel, text or party")
    valid = valid_roots(signed.statement, signed.signatures, agreement=agreement, party=party)
    threshold = agreement.party(party).roots.threshold
    if len(valid) < threshold:
        raise Refused("roots-missing", f"{len(valid)} of the {threshold} roots of {party} that must sign have signed")
    return statement


def valid_roots(
    statement: bytes, signatures: Sequence[Signature], *, agreement: Agreement, party: str
) -> frozenset[int]:
    """Give the numbers of the roots whose signature on a statement verifies."""
    keys = agreement.party(party).roots.keys
    valid = set()
    for signature in signatures:
        number = signature.root
        if number is None or number > len(keys) or signature.role != ROOT_ROLE or number in valid:
            continue
        try:
            verify_signature(
                statement, signature, channel=agreement.channel, party=party, key=keys[number - 1]
            )
        except BadSignature:
            continue
        valid.add(number)
    return frozenset(valid)


def check_roster(signed: SignedStatement, *, agreement: Agreement, party: str) -> Roster:
    """Check a roster that a party's roots signed, and read it.

    Raises:
        Refused: as `check_document`, or the text is no roster of that party on that channel.
    """
    check_document(signed, ROSTER, agreement=agreement, party=party)
    assert signed.body is not None  # noqa: S101 - `check_document` has compared its digest.
    try:
        found = roster_text.parse(signed.body)
        roster_text.check_apart(found, agreement.parties[0].roots)
        roster_text.check_apart(found, agreement.parties[1].roots)
    except KeysError as error:
        raise Refused("roster-refused", f"the roster of {party} is refused: {error}") from error
    if found.party != party or found.channel != agreement.channel:
        raise Refused("roster-refused", f"the roster is not of {party} on this channel")
    return found
