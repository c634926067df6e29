"""The terms of an agreement, each a small record that refuses what cannot stand.

Intervals are whole milliseconds, as everywhere; the text of the agreement says beside each what that is in hours and
minutes. Every error names the term by its place in that text.

Source: spec/agreement.md.
"""

import re
from dataclasses import dataclass
from typing import Final

from keys.errors import KeysError
from keys.note_key import NoteKeyType, NoteVerifier
from keys.quorum import RootSet
from protocol.agreement_checks import (
    ANY_KIND,
    Needs,
    check_kinds,
    check_languages,
    check_line,
    check_number,
    check_precedences,
    parse_slot,
    refuse,
)
from protocol.limits import INTERVAL_MS_MAX, ROOTS_MAX, SEVERITY_MAX, SLOTS_MAX
from protocol.schema import PARTY_PATTERN

DOMAIN_PATTERN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
DOMAIN_CHARS_MAX: Final = 253

DESKS: Final = ("diplomatic", "technical")
VOICE_PATTERN: Final = re.compile(r"\+[1-9](?: ?[0-9]){4,17}")
NUMBERS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a party's people are reached when the line is not the way.

    Attributes:
        name: one of `DESKS`.
        voice: telephone numbers, in the order in which they are tried.
        hours: when somebody is there, one line.
        languages: spoken there, the usual one first.
    """

    name: str
    voice: tuple[str, ...]
    hours: str
    languages: tuple[str, ...]

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `bad-desk`, `bad-text` or `bad-language`."""
        if self.name not in DESKS:
            raise refuse("bad-desk", f"{where}.name", " or ".join(DESKS))
        numbers = len(self.voice)
        if not 1 <= numbers <= NUMBERS_MAX or len(set(self.voice)) < numbers:
            raise refuse("bad-desk", f"{where}.voice", f"1 to {NUMBERS_MAX} telephone numbers, each once")
        if any(VOICE_PATTERN.fullmatch(number) is None for number in self.voice):
            raise refuse("bad-desk", f"{where}.voice", "digits and single spaces, with the country: +00 000 0000")
        check_line(self.hours, f"{where}.hours")
        check_languages(self.languages, f"{where}.languages")


@dataclass(frozen=True, slots=True)
class Party:
    """One of the two parties.

    Attributes:
        short: 2 to 4 capitals, as in serials.
        name: as on a letterhead.
        domain: internet domain under which its logs are named; nothing is looked up there.
        roots: its root keys and how many must sign.
        desks: where its people are reached, each once; format 2.
    """

    short: str
    name: str
    domain: str
    roots: RootSet
    desks: tuple[Desk, ...] = ()

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `bad-party`, `bad-text`, `bad-domain`, `bad-desk` or `too-many-roots`."""
        if PARTY_PATTERN.fullmatch(self.short) is None:
            raise refuse("bad-party", f"{where}.short", "2 to 4 capital letters")
        check_line(self.name, f"{where}.name")
        if len(self.domain) > DOMAIN_CHARS_MAX or DOMAIN_PATTERN.fullmatch(self.domain) is None:
            raise refuse("bad-domain", f"{where}.domain", "a lower-case domain name of two or more labels")
        if len(self.roots.keys) > ROOTS_MAX:
            raise refuse("too-many-roots", f"{where}.root_keys", f"at most {ROOTS_MAX}")
        if self.roots.numbers != tuple(range(1, len(self.roots.keys) + 1)):
            raise refuse("bad-party", f"{where}.root_keys", "roots of an agreement are numbered from 1")
        if tuple(name for name in DESKS if any(desk.name == name for desk in self.desks)) != tuple(
            desk.name for desk in self.desks
        ):
            raise refuse("bad-desk", f"{where}.desk", "the diplomatic desk, the technical desk, or both in this order")
        for number, desk in enumerate(self.desks, 1):
            desk.check(f"{where}.desk[{number}]")


@dataclass(frozen=True, slots=True)
class BeatTerms:
    """How often each node shows that the line is up.

    Attributes:
        every_ms: from one beat to the next.
        degraded_after_missed: beats missed in a row after which the line is degraded.
        down_after_missed: beats missed in a row after which it is down.
    """

    every_ms: int = 60_000
    degraded_after_missed: int = 1
    down_after_missed: int = 2

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `out-of-range`."""
        check_number(self.every_ms, f"{where}.every_ms", 100, 3_600_000)
        check_number(self.degraded_after_missed, f"{where}.degraded_after_missed", 1, 100)
        check_number(self.down_after_missed, f"{where}.down_after_missed", self.degraded_after_missed + 1, 1_000)


