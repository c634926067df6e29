"""Root sets for tests: what follows in a world of `tests.builders`, whose roots have the numbers of their keys."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from keys import root_set
from keys import roster as rosters
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.root_set import RootChain, RootSetVersion
from tests.builders import START_MS, YEAR_MS, Place, World, hybrid


def roots_of(party: str, numbers: tuple[int, ...], threshold: int = 2) -> RootSet:
    """Roots by number; 1, 2 and 3 are those of the agreement."""
    keys = tuple(hybrid(f"{party} {number}", KeyRole.ROOT).public for number in numbers)
    return RootSet(threshold, keys, numbers)


class RootActs(World):
    """How parties change their roots in two logs.

    Attributes:
        chains: of each party, as far as `change` brought it.
    """

    chains: dict[str, RootChain]

    def begin_chains(self) -> None:
        """Version 1 of both parties is the agreement's."""
        self.chains = {
            party.short: RootChain.first(party.short, self.agreement.channel, party.roots)
            for party in self.agreement.parties
        }

    def next_roots(
        self, party: str, numbers: tuple[int, ...] = (1, 2, 4), threshold: int = 2, **changes: Any
    ) -> RootSetVersion:
        """The next version of a party's roots; by default root 3 was lost, and 4 takes its place."""
        chain = self.chains[party]
        made = RootSetVersion(
            party=party,
            channel=self.agreement.channel,
            version=chain.newest.version + 1,
            valid_until_ms=START_MS + YEAR_MS,
            previous=sha256(chain.texts[-1]).digest(),
            roster=self.rosters[party].version,
            roots=roots_of(party, numbers, threshold),
        )
        return replace(made, **changes)

    def change(
        self,
        party: str,
        numbers: tuple[int, ...] = (1, 2, 4),
        *,
        signers: tuple[int, ...] = (1, 2),
        threshold: int = 2,
        **changes: Any,
    ) -> Place:
        """Log the next version, which is to be good."""
        text = root_set.render(self.next_roots(party, numbers, threshold, **changes))
        place = self.enact(party, "root-set", text, signers)
        self.chains[party] = self.chains[party].then(text)
        return place

    def state_roots(self, party: str, made: RootSetVersion, signers: tuple[int, ...], **header: Any) -> Place:
        """Log a version that need not be good."""
        return self.enact(party, "root-set", root_set.render(made), signers, **header)

    def next_roster(self, party: str, signers: tuple[int, ...], **changes: Any) -> Place:
        """Log the next roster with the same people, signed by these roots."""
        before = self.rosters[party]
        text = rosters.render(before)
        after = replace(before, version=before.version + 1, previous=sha256(text).digest(), **changes)
        place = self.enact(party, "roster", rosters.render(after), signers)
        self.rosters[party] = after
        return place


class RootWorld(RootActs):
    """Two logs that say what a test wants, and whose parties change their roots."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(**changes)
        self.begin_chains()
