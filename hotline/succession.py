"""Ending a log and beginning its successor: what each side's people do.

    the party whose log ends                   the counterpart
                                               attest    -> attestation
    begin  -> succession  <----------------    (attestation)
    sign, sign  (officers)
    complete              ---------------->    accept
    node run                                   node run

1. `attest` gives the counterpart's last cosignature of the log, and entries where they are wanted.
2. `begin` makes the succession: the document, and the roster that brings the announced log, signed by the roots.
3. Officers sign it, as many as the agreement asks.
4. `complete` puts it in place at the party whose log ends, and `accept` at the other. Either works on the same file and
   checks all of it; nodes are stopped meanwhile.

Source: spec/succession.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hotline.desk import Channel, Officer
from hotline.documents import check_chain, check_roster
from hotline.errors import CouldNot, Misused, Refused
from hotline.root_signing import Secrets
from hotline.sending import sign
from hotline.succession_home import (
    check_not_begun,
    cosigned_by_us,
    cosigned_past,
    holds,
    is_in_place,
    standing_of,
)
from hotline.succession_keys import check_announced, next_rosters, successor_seeds, take_reserve, with_log
from nodes.config import NodeConfig
from nodes.files import write_file
from nodes.home import ChannelHome, NodeHome
from nodes.home_lock import locked
from nodes.key_files import read_node_keyring, write_keyring
from nodes.node import mark_path_of
from nodes.resources import catalogue_of
from nodes.rosters import load as load_rosters
from nodes.rosters import newest as newest_roster
from nodes.signed import SignedStatement
from nodes.stopped import open_store, read_agreement
from nodes.store import OWN_COSIGNED, THEIR_COSIGNED
from nodes.succession import check_file, missing_of
from nodes.succession_file import (
    ATTESTED_BYTES_MAX,
    ATTESTED_MAX,
    Attestation,
    SuccessionFile,
    SuccessionFileRefused,
)
from nodes.successor import put_in_place, write_counted
from protocol.agreement import Agreement
from protocol.checkpoint import parse_text
from protocol.compose import Setting, compose
from protocol.kinds import Catalogue
from protocol.note import parse as parse_note
from protocol.statement import EMPTY_LOG, ID_BYTES, LogState
from protocol.succession import SUCCESSION_KIND, Succession

RECORD_OVERHEAD = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A succession as people are shown it.

    Attributes:
        party, counterpart: short names.
        succession: the document.
        missing: slots of the agreement without a signature.
        signers: `person/1 as duty`, for every signature.
        waiting: statements that waited and are void; None where nothing was put in place.
    """

    party: str
    counterpart: str
    succession: Succession
    missing: tuple[str, ...]
    signers: tuple[str, ...]
    waiting: int | None = None


def attest(home: NodeHome, channel: ChannelHome, *, entries_from: int | None) -> Attestation:
    """Give our last cosignature of the counterpart's log, and what our mirror has from a place on.

    Raises:
        CouldNot: nothing was cosigned, or the entries are too many for one file.
    """
    with open_store(home, channel) as store:
        note = store.note(THEIR_COSIGNED)
        if note is None:
            raise CouldNot("nothing-cosigned", f"no checkpoint of {channel.counterpart} was cosigned here yet")
        size = parse_text(parse_note(note).text).size
        start = size if entries_from is None else min(entries_from, size)
        if size - start > ATTESTED_MAX:
            raise CouldNot("too-large", f"{size - start} entries; {ATTESTED_MAX} fit: name a later one")
        entries: list[tuple[bytes, bytes | None]] = []
        room = ATTESTED_BYTES_MAX - len(note) - 64
        for index in range(start, size):
            entry, body = store.read(store.their, index, index + 1)[0], store.body(store.their, index)
            room -= len(entry) + len(body or b"") + RECORD_OVERHEAD
            if room < 0:
                raise CouldNot("too-large", f"entries {start} to {size - 1} do not fit; name a later one")
            entries.append((entry, body))
    return Attestation(note=note, start=start, entries=tuple(entries))


