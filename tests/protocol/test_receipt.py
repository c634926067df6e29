"""Receipts: one file and a policy show that an entry is logged and that the other party holds it."""

from dataclasses import replace

import pytest

from keys.note_key import NoteKeyType
from protocol.checkpoint import sign_checkpoint
from protocol.cosignature import BadLine, MissingLine, UnknownLine, add_cosignatures, cosign
from protocol.log_error import LogRefused
from protocol.merkle import leaf_hash, leaf_reader, prove_inclusion
from protocol.policy import GroupLine, QuorumMissing, WitnessLine, evaluate, parse
from protocol.proof import parse as parse_proof
from protocol.receipt import ReceiptRefused, make_receipt, verify_held, verify_receipt
from tests.protocol.log_parties import (
    ARC,
    AT_MS,
    BOR,
    checkpoint_of,
    entries,
    held_note,
    policy_for,
    receipt_for,
    signer,
)

POLICY = parse(policy_for(ARC, BOR))
ITEMS = entries(7)


@pytest.mark.parametrize("index", range(7))
def test_a_receipt_gives_the_entry_back(index: int) -> None:
    """It says which log, which position, which bytes, and when the other side held them."""
    receipt = verify_receipt(receipt_for(ARC, BOR, ITEMS, index), POLICY)
    assert (receipt.origin, receipt.index, receipt.entry) == (ARC.origin, index, ITEMS[index])
    assert receipt.checkpoint == checkpoint_of(ARC, ITEMS)
    assert receipt.held_at_ms == AT_MS + 1000
    assert len(receipt.times_ms) == 3


def test_one_policy_serves_both_voices() -> None:
    """The policy of one export names the other voice as well, and its log is held by the first one's mirror."""
    held = verify_held(held_note(BOR, ARC, ITEMS), POLICY)
    assert (held.voice.prefix, held.holder.prefix) == (BOR.prefix, ARC.prefix)
    assert verify_receipt(receipt_for(BOR, ARC, ITEMS, 2), POLICY).origin == BOR.origin


def test_a_public_tool_accepts_it_too() -> None:
    """The file is a plain proof under a plain policy."""
    evaluate(POLICY, parse_proof(receipt_for(ARC, BOR, ITEMS, 2)).checkpoint_note)


def test_any_flipped_byte_is_refused() -> None:
    """There is no byte in a receipt that does not matter."""
    whole = receipt_for(ARC, BOR, ITEMS, 3)
    # Every byte of the head and the text, and some of each signature line.
    places = [*range(600), *range(600, len(whole), 97), len(whole) - 1]
    for at in places:
        with pytest.raises(LogRefused):
            verify_receipt(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :], POLICY)


def test_a_receipt_needs_its_entry() -> None:
    """Without the extra line there is nothing to prove."""
    proof = replace(parse_proof(receipt_for(ARC, BOR, ITEMS, 3)), extra=None)
    with pytest.raises(ReceiptRefused):
        verify_receipt(proof.encode(), POLICY)


def test_only_the_other_party_holds() -> None:
    """A party's own mirror is no receipt, neither alone nor beside the other's."""
    checkpoint = checkpoint_of(ARC, ITEMS)
    signed = sign_checkpoint(checkpoint, ARC.log, AT_MS)
    own = cosign(checkpoint, ARC.mirror, AT_MS)
    with pytest.raises(MissingLine):
        verify_held(signed, POLICY)
    for note in (add_cosignatures(signed, own), add_cosignatures(held_note(ARC, BOR, ITEMS), own)):
        with pytest.raises(UnknownLine):
            verify_held(note, POLICY)


def test_witnesses_of_the_policy_may_cosign_and_may_be_asked_for() -> None:
    """A third party's line is welcome if it is listed and verifies, and needed if the quorum says so."""
    key = signer("witness.example/w1", NoteKeyType.COSIGNATURE)
    listed = replace(POLICY, witnesses=(*POLICY.witnesses, WitnessLine("w", key.verifier)))
    asked = replace(listed, groups=(*POLICY.groups, GroupLine("all", 2, ("BOR-mirror", "w"))), quorum="all")
    held = held_note(ARC, BOR, ITEMS)
    pair = (key, signer("witness.example/w1", NoteKeyType.MLDSA44))
    line = cosign(checkpoint_of(ARC, ITEMS), pair, AT_MS)[0]
    witnessed = add_cosignatures(held, [line])
    for policy in (listed, asked):
        assert verify_held(witnessed, policy).times_ms[key.verifier.vkey()] == AT_MS
    assert verify_held(held, listed).checkpoint.size == 7
    with pytest.raises(QuorumMissing):
        verify_held(held, asked)
    assert verify_held(witnessed, POLICY).times_ms == verify_held(held, POLICY).times_ms
    with pytest.raises(UnknownLine):
        verify_held(add_cosignatures(held, [replace(line, name=f"{ARC.prefix}/mirror")]), POLICY)
    with pytest.raises(BadLine):
        verify_held(add_cosignatures(held, [replace(line, signature=bytes(72))]), listed)


def test_the_witness_is_needed_for_either_voice() -> None:
    """The holder's lines stand in for the mirror that cannot sign, and for no witness."""
    key = signer("witness.example/w1", NoteKeyType.COSIGNATURE)
    asked = replace(
        POLICY,
        witnesses=(*POLICY.witnesses, WitnessLine("w", key.verifier)),
        groups=(*POLICY.groups, GroupLine("all", 2, ("BOR-mirror", "w"))),
        quorum="all",
    )
    with pytest.raises(QuorumMissing):
        verify_held(held_note(BOR, ARC, ITEMS), asked)


def test_a_receipt_of_a_fork_is_a_receipt() -> None:
    """Two receipts for one position are two honest readings of two checkpoints; that both exist is the evidence."""
    other = [*ITEMS[:3], b"something else", *ITEMS[4:]]
    path = prove_inclusion(3, 7, leaf_reader([leaf_hash(item) for item in other]))
    forked = make_receipt(entry=other[3], index=3, path=path, checkpoint_note=held_note(ARC, BOR, other))
    first, second = verify_receipt(receipt_for(ARC, BOR, ITEMS, 3), POLICY), verify_receipt(forked, POLICY)
    assert first.index == second.index
    assert first.entry != second.entry
    assert first.checkpoint.root != second.checkpoint.root
