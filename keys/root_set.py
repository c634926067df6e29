"""A party's roots on one channel, version after version, and what may follow what.

Version 1 is what the agreement that founds the channel says; it is never written down apart, but its text is made from
the agreement, so that version 2 can name it. Every later version is a text that a person can read, the document of a
`root-set` statement, signed by enough roots of the version before and by enough of its own. So nobody below the
threshold brings in a root, and nobody is listed as a root whose key does not work.

A root has a number for ever: a signature names `root/4`, and there is one key of that number in all versions.

Source: The Update Framework 1.0.33, 5.3 (the root role); spec/keys-and-rosters.md, "Root sets".
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from keys.errors import (
    BAD_KEY,
    BROKEN_RULE,
    KEY_REUSED,
    NOT_A_SUCCESSOR,
    OTHER_SUITE,
    KeyRefused,
    RootSetRefused,
    RosterRefused,
)
from keys.hybrid import HybridPublicKey
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.roster import Roster, check_apart
from keys.suite import SUITE_1, SUITE_2
from keys.toml_lines import INSTANT_MAX_MS, LineReader, LineWriter

FORMAT: Final = "hotline/1/root-set"

TEXT_BYTES_MAX: Final = 65_536
"""Nine roots of the second suite take 33,000."""

ROOTS_LISTED_MAX: Final = 9
"""As many as an agreement may list, because all of them must be able to sign one entry."""

VERSION_MAX: Final = 256
"""Versions on one channel. A party that loses a root every month gets through twenty years."""

SIGNERS_MAX: Final = {SUITE_1: 16, SUITE_2: 12}
"""Signatures of a suite that fit into an entry: the thresholds of two sets must be met by so many."""

_ROSTER_VERSION_MAX: Final = 1_000_000
_PARTY = re.compile(r"[A-Z]{2,4}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RootSetVersion:
    """One version.

    Attributes:
        party: short name, 2 to 4 capital letters.
        channel: 32 bytes, the channel id.
        version: from 1, one more each time; the first is the agreement's.
        valid_until_ms: until when the party means to use it, UTC milliseconds; 0 in version 1, which has no end. People
            are warned before it. It marks nothing and cuts nothing.
        previous: SHA-256 of the text of the version before, None for version 1.
        roster: version of the party's roster in force where this is stated, 0 where there is none yet. Every later
            roster is signed by these roots, so texts alone show which roots sign which roster.
        roots: the roots and how many of them must sign.

    Raises:
        RootSetRefused: a rule is broken.

    Source: spec/keys-and-rosters.md, "Root sets: the rules".
    """

    party: str
    channel: bytes
    version: int
    valid_until_ms: int
    previous: bytes | None
    roster: int
    roots: RootSet

    def __post_init__(self) -> None:
        _rule(bool(_PARTY.fullmatch(self.party)), f"no short name of a party: {self.party!r}")
        _rule(len(self.channel) == 32, "a channel id has 32 bytes")
        _rule(1 <= self.version <= VERSION_MAX, f"no version: {self.version}")
        first = self.version == 1
        _rule(first == (self.previous is None), "every version but the first names the one before")
        _rule(self.previous is None or len(self.previous) == 32, "the hash of the version before has 32 bytes")
        _rule(first == (self.valid_until_ms == 0), "every version but the first has an end")
        _rule(0 <= self.valid_until_ms <= INSTANT_MAX_MS, "the end of its validity is out of range")
        _rule(0 <= self.roster <= _ROSTER_VERSION_MAX and not (first and self.roster), "no version of a roster")
        _rule(first or len(self.roots.keys) <= ROOTS_LISTED_MAX, f"at most {ROOTS_LISTED_MAX} roots")


def render(listed: RootSetVersion) -> bytes:
    """Write the one text of a version: ASCII, lines ended by line feeds.

    Source: spec/keys-and-rosters.md, "Root sets: the text".
    """
    out = LineWriter()
    party = listed.party
    out.comment(f"The roots of {party} on one channel. Roots of this set and of the one before sign this exact text.")
    out.string("format", FORMAT)
    out.string("party", party)
    out.string("channel", listed.channel.hex())
    out.integer("version", listed.version)
    if listed.previous is not None:
        out.instant("valid_until", listed.valid_until_ms)
        out.string("previous", listed.previous.hex())
        out.integer("roster", listed.roster)
    out.integer("threshold", listed.roots.threshold)
    for number, key in zip(listed.roots.numbers, listed.roots.keys, strict=True):
        out.blank()
        out.header("[[root]]")
        out.integer("number", number)
        out.comment(f"key id {key.key_id.hex()}")
        out.base64("key", key.raw)
    return out.encode()


def parse(data: bytes) -> RootSetVersion:
    """Read the text of a version from 2 on.

    Raises:
        RootSetRefused: malformed, a second spelling, a bad key or a broken rule.

    Source: spec/keys-and-rosters.md, "Root sets: reading one".
    """
    return _parse(data, first=False)


def _parse(data: bytes, *, first: bool) -> RootSetVersion:
    try:
        reader = LineReader(data, bytes_max=TEXT_BYTES_MAX)
        listed = _read(reader, first=first)
        reader.end()
    except RosterRefused as error:
        raise RootSetRefused(str(error), kind=error.kind) from error
    except KeyRefused as error:
        raise RootSetRefused(f"a key is refused: {error}", kind=error.kind) from error
    if render(listed) != data:
        raise RootSetRefused("the text is a second spelling of its root set")
    return listed


def read_any(data: bytes) -> RootSetVersion:
    """Read the text of any version, also of the first, which is nowhere but where it was made from an agreement.

    Raises:
        RootSetRefused: as `parse`.
    """
    return _parse(data, first=True)


@dataclass(frozen=True, slots=True)
class RootChain:
    """The versions of a party's roots on a channel up to one that is in force.

    Attributes:
        versions: from version 1 on.
        texts: the exact text of each.
    """

    versions: tuple[RootSetVersion, ...]
    texts: tuple[bytes, ...]

    @classmethod
    def first(cls, party: str, channel: bytes, roots: RootSet) -> Self:
        """The chain of a channel on which no roots have changed: what its founding agreement says."""
        made = RootSetVersion(party, channel, 1, 0, None, 0, roots)
        return cls((made,), (render(made),))

    @property
    def newest(self) -> RootSetVersion:
        """The version in force."""
        return self.versions[-1]

    @property
    def roots(self) -> RootSet:
        """The roots in force."""
        return self.versions[-1].roots

    def of_roster(self, version: int) -> RootSet:
        """The roots that sign the roster of a version."""
        return next(one.roots for one in reversed(self.versions) if one.roster < version)

    def following(self, text: bytes) -> RootSetVersion:
        """Read the text that claims to come next. That the roots of both versions signed it is checked elsewhere.

        Raises:
            RootSetRefused: it is malformed or may not follow.

        Source: spec/keys-and-rosters.md, "Root sets: what may follow", steps 1 to 6.
        """
        before, listed = self.newest, parse(text)
        same = (before.party, before.channel) == (listed.party, listed.channel)
        _follows(same, "it is of another party or channel")
        _follows(listed.version == before.version + 1, f"version {before.version + 1} was due")
        _follows(listed.previous == sha256(self.texts[-1]).digest(), "it names another text as the one before")
        suite = before.roots.suite
        if listed.roots.suite is not suite:
            raise RootSetRefused(f"its keys are not of {suite.name}, as the channel's are", kind=OTHER_SUITE)
        _follows(listed.roster >= before.roster, "it is of an earlier roster than the one before")
        names: dict[bytes, int] = {}
        numbers: set[int] = set()
        for version in self.versions:
            numbers.update(version.roots.numbers)
            for number, half in _halves(version.roots):
                names[half] = number
        present = set(before.roots.numbers)
        for number, half in _halves(listed.roots):
            known = names.get(half)
            if known is not None and (known != number or number not in present):
                raise RootSetRefused(f"root {number} has a key that root {known} had", kind=KEY_REUSED)
            _follows(known is not None or number not in numbers, f"the number {number} was another root's")
        together = set(before.roots.numbers) & set(listed.roots.numbers)
        most = before.roots.threshold + listed.roots.threshold - len(together)
        _follows(most <= SIGNERS_MAX[suite], f"more than {SIGNERS_MAX[suite]} roots would have to sign it")
        return listed

    def then(self, text: bytes) -> "RootChain":
        """The chain with the next version; raises as `following`."""
        return RootChain((*self.versions, self.following(text)), (*self.texts, text))

    def check_apart(self, roster: Roster) -> None:
        """Check that a roster has no key of any root, of this version or an earlier one.

        Raises:
            RosterRefused: half of a root key stands in the roster.
        """
        for version in self.versions:
            check_apart(roster, version.roots)


def check_no_roster_key(listed: RootSetVersion, roster: Roster) -> None:
    """Check that no root of a version is a key of a roster.

    Raises:
        RootSetRefused: half of a root key stands in the roster.
    """
    try:
        check_apart(roster, listed.roots)
    except RosterRefused as error:
        raise RootSetRefused(f"a root has another job: {error}", kind=KEY_REUSED) from error


def _halves(roots: RootSet) -> list[tuple[int, bytes]]:
    return [
        (number, half)
        for number, key in zip(roots.numbers, roots.keys, strict=True)
        for half in (key.ed25519_raw, key.mldsa_raw)
    ]


def _read(reader: LineReader, *, first: bool) -> RootSetVersion:
    """Take the lines in the order in which :func:`render` puts them."""
    if reader.string("format") != FORMAT:
        raise RootSetRefused(f"the format is not {FORMAT}")
    party = reader.string("party")
    channel = _read_hash(reader, "channel")
    version = reader.integer("version")
    valid_until_ms, previous, roster = 0, None, 0
    if not (first and version == 1):
        valid_until_ms = reader.instant("valid_until")
        previous = _read_hash(reader, "previous")
        roster = reader.integer("roster")
    threshold = reader.integer("threshold")
    numbers: list[int] = []
    keys: list[HybridPublicKey] = []
    while reader.follows("[[root]]"):
        _rule(len(keys) < ROOTS_LISTED_MAX, f"at most {ROOTS_LISTED_MAX} roots")
        reader.header("[[root]]")
        numbers.append(reader.integer("number"))
        try:
            keys.append(HybridPublicKey(reader.base64("key"), KeyRole.ROOT))
        except KeyRefused as error:
            raise RootSetRefused(f"the key of root {numbers[-1]} is refused: {error}", kind=BAD_KEY) from error
    _rule(bool(keys), "it has no root")
    return RootSetVersion(party, channel, version, valid_until_ms, previous, roster, _roots(threshold, keys, numbers))


def _roots(threshold: int, keys: list[HybridPublicKey], numbers: list[int]) -> RootSet:
    return RootSet(threshold, tuple(keys), tuple(numbers))


def _read_hash(reader: LineReader, name: str) -> bytes:
    text = reader.string(name)
    if not _HASH.fullmatch(text):
        raise RootSetRefused(f"{name} is not 64 lower-case hexadecimal digits")
    return bytes.fromhex(text)


def _rule(holds: bool, text: str) -> None:
    if not holds:
        raise RootSetRefused(text, kind=BROKEN_RULE)


def _follows(holds: bool, text: str) -> None:
    if not holds:
        raise RootSetRefused(f"the root set does not follow: {text}", kind=NOT_A_SUCCESSOR)
