"""What is checked of a succession before anything is written, at both sides alike.

Source: spec/succession.md, "What is checked".
"""

from __future__ import annotations

from dataclasses import dataclass

from keys.errors import KeysError
from keys.roster import check_apart
from nodes.errors import NodeError
from nodes.root_sets import HeldRoots
from nodes.root_sets import follow as follow_roots
from nodes.rosters import HeldRoster, RosterFileRefused, check_roster, follows
from nodes.signed import SignedStatement
from nodes.store import LogStore
from nodes.succession_file import SuccessionFile, SuccessionFileRefused
from protocol.agreement import Agreement
from protocol.authority import missing_slots, missing_text, slots_needed
from protocol.body import check_named
from protocol.cosignature import verify_note
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.fit import header_fits
from protocol.glance import glance
from protocol.kinds import Catalogue
from protocol.line_keys import voice_keys
from protocol.reading import ROOT_SET_KIND, ROSTER_KIND
from protocol.signature import verify_signature
from protocol.statement import LogState, Statement
from protocol.succession import check_fits

BATCH = 256


@dataclass(frozen=True, slots=True)
class Standing:
    """What a home knows of the log that is to end.

    Attributes:
        party: whose log it is.
        past: size and root that the counterpart cosigned last.
        roster: of that party, in force at the end of what counts.
        other: of the other party, in force.
        roots: of that party, in force at the end of what counts.
    """

    party: str
    past: LogState
    roster: HeldRoster
    other: HeldRoster
    roots: HeldRoots


def rosters_in(
    store: LogStore, party: str, size: int, agreement: Agreement, roots: HeldRoots
) -> tuple[list[HeldRoster], HeldRoots]:
    """The rosters in the first entries of a log that verify, in order, and the roots in force after them.

    Args:
        store: where the log is.
        party: whose it is.
        size: how many entries count.
        agreement: of the channel.
        roots: in force at its beginning.

    Raises:
        SuccessionFileRefused: there is none.
    """
    found: list[HeldRoster] = []
    for start in range(0, size, BATCH):
        for index, data in enumerate(store.read(party, start, min(size, start + BATCH)), start):
            kind = glance(data).kind
            if kind not in {ROSTER_KIND, ROOT_SET_KIND}:
                continue
            try:
                entry = Entry.parse(data)
                signed = SignedStatement(
                    statement=entry.statement, signatures=entry.signatures, body=store.body(party, index)
                )
                if kind == ROOT_SET_KIND:
                    coming = follow_roots(roots, agreement, signed)
                    if not found or coming.newest.roster == found[-1].roster.version:
                        roots = coming
                    continue
                before = found[-1] if found else None
                held = check_roster(agreement, party, signed, before, chain=roots.chain, at_ms=entry.logged_at_ms)
            except (ProtocolError, RosterFileRefused):
                continue
            if not found or follows(found[-1], held):
                found.append(held)
    if not found:
        raise SuccessionFileRefused(f"the log of {party} holds no roster that verifies")
    return found, roots


def check_file(
    file: SuccessionFile, standing: Standing, agreement: Agreement, catalogue: Catalogue, *, whole: bool = True
) -> list[HeldRoster]:
    """Check everything that a succession claims.

    Args:
        file: as it came.
        standing: what this home knows of the log.
        agreement, catalogue: in force.
        whole: refuse one that still lacks signatures of persons; without it only those that are there are checked.

    Returns:
        The rosters in it; the last one brings the successor.

    Raises:
        SuccessionFileRefused: it is not the successor of this log, or not with the authority that the agreement asks.

    Source: spec/succession.md, "What is checked", steps 1 to 6.
    """
    party = standing.party
    before = standing.roster.roster
    if [one.body for one in file.root_sets] != list(standing.roots.chain.texts[1:]):
        raise SuccessionFileRefused(f"the root sets in the file are not those that count of {party}")
    try:
        succession, statement = file.succession, file.statement
        check_fits(succession, agreement, party, epoch=before.next_epoch, past=standing.past)
        log = voice_keys(agreement, before, frozenset()).log
        mirror = voice_keys(agreement, standing.other.roster, frozenset()).mirror
        verify_note(succession.note, log + mirror)
        _check_statement(file, statement, standing, agreement, catalogue)
    except (ProtocolError, KeysError) as error:
        raise SuccessionFileRefused(f"the succession does not hold: {error}") from error
    _check_authority(file, statement, standing, agreement, catalogue, whole=whole)
    return _check_rosters(file, standing, agreement)


