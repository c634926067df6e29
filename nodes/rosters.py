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
from keys.roster import Roster, check_succession
from keys.roster import parse as parse_roster
from keys.tls_identity import spki_pin
from nodes.errors import NodeError
from nodes.files import read_file, write_file
from nodes.home import ChannelHome
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.errors import ProtocolError
from protocol.signature import PURPOSE, ROOT_ROLE, Signature, signing_message
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
    try:
        statement = Statement.parse(signed.statement)
    except ProtocolError as error:
        text = f"the statement of {party}'s {kind} does not parse: {error}"
        raise RosterFileRefused("roster-refused", text) from error
    right = (statement.kind, statement.party, statement.channel) == (kind, party, agreement.channel)
    if not right or signed.body is None or statement.body_digest != digest(signed.body):
        raise RosterFileRefused("roster-refused", f"the statement is not of {party}'s {kind} on this channel")
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


def check_roster(agreement: Agreement, party: str, signed: SignedStatement) -> HeldRoster:
    """Check a roster by itself: its roots, its text, its party and channel.

    Raises:
        RosterFileRefused: it does not verify.
    """
    check_roots(agreement, party, signed, "roster")
    text = signed.body or b""
    try:
        roster = parse_roster(text)
    except KeysError as error:
        raise RosterFileRefused("roster-refused", f"{party}'s roster: {error}") from error
    if roster.party != party or roster.channel != agreement.channel:
        raise RosterFileRefused("roster-refused", f"the roster is not {party}'s for this channel")
    return HeldRoster(roster, text, signed)


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
            held = check_roster(agreement, party, signed)
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
