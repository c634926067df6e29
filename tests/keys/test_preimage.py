"""What is signed names everything that it must not be mistaken for."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import KeysMisused
from keys.preimage import NO_CHANNEL, preimage, short_text, tag

PURPOSES = st.from_regex(r"[a-z0-9]{1,10}(-[a-z0-9]{1,5})?", fullmatch=True)
NAMES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20)
PARTS = st.tuples(PURPOSES, st.binary(min_size=32, max_size=32), NAMES, NAMES, st.binary(max_size=40))


def make(parts: tuple[str, bytes, str, str, bytes]) -> bytes:
    """The preimage of five parts."""
    purpose, channel, author, algorithm, message = parts
    return preimage(purpose, channel=channel, author=author, algorithm=algorithm, message=message)


def test_bytes_are_as_the_page_says() -> None:
    """One preimage, written out."""
    made = preimage("beat", channel=NO_CHANNEL, author="ARC", algorithm="alg", message=b"m")
    assert made == b"hotline/1/beat\0" + bytes(32) + b"\x03ARC" + b"\x03alg" + sha256(b"m").digest()


@given(PARTS, PARTS)
def test_different_parts_give_different_bytes(
    one: tuple[str, bytes, str, str, bytes], two: tuple[str, bytes, str, str, bytes]
) -> None:
    """No two lists of parts run together to the same preimage."""
    assert (make(one) == make(two)) == (one == two)


@pytest.mark.parametrize(
    "purpose", ["", "Beat", "be at", "-beat", "beat-", "a--b", "beat\0", "béat", "a" * 65, "beat\n"]
)
def test_purposes_have_one_spelling(purpose: str) -> None:
    """Anything but lower-case words joined by hyphens is our own mistake."""
    with pytest.raises(KeysMisused):
        tag(purpose)


@pytest.mark.parametrize("text", ["", "é", "a\n", "a\0", "a" * 256])
def test_short_text_is_printable_ascii(text: str) -> None:
    """A length byte can only stand before 1 to 255 printable characters."""
    with pytest.raises(KeysMisused):
        short_text(text)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_channel_has_32_bytes(length: int) -> None:
    """A channel id of another length never moves the parts behind it."""
    with pytest.raises(KeysMisused):
        preimage("beat", channel=bytes(length), author="ARC", algorithm="alg", message=b"")
