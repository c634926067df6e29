"""The terms of an agreement about conduct: clocks of single kinds, release, emergencies, challenges, suspension,
exercises and disclosure. All of them came with format 2.

Source: spec/agreement.md, "Text".
"""

from dataclasses import dataclass
from typing import Final

from protocol.agreement_checks import (
    ANY_KIND,
    Slot,
    check_kinds,
    check_line,
    check_number,
    check_precedences,
    parse_slot,
    refuse,
)
from protocol.limits import INTERVAL_MS_MAX, SEVERITY_MAX, SLOTS_MAX
from protocol.statement import PRECEDENCES

CLOCK_NAMES: Final = (
    "open", "holding", "answer", "report", "follow", "update", "review", "warn", "notice", "lapse", "longest",
)  # fmt: skip
"""The clocks that a kind may have; in the catalogue each has `_ms` behind it."""

KEEP: Final = "keep"
"""A clock that only agreements have: for so long both parties keep the bodies of a kind, from where its author logged
it, and then each destroys its own."""

KEEP_MS_MAX: Final = 100 * 366 * 86_400_000

TIERS: Final = ("TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR")
"""From the closest to the widest."""

TRIGGERS: Final = ("consent", "embargo", "severity", "no-answer", "closed", "legal-order", "sunset")
"""What may open a field to a wider tier."""

TIMED_TRIGGERS: Final = frozenset({"embargo", "no-answer"})
"""Those that are nothing without an interval."""

ROSTER_ADMINS: Final = 2
"""So many admins sign people in and out where the agreement does not say how many."""

ROSTER_ADMINS_MAX: Final = 6

_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class PasskeyTerms:
    """What officers may sign with a passkey.

    Attributes:
        severity_at_most: a passkey counts for statements of this severity or less, and for those without one.
        slots_at_most: and only where so many signatures are needed, or fewer.
    """

    severity_at_most: int
    slots_at_most: int

    def covers(self, severity: int | None, slots: int) -> bool:
        """Whether a passkey counts for a statement of a severity that needs so many signatures."""
        return (severity is None or severity <= self.severity_at_most) and slots <= self.slots_at_most

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `out-of-range`."""
        check_number(self.severity_at_most, f"{where}.severity_at_most", 0, SEVERITY_MAX)
        check_number(self.slots_at_most, f"{where}.slots_at_most", 1, SLOTS_MAX)


@dataclass(frozen=True, slots=True)
class CadenceTerms:
    """How often people show that they are there.

    Attributes:
        line_check_every_ms: from one line check by people to the next.
        directory_ping_every_ms: from one check of desks and numbers to the next.
    """

    line_check_every_ms: int = 8 * 3_600_000
    directory_ping_every_ms: int = 182 * _DAY

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `out-of-range`."""
        check_number(self.line_check_every_ms, f"{where}.line_check_every_ms", 1_000, INTERVAL_MS_MAX)
        check_number(self.directory_ping_every_ms, f"{where}.directory_ping_every_ms", 1_000, INTERVAL_MS_MAX)


@dataclass(frozen=True, slots=True)
class KindClock:
    """A clock of one kind, in place of the catalogue's and of the precedence's.

    Attributes:
        kind: name of the kind; `*` for a clock `keep` of all kinds that have none of their own.
        clock: one of `CLOCK_NAMES`, or `KEEP`.
        within_ms: how long.
        source: where the parties took it from, one line.
    """

    kind: str
    clock: str
    within_ms: int
    source: str

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `bad-rule`, `bad-clocks`, `out-of-range` or `bad-text`."""
        check_kinds((self.kind,), where)
        keep = self.clock == KEEP
        if self.kind == ANY_KIND and not keep:
            raise refuse("bad-rule", f"{where}.kind", "the name of one kind")
        if self.clock not in CLOCK_NAMES and not keep:
            raise refuse("bad-clocks", f"{where}.clock", "one of " + ", ".join((*CLOCK_NAMES, KEEP)))
        check_number(self.within_ms, f"{where}.within_ms", 1, KEEP_MS_MAX if keep else INTERVAL_MS_MAX)
        check_line(self.source, f"{where}.source")


@dataclass(frozen=True, slots=True)
class ReleaseTerms:
    """How a statement that has its signatures leaves.

    Attributes:
        hold_flash_ms, hold_immediate_ms, hold_priority_ms, hold_routine_ms: how long it may still be cancelled, by
            precedence; 0 for not at all.
        automated_per_hour: drafts an hour by programs, beyond which a person looks first.
        next_after_percent: of the clock, after which the next one who may sign is called.
    """

    hold_flash_ms: int = 0
    hold_immediate_ms: int = 0
    hold_priority_ms: int = 0
    hold_routine_ms: int = 0
    automated_per_hour: int = 20
    next_after_percent: int = 50

    def hold_ms(self, precedence: str) -> int:
        """How long a statement of that precedence may still be cancelled."""
        held: int = getattr(self, f"hold_{precedence}_ms")
        return held

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `out-of-range`."""
        for precedence in PRECEDENCES:
            check_number(self.hold_ms(precedence), f"{where}.hold_{precedence}_ms", 0, _DAY)
        check_number(self.automated_per_hour, f"{where}.automated_per_hour", 0, 1_000_000)
        check_number(self.next_after_percent, f"{where}.next_after_percent", 1, 99)


