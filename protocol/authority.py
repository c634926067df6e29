"""Authority: whether the right persons signed.

An agreement asks for slots. A slot is one or more roles; whoever signed in one of them can fill it. Each slot needs a
person of its own, so one person never counts twice, in whatever roles they signed. With at most six slots and sixteen
signatures, trying is exact and quick.

Source: spec/docket.md, "Authority".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from keys.person import Person
from protocol.agreement import Agreement
from protocol.agreement_checks import Needs, parse_slot
from protocol.agreement_terms import AuthorityRule
from protocol.governance import WITHDRAW
from protocol.kinds import Kind

EMERGENCY: Final = "emergency"
"""The fact that one person released a statement, and the name of the slot that nobody fills where none may."""

_NO_EMERGENCY: Final[Needs] = ((EMERGENCY,),)


def is_emergency(facts: Mapping[str, Any] | None) -> bool:
    """Whether the facts of a header say that one person released the statement."""
    return (facts or {}).get(EMERGENCY) is True


def slots_needed(
    agreement: Agreement,
    kind: Kind,
    severity: int | None,
    precedence: str,
    facts: Mapping[str, Any] | None = None,
) -> Needs:
    """The slots that a statement needs, by the agreement or, where no rule of it covers the kind, by the catalogue.

    Args:
        agreement: the one in force.
        kind: a kind that persons sign.
        severity, precedence, facts: as in the statement's header.

    Returns:
        Slots, each to be filled by another person. Of a statement that calls itself an emergency, the one slot of the
        agreement's clause; a slot that nobody can fill where the agreement has none, or the clause is not for the kind.
    """
    facts = facts or {}
    ends = kind.document or kind.name == WITHDRAW
    if is_emergency(facts):
        clause = agreement.emergency
        covered = clause is not None and (kind.name in clause.kinds if ends else clause.covers(kind.name))
        allowed = covered and not kind.document
        return (clause.needs,) if clause is not None and allowed else _NO_EMERGENCY
    templated = facts.get("template") is not None and facts.get("free") is not True
    default = tuple(parse_slot(slot) for slot in kind.authority)
    if ends:
        # It ends a log, or the line: a rule for every kind was not written for it, and does not stand for one that
        # names it.
        named = [rule for rule in agreement.rules if kind.name in rule.kinds]
        found = (rule.needs for rule in named if rule.covers(kind.name, severity, precedence))
        return next(found, default)
    return agreement.needs(kind.name, severity, precedence, default, templated=templated)


def passkeys_count(
    agreement: Agreement, kind: Kind, severity: int | None, facts: Mapping[str, Any] | None, needs: Needs
) -> bool:
    """Whether signatures with passkeys count for a statement.

    Args:
        agreement: the one in force.
        kind: a kind that persons sign.
        severity, facts: as in the statement's header.
        needs: the slots that it needs.

    Returns:
        True where the agreement has it so. Never for what ends a log, nor for what one person releases in an emergency.

    Source: spec/passkeys.md, "What it counts for".
    """
    terms = agreement.passkeys
    return terms is not None and not kind.document and not is_emergency(facts) and terms.covers(severity, len(needs))


def able_to_sign(agreement: Agreement, rule: AuthorityRule, people: Iterable[Person]) -> list[tuple[int, str]]:
    """Who of some persons may sign as what under a rule, as `missing_slots` takes it.

    Whoever has passkeys and no key may not where these count for nothing that the rule is about.
    """
    terms = agreement.passkeys
    touch = terms is not None and terms.covers(rule.severity_at_least, len(rule.needs))
    return [(one.number, role) for one in people if touch or one.key is not None for role in one.roles]


def missing_slots(needs: Needs, signers: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    """Which slots stay empty when as many as possible are filled.

    Args:
        needs: slots, each a tuple of roles.
        signers: person number and role signed as, for every signature that counts.

    Returns:
        The slots without a person, in the order of `needs`, roles joined by slashes: `release/senior`. Empty when the
        authority is there.
    """
    if len(needs) == 1:
        # Most statements need one signature or two; this is the quick way for one.
        if any(role in needs[0] for _, role in signers):
            return ()
        return ("/".join(needs[0]),)
    able = [sorted({person for person, role in signers if role in slot}) for slot in needs]
    taken: dict[int, int] = {}
    for slot in range(len(needs)):
        _seat(slot, able, taken, set())
    filled = set(taken.values())
    return tuple("/".join(slot) for number, slot in enumerate(needs) if number not in filled)


def _seat(slot: int, able: Sequence[Sequence[int]], taken: dict[int, int], tried: set[int]) -> bool:
    """Find a person for a slot, moving another one's slot to a further person where that frees them."""
    for person in able[slot]:
        if person in tried:
            continue
        tried.add(person)
        if person not in taken or _seat(taken[person], able, taken, tried):
            taken[person] = slot
            return True
    return False


def missing_text(missing: Sequence[str]) -> str:
    """Say in words who is still needed: `a release or senior officer, and a legal officer`."""
    if EMERGENCY in missing:
        return "an emergency clause of the agreement for this kind"
    return ", and ".join(f"a {' or '.join(slot.split('/'))} officer" for slot in missing)
