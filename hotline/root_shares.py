"""Shares of a root key on paper: the page of a share, and what is made of shares that somebody brings back.

A page says in plain words what it is a share of, for whoever opens the envelope in ten years: party, root, key id,
which share of how many, how many are needed. None of that is believed when shares come back. What counts is that the
key that they give has the id of a root that the party's card lists, or that the person says.

Source: spec/root-shares.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from hotline.errors import Misused, Refused
from hotline.party_file import PartyFile
from hotline.slip39 import SHARES_MAX, WORDS, Phrase, join, read_phrase, split
from keys.errors import KeysError
from keys.keyring import RootKeyring
from keys.suite import SUITES

PAGE_BYTES_MAX = 16_384
COLUMNS = 4

_ABOUT = re.compile(r"(party|root|key id|share|needed|set|passphrase|made): *(.*)")
_NUMBER = re.compile(r"([0-9]{1,3})[.)]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One share as it is handed over.

    Attributes:
        party: short name.
        root: number of the root, from 1.
        key_id: 32 bytes.
        of: number of shares in the set.
        passphrase: whether a passphrase is asked for besides.
        made: the day.
        phrase: the words.
    """

    party: str
    root: int
    key_id: bytes
    of: int
    passphrase: bool
    made: date
    phrase: Phrase

    def render(self) -> str:
        """Write the page: what it is, a blank line, the numbered words.

        Source: spec/root-shares.md, "Page".
        """
        rows = [
            "   ".join(
                f"{number:>2} {self.phrase.words[number - 1]:<9}"
                for number in range(first, min(first + COLUMNS, WORDS + 1))
            ).rstrip()
            for first in range(1, WORDS + 1, COLUMNS)
        ]
        needed = self.phrase.needed
        lines = [
            f"# A share of root key {self.root} of {self.party}. Whoever has {needed} of these {self.of} has the key.",
            "# Keep each share in another place, none of them on a machine that is ever connected.",
            "# To try them: hotline root shares rehearse. To have the key back: hotline root shares restore.",
            f"party: {self.party}",
            f"root: {self.root}",
            f"key id: {self.key_id.hex()}",
            f"share: {self.phrase.place} of {self.of}",
            f"needed: {needed}",
            f"set: {self.phrase.set_number}",
            f"passphrase: {'yes, and it is not written here' if self.passphrase else 'no'}",
            f"made: {self.made.isoformat()}",
            "",
            *rows,
        ]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A share that somebody brought.

    Attributes:
        phrase: its words.
        about: what stood beside them, by name; empty where only words were typed.
    """

    phrase: Phrase
    about: dict[str, str]

    @property
    def asks_passphrase(self) -> bool:
        """Whether the page says that there is a passphrase."""
        return self.about.get("passphrase", "no").startswith("yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A key that shares are to give.

    Attributes:
        party: short name.
        root: number of the root.
        key_id: 32 bytes.
    """

    party: str
    root: int
    key_id: bytes


def make_pages(
    ring: RootKeyring, *, needed: int, shares: int, passphrase: bytes = b"", now_ms: int
) -> tuple[Page, ...]:
    """Make a new set of shares of a root key.

    Args:
        ring: the root key.
        needed: how many shares are needed.
        shares: how many to make.
        passphrase: printable ASCII asked for besides, or empty.
        now_ms: now, UTC milliseconds.

    Raises:
        Misused: numbers or a passphrase that cannot be.
    """
    phrases = split(ring.seed, needed=needed, shares=shares, passphrase=passphrase)
    made = datetime.fromtimestamp(now_ms / 1000, tz=UTC).date()
    return tuple(
        Page(
            party=ring.party,
            root=ring.index,
            key_id=ring.signer().public.key_id,
            of=shares,
            passphrase=bool(passphrase),
            made=made,
            phrase=phrase,
        )
        for phrase in phrases
    )


