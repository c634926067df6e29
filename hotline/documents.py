"""Documents that a party's roots sign: the agreement and the rosters, each as a statement whose body is the exact text.

They are made and checked the same way in the pairing ceremony, when an officer is added, and by an officer's client
that wants to know whose keys it seals to.

Source: spec/statement-and-entry.md, "Documents"; spec/pairing.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Final

from hotline.errors import CouldNot, Refused
from keys import roster as roster_text
from keys.errors import KeysError
from keys.hybrid import Signer
from keys.keyring import RootKeyring
from keys.quorum import RootSet
from keys.root_set import RootChain
from keys.roster import Roster
from keys.roster_people import ADMIN
from nodes.errors import NodeError
from nodes.root_sets import chain_from
from nodes.rosters import HeldRoster, check_roots
from nodes.rosters import check_roster as held_roster
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.compose import check_document as document_of
from protocol.errors import ProtocolError
from protocol.signature import ROOT_ROLE, Signature, by_admins, sign_statement
from protocol.statement import EMPTY_LOG, ID_BYTES, LogState, Statement
from protocol.tagged import Hash, digest

AGREEMENT, ROSTER = "agreement", "roster"

ASKED_MAX: Final = 4096
"""Rosters in a row that a client has a node show and checks, at some milliseconds each: no roots leave that many to
admins, and whoever shows more has a program busy for as long as it likes."""


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
    numbers: RootSet | None = None,
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
        numbers: the root set in force, which gives each root its number; by default the agreement's.

    Raises:
        CouldNot: `root-not-in-set`; a root that is not in force on this channel.
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
    listed = numbers or agreement.party(party).roots
    signatures = (
        *(sign_as_root(statement, agreement.channel, party, root, (listed,)) for root in roots),
        *(
            sign_statement(
                statement, channel=agreement.channel, party=party, signer=f"person/{number}", role=ADMIN, key=key
            )
            for number, key in admins
        ),
    )
    return SignedStatement(statement=statement, signatures=signatures, body=text)


def sign_as_root(statement: bytes, channel: bytes, party: str, root: RootKeyring, sets: Sequence[RootSet]) -> Signature:
    """Sign a statement with a root key, under the number that it has on the channel.

    Raises:
        CouldNot: `root-not-in-set`; none of these sets has the key.
    """
    key = root.signer()
    number = next((found for one in sets if (found := one.number_of(key.public)) is not None), None)
    if number is None:
        raise CouldNot("root-not-in-set", f"root key {root.index} of {party} is not one that counts on this channel")
    return sign_statement(statement, channel=channel, party=party, signer=f"root/{number}", role=ROOT_ROLE, key=key)


def check_document(
    signed: SignedStatement,
    kind: str,
    *,
    agreement: Agreement,
    party: str,
    known: frozenset[Hash] = frozenset(),
    roots: RootSet | None = None,
) -> Statement:
    """Check that a party's roots, as many as the agreement asks for, signed a document on a channel.

    Args:
        signed: the statement with its signatures and its text.
        kind: `agreement` or `roster`.
        agreement: of the channel; it holds the root keys.
        party: short name of the party that must have signed.
        known: digests of agreements of the channel that were in force before.
        roots: those of which enough must have signed; by default the agreement's.

    Returns:
        The statement.

    Raises:
        Refused: it is of another kind, party, channel or text, or too few roots signed it.
    """
    try:
        statement = check_roots(agreement, party, signed, kind, *(() if roots is None else (roots,)))
        document_of(statement, signed.body or b"")
    except (NodeError, ProtocolError) as error:
        raise Refused(error.code, f"the {kind} of {party} does not hold: {error.text}") from error
    if statement.agreement != agreement.digest and statement.agreement not in known:
        raise Refused("wrong-agreement", f"the {kind} of {party} is under another agreement")
    return statement


def check_roster(
    signed: SignedStatement,
    *,
    agreement: Agreement,
    party: str,
    known: frozenset[Hash] = frozenset(),
    chain: RootChain | None = None,
) -> Roster:
    """Check a roster that a party's roots signed, and read it.

    Args:
        signed: the statement with its signatures and its text.
        agreement: of the channel.
        party: short name of the party that must have signed.
        known: digests of agreements of the channel that were in force before.
        chain: the party's root sets; by default the agreement's roots alone.

    Raises:
        Refused: as `check_document`, or the text is no roster of that party on that channel.
    """
    check_document(signed, ROSTER, agreement=agreement, party=party, known=known, roots=_roots_of(signed, chain))
    return _held(signed, agreement, party, None, chain).roster


def check_rosters(
    signed: SignedStatement,
    before: Callable[[int], SignedStatement],
    *,
    agreements: Sequence[Agreement],
    party: str,
    chain: RootChain | None = None,
) -> Roster:
    """Check a roster that a party's roots signed, or its admins after one that the roots signed, and read it.

    Args:
        signed: the roster.
        before: gives the party's signed roster of a version; asked for back to the last one of the roots.
        agreements: of the channel, the last one in force.
        party: short name.
        chain: the party's root sets; by default the agreement's roots alone.

    Raises:
        Refused: as `check_roster`, or too few admins signed, or something else than people changed;
            `roster-chain-long` where more than `ASKED_MAX` in a row were signed by admins.
    """
    agreement = agreements[-1]
    # Which agreement was in force where admins signed is the log's to say: the least that any of them asks for.
    admins = min((one.roster_admins for one in agreements if one.roster_admins), default=0)
    newest: Roster | None = None
    asked, below = 0, roster_text.VERSION_MAX + 1
    # Two rosters are in memory at a time: each is checked against the one before it, which then has to hold itself.
    while by_admins(signed.signatures):
        version = _parsed(signed, party).version
        if not 1 < version < below:
            raise Refused("roster-refused", f"no roster of {party} that its roots signed is shown before {version}")
        if asked == ASKED_MAX:
            text = f"the newest {asked} rosters of {party} are signed by its admins; its roots have to sign one"
            raise Refused("roster-chain-long", text)
        below, earlier = version, before(version - 1)
        asked += 1
        held = HeldRoster(_parsed(earlier, party), earlier.body or b"", earlier)
        checked = _held(signed, agreement, party, held, chain, admins).roster
        newest = newest or checked
        signed = earlier
    known = frozenset(one.digest for one in agreements)
    check_document(signed, ROSTER, agreement=agreement, party=party, known=known, roots=_roots_of(signed, chain))
    anchor = _held(signed, agreement, party, None, chain).roster
    return newest or anchor


def _parsed(signed: SignedStatement, party: str) -> Roster:
    """The roster in a statement, whoever signed it."""
    try:
        return roster_text.parse(signed.body or b"")
    except KeysError as error:
        raise Refused("roster-refused", f"the roster of {party} is refused: {error}") from error


def _roots_of(signed: SignedStatement, chain: RootChain | None) -> RootSet | None:
    """The roots that sign a roster of that version; None for the agreement's."""
    if chain is None:
        return None
    try:
        return chain.of_roster(roster_text.parse(signed.body or b"").version)
    except KeysError as error:
        raise Refused("roster-refused", f"the roster of {chain.newest.party} is refused: {error}") from error


def _held(
    signed: SignedStatement,
    agreement: Agreement,
    party: str,
    before: HeldRoster | None,
    chain: RootChain | None,
    admins: int = 0,
) -> HeldRoster:
    try:
        held = held_roster(agreement, party, signed, before, chain=chain, admins=admins)
        for one in agreement.parties:
            roster_text.check_apart(held.roster, one.roots)
        if chain is not None:
            chain.check_apart(held.roster)
    except NodeError as error:
        raise Refused(error.code, error.text) from error
    except KeysError as error:
        raise Refused("roster-refused", f"the roster of {party} is refused: {error}") from error
    return held


def check_chain(given: Sequence[SignedStatement], *, agreement: Agreement, party: str) -> RootChain:
    """Check a party's root sets from the agreement on.

    Raises:
        Refused: `root-set-refused`; a version does not follow, or too few roots signed it.
    """
    try:
        return chain_from(agreement, party, given).chain
    except NodeError as error:
        raise Refused(error.code, error.text) from error
