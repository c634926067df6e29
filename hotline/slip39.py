"""SLIP-39: a secret as word phrases, any k of n of which give it back. The one module that calls the library for it.

One group of k of n is all that is used of SLIP-39's two levels. A phrase carries the number of its set (15 random
bits), its own place, how many are needed, its part of the secret, and three words of check. The library reads and
joins; what is wrong with a phrase that somebody typed is found here, because a person who sits before 59 words wants
to know which of them to look at.

No error here holds a word: errors end up in logs and tracebacks, and words are the key.

Source: SLIP-0039; spec/root-shares.md, "Words".
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from shamir_mnemonic import EncryptedMasterSecret, MnemonicError, Share, recover_ems, split_ems
from shamir_mnemonic.shamir import ShareGroup
from shamir_mnemonic.wordlist import WORDLIST

from hotline.errors import Misused, Refused

SECRET_BYTES: Final = 64
"""The seed of a root key."""

WORDS: Final = 59
"""Words of a phrase for so many bytes: 4 of set and place, 52 of the secret's part, 3 of check."""

SHARES_MAX: Final = 16

STRETCHED: Final = 6
"""Exponent where there is a passphrase: 640,000 rounds of PBKDF2 for a guess. Without one rounds protect nothing."""

PASSPHRASE: Final = re.compile(rb"[ -~]{1,256}")
FLAGGED: Final = 2
_BY_BEGINNING: Final = {word[:4]: place for place, word in enumerate(WORDLIST)}
_CHECKED_FIRST: Final = {False: b"shamir", True: b"shamir_extendable"}


@dataclass(frozen=True, slots=True, repr=False)
class Phrase:
    """One share as its words, checked.

    Attributes:
        words: 59 words.
        set_number: which set it is of, 0 to 32,767.
        place: its number in the set, from 1.
        needed: how many of the set give the secret.
    """

    words: tuple[str, ...]
    set_number: int
    place: int
    needed: int
    _share: Share = field(compare=False)

    def __repr__(self) -> str:
        return f"Phrase(set {self.set_number}, {self.place}, {self.needed} needed)"


def split(secret: bytes, *, needed: int, shares: int, passphrase: bytes = b"") -> tuple[Phrase, ...]:
    """Make a new set of phrases, and see that any neighbours among them give the secret back.

    Args:
        secret: 64 bytes.
        needed: how many phrases shall be needed, 1 to `shares`; 1 only where there is one.
        shares: how many to make, 1 to 16.
        passphrase: printable ASCII that is asked for besides, or empty.

    Raises:
        Misused: numbers or a passphrase that cannot be.
    """
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a secret has {SECRET_BYTES} bytes")
    if not 1 <= needed <= shares <= SHARES_MAX:
        raise Misused("usage", f"there are 1 to {SHARES_MAX} shares, and no more are needed than there are")
    if needed == 1 and shares > 1:
        raise Misused("usage", "where one share is enough there can be one only; the others would be copies of the key")
    check_passphrase(passphrase)
    sealed = EncryptedMasterSecret.from_master_secret(
        secret, passphrase, secrets.randbits(15), True, STRETCHED if passphrase else 0
    )
    (group,) = split_ems(1, [(needed, shares)], sealed)
    phrases = tuple(read_phrase(share.words()) for share in group)
    if _opened(_joined(phrases), passphrase) != secret:
        raise AssertionError("the shares do not give the secret back")
    return phrases


def check_passphrase(passphrase: bytes) -> None:
    """Refuse a passphrase that SLIP-39 does not have.

    Raises:
        Misused: more than 256 characters, or one that is not printable ASCII.
    """
    if passphrase and not PASSPHRASE.fullmatch(passphrase):
        raise Misused("usage", "a passphrase of shares has 1 to 256 characters of printable ASCII")


def word_at(text: str) -> str | None:
    """The word that somebody typed, whole or at least its first four letters; None if it is not of the list."""
    lowered = text.lower()
    place = _BY_BEGINNING.get(lowered[:4])
    if place is None or len(lowered) < 4 or not WORDLIST[place].startswith(lowered):
        return None
    return WORDLIST[place]


def read_phrase(words: Sequence[str]) -> Phrase:
    """Read a phrase.

    Args:
        words: as they were typed, whole or by their first four letters.

    Raises:
        Refused: `share-unreadable`; the text says how many words there are, or which is not of the list, or which one
            is wrong where only one is.

    Source: spec/root-shares.md, "Words", steps 1 to 4.
    """
    if len(words) != WORDS:
        raise Refused("share-unreadable", f"a share of a root key has {WORDS} words; here are {len(words)}")
    found = []
    for number, text in enumerate(words, start=1):
        word = word_at(text)
        if word is None:
            raise Refused("share-unreadable", f"word {number} is not of the list")
        found.append(word)
    _check(found)
    try:
        share = Share.from_mnemonic(" ".join(found))
    except MnemonicError:
        share = None
    if share is None or share.group_count != 1 or len(share.value) != SECRET_BYTES:
        raise Refused("share-unreadable", "the words are a share of something else than a root key")
    return Phrase(
        words=tuple(found),
        set_number=share.identifier,
        place=share.index + 1,
        needed=share.member_threshold,
        _share=share,
    )