def _check_statement(
    file: SuccessionFile, statement: Statement, standing: Standing, agreement: Agreement, catalogue: Catalogue
) -> None:
    kind = catalogue.kind(statement.kind)
    right = (statement.party, statement.channel, statement.agreement, statement.catalogue) == (
        standing.party,
        agreement.channel,
        agreement.digest,
        catalogue.digest,
    )
    if not right or kind is None or not header_fits(kind, statement):
        raise SuccessionFileRefused("the statement is of another channel, party or agreement, or no succession")
    if statement.after != standing.past:
        raise SuccessionFileRefused("the statement was made for another past of its log")
    check_named(statement, file.signed.body or b"")


def missing_of(file: SuccessionFile, agreement: Agreement, catalogue: Catalogue) -> tuple[str, ...]:
    """The slots of the agreement that no signature in a file claims to fill."""
    kind = catalogue.kind(file.statement.kind)
    if kind is None:
        return ()
    signers = [(one.person, one.role) for one in file.signed.signatures if one.person is not None]
    return missing_slots(slots_needed(agreement, kind, None, file.statement.precedence), signers)


def _check_authority(
    file: SuccessionFile,
    statement: Statement,
    standing: Standing,
    agreement: Agreement,
    catalogue: Catalogue,
    *,
    whole: bool,
) -> None:
    """Persons of the roster in force, each with a good signature, and enough of them. Expiry is not looked at: a log
    whose rosters ran out may have to end as well, and the entry is marked for it."""
    people = {person.number: person for person in standing.roster.roster.people}
    for signature in file.signed.signatures:
        person = people.get(signature.person or 0)
        key = None if person is None else person.key
        if person is None or key is None or signature.role not in person.roles:
            text = f"{signature.signer} as {signature.role} is no person of roster {standing.roster.roster.version}"
            raise SuccessionFileRefused(text, "succession-unauthorised")
        try:
            verify_signature(file.signed.statement, signature, channel=agreement.channel, party=standing.party, key=key)
        except (ProtocolError, KeysError) as error:
            raise SuccessionFileRefused(f"{signature.signer}: {error}", "succession-unauthorised") from error
    missing = missing_of(file, agreement, catalogue)
    if whole and missing:
        raise SuccessionFileRefused(f"the signature of {missing_text(missing)} is missing", "succession-unauthorised")


def _check_rosters(file: SuccessionFile, standing: Standing, agreement: Agreement) -> list[HeldRoster]:
    found: list[HeldRoster] = []
    last = standing.roster
    for signed in file.rosters:
        try:
            held = check_roster(agreement, standing.party, signed, last, chain=standing.roots.chain)
            standing.roots.chain.check_apart(held.roster)
            check_apart(held.roster, agreement.other(standing.party).roots)
        except (NodeError, KeysError) as error:
            raise SuccessionFileRefused(f"a roster in the file does not hold: {error}") from error
        if not follows(last, held):
            raise SuccessionFileRefused(
                f"roster {held.roster.version} does not follow roster {last.roster.version}, "
                "or its log is not the one announced"
            )
        found.append(held)
        last = held
    epochs = [held.roster.epoch for held in found]
    before = standing.roster.roster
    if epochs != [before.epoch] * (len(epochs) - 1) + [before.next_epoch]:
        raise SuccessionFileRefused("the last roster, and no other, brings the successor")
    return found