def take_words(text: str, words: list[str]) -> None:
    """Add the words in a line to those before it; the numbers before words are checked and left out.

    Raises:
        Refused: `share-unreadable`; a number is not the one of the word that comes next.
    """
    for token in text.split():
        number = _NUMBER.fullmatch(token)
        if number is None:
            words.append(token)
        elif int(number[1]) != len(words) + 1:
            raise Refused("share-unreadable", f"word {len(words) + 1} comes next; here is number {number[1]}")


def read_page(data: bytes) -> Given:
    """Read a share from a file: a whole page, or only its words.

    Args:
        data: the file's bytes.

    Raises:
        Refused: `share-unreadable`: no text, words that are wrong, or words of another share than the page says.

    Source: spec/root-shares.md, "Page", steps 1 to 4.
    """
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise Refused("share-unreadable", "a share is plain text; this holds other bytes") from None
    about: dict[str, str] = {}
    words: list[str] = []
    for line in text.splitlines():
        named = _ABOUT.fullmatch(line.strip())
        if line.startswith("#"):
            continue
        if named:
            about[named[1]] = named[2]
        else:
            take_words(line, words)
    phrase = read_phrase(words)
    says = {"set": str(phrase.set_number), "needed": str(phrase.needed)}
    for name, value in says.items():
        if about.get(name, value) != value:
            raise Refused("share-unreadable", f"the page says {name} {about[name][:20]}, its words say {value}")
    if "share" in about and about["share"].split(" ")[0] != str(phrase.place):
        raise Refused("share-unreadable", f"the page says share {about['share'][:20]}, its words share {phrase.place}")
    return Given(phrase=phrase, about=about)


def wanted_of(card: PartyFile) -> tuple[Wanted, ...]:
    """The root keys that a party's card lists."""
    return tuple(
        Wanted(party=card.short, root=number, key_id=key.key_id)
        for number, key in zip(card.roots.numbers, card.roots.keys, strict=True)
    )


def restore_ring(given: Sequence[Given], wanted: Sequence[Wanted], *, passphrase: bytes = b"") -> RootKeyring:
    """Give the root key that shares give, if it is one of those wanted.

    Args:
        given: the shares.
        wanted: root keys, any of which they may give.
        passphrase: of the shares, or empty.

    Raises:
        Refused: the shares do not belong together, or give a key that is not wanted (`shares-other-key`).
        Misused: one stands twice, or there are too few.

    Source: spec/root-shares.md, "Joining", steps 1 to 6.
    """
    seed = join([one.phrase for one in given], passphrase=passphrase)
    # A share says nothing of the suite: of one seed each makes another key, and only one of them has the id.
    for one, suite in ((one, suite) for one in wanted for suite in SUITES.values()):
        try:
            ring = RootKeyring(one.party, one.root, seed, suite)
            found = ring.signer().public.key_id
        except KeysError:
            break
        if found == one.key_id:
            _compare(given, one)
            return ring
    text = "together the shares give another key"
    if given[0].asks_passphrase or passphrase:
        text += ": the passphrase of the shares is another, or they are of another root or party"
    else:
        text += ": they are of another root or party, or there is a passphrase"
    raise Refused("shares-other-key", text)


def _compare(given: Sequence[Given], found: Wanted) -> None:
    """Refuse pages that say they are of another key than their words give."""
    says = {"party": found.party, "root": str(found.root), "key id": found.key_id.hex()}
    for one in given:
        for name, value in says.items():
            if one.about.get(name, value) != value:
                text = (
                    f"the page of share {one.phrase.place} says {name} {one.about[name][:64]}, the shares give {value}"
                )
                raise Refused("shares-other-key", text)


def check_numbers(*, needed: int, shares: int, files: int) -> None:
    """Refuse numbers that cannot be before any key is opened.

    Raises:
        Misused: too many shares, more needed than there are, or not one file for each.
    """
    if not 1 <= needed <= shares <= SHARES_MAX:
        raise Misused("usage", f"there are 1 to {SHARES_MAX} shares, and no more are needed than there are")
    if files not in {0, shares}:
        raise Misused("usage", f"give one file for each of the {shares} shares, or none to have them shown")
