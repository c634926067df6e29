"""Export of a journal: its files as those of a voice, for the party's own auditor; and what is left of what they say.

The checkpoint has the journal's own two lines: nobody else cosigns it. Texts stay sealed and stay at home: an export
has headers, facts and the rosters by whose keys the entries are signed.

Source: spec/journal.md, "Exports".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from keys.errors import KeysError
from nodes.export import Exported, ExportRefused, documents_of, log_files, write_all
from nodes.journal_home import JournalFolder
from nodes.store import OWN_SIGNED, Head, LogStore
from protocol.checkpoint import Checkpoint
from protocol.checkpoint import parse_text as parse_checkpoint
from protocol.cosignature import verify_note
from protocol.errors import ProtocolError
from protocol.exported_log import CHECKPOINT_FILE, POLICY_FILE
from protocol.note import parse as parse_note


def export_journal(folder: JournalFolder, out: Path) -> Exported:
    """Write a journal to a directory. It may be written to meanwhile.

    Raises:
        ExportRefused: `nothing-signed`, `export-exists`, `file-not-written`, or `store-damaged`.
        NodeError: it cannot be read.
    """
    with folder.opened() as store:
        note = store.note(OWN_SIGNED)
        if note is None:
            raise ExportRefused("nothing-signed", f"{folder.path}: nothing of this journal is signed yet")
        try:
            keys = [line.key for line in folder.policy().logs]
            checkpoint = verify_note(note, keys).checkpoint
            check_root(store, folder.party, checkpoint)
            documents = dict(documents_of(store, folder.party, checkpoint.size))
        except (ProtocolError, KeysError) as error:
            raise ExportRefused("store-damaged", f"the journal is not what its checkpoint says: {error}") from error
        policy = folder.policy().encode()
        files = chain(
            log_files(store, folder.party, checkpoint, documents),
            iter([(POLICY_FILE, policy), (CHECKPOINT_FILE, note)]),
        )
        count, written = write_all(out, files)
    return Exported(voice=folder.party, origin=checkpoint.origin, size=checkpoint.size, files=count, bytes=written)


def check_root(store: LogStore, party: str, checkpoint: Checkpoint) -> Head:
    """Compare a checkpoint with the log in a store.

    Raises:
        ExportRefused: `store-damaged`.
    """
    head = store.head(party)
    if checkpoint.size > head.size or store.root(party, checkpoint.size) != checkpoint.root:
        raise ExportRefused("store-damaged", "the journal has other entries than were signed")
    return head


def signed_size(store: LogStore) -> int:
    """How many entries are signed."""
    note = store.note(OWN_SIGNED)
    return 0 if note is None else parse_checkpoint(parse_note(note).text).size


def entries_from(store: LogStore, party: str, start: int, count: int) -> Iterator[tuple[int, bytes]]:
    """Entries with their indexes, from `start`; those before 0 count from the end."""
    size = store.head(party).size
    first = max(0, size + start) if start < 0 else start
    entries = store.read(party, first, min(size, first + count)) if first < size else []
    yield from enumerate(entries, first)
