"""Checkpoints: three lines, one spelling, two keys."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.note_key import NoteKeyType
from protocol.checkpoint import Checkpoint, CheckpointRefused, parse_text, sign_checkpoint
from protocol.cosignature import verify_note
from protocol.note import parse as parse_note
from protocol.spelling import NUMBER_MAX
from tests.protocol.log_parties import ARC, AT_MS, BOR, checkpoint_of, entries

checkpoints = st.builds(
    Checkpoint,
    st.text(alphabet="abz.-/0\u00e9", min_size=1, max_size=60),
    st.integers(1, NUMBER_MAX),
    st.binary(min_size=32, max_size=32),
)


@given(checkpoints)
def test_a_checkpoint_returns(checkpoint: Checkpoint) -> None:
    """The text is read back as the same checkpoint."""
    assert parse_text(checkpoint.text()) == checkpoint


@given(checkpoints, st.data())
def test_a_changed_letter_is_another_checkpoint_or_none(checkpoint: Checkpoint, data: st.DataObject) -> None:
    """No two texts read as the same checkpoint."""
    text = checkpoint.text()
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters(exclude_categories=["Cs"])) + text[at + 1 :]
    try:
        read = parse_text(changed)
    except CheckpointRefused:
        return
    assert (read == checkpoint) == (changed == text)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 1, bytes(32)),
        ("a b", 1, bytes(32)),
        ("a+b", 1, bytes(32)),
        ("o" * 256, 1, bytes(32)),
        ("a", -1, bytes(32)),
        ("a", NUMBER_MAX + 1, bytes(32)),
        ("a", 1, bytes(31)),
        ("a", 0, bytes(32)),
    ],
)
def test_no_checkpoint_has_such_parts(origin: str, size: int, root: bytes) -> None:
    """Parts that could not be written, or that no tree has, make no checkpoint."""
    with pytest.raises(CheckpointRefused):
        Checkpoint(origin, size, root)


def test_a_log_signs_with_both_keys() -> None:
    """The note has the Ed25519 line and then the ML-DSA-44 line, and only the second states a time."""
    checkpoint = checkpoint_of(ARC, entries(3))
    note = sign_checkpoint(checkpoint, ARC.log, AT_MS + 999)
    ed25519, mldsa = (key.verifier for key in ARC.log)
    assert [line.key_id for line in parse_note(note).signatures] == [ed25519.key_id, mldsa.key_id]
    verified = verify_note(note, (ed25519, mldsa))
    assert verified.checkpoint == checkpoint
    assert verified.times_ms == {mldsa.vkey(): AT_MS}


def test_the_empty_tree_can_be_signed() -> None:
    """A log without entries has a checkpoint too."""
    checkpoint = Checkpoint(ARC.origin, 0, sha256(b"").digest())
    keys = [key.verifier for key in ARC.log]
    assert verify_note(sign_checkpoint(checkpoint, ARC.log, AT_MS), keys).checkpoint == checkpoint


def test_only_the_keys_of_the_log_sign() -> None:
    """One key alone, the wrong order, a mirror's keys and another log's keys are our own mistakes."""
    checkpoint = checkpoint_of(ARC, entries(3))
    for signers in (ARC.log[:1], ARC.log[::-1], ARC.mirror, BOR.log):
        with pytest.raises(ValueError):
            sign_checkpoint(checkpoint, signers, AT_MS)
    assert ARC.log[0].verifier.type is NoteKeyType.ED25519
