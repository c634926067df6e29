"""Long sealed files: whatever is done to one is found, and nothing of it passes as whole."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.envelope import Cost
from keys.errors import EnvelopeRefused, KeysMisused, PassphraseRefused
from keys.sealed_stream import HEAD_BYTES, PART_BYTES, TAG_BYTES, Sealer, open_stream

CHEAP = Cost(memory_kib=64, passes=1, lanes=1)
PASS = b"a passphrase"


def sealed(contents: bytes, *, step: int = 10_000) -> bytes:
    """A file, its contents given a few bytes at a time."""
    sealer = Sealer(PASS, purpose="test", key=b"k" * 32, salt=b"s" * 16, nonce=b"n" * 12, cost=CHEAP)
    parts = [sealer.update(contents[at : at + step]) for at in range(0, len(contents), step)]
    return sealer.head + b"".join(parts) + sealer.finish()


def opened(data: bytes, passphrase: bytes = PASS, purpose: str = "test") -> bytes:
    """All of a file."""
    return b"".join(open_stream(BytesIO(data).read, passphrase, purpose=purpose))


def parts_of(data: bytes) -> tuple[bytes, list[bytes]]:
    """The head with the key, and the parts."""
    start = HEAD_BYTES + int.from_bytes(data[HEAD_BYTES - 2 : HEAD_BYTES], "big")
    step = PART_BYTES + TAG_BYTES
    return data[:start], [data[at : at + step] for at in range(start, len(data), step)]


@pytest.mark.parametrize("length", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES, 200_001])
def test_what_was_sealed_opens(length: int) -> None:
    """Any length comes back as it was, also at the edges of parts, in as many parts as it needs."""
    contents = bytes(index % 251 for index in range(length))
    data = sealed(contents)
    assert opened(data) == contents
    assert len(parts_of(data)[1]) == max(1, -(-length // PART_BYTES))


@given(st.data())
def test_a_flipped_bit_anywhere_is_found(data: st.DataObject) -> None:
    """Head, key, any part, any tag."""
    whole = bytearray(sealed(b"x" * (PART_BYTES + 5)))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((EnvelopeRefused, PassphraseRefused)):
        opened(bytes(whole))


@given(st.integers(0, 2 * PART_BYTES + 600))
def test_a_file_cut_short_is_found(length: int) -> None:
    """Wherever it is cut, also just behind a part."""
    whole = sealed(b"x" * (2 * PART_BYTES + 5))
    with pytest.raises(EnvelopeRefused):
        opened(whole[: min(length, len(whole) - 1)])


def test_parts_keep_their_places() -> None:
    """Left out, doubled, exchanged, of another file, or with something behind the last: each is found."""
    head, (first, second, last) = parts_of(sealed(b"a" * PART_BYTES + b"b" * PART_BYTES + b"c"))
    assert opened(head + first + second + last)
    for parts in (
        (first, last),
        (second, last),
        (first, second),
        (first, first, second, last),
        (second, first, last),
        (first, second, last, b"x"),
        (first, second, last, last),
        (),
    ):
        with pytest.raises(EnvelopeRefused):
            opened(head + b"".join(parts))


def test_another_passphrase_or_purpose_opens_nothing() -> None:
    """A wrong passphrase is told from a wrong file."""
    whole = sealed(b"x")
    with pytest.raises(PassphraseRefused):
        opened(whole, b"another")
    with pytest.raises(EnvelopeRefused):
        opened(whole, purpose="other")
    with pytest.raises(EnvelopeRefused):
        opened(b"hotline/sealed\n" + whole[len(b"hotline/stream\n") :])


def test_a_key_of_another_length_is_our_own_mistake() -> None:
    """The file's key has 32 bytes."""
    with pytest.raises(KeysMisused):
        Sealer(PASS, purpose="test", key=b"k", salt=b"s" * 16, nonce=b"n" * 12, cost=CHEAP)
