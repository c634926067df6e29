"""A succession put in place: what it changes in a home.

The home's node is stopped. Nothing of the log that ends is changed or removed: its store goes whole into `past/`, and a
new one is made beside it with everything of the other voice and nothing of this one. Where it is our own log, entry 0
and the rosters behind it are in the new store, signed with the announced keys, before the store takes its place.

Whatever is interrupted is done again by giving the same file again: the entries have no time but the statement's, so
that the same log comes of it, and the high-water mark keeps from signing another.

Source: spec/succession.md, "What is changed".
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import apsw

from keys.note_key import NoteSigner
from nodes.files import make_directory, sync_directory, write_file
from nodes.highwater import HighWater
from nodes.home import ChannelHome
from nodes.past import ended_path, read_past
from nodes.root_sets import HeldRoots, put_aside
from nodes.rosters import HeldRoster, keep
from nodes.sqlite_store import SqliteStore
from nodes.store import OWN_SIGNED, LogStore, Row
from nodes.succession_file import Attestation, SuccessionFile, SuccessionFileRefused
from protocol.agreement import Agreement
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.entry import Entry
from protocol.glance import glance
from protocol.merkle import Frontier, leaf_hash
from protocol.statement import LogState, Statement
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
        "DELETE FROM gone",
        "DELETE FROM lacking",
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
        "DELETE FROM gone",
        "DELETE FROM lacking",
        "DELETE FROM ahead",
        "DELETE FROM branch",
        "DELETE FROM branch_entry",
        "DELETE FROM note WHERE name LIKE 'their-%'",
    ),
}
"""What of a store belongs to a voice: 0 our own, 1 the counterpart's."""


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


def put_in_place(
    home: ChannelHome,
    file: SuccessionFile,
    rosters: Sequence[HeldRoster],
    agreement: Agreement,
    *,
    own: str,
    signers: tuple[NoteSigner, NoteSigner] | None = None,
    mark: Path | None = None,
    roots: HeldRoots | None = None,
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
        roots: of the party, as they count; root sets that do not count any more are put aside.

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
    if roots is not None:
        put_aside(home, roots)
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