@dataclass(frozen=True, slots=True)
class ClockTerms:
    """How soon people answer, for one precedence. All three run from the moment the entry is held.

    Attributes:
        open_within_ms: until an officer has opened it.
        holding_within_ms: until there is at least a holding reply.
        answer_within_ms: until there is an answer.
    """

    open_within_ms: int
    holding_within_ms: int
    answer_within_ms: int

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `out-of-range`."""
        check_number(self.open_within_ms, f"{where}.open_within_ms", 1, INTERVAL_MS_MAX)
        check_number(self.holding_within_ms, f"{where}.holding_within_ms", self.open_within_ms, INTERVAL_MS_MAX)
        check_number(self.answer_within_ms, f"{where}.answer_within_ms", self.holding_within_ms, INTERVAL_MS_MAX)


_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000

DEFAULT_CLOCKS: Final = {
    "flash": ClockTerms(15 * _MINUTE, 1 * _HOUR, 4 * _HOUR),
    "immediate": ClockTerms(30 * _MINUTE, 4 * _HOUR, 12 * _HOUR),
    "priority": ClockTerms(4 * _HOUR, 24 * _HOUR, 72 * _HOUR),
    "routine": ClockTerms(1 * _DAY, 5 * _DAY, 10 * _DAY),
}
"""What parties start their talks from."""


@dataclass(frozen=True, slots=True)
class LineTerms:
    """What the two nodes expect of one another.

    Attributes:
        offset_alarm_ms: difference of the two clocks that raises an alarm; no difference stops the line.
        tally_every_ms: from one summary of the line in the log to the next.
        arrival_after_ms: a node that says nothing else for this long logs what has arrived.
        entries_per_s: entries a second that a party may send for long; over it, it is slowed, never refused.
        burst_entries: entries that it may send at once before that.
    """

    offset_alarm_ms: int = 2_000
    tally_every_ms: int = 3_600_000
    arrival_after_ms: int = 1_000
    entries_per_s: int = 500
    burst_entries: int = 10_000

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `out-of-range`."""
        check_number(self.offset_alarm_ms, f"{where}.offset_alarm_ms", 1, 86_400_000)
        check_number(self.tally_every_ms, f"{where}.tally_every_ms", 1_000, 86_400_000)
        check_number(self.arrival_after_ms, f"{where}.arrival_after_ms", 100, 86_400_000)
        check_number(self.entries_per_s, f"{where}.entries_per_s", 1, 1_000_000)
        check_number(self.burst_entries, f"{where}.burst_entries", 1, 10_000_000)


@dataclass(frozen=True, slots=True)
class AuthorityRule:
    """Which statements need which signatures. Only what the header shows decides.

    Attributes:
        kinds: names of kinds, or `*` alone for every kind.
        severity_at_least: the rule is for statements of this severity or more; None for all, also without severity.
        precedences: the rule is for these; empty for all.
        needs: the slots to be filled by different persons.
        template: the rule is only for statements that follow a template and add nothing to it; format 2.
    """

    kinds: tuple[str, ...]
    needs: Needs
    severity_at_least: int | None = None
    precedences: tuple[str, ...] = ()
    template: bool = False

    def covers(self, kind: str, severity: int | None, precedence: str, *, templated: bool = False) -> bool:
        """Whether a statement falls under the rule; `templated` says that it is a template without free text."""
        if self.template and not templated:
            return False
        if self.kinds != (ANY_KIND,) and kind not in self.kinds:
            return False
        if self.severity_at_least is not None and (severity is None or severity < self.severity_at_least):
            return False
        return not self.precedences or precedence in self.precedences

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `bad-rule`, `bad-slot` or `out-of-range`."""
        check_kinds(self.kinds, where)
        if self.severity_at_least is not None:
            check_number(self.severity_at_least, f"{where}.severity_at_least", 0, SEVERITY_MAX)
        check_precedences(self.precedences, where)
        if not 1 <= len(self.needs) <= SLOTS_MAX:
            raise refuse("bad-rule", f"{where}.needs", f"1 to {SLOTS_MAX} slots")
        for slot in self.needs:
            parse_slot("/".join(slot), f"{where}.needs")


@dataclass(frozen=True, slots=True)
class Witness:
    """A third party that cosigns checkpoints as they happen.

    Attributes:
        name: for people.
        keys: its verifier keys (`name+hash+base64`), all of one key name, cosignature types only.
    """

    name: str
    keys: tuple[str, ...]

    def verifiers(self, where: str = "witness") -> tuple[NoteVerifier, ...]:
        """The keys, parsed.

        Raises:
            AgreementRefused: `bad-witness-key`.
        """
        try:
            parsed = tuple(NoteVerifier.parse(key) for key in self.keys)
        except KeysError as error:
            raise refuse("bad-witness-key", f"{where}.keys", str(error)) from error
        if any(key.type is NoteKeyType.ED25519 for key in parsed):
            raise refuse("bad-witness-key", f"{where}.keys", "a log's key, which does not cosign")
        return parsed

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `bad-text` or `bad-witness-key`."""
        check_line(self.name, f"{where}.name")
        parsed = self.verifiers(where)
        if not 1 <= len(parsed) <= 2 or len({key.type for key in parsed}) < len(parsed):
            raise refuse("bad-witness-key", f"{where}.keys", "one key, or one of each type")
        if len({key.name for key in parsed}) > 1:
            raise refuse("bad-witness-key", f"{where}.keys", "keys of different names")


@dataclass(frozen=True, slots=True)
class Auditor:
    """A third party that may read every header.

    Attributes:
        name: for people.
        tls_pin: 32 bytes, SHA-256 of the public key (SPKI) that it comes with.
    """

    name: str
    tls_pin: bytes

    def check(self, where: str) -> None:
        """Raises AgreementRefused: `bad-text` or `bad-pin`."""
        check_line(self.name, f"{where}.name")
        if len(self.tls_pin) != 32:
            raise refuse("bad-pin", f"{where}.tls_pin", "64 hexadecimal digits")
