"""Composing: from flags, a TOML file or prompts to checked values and header choices.

The three ways meet in one `Letter`, and all of them come from the catalogue: a field is typed as its type says
(`protocol/field_types.py`). A name that is a choice of the header may be given like a field: `--set severity=3`.

    severity = 3                      # header choices by name
    aware_at = "2026-11-21T04:10Z"
    class = ["malware-configuration"] # fields by name, as values or as typed text
    summary = "..."
    [[questions]]                     # records as tables, or as lines of text
    text = "Was the act one of yours?"
    [facts]                           # facts of the header by name
    starts_ms = "+24h"
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from hotline.errors import Misused, Refused
from hotline.zulu import parse_instant
from protocol import toml_text
from protocol.disclosure import AUDIENCES, CLOSEST
from protocol.facts import check_open_facts
from protocol.field import Field, FieldRefused, Problem
from protocol.field_types import parse_text
from protocol.fields import check_fields
from protocol.kinds import Catalogue, Kind
from protocol.rules import check_rules, filled_facts, header_values
from protocol.statement import PRECEDENCES, STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What an author chooses in the header; None where the kind or the thread decides.

    Times are UTC milliseconds.
    """

    status: str | None = None
    precedence: str | None = None
    severity: int | None = None
    outcome: str | None = None
    language: str | None = None
    aware_at_ms: int | None = None
    respond_by_ms: int | None = None
    release_by_ms: int | None = None
    valid_until_ms: int | None = None

    def over(self, other: Choices) -> Choices:
        """These choices, and the other's where these have none."""
        mine = {item.name: getattr(self, item.name) for item in fields(self)}
        return replace(other, **{name: value for name, value in mine.items() if value is not None})


_TIMES = {
    "aware_at": "aware_at_ms",
    "respond_by": "respond_by_ms",
    "release_by": "release_by_ms",
    "valid_until": "valid_until_ms",
}
_PLAIN = frozenset({"status", "precedence", "outcome", "language"})
HEADER_NAMES = frozenset({*_TIMES, *_PLAIN, "severity"})


