"""Plain text: what may stand in a field."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.agreement_checks import check_line
from protocol.errors import AgreementRefused
from protocol.plain_text import problem_of_line, problem_of_text, tidy


@pytest.mark.parametrize(
    "text",
    [
        "Power cut",
        "Coupure d'électricité",
        "отключение электричества",
        "停電",
        "می\u200cخواهم",
        "انقطاع التيار",
        "👩‍🚒",
        'quotes " and \\ and <b>',
    ],
)
def test_languages_pass(text: str) -> None:
    """Text in the scripts that ministries write passes, joiners included."""
    assert problem_of_line(text) is None
    assert problem_of_text(text) is None


@pytest.mark.parametrize(
    "character",
    [
        "\0",
        "\t",
        "\x1b",
        "\x7f",
        "\x85",
        "\u00ad",
        "\u061c",
        "\u200b",
        "\u200f",
        "\u2028",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\ud800",
        "\ue000",
        "\ufdd0",
        "\uffff",
        "\U0001fffe",
        "\U000e0041",
        "\U0010fffd",
        "\r",
        "\u3164",
    ],
)
def test_hidden_characters_are_named(character: str) -> None:
    """A character that hides, reorders or stands for nothing is refused, and named by its number."""
    problem = problem_of_text(f"a{character}b")
    assert problem is not None
    assert f"U+{ord(character):04X}" in problem


@pytest.mark.parametrize("text", ["", " ", " a", "a ", "a\n", "\u00a0a"])
def test_absence_and_blanks_have_no_second_spelling(text: str) -> None:
    """Empty text and text with blanks around it are refused."""
    assert problem_of_text(text) is not None


def test_only_one_normal_form_passes() -> None:
    """A decomposed letter is refused, its composed form is not."""
    assert problem_of_line("e\u0301te") == "is not in Unicode normalisation form C"
    assert problem_of_line("\u00e9te") is None


@pytest.mark.parametrize("marks", ["\u0327\u0301" * 150_000, "\u0301" * 60_000 + "\u0327" * 60_000, "\u0f73" * 150_000])
def test_marks_without_end_are_not_put_in_order(marks: str) -> None:
    """Putting so many in order would take minutes; that they are in none is seen at once, in a term of an agreement
    as well."""
    assert problem_of_line(f"a{marks}") == "is not in Unicode normalisation form C"
    with pytest.raises(AgreementRefused):
        check_line(f"a{marks}", "title")


@given(st.text(st.sampled_from("ae\u00e9\u0301\u0327\u0f73\u0344\u1100\u1161\u09c7\u09be"), min_size=1, max_size=8))
def test_a_form_that_is_asked_for_is_the_one_that_is_made(text: str) -> None:
    """Whatever marks are on whatever letters."""
    assert (problem_of_line(text) is None) == (unicodedata.normalize("NFC", text) == text)


def test_a_line_is_one_line() -> None:
    """A newline passes in text and is refused in a line."""
    assert problem_of_text("a\nb") is None
    assert problem_of_line("a\nb") == "is more than one line"


@given(st.text())
def test_tidied_text_fails_only_for_hidden_characters_or_emptiness(text: str) -> None:
    """What tidy returns is in form C and without blanks around it, and tidying again changes nothing."""
    tidied = tidy(text)
    assert tidy(tidied) == tidied
    assert unicodedata.normalize("NFC", tidied) == tidied
    problem = problem_of_text(tidied)
    assert problem is None or "hidden character" in problem or tidied == ""