def begin(
    home: NodeHome,
    channel: ChannelHome,
    opened: Secrets,
    *,
    reason: str,
    attested: Attestation | None,
    now_ms: int,
) -> tuple[bytes, Shown]:
    """Make a succession of our own log, for the officers to sign.

    Args:
        home: ours; its node must be stopped.
        channel: whose log of ours ends.
        opened: what opens roots and reserve.
        reason: one of `REASONS`.
        attested: from the counterpart; None to go by the last cosignature that we have of it.
        now_ms: now, UTC milliseconds.

    Returns:
        The succession file, and what it says.

    Raises:
        CouldNot, Refused: there is no cosignature, the reserve has other keys than those announced, or our store holds
            another past than the one cosigned and the attestation does not hold what is wanted of it.
    """
    with locked(home.path):
        agreement = read_agreement(channel)
        own = home.party
        in_force = newest_roster(channel, agreement, own)
        check_not_begun(channel)
        with open_store(home, channel) as store:
            note = store.note(OWN_COSIGNED) if attested is None else attested.note
            if note is None:
                raise CouldNot("nothing-cosigned", f"{channel.counterpart} has not cosigned our log as far as we know")
            past = cosigned_past(note, agreement, channel, own, in_force)
            if not holds(store, own, past):
                if attested is None:
                    text = f"our store does not hold the log that {channel.counterpart} cosigned"
                    raise CouldNot("succession-needs-entries", f"{text} at {past.size}")
                write_counted(channel, store, own, in_force.roster.epoch, attested, past)
            their = store.head(store.their)
            seen = LogState(their.size, their.root)
        standing = standing_of(home, channel, agreement, own, in_force.roster.epoch, past)
        rosters = next_rosters(home, channel, agreement, standing, opened, now_ms=now_ms)
        document = Succession(own, standing.roster.roster.next_epoch, reason, note).encode()
        kinds = kinds_of(agreement)
        kind = kinds.kind(SUCCESSION_KIND)
        if kind is None:
            raise Refused("no-such-kind", "the agreement's catalogue is older than successions: the parties pair anew")
        setting = Setting(
            channel=agreement.channel,
            party=own,
            agreement=agreement.digest,
            catalogue=agreement.catalogue_digest,
            after=past,
            seen=seen,
        )
        made = compose(
            kind,
            setting,
            statement_id=secrets.token_bytes(ID_BYTES),
            secret=None,
            issued_at_ms=now_ms,
            document=document,
            language=agreement.languages[0],
        )
        signed = SignedStatement(statement=made.statement_bytes, signatures=(), body=document)
        file = SuccessionFile(signed=signed, rosters=rosters, root_sets=standing.roots.signed)
        check_file(file, standing, agreement, kinds, whole=False)
    return file.encode(), shown(file, agreement)


def kinds_of(agreement: Agreement) -> Catalogue:
    """The catalogue that an agreement names.

    Raises:
        Refused: this program does not have it.
    """
    found = catalogue_of(agreement.catalogue_digest)
    if found is None:
        raise Refused("catalogue-differs", "the agreement names a catalogue that this program does not have")
    return found


def shown(file: SuccessionFile, agreement: Agreement, *, waiting: int | None = None) -> Shown:
    """What a succession file says; nothing of it is verified here."""
    party = file.succession.party
    return Shown(
        party=party,
        counterpart=agreement.other(party).short,
        succession=file.succession,
        missing=missing_of(file, agreement, kinds_of(agreement)),
        signers=tuple(f"{one.signer} as {one.role}" for one in file.signed.signatures),
        waiting=waiting,
    )


def pinned(officer: Officer, file: SuccessionFile) -> Agreement:
    """The agreement that an officer pinned and that a succession is under.

    Raises:
        Refused: the officer pinned no such agreement.
    """
    for text in officer.home.pins().values():
        agreement = Agreement.parse_founding(text)
        if agreement.digest == file.statement.agreement:
            return agreement
    raise Refused("wrong-agreement", f"{officer.home.name} has pinned no agreement that this is under")


