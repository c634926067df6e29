"""Cases of rosters that admins sign and of keys that are revoked, each function one case.

ARC's second roster, signed by its roots, has two persons and two admins, 7 and 8. What admins sign follows it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keys import roster as rosters
from keys.person import Person
from keys.revoked import RevokedKey
from keys.roles import KeyRole
from keys.roster import Roster
from protocol.faults import BAD_SIGNATURE, ROSTER_EXPIRED, ROSTER_REFUSED, UNAUTHORISED, UNKNOWN_SIGNER
from protocol.tagged import digest
from tests.builders import START_MS, YEAR_MS, hybrid
from tests.protocol.judgement_made import Made
from tests.vector_world import Kept, VectorWorld


def _person(number: int, *roles: str) -> Person:
    key = hybrid(f"ARC {number}", KeyRole.OFFICER).public
    return Person(number=number, roles=roles, key=key, valid_from_ms=START_MS - 1, valid_until_ms=START_MS + YEAR_MS)


def _follows(before: Roster, **changes: Any) -> Roster:
    return replace(before, version=before.version + 1, previous=digest(rosters.render(before)), **changes)


def _begun(kept: Kept) -> tuple[VectorWorld, Roster]:
    world = VectorWorld(kept, people=2)
    first = world.rosters["ARC"]
    second = _follows(first, people=(*first.people, _person(7, "admin"), _person(8, "admin")))
    world.enact("ARC", "roster", rosters.render(second))
    return world, second


def _by_admins(kept: Kept, fault: str, numbers: Sequence[int] = (7, 8), **changes: Any) -> Made:
    """Admins sign the third roster with some changes."""
    world, second = _begun(kept)
    at_ms = changes.pop("at_ms", None)
    text = rosters.render(_follows(second, **changes))
    place = world.enact("ARC", "roster", text, admins=numbers, at_ms=at_ms)
    return Made(world=world, faults={place: (fault,)} if fault else {})


def _joined(kept: Kept) -> tuple[Person, ...]:
    first = VectorWorld(kept, people=2).rosters["ARC"]
    return (*first.people, _person(7, "admin"), _person(8, "admin"), _person(9, "duty"))


def admins_sign_somebody_in(kept: Kept) -> Made:
    """Two admins sign a third roster with one person more, who speaks at once."""
    made = _by_admins(kept, "", people=_joined(kept))
    made.world.say("ARC", "goodwill", signers=((9, "duty"),))
    return made


def admins_one_alone(kept: Kept) -> Made:
    """One admin signs, where the agreement is silent and so asks for two."""
    return _by_admins(kept, UNAUTHORISED, (7,), people=_joined(kept))


def admins_one_is_none(kept: Kept) -> Made:
    """An admin signs, and a person as admin who has another role."""
    world, second = _begun(kept)
    text = rosters.render(_follows(second, people=_joined(kept)))
    return Made(world=world, faults={world.enact("ARC", "roster", text, admins=(1, 7)): (UNKNOWN_SIGNER, UNAUTHORISED)})


def admins_make_an_admin(kept: Kept) -> Made:
    """Two admins sign a third admin in."""
    return _by_admins(kept, UNAUTHORISED, people=(*_joined(kept)[:-1], _person(9, "admin")))


def admins_change_the_node_key(kept: Kept) -> Made:
    """Two admins sign a roster with another node key."""
    return _by_admins(kept, UNAUTHORISED, node=hybrid("ARC other", KeyRole.NODE).public)


def admins_prolong(kept: Kept) -> Made:
    """Two admins sign a longer validity than the roots gave."""
    return _by_admins(kept, UNAUTHORISED, valid_until_ms=START_MS + 2 * YEAR_MS)


def admins_after_the_end(kept: Kept) -> Made:
    """Two admins sign when the validity that the roots gave has ended."""
    return _by_admins(kept, ROSTER_EXPIRED, people=_joined(kept), at_ms=START_MS + YEAR_MS)


def admins_back_dated(kept: Kept) -> Made:
    """Two admins whom the third roster signed out sign another third roster behind it."""
    world, second = _begun(kept)
    world.enact("ARC", "roster", rosters.render(_follows(second, people=second.people[:2])))
    back = world.enact("ARC", "roster", rosters.render(_follows(second, people=_joined(kept))), admins=(7, 8))
    return Made(world=world, faults={back: (UNKNOWN_SIGNER, UNAUTHORISED)})


def _revoking(before: Roster, job: str = "officer") -> Roster:
    """Person 1 has another key, and the one before is revoked."""
    old = before.people[0]
    assert old.key is not None
    new = replace(old, key=hybrid("ARC 1 anew", KeyRole.OFFICER).public)
    gone = RevokedKey(job, old.key.key_id, "stolen", 2)
    return _follows(before, people=(new, *before.people[1:]), revoked=(*before.revoked, gone))


def revoked_key_signs(kept: Kept) -> Made:
    """The second roster revokes the key of person 1, who signs with it once before and once behind."""
    world = VectorWorld(kept, people=2)
    world.say("ARC", "goodwill")
    world.enact("ARC", "roster", rosters.render(_revoking(world.rosters["ARC"])))
    said = world.say("ARC", "goodwill")
    return Made(world=world, faults={said: (BAD_SIGNATURE, UNAUTHORISED)})


def revoked_by_admins(kept: Kept) -> Made:
    """Two admins revoke an officer's key."""
    world, second = _begun(kept)
    world.enact("ARC", "roster", rosters.render(_revoking(second)), admins=(7, 8))
    return Made(world=world)


def revoked_other_by_admins(kept: Kept) -> Made:
    """Two admins revoke a key as one of the node's."""
    world, second = _begun(kept)
    place = world.enact("ARC", "roster", rosters.render(_revoking(second, "node")), admins=(7, 8))
    return Made(world=world, faults={place: (UNAUTHORISED,)})


def revoked_key_listed_no_more(kept: Kept) -> Made:
    """The roots sign a third roster that does not list what the second revoked."""
    world = VectorWorld(kept, people=2)
    second = _revoking(world.rosters["ARC"])
    world.enact("ARC", "roster", rosters.render(second))
    place = world.enact("ARC", "roster", rosters.render(_follows(second, revoked=())))
    return Made(world=world, faults={place: (ROSTER_REFUSED,)})


def revoked_key_comes_back(kept: Kept) -> Made:
    """The roots sign a text in which a revoked key has a job again."""
    world = VectorWorld(kept, people=2)
    second = _revoking(world.rosters["ARC"])
    world.enact("ARC", "roster", rosters.render(second))
    third = _follows(second)
    new, old = third.people[0].key, world.rosters["ARC"].people[0].key
    assert new is not None
    assert old is not None
    bare = replace(third, revoked=(), people=(replace(third.people[0], key=old), *third.people[1:]))
    tail = rosters.render(third).split(b"\n[[revoked]]", 1)[1]
    text = rosters.render(bare).replace(b"hotline/1/roster", b"hotline/2/roster") + b"\n[[revoked]]" + tail
    return Made(world=world, faults={world.enact("ARC", "roster", text): (ROSTER_REFUSED,)})
