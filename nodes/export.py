"""Export: one voice of a channel as files that anyone can check without either node.

    checkpoint                  the newest one that the counterpart cosigned: four lines, no extension
    tile/<level>/<N>[.p/<W>]    hashes; only this size's partial tiles
    tile/entries/<N>[.p/<W>]    the entries
    agreement/<sha256>.toml     the agreement's exact text, named by entry 0
    roster/<sha256>.toml        each roster's exact text, named by its entry
    succession/<sha256>.txt     the document of a succession, named by entry 0 of a successor log
    policy                      whose keys to expect, for those who have no policy of their own yet
    before/<epoch>/             the logs that this one succeeds, each as far as it counts; the same files, no policy

Entries are never changed, so a log that grows meanwhile does no harm: everything is of the checkpoint's size. The
checkpoint is written last; without it an export is not finished.

Source: spec/audit.md, "Exports".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from keys.errors import KeysError
from keys.roster import parse as parse_roster
from nodes.errors import NodeError
from nodes.past import Ended, Past
from nodes.store import OWN_COSIGNED, THEIR_COSIGNED, LogStore
from nodes.witnessed import published
from protocol.agreement import Agreement
from protocol.canonical import encode
from protocol.checkpoint import Checkpoint
from protocol.checkpoint import parse_text as parse_checkpoint
from protocol.cosignature import verify_note
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.exported_log import CHECKPOINT_FILE, DOCUMENT_FOLDERS, POLICY_FILE
from protocol.joined_log import BEFORE_FOLDER
from protocol.line_keys import VoiceKeys, voice_keys
from protocol.note import parse as parse_note
from protocol.party_keys import render_policy
from protocol.tiles import bundles_for_size, encode_bundle, entries_path, tile_path, tiles_for_size

_MARKS: Final = {kind: encode("kind") + encode(kind) for kind in DOCUMENT_FOLDERS}
"""What stands in the bytes of every statement of these kinds."""

_SCAN_ENTRIES: Final = 256


class ExportRefused(NodeError):
    """An export that cannot be made: nothing cosigned yet, a directory in the way, a disk that is full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written.

    Attributes:
        voice: short name of the party whose log it is.
        origin: of that log.
        size: entries.
        files: number of files.
        bytes: in all of them together.
    """

    voice: str
    origin: str
    size: int
    files: int
    bytes: int


def export(store: LogStore, voice: str, out: Path, *, agreement: Agreement, past: Past | None = None) -> Exported:
    """Write one voice to a directory.

    Args:
        store, voice, agreement, past: as for `export_files`.
        out: a directory that does not exist or is empty.

    Returns:
        What was written.

    Raises:
        ExportRefused: as `export_files`, and `export-exists`, `file-not-written`.
        StoreBroken: the store does.
    """
    checkpoint, files = export_files(store, voice, agreement=agreement, past=past)
    count, written = write_all(out, files)
    return Exported(voice=voice, origin=checkpoint.origin, size=checkpoint.size, files=count, bytes=written)


def export_files(
    store: LogStore, voice: str, *, agreement: Agreement, past: Past | None = None
) -> tuple[Checkpoint, Iterator[tuple[str, bytes]]]:
    """The files of an export of one voice, its checkpoint last.

    Args:
        store: of the channel; reading only, so the node may run.
        voice: short name: our own for our log, the counterpart's for our mirror of theirs.
        agreement: the one that founds the channel.
        past: the logs of the channel that ended; None for none.

    Returns:
        The checkpoint, and name and bytes of each file, one at a time.

    Raises:
        ExportRefused: `nothing-cosigned`, or `store-damaged` where the store does not hold what the checkpoint says.
        StoreBroken: the store does.
    """
    note = store.note(OWN_COSIGNED if voice == store.own else THEIR_COSIGNED)
    if note is None:
        raise ExportRefused("nothing-cosigned", f"no checkpoint of {voice} was cosigned by the other party yet")
    checkpoint = parse_checkpoint(parse_note(note).text)
    other = agreement.other(voice).short
    try:
        documents = dict(documents_of(store, voice, checkpoint.size))
        keys = _keys(documents.values(), agreement, voice)
        other_documents = dict(documents_of(store, other, store.head(other).size))
        before = _before(past, voice, agreement)
        other_keys_before = [one.keys for one in _before(past, other, agreement)]
        other_keys = _keys(other_documents.values(), agreement, other, *other_keys_before)
        verify_note(note, [*keys.log, *other_keys.mirror])
    except (ProtocolError, KeysError) as error:
        raise ExportRefused("store-damaged", f"the log of {voice} is not what its checkpoint says: {error}") from error
    logs = [key for one in (keys, *(part.keys for part in reversed(before))) for key in one.log]
    other_logs = [key for one in (other_keys, *reversed(other_keys_before)) for key in one.log]
    policy = render_policy(
        list(dict.fromkeys(logs)),
        list(dict.fromkeys(other_logs)),
        keys.mirror,
        other_keys.mirror,
        own=voice,
        other=other,
        witnesses=agreement.witnesses,
    )
    parts = [log_files(store, voice, checkpoint, documents), iter([(POLICY_FILE, policy)])]
    parts += [part.files(voice) for part in before]
    parts.append(iter([(CHECKPOINT_FILE, published(store, note) if voice == store.own else note)]))
    return checkpoint, chain.from_iterable(parts)


def write_all(out: Path, files: Iterable[tuple[str, bytes]]) -> tuple[int, int]:
    """Write the files of an export, its checkpoint last.

    Args:
        out: a directory that does not exist or is empty.
        files: name and bytes of each.

    Returns:
        How many, and their bytes together.

    Raises:
        ExportRefused: `export-exists`, or `file-not-written`.
    """
    _make_empty(out)
    count = written = 0
    try:
        for name, data in files:
            count += 1
            written += len(data)
            _write(out, name, data)
    except OSError as error:
        raise ExportRefused("file-not-written", f"{out}: {error.strerror}; the export is not complete") from error
    return count, written


def log_files(
    store: LogStore, voice: str, checkpoint: Checkpoint, documents: dict[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    """Every file but the checkpoint: its name and bytes, one at a time."""
    for index, width in bundles_for_size(checkpoint.size):
        start = index * 256
        yield entries_path(index, width), encode_bundle(store.read(voice, start, start + width))
    for level, index, width in tiles_for_size(checkpoint.size):
        yield tile_path(level, index, width), store.tile(voice, level, index, width)
    yield from documents.items()


@dataclass(frozen=True, slots=True)
class _Before:
    """One log that ended, and what its export needs."""

    ended: Ended
    documents: dict[str, bytes]
    keys: VoiceKeys

    def files(self, voice: str) -> Iterator[tuple[str, bytes]]:
        """Its files, in their folder."""
        folder = f"{BEFORE_FOLDER}/{self.ended.epoch}"
        checkpoint = self.ended.succession.checkpoint
        for name, data in log_files(self.ended.store, voice, checkpoint, self.documents):
            yield f"{folder}/{name}", data
        yield f"{folder}/{CHECKPOINT_FILE}", self.ended.succession.note


def _before(past: Past | None, voice: str, agreement: Agreement) -> list[_Before]:
    """The logs of a voice that ended, oldest first."""
    found: list[_Before] = []
    for ended in [] if past is None else past.of(voice):
        documents = dict(documents_of(ended.store, voice, ended.size))
        found.append(_Before(ended, documents, _keys(documents.values(), agreement, voice)))
    return found


def documents_of(store: LogStore, voice: str, size: int) -> Iterator[tuple[str, bytes]]:
    """File name and text of every agreement and roster that entries of a log name, in the log's order."""
    for name, index in document_places(store, voice, 0, size):
        text = store.body(voice, index)
        if text is not None:
            yield name, text


