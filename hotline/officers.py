"""Who of a party may speak, and how that changes: leaving, being away, standing in for somebody.

Each function takes the party's card and gives another one; the roots sign rosters from it (`hotline/rosters.py`).
Whatever ends somebody's roles is looked at first: would a rule of an agreement be left that nobody could meet?

Source: spec/keys-and-rosters.md, "People".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from hotline.errors import Misused, Refused
from hotline.key_status import newest_roster, rule_scope
from hotline.party_file import Delegation, Member, PartyFile
from hotline.zulu import zulu_short
from keys.person import Person
from keys.roles import ROLES
from keys.roster import Roster
from nodes.home import NodeHome
from nodes.stopped import read_agreement
from protocol.authority import able_to_sign, missing_slots

Standing = Literal["valid", "absent", "ended", "retired", "not yet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOfficer:
    """Somebody in the card and how they stand.

    Attributes:
        member: as in the card.
        standing: valid, absent for a time, ended without renewal, retired, or not valid yet.
        roles: what they may sign as now.
        until_ms: end of that, UTC milliseconds.
        channels: counterparts whose newest roster of ours lists them so.
    """

    member: Member
    standing: Standing
    roles: tuple[str, ...]
    until_ms: int
    channels: tuple[str, ...]


def listed_officers(home: NodeHome, card: PartyFile, *, now_ms: int) -> list[ListedOfficer]:
    """Everybody in the card, by number."""
    rosters = {one.counterpart: newest_roster(one, home.party)[0] for one in home.channels()}
    found = []
    for member in card.members:
        person = member.listed_at(now_ms)
        shown = person if person is not None else member.person
        standing = _standing(member, now_ms)
        found.append(
            ListedOfficer(
                member=member,
                standing=standing,
                roles=shown.roles if standing == "valid" else (),
                until_ms=shown.valid_until_ms,
                channels=tuple(name for name, roster in rosters.items() if _lists(roster, person)),
            )
        )
    return found


def _lists(roster: Roster | None, person: Person | None) -> bool:
    """Whether a roster has a person just so."""
    return roster is not None and person is not None and roster.person(person.number) == person


def _standing(member: Member, now_ms: int) -> Standing:
    if member.retired:
        return "retired"
    if now_ms >= member.person.valid_until_ms:
        return "ended"
    if now_ms < member.person.valid_from_ms:
        return "not yet"
    return "absent" if member.absent_until_ms is not None and now_ms < member.absent_until_ms else "valid"


def retire(card: PartyFile, name: str, *, now_ms: int) -> PartyFile:
    """Somebody leaves for good: their validity ends now, and their number is never given again.

    Raises:
        Misused: `officer-missing`, or they have left already.
    """
    member = _active(card, name)
    end_ms = min(member.person.valid_until_ms, max(now_ms, member.person.valid_from_ms + 1))
    person = replace(member.person, valid_until_ms=end_ms)
    return card.with_changed(replace(member, person=person, retired=True, absent_until_ms=None, delegated=()))


def delegate(card: PartyFile, name: str, role: str, *, until_ms: int, now_ms: int) -> PartyFile:
    """Somebody has a role beside their own until a time; a second delegation of the role replaces the first.

    Raises:
        Misused: no such officer or role, they have it anyway, or a time that cannot be.
    """
    member = _active(card, name)
    if role not in ROLES:
        raise Misused("officer-refused", f"roles are one or more of {', '.join(ROLES)}")
    if role in member.person.roles:
        raise Misused("officer-not-changed", f"{name} has the role {role} anyway")
    _check_time(member, until_ms, now_ms)
    if member.absent_until_ms is not None and now_ms < member.absent_until_ms:
        raise Misused("officer-not-changed", f"{name} is absent until {zulu_short(member.absent_until_ms)}")
    others = tuple(one for one in member.delegated if one.role != role and one.until_ms > now_ms)
    return card.with_changed(replace(member, delegated=(*others, Delegation(role=role, until_ms=until_ms))))


def absent(card: PartyFile, name: str, *, until_ms: int, alternate: str | None, now_ms: int) -> PartyFile:
    """Somebody is away until a time: no roster lists them meanwhile, and an alternate has their roles.

    Raises:
        Misused: no such officers, the same one twice, or a time that cannot be.
    """
    member = _active(card, name)
    if name == alternate:
        raise Misused("officer-not-changed", f"{name} cannot stand in for {name}")
    _check_time(member, until_ms, now_ms)
    card = card.with_changed(replace(member, absent_until_ms=until_ms))
    if alternate is None:
        return card
    has = _active(card, alternate).person.roles
    for role in member.person.roles:
        if role not in has:
            card = delegate(card, alternate, role, until_ms=until_ms, now_ms=now_ms)
    return card


def recall(card: PartyFile, name: str) -> PartyFile:
    """End somebody's delegations and absence now.

    Raises:
        Misused: no such officer, or there is nothing to end.
    """
    member = _active(card, name)
    if not member.delegated and member.absent_until_ms is None:
        raise Misused("officer-not-changed", f"{name} is neither absent nor delegated a role")
    return card.with_changed(replace(member, absent_until_ms=None, delegated=()))


def check_rules(home: NodeHome, before: PartyFile, after: PartyFile, *, now_ms: int) -> None:
    """Refuse a card with which a rule of an agreement could not be met that can be met now.

    Raises:
        Refused: `role-unfilled`; the text names channel, roles and kinds.
    """
    could = set(_unmet(home, before, now_ms))
    for text in _unmet(home, after, now_ms):
        if text not in could:
            raise Refused("role-unfilled", text)


def _unmet(home: NodeHome, card: PartyFile, now_ms: int) -> Iterator[str]:
    people = [one for one in card.people_at(now_ms) if one.valid_at(now_ms)]
    for channel in home.channels():
        agreement = read_agreement(channel)
        for rule in agreement.rules:
            lacking = missing_slots(rule.needs, able_to_sign(agreement, rule, people))
            if lacking:
                roles, scope = ", ".join(lacking), rule_scope(rule)
                yield f"with {channel.counterpart} nobody would be left to sign as {roles} for {scope}"


def _active(card: PartyFile, name: str) -> Member:
    member = card.member(name)
    if member is None:
        known = ", ".join(one.home for one in card.members)
        raise Misused("officer-missing", f"{card.short} has no officer {name!r}; it has {known or 'none'}")
    if member.retired:
        raise Misused("officer-not-changed", f"{name} has left; add a new officer")
    return member


def _check_time(member: Member, until_ms: int, now_ms: int) -> None:
    if until_ms <= now_ms:
        raise Misused("officer-not-changed", "the end is not in the future")
    if until_ms >= member.person.valid_until_ms:
        end = zulu_short(member.person.valid_until_ms)
        raise Misused("officer-not-changed", f"{member.home} is valid until {end} only: renew the roster first")
