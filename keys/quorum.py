"""m of n roots.

A report comes first, because people want to know who signed and who is missing; the error is raised from it.

Source: spec/keys-and-rosters.md, "Root sets".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from keys.errors import BROKEN_RULE, KEY_REUSED, NO_QUORUM, OTHER_SUITE, KeyRefused, SignatureRefused
from keys.hybrid import HybridPublicKey
from keys.roles import KeyRole
from keys.suite import Suite

ROOTS_MAX: Final = 16
"""Roots of one party. Each of them is a person with a safe; more than this is a typing error."""

ROOT_NUMBER_MAX: Final = 99
"""The highest number of a root. A number is never given again, so it grows with each root that is replaced."""


@dataclass(frozen=True, slots=True)
class QuorumReport:
    """Who signed.

    Attributes:
        threshold: how many valid roots are needed.
        valid: numbers of the roots whose signature verified, in the order given.
        refused: number and reason for each signature that does not count.
        missing: numbers of the roots that have not validly signed, ascending.
    """

    threshold: int
    valid: tuple[int, ...]
    refused: tuple[tuple[int, str], ...]
    missing: tuple[int, ...]

    @property
    def met(self) -> bool:
        """Whether enough distinct roots have signed."""
        return len(self.valid) >= self.threshold

    def require(self) -> None:
        """Raise unless the quorum is met.

        Raises:
            SignatureRefused: with kind ``no quorum``, naming who is missing and what was refused.
        """
        if self.met:
            return
        reasons = "".join(f"; root {number}: {why}" for number, why in self.refused)
        missing = ", ".join(str(number) for number in self.missing)
        raise SignatureRefused(
            f"{len(self.valid)} of {self.threshold} needed roots have signed; missing: {missing}{reasons}",
            kind=NO_QUORUM,
        )


@dataclass(frozen=True, slots=True)
class RootSet:
    """A party's roots with their numbers.

    Attributes:
        threshold: how many must sign, from 1 to the number of keys.
        keys: 1 to 16 keys of the job root and of one suite, no half of a key twice.
        numbers: of each key, ascending, from 1 to 99; left out they count from 1 in the order of ``keys``.

    Raises:
        KeyRefused: a threshold out of range, too many keys, another job, two suites, numbers that do not ascend, or a
            key that is there twice.
    """

    threshold: int
    keys: tuple[HybridPublicKey, ...]
    numbers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.keys) <= ROOTS_MAX:
            raise KeyRefused(f"a root set has 1 to {ROOTS_MAX} keys, not {len(self.keys)}", kind=BROKEN_RULE)
        if not 1 <= self.threshold <= len(self.keys):
            raise KeyRefused(f"{self.threshold} of {len(self.keys)} roots is no threshold", kind=BROKEN_RULE)
        if not self.numbers:
            object.__setattr__(self, "numbers", tuple(range(1, len(self.keys) + 1)))
        if len(self.numbers) != len(self.keys) or not 1 <= self.numbers[0] <= self.numbers[-1] <= ROOT_NUMBER_MAX:
            raise KeyRefused(f"roots are numbered from 1 to {ROOT_NUMBER_MAX}, each once", kind=BROKEN_RULE)
        if any(before >= after for before, after in pairwise(self.numbers)):
            raise KeyRefused("the numbers of the roots do not ascend", kind=BROKEN_RULE)
        if any(key.role is not KeyRole.ROOT for key in self.keys):
            raise KeyRefused("a root set holds a key of another job", kind=BROKEN_RULE)
        if any(key.suite is not self.suite for key in self.keys):
            raise KeyRefused("a root set holds keys of two suites", kind=OTHER_SUITE)
        # Halves are compared, not whole keys: two keys that share one half are not two independent roots.
        if len({key.ed25519_raw for key in self.keys}) < len(self.keys):
            raise KeyRefused("two roots share an Ed25519 key", kind=KEY_REUSED)
        if len({key.mldsa_raw for key in self.keys}) < len(self.keys):
            raise KeyRefused(f"two roots share an {self.suite.signature.lattice} key", kind=KEY_REUSED)

    @property
    def suite(self) -> Suite:
        """The suite of the roots, and so of the rosters that they sign."""
        return self.keys[0].suite

    def key(self, number: int) -> HybridPublicKey | None:
        """The key of a root, None where there is none of that number."""
        return self.keys[self.numbers.index(number)] if number in self.numbers else None

    def number_of(self, key: HybridPublicKey) -> int | None:
        """The number of a key, None where it is not one of these."""
        return self.numbers[self.keys.index(key)] if key in self.keys else None

    def check(
        self,
        signatures: Iterable[tuple[int, bytes]],
        purpose: str,
        *,
        channel: bytes,
        author: str,
        message: bytes,
    ) -> QuorumReport:
        """See which roots have signed a message.

        Args:
            signatures: root number and hybrid signature. The first for a number decides; a second one is
                refused unread, so that no list of signatures costs more than one verification a root.
            purpose: what they must be for.
            channel: 32 bytes, or ``NO_CHANNEL``.
            author: the party's short name.
            message: the bytes that were signed.

        Returns:
            the report; nothing is raised for a bad signature.

        Source: spec/keys-and-rosters.md, "Root sets", steps 1 to 4.
        """
        valid: list[int] = []
        refused: list[tuple[int, str]] = []
        seen: set[int] = set()
        for number, signature in signatures:
            key = self.key(number)
            if key is None:
                refused.append((number, "no such root"))
                continue
            if number in seen:
                refused.append((number, "signed twice"))
                continue
            seen.add(number)
            try:
                key.verify(purpose, channel=channel, author=author, message=message, signature=signature)
            except SignatureRefused as error:
                refused.append((number, str(error)))
            else:
                valid.append(number)
        missing = tuple(number for number in self.numbers if number not in valid)
        return QuorumReport(self.threshold, tuple(valid), tuple(refused), missing)
