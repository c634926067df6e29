"""What is said of a file that was given in the place of another one."""

import pytest

from hotline.errors import Refused
from hotline.pairing_files import Offer, kind_of
from protocol import canonical

OTHERS = {
    "another file of a pairing": (canonical.encode(["hotline-answer", 1]), "this is the answer to an offer"),
    "a roster to be carried": (canonical.encode(["hotline-statement", 1, b"", [], None]), "this is a signed statement"),
    "a receipt": (b"c2sp.org/tlog-proof@v1\nindex 1\n", "this is a receipt"),
    "a text": ("# Die Schlüssel\nparty = 1\n".encode(), "this is a text that begins with '# Die Schlüssel'"),
    "a text that acts on a screen": (b"\x1b]0;x\x07 = 1\n", "this is no file of this program"),
    "noise": (bytes(range(128, 256)), "this is no file of this program"),
    "nothing": (b"", "this is an empty file"),
    "an offer that is cut off": (canonical.encode(["hotline-offer", 2, b"x" * 9])[:-1], "the offer of a pairing"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_another_kind_is_named(name: str) -> None:
    """What it is, and which one is wanted; a damaged one of the right kind as that."""
    data, said = OTHERS[name]
    with pytest.raises(Refused, match="the offer of a pairing") as refused:
        Offer.parse(data)
    assert refused.value.code == "pairing-file-malformed"
    assert refused.value.text.startswith(said)
    if name != "another file of a pairing":
        with pytest.raises(Refused, match="no file of a pairing"):
            kind_of(data)
