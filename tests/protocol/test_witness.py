"""A witness cosigns what a log signed and what extends the last checkpoint; every other request has its status."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.note_key import NoteKeyType, NoteVerifier
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.merkle import leaf_hash, leaf_reader, prove_consistency
from protocol.note import parse as parse_note
from protocol.witness import (
    PROOF_LINES_MAX,
    REQUEST_BYTES_MAX,
    AddCheckpoint,
    NotCosigned,
    check_growth,
    origin_of,
    signed_by,
    verify,
)
from tests.protocol.log_parties import ARC, AT_MS, BOR, checkpoint_of, entries, signer

KEYS = tuple(key.verifier for key in ARC.log)


def request(size: int, *, old: int = 0, of: Sequence[bytes] | None = None) -> AddCheckpoint:
    """A checkpoint of ARC's log, with its proof."""
    items = entries(size) if of is None else of
    note = parse_note(sign_checkpoint(checkpoint_of(ARC, items), ARC.log, AT_MS))
    proof = prove_consistency(old, size, leaf_reader([leaf_hash(one) for one in items])) if 0 < old < size else []
    return AddCheckpoint(old, tuple(proof), note)


def decide(asked: AddCheckpoint, last: Checkpoint | None, keys: Sequence[NoteVerifier] = KEYS) -> Checkpoint:
    """What a witness does."""
    checkpoint = verify(asked, keys)
    check_growth(asked, checkpoint, last)
    return checkpoint


def status(
    asked: AddCheckpoint, last: Checkpoint | None, keys: Sequence[NoteVerifier] = KEYS
) -> tuple[int, int | None]:
    """With what it answers where it does not cosign."""
    with pytest.raises(NotCosigned) as caught:
        decide(asked, last, keys)
    return caught.value.status, caught.value.size


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_log_that_grew_is_cosigned(old: int, grown: int) -> None:
    """From nothing, by nothing, and by any number of entries; and the request reads as it was written."""
    size = old + grown
    last = checkpoint_of(ARC, entries(old)) if old else None
    asked = AddCheckpoint.parse(request(size, old=old).encode())
    assert (asked.old, asked.proof) == (old, request(size, old=old).proof)
    assert origin_of(asked) == ARC.origin
    assert decide(asked, last).size == size


@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_a_log_that_changed_is_not(old: int, grown: int, data: st.DataObject) -> None:
    """Any entry of the past that is another one, whatever the proof."""
    items = entries(old + grown)
    items[data.draw(st.integers(0, old - 1))] = b"another"
    assert status(request(old + grown, old=old, of=items), checkpoint_of(ARC, entries(old))) == (422, None)


def test_each_reason_has_its_status() -> None:
    """Unknown log, bad and missing signatures, sizes that do not fit, proofs that do not hold."""
    last = checkpoint_of(ARC, entries(5))
    assert status(request(5), None, ()) == (404, None)
    assert status(request(7, old=5), last, [key.verifier for key in BOR.log]) == (403, None)
    other = signer(ARC.origin, NoteKeyType.ED25519, "stolen").verifier
    assert status(request(7, old=5), last, [*KEYS, other]) == (403, None)
    good = request(7, old=5)
    lines = list(good.note.signatures)
    broken = type(lines[0])(lines[0].name, lines[0].key_id, bytes(64))
    forged = AddCheckpoint(5, good.proof, type(good.note)(good.note.text, (broken, lines[1])))
    assert status(forged, last) == (403, None)
    assert status(request(4, old=5), last) == (400, None)
    assert status(request(7, old=4), last) == (409, 5)
    assert status(request(7), last) == (409, 5)
    assert status(request(7, old=5), None) == (409, 0)
    assert status(AddCheckpoint(5, (), good.note), last) == (422, None)
    assert status(AddCheckpoint(0, good.proof, good.note), None) == (422, None)
    assert status(request(5, old=5, of=[b"x", *entries(4)]), last) == (409, None)
    assert status(AddCheckpoint(5, (bytes(32),), request(5).note), last) == (422, None)


def test_an_empty_tree_has_one_root() -> None:
    """Size 0 with another root is no proof of anything."""
    made = parse_note(sign_checkpoint(checkpoint_of(ARC, []), ARC.log, AT_MS))
    assert decide(AddCheckpoint(0, (), made), None).size == 0
    text = made.text.replace(made.text.split("\n")[2], request(3).note.text.split("\n")[2])
    assert status(AddCheckpoint(0, (), type(made)(text, made.signatures)), None) == (422, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"new 0\n\n",
        b"old 00\n\n",
        b"old -1\n\n",
        b"old 1_0\n\n",
        b"old 9223372036854775808\n\n",
        b"old 0\nAAAA\n\n",
        b"old 0\n" + b"?" * 44 + b"\n\n",
        b"old 0\r\n\n",
        b"old 0\n" + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * (PROOF_LINES_MAX + 1) + b"\n",
    ],
)
def test_what_is_malformed_is_told(body: bytes) -> None:
    """Sizes and hashes in another spelling, too many, of another length; lines that are not there."""
    with pytest.raises(NotCosigned) as caught:
        AddCheckpoint.parse(body + request(3).note.encode())
    assert caught.value.status == 400


@given(st.binary(max_size=300))
def test_nothing_else_comes_of_any_bytes(body: bytes) -> None:
    """It is malformed: a checkpoint is too long to come about by chance."""
    with pytest.raises(NotCosigned) as caught:
        AddCheckpoint.parse(body)
    assert caught.value.status == 400


def test_a_request_is_never_large() -> None:
    """Beyond the limit nothing is read."""
    with pytest.raises(NotCosigned, match="at most"):
        AddCheckpoint.parse(b"old 0\n" + bytes(REQUEST_BYTES_MAX))


def test_only_verified_lines_are_kept() -> None:
    """A stranger's line under a checkpoint is not handed on."""
    stranger = signer(BOR.origin, NoteKeyType.ED25519)
    note = request(3).note
    line = type(note.signatures[0])(BOR.origin, stranger.verifier.key_id, bytes(64))
    assert signed_by(note.signed_also([line]), KEYS) == note
