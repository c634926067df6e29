"""One spelling of base64 and numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.spelling import NUMBER_MAX, decode_base64, decode_decimal, encode_base64


@given(st.binary(max_size=80))
def test_base64_returns(data: bytes) -> None:
    """What was written is read back."""
    assert decode_base64(encode_base64(data)) == data


@given(st.text(alphabet="ABab01+/=-_ \n", max_size=12))
def test_base64_has_one_spelling(text: str) -> None:
    """Whatever is read at all is what would have been written."""
    try:
        data = decode_base64(text)
    except ValueError:
        return
    assert encode_base64(data) == text


@pytest.mark.parametrize("text", ["AB==", "AA", "AA=", "AAAA\n", " AAAA", "AA-_", "A", "AAAA====", "\u0100AAA"])
def test_loose_base64_is_refused(text: str) -> None:
    """Loose bits, missing or surplus padding, spaces and other alphabets are refused."""
    with pytest.raises(ValueError):
        decode_base64(text)


@given(st.integers(0, NUMBER_MAX))
def test_decimal_returns(number: int) -> None:
    """Every number of the range is read back."""
    assert decode_decimal(str(number)) == number


@pytest.mark.parametrize("text", ["", "00", "01", "+1", "-1", "1_0", " 1", "1\n", "\u0661", "1e3", str(NUMBER_MAX + 1)])
def test_loose_decimals_are_refused(text: str) -> None:
    """Everything that int() would take and nobody would write is refused."""
    with pytest.raises(ValueError):
        decode_decimal(text)
