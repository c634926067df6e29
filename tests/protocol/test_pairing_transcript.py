"""The transcript of a pairing: one text for each, which both parties' roots sign."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.hybrid import HybridPrivateKey
from keys.quorum import RootSet
from keys.roles import KeyRole
from protocol.errors import ProtocolError
from protocol.pairing_transcript import (
    PURPOSE,
    STEPS,
    TEXT_BYTES_MAX,
    Minutes,
    Transcript,
    TranscriptRefused,
    check_signatures,
)

NOW = 1_795_305_236_589
CHANNEL, AGREEMENT = bytes([1]) * 32, bytes([2]) * 32
KEYS = {
    party: tuple(
        HybridPrivateKey.from_seed(bytes([index + place]) * 32 + bytes([100 + index + place]) * 32, KeyRole.ROOT)
        for place in (1, 2, 3)
    )
    for index, party in ((10, "ARC"), (20, "BOR"))
}
ROOTS = {party: RootSet(2, tuple(key.public for key in keys)) for party, keys in KEYS.items()}


def minutes(room: str, party: str) -> Minutes:
    """What a room did, all within a second."""
    return Minutes(
        room=room,
        party=party,
        attempt=1,
        reader=1,
        witness=2,
        roots=(1, 3),
        roster=bytes([3]) * 32,
        offer=bytes([4]) * 32,
        answer=bytes([5]) * 32,
        final=bytes([6]) * 32,
        began_ms=NOW,
        done=tuple(NOW + place for place in range(len(STEPS[room]))),
    )


WHOLE = Transcript(
    channel=CHANNEL,
    agreement=AGREEMENT,
    first=minutes("first", "ARC"),
    second=minutes("second", "BOR"),
    counterpart="BOR",
)


def signed(text: bytes, party: str, numbers: Sequence[int], *, purpose: str = PURPOSE) -> list[tuple[int, bytes]]:
    """Signatures of some roots of a party."""
    return [
        (number, KEYS[party][number - 1].sign(purpose, channel=CHANNEL, author=party, message=text))
        for number in numbers
    ]


def check(text: bytes, signatures: dict[str, list[tuple[int, bytes]]]) -> Transcript:
    """Verify against the agreement of these tests."""
    return check_signatures(text, signatures, channel=CHANNEL, agreement=AGREEMENT, roots=ROOTS, needed=("ARC", "BOR"))


rooms = st.builds(
    lambda steps, witness, roots, stops: (steps, witness, roots, stops),
    st.lists(st.integers(0, 10**9), min_size=4, max_size=4),
    st.sampled_from([0, 2, 65_535]),
    st.sets(st.integers(1, 99), min_size=1, max_size=16),
    st.lists(st.tuples(st.sampled_from(["words-differ", "ceremony-own-file"]), st.integers(0, NOW)), max_size=64),
)


@given(rooms)
def test_what_is_written_is_read(drawn: tuple[list[int], int, set[int], list[tuple[str, int]]]) -> None:
    """Every transcript comes back as it was, and its minutes are the beginning of its text."""
    steps, witness, roots, stops = drawn
    first = replace(
        WHOLE.first,
        done=tuple(NOW + one for one in sorted(steps)),
        witness=witness,
        roots=tuple(sorted(roots)),
        stops=tuple(stops),
    )
    whole = replace(WHOLE, first=first)
    text = whole.render()
    assert len(text) <= TEXT_BYTES_MAX
    assert Transcript.parse(text) == whole
    assert text.startswith(replace(whole, second=None).render())


@given(st.integers(min_value=0), st.integers(0, 255))
def test_another_byte_is_another_transcript_or_none(place: int, byte: int) -> None:
    """No two texts are one transcript: each byte that changes is refused or changes what is read."""
    text = bytearray(WHOLE.render())
    before, text[place % len(text)] = text[place % len(text)], byte
    if before == byte:
        return
    try:
        found = Transcript.parse(bytes(text))
    except TranscriptRefused:
        return
    assert found != WHOLE


@given(st.binary(max_size=300))
def test_what_is_no_transcript_is_refused(data: bytes) -> None:
    """Bytes from anywhere end in one kind of error."""
    with pytest.raises(ProtocolError):
        Transcript.parse(data)


def test_a_transcript_that_both_signed_holds() -> None:
    """As many roots of each party as its threshold asks for."""
    text = WHOLE.render()
    assert check(text, {"ARC": signed(text, "ARC", (1, 3)), "BOR": signed(text, "BOR", (1, 2, 3))}) == WHOLE


@pytest.mark.parametrize(
    ("signatures", "code"),
    [
        ({}, "transcript-unsigned"),
        ({"ARC": ("ARC", (1, 2), PURPOSE)}, "transcript-unsigned"),
        ({"ARC": ("ARC", (1, 1), PURPOSE), "BOR": ("BOR", (1, 2), PURPOSE)}, "transcript-unsigned"),
        ({"ARC": ("BOR", (1, 2), PURPOSE), "BOR": ("BOR", (1, 2), PURPOSE)}, "transcript-unsigned"),
        ({"ARC": ("ARC", (1, 2), "statement"), "BOR": ("BOR", (1, 2), PURPOSE)}, "transcript-unsigned"),
    ],
)
def test_too_few_signatures_do_not_hold(signatures: dict[str, tuple[str, tuple[int, ...], str]], code: str) -> None:
    """Nobody's, one party's, one root twice, the other party's, or those for something else."""
    text = WHOLE.render()
    made = {party: signed(text, by, who, purpose=purpose) for party, (by, who, purpose) in signatures.items()}
    with pytest.raises(TranscriptRefused) as caught:
        check(text, made)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "other",
    [
        replace(WHOLE, channel=bytes(32)),
        replace(WHOLE, agreement=bytes(32)),
        replace(WHOLE, first=replace(WHOLE.first, party="CEL")),
        replace(WHOLE, first=replace(WHOLE.first, roots=(1,))),
        replace(WHOLE, first=replace(WHOLE.first, roots=(1, 4))),
    ],
)
def test_a_transcript_of_something_else_does_not_hold(other: Transcript) -> None:
    """Another channel, agreement or party; roots that are too few or that there are not."""
    with pytest.raises(TranscriptRefused) as caught:
        check(other.render(), {})
    assert caught.value.code == "transcript-contradicts"


def test_rooms_with_different_files_contradict_each_other() -> None:
    """A file that was exchanged between the rooms shows in the text."""
    assert WHOLE.second is not None
    text = WHOLE.render().replace(b"06" * 32, b"07" * 32, 1)
    with pytest.raises(TranscriptRefused) as caught:
        Transcript.parse(text)
    assert caught.value.code == "transcript-contradicts"


@pytest.mark.parametrize(
    "wrong",
    [
        {"reader": 0},
        {"witness": 1},
        {"attempt": 0},
        {"roots": ()},
        {"roots": (2, 1)},
        {"done": (NOW + 3, NOW + 2, NOW + 4, NOW + 5)},
        {"began_ms": NOW + 10},
        {"room": "second"},
        {"party": "BOR"},
        {"party": "arc"},
    ],
)
def test_minutes_that_cannot_be_are_not_written(wrong: dict[str, object]) -> None:
    """A reader who watches, roots out of order, times that go back, another room."""
    with pytest.raises(TranscriptRefused):
        replace(WHOLE, first=replace(WHOLE.first, **wrong)).render()  # type: ignore[arg-type]
