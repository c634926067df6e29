"""Entries on their way into the mirror: a prefix of what was signed, with exactly the bodies they name."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.checkpoint import Checkpoint
from protocol.errors import Malformed
from protocol.incoming import Incoming, NotOfThisLog
from protocol.merkle import Frontier, Hash, leaf_hash, leaf_reader, prove_consistency
from tests.lines import entry_of

BODY = b"a body"


def log_of(entries: Sequence[bytes]) -> Frontier:
    """The frontier of a log."""
    return Frontier.empty().extend([leaf_hash(entry) for entry in entries])


def take(entries: Sequence[bytes], start: int, end: int, *, proof: Sequence[Hash] | None = None) -> Incoming:
    """Entries `start` to `end` of a log, under the checkpoint of all of it."""
    whole = log_of(entries)
    if proof is None:
        reader = leaf_reader([leaf_hash(entry) for entry in entries])
        proof = prove_consistency(end, len(entries), reader) if end < len(entries) else []
    return Incoming.check(
        note=b"note",
        checkpoint=Checkpoint("origin", whole.size, whole.root()),
        mirror=log_of(entries[:start]),
        entries=entries[start:end],
        proof=proof,
    )


@given(st.data())
def test_any_chunk_of_a_log_is_taken(data: st.DataObject) -> None:
    """From any place to any later one, with the proof that it is a prefix of what was signed."""
    size = data.draw(st.integers(1, 40))
    entries = [b"entry %d" % index for index in range(size)]
    start = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(start + 1, size))
    taken = take(entries, start, end)
    assert taken.frontier == log_of(entries[:end])
    assert (taken.start, taken.missing) == (start, [])


@given(st.data())
def test_a_chunk_of_another_log_is_refused(data: st.DataObject) -> None:
    """One entry changed, left out or doubled, under any proof of the real log: not of this log."""
    size = data.draw(st.integers(2, 20))
    entries = [b"entry %d" % index for index in range(size)]
    end = data.draw(st.integers(1, size))
    place = data.draw(st.integers(0, end - 1))
    chunk = list(entries[:end])
    match data.draw(st.sampled_from(["changed", "left out", "doubled"])):
        case "changed":
            chunk[place] += b"!"
        case "left out":
            del chunk[place]
        case _:
            chunk.insert(place, chunk[place])
    whole, reader = log_of(entries), leaf_reader([leaf_hash(entry) for entry in entries])
    proof = prove_consistency(end, size, reader) if end < size else []
    with pytest.raises(NotOfThisLog):
        Incoming.check(
            note=b"note",
            checkpoint=Checkpoint("origin", whole.size, whole.root()),
            mirror=Frontier.empty(),
            entries=chunk,
            proof=proof,
        )


def test_the_proof_is_the_one_that_is_needed() -> None:
    """A chunk needs its proof, all of the log needs none, and one too many is refused."""
    entries = [b"entry %d" % index for index in range(9)]
    for start, end, proof in ((0, 5, []), (0, 9, [bytes(32)]), (0, 5, [bytes(32)] * 4)):
        with pytest.raises(NotOfThisLog):
            take(entries, start, end, proof=proof)


def test_bodies_come_in_order_and_fit() -> None:
    """Each entry that names a body waits for it; another body, place or order is refused and changes nothing."""
    entries = [entry_of("ARC", 0, body=BODY), b"noise", entry_of("ARC", 2, body=BODY * 2), entry_of("ARC", 3)]
    taken = take(entries, 0, 4)
    assert taken.missing == [0, 2]
    for index, body, code in (
        (2, BODY * 2, "body-unexpected"),
        (1, b"", "body-unexpected"),
        (4, BODY, "body-unexpected"),
        (0, BODY * 2, "body-differs"),
    ):
        with pytest.raises(Malformed) as caught:
            taken.take_body(index, body)
        assert caught.value.code == code
    taken.take_body(0, BODY)
    with pytest.raises(Malformed):
        taken.take_body(0, BODY)
    taken.take_body(2, BODY * 2)
    assert taken.missing == []
    with pytest.raises(Malformed):
        taken.take_body(3, BODY)
    assert taken.store(5).bodies == (BODY, None, BODY * 2, None)


def nothing(index: int) -> bool:
    """No log says that a body is gone."""
    return False


def test_what_reads_back_must_be_what_was_checked() -> None:
    """An entry or body that differs, is missing or is more than was written shows."""
    entries = [b"first", entry_of("ARC", 1, body=BODY), b"last"]
    taken = take(entries, 1, 3)
    taken.take_body(1, BODY)
    mirror = log_of(entries[:1])
    good: tuple[list[bytes], list[bytes | None]] = (entries[1:], [BODY, None])
    assert taken.check_stored(mirror, *good, gone=nothing)
    bad: list[tuple[list[bytes], list[bytes | None]]] = [
        (entries[1:2], [BODY]),
        ([*entries[1:], b"more"], [BODY, None, None]),
        ([entries[1], b"lost"], [BODY, None]),
        (entries[1:], [None, None]),
        (entries[1:], [b"a bodY", None]),
        (entries[1:], [BODY]),
    ]
    assert taken.check_stored(mirror, entries[1:], [None, None], gone=lambda index: index == 1)
    for case in bad:
        assert not taken.check_stored(mirror, *case, gone=nothing)
