"""A receipt: proof that one entry is in a party's log and that the other party holds it.

The file is a public `.tlog-proof`, so any tool for that format can check it against the policy. Ours asks for more:

1. the proof file and the checkpoint in it read in their one spelling;
2. the entry's bytes stand in its `extra` line;
3. the checkpoint is of a log that the policy lists;
4. both keys of that log signed it, and both keys of the *other* party's mirror, and each line verifies;
5. no line is doubled, and none is of a log or mirror that the policy does not list, or of the log's own party's
   mirror; lines of witnesses that it does not list are passed over;
6. the policy's quorum is met;
7. the entry's hash is in the tree at the index.

Source: spec/log.md, "Receipt", the same steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from protocol.checkpoint import Checkpoint, parse_text
from protocol.cosignature import UnknownLine, verify_lines
from protocol.log_error import LogRefused
from protocol.merkle import Hash, leaf_hash, verify_inclusion
from protocol.note import Note
from protocol.note import parse as parse_note
from protocol.party_keys import PartyKeys, party_keys, party_prefix
from protocol.policy import LogUnknown, Policy, QuorumMissing
from protocol.proof import TlogProof
from protocol.proof import parse as parse_proof


class ReceiptRefused(LogRefused):
    """A proof file that may be in order but carries no entry."""

    CODE = "receipt-entry-missing"
    kind = "no entry"


@dataclass(frozen=True, slots=True)
class HeldCheckpoint:
    """A checkpoint that its log signed and the other party's mirror cosigned, with all keys.

    Attributes:
        checkpoint: what they signed.
        voice: keys of the party whose log it is.
        holder: keys of the party whose mirror holds it.
        times_ms: time of signing, UTC milliseconds, by vkey.
    """

    checkpoint: Checkpoint
    voice: PartyKeys
    holder: PartyKeys
    times_ms: Mapping[str, int]

    @property
    def held_at_ms(self) -> int:
        """When the holder says it held this, UTC milliseconds: the later of its two lines."""
        return max(self.times_ms[key.vkey()] for key in self.holder.mirror)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A verified receipt.

    Attributes:
        origin: name of the log.
        index: position of the entry in it, from 0.
        entry: the entry's bytes, as logged. What they mean was not looked at.
        checkpoint: the checkpoint that covers it.
        times_ms: time of signing, UTC milliseconds, by vkey.
        held_at_ms: when the other party says it held the log up to the checkpoint, UTC milliseconds.
    """

    origin: str
    index: int
    entry: bytes
    checkpoint: Checkpoint
    times_ms: Mapping[str, int]
    held_at_ms: int


def make_receipt(*, entry: bytes, index: int, path: Sequence[Hash], checkpoint_note: bytes) -> bytes:
    """Write a receipt.

    Args:
        entry: the entry's bytes as logged, at most 65,535.
        index: its position.
        path: its inclusion proof in the tree of the checkpoint.
        checkpoint_note: the checkpoint with its four lines.
    """
    return TlogProof(entry, index, path, checkpoint_note).encode()


def verify_held(note: bytes, policy: Policy) -> HeldCheckpoint:
    """Check that a signed checkpoint is one log's, and held by the other party: steps 3 to 6 above.

    Raises:
        NoteRefused, DoubledLine, CheckpointRefused, ExtensionRefused: malformed.
        PolicyRefused: a policy that does not name two parties with all their keys.
        LogUnknown: a log that the policy does not list.
        UnknownLine, BadLine, MissingLine: other lines than those asked for.
        QuorumMissing: the policy asks for witnesses that did not cosign.
    """
    parsed = parse_note(note)
    checkpoint = parse_text(parsed.text)
    parties = party_keys(policy)
    voices = [party for party in parties if checkpoint.origin in party.logs]
    if not voices:
        raise LogUnknown("the policy does not list this log", checkpoint.origin)
    voice = voices[0]
    holder = parties[1] if voice is parties[0] else parties[0]
    # Witnesses that are neither party's may stand under a checkpoint; those that do must verify.
    names = {(key.name, key.key_id) for party in parties for key in party.mirror}
    present = {(line.name, line.key_id) for line in parsed.signatures}
    third = [
        line
        for line in policy.witnesses
        if (line.key.name, line.key.key_id) in present and (line.key.name, line.key.key_id) not in names
    ]
    if any((key.name, key.key_id) in present for key in voice.mirror):
        raise UnknownLine("a party's own mirror under its own log", voice.mirror[0].name)
    keys = [*voice.logs[checkpoint.origin], *holder.mirror, *(line.key for line in third)]
    listed = {(key.name, key.key_id) for key in keys}
    known = [line for line in parsed.signatures if party_prefix(line.name) or (line.name, line.key_id) in listed]
    verified = verify_lines(Note(parsed.text, tuple(known)), checkpoint, keys)
    # A policy is written for one voice, and its quorum names that voice's counterpart. No log is held by its own
    # mirror, so for the other voice the holder's lines, verified above, stand in for the mirror that cannot sign.
    cosigned = {*holder.mirror_names, *voice.mirror_names, *(line.name for line in third)}
    if not policy.quorum_met(cosigned):
        raise QuorumMissing("the policy asks for witnesses that did not cosign", checkpoint.origin)
    return HeldCheckpoint(checkpoint, voice, holder, verified.times_ms)


def verify_receipt(proof: bytes, policy: Policy) -> Receipt:
    """Check a receipt against a policy that the reader chose.

    Raises:
        ProofFileRefused: malformed.
        ReceiptRefused: no `extra` line, so no entry.
        ProofError: the entry is not where the proof says.
        Everything that `verify_held` raises.
    """
    parsed = parse_proof(proof)
    if parsed.extra is None:
        raise ReceiptRefused("a proof file without the entry that it is about")
    held = verify_held(parsed.checkpoint_note, policy)
    verify_inclusion(
        leaf_index=parsed.index,
        tree_size=held.checkpoint.size,
        leaf_hash=leaf_hash(parsed.extra),
        path=parsed.path,
        root=held.checkpoint.root,
    )
    return Receipt(
        origin=held.checkpoint.origin,
        index=parsed.index,
        entry=parsed.extra,
        checkpoint=held.checkpoint,
        times_ms=held.times_ms,
        held_at_ms=held.held_at_ms,
    )