@dataclass(slots=True, kw_only=True)
class Letter:
    """What an author wants to say.

    Attributes:
        kind: of the statement.
        values: by field.
        choices: in the header.
        facts: in the header, by name.
    """

    kind: Kind
    values: dict[str, Any] = field(default_factory=dict)
    choices: Choices = field(default_factory=Choices)
    facts: dict[str, Any] = field(default_factory=dict)

    def set_text(self, name: str, text: str, *, catalogue: Catalogue, now_ms: int) -> None:
        """Take one `NAME=TEXT` as a person types it; a field given again gets a further line.

        Raises:
            Misused: the kind has no such field, or the text is no value of it.
        """
        item = self.kind.field(name)
        if item is None and (name in self.kind.facts or (name == CLOSEST and name in self.kind.common_facts)):
            self.set_fact(name, text, now_ms=now_ms)
            return
        if item is None and name in HEADER_NAMES:
            self.choices = choice_of(name, text, now_ms=now_ms).over(self.choices)
            return
        if item is None:
            known = ", ".join(one.name for one in self.kind.fields)
            raise Misused("unknown-field", f"{self.kind.name} has no field {name!r}; it has {known or 'none'}")
        try:
            value = parse_text(item, text, catalogue)
        except FieldRefused as error:
            raise Misused("bad-field", f"{error.where}: {error.text}") from error
        before = self.values.get(name)
        if isinstance(before, list) and isinstance(value, list):
            value = before + value
        elif before is not None and item.type == "text" and isinstance(value, str):
            value = f"{before}\n{value}"
        self.values[name] = _numbered(item, value)

    def set_fact(self, name: str, text: str, *, now_ms: int) -> None:
        """Take one fact of the header as a person types it; a flag that is no is left out.

        Raises:
            Misused: the kind states no such fact, or the text is no value of it.
        """
        # An emergency is no fact that one types in passing: it has an option of its own.
        known_facts = {**self.kind.common_facts, **self.kind.facts}
        known_facts.pop("emergency", None)
        if name not in known_facts:
            known = ", ".join(known_facts)
            raise Misused("unknown-field", f"{self.kind.name} states no fact {name!r}; it states {known or 'none'}")
        if name == CLOSEST and text not in AUDIENCES[:-1]:
            raise Misused("bad-field", f"{name} is one of {', '.join(AUDIENCES[:-1])}, not {text!r}")
        value = _fact(known_facts[name].removesuffix("?"), name, text, now_ms=now_ms)
        if value is not None:
            self.facts[name] = value

    def set_file(self, text: bytes, *, where: str, catalogue: Catalogue, now_ms: int) -> None:
        """Take everything from a TOML text.

        Raises:
            Misused: it is not TOML, or names something the kind does not have.
        """
        try:
            values = toml_text.loads(text)
        except toml_text.TomlRefused as error:
            raise Misused("file-malformed", f"{where}: {error}") from error
        kind = values.pop("kind", self.kind.name)
        if kind != self.kind.name:
            raise Misused("file-malformed", f"{where} is a {kind}, not a {self.kind.name}")
        facts = values.pop("facts", {}) if self.kind.field("facts") is None else {}
        if not isinstance(facts, dict):
            raise Misused("file-malformed", f"{where}: facts is no table")
        for name, value in facts.items():
            told = value if isinstance(value, str) else _typed(value)
            self.set_fact(name, told, now_ms=now_ms)
        for name, value in values.items():
            self.set_value(name, value, where=where, catalogue=catalogue, now_ms=now_ms)

    def set_value(self, name: str, value: Any, *, where: str, catalogue: Catalogue, now_ms: int) -> None:
        """Take one value as a TOML text has it: a text is read as a person types it.

        Raises:
            Misused: the kind has no such field, or the text is no value of it.
        """
        if isinstance(value, datetime.datetime | datetime.date):
            value = _moment(value)
        if isinstance(value, str) or (name in HEADER_NAMES and self.kind.field(name) is None):
            self.set_text(name, str(value), catalogue=catalogue, now_ms=now_ms)
            return
        item = self.kind.field(name)
        if item is None:
            raise Misused("unknown-field", f"{where}: {self.kind.name} has no field {name!r}")
        self.values[name] = _numbered(item, value)

    def check(self, catalogue: Catalogue, *, now_ms: int, replied: Mapping[str, Any] | None = None) -> None:
        """Check the values against their fields, the choices against the kind, and all against its rules.

        A time of awareness that the kind needs and nobody gave is now; an outcome follows from the answers; a fact that
        a rule gives, such as the hash of a text, is filled in.

        Args:
            catalogue: of the channel.
            now_ms: the author's time.
            replied: facts of the statement that it answers.

        Raises:
            Refused: naming the first problem and how many there are.
            Misused: the header lacks a choice that the kind needs, or has one that it does not take.
        """
        kind, choices = self.kind, self.choices
        if kind.aware_at == "required" and choices.aware_at_ms is None:
            self.choices = choices = replace(choices, aware_at_ms=now_ms)
        if kind.outcomes and choices.outcome is None:
            only = kind.outcomes[0] if len(kind.outcomes) == 1 else None
            self.choices = choices = replace(choices, outcome=only or outcome_of(self.values.get("answers")))
        for code, name, need, value in (
            ("severity-needed", "severity", kind.severity, choices.severity),
            ("aware-needed", "aware_at", kind.aware_at, choices.aware_at_ms),
            ("respond-by-needed", "respond_by", kind.respond_by, choices.respond_by_ms),
            ("valid-until-needed", "valid_until", kind.valid_until, choices.valid_until_ms),
            ("outcome-needed", "outcome", "required" if kind.outcomes else "none", choices.outcome),
        ):
            if need == "required" and value is None:
                raise Misused(code, f"a {kind.name} needs --{name.replace('_', '-')}{_among(kind, name)}")
            if need == "none" and value is not None:
                raise Misused("unfit-header", f"a {kind.name} takes no {name}")
        if choices.outcome is not None and choices.outcome not in kind.outcomes:
            raise Misused("outcome-needed", f"the outcome is one of {', '.join(kind.outcomes)}")
        self.facts = filled_facts(kind, self.values, self.facts, replied)
        wrong = check_open_facts(kind.facts, kind.common_facts, {**self.facts} or None)
        if wrong:
            raise Misused("facts-needed", f"a {kind.name} states in its header: {', '.join(wrong)}")
        problems = check_fields(kind, self.values, catalogue) or self.broken(catalogue, now_ms=now_ms, replied=replied)
        if problems:
            first = problems[0]
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise Refused(first.code, f"{first.field} {first.text}{more}")

    def broken(
        self, catalogue: Catalogue, *, now_ms: int, replied: Mapping[str, Any] | None = None
    ) -> tuple[Problem, ...]:
        """The rules of the kind that the values, each good by itself, break together."""
        choices = self.choices
        header = header_values(
            facts=self.facts,
            replied=replied,
            # In a thread the status is the thread's, which is not known here.
            status=choices.status or (None if self.kind.continues_thread else "actual"),
            precedence=choices.precedence or self.kind.precedence,
            severity=None if choices.severity is None else str(choices.severity),
            outcome=choices.outcome,
            issued_at=now_ms,
            aware_at=choices.aware_at_ms,
            respond_by=choices.respond_by_ms,
            valid_until=choices.valid_until_ms,
        )
        return check_rules(self.kind, self.values, header, catalogue)


