"""What a home knows of a log that is to end: how far it counts, by which roster, and whether it has ended already.

Source: spec/succession.md, "What is checked".
"""

from __future__ import annotations

from pathlib import Path

from hotline.errors import CouldNot
from nodes.files import read_file
from nodes.home import ChannelHome, NodeHome
from nodes.past import ended_path, read_past
from nodes.root_sets import HeldRoots, founding_roots
from nodes.rosters import HeldRoster
from nodes.rosters import newest as newest_roster
from nodes.sqlite_store import SqliteStore
from nodes.store import THEIR_COSIGNED, LogStore
from nodes.succession import Standing, rosters_in
from nodes.succession_file import FILE_BYTES_MAX, SuccessionFile, SuccessionFileRefused
from protocol.agreement import Agreement
from protocol.checkpoint import parse_text
from protocol.cosignature import verify_note
from protocol.errors import ProtocolError
from protocol.line_keys import voice_keys
from protocol.note import parse as parse_note
from protocol.statement import LogState


def check_not_begun(channel: ChannelHome) -> None:
    """Refuse to begin anything while a succession is half in place.

    Raises:
        CouldNot: `succession-unfinished`.
    """
    if channel.succession_begun.exists():
        raise CouldNot("succession-unfinished", "a succession was begun here and not finished; finish it first")


def is_in_place(channel: ChannelHome, file: SuccessionFile) -> bool:
    """Whether this very succession is in place.

    Raises:
        SuccessionFileRefused: another one of the same log is, or was begun.
    """
    party, epoch = file.succession.party, file.succession.epoch - 1
    if channel.succession_begun.exists():
        if read_file(channel.succession_begun, bytes_max=FILE_BYTES_MAX) != file.encode():
            raise SuccessionFileRefused("another succession was begun here", "succession-again")
        return False
    path = ended_path(channel, party, epoch, ".succession")
    if not path.exists():
        return False
    before = SuccessionFile.parse(read_file(path, bytes_max=FILE_BYTES_MAX))
    if before.signed.statement != file.signed.statement or before.rosters != file.rosters:
        text = f"the log {epoch} of {party} was succeeded before, and otherwise: two successors are a fork"
        raise SuccessionFileRefused(text, "succession-again")
    return True


def cosigned_past(note: bytes, agreement: Agreement, channel: ChannelHome, own: str, in_force: HeldRoster) -> LogState:
    """What a cosignature of our log covers, verified.

    Raises:
        SuccessionFileRefused: it does not verify.
    """
    other = newest_roster(channel, agreement, channel.counterpart)
    log = voice_keys(agreement, in_force.roster, frozenset()).log
    mirror = voice_keys(agreement, other.roster, frozenset()).mirror
    try:
        checkpoint = verify_note(note, log + mirror).checkpoint
    except ProtocolError as error:
        raise SuccessionFileRefused(f"the cosignature of {own}'s log does not hold: {error}") from error
    return LogState(checkpoint.size, checkpoint.root)


def holds(store: LogStore, voice: str, past: LogState) -> bool:
    """Whether a store has so much of a log, with that root."""
    return store.head(voice).size >= past.size and store.root(voice, past.size) == past.root


def _before(home: NodeHome, channel: ChannelHome, party: str, epoch: int) -> Path:
    """The store with the log of that epoch: the present one, unless it went into the past already."""
    old = ended_path(channel, party, epoch, ".db")
    return old if old.exists() else channel.log_db


def cosigned_by_us(home: NodeHome, channel: ChannelHome, epoch: int) -> LogState:
    """How far we cosigned the counterpart's log of an epoch, and no further.

    Raises:
        CouldNot: `nothing-cosigned`.
    """
    party = channel.counterpart
    store = SqliteStore.open(_before(home, channel, party, epoch), own=home.party, their=party, readonly=True)
    try:
        note = store.note(THEIR_COSIGNED)
    finally:
        store.close()
    if note is None:
        raise CouldNot("nothing-cosigned", f"no checkpoint of {party} was cosigned here yet")
    checkpoint = parse_text(parse_note(note).text)
    return LogState(checkpoint.size, checkpoint.root)


def standing_of(
    home: NodeHome, channel: ChannelHome, agreement: Agreement, party: str, epoch: int, past: LogState
) -> Standing:
    """What our files say of the log that ends; its entries are read for the rosters in it.

    Raises:
        SuccessionFileRefused: they do not hold it as it was cosigned, or it is of another epoch.
    """
    counted = ended_path(channel, party, epoch, ".counted.db")
    path = counted if counted.exists() else _before(home, channel, party, epoch)
    store = SqliteStore.open(path, own=home.party, their=channel.counterpart, readonly=True)
    try:
        if not holds(store, party, past):
            text = f"our store does not hold {past.size} entries of {party} as they were cosigned"
            raise SuccessionFileRefused(text, "succession-needs-entries")
        before = _roots_before(home, channel, agreement, party, epoch)
        rosters, roots = rosters_in(store, party, past.size, agreement, before)
        roster = rosters[-1]
    finally:
        store.close()
    if roster.roster.epoch != epoch:
        raise SuccessionFileRefused(f"the log of {party} here is of epoch {roster.roster.epoch}, not {epoch}")
    other = newest_roster(channel, agreement, agreement.other(party).short)
    return Standing(party, past, roster, other, roots)


def _roots_before(home: NodeHome, channel: ChannelHome, agreement: Agreement, party: str, epoch: int) -> HeldRoots:
    """The roots in force where the log of an epoch begins: what the logs before it brought, as far as they count."""
    roots = founding_roots(agreement, party)
    past = read_past(channel, agreement, own=home.party)
    try:
        for ended in past.of(party):
            if ended.epoch < epoch:
                _, roots = rosters_in(ended.store, party, ended.size, agreement, roots)
    finally:
        past.close()
    return roots
