"""Terms of an agreement before there are two parties to it: what one side proposes.

They become an `Agreement` as soon as the other party is known. In an offer they are the text that the agreement will
have, without parties; offers of version 1 have them as canonical msgpack, and make agreements of format 1. People write
them as a draft: the same text with comments, order and spelling free, which may leave out what it does not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

from hotline.errors import Misused, Refused
from keys.suite import SUITE_1, Suite
from protocol.agreement import Agreement
from protocol.agreement_checks import parse_slot
from protocol.agreement_conduct import (
    DEFAULT_CADENCE,
    DEFAULT_EXERCISE,
    DEFAULT_RELEASE,
    DEFAULT_SUSPENSION,
    CadenceTerms,
    ChallengeTerms,
    DisclosureRule,
    EmergencyTerms,
    KindClock,
    PasskeyTerms,
    PauseTerms,
    ReleaseTerms,
    RosterTerms,
)
from protocol.agreement_review import NOTICE_DAYS
from protocol.agreement_terms import (
    DEFAULT_CLOCKS,
    Auditor,
    AuthorityRule,
    BeatTerms,
    ClockTerms,
    LineTerms,
    Party,
    Witness,
)
from protocol.agreement_text import NEWEST, overlay, read, write
from protocol.errors import ProtocolError
from protocol.statement import PRECEDENCES
from protocol.threshold_set import Accumulation, Observable, Threshold

# What parties start from: the gravest matters need a senior beside the two persons that the catalogue asks for.
DEFAULT_RULES = (
    AuthorityRule(
        kinds=("*",),
        severity_at_least=5,
        needs=(("duty", "release", "senior"), ("release", "senior"), ("senior",)),
    ),
)


MAY_BE_ABSENT = (
    *("sunset_date", "witnesses", "auditors", "witness_quorum", "kind_clocks", "passkeys", "emergency", "challenge"),
    *("rosters", "disclosure", "accumulation", "observables", "thresholds"),
)
"""Terms that an agreement need not have. A draft that leaves one out may mean that it stays, or that it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Everything in an agreement but its parties; the fields are those of `Agreement`."""

    title: str
    purpose: str
    languages: tuple[str, ...]
    created_ms: int
    review_date: date
    catalogue_version: int
    catalogue_digest: bytes
    beat: BeatTerms = field(default_factory=BeatTerms)
    clocks: Mapping[str, ClockTerms]
    line: LineTerms = field(default_factory=LineTerms)
    rules: tuple[AuthorityRule, ...] = DEFAULT_RULES
    witnesses: tuple[Witness, ...] = ()
    auditors: tuple[Auditor, ...] = ()
    format: int = NEWEST
    sunset_date: date | None = None
    notice_days: int = NOTICE_DAYS
    founding: bytes | None = None
    amends: bytes | None = None
    witness_quorum: int = 0
    cadence: CadenceTerms = DEFAULT_CADENCE
    kind_clocks: tuple[KindClock, ...] = ()
    passkeys: PasskeyTerms | None = None
    release: ReleaseTerms = DEFAULT_RELEASE
    emergency: EmergencyTerms | None = None
    challenge: ChallengeTerms | None = None
    suspension: PauseTerms = DEFAULT_SUSPENSION
    exercise: PauseTerms = DEFAULT_EXERCISE
    rosters: RosterTerms | None = None
    accumulation: Accumulation | None = None
    observables: tuple[Observable, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    disclosure: tuple[DisclosureRule, ...] = ()
    suite: Suite = SUITE_1

    @property
    def parties(self) -> tuple[Party, ...]:
        """Nobody yet."""
        return ()

    def agreement(self, one: Party, other: Party) -> Agreement:
        """Make the agreement of two parties on these terms.

        Raises:
            AgreementRefused: a term cannot stand, or the parties are the same or share a key.
        """
        first, second = sorted((one, other), key=lambda party: party.short)
        if self.format == 1:
            # It has no place for desks.
            first, second = (replace(party, desks=()) for party in (first, second))
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return Agreement(parties=(first, second), **values)

    @classmethod
    def of(cls, agreement: Agreement) -> Terms:
        """The terms of an agreement."""
        return cls(**{item.name: getattr(agreement, item.name) for item in fields(cls)})

    def text(self) -> bytes:
        """The text that the agreement will have, without its parties."""
        return write(self)

    @classmethod
    def from_text(cls, text: bytes) -> Terms:
        """Read terms from that text, strictly. What they say is checked when an agreement is made of them.

        Raises:
            Refused: another form or spelling.
        """
        try:
            values = read(text, parties=0)
            values.pop("parties")
            terms = cls(**values)
            spelt = terms.text() == text
        except (TypeError, ValueError, ProtocolError) as error:
            raise Refused("pairing-file-malformed", f"the terms are not understood: {error}") from error
        if not spelt:
            raise Refused("pairing-file-malformed", "the terms are in a second spelling")
        return terms

    def to_wire(self) -> dict[str, object]:
        """Give the terms of an agreement of format 1 as a canonical map."""
        return {
            "auditors": [[one.name, one.tls_pin] for one in self.auditors],
            "beat": [self.beat.every_ms, self.beat.degraded_after_missed, self.beat.down_after_missed],
            "catalogue": [self.catalogue_version, self.catalogue_digest],
            "clocks": [
                [clock.open_within_ms, clock.holding_within_ms, clock.answer_within_ms]
                for clock in (self.clocks[precedence] for precedence in PRECEDENCES)
            ],
            "created_ms": self.created_ms,
            "languages": list(self.languages),
            "line": [getattr(self.line, item.name) for item in fields(LineTerms)],
            "purpose": self.purpose,
            "review_date": self.review_date.isoformat(),
            "rules": [
                [list(rule.kinds), rule.severity_at_least, list(rule.precedences), ["/".join(s) for s in rule.needs]]
                for rule in self.rules
            ],
            "title": self.title,
            "witnesses": [[one.name, list(one.keys)] for one in self.witnesses],
        }

    @classmethod
    def from_wire(cls, value: object) -> Terms:
        """Read terms of format 1 from a canonical map. What they say is checked when an agreement is made of them.

        Raises:
            Refused: another form.
        """
        try:
            return _from_wire(value)
        except (KeyError, TypeError, ValueError, ProtocolError) as error:
            raise Refused("pairing-file-malformed", f"the terms are not understood: {error}") from error

    def with_draft(self, text: bytes, *, where: str) -> Terms:
        """Replace what a draft names.

        Raises:
            Misused: it is not TOML, says nothing at all, or has something that terms do not have.
        """
        return replace(self, **self._drafted(text, where))

    def without_left_out(self, text: bytes, *, where: str) -> tuple[Terms, tuple[str, ...]]:
        """Take away what a draft leaves out, where an agreement need not have it.

        Returns:
            The terms, and the names of what was taken away.

        Raises:
            Misused: as `with_draft`.
        """
        named = self._drafted(text, where)
        nothing: dict[str, Any] = {item.name: item.default for item in fields(self) if item.name in MAY_BE_ABSENT}
        gone: dict[str, Any] = {
            name: value for name, value in nothing.items() if name not in named and getattr(self, name) != value
        }
        return replace(self, **gone), tuple(gone)

    def _drafted(self, text: bytes, where: str) -> dict[str, Any]:
        def fault(error: ProtocolError) -> None:
            raise error

        try:
            values = overlay(text, self, fault)
            if not values:
                raise ValueError("nothing stands in it but blanks and comments")
        except (TypeError, ValueError, ProtocolError) as error:
            raise Misused("terms-refused", f"{where}: {error}") from error
        return {name: value for name, value in values.items() if name != "parties"}


def _from_wire(value: Any) -> Terms:
    names = set(Terms.to_wire(_SAMPLE))
    if not isinstance(value, dict) or set(value) != names:
        raise ValueError("names are missing or unknown")
    version, catalogue = _row(value["catalogue"], int, bytes)
    clocks = [ClockTerms(*_row(row, int, int, int)) for row in _rows(value["clocks"])]
    return Terms(
        format=1,
        title=_one(value["title"], str),
        purpose=_one(value["purpose"], str),
        languages=tuple(_one(item, str) for item in _rows(value["languages"])),
        created_ms=_one(value["created_ms"], int),
        review_date=date.fromisoformat(_one(value["review_date"], str)),
        catalogue_version=version,
        catalogue_digest=catalogue,
        beat=BeatTerms(*_row(value["beat"], int, int, int)),
        clocks=dict(zip(PRECEDENCES, clocks, strict=True)),
        line=LineTerms(*_row(value["line"], *[int] * len(fields(LineTerms)))),
        rules=tuple(_rule(row) for row in _rows(value["rules"])),
        witnesses=tuple(
            Witness(name, tuple(_one(key, str) for key in keys))
            for name, keys in (_row(row, str, list) for row in _rows(value["witnesses"]))
        ),
        auditors=tuple(Auditor(*_row(row, str, bytes)) for row in _rows(value["auditors"])),
    )


def _rule(row: Any) -> AuthorityRule:
    kinds, severity, precedences, needs = _row(row, list, (int, type(None)), list, list)
    return AuthorityRule(
        kinds=tuple(_one(kind, str) for kind in kinds),
        severity_at_least=severity,
        precedences=tuple(_one(item, str) for item in precedences),
        needs=tuple(parse_slot(_one(slot, str)) for slot in needs),
    )


def _one(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return value


def _rows(value: Any) -> list[Any]:
    found: list[Any] = _one(value, list)
    return found


def _row(value: Any, *kinds: Any) -> list[Any]:
    row = _rows(value)
    if len(row) != len(kinds):
        raise ValueError("a list of another length")
    for item, kind in zip(row, kinds, strict=True):
        if type(item) not in (kind if isinstance(kind, tuple) else (kind,)):
            raise TypeError("a value of another type")
    return row


_SAMPLE = Terms(
    title="",
    purpose="",
    languages=(),
    created_ms=0,
    review_date=date(2000, 1, 1),
    catalogue_version=1,
    catalogue_digest=b"",
    clocks=DEFAULT_CLOCKS,
    format=1,
)
