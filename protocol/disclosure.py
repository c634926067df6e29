"""Disclosure: whether a field is open to an audience at a time, since when, by which rule, or what would open it.

A field begins at the tier that the catalogue gives it, or at a closer one that the statement's header states. From
there rules of the agreement open it wider. All that a rule looks at are headers and the docket made of them, so both
nodes and every auditor find the same answer; nothing else lets a byte of content leave (`openings`).

1. The agreement that governs the statement gives the rules, in its order, from 1; 0 stands for the catalogue.
2. A rule applies to a field of a kind that it names, that stands at its `from_tier` or at a wider one by then.
3. It opens the field to its `to_tier`; a rule of consent or of a legal order no wider than the audience consented to.
4. It does so `after_ms` after its trigger, or at the trigger, and not before the severity that it asks for was stated.
5. What is open stays open: in logs that do not change, a later time never closes a field.
6. Content leaves only once its opening is logged: by the acceptance of a consent or a legal order, or by an opening of
   its own (`protocol/disclosure_opening.py`) after another rule opened the field. What begins open needs none.

| trigger | when |
|---|---|
| consent | the other party's acceptance of a proposal that names the field has its place at home |
| legal-order | likewise, where both the proposal and the acceptance are signed by somebody as `legal` |
| embargo | the statement was logged |
| severity | the statement, or another one of the same party in its thread, stated that severity |
| no-answer | the answer that the statement is owed was due, and was not given within `after_ms` behind that |
| closed | its thread was closed |
| sunset | the agreement is over for both parties |

Source: spec/disclosure.md, "Rules".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol.agreement_checks import ANY_KIND
from protocol.agreement_conduct import TIERS, DisclosureRule
from protocol.commitment import Disclosure, disclose
from protocol.course import ENDLESS_MS
from protocol.disclosure_opening import LOGGED, Opening
from protocol.kind import Kind
from protocol.statement_secret import StatementSecret
from protocol.tagged import Hash

AUDIENCES: Final = ("parties", "auditor", "partners", "community", "public")
"""From the closest to the widest; each is told what stands at its tier, of `TIERS`, or at a wider one."""

CLOSEST: Final = "closest"
"""Common fact: no field of the statement begins wider than for this audience."""

CATALOGUE: Final = 0
"""Stands for the catalogue where rules have their numbers."""

NEVER_MS: Final = ENDLESS_MS


def tier_of(audience: str) -> str:
    """The tier of TLP 2.0 that an audience is told."""
    return TIERS[AUDIENCES.index(audience)]


@dataclass(frozen=True, slots=True)
class Consent:
    """A proposal to disclose that the other party accepted.

    Attributes:
        fields: the commitments of the fields that both named.
        audience: to whom.
        at_ms: when the acceptance has its place at home.
        proposed, accepted: locations of the two statements.
        legal: both are signed by somebody as `legal`.
    """

    fields: frozenset[Hash]
    audience: str
    at_ms: int
    proposed: int
    accepted: int
    legal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the rules look at of one statement that counts. Times are UTC milliseconds.

    Attributes:
        place: its location.
        kind: as the catalogue has it that governs it.
        commitments: of its header, one for each field.
        logged_at_ms: its author's time of logging.
        rules: of the agreement that governs it.
        closest: the audience that its header names as the widest to begin with, or None.
        severities: what its author stated in its thread: severity, from when on it counts here, and where.
        due_ms: by when an answer was owed, or None.
        answered_ms: when it was given, or None.
        closed_ms: when its thread was closed, or None.
        over_ms: when the agreement is over for both parties, or None.
        consents: to opening fields of it.
        openings: that were logged of fields of it, whether the rules had opened them by then or not.
    """

    place: int
    kind: Kind
    commitments: tuple[Hash, ...]
    logged_at_ms: int
    rules: tuple[DisclosureRule, ...] = ()
    closest: str | None = None
    severities: tuple[tuple[int, int, int], ...] = ()
    due_ms: int | None = None
    answered_ms: int | None = None
    closed_ms: int | None = None
    over_ms: int | None = None
    consents: tuple[Consent, ...] = ()
    openings: tuple[Opening, ...] = ()

    def start(self, position: int) -> int:
        """Place among `TIERS` of the tier at which a field begins; a statement tightens it and never loosens it."""
        tier = TIERS.index(self.kind.fields[position].tier)
        if self.closest is None:
            return tier
        # What nobody understands keeps the field closed.
        return min(tier, AUDIENCES.index(self.closest) if self.closest in AUDIENCES else 0)

    def severe_ms(self, least: int) -> int:
        """When a severity was first stated; NEVER_MS where it was not."""
        return min((at_ms for severity, at_ms, _ in self.severities if severity >= least), default=NEVER_MS)