def join(phrases: Sequence[Phrase], *, passphrase: bytes = b"") -> bytes:
    """Give back the secret.

    Args:
        phrases: as many as are needed, or more: then all must agree.
        passphrase: as at the making. Another one gives another secret and no error.

    Raises:
        Refused: `share-of-another-set` or `shares-do-not-fit`.
        Misused: `share-twice`, `shares-too-few`, or a passphrase that cannot be.

    Source: spec/root-shares.md, "Joining", steps 1 to 5.
    """
    check_passphrase(passphrase)
    if not phrases:
        raise Misused("shares-too-few", "there are no shares")
    first = phrases[0]
    for number, phrase in enumerate(phrases[1:], start=2):
        if phrase._share.group_parameters() != first._share.group_parameters():
            text = f"share {number} given is of set {phrase.set_number}, the first of set {first.set_number}"
            raise Refused("share-of-another-set", text)
    places: dict[int, int] = {}
    for number, phrase in enumerate(phrases, start=1):
        if phrase.place in places:
            text = f"the shares given as {places[phrase.place]} and {number} are both share {phrase.place} of the set"
            raise Misused("share-twice", text)
        places[phrase.place] = number
    if len(phrases) < first.needed:
        text = f"{first.needed} shares of set {first.set_number} are needed; {len(phrases)} are here"
        raise Misused("shares-too-few", text)
    return _opened(_joined(phrases), passphrase)


def _joined(phrases: Sequence[Phrase]) -> EncryptedMasterSecret:
    """Join as many as are needed, again and again, until each phrase was among them; all must give the same."""
    needed = phrases[0].needed
    found: set[EncryptedMasterSecret] = set()
    for start in range(len(phrases)):
        group = ShareGroup()
        for step in range(needed):
            group.add(phrases[(start + step) % len(phrases)]._share)
        try:
            found.add(recover_ems({0: group}))
        except MnemonicError:
            text = "the shares say that they are of one set, but fail its check together: one is no share of it"
            raise Refused("shares-do-not-fit", text) from None
        if len(phrases) == needed:
            break
    if len(found) != 1:
        raise Refused("shares-do-not-fit", "the shares say they are of one set, but give different keys together")
    return found.pop()


def _opened(sealed: EncryptedMasterSecret, passphrase: bytes) -> bytes:
    secret: bytes = sealed.decrypt(passphrase)
    return secret


def _powers() -> tuple[list[int], dict[int, int]]:
    """The field of 1,024 elements in which words are numbers: powers of a root of x^10 + x^3 + 1, and their places."""
    powers = [1]
    while len(powers) < 1023:
        doubled = powers[-1] << 1
        powers.append(doubled ^ 0b10000001001 if doubled >> 10 else doubled)
    return powers, {value: place for place, value in enumerate(powers)}


_POWER, _LOG = _powers()


def _check(words: Sequence[str]) -> None:
    """See that the check words fit, and say which word is wrong if exactly one is.

    The code's generator has the roots a, a^2 and a^3. If one word is off by e, and d words follow it, the three values
    at these roots are off by e*a^d, e*a^2d, e*a^3d: each is the one before times a^d, which says where.
    """
    numbers = [_BY_BEGINNING[word[:4]] for word in words]
    extendable = bool(numbers[FLAGGED - 1] >> 4 & 1)
    place = _wrong(numbers, extendable=extendable)
    if place == 0:
        return
    # The second word also says which of two texts the check begins with; where it is wrong, that may be wrong as well.
    if place is None and _wrong(numbers, extendable=not extendable) == FLAGGED:
        place = FLAGGED
    text = "the words do not fit together: at least one is wrong, or two changed places"
    if place is not None:
        text = f"the words do not fit together: if only one is wrong, it is word {place}"
    raise Refused("share-unreadable", text)


def _wrong(numbers: Sequence[int], *, extendable: bool) -> int | None:
    """The one wrong word, from 1; 0 if all fit; None if no single word explains it."""
    values = [1, *_CHECKED_FIRST[extendable], *numbers]
    off = [_value(values, root) ^ 1 for root in (1, 2, 3)]
    if not any(off):
        return 0
    if not all(off):
        return None
    behind = (_LOG[off[1]] - _LOG[off[0]]) % 1023
    if (_LOG[off[2]] - _LOG[off[1]]) % 1023 != behind or behind >= len(numbers):
        return None
    return len(numbers) - behind


def _value(values: Sequence[int], root: int) -> int:
    """The polynomial with these coefficients, the highest first, at a power of the field's root."""
    total = 0
    for value in values:
        total = (_POWER[(_LOG[total] + root) % 1023] if total else 0) ^ value
    return total
