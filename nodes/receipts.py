"""Receipts: the proof file of one entry under the newest checkpoint that the other side cosigned.

It needs nothing but the store, so that it can be written with the node running or stopped.

Source: spec/log.md, "Receipt".
"""

from __future__ import annotations

from dataclasses import dataclass

from keys.revoked import RevokedKey
from nodes.errors import NodeError
from nodes.home import ChannelHome
from nodes.past import Past
from nodes.rosters import newest
from nodes.soundness import checkpoint_of
from nodes.store import OWN_COSIGNED, THEIR_COSIGNED, LogStore
from nodes.witnessed import witnessed
from protocol.agreement import Agreement
from protocol.checkpoint import parse_text
from protocol.merkle import prove_inclusion
from protocol.note import parse as parse_note
from protocol.proof import parse as parse_proof
from protocol.receipt import make_receipt
from protocol.trust import revoked_cosigner


@dataclass(frozen=True, slots=True)
class RevokedCosigner:
    """A mirror's key that was revoked and cosigned more than it is trusted for.

    Attributes:
        party: whose mirror.
        key: as the party's newest roster here lists it.
    """

    party: str
    key: RevokedKey


def receipt_of(store: LogStore, past: Past, voice: str, number: int) -> bytes:
    """As `receipt`, of an entry by its number in its voice, whichever of the voice's logs it is in."""
    if voice in {store.own, store.their}:
        for ended in past.of(voice):
            if ended.base <= number < ended.base + ended.size:
                return receipt(ended.store, voice, number - ended.base, note=ended.succession.note)
        number -= past.base(voice)
    return receipt(store, voice, number)


def receipt(store: LogStore, voice: str, index: int, *, note: bytes | None = None) -> bytes:
    """Make the receipt of one entry.

    Args:
        store: of the channel.
        voice: our short name for what they hold of ours, or theirs for what we hold of theirs.
        index: place of the entry in that voice's log.
        note: the cosigned checkpoint to go by, of a log that ended; None for the newest.

    Returns:
        A `.tlog-proof` file with the entry in its `extra` line.

    Raises:
        NodeError: `no-such-entry`, or `not-held-yet` where no cosigned checkpoint covers it.
    """
    if voice not in {store.own, store.their}:
        raise NodeError("no-such-entry", f"{voice!r} is not a voice of this channel")
    if not 0 <= index < store.head(voice).size:
        raise NodeError("no-such-entry", f"there is no entry {voice} {index}")
    if note is None:
        note = _newest(store, voice, index)
    if note is None:
        raise NodeError("not-held-yet", f"no checkpoint of {voice} has been cosigned yet")
    size = checkpoint_of(note, f"the receipt for {voice}").size
    if index >= size:
        raise NodeError("not-held-yet", f"{voice} {index} is logged, and held only up to {size}")
    entry = store.read(voice, index, index + 1)[0]
    path = prove_inclusion(index, size, store.hashes(voice))
    return make_receipt(entry=entry, index=index, path=path, checkpoint_note=note)


def _newest(store: LogStore, voice: str, index: int) -> bytes | None:
    """The checkpoint to go by: of our own log one that witnesses cosigned as well, where it reaches so far."""
    if voice != store.own:
        return store.note(THEIR_COSIGNED)
    cosigned, kept = store.note(OWN_COSIGNED), witnessed(store)
    if cosigned is None or kept is None:
        return cosigned
    newest, (note, other) = checkpoint_of(cosigned, f"the receipt for {voice}"), kept
    return note.encode() if other.origin == newest.origin and index < other.size <= newest.size else cosigned


def cosigner_of(
    proof: bytes, home: ChannelHome, agreement: Agreement, *, voice: str, index: int
) -> RevokedCosigner | None:
    """Whether the checkpoint of a receipt was cosigned with a mirror's key that was revoked since.

    Args:
        proof: as `receipt_of` made it.
        home: of the channel, with the rosters that are kept there.
        agreement: that the channel began with.
        voice: whose entry the receipt is of.
        index: its number in the voice.

    Raises:
        NodeError: a roster or root set cannot be read, or none verifies.
    """
    parsed = parse_proof(proof)
    note = parse_note(parsed.checkpoint_note)
    size = index - parsed.index + parse_text(note.text).size
    party = agreement.other(voice).short
    listed = newest(home, agreement, party).roster.revoked
    found = revoked_cosigner(note, agreement.mirror_name(party), listed, size)
    return None if found is None else RevokedCosigner(party, found)