@dataclass(frozen=True, slots=True)
class Way:
    """How one rule bears on one field.

    Attributes:
        number: of the rule in its agreement, from 1; CATALOGUE for the tier that the field begins with.
        trigger: of the rule; `tier` for the catalogue.
        tier: to which it opens the field.
        at_ms: when, or None where nothing that is logged makes it do so.
        source: where the parties took the rule from; empty for the catalogue.
        by: location of the statement that brought it about, or None.
    """

    number: int
    trigger: str
    tier: str
    at_ms: int | None
    source: str = ""
    by: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Whether a field is open to an audience at a time.

    Attributes:
        field: its name.
        audience: one of AUDIENCES.
        open: whether it is.
        since_ms: since when; None where it is closed.
        ways: where it is open, how it came to be, one after the other; where it is closed, the rules that could open
            it to this audience or bring it nearer.
        released_ms: from when on its content may leave, because its opening is logged; None while nothing logged it.
        opening: location of the statement that opened it by the rules, where one did.
    """

    field: str
    audience: str
    open: bool
    since_ms: int | None
    ways: tuple[Way, ...]
    released_ms: int | None = None
    opening: int | None = None

    def leaves(self, at_ms: int) -> bool:
        """Whether its content may leave at a time that is not before the one that was asked about."""
        return self.open and self.released_ms is not None and self.released_ms <= at_ms

    def as_dict(self, serials: Any = None) -> dict[str, Any]:
        """The state as it stands in JSON; `serials` names a location for people."""
        return {
            "field": self.field,
            "audience": self.audience,
            "open": self.open,
            "since_ms": self.since_ms,
            "released_ms": self.released_ms,
            "opening": None if self.opening is None or serials is None else serials(self.opening),
            "ways": [
                {
                    "rule": way.number,
                    "trigger": way.trigger,
                    "tier": way.tier,
                    "at_ms": way.at_ms,
                    "source": way.source,
                    "by": None if way.by is None or serials is None else serials(way.by),
                }
                for way in self.ways
            ],
        }


def state(case: Case, position: int, audience: str, at_ms: int) -> State:
    """Whether a field is open to an audience at a time.

    Args:
        case: the statement.
        position: the field's place in its kind.
        audience: one of AUDIENCES.
        at_ms: UTC milliseconds.
    """
    wanted = AUDIENCES.index(audience)
    name = case.kind.fields[position].name
    reached = _reached(case, position)
    best = min(
        (tier for tier in range(wanted, len(TIERS)) if reached[tier]), key=lambda t: _since(reached[t]), default=None
    )
    if best is not None and _since(reached[best]) <= at_ms:
        released_ms, by = _released(case, position, wanted, reached)
        if released_ms > at_ms:
            return State(name, audience, True, _since(reached[best]), reached[best])
        return State(name, audience, True, _since(reached[best]), reached[best], released_ms, by)
    start = case.start(position)
    ways = [
        Way(way.number, way.trigger, way.tier, None if way.at_ms == NEVER_MS else way.at_ms, way.source, way.by)
        for number, rule in enumerate(case.rules, 1)
        if TIERS.index(rule.to_tier) > start
        for way in _ways(case, position, number, rule)
        if way.at_ms is None or way.at_ms > at_ms
    ]
    return State(name, audience, False, None, tuple(ways))


def _since(ways: Sequence[Way]) -> int:
    """When the last of several ways, one after the other, was gone."""
    return max((way.at_ms or 0 for way in ways), default=0)


def _open_ms(reached: Sequence[tuple[Way, ...]], wanted: int) -> int:
    """When a field opened to an audience; NEVER_MS where it does not."""
    return min((_since(reached[tier]) for tier in range(wanted, len(TIERS)) if reached[tier]), default=NEVER_MS)


def _released(case: Case, position: int, wanted: int, reached: Sequence[tuple[Way, ...]]) -> tuple[int, int | None]:
    """From when on the log has the opening of a field to an audience, and by which opening of its own, or None."""
    start = case.start(position)
    found: list[tuple[int, int | None]] = [(case.logged_at_ms, None)] if start >= wanted else []
    for number, rule in enumerate(case.rules, 1):
        if rule.trigger not in LOGGED:
            continue
        before_ms = _open_ms(reached, TIERS.index(rule.from_tier))
        for way in _ways(case, position, number, rule):
            if way.at_ms is not None and TIERS.index(way.tier) >= max(wanted, start + 1):
                found.append((max(before_ms, way.at_ms), None))
    for one in case.openings:
        named = case.commitments[position] in one.fields and one.audience in AUDIENCES
        if not named or (widest := AUDIENCES.index(one.audience)) < wanted:
            continue
        # Who logs an opening before a rule allows it has opened nothing.
        if _open_ms(reached, widest) <= one.at_ms:
            found.append((one.at_ms, one.made))
    return min(found, key=lambda one: one[0], default=(NEVER_MS, None))


def _reached(case: Case, position: int) -> list[tuple[Way, ...]]:
    """For each tier the earliest ways by which the field stands at exactly that tier; none where it never does."""
    start = case.start(position)
    found: list[tuple[Way, ...]] = [()] * len(TIERS)
    found[start] = (Way(CATALOGUE, "tier", TIERS[start], case.logged_at_ms),)
    ways = [
        (TIERS.index(rule.from_tier), way)
        for number, rule in enumerate(case.rules, 1)
        for way in _ways(case, position, number, rule)
        if way.at_ms is not None and way.at_ms < NEVER_MS
    ]
    # Every round settles one more tier at least; there are five.
    for _ in TIERS:
        for source, way in ways:
            from_ = [found[tier] for tier in range(source, len(TIERS)) if found[tier]]
            if not from_:
                continue
            before = min(from_, key=_since)
            to = TIERS.index(way.tier)
            path = (*before, way)
            if to > start and (not found[to] or _since(path) < _since(found[to])):
                found[to] = path
    return found


def _ways(case: Case, position: int, number: int, rule: DisclosureRule) -> list[Way]:
    """What a rule does to a field: one way, or one for each consent."""
    if rule.kinds != (ANY_KIND,) and case.kind.name not in rule.kinds:
        return []
    least_ms = 0 if rule.severity_at_least is None else case.severe_ms(rule.severity_at_least)
    after_ms = rule.after_ms or 0

    def way(trigger_ms: int | None, tier: str, by: int | None = None) -> Way:
        at_ms = None if trigger_ms is None or least_ms == NEVER_MS else max(trigger_ms + after_ms, least_ms)
        return Way(number, rule.trigger, tier, at_ms, rule.source, by)

    match rule.trigger:
        case "consent" | "legal-order":
            found = []
            for consent in case.consents:
                covers = case.commitments[position] in consent.fields and consent.audience in AUDIENCES
                if covers and (consent.legal or rule.trigger == "consent"):
                    widest = min(TIERS.index(rule.to_tier), AUDIENCES.index(consent.audience))
                    found.append(way(consent.at_ms, TIERS[widest], consent.accepted))
            # A further consent may still open it as wide as the rule goes.
            return found if any(one.tier == rule.to_tier for one in found) else [*found, way(None, rule.to_tier)]
        case "embargo":
            return [way(case.logged_at_ms, rule.to_tier)]
        case "severity":
            # With after_ms the interval runs from where the severity was stated.
            from_ms = None if least_ms == NEVER_MS else least_ms
            return [way(from_ms, rule.to_tier)]
        case "no-answer":
            due_ms = case.due_ms
            if due_ms is not None and case.answered_ms is not None and case.answered_ms <= due_ms + after_ms:
                due_ms = None
            return [way(due_ms, rule.to_tier)]
        case "closed":
            return [way(case.closed_ms, rule.to_tier)]
        case "sunset":
            return [way(case.over_ms, rule.to_tier)]
        case _:
            return []


def states(case: Case, audience: str, at_ms: int) -> tuple[State, ...]:
    """The state of every field of a statement, in the order of its kind."""
    return tuple(state(case, position, audience, at_ms) for position in range(len(case.kind.fields)))


def openings(
    case: Case, secret: StatementSecret, fields: dict[str, Any], audience: str, at_ms: int
) -> tuple[Disclosure, ...]:
    """What of a statement may be shown to an audience at a time, and nothing else. Content leaves through here alone.

    Args:
        case: the statement.
        secret: of its body.
        fields: its values by name; the absence of one is disclosed as well.
        audience: one of AUDIENCES.
        at_ms: UTC milliseconds.
    """
    return tuple(
        disclose(secret, found.field, fields.get(found.field))
        for found in states(case, audience, at_ms)
        if found.leaves(at_ms)
    )
