"""The journal's files: which one goes on, those before it, and what commands leave to be written down.

    journal/current             ["hotline-journal", 1, origin, wrap]: the journal that goes on, and its key
    journal/<id>/journal.db     its entries
    journal/<id>/high-water     how far it was signed; in the settings' own directory where there is one
    journal/<id>/policy         its public keys, by which it is audited
    journal/outbox/*.note       acts that commands noted while no node had to run

The key file holds the two seeds, sealed to the party's own sealing key. They are in no
backup: a journal that was put back would be another one under the same key. So a home that was restored begins a new
journal, which names the one before. That one stays readable; what was written between the backup and the loss is gone,
because nobody else has it.

Source: spec/journal.md, "Files" and "After a loss".
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keys.errors import KeysError, SealRefused
from keys.note_key import SEED_BYTES, NoteKeyType, NoteSigner
from keys.sealing import Opener
from nodes.errors import FileRefused, NodeError
from nodes.files import make_directory, read_file, write_file
from nodes.highwater import HighWater
from nodes.home import NodeHome
from nodes.journal import Journal, JournalLog
from nodes.sqlite_store import SqliteStore
from protocol import canonical
from protocol.canonical import Value
from protocol.errors import ProtocolError
from protocol.journal import journal_origin
from protocol.journal_kinds import JournalCatalogue
from protocol.policy import NONE, LogLine, Policy, parse
from protocol.tagged import tagged

CURRENT: Final = "current"
OUTBOX: Final = "outbox"
NOTE_SUFFIX: Final = ".note"
NOTE_BYTES_MAX: Final = 16_384
NOTES_AT_ONCE: Final = 256
NOTES_LOOK_S: Final = 1.0
OTHER_VOICE: Final = ""
"""A store has two voices; a journal has one."""

_MAGIC, _NOTE_MAGIC, _VERSION = "hotline-journal", "hotline-journal-note", 1
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class JournalFolder:
    """One journal of a home.

    Attributes:
        path: its directory.
        party: short name.
        current: whether it is the one that goes on.
    """

    path: Path
    party: str
    current: bool

    @property
    def database(self) -> Path:
        """Its entries."""
        return self.path / "journal.db"

    @property
    def policy_path(self) -> Path:
        """Its public keys."""
        return self.path / "policy"

    def policy(self) -> Policy:
        """Its public keys.

        Raises:
            FileRefused: absent.
            PolicyRefused: damaged.
        """
        return parse(read_file(self.policy_path))

    @property
    def origin(self) -> str:
        """Its name, as its policy gives it."""
        return self.policy().logs[0].key.name

    @contextmanager
    def opened(self) -> Iterator[SqliteStore]:
        """Open it for reading; a node may run beside."""
        store = SqliteStore.open(self.database, own=self.party, their=OTHER_VOICE, readonly=True)
        try:
            yield store
        finally:
            store.close()


def folders(home: NodeHome) -> list[JournalFolder]:
    """Every journal of a home; the one that goes on stands last."""
    if not home.journal.is_dir():
        return []
    name = current_id(home)
    found = [
        JournalFolder(item, home.party, item.name == name)
        for item in sorted(home.journal.iterdir())
        if _ID.fullmatch(item.name) and (item / "journal.db").is_file()
    ]
    return sorted(found, key=lambda one: (one.current, one.path.stat().st_mtime_ns))


def is_begun(home: NodeHome) -> bool:
    """Whether there is a journal that goes on, or something left to be written down."""
    return (home.journal / CURRENT).is_file() or any((home.journal / OUTBOX).glob(f"*{NOTE_SUFFIX}"))


def current_id(home: NodeHome) -> str | None:
    """The id of the journal that goes on, or None."""
    try:
        origin, _ = _read_current(home)
    except NodeError:
        return None
    return origin.rpartition("/")[2]


def _read_current(home: NodeHome) -> tuple[str, bytes]:
    path = home.journal / CURRENT
    try:
        value = canonical.decode(read_file(path), bytes_max=NOTE_BYTES_MAX)
    except ProtocolError as error:
        raise NodeError("home-file-malformed", f"{path}: {error}") from error
    match value:
        case ["hotline-journal", 1, str(origin), bytes(wrap)]:
            return origin, wrap
        case _:
            raise NodeError("home-file-malformed", f"{path} does not say which journal goes on")


def open_journal(home: NodeHome, sealing: Opener, *, domain: str, apart: Path | None) -> JournalLog:
    """Open the journal that goes on, or begin one.

    Args:
        home: whose.
        sealing: the party's key.
        domain: the party's, for the name of a new one.
        apart: the directory for high-water marks that the settings name, or None.

    Raises:
        NodeError: it is there and cannot be used. `hotline journal renew` begins another.
    """
    if not (home.journal / CURRENT).is_file():
        return _begin(home, sealing, domain=domain, apart=apart)
    origin, wrap = _read_current(home)
    secret, opener = _opened(home.party, wrap, sealing, _info(origin))
    log = _signers(origin, secret)
    if opener is not sealing:
        # The sealing key has a successor since, and the one before need not be kept for the journal's sake.
        _write_current(home, origin, sealing.public.wrap(secret, _info(origin)))
    folder = home.journal / origin.rpartition("/")[2]
    store = SqliteStore.open(folder / "journal.db", own=home.party, their=OTHER_VOICE)
    try:
        mark = HighWater.open(_mark_path(folder, apart))
    except NodeError:
        store.close()
        raise
    return JournalLog(origin, store, mark, log, {"reason": "first"})


def _opened(party: str, wrap: bytes, sealing: Opener, info: bytes) -> tuple[bytes, Opener]:
    """The journal's seeds, and which of the party's sealing keys opened them."""
    for opener in (sealing, *sealing.before):
        try:
            return opener.unwrap(wrap, info), opener
        except SealRefused:
            # It does not say which key it is for.
            continue
    raise NodeError("journal-key-refused", f"the journal's key was not sealed to a sealing key that {party} has")


def _write_current(home: NodeHome, origin: str, wrap: bytes) -> None:
    write_file(home.journal / CURRENT, canonical.encode([_MAGIC, _VERSION, origin, wrap]))


def _begin(home: NodeHome, sealing: Opener, *, domain: str, apart: Path | None) -> JournalLog:
    """Begin a journal. What says that it is the current one is written last."""
    before = folders(home)
    begun: dict[str, Value] = {"reason": "first"}
    if before:
        begun = {**_named(before[-1]), "reason": "not-continued"}
    journal_id, secret = secrets.token_bytes(16), secrets.token_bytes(2 * SEED_BYTES)
    origin = journal_origin(domain, journal_id)
    log = _signers(origin, secret)
    folder = home.journal / journal_id.hex()
    make_directory(folder)
    policy = Policy(tuple(LogLine(one.verifier) for one in log), (), (), NONE)
    write_file(folder / "policy", policy.encode())
    store = SqliteStore.open(folder / "journal.db", own=home.party, their=OTHER_VOICE)
    try:
        mark = HighWater.open(_mark_path(folder, apart))
        _write_current(home, origin, sealing.public.wrap(secret, _info(origin)))
    except NodeError:
        store.close()
        raise
    return JournalLog(origin, store, mark, log, begun)


def _named(before: JournalFolder) -> dict[str, Value]:
    """How a new journal names the one before: a hash of its name, its size and its root, as they are on this disk."""
    try:
        with before.opened() as store:
            head = store.head(before.party)
        return {
            "before": tagged("journal", before.origin.encode()),
            "before_size": head.size,
            "before_root": head.root,
        }
    except (NodeError, ProtocolError, KeysError):
        # It cannot be read, which is mostly why another one begins.
        return {}


def set_aside(home: NodeHome) -> bool:
    """Let the next start of the node begin another journal; the present one stays readable. False where there is none.

    Raises:
        FileRefused: the file system refused.
    """
    path = home.journal / CURRENT
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise FileRefused("home-unwritable", path, error.strerror or str(error)) from error
    return True


def _mark_path(folder: Path, apart: Path | None) -> Path:
    if apart is None:
        return folder / "high-water"
    make_directory(apart)
    return apart / f"journal-{folder.name}.mark"


def _info(origin: str) -> bytes:
    """What the sealed key is bound to."""
    return tagged("journal-key", origin.encode())


def _signers(origin: str, secret: bytes) -> tuple[NoteSigner, NoteSigner]:
    return (
        NoteSigner(origin, NoteKeyType.ED25519, secret[:SEED_BYTES]),
        NoteSigner(origin, NoteKeyType.MLDSA44, secret[SEED_BYTES:]),
    )


# --- what commands leave ----------------------------------------------------------------------------------------------


def leave_note(home: NodeHome, kind: str, facts: Mapping[str, Value]) -> None:
    """Leave an act for the node to write down, now or at its next start.

    Args:
        home: whose.
        kind: one that the journal's kinds let commands note.
        facts: of the act.

    Raises:
        FileRefused: it cannot be written.
    """
    outbox = home.journal / OUTBOX
    try:
        make_directory(outbox)
    except OSError as error:
        raise FileRefused("home-unwritable", outbox, error.strerror or str(error)) from error
    data = canonical.encode([_NOTE_MAGIC, _VERSION, kind, dict(facts)])
    write_file(outbox / f"{secrets.token_hex(16)}{NOTE_SUFFIX}", data)


def notes(home: NodeHome, catalogue: JournalCatalogue) -> list[tuple[Path, str, dict[str, Value]]]:
    """What commands left, oldest first: file, kind and facts. A file that is no note is left where it is.

    Args:
        home: whose.
        catalogue: says which kinds may be noted.
    """
    outbox = home.journal / OUTBOX
    if not outbox.is_dir():
        return []
    found = []
    for path in sorted(outbox.glob(f"*{NOTE_SUFFIX}"), key=lambda one: one.stat().st_mtime_ns)[:NOTES_AT_ONCE]:
        try:
            value = canonical.decode(read_file(path, bytes_max=NOTE_BYTES_MAX), bytes_max=NOTE_BYTES_MAX)
        except (NodeError, ProtocolError):
            continue
        match value:
            case ["hotline-journal-note", 1, str(kind), dict(facts)]:
                known = catalogue.kinds.get(kind)
                if known is not None and known.noted:
                    found.append((path, kind, dict(facts)))
            case _:
                pass
    return found


async def take_up(home: NodeHome, journal: Journal) -> None:
    """Write down what commands leave, for ever. A note goes once it has its place."""
    while True:
        for path, kind, facts in await asyncio.to_thread(notes, home, journal.catalogue):
            if journal.broken is not None or await journal.note(kind, facts) is None:
                break
            await asyncio.to_thread(path.unlink, missing_ok=True)
        await asyncio.sleep(NOTES_LOOK_S)
