"""The newest checkpoint of our log that witnesses cosigned besides the counterpart, as the store has it.

It can be had again, so a disk that changed it loses nothing: it is then as if there were none.

Source: spec/witness.md, "Receipts and exports".
"""

from __future__ import annotations

from nodes.store import WITNESSED, LogStore
from protocol.checkpoint import Checkpoint, parse_text
from protocol.errors import ProtocolError
from protocol.note import Note
from protocol.note import parse as parse_note
from protocol.party_keys import party_prefix


def witnessed(store: LogStore) -> tuple[Note, Checkpoint] | None:
    """What is kept, or None."""
    kept = store.note(WITNESSED)
    if kept is None:
        return None
    try:
        note = parse_note(kept)
        return note, parse_text(note.text)
    except ProtocolError:
        return None


def keep(store: LogStore, note: Note, quorum: int) -> None:
    """Keep a cosigned checkpoint with lines of witnesses, unless the one that is kept has a quorum and this has none.

    Args:
        store: of the channel.
        note: the checkpoint, of a log of ours.
        quorum: how many witnesses the agreement asks for.
    """
    kept = witnessed(store)
    origin = parse_text(note.text).origin
    if kept is None or kept[1].origin != origin or witnesses_of(note) >= min(quorum, witnesses_of(kept[0])):
        store.later(WITNESSED, note.encode())


def witnesses_of(note: Note) -> int:
    """How many have signed that are neither a log nor a mirror, by the names of their keys."""
    return len({line.name for line in note.signatures if party_prefix(line.name) is None})


def published(store: LogStore, note: bytes) -> bytes:
    """A cosigned checkpoint as third parties see it: with the lines of witnesses, where they have cosigned it."""
    kept = witnessed(store)
    return note if kept is None or kept[0].text != parse_note(note).text else kept[0].encode()
