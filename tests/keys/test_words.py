"""Safety words: enough bits, and words that cannot be taken for each other."""

from itertools import combinations

import pytest

from keys.errors import KeysMisused
from keys.words import COUNT, WORDS, safety_words


def distance(one: str, two: str) -> int:
    """Letters to insert, delete or change to get from one word to the other."""
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, start=1):
        above, row[0] = row[0], i
        for j, b in enumerate(two, start=1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]


def test_words_carry_112_bits() -> None:
    """256 different words, fourteen of them: above the 110 bits that are asked for."""
    assert len(set(WORDS)) == len(WORDS) == 256
    assert COUNT * 8 == 112
    assert len(safety_words("pairing", b"a")) == COUNT


def test_words_are_easy_to_say_and_type() -> None:
    """Four to nine small letters, in alphabetical order so that the list can be searched by eye."""
    assert list(WORDS) == sorted(WORDS)
    assert all(word.isascii() and word.isalpha() and word.islower() and 4 <= len(word) <= 9 for word in WORDS)


def test_four_letters_name_a_word() -> None:
    """No two words begin with the same four letters."""
    assert len({word[:4] for word in WORDS}) == len(WORDS)


def test_a_misheard_word_is_no_other() -> None:
    """Any two words are at least three edits apart."""
    assert min(distance(one, two) for one, two in combinations(WORDS, 2)) >= 3


def test_words_are_pinned() -> None:
    """One example, so that two releases, or two programs, never say different words for the same thing."""
    assert (
        " ".join(safety_words("pairing", b"agreement", b"roster"))
        == "weasel peacock present engine furnace battery mansion garden falcon octopus octopus peacock compass railway"
    )


def test_every_part_and_its_place_counts() -> None:
    """Subject, parts, their order and where one ends: each changes the words."""
    made = [
        safety_words("pairing", b"ab", b"c"),
        safety_words("pairing", b"a", b"bc"),
        safety_words("pairing", b"c", b"ab"),
        safety_words("pairing", b"abc"),
        safety_words("pairing"),
        safety_words("roster", b"ab", b"c"),
    ]
    assert len(set(made)) == len(made)


def test_subjects_have_one_spelling() -> None:
    """A subject is a purpose like any other."""
    with pytest.raises(KeysMisused):
        safety_words("Pairing", b"")
