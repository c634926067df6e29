"""Root sets in a world: the roots of a party sign the set after theirs, and thieves one that nobody may.

What a world does of this it draws from a chance of its own, so that the worlds of small seeds stay what they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from random import Random

from keys import root_set
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.root_set import RootChain, RootSetVersion
from nodes.signed import SignedStatement
from protocol.reading import ROOT_SET_KIND
from tests.builders import START_MS, hybrid
from tests.simulation import parties

FAMILY = "roots"
NEW_FROM = 1 << 32
"""Seeds from here on may change roots unasked; the smaller ones are kept, or stand in tests."""

ARMED = 0.15


def armed(seed: int, forced: frozenset[str], others: frozenset[str]) -> bool:
    """Whether a world changes roots. Not where a log loses its end, nor where roots sign amendments that are on their
    way: who signed before and stated after is refused, as it should be."""
    if others & {"old-disk", "fork"} or "amend" in forced:
        return False
    return FAMILY in forced or (seed >= NEW_FROM and Random(f"roots {seed}").random() < ARMED)


@dataclass(frozen=True, slots=True)
class Rooted:
    """A party's roots on a channel.

    Attributes:
        chain: as far as they were signed.
    """

    chain: RootChain

    @classmethod
    def first(cls, voice: tuple[str, str], pair: tuple[str, str]) -> Rooted:
        """Those of the agreement."""
        terms = parties.agreement(pair)
        return cls(RootChain.first(voice[0], terms.channel, terms.party(voice[0]).roots))

    @property
    def signing(self) -> tuple[int, int]:
        """Two roots in force."""
        first, second, *_ = self.chain.roots.numbers
        return first, second

    def following(
        self, pair: tuple[str, str], roster: int, chance: Random, *, stolen: bool = False
    ) -> tuple[Rooted, SignedStatement]:
        """The next set: one root is replaced, or all of them.

        Args:
            pair: the channel.
            roster: version in force.
            chance: draws which.
            stolen: the roots of the set in force sign it, and not one of its own.
        """
        before = self.chain.newest
        numbers = before.roots.numbers
        free = max(number for version in self.chain.versions for number in version.roots.numbers) + 1
        if stolen or chance.random() < 0.3:
            coming: tuple[int, ...] = (free, free + 1, free + 2)
            signers: tuple[int, ...] = self.signing if stolen else (*self.signing, free, free + 1)
        else:
            lost = chance.choice(numbers)
            staying = tuple(number for number in numbers if number != lost)
            coming, signers = (*staying, free), staying
        # The thieves' own keys, or their set would be word for word the one that may come.
        whose = f"{before.party} thief" if stolen else before.party
        keys = tuple(hybrid(f"{whose} {number}", KeyRole.ROOT, before.roots.suite).public for number in coming)
        made = RootSetVersion(
            party=before.party,
            channel=before.channel,
            version=before.version + 1,
            valid_until_ms=START_MS + parties.LIFE_MS,
            previous=sha256(self.chain.texts[-1]).digest(),
            roster=roster,
            roots=RootSet(2, keys, coming),
        )
        text = root_set.render(made)
        signed = parties.document(before.party, pair, ROOT_SET_KIND, text, made.version, signers)
        return (self if stolen else Rooted(self.chain.then(text))), signed
