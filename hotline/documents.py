"""Documents that a party's roots sign: the agreement and the rosters, each as a statement whose body is the exact text.

They are made and checked the same way in the pairing ceremony, when an officer is added, and by an officer's client
that wants to know whose keys it seals to.

Source: spec/statement-and-entry.md, "Documents"; spec/pairing.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from hotline.errors import Refused
from keys import roster as roster_text
from keys.errors import KeysError
from keys.hybrid import Signer
from keys.keyring import RootKeyring
from keys.roster import Roster
from keys.roster_people import ADMIN
from nodes.errors import NodeError
from nodes.rosters import HeldRoster, check_roots
from nodes.rosters import check_roster as held_roster
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.compose import check_document as document_of
from protocol.errors import ProtocolError
from protocol.signature import ROOT_ROLE, by_admins, sign_statement
from protocol.statement import EMPTY_LOG, ID_BYTES, LogState, Statement
from protocol.tagged import Hash, digest

AGREEMENT, ROSTER = "agreement", "roster"


def sign_document(
    kind: str,
    text: bytes,
    *,
    agreement: Agreement,
    party: str,
    roots: Sequence[RootKeyring] = (),
    admins: Sequence[tuple[int, Signer]] = (),
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
        admins: numbers and keys of admins, who may sign a roster instead.
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
    signers = [
        *((f"root/{root.index}", ROOT_ROLE, root.signer()) for root in roots),
        *((f"person/{number}", ADMIN, key) for number, key in admins),
    ]
    signatures = tuple(
        sign_statement(statement, channel=agreement.channel, party=party, signer=signer, role=role, key=key)
        for signer, role, key in signers
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
    return _held(signed, agreement, party, None, 0).roster


def check_rosters(
    signed: SignedStatement,
    before: Callable[[int], SignedStatement],
    *,
    agreements: Sequence[Agreement],
    party: str,
) -> Roster:
    """Check a roster that a party's roots signed, or its admins after one that the roots signed, and read it.

    Args:
        signed: the roster.
        before: gives the party's signed roster of a version; asked for back to the last one of the roots.
        agreements: of the channel, the last one in force.
        party: short name.

    Raises:
        Refused: as `check_roster`, or too few admins signed, or something else than people changed.
    """
    following: list[SignedStatement] = []
    below = roster_text.VERSION_MAX + 1
    while by_admins(signed.signatures):
        try:
            version = roster_text.parse(signed.body or b"").version
        except KeysError as error:
            raise Refused("roster-refused", f"the roster of {party} is refused: {error}") from error
        if not 1 < version < below:
            raise Refused("roster-refused", f"no roster of {party} that its roots signed is shown before {version}")
        following.append(signed)
        below, signed = version, before(version - 1)
    agreement = agreements[-1]
    known = frozenset(one.digest for one in agreements)
    check_document(signed, ROSTER, agreement=agreement, party=party, known=known)
    held = _held(signed, agreement, party, None, 0)
    # Which agreement was in force where admins signed is the log's to say: the least that any of them asks for.
    admins = min((one.roster_admins for one in agreements if one.roster_admins), default=0)
    for one in reversed(following):
        held = _held(one, agreement, party, held, admins)
    return held.roster


def _held(
    signed: SignedStatement, agreement: Agreement, party: str, before: HeldRoster | None, admins: int
) -> HeldRoster:
    try:
        held = held_roster(agreement, party, signed, before, admins=admins)
        for one in agreement.parties:
            roster_text.check_apart(held.roster, one.roots)
    except NodeError as error:
        raise Refused(error.code, error.text) from error
    except KeysError as error:
        raise Refused("roster-refused", f"the roster of {party} is refused: {error}") from error
    return held