def choice_of(name: str, text: str, *, now_ms: int) -> Choices:
    """Read one choice of the header as a person types it.

    Raises:
        Misused: no such value.
    """
    try:
        if name in _TIMES:
            return _choice(_TIMES[name], parse_instant(text, now_ms=now_ms))
    except ValueError as error:
        raise Misused("bad-field", f"{name}: {error}") from error
    if name == "severity":
        if text not in {"0", "1", "2", "3", "4", "5"}:
            raise Misused("bad-field", f"severity is 0 to 5, not {text!r}")
        return Choices(severity=int(text))
    allowed = {"status": STATUSES, "precedence": PRECEDENCES}.get(name)
    if allowed is not None and text not in allowed:
        raise Misused("bad-field", f"{name} is one of {', '.join(allowed)}, not {text!r}")
    return _choice(name, text)


def _choice(name: str, value: Any) -> Choices:
    """One choice by name, the rest open."""
    return replace(Choices(), **{name: value})


def _fact(kind: str, name: str, text: str, *, now_ms: int) -> Any:
    """A fact of a type, or None for a flag that is not set."""
    try:
        match kind:
            case "uint" | "int":
                return int(text) if text.removeprefix("-").isdecimal() else text
            case "hash":
                return bytes.fromhex(text)
            case "hashes":
                return [bytes.fromhex(part) for part in text.replace(",", " ").split()]
            case "flag":
                return True if text in {"yes", "true"} else None if text in {"no", "false"} else text
            case "time":
                return parse_instant(text, now_ms=now_ms)
            case _:
                return text
    except ValueError as error:
        raise Misused("bad-field", f"{name}: {error}") from error


def _typed(value: object) -> str:
    """A value of TOML as a person would type it."""
    if isinstance(value, datetime.datetime | datetime.date):
        return _moment(value)
    return " ".join(map(str, value)) if isinstance(value, list) else str(value).lower()


def outcome_of(answers: object) -> str | None:
    """Give the outcome that the states of answers add up to: answered or not known where all are, else partly."""
    states = {row.get("state") for row in answers if isinstance(row, Mapping)} if isinstance(answers, list) else set()
    if not states:
        return None
    return next((state for state in ("answered", "not-known") if states == {state}), "partly")


def find_kind(name: str, catalogue: Catalogue) -> Kind:
    """Find a kind that people may send.

    Raises:
        Misused: there is none of that name, or it is not for people.
    """
    kind = catalogue.kind(name)
    if kind is None:
        import difflib

        close = difflib.get_close_matches(name, [one.name for one in catalogue.kinds], n=3)
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise Misused("no-such-kind", f"there is no kind {name!r}{hint}")
    if kind.machine or kind.document:
        who = "the node says it by itself" if kind.machine else "it is signed by root keys in a ceremony"
        raise Misused("kind-not-for-people", f"nobody sends a {name}: {who}")
    return kind


def _among(kind: Kind, name: str) -> str:
    return f": one of {', '.join(kind.outcomes)}" if name == "outcome" else ""


def _moment(value: datetime.datetime | datetime.date) -> str:
    if isinstance(value, datetime.datetime):
        moment = value.astimezone(datetime.UTC) if value.tzinfo is not None else value
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat()


def _numbered(item: Field, value: Any) -> Any:
    """Fill in what nobody types: the numbers of records, and the columns that were left out."""
    if item.type != "records" or not isinstance(value, list):
        return value
    rows = []
    for place, row in enumerate(value, 1):
        if not isinstance(row, Mapping):
            raise Misused("bad-field", f"{item.name}[{place}] is no table")
        unknown = sorted(set(row) - {column.name for column in item.columns})
        if unknown:
            raise Misused("unknown-field", f"{item.name}[{place}] has no column {unknown[0]!r}")
        rows.append(
            {
                column.name: place if column.type == "ordinal" else _plain(row.get(column.name))
                for column in item.columns
            }
        )
    return rows


def _plain(value: Any) -> Any:
    return _moment(value) if isinstance(value, datetime.datetime | datetime.date) else value


def pairs(settings: Iterable[str]) -> list[tuple[str, str]]:
    """Split `NAME=TEXT` settings.

    Raises:
        Misused: one has no equals sign.
    """
    found = []
    for setting in settings:
        name, sign, text = setting.partition("=")
        if not sign or not name:
            raise Misused("usage", f"--set {setting!r} is not FIELD=VALUE")
        found.append((name.strip().replace("-", "_"), text))
    return found
