"""Serials as people write them."""

import pytest

from hotline.errors import Misused
from hotline.reference import Reference, parse_reference


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BOR 4", Reference("BOR", "BOR", 4)),
        ("ARC 17", Reference(None, "ARC", 17)),
        ("ARC/BOR 17", Reference("BOR", "ARC", 17)),
        ("BOR/ARC 4", Reference("BOR", "BOR", 4)),
        ("BOR-4", Reference("BOR", "BOR", 4)),
    ],
)
def test_a_serial_names_voice_and_channel(text: str, found: Reference) -> None:
    """The voice stands first; the counterpart follows from it, or stands after the slash."""
    assert parse_reference(text, party="ARC") == found


@pytest.mark.parametrize(
    "text", ["BOR", "4", "bor 4", "BOR 04", "BOR -4", "BOR/CAR 4", "ARC/ARC 1", "BOR 4 5", "BOR ٤"]
)
def test_what_is_no_serial_is_refused(text: str) -> None:
    """Other spellings, and channels that this party is not on."""
    with pytest.raises(Misused) as caught:
        parse_reference(text, party="ARC")
    assert caught.value.code == "serial-malformed"
