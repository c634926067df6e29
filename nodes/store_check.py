"""Whether a channel's file holds what it says: every entry, hash and body of both logs read again and compared.

Source: spec/recovery.md, "Restoring".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from keys.errors import KeysError
from nodes.store import OWN_COSIGNED, OWN_SIGNED, THEIR_COSIGNED, THEIR_SIGNED, LogStore, StoreBroken
from protocol.checkpoint import Checkpoint
from protocol.cosignature import verify_note
from protocol.errors import ProtocolError
from protocol.glance import glance
from protocol.line_keys import VoiceKeys
from protocol.merkle import Frontier, complete_root, leaf_hash

BATCH: Final = 256
"""Entries looked at together: those of one tile."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Public keys of both sides.

    Args:
        own: ours.
        their: the counterpart's.
    """

    own: VoiceKeys
    their: VoiceKeys


def check_store(store: LogStore, keys: Keys, *, progress: Callable[[int, int], None] = lambda *_: None) -> None:
    """Check both logs and the signed checkpoints over them.

    Args:
        store: of the channel; it is only read.
        keys: whose signatures count.
        progress: told how many entries of how many are checked.

    Raises:
        StoreBroken: `store-damaged`; something is not what it should be.
    """
    total = store.head(store.own).size + store.head(store.their).size
    done = 0
    for voice in (store.own, store.their):
        done = check_log(store, voice, done, lambda at: progress(at, total))
    for name, allowed in (
        (OWN_SIGNED, (keys.own.log,)),
        (OWN_COSIGNED, (keys.own.log + keys.their.mirror,)),
        (THEIR_SIGNED, (keys.their.log,)),
        (THEIR_COSIGNED, (keys.their.log + keys.own.mirror,)),
    ):
        note = store.note(name)
        if note is not None:
            voice = store.own if name in (OWN_SIGNED, OWN_COSIGNED) else store.their
            checkpoint = checked(note, allowed[0], name)
            # Their newest checkpoint may cover more than came; all others are of what is here.
            if checkpoint.size > store.head(voice).size:
                if name != THEIR_SIGNED:
                    raise StoreBroken("store-damaged", f"the note {name} is of more entries than there are")
            elif store.root(voice, checkpoint.size) != checkpoint.root:
                raise StoreBroken("store-damaged", f"the note {name} has another root than the log of {voice}")


def checked(note: bytes, keys: tuple[object, ...], name: str) -> Checkpoint:
    """Verify a note; it must have the lines of these keys and no others.

    Raises:
        StoreBroken: it does not verify.
    """
    try:
        return verify_note(note, keys).checkpoint  # type: ignore[arg-type]
    except (ProtocolError, KeysError) as error:
        raise StoreBroken("store-damaged", f"the note {name} does not verify: {error}") from error


def check_log(store: LogStore, voice: str, done: int = 0, progress: Callable[[int], None] = lambda _: None) -> int:
    """Check one log: every entry against its hashes and its body, and what stands beside them.

    Args:
        store: it is only read.
        voice: whose log.
        done: entries that were checked before.
        progress: told how many are checked, with those before.

    Returns:
        How many are.

    Raises:
        StoreBroken: `store-damaged`.
    """
    head = store.head(voice)
    frontier = Frontier.empty()
    above: list[bytes] = []
    for start in range(0, head.size, BATCH):
        end = min(head.size, start + BATCH)
        entries = store.read(voice, start, end)
        leaves = [leaf_hash(entry) for entry in entries]
        if len(entries) != end - start or store.tile(voice, 0, start // BATCH, end - start) != b"".join(leaves):
            raise StoreBroken(
                "store-damaged", f"entries {start} to {end - 1} of {voice} are not those that were hashed"
            )
        frontier = frontier.extend(leaves)
        if end - start == BATCH:
            above.append(complete_root(leaves))
        for index, entry in enumerate(entries, start):
            seen = glance(entry)
            body = store.body(voice, index)
            if not seen.met_by(body) and not (body is None and store.gone(voice, index)):
                raise StoreBroken("store-damaged", f"the body of {voice} {index} is not the one its entry names")
        done += end - start
        progress(done)
    if frontier != head.frontier or frontier.root() != head.root:
        raise StoreBroken("store-damaged", f"the entries of {voice} do not give the root that stands beside them")
    _check_tiles(store, voice, above)
    return done


def _check_tiles(store: LogStore, voice: str, hashes: list[bytes]) -> None:
    """The levels above the leaves, each made of the full tiles below it."""
    level = 1
    while hashes:
        for start in range(0, len(hashes), BATCH):
            row = hashes[start : start + BATCH]
            if store.tile(voice, level, start // BATCH, len(row)) != b"".join(row):
                raise StoreBroken("store-damaged", f"hashes of level {level} of {voice} are not those of its entries")
        full = range(0, len(hashes) - BATCH + 1, BATCH)
        hashes = [complete_root(hashes[start : start + BATCH]) for start in full]
        level += 1
