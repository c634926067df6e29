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
from nodes.errors import NodeError
from nodes.rosters import check_roots
from nodes.rosters import check_roster as held_roster
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.compose import check_document as document_of
from protocol.errors import ProtocolError
from protocol.signature import ROOT_ROLE, sign_statement
from protocol.statement import EMPTY_LOG, ID_BYTES, LogState, Statement
from protocol.tagged import Hash, digest

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
    thread: Hash | None = None,
    in_reply_to: Hash | None = None,
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
        thread, in_reply_to: leaf hashes of what it belongs to and answers, or None.
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
        thread=thread,
        in_reply_to=in_reply_to,
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


def check_document(
    signed: SignedStatement,
    kind: str,
    *,
    agreement: Agreement,
    party: str,
    known: frozenset[Hash] = frozenset(),
) -> Statement:
    """Check that a party's roots, as many as the agreement asks for, signed a document on a channel.

    Args:
        signed: the statement with its signatures and its text.
        kind: `agreement` or `roster`.
        agreement: of the channel; it holds the root keys.
        party: short name of the party that must have signed.
        known: digests of agreements of the channel that were in force before.

    Returns:
        The statement.

    Raises:
        Refused: it is of another kind, party, channel or text, or too few roots signed it.
    """
    try:
        statement = check_roots(agreement, party, signed, kind)
        document_of(statement, signed.body or b"")
    except (NodeError, ProtocolError) as error:
        raise Refused(error.code, f"the {kind} of {party} does not hold: {error.text}") from error
    if statement.agreement != agreement.digest and statement.agreement not in known:
        raise Refused("wrong-agreement", f"the {kind} of {party} is under another agreement")
    return statement


def check_roster(
    signed: SignedStatement, *, agreement: Agreement, party: str, known: frozenset[Hash] = frozenset()
) -> Roster:
    """Check a roster that a party's roots signed, and read it.

    Raises:
        Refused: as `check_document`, or the text is no roster of that party on that channel.
    """
    check_document(signed, ROSTER, agreement=agreement, party=party, known=known)
    try:
        held = held_roster(agreement, party, signed)
        for one in agreement.parties:
            roster_text.check_apart(held.roster, one.roots)
    except NodeError as error:
        raise Refused(error.code, error.text) from error
    except KeysError as error:
        raise Refused("roster-refused", f"the roster of {party} is refused: {error}") from error
    return held.roster
