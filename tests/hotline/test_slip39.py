"""Shares as words: k of n give the secret, and whatever is wrong with words or shares is said."""

import random
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import combine_mnemonics
from shamir_mnemonic.wordlist import WORDLIST

from hotline.errors import HotlineError, Misused, Refused
from hotline.slip39 import SECRET_BYTES, WORDS, join, read_phrase, split, word_at

# Vectors of the standard (SLIP-0039): a secret of one share, and one of 2 of 3. They are shorter than ours.
STANDARD_20_WORDS = (
    "duckling enlarge academic academic agency result length solution fridge kidney coal piece deal husband erode "
    "duke ajar critical decision keyboard"
)
STANDARD_2_OF_3 = (
    (
        "shadow pistol academic always adequate wildlife fancy gross oasis cylinder mustang wrist rescue view short "
        "owner flip making coding armed"
    ),
    (
        "shadow pistol academic acid actress prayer class unknown daughter sweater depict flip twice unkind craft "
        "early superior advocate guest smoking"
    ),
)


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES), st.integers(2, 6), st.data())
def test_any_k_of_n_give_the_secret_back(secret: bytes, needed: int, data: st.DataObject) -> None:
    """Whichever they are and in whatever order; one less says that it is one less."""
    shares = data.draw(st.integers(needed, 8))
    made = split(secret, needed=needed, shares=shares)
    chosen = data.draw(st.permutations(made))[:needed]
    assert join(chosen) == secret
    assert join(made) == secret
    with pytest.raises(Misused) as stop:
        join(chosen[1:])
    assert stop.value.code == "shares-too-few"


def test_other_programs_of_the_standard_read_ours() -> None:
    """The library's own entry point joins our words, with the passphrase; it knows nothing of our checks."""
    secret = secrets.token_bytes(SECRET_BYTES)
    made = split(secret, needed=2, shares=3, passphrase=b"correct horse")
    words = [" ".join(one.words) for one in made]
    assert combine_mnemonics(words[1:], b"correct horse") == secret
    assert combine_mnemonics(words[1:], b"correct house") != secret
    assert all(len(one.words) == WORDS for one in made)


def test_the_library_is_of_the_standard() -> None:
    """The standard's own words give the standard's own secrets."""
    assert combine_mnemonics([STANDARD_20_WORDS], b"TREZOR").hex() == "bb54aac4b89dc868ba37d9cc21b2cece"
    assert combine_mnemonics(STANDARD_2_OF_3, b"TREZOR").hex() == "b43ceb7e57a0ea8766221624d01b0864"


def test_a_wrong_word_is_named_wherever_it_is() -> None:
    """Each of the 59 places; no sentence holds a word."""
    made = split(secrets.token_bytes(SECRET_BYTES), needed=2, shares=2)[0]
    chance = random.Random(7)
    for place in range(WORDS):
        for _ in range(4):
            words = list(made.words)
            words[place] = chance.choice([word for word in WORDLIST if word != words[place]])
            with pytest.raises(Refused) as stop:
                read_phrase(words)
            assert stop.value.text.endswith(f"it is word {place + 1}")


def test_two_words_that_changed_places_are_noticed() -> None:
    """As are two wrong ones and three: the check finds any three for certain."""
    made = split(secrets.token_bytes(SECRET_BYTES), needed=2, shares=2)[0]
    for place in range(WORDS - 1):
        words = list(made.words)
        words[place], words[place + 1] = words[place + 1], words[place]
        if tuple(words) != made.words:
            with pytest.raises(Refused):
                read_phrase(words)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda words: words[:-1], "59 words; here are 58"),
        (lambda words: [*words, "acid"], "59 words; here are 60"),
        (lambda words: [*words[:16], "nonsense", *words[17:]], "word 17 is not of the list"),
        (lambda words: [*words[:16], "aci", *words[17:]], "word 17 is not of the list"),
        (lambda words: [*words[:16], "acids", *words[17:]], "word 17 is not of the list"),
        (lambda words: STANDARD_20_WORDS.split(), "here are 20"),
    ],
)
def test_what_is_no_phrase_says_why(change: object, text: str) -> None:
    """Too short, too long, an unknown word, fewer than four letters, another secret."""
    words = list(split(secrets.token_bytes(SECRET_BYTES), needed=2, shares=2)[0].words)
    assert callable(change)
    with pytest.raises(Refused) as stop:
        read_phrase(change(words))
    assert stop.value.code == "share-unreadable"
    assert text in stop.value.text


def test_four_letters_name_a_word() -> None:
    """And capitals do not matter."""
    assert (word_at("acad"), word_at("ACADEM"), word_at("academic")) == ("academic",) * 3
    made = split(secrets.token_bytes(SECRET_BYTES), needed=2, shares=2)[0]
    assert read_phrase([word[:4].upper() for word in made.words]) == made


def _code(call: object) -> str:
    assert callable(call)
    with pytest.raises(HotlineError) as stop:
        call()
    return stop.value.code


def test_shares_that_do_not_belong_together_say_so() -> None:
    """Another set, the same twice, a share that only claims to be of the set, none at all."""
    secret = secrets.token_bytes(SECRET_BYTES)
    made = split(secret, needed=2, shares=3)
    other = split(secret, needed=2, shares=3)
    while other[0].set_number == made[0].set_number:
        other = split(secret, needed=2, shares=3)
    assert _code(lambda: join([made[0], other[1]])) == "share-of-another-set"
    assert _code(lambda: join([made[0], made[0]])) == "share-twice"
    assert _code(lambda: join([made[0], made[1], made[0]])) == "share-twice"
    assert _code(lambda: join([])) == "shares-too-few"
    forged = _forged(made[1].words)
    assert _code(lambda: join([made[0], read_phrase(forged)])) == "shares-do-not-fit"
    assert _code(lambda: join([made[0], made[2], read_phrase(forged)])) == "shares-do-not-fit"


def _forged(words: tuple[str, ...]) -> list[str]:
    """A share of the same set and place with another part of the secret and right check words."""
    from dataclasses import replace

    from shamir_mnemonic import Share

    share = Share.from_mnemonic(" ".join(words))
    return replace(share, value=secrets.token_bytes(SECRET_BYTES)).words()


@pytest.mark.parametrize(("needed", "shares"), [(0, 3), (4, 3), (2, 17), (1, 2)])
def test_numbers_that_cannot_be_are_refused(needed: int, shares: int) -> None:
    """None needed, more than there are, too many, and copies of the key in the guise of shares."""
    assert _code(lambda: split(bytes(SECRET_BYTES), needed=needed, shares=shares)) == "usage"
    assert join(split(bytes(SECRET_BYTES), needed=1, shares=1)) == bytes(SECRET_BYTES)


def test_a_passphrase_that_the_standard_does_not_have_is_refused() -> None:
    """Only printable ASCII: what another keyboard cannot type would lose the key."""
    for bad in ("pässwort".encode(), b"a\nb", b"x" * 257):
        assert _code(lambda bad=bad: split(bytes(SECRET_BYTES), needed=2, shares=2, passphrase=bad)) == "usage"


def test_nothing_that_is_shown_of_a_phrase_holds_a_word() -> None:
    """Neither its repr nor an error."""
    made = split(secrets.token_bytes(SECRET_BYTES), needed=2, shares=2)
    assert not {word for one in made for word in one.words} & set(repr(made).replace("(", " ").split())
