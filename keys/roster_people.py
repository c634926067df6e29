"""What a party's admins may change in its roster without the roots: people who are no admins, and nothing else.

Roots are in safes, and people join and leave on any day. So admins of the roster before, enough of them together, may
sign its next version where nothing but persons without the role admin differs. Whatever a node signs with, what the
next log is, who the admins are, and how long all that is valid stays with the roots.

Source: spec/keys-and-rosters.md, "Roster: what admins may sign".
"""

from dataclasses import fields
from typing import Final

from keys.errors import NOT_A_SUCCESSOR, RosterRefused
from keys.person import Person
from keys.revoked import OFFICER, REVOKED_BY_ADMINS_MAX
from keys.roster import Roster

ADMIN: Final = "admin"
"""The role that admins sign rosters as."""

_FREE: Final = frozenset({"version", "previous", "people", "revoked"})


def admins_at(roster: Roster, at_ms: int) -> dict[int, Person]:
    """The admins who may sign the next roster at a time.

    Args:
        roster: the one in force.
        at_ms: UTC milliseconds.

    Returns:
        By number; nobody once the roster itself has expired.
    """
    if not roster.valid_at(at_ms):
        return {}
    return {one.number: one for one in roster.people if ADMIN in one.roles and one.valid_at(at_ms)}


def check_people_only(previous: Roster, following: Roster) -> None:
    """Check that a roster differs from the one before in persons without the role admin, and their keys, alone.

    Args:
        previous: the roster in force; that the other follows it is checked elsewhere.
        following: the one that admins signed.

    Raises:
        RosterRefused: `not a successor`; something else differs, or an admin does.

    Source: spec/keys-and-rosters.md, "Roster: what admins may sign", steps 2 and 3.
    """
    for one in fields(Roster):
        if one.name not in _FREE and getattr(previous, one.name) != getattr(following, one.name):
            raise RosterRefused(f"admins may not change {one.name}: the roots sign that", kind=NOT_A_SUCCESSOR)
    new = following.revoked[len(previous.revoked) :]
    listed = {key.key_id for one in previous.people for key in one.keys}
    if any(one.job != OFFICER or one.key not in listed for one in new):
        raise RosterRefused("admins revoke keys of officers in the roster before only", kind=NOT_A_SUCCESSOR)
    if new and len(following.revoked) > REVOKED_BY_ADMINS_MAX:
        raise RosterRefused(f"admins list at most {REVOKED_BY_ADMINS_MAX} revoked keys", kind=NOT_A_SUCCESSOR)
    if _admins(previous) != _admins(following):
        raise RosterRefused("admins may not change admins: the roots sign that", kind=NOT_A_SUCCESSOR)


def _admins(roster: Roster) -> list[Person]:
    return [one for one in roster.people if ADMIN in one.roles]
