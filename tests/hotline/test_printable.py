"""Text from elsewhere on a screen."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 100 % safe", "plain text, 100 % safe"),
        ("Zürich Київ 東京 مرحبا", "Zürich Київ 東京 مرحبا"),
        ("\x1b[2J", "\\u{1b}[2J"),
        ("\x9b31m", "\\u{9b}31m"),
        ("a\u202eb", "a\\u{202e}b"),
        ("zero\u200bwidth", "zero\\u{200b}width"),
        ("line\nbreak\ttab", "line\\u{a}break\\u{9}tab"),
        ("\u2028\u2029", "\\u{2028}\\u{2029}"),
        ("\u3164blank", "\\u{3164}blank"),
        ("paid\ufe00", "paid\\u{fe00}"),
        ("paid\U000e0101", "paid\\u{e0101}"),
        ("a\u034fb\u180b", "a\\u{34f}b\\u{180b}"),
        ("tag\U000e0041", "tag\\u{e0041}"),
        ("lone \ud800", "lone \\u{d800}"),
        ("\\u{202e}", "\\u{5c}u{202e}"),
    ],
)
def test_what_acts_is_shown_as_its_code_point(text: str, shown: str) -> None:
    """Controls, direction marks, invisible characters and lone surrogates become visible; letters stay."""
    assert printable(text) == shown


def test_prose_keeps_its_lines() -> None:
    """Only line feeds are kept, and only where lines are asked for."""
    assert printable("one\ntwo\r", lines=True) == "one\ntwo\\u{d}"


def test_marks_do_not_climb_over_other_lines() -> None:
    """A few marks on a letter are writing; many are not."""
    assert printable("e\u0301") == "e\u0301"
    assert printable("e" + "\u0301" * 9).count("\\u{301}") == 5
    assert printable("e" + "\u20dd" * 9).count("\\u{20dd}") == 5


@given(st.text())
def test_nothing_that_acts_remains(text: str) -> None:
    """Whatever comes in, no character that comes out controls, formats or breaks lines."""
    shown = printable(text)
    assert not any(unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for one in shown)


@given(st.text(), st.text())
def test_different_texts_stay_different(one: str, other: str) -> None:
    """Escaping loses nothing: two texts that look the same are the same."""
    if one != other:
        assert printable(one) != printable(other)
