"""Looking through the rules of authority of an agreement, or of a draft: what nothing comes to, and what is too little.

What is told is code, place, what is unusual, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Any

from keys.roles import ROLES
from protocol.agreement_checks import ANY_KIND, Needs, parse_slot
from protocol.agreement_terms import AuthorityRule
from protocol.authority import missing_slots
from protocol.kinds import Catalogue
from protocol.limits import SLOTS_MAX
from protocol.statement import PRECEDENCES


def about_rules(rules: tuple[AuthorityRule, ...], catalogue: Catalogue) -> Iterator[tuple[str, str, str, str]]:
    """What somebody should look at again.

    Args:
        rules: in their order.
        catalogue: the one that is at hand.
    """
    yield from _rules(rules)
    yield from _weaker(rules, catalogue)


def _rules(rules: tuple[AuthorityRule, ...]) -> Iterator[tuple[str, str, str, str]]:
    for number, rule in enumerate(rules, 1):
        before = next((place for place, one in enumerate(rules[: number - 1], 1) if _contains(one, rule)), None)
        if before is not None:
            text = f"rule {before} covers all that it covers, so no statement comes to it"
            yield "rule-unreachable", f"authority[{number}]", text, "Put it before that rule, or leave it out."
        if not _can_be_filled(rule.needs):
            text = "more slots for one role than a roster usually has persons"
            yield "rule-hard-to-fill", f"authority[{number}].needs", text, "Join roles with a slash, or ask for fewer."


def _weaker(rules: tuple[AuthorityRule, ...], catalogue: Catalogue) -> Iterator[tuple[str, str, str, str]]:
    """Rules that let go with less than the catalogue asks for. A rule for templates does so by what it is."""
    found: dict[int, list[str]] = {}
    for kind in catalogue.kinds:
        if kind.machine or kind.by_roots or kind.document:
            continue
        default = tuple(parse_slot(slot) for slot in kind.authority)
        severities = {"required": [*range(6)], "optional": [None, *range(6)], "none": [None]}[kind.severity]
        for severity, precedence in product(severities, PRECEDENCES):
            first = next((n for n, rule in enumerate(rules, 1) if rule.covers(kind.name, severity, precedence)), None)
            if first is not None and kind.name not in found.get(first, ()) and _less(rules[first - 1].needs, default):
                found.setdefault(first, []).append(kind.name)
    for number, names in sorted(found.items()):
        named = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        text = f"less than the catalogue asks for: {named}"
        yield "rule-weaker", f"authority[{number}].needs", text, "Ask for more, unless this is what you want."


@cache
def _less(needs: Needs, default: Needs) -> bool:
    """Whether persons who fill the one may leave a slot of the other empty; of slots that can stand."""
    if not 1 <= len(needs) <= SLOTS_MAX or any(len(slot) > len(ROLES) for slot in needs):
        return False
    filled = {tuple(sorted(roles)) for roles in product(*needs)}
    return any(missing_slots(default, list(enumerate(roles))) for roles in filled)


def unfilled(draft: Any, people: Sequence[tuple[int, str]]) -> Iterator[tuple[str, str, str, str]]:
    """Rules that our own people could not meet today."""
    needs = [(f"authority[{number}].needs", rule.needs) for number, rule in enumerate(draft.rules, 1)]
    needs += [("emergency.needs", (draft.emergency.needs,))] if draft.emergency is not None else []
    for where, slots in needs if people else []:
        lacking = missing_slots(slots, people)
        if lacking:
            text = f"our own people cannot fill {', '.join(lacking)}"
            yield "rule-not-filled", where, text, "Add officers with these roles, or ask for others."


def _contains(wide: AuthorityRule, narrow: AuthorityRule) -> bool:
    """Whether a rule covers everything that another one covers."""
    kinds = wide.kinds == (ANY_KIND,) or (narrow.kinds != (ANY_KIND,) and set(narrow.kinds) <= set(wide.kinds))
    severity = wide.severity_at_least is None or (
        narrow.severity_at_least is not None and narrow.severity_at_least >= wide.severity_at_least
    )
    some = bool(narrow.precedences) and set(narrow.precedences) <= set(wide.precedences)
    precedences = not wide.precedences or some
    return kinds and severity and precedences and (not wide.template or narrow.template)


def _can_be_filled(needs: Needs) -> bool:
    """Whether no more than two slots ask for one and the same role alone."""
    alone = [slot for slot in needs if len(slot) == 1]
    return all(alone.count(slot) <= 2 for slot in alone)
