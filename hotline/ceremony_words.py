"""The words that two rooms read to each other, and how typed words are compared.

Each room has fourteen of its own, over every byte of the offer and of the answer. So neither can echo what it heard,
and each hears 112 bits. Nothing has to be committed to beforehand: whoever stands in between knows the second room's
answer, with its fresh keys, only when they have nothing left to choose but their own answer to the first room, and
would need a second preimage.

Source: spec/pairing.md, "Words for two rooms"; spec/keys-and-rosters.md, "Safety words".
"""

from __future__ import annotations

from hmac import compare_digest

from hotline.errors import Misused, Refused
from keys.words import COUNT, WORDS, safety_words

LETTERS = 4
"""So many letters name a word of the list; `keys/words.py` says why."""

_BY_LETTERS = {word[:LETTERS]: word for word in WORDS}


def words_of(room: str, *, offer: bytes, answer: bytes) -> tuple[str, ...]:
    """The words that a room reads aloud.

    Args:
        room: first or second.
        offer, answer: the files as this room has them.
    """
    return safety_words(f"pairing-{room}", offer, answer)


def typed_words(typed: str) -> tuple[str, ...]:
    """Read what a person typed; four letters of a word are enough, and case and what stands between do not matter.

    Raises:
        Misused: `word-unknown`; one is not of the list, or they are not fourteen.
    """
    found = []
    for place, text in enumerate(typed.lower().replace("-", " ").replace(",", " ").split(), start=1):
        word = _BY_LETTERS.get(text[:LETTERS])
        if word is None or not word.startswith(text):
            raise Misused("word-unknown", f"word {place} is none of the list")
        found.append(word)
    if len(found) != COUNT:
        raise Misused("word-unknown", f"there are {COUNT} words, and {len(found)} were typed")
    return tuple(found)


def compare_words(heard: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Compare all words at once, in a time that says nothing about where they differ.

    Raises:
        Refused: `words-differ`.
    """
    if not compare_digest(" ".join(heard).encode(), " ".join(expected).encode()):
        raise Refused("words-differ", "the words are not the same: somebody may stand between the two parties")