def document_places(store: LogStore, voice: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """File name of every document that the entries from `start` to before `end` name, and the entry's index."""
    for at in range(start, end, _SCAN_ENTRIES):
        yield from documents_in(store.read(voice, at, min(end, at + _SCAN_ENTRIES)), at)


def documents_in(entries: Iterable[bytes], start: int) -> Iterator[tuple[str, int]]:
    """File name of every document that some entries name, and the entry's index; `start` is that of the first."""
    for index, data in enumerate(entries, start):
        # Looking for a few bytes is a hundred times quicker than reading an entry, and nearly none has them.
        if not any(mark in data for mark in _MARKS.values()):
            continue
        try:
            statement = Entry.parse(data).parse_statement()
        except ProtocolError:
            continue
        if statement.kind in _MARKS and statement.body_digest is not None:
            # Each lies in a folder named after its kind.
            yield f"{statement.kind}/{statement.body_digest.hex()}.{DOCUMENT_FOLDERS[statement.kind]}", index


def _keys(texts: Iterable[bytes], agreement: Agreement, party: str, *before: VoiceKeys) -> VoiceKeys:
    """The node-side keys that the last roster of a party gives; where there is none yet, those of the log before."""
    found: VoiceKeys | None = before[-1] if before else None
    for text in texts:
        try:
            roster = parse_roster(text)
        except KeysError:
            continue
        if roster.party == party and roster.channel == agreement.channel:
            found = voice_keys(agreement, roster, frozenset())
    if found is None:
        raise ExportRefused("store-damaged", f"the log of {party} holds no roster that can be read")
    return found


def _make_empty(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise ExportRefused("export-exists", f"{out} is not empty; give a new directory")
    except OSError as error:
        raise ExportRefused("file-not-written", f"{out}: {error.strerror}") from error


def _write(out: Path, name: str, data: bytes) -> None:
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
