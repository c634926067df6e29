"""One spelling for base64 and decimal numbers in the public text formats.

Python reads more than it writes: `int` takes signs, spaces, underscores and digits of other scripts, and base64
decoders take loose last bits. Whatever is signed must have one spelling, so both readers here refuse everything the
writers would not have produced.

Source: RFC 4648, section 4 (standard alphabet, padded); spec/log.md, "Spelling".
"""

import binascii
import re

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")

NUMBER_MAX = 2**63 - 1
"""Largest size, index or time, in any unit: other implementations hold them in signed 64-bit integers."""


def encode_base64(data: bytes) -> str:
    """Spell bytes in the standard alphabet, padded, without newlines."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Read what `encode_base64` wrote.

    Raises:
        ValueError: any other spelling of the same bytes, or no base64 at all.
    """
    # binascii.Error and UnicodeEncodeError are both ValueErrors.
    data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True) if text else b""
    if encode_base64(data) != text:
        raise ValueError("base64 with a second spelling")
    return data


def decode_decimal(text: str) -> int:
    """Read a number from 0 to 2**63 - 1 written in ASCII digits without leading zeros.

    Raises:
        ValueError: any other spelling, or a larger number.
    """
    if _DECIMAL.fullmatch(text) is None or (number := int(text)) > NUMBER_MAX:
        raise ValueError("not a decimal number from 0 to 2**63 - 1 in its one spelling")
    return number
