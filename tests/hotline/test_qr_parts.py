"""What is carried on screens: lines that fit into codes, found whole again in any order, and nothing that is mixed."""

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.errors import HotlineError, Misused, Refused
from hotline.qr import blocks, picture
from hotline.qr_parts import DIGEST, FILE, LINE_CHARS_MAX, PART_BYTES, PARTS_MAX, WORDS, Scanned, parts_of
from tests.hotline.people import hotline, ok

DATA = bytes(range(256)) * 6


def scanned(lines: list[str]) -> bytes:
    """Take lines and give the whole."""
    found = Scanned()
    for line in lines:
        found.add(line)
    return found.result()


@given(st.binary(max_size=3 * PART_BYTES), st.sampled_from([FILE, DIGEST, WORDS]), st.randoms(use_true_random=False))
def test_parts_in_any_order_make_the_whole(data: bytes, kind: str, order: random.Random) -> None:
    """Twice, in small letters, with blanks: it is the same; every line is short and of the letters of dense codes."""
    lines = parts_of(kind, data)
    assert all(
        len(line) <= LINE_CHARS_MAX and set(line) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/") for line in lines
    )
    mixed = [*lines, " " + lines[0].lower() + "\n"]
    order.shuffle(mixed)
    assert scanned(mixed) == data


@given(st.integers(min_value=0), st.characters(max_codepoint=126))
def test_a_wrong_character_is_found_in_its_own_code(place: int, character: str) -> None:
    """No slip in a line is taken for another line."""
    line = parts_of(FILE, DATA)[0]
    place %= len(line)
    other = line[:place] + character + line[place + 1 :]
    if "".join(other.split()).upper() == line:
        return
    with pytest.raises(Refused) as caught:
        Scanned().add(other)
    assert caught.value.code == "scan-unreadable"


@given(st.text(max_size=60) | st.just("A" * (LINE_CHARS_MAX + 1)))
def test_what_is_no_code_is_refused(line: str) -> None:
    """Anything typed or scanned ends in one kind of error."""
    with pytest.raises(HotlineError):
        Scanned().add(line)


def test_parts_of_two_files_never_become_one() -> None:
    """Each part names the whole."""
    one, other = parts_of(FILE, DATA), parts_of(FILE, DATA[::-1])
    for mixed in (one[1], parts_of(DIGEST, DATA)[1]):
        with pytest.raises(Refused) as caught:
            scanned([other[0], mixed])
        assert caught.value.code == "scan-of-another"
    with pytest.raises(Misused, match="missing: 2"):
        scanned([one[0], one[2]])


def test_a_part_with_a_check_of_its_own_making_is_no_part() -> None:
    """Somebody who makes lines can make a whole that is not what its parts name: it is refused at the end."""
    from hotline.qr_parts import _base32, _with_check

    lines = parts_of(FILE, DATA)
    pieces = lines[1].split(":")
    pieces[5] = _base32(bytes(PART_BYTES))
    forged = _with_check(":".join(pieces[:-1]))
    with pytest.raises(Refused) as caught:
        scanned([lines[0], forged, lines[2]])
    assert caught.value.code == "scan-of-another"
    with pytest.raises(Refused):
        scanned([lines[1], forged])


def test_what_is_too_large_is_carried_as_a_file() -> None:
    """A bounded number of codes, and not one more."""
    assert len(parts_of(FILE, bytes(PART_BYTES * PARTS_MAX))) == PARTS_MAX
    with pytest.raises(Misused) as caught:
        parts_of(FILE, bytes(PART_BYTES * PARTS_MAX + 1))
    assert caught.value.code == "qr-too-large"


def test_a_code_is_drawn() -> None:
    """As blocks without any control character, and as pictures of the same size."""
    line = parts_of(DIGEST, bytes(32))[0]
    rows = blocks(line)
    assert {character for row in rows for character in row} == set(" █▀▄")
    modules = len(rows[0])
    assert len(rows) == (modules + 1) // 2
    png = picture(line, "png")
    assert struct.unpack(">II", png[16:24]) == (modules * 6, modules * 6)
    assert picture(line, "svg").startswith(b"<?xml")


def test_the_commands_carry_a_file_over_a_screen(tmp_path: Path) -> None:
    """Pictures for each part; lines scanned to another file that is the same; a digest that is compared."""
    source, copy, codes = tmp_path / "offer", tmp_path / "copy", tmp_path / "codes"
    source.write_bytes(DATA)
    made = ok("ceremony", "qr", source, "--format", "svg", "-o", tmp_path)
    assert [Path(name).name for name in made["files"]] == [f"offer-0{n}-of-03.svg" for n in (1, 2, 3)]
    codes.write_text("\n".join(reversed(made["codes"])))
    ok("ceremony", "scan", codes, "-o", copy)
    assert copy.read_bytes() == DATA
    assert hotline("ceremony", "scan", codes, "-o", copy).status == 1
    codes.write_text(ok("ceremony", "qr", "--digest", source)["codes"][0])
    assert ok("ceremony", "scan", codes, "--file", copy)["same"] is True
    copy.write_bytes(b"")
    other = hotline("ceremony", "scan", codes, "--file", copy, "--json")
    assert (other.status, other.json["error"]["code"]) == (1, "digest-differs")
    shown = hotline("ceremony", "qr", "--digest", source)
    assert "█" in shown.out
    assert "HOTLINE:1:D:1/1:" in shown.out
