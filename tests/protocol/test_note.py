"""Signed notes are taken apart and put together in one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.note import NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, DoubledLine, Note, NoteRefused, NoteSignature, parse

texts = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=60).map(
    lambda text: text + "\n"
)
names = st.text(alphabet="abz.-/0\u00e9\u4e2d", min_size=1, max_size=12)
signatures = st.builds(NoteSignature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))
notes = st.builds(
    Note,
    texts,
    st.lists(signatures, min_size=1, max_size=5, unique_by=lambda line: (line.name, line.key_id)).map(tuple),
)


@given(notes)
def test_a_note_returns(note: Note) -> None:
    """What was put together is taken apart again, also when the text holds empty lines or line separators."""
    assert parse(note.encode()) == note


@given(notes, st.data())
def test_a_changed_byte_is_another_note_or_none(note: Note, data: st.DataObject) -> None:
    """No two byte strings read as the same note."""
    whole = note.encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:at] + bytes((data.draw(st.integers(0, 255)),)) + whole[at + 1 :]
    try:
        read = parse(changed)
    except NoteRefused:
        return
    assert (read == note) == (changed == whole)


@given(st.binary(max_size=200))
def test_garbage_is_refused(data: bytes) -> None:
    """Any bytes give a note or NoteRefused, nothing else."""
    try:
        assert parse(data).encode() == data
    except NoteRefused:
        pass


def test_limits_come_first() -> None:
    """Too many bytes and too many lines are refused."""
    with pytest.raises(NoteRefused):
        parse(b"x" * (NOTE_BYTES_MAX + 1))
    lines = tuple(NoteSignature(f"k{number}", bytes(4), b"s") for number in range(NOTE_SIGNATURES_MAX + 1))
    assert len(parse(Note("x\n", lines[:-1]).encode()).signatures) == NOTE_SIGNATURES_MAX
    with pytest.raises(NoteRefused):
        parse(b"x\n\n" + b"".join(line.encode() for line in lines))


def test_the_greatest_note_fits() -> None:
    """A note with all its lines of the largest type and longest names is within the limit of bytes."""
    lines = tuple(
        NoteSignature(f"{number:03}" + "n" * 252, bytes(4), bytes(2428)) for number in range(NOTE_SIGNATURES_MAX)
    )
    note = Note("o" * 255 + "\n9223372036854775807\n" + "A" * 44 + "\n", lines)
    assert parse(note.encode()) == note


def test_one_key_signs_once() -> None:
    """A second line with one name and key ID is refused even if its signature differs; one with another ID is not."""
    first = NoteSignature("key", b"\x01\x02\x03\x04", b"a")
    note = Note("text\n", (first,))
    with pytest.raises(DoubledLine):
        note.signed_also([NoteSignature("key", b"\x01\x02\x03\x04", b"b")])
    assert len(note.signed_also([NoteSignature("key", b"\x01\x02\x03\x05", b"a")]).signatures) == 2