@dataclass(frozen=True, slots=True)
class EmergencyTerms:
    """A release by one person.

    Attributes:
        kinds: for which kinds, or `*` alone.
        needs: the one slot.
        review_within_ms: until another person has reviewed it.
    """

    kinds: tuple[str, ...]
    needs: Slot
    review_within_ms: int

    def covers(self, kind: str) -> bool:
        """Whether a kind may be released so."""
        return self.kinds == (ANY_KIND,) or kind in self.kinds

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `bad-rule`, `bad-slot` or `out-of-range`."""
        check_kinds(self.kinds, where)
        parse_slot("/".join(self.needs), f"{where}.needs")
        check_number(self.review_within_ms, f"{where}.review_within_ms", 1, INTERVAL_MS_MAX)


@dataclass(frozen=True, slots=True)
class ChallengeTerms:
    """Which messages are proved on a second channel before they are acted on.

    Attributes:
        within_ms: how soon the proof is owed.
        severity_at_least: of this severity or more; None for none by severity.
        precedences: or of one of these; empty for none by precedence.
    """

    within_ms: int
    severity_at_least: int | None = None
    precedences: tuple[str, ...] = ()

    def covers(self, severity: int | None, precedence: str) -> bool:
        """Whether a message is grave enough."""
        grave = self.severity_at_least is not None and severity is not None and severity >= self.severity_at_least
        return grave or precedence in self.precedences

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `bad-rule` or `out-of-range`."""
        check_number(self.within_ms, f"{where}.within_ms", 1, INTERVAL_MS_MAX)
        if self.severity_at_least is not None:
            check_number(self.severity_at_least, f"{where}.severity_at_least", 0, SEVERITY_MAX)
        check_precedences(self.precedences, where)
        if self.severity_at_least is None and not self.precedences:
            raise refuse("bad-rule", where, "a severity, precedences, or both; left out, nothing is challenged")


@dataclass(frozen=True, slots=True)
class RosterTerms:
    """How many admins may sign people in and out without the roots.

    Attributes:
        admins: so many of a roster's admins sign the next one together; 0 where only the roots sign rosters.
    """

    admins: int

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `out-of-range`."""
        if self.admins:
            check_number(self.admins, f"{where}.admins", ROSTER_ADMINS, ROSTER_ADMINS_MAX)


@dataclass(frozen=True, slots=True)
class PauseTerms:
    """Notice and length of a suspension of the line, or of an exercise.

    Attributes:
        notice_ms: how long before.
        longest_ms: how long at most.
    """

    notice_ms: int
    longest_ms: int

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `out-of-range`."""
        check_number(self.notice_ms, f"{where}.notice_ms", 0, INTERVAL_MS_MAX)
        check_number(self.longest_ms, f"{where}.longest_ms", 1, INTERVAL_MS_MAX)


DEFAULT_CADENCE: Final = CadenceTerms()
DEFAULT_RELEASE: Final = ReleaseTerms()
DEFAULT_SUSPENSION: Final = PauseTerms(1 * _DAY, 14 * _DAY)
DEFAULT_EXERCISE: Final = PauseTerms(14 * _DAY, 7 * _DAY)


@dataclass(frozen=True, slots=True)
class DisclosureRule:
    """When a field may open to a wider tier.

    Attributes:
        kinds: of which kinds, or `*` alone.
        from_tier, to_tier: TLP 2.0 names; the second is the wider.
        trigger: one of `TRIGGERS`.
        source: where the parties took it from, one line.
        after_ms: how long after the trigger; None where it opens at once.
        severity_at_least: for statements of this severity or more; None for all.
    """

    kinds: tuple[str, ...]
    from_tier: str
    to_tier: str
    trigger: str
    source: str
    after_ms: int | None = None
    severity_at_least: int | None = None

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `bad-rule`, `out-of-range` or `bad-text`."""
        check_kinds(self.kinds, where)
        tiers = [TIERS.index(tier) if tier in TIERS else -1 for tier in (self.from_tier, self.to_tier)]
        if -1 in tiers or tiers[0] >= tiers[1]:
            raise refuse("bad-rule", f"{where}.to_tier", "tiers of TLP 2.0, the second wider than the first")
        if self.trigger not in TRIGGERS:
            raise refuse("bad-rule", f"{where}.trigger", "one of " + ", ".join(TRIGGERS))
        if self.after_ms is not None:
            check_number(self.after_ms, f"{where}.after_ms", 1, INTERVAL_MS_MAX)
        elif self.trigger in TIMED_TRIGGERS:
            raise refuse("bad-rule", f"{where}.after_ms", f"`{self.trigger}` needs it")
        if self.severity_at_least is not None:
            check_number(self.severity_at_least, f"{where}.severity_at_least", 0, SEVERITY_MAX)
        elif self.trigger == "severity":
            raise refuse("bad-rule", f"{where}.severity_at_least", "`severity` needs it")
        check_line(self.source, f"{where}.source")
