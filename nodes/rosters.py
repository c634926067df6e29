"""The rosters a node holds of one channel, on its disk and in force.

A roster is kept as its exact text and the statement by which the party's roots signed it. Everything is checked again
at each start: a file here is evidence, not a setting. The highest version that verifies and follows from the one before
is in force; one that fails its checks is kept, and the last good one stands.

Source: spec/keys-and-rosters.md, "Rosters".
"""

from __future__ import annotations

from dataclasses import dataclass

from keys.errors import KeysError
from keys.quorum import RootSet
from keys.roster import Roster, check_apart, check_desks, check_succession
from keys.roster import parse as parse_roster
from keys.roster_people import admins_at, check_people_only
from keys.tls_identity import spki_pin
from nodes.errors import NodeError
from nodes.files import read_file, write_file
from nodes.home import ChannelHome
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.agreement_conduct import ROSTER_ADMINS
from protocol.errors import ProtocolError
from protocol.signature import PURPOSE, ROOT_ROLE, Signature, by_admins, signing_message, verify_signature
from protocol.statement import Statement
from protocol.tagged import digest


class RosterFileRefused(NodeError):
    """A roster, or the statement that should vouch for it, does not verify."""


@dataclass(frozen=True, slots=True)
class HeldRoster:
    """One roster with what vouches for it.

    Attributes:
        roster: parsed.
        text: its exact bytes.
        signed: the statement its roots signed; the text is its body.
    """

    roster: Roster
    text: bytes
    signed: SignedStatement

    @property
    def tls_pins(self) -> frozenset[bytes]:
        """Hashes of the public keys of its certificates."""
        return frozenset(spki_pin(der) for der in self.roster.tls)


def root_signatures(signatures: tuple[Signature, ...]) -> list[tuple[int, bytes]]:
    """Those that claim to be by roots: number and value."""
    return [(one.root, one.value) for one in signatures if one.root is not None and one.role == ROOT_ROLE]


def check_roots(agreement: Agreement, party: str, signed: SignedStatement, kind: str) -> Statement:
    """Check that enough of a party's roots signed a document statement of this channel.

    Args:
        agreement: names the roots.
        party: short name.
        signed: the statement, with the document as its body.
        kind: `agreement` or `roster`.

    Returns:
        The statement, parsed.

    Raises:
        RosterFileRefused: another kind, party or channel, a body that is not the one named, or too few roots.
    """
    statement = _statement_of(agreement, party, signed, kind)
    roots: RootSet = agreement.party(party).roots
    valid: set[int] = set()
    for number, value in root_signatures(signed.signatures):
        # Each root signs its own message, because a signature names its signer.
        message = signing_message(signed.statement, f"root/{number}", ROOT_ROLE)
        report = roots.check([(number, value)], PURPOSE, channel=agreement.channel, author=party, message=message)
        valid.update(report.valid)
    if len(valid) < roots.threshold:
        raise RosterFileRefused("roster-refused", f"{len(valid)} of {roots.threshold} roots signed {party}'s {kind}")
    return statement


def _statement_of(agreement: Agreement, party: str, signed: SignedStatement, kind: str) -> Statement:
    """The statement of a document, where it is of this kind, party and channel, and the body is the one it names.

    Raises:
        RosterFileRefused: it is not.
    """
    try:
        statement = Statement.parse(signed.statement)
    except ProtocolError as error:
        text = f"the statement of {party}'s {kind} does not parse: {error}"
        raise RosterFileRefused("roster-refused", text) from error
    right = (statement.kind, statement.party, statement.channel) == (kind, party, agreement.channel)
    if not right or signed.body is None or statement.body_digest != digest(signed.body):
        raise RosterFileRefused("roster-refused", f"the statement is not of {party}'s {kind} on this channel")
    return statement


