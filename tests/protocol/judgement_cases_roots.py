"""Cases of root sets, each function one case.

Their agreements name the catalogue with what lies in `catalogue-roots` laid over it. Roots 1, 2 and 3 are those of the
agreement, and two must sign; what follows has other numbers.
"""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from keys import root_set
from keys import roster as rosters
from keys.hybrid import HybridPublicKey
from keys.quorum import RootSet
from keys.roles import KeyRole
from protocol.faults import BAD_SIGNATURE, ROOT_SET_REFUSED, ROSTER_REFUSED, UNAUTHORISED, UNKNOWN_SIGNER
from tests.builders import Place, hybrid
from tests.protocol.judgement_made import Made
from tests.root_sets import RootActs
from tests.vector_world import Kept, VectorWorld, rooting_catalogue


class _Roots(VectorWorld, RootActs):
    """Two logs of parties whose roots change; two persons a roster."""

    def __init__(self, kept: Kept, **changes: Any) -> None:
        known = rooting_catalogue()
        terms = {"catalogue_digest": known.digest, "catalogue_version": known.version}
        super().__init__(kept, begin=False, people=2, **{**terms, **changes})
        self.catalogue = known
        self.begin_chains()
        self.begin()

    def made(self, faults: dict[Place, tuple[str, ...]]) -> Made:
        """The case."""
        return Made(world=self, faults=faults)


def root_set_replaces_a_root(kept: Kept) -> Made:
    """Root 3 was lost: roots 1 and 2 sign the set in which 4 takes its place, and 1 and 4 the next roster."""
    world = _Roots(kept)
    world.change("ARC")
    world.next_roster("ARC", (1, 4))
    world.say("ARC", "goodwill")
    return world.made({})


def root_set_replaces_all_roots(kept: Kept) -> Made:
    """Two roots of the set before and two of its own sign a set that has no root in common with it."""
    world = _Roots(kept)
    world.change("ARC", (4, 5, 6), signers=(1, 2, 4, 5))
    return world.made({})


def root_set_by_the_old_only(kept: Kept) -> Made:
    """The roots of the set before sign, and none of the new one."""
    world = _Roots(kept)
    return world.made({world.state_roots("ARC", world.next_roots("ARC", (4, 5, 6)), (1, 2)): (UNAUTHORISED,)})


def root_set_by_the_new_only(kept: Kept) -> Made:
    """The roots of the new set sign, and none of the one before."""
    world = _Roots(kept)
    return world.made({world.state_roots("ARC", world.next_roots("ARC", (4, 5, 6)), (4, 5)): (UNAUTHORISED,)})


def root_set_below_the_old_threshold(kept: Kept) -> Made:
    """One root of the set before signs, and two of the new one."""
    world = _Roots(kept)
    return world.made({world.state_roots("ARC", world.next_roots("ARC", (4, 5, 6)), (1, 4, 5)): (UNAUTHORISED,)})


def root_set_below_the_new_threshold(kept: Kept) -> Made:
    """Two roots of the set before sign, and one of the new one."""
    world = _Roots(kept)
    return world.made({world.state_roots("ARC", world.next_roots("ARC", (4, 5, 6)), (1, 2, 4)): (UNAUTHORISED,)})


def root_set_signature_bad(kept: Kept) -> Made:
    """Root 2's signature is one of root 1, and one root that signs is too few."""
    world = _Roots(kept)
    text = root_set.render(world.next_roots("ARC"))
    made = world.statement("ARC", "root-set", body_digest=sha256(text).digest(), body_length=len(text))
    made = replace(made, opener=None, commitments=())
    first = world.sign("ARC", made, "root/1", "root")
    place = world.log("ARC", made, [first, replace(first, signer="root/2")], body=text)
    return world.made({place: (BAD_SIGNATURE, UNAUTHORISED)})


def root_set_version_skipped(kept: Kept) -> Made:
    """Version 3 comes after version 1."""
    world = _Roots(kept)
    made = world.next_roots("ARC", version=3)
    return world.made({world.state_roots("ARC", made, (1, 2)): (ROOT_SET_REFUSED,)})


def root_set_previous_other(kept: Kept) -> Made:
    """It names another text as the one before."""
    world = _Roots(kept)
    made = world.next_roots("ARC", previous=bytes(32))
    return world.made({world.state_roots("ARC", made, (1, 2)): (ROOT_SET_REFUSED,)})


