"""The rosters a node holds of one channel, on its disk and in force.

A roster is kept as its exact text and the statement by which the party's roots signed it. Everything is checked again
at each start: a file here is evidence, not a setting. The highest version that verifies and follows from the one before
is in force; one that fails its checks is kept, and the last good one stands.

Source: spec/keys-and-rosters.md, "Rosters".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from keys import roster as roster_text
from keys.errors import KeysError
from keys.root_set import RootChain
from keys.roster import Roster, check_apart, check_desks, check_succession
from keys.roster import parse as parse_roster
from keys.roster_people import admins_at, check_people_only
from keys.tls_identity import spki_pin
from nodes.files import read_file, write_file
from nodes.home import ChannelHome
from nodes.root_sets import RosterFileRefused, check_roots, root_signatures, statement_of
from nodes.root_sets import load as load_roots
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.agreement_conduct import ROSTER_ADMINS
from protocol.errors import ProtocolError
from protocol.signature import by_admins, verify_signature

__all__ = [
    "HeldRoster",
    "RosterFileRefused",
    "check_roots",
    "check_roster",
    "follows",
    "keep",
    "load",
    "root_signatures",
]


HELD_MAX: Final = 64
"""The rosters of a party that a node has in memory besides the first, the newest ones: each may take 300 kB, and a
counterpart may state as many as it likes."""


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


def check_roster(
    agreement: Agreement,
    party: str,
    signed: SignedStatement,
    before: HeldRoster | None = None,
    *,
    chain: RootChain | None = None,
    admins: int = ROSTER_ADMINS,
    at_ms: int | None = None,
) -> HeldRoster:
    """Check a roster by itself: who signed it, its text, its party and channel.

    Args:
        agreement: of the channel.
        party: short name.
        signed: the statement.
        before: the roster that this one follows, whose admins may have signed it; None where only roots may have.
        chain: the party's roots; the agreement's where nothing is given.
        admins: so many of them must have; none may with 0.
        at_ms: when it was logged, UTC milliseconds; by default when it was stated.

    Raises:
        RosterFileRefused: it does not verify.
    """
    by_people = before is not None and by_admins(signed.signatures)
    statement = statement_of(agreement, party, signed, "roster") if by_people else None
    text = signed.body or b""
    try:
        roster = parse_roster(text)
        check_desks(roster, domain=agreement.party(party).domain, demonstration=agreement.demonstration)
        for one in agreement.parties:
            check_apart(roster, one.roots)
        if chain is not None:
            chain.check_apart(roster)
    except KeysError as error:
        raise RosterFileRefused("roster-refused", f"{party}'s roster: {error}") from error
    if statement is None:
        sets = () if chain is None else (chain.of_roster(roster.version),)
        check_roots(agreement, party, signed, "roster", *sets)
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


def check_following(before: HeldRoster, after: HeldRoster) -> None:
    """Check that a roster is the next version after another.

    Raises:
        RosterFileRefused: it is not; an older version, or the same one again, is none either.
    """
    try:
        check_succession(before.roster, before.text, after.roster)
    except KeysError as error:
        raise RosterFileRefused("roster-refused", f"{after.roster.party}'s roster: {error}") from error


def load(
    home: ChannelHome, agreement: Agreement, party: str, *, most: int = roster_text.VERSION_MAX
) -> list[HeldRoster]:
    """The rosters of a party that verify, in order, by its root sets that lie beside them; the last is in force.

    Args:
        home: of the channel.
        agreement: of the channel.
        party: short name.
        most: so many of the newest are given besides the first. Where there are more, those between are checked only
            where one that is given holds by them, or does not hold.

    Raises:
        RosterFileRefused: there is none that does.
        FileRefused: a file cannot be read.
    """
    good: list[HeldRoster] = []
    chain = load_roots(home, agreement, party).chain
    problem: RosterFileRefused | None = None
    versions = home.roster_versions(party)
    if len(versions) > most + 1 and (given := _newest(home, agreement, party, chain, versions, most)):
        return given
    for version in versions:
        try:
            signed = SignedStatement.parse(read_file(home.roster_statement_path(party, version)))
            held = check_roster(agreement, party, signed, good[-1] if good else None, chain=chain)
        except RosterFileRefused as error:
            problem = error
            continue
        if not good or follows(good[-1], held):
            add(good, held, most=most)
    if not good:
        raise problem or RosterFileRefused("roster-refused", f"there is no roster of {party} in {home.rosters}")
    return good


def newest(home: ChannelHome, agreement: Agreement, party: str) -> HeldRoster:
    """The roster of a party that is in force as far as its files say; see `load`."""
    return load(home, agreement, party, most=1)[-1]


def _newest(
    home: ChannelHome, agreement: Agreement, party: str, chain: RootChain, versions: list[int], most: int
) -> list[HeldRoster]:
    """The first roster and the newest ones, from one on that the roots signed: it says by its hash what was before it,
    and holds whether or not that is still here. Empty where one of these does not hold, or does not follow: then which
    one stands is found by all of them.
    """

    def read(version: int) -> SignedStatement:
        return SignedStatement.parse(read_file(home.roster_statement_path(party, version)))

    try:
        first = check_roster(agreement, party, read(versions[0]), chain=chain)
        at = len(versions) - most
        while by_admins((signed := read(versions[at])).signatures):
            at -= 1
            if at == 0:
                return []
        good = [check_roster(agreement, party, signed, chain=chain)]
        for version in versions[at + 1 :]:
            held = check_roster(agreement, party, read(version), good[-1], chain=chain)
            check_following(good[-1], held)
            add(good, held, most=most)
    except RosterFileRefused:
        return []
    return [first, *good[-most:]]


def add(held: list[HeldRoster], newest: HeldRoster, *, most: int = HELD_MAX) -> None:
    """Have a roster in force behind those before, of which the first and the newest stay in memory."""
    held.append(newest)
    del held[1:-most]


def keep(home: ChannelHome, held: HeldRoster) -> None:
    """Write a roster and its statement beside the others."""
    party, version = held.roster.party, held.roster.version
    home.rosters.mkdir(mode=0o700, exist_ok=True)
    write_file(home.roster_statement_path(party, version), held.signed.encode())
    write_file(home.roster_path(party, version), held.text)
