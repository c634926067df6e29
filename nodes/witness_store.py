"""What a witness remembers: of each log its keys, the last checkpoint cosigned, and what did not fit to it.

One SQLite file. A checkpoint takes the place of the last one only while that is still the last one, and a commit is on
the disk: two requests at once cannot take a log back, and what was cosigned is never forgotten. A witness that lost
this file is retired with its keys; the keys alone do not run.

Source: C2SP tlog-witness, "add-checkpoint"; spec/witness.md, "State".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import apsw

from keys.note_key import NoteVerifier
from nodes.errors import NodeError
from protocol.checkpoint import LOG_KEY_TYPES, Checkpoint, parse_text
from protocol.note import parse as parse_note

APPLICATION_ID: Final = 0x484C5754
SCHEMA_VERSION: Final = 1
BUSY_MS: Final = 10_000
LOGS_MAX: Final = 65_536
REFUSED_MAX: Final = 64
"""Checkpoints kept of a log that its keys signed and that did not fit; the first ones, which show most."""

SCHEMA = """
CREATE TABLE log (origin TEXT PRIMARY KEY, hash TEXT UNIQUE NOT NULL, keys TEXT NOT NULL, pinned BLOB, note BLOB,
    at_ms INTEGER);
CREATE TABLE refused (id INTEGER PRIMARY KEY, origin TEXT NOT NULL, at_ms INTEGER NOT NULL, why TEXT NOT NULL,
    note BLOB NOT NULL);
CREATE INDEX refused_of ON refused (origin);
"""


@dataclass(frozen=True, slots=True)
class Followed:
    """A log that the witness follows.

    Attributes:
        origin: its name.
        keys: all of which must have signed.
        note: the last checkpoint cosigned, with the lines of the log and ours; None where there is none yet.
        last: that checkpoint, or the one it was pinned at; None for neither.
        at_ms: when it was cosigned, UTC milliseconds.
        refused: checkpoints that its keys signed and that did not fit.
    """

    origin: str
    keys: tuple[NoteVerifier, ...]
    note: bytes | None
    last: Checkpoint | None
    at_ms: int | None
    refused: int = 0


class WitnessStore:
    """See the module. Any thread may call.

    Args:
        path: the file.
        create: make it; it must not be there.

    Raises:
        NodeError: `witness-state`; it is absent, there already, of another kind, or cannot be read.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        self._lock = threading.Lock()
        if create == path.exists():
            text = "is there already" if create else "is not there. A witness that lost its state is retired"
            raise NodeError("witness-state", f"{path} {text}")
        with self._errors():
            self._db = apsw.Connection(str(path))
            self._db.set_busy_timeout(BUSY_MS)
            self._db.pragma("journal_mode", "wal")
            self._db.pragma("synchronous", "full")
            if create:
                with self._db:
                    self._db.execute(SCHEMA)
                    self._db.pragma("application_id", APPLICATION_ID)
                    self._db.pragma("user_version", SCHEMA_VERSION)
            kind = (self._db.pragma("application_id"), self._db.pragma("user_version"))
        if kind != (APPLICATION_ID, SCHEMA_VERSION):
            raise NodeError("witness-state", f"{path} is not the state of a witness of this release")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise NodeError("witness-state", f"{self.path}: {error}") from error

    def follow(self, keys: tuple[NoteVerifier, ...], *, pinned: bytes | None = None) -> None:
        """Follow a log from now on.

        Args:
            keys: of one log, one of each type at most.
            pinned: a checkpoint that it is known to have had, signed by them: nothing that does not extend it is
                cosigned. None to begin with whatever comes first.

        Raises:
            NodeError: `witness-log`; keys that are not of one log, it is followed already, or there is no room.
        """
        origins = {key.name for key in keys}
        types = [key.type for key in keys]
        if len(origins) != 1 or len(set(types)) != len(types) or not set(types) <= set(LOG_KEY_TYPES):
            raise NodeError("witness-log", "a log has one key of type 0x01, or of 0x06, or both, under one name")
        (origin,) = origins
        with self._lock, self._errors(), self._db:
            if self._db.execute("SELECT count(*) FROM log").get >= LOGS_MAX:
                raise NodeError("witness-log", f"a witness follows at most {LOGS_MAX} logs")
            if self._db.execute("SELECT count(*) FROM log WHERE origin=?", (origin,)).get:
                raise NodeError("witness-log", f"{origin} is followed already")
            spelled = "\n".join(key.vkey() for key in keys)
            row = (origin, sha256(origin.encode()).hexdigest(), spelled, pinned)
            self._db.execute("INSERT INTO log (origin, hash, keys, pinned) VALUES (?, ?, ?, ?)", row)

    def find(self, origin: str) -> Followed | None:
        """A log, or None where it is not followed."""
        with self._lock, self._errors():
            return self._find(origin)

    def _find(self, origin: str) -> Followed | None:
        row = self._db.execute("SELECT keys, pinned, note, at_ms FROM log WHERE origin=?", (origin,)).fetchone()
        if row is None:
            return None
        keys, pinned, note, at_ms = row
        standing = note if note is not None else pinned
        refused = self._db.execute("SELECT count(*) FROM refused WHERE origin=?", (origin,)).get
        return Followed(
            origin=origin,
            keys=tuple(NoteVerifier.parse(one) for one in keys.split("\n")),
            note=note,
            last=None if standing is None else parse_text(parse_note(standing).text),
            at_ms=at_ms,
            refused=refused,
        )

    def logs(self) -> list[Followed]:
        """Every log, by name."""
        with self._lock, self._errors():
            origins = [origin for (origin,) in self._db.execute("SELECT origin FROM log ORDER BY origin")]
            return [one for origin in origins if (one := self._find(origin)) is not None]

    def replace(self, origin: str, before: bytes | None, note: bytes, at_ms: int) -> bool:
        """Put a checkpoint in the place of the last one, if that is still the last one.

        Args:
            origin: of the log.
            before: the note that was the last one when it was decided; None where there was none.
            note: the one to keep.
            at_ms: UTC milliseconds.

        Returns:
            Whether it is the last one now, and on the disk.
        """
        with self._lock, self._errors(), self._db:
            sql = "UPDATE log SET note=?, at_ms=? WHERE origin=? AND note IS ?"
            self._db.execute(sql, (note, at_ms, origin, before))
            changed = self._db.changes()
        return changed == 1

    def latest(self, name: str) -> bytes | None:
        """The last checkpoint cosigned of a log, by the SHA-256 of its origin in hexadecimal; None for none."""
        with self._lock, self._errors():
            row = self._db.execute("SELECT note FROM log WHERE hash=?", (name,)).fetchone()
            return None if row is None else row[0]

    def keep_refused(self, origin: str, note: bytes, why: str, at_ms: int) -> None:
        """Keep a checkpoint that the log's keys signed and that does not fit: it may show what the log did."""
        with self._lock, self._errors(), self._db:
            kept = self._db.execute("SELECT note FROM refused WHERE origin=?", (origin,)).fetchall()
            if len(kept) < REFUSED_MAX and (note,) not in kept:
                sql = "INSERT INTO refused (origin, at_ms, why, note) VALUES (?, ?, ?, ?)"
                self._db.execute(sql, (origin, at_ms, why, note))

    def refused(self, origin: str) -> list[tuple[int, str, bytes]]:
        """Those checkpoints: when each came, why it does not fit, and the note."""
        with self._lock, self._errors():
            sql = "SELECT at_ms, why, note FROM refused WHERE origin=? ORDER BY id"
            return [(at_ms, why, note) for at_ms, why, note in self._db.execute(sql, (origin,))]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