def root_set_of_another_party(kept: Kept) -> Made:
    """It is of the other party, and signed by this one's roots."""
    world = _Roots(kept)
    made = replace(world.next_roots("ARC"), party="BOR")
    return world.made({world.state_roots("ARC", made, (1, 2)): (ROOT_SET_REFUSED,)})


def root_set_of_another_channel(kept: Kept) -> Made:
    """It is of another channel."""
    world = _Roots(kept)
    made = world.next_roots("ARC", channel=bytes(32))
    return world.made({world.state_roots("ARC", made, (1, 2)): (ROOT_SET_REFUSED,)})


def root_set_for_another_roster(kept: Kept) -> Made:
    """It was made for roster 2, and roster 1 is in force."""
    world = _Roots(kept)
    made = world.next_roots("ARC", roster=2)
    return world.made({world.state_roots("ARC", made, (1, 2)): (ROOT_SET_REFUSED,)})


def root_set_with_an_officers_key(kept: Kept) -> Made:
    """Root 4 has the key of a person of the roster in force."""
    world = _Roots(kept)
    person = HybridPublicKey(hybrid("ARC 1", KeyRole.OFFICER).public.raw, KeyRole.ROOT)
    made = world.next_roots("ARC")
    made = replace(made, roots=RootSet(2, (*made.roots.keys[:2], person), (1, 2, 4)))
    return world.made({world.state_roots("ARC", made, (1, 2)): (ROOT_SET_REFUSED,)})


def root_set_number_given_again(kept: Kept) -> Made:
    """A new key has the number of the root that it replaces."""
    world = _Roots(kept)
    made = world.next_roots("ARC")
    made = replace(made, roots=RootSet(2, made.roots.keys))
    return world.made({world.state_roots("ARC", made, (1, 2)): (ROOT_SET_REFUSED,)})


def root_set_retired_root_again(kept: Kept) -> Made:
    """Version 3 lists root 3 again, which version 2 left out."""
    world = _Roots(kept)
    world.change("ARC")
    made = world.next_roots("ARC", (1, 2, 3))
    return world.made({world.state_roots("ARC", made, (1, 2)): (ROOT_SET_REFUSED,)})


def root_sets_two_on_one(kept: Kept) -> Made:
    """Two sets follow version 1: the first in the log stands."""
    world = _Roots(kept)
    other = world.next_roots("ARC", (1, 2, 5))
    world.change("ARC")
    return world.made({world.state_roots("ARC", other, (1, 2)): (ROOT_SET_REFUSED,)})


def root_set_no_text(kept: Kept) -> Made:
    """A text that is no root set, signed by the roots as one."""
    world = _Roots(kept)
    return world.made({world.enact("ARC", "root-set", b"format = 1\n"): (ROOT_SET_REFUSED,)})


def roster_by_retired_roots(kept: Kept) -> Made:
    """Roots 1 and 2 were replaced, and sign a roster that is dated before that."""
    world = _Roots(kept)
    before = world.logs["ARC"].last_ms
    world.change("ARC", (4, 5, 6), signers=(1, 2, 4, 5))
    first = world.rosters["ARC"]
    text = rosters.render(replace(first, version=2, previous=sha256(rosters.render(first)).digest()))
    place = world.enact("ARC", "roster", text, (1, 2), issued_at_ms=before)
    return world.made({place: (UNKNOWN_SIGNER, UNAUTHORISED)})


def roster_with_a_retired_root(kept: Kept) -> Made:
    """Root 3 was replaced, and its key is a person's in the next roster."""
    world = _Roots(kept)
    world.change("ARC")
    people = world.rosters["ARC"].people
    retired = HybridPublicKey(hybrid("ARC 3", KeyRole.ROOT).public.raw, KeyRole.OFFICER)
    place = world.next_roster("ARC", (1, 2), people=(replace(people[0], key=retired), people[1]))
    return world.made({place: (ROSTER_REFUSED,)})


def root_set_of_the_other_side(kept: Kept) -> Made:
    """The other party changes its roots; this one's go on as they were."""
    world = _Roots(kept)
    world.change("BOR")
    world.next_roster("BOR", (2, 4))
    world.next_roster("ARC", (2, 3))
    return world.made({})
