"""Two parties with made-up keys, and logs of short entries, for the tests and vectors of the log formats."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from keys.note_key import NoteKeyType, NoteSigner
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import add_cosignatures, cosign
from protocol.merkle import Frontier, leaf_hash, leaf_reader, prove_inclusion
from protocol.party_keys import render_policy
from protocol.receipt import make_receipt

AT_MS = 1_785_000_000_000
"""The time at which everything is signed: 2026-07-25T17:20:00Z."""


def signer(name: str, key_type: NoteKeyType, salt: str = "") -> NoteSigner:
    """A key whose seed is a hash of its name, type and salt."""
    return NoteSigner(name, key_type, sha256(f"{name} {key_type.value} {salt}".encode()).digest())


@dataclass(frozen=True)
class Party:
    """One party: the keys of its log and of its mirror."""

    label: str
    prefix: str

    @property
    def origin(self) -> str:
        return f"{self.prefix}/1"

    @property
    def log(self) -> tuple[NoteSigner, NoteSigner]:
        return signer(self.origin, NoteKeyType.ED25519), signer(self.origin, NoteKeyType.MLDSA44)

    @property
    def mirror(self) -> tuple[NoteSigner, NoteSigner]:
        name = f"{self.prefix}/mirror"
        return signer(name, NoteKeyType.COSIGNATURE), signer(name, NoteKeyType.MLDSA44)


ARC = Party("ARC", f"arcadia.example/hotline/{sha256(b'ARC').hexdigest()}")
BOR = Party("BOR", f"borealia.example/hotline/{sha256(b'BOR').hexdigest()}")


def entries(count: int) -> list[bytes]:
    """Entries that are all different."""
    return [b"entry %d" % number for number in range(count)]


def checkpoint_of(party: Party, items: Sequence[bytes]) -> Checkpoint:
    """The checkpoint of a log with these entries."""
    return Checkpoint(party.origin, len(items), Frontier.empty().extend([leaf_hash(item) for item in items]).root())


def held_note(party: Party, holder: Party, items: Sequence[bytes], at_ms: int = AT_MS) -> bytes:
    """A checkpoint with the two lines of its log and the two of the holder's mirror."""
    checkpoint = checkpoint_of(party, items)
    note = sign_checkpoint(checkpoint, party.log, at_ms)
    return add_cosignatures(note, cosign(checkpoint, holder.mirror, at_ms + 1000))


def policy_for(voice: Party, other: Party) -> bytes:
    """The policy of an export of one voice."""
    return render_policy(
        [key.verifier for key in voice.log],
        [key.verifier for key in other.log],
        [key.verifier for key in voice.mirror],
        [key.verifier for key in other.mirror],
        own=voice.label,
        other=other.label,
    )


def receipt_for(party: Party, holder: Party, items: Sequence[bytes], index: int) -> bytes:
    """A receipt for one entry of a log that the holder has mirrored whole."""
    path = prove_inclusion(index, len(items), leaf_reader([leaf_hash(item) for item in items]))
    return make_receipt(entry=items[index], index=index, path=path, checkpoint_note=held_note(party, holder, items))