def check_roster(
    agreement: Agreement,
    party: str,
    signed: SignedStatement,
    before: HeldRoster | None = None,
    *,
    admins: int = ROSTER_ADMINS,
    at_ms: int | None = None,
) -> HeldRoster:
    """Check a roster by itself: who signed it, its text, its party and channel.

    Args:
        agreement: names the roots.
        party: short name.
        signed: the statement.
        before: the roster that this one follows, whose admins may have signed it; None where only roots may have.
        admins: so many of them must have; none may with 0.
        at_ms: when it was logged, UTC milliseconds; by default when it was stated.

    Raises:
        RosterFileRefused: it does not verify.
    """
    by_people = before is not None and by_admins(signed.signatures)
    statement = _statement_of(agreement, party, signed, "roster") if by_people else None
    if statement is None:
        check_roots(agreement, party, signed, "roster")
    text = signed.body or b""
    try:
        roster = parse_roster(text)
        check_desks(roster, domain=agreement.party(party).domain, demonstration=agreement.demonstration)
        for one in agreement.parties:
            check_apart(roster, one.roots)
    except KeysError as error:
        raise RosterFileRefused("roster-refused", f"{party}'s roster: {error}") from error
    if roster.party != party or roster.channel != agreement.channel:
        raise RosterFileRefused("roster-refused", f"the roster is not {party}'s for this channel")
    if statement is not None and before is not None:
        _check_admins(agreement, before, signed, roster, admins, statement.issued_at_ms if at_ms is None else at_ms)
    return HeldRoster(roster, text, signed)


def _check_admins(
    agreement: Agreement, before: HeldRoster, signed: SignedStatement, roster: Roster, admins: int, at_ms: int
) -> None:
    """Check that enough admins of the roster before signed, and that nothing but people changed.

    Raises:
        RosterFileRefused: too few, or something else changed.

    Source: spec/keys-and-rosters.md, "Roster: what admins may sign".
    """
    party = before.roster.party
    able = admins_at(before.roster, at_ms)
    valid: set[int] = set()
    for signature in signed.signatures:
        person = able.get(signature.person or 0)
        if person is None or person.key is None:
            # Of whoever signs with passkeys only nothing counts here: that is for keys that are post-quantum.
            continue
        try:
            verify_signature(signed.statement, signature, channel=agreement.channel, party=party, key=person.key)
        except ProtocolError:
            continue
        valid.add(person.number)
    if not admins or len(valid) < admins:
        text = f"{len(valid)} of {admins} admins signed {party}'s roster" if admins else "only the roots sign rosters"
        raise RosterFileRefused("roster-refused", text)
    try:
        check_succession(before.roster, before.text, roster)
        check_people_only(before.roster, roster)
    except KeysError as error:
        raise RosterFileRefused("roster-refused", f"{party}'s roster: {error}") from error


def follows(before: HeldRoster, after: HeldRoster) -> bool:
    """Whether a roster is the next version after another."""
    try:
        check_succession(before.roster, before.text, after.roster)
    except KeysError:
        return False
    return True


def load(home: ChannelHome, agreement: Agreement, party: str) -> list[HeldRoster]:
    """The rosters of a party that verify, in order; the last is in force.

    Raises:
        RosterFileRefused: there is none that does.
        FileRefused: a file cannot be read.
    """
    good: list[HeldRoster] = []
    problem: RosterFileRefused | None = None
    for version in home.roster_versions(party):
        try:
            signed = SignedStatement.parse(read_file(home.roster_statement_path(party, version)))
            held = check_roster(agreement, party, signed, good[-1] if good else None)
        except RosterFileRefused as error:
            problem = error
            continue
        if not good or follows(good[-1], held):
            good.append(held)
    if not good:
        raise problem or RosterFileRefused("roster-refused", f"there is no roster of {party} in {home.rosters}")
    return good


def keep(home: ChannelHome, held: HeldRoster) -> None:
    """Write a roster and its statement beside the others."""
    party, version = held.roster.party, held.roster.version
    home.rosters.mkdir(mode=0o700, exist_ok=True)
    write_file(home.roster_statement_path(party, version), held.signed.encode())
    write_file(home.roster_path(party, version), held.text)
