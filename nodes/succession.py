"""A succession put in place: what is checked of it, and what it changes in a home.

Both nodes are stopped for it, each at its own time. Nothing of the log that ends is changed or removed: its store goes
whole into `past/`, and a new one is made beside it with everything of the other voice and nothing of this one. Where it
is our own log, entry 0 and the rosters behind it are in the new store, signed with the announced keys, before the store
takes its place.

Whatever is interrupted is done again by giving the same file again: the entries have no time but the statement's, so
that the same log comes of it, and the high-water mark keeps from signing another.

Source: spec/succession.md, "What is checked" and "What is changed".
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from keys.errors import KeysError
from keys.note_key import NoteSigner
from keys.roster import check_apart
from nodes.errors import NodeError
from nodes.files import make_directory, sync_directory, write_file
from nodes.highwater import HighWater
from nodes.home import ChannelHome
from nodes.past import ended_path, read_past
from nodes.rosters import HeldRoster, RosterFileRefused, check_roster, follows, keep
from nodes.signed import SignedStatement
from nodes.sqlite_store import SqliteStore
from nodes.store import OWN_SIGNED, LogStore, Row
from nodes.succession_file import Attestation, SuccessionFile, SuccessionFileRefused
from protocol.agreement import Agreement
from protocol.authority import missing_slots, missing_text, slots_needed
from protocol.body import check_named
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import verify_note
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.fit import header_fits
from protocol.glance import glance
from protocol.kinds import Catalogue
from protocol.line_keys import voice_keys
from protocol.merkle import Frontier, leaf_hash
from protocol.signature import verify_signature
from protocol.statement import LogState, Statement
from protocol.succession import check_fits
from protocol.tagged import Hash

BATCH = 256

_FORGET = {
    0: (
        "UPDATE head SET size=0, frontier=x'' WHERE voice=0",
        "DELETE FROM own_entry",
        "DELETE FROM own_body",
        "DELETE FROM own_id",
        "DELETE FROM hash WHERE voice=0",
        "DELETE FROM flash WHERE voice=0",
        "DELETE FROM mended WHERE voice=0",
        "DELETE FROM cosigned",
        "DELETE FROM waiting",
        "DELETE FROM note WHERE name LIKE 'own-%'",
    ),
    1: (
        "UPDATE head SET size=0, frontier=x'' WHERE voice=1",
        "DELETE FROM their_entry",
        "DELETE FROM their_body",
        "DELETE FROM hash WHERE voice=1",
        "DELETE FROM flash WHERE voice=1",
        "DELETE FROM mended WHERE voice=1",
        "DELETE FROM ahead",
        "DELETE FROM branch",
        "DELETE FROM branch_entry",
        "DELETE FROM note WHERE name LIKE 'their-%'",
    ),
}
"""What of a store belongs to a voice: 0 our own, 1 the counterpart's."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a home knows of the log that is to end.

    Attributes:
        party: whose log it is.
        past: size and root that the counterpart cosigned last.
        roster: of that party, in force at the end of what counts.
        other: of the other party, in force.
    """

    party: str
    past: LogState
    roster: HeldRoster
    other: HeldRoster


def rosters_in(store: LogStore, party: str, size: int, agreement: Agreement) -> list[HeldRoster]:
    """The rosters in the first entries of a log that verify, in order.

    Raises:
        SuccessionFileRefused: there is none.
    """
    found: list[HeldRoster] = []
    for start in range(0, size, BATCH):
        for index, data in enumerate(store.read(party, start, min(size, start + BATCH)), start):
            if glance(data).kind != "roster":
                continue
            try:
                entry = Entry.parse(data)
                signed = SignedStatement(
                    statement=entry.statement, signatures=entry.signatures, body=store.body(party, index)
                )
                held = check_roster(agreement, party, signed)
            except (ProtocolError, RosterFileRefused):
                continue
            if not found or follows(found[-1], held):
                found.append(held)
    if not found:
        raise SuccessionFileRefused(f"the log of {party} holds no roster that verifies")
    return found


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
        if person is None or signature.role not in person.roles:
            text = f"{signature.signer} as {signature.role} is no person of roster {standing.roster.roster.version}"
            raise SuccessionFileRefused(text, "succession-unauthorised")
        try:
            verify_signature(
                file.signed.statement, signature, channel=agreement.channel, party=standing.party, key=person.key
            )
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
            held = check_roster(agreement, standing.party, signed)
            for party in agreement.parties:
                check_apart(held.roster, party.roots)
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


def write_counted(
    home: ChannelHome, store: LogStore, party: str, epoch: int, attested: Attestation, past: LogState
) -> None:
    """Write what counts of our own log, where our store holds another past of it: its beginning, and behind that what
    the counterpart gave.

    Raises:
        SuccessionFileRefused: `succession-needs-entries`; together they are not what was cosigned.
    """
    path = ended_path(home, party, epoch, ".counted.db")
    make_directory(home.past)
    for one in _files(path):
        one.unlink(missing_ok=True)
    counted = SqliteStore.open(path, own=store.own, their=store.their)
    try:
        begin = min(attested.start, past.size, store.head(party).size)
        if attested.start > begin:
            raise SuccessionFileRefused(
                f"entries from {begin} on are needed; the file begins at {attested.start}", "succession-needs-entries"
            )
        for start in range(0, begin, BATCH):
            entries = store.read(party, start, min(begin, start + BATCH))
            _append(counted, [(entry, store.body(party, index)) for index, entry in enumerate(entries, start)])
        _append(counted, attested.entries[: past.size - begin])
        head = counted.head(party)
        if (head.size, head.root) != past:
            raise SuccessionFileRefused(
                f"{head.size} entries are not the log that was cosigned at {past.size}; "
                "ask for the entries from an earlier one on",
                "succession-needs-entries",
            )
    except BaseException:
        counted.close()
        for one in _files(path):
            one.unlink(missing_ok=True)
        raise
    counted.close()
    sync_directory(home.past)


def _append(store: SqliteStore, entries: Sequence[tuple[bytes, bytes | None]]) -> None:
    for start in range(0, len(entries), BATCH):
        part = entries[start : start + BATCH]
        head = store.head(store.own)
        rows = []
        for entry, body in part:
            seen = glance(entry)
            if seen.body_digest is not None and not seen.fits(body or b""):
                raise SuccessionFileRefused(
                    "a body that was given is not the one its entry names", "succession-needs-entries"
                )
            rows.append(Row(entry, leaf_hash(entry), body, None, seen.flash))
        store.append_own(head.size, rows, head.frontier.extend([row.leaf for row in rows]), head.last_ms)


# --- putting in place ----------------------------------------------------------------------------------------------


def put_in_place(
    home: ChannelHome,
    file: SuccessionFile,
    rosters: Sequence[HeldRoster],
    agreement: Agreement,
    *,
    own: str,
    signers: tuple[NoteSigner, NoteSigner] | None = None,
    mark: Path | None = None,
) -> int:
    """End a log and begin its successor in a home whose node does not run.

    Args:
        home: the channel's files.
        file: checked, or the one that an interrupted call began with.
        rosters: those in it.
        agreement: of the channel.
        own: short name of the home's party.
        signers: the successor's keys, where it is our own log.
        mark: the high-water mark of our log, where it is our own.

    Returns:
        How many statements waited in the store that ended and are now void.

    Raises:
        SuccessionFileRefused: another succession was begun.
        NodeError: something cannot be read or written; give the same file again.
    """
    succession = file.succession
    party, epoch = succession.party, succession.epoch - 1
    make_directory(home.past)
    write_file(home.succession_begun, file.encode())
    old = ended_path(home, party, epoch, ".db")
    if not old.exists():
        _settle(home.log_db, own, home.counterpart)
        os.link(home.log_db, old)
        sync_directory(home.past)
    following = home.log_db.with_name("log.db.next")
    waiting = _copy(old, following, own=own, their=home.counterpart, voice=0 if party == own else 1)
    if signers is not None and mark is not None:
        note, checkpoint = _first_entries(following, file, rosters, agreement, own, home.counterpart, signers)
        _raise_mark(mark, note, checkpoint)
    for held in rosters:
        keep(home, held)
    _settle(following, own, home.counterpart)
    _sync(following)
    following.replace(home.log_db)
    sync_directory(home.path)
    for one in (old, ended_path(home, party, epoch, ".counted.db")):
        _rest(one)
    write_file(ended_path(home, party, epoch, ".succession"), file.encode())
    # What counts is looked at once more, as the node's start will.
    read_past(home, agreement, own=own).close()
    if party != own:
        write_file(home.succession_accepted, b"")
    else:
        home.restored.unlink(missing_ok=True)
    home.succession_begun.unlink()
    sync_directory(home.path)
    return waiting


def _files(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]


def _settle(path: Path, own: str, their: str) -> None:
    """Move everything into the file itself, so that its name can be given away."""
    SqliteStore.open(path, own=own, their=their).close()
    connection = apsw.Connection(str(path))
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.Error as error:
        raise SuccessionFileRefused(f"{path}: {error}", "store-broken") from error
    finally:
        connection.close()
    for one in _files(path)[1:]:
        one.unlink(missing_ok=True)


def _rest(path: Path) -> None:
    """A store that nobody writes to any more, if it is there: read without files beside it."""
    if not path.exists():
        return
    connection = apsw.Connection(str(path))
    try:
        connection.pragma("journal_mode", "delete")
    except apsw.Error as error:
        raise SuccessionFileRefused(f"{path}: {error}", "store-broken") from error
    finally:
        connection.close()
    for one in _files(path)[1:]:
        one.unlink(missing_ok=True)
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(old: Path, following: Path, *, own: str, their: str, voice: int) -> int:
    """A store with all of the other voice and nothing of this one; how many statements waited in it."""
    for one in _files(following):
        one.unlink(missing_ok=True)
    try:
        source = apsw.Connection(str(old), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            source.execute("VACUUM INTO ?", (str(following),))
        finally:
            source.close()
        SqliteStore.open(following, own=own, their=their).close()
        target = apsw.Connection(str(following))
        try:
            waiting: int = target.execute("SELECT count(*) FROM waiting").get if voice == 0 else 0
            with target:
                for statement in _FORGET[voice]:
                    target.execute(statement)
        finally:
            target.close()
    except apsw.Error as error:
        raise SuccessionFileRefused(f"{old}: {error}", "store-broken") from error
    following.chmod(0o600)
    return waiting


def _first_entries(
    path: Path,
    file: SuccessionFile,
    rosters: Sequence[HeldRoster],
    agreement: Agreement,
    own: str,
    their: str,
    signers: tuple[NoteSigner, NoteSigner],
) -> tuple[bytes, Checkpoint]:
    """Entry 0 and the rosters, and the successor's first checkpoint."""
    store = SqliteStore.open(path, own=own, their=their)
    try:
        mirror, last_ms = store.head(their), store.head(own).last_ms
        at_ms = max(file.statement.issued_at_ms, last_ms)
        held = LogState(mirror.size, mirror.root)
        signed = [file.signed, *(one.signed for one in rosters)]
        entries = [
            Entry(statement=one.statement, signatures=one.signatures, logged_at_ms=at_ms, held=held).encode()
            for one in signed
        ]
        leaves: list[Hash] = [leaf_hash(entry) for entry in entries]
        frontier = Frontier.empty().extend(leaves)
        rows = [
            Row(entry, leaf, one.body, Statement.parse(one.statement).id, flash=False)
            for entry, leaf, one in zip(entries, leaves, signed, strict=True)
        ]
        store.append_own(0, rows, frontier, at_ms)
        origin = agreement.origin(own, file.succession.epoch)
        checkpoint = Checkpoint(origin, frontier.size, frontier.root())
        note = sign_checkpoint(checkpoint, signers, at_ms)
        store.later(OWN_SIGNED, note)
        store.flush()
    finally:
        store.close()
    return note, checkpoint


def _raise_mark(path: Path, note: bytes, checkpoint: Checkpoint) -> None:
    """The mark of our log is of the successor from here on, and never of two of them."""
    mark = HighWater.open(path)
    try:
        last = mark.checkpoint
        if last is None or last.origin != checkpoint.origin:
            mark.put(note, checkpoint)
        elif last != checkpoint:
            raise SuccessionFileRefused(
                f"the log {checkpoint.origin} was begun before, and otherwise", "high-water-differs"
            )
    finally:
        mark.close()