def add_signatures(file: SuccessionFile, officers: Sequence[Officer], *, now_ms: int) -> tuple[SuccessionFile, Shown]:
    """Sign a succession by one or more officers of the party whose log ends.

    Raises:
        Refused: the file is not of the officer's party or agreement, its roster is not signed by the roots, or an
            officer is not needed.
    """
    party = file.succession.party
    agreement = pinned(officers[0], file)
    for officer in officers:
        if pinned(officer, file).digest != agreement.digest:
            raise Refused("wrong-agreement", f"{officer.home.name} has pinned another agreement")
        if officer.home.party != party:
            raise Refused("wrong-party", f"{officer.home.name} is an officer of {officer.home.party}, not of {party}")
        statement, raw = file.statement, file.signed.statement
        kind = kinds_of(agreement).kind(statement.kind)
        if kind is None or statement.channel != agreement.channel or statement.after != file.succession.past:
            raise Refused("succession-refused", "the statement and the document in the file contradict each other")
        chain = check_chain(file.root_sets, agreement=agreement, party=party)
        roster = check_roster(file.rosters[-1], agreement=agreement, party=party, chain=chain)
        person = roster.person(officer.number)
        if person is None or officer.key.public != person.key:
            raise Refused("key-not-in-roster", f"the roster in the file does not have the key of {officer.home.name}")
        channel = Channel(
            own=party,
            counterpart=agreement.other(party).short,
            agreement=agreement,
            rosters={party: roster},
            own_log=EMPTY_LOG,
            their_log=EMPTY_LOG,
            now_ms=now_ms,
        )
        made = sign(statement, raw, kind, channel, [officer], already=file.signed.signatures)
        signed = replace(file.signed, signatures=(*file.signed.signatures, *made))
        file = replace(file, signed=signed)
    return file, shown(file, agreement)


def complete(home: NodeHome, channel: ChannelHome, file: SuccessionFile, opened: Secrets) -> Shown:
    """Put a succession of our own log in place. An interrupted one is done again with the same file.

    Raises:
        SuccessionFileRefused: it does not hold.
        CouldNot: the reserve does not have the announced keys.
    """
    with locked(home.path):
        agreement = read_agreement(channel)
        if file.succession.party != home.party:
            raise Misused("usage", f"this ends a log of {file.succession.party}: use accept")
        node = read_node_keyring(home.keyring_path, opened.passphrase)
        done = is_in_place(channel, file)
        waiting = 0
        if not done:
            past = file.succession.past
            epoch = file.succession.epoch
            standing = standing_of(home, channel, agreement, home.party, epoch - 1, past)
            rosters = check_file(file, standing, agreement, kinds_of(agreement))
            seeds = successor_seeds(node, agreement, epoch, opened)
            signers = seeds.log_signers(agreement.origin(home.party, epoch))
            check_announced(rosters[-1].roster.log, signers)
            # From here on no node runs before it is finished: its keys and its roster would be of two logs.
            write_file(channel.succession_begun, file.encode())
            if node.channels[agreement.channel.hex()].epoch != epoch:
                write_keyring(home.keyring_path, with_log(node, agreement, seeds), opened.passphrase, replace=True)
            apart = NodeConfig.load(home.config_path).high_water
            mark = mark_path_of(channel, agreement, own=home.party, apart=apart)
            waiting = put_in_place(
                channel, file, rosters, agreement, own=home.party, signers=signers, mark=mark, roots=standing.roots
            )
        take_reserve(channel, agreement, file, opened)
    return shown(file, agreement, waiting=waiting)


def accept(home: NodeHome, channel: ChannelHome, file: SuccessionFile) -> Shown:
    """Put a succession of the counterpart's log in place. An interrupted one is done again with the same file.

    Raises:
        SuccessionFileRefused: it does not hold, or does not name our own last cosignature.
    """
    with locked(home.path):
        agreement = read_agreement(channel)
        party = file.succession.party
        if party != channel.counterpart:
            raise Misused("usage", f"this ends a log of {party}: use complete")
        if not is_in_place(channel, file):
            epoch = file.succession.epoch - 1
            past = cosigned_by_us(home, channel, epoch)
            standing = standing_of(home, channel, agreement, party, epoch, past)
            rosters = check_file(file, standing, agreement, kinds_of(agreement))
            known = {held.roster.version: held.text for held in load_rosters(channel, agreement, party)}
            for held in rosters:
                if known.get(held.roster.version, held.text) != held.text:
                    raise SuccessionFileRefused(f"another roster {held.roster.version} of {party} is in force here")
            put_in_place(channel, file, rosters, agreement, own=home.party, roots=standing.roots)
    return shown(file, agreement)
