"""Rules: what the values of a statement say of one another, declared by its kind.

A field's type says what one value may be. A rule says how several go together: an end lies after its start, a claim
above *likely* has two sources, a hash in the header is that of the text in the body. Rules are data (`[[rules]]` of a
kind), few in type, and checked twice by this one engine: when a statement is composed, which is refused then, and when
the other side reads it, which shows what is broken. They move nothing: bodies are sealed, so no node judges by them.

| type | what it says |
|---|---|
| order | `field` does not lie before `after`, and with `within_ms` at most so long after it |
| value | `field` is one of `is`, or of its vocabulary ranks `at_least` so high |
| count | `fields` together hold `at_least` or `at_most` so many values; a list counts its items |
| fact | `fact` is a code of `vocabulary`, SHA-256 of the text `of` a field, or `as_replied` that of the one answered |

`when` limits a rule to where a field `is` one of some values, ranks `at_least` so high, or holds anything. A name with
a dot is a column: the rule looks at each row. Names of the header stand beside fields: status, precedence, severity,
outcome, issued_at, aware_at, respond_by, valid_until, and `fact.NAME`. What is absent breaks no rule but a count:
`required` is for that.

Source: spec/catalogue.md, "Rules".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from protocol.field import Field, Problem, Vocabularies
from protocol.partial_time import parse_partial_time
from protocol.statement import Statement
from protocol.tagged import digest

TYPES: Final = ("order", "value", "count", "fact")
HEADER_NAMES: Final = (
    "status", "precedence", "severity", "outcome", "issued_at", "aware_at", "respond_by", "valid_until",
)  # fmt: skip
_RANKED_HEADER: Final = ("precedence", "severity")
FACT: Final = "fact."
_REPLIED: Final = "replied."


class HasRules(Protocol):
    """What the checks ask of a kind."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields, in order."""

    @property
    def rules(self) -> "tuple[Rule, ...]":
        """The rules, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Where a rule applies.

    Attributes:
        field: a field, a column or a name of the header.
        values: it is one of these; empty where that is not asked.
        at_least: it ranks so high in its vocabulary, or None.
    """

    field: str
    values: tuple[object, ...] = ()
    at_least: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a kind; which attributes it has depends on its type.

    Attributes:
        type: one of TYPES.
        fields: what it is about, in the order of the data; the first is named in a problem.
        when: where it applies; None for always.
        after: for an order, what must not lie behind the field.
        within_ms: for an order, the longest distance in milliseconds, or None.
        values: for a value, those it may be.
        least: for a value, the code that it ranks as high as; for a count the smallest number. None where not asked.
        most: for a count, the largest number, or None.
        vocabulary: for a fact, the vocabulary of its codes, or None.
        of: for a fact, the field whose text it is the hash of, or None.
        as_replied: for a fact, whether it is that of the statement answered.
        labels: what it says to people, by language; always has `en`.
    """

    type: str
    fields: tuple[str, ...]
    when: Condition | None = None
    after: str | None = None
    within_ms: int | None = None
    values: tuple[object, ...] = ()
    least: str | int | None = None
    most: int | None = None
    vocabulary: str | None = None
    of: str | None = None
    as_replied: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, lang: str = "en") -> str:
        """Give what it says in a language, or in English."""
        return self.labels.get(lang, self.labels["en"])


def header_of(statement: Statement, replied: Mapping[str, Any] | None = None) -> dict[str, object]:
    """The names of a header that rules may look at.

    Args:
        statement: whose header it is.
        replied: facts of the statement that it answers; None where they are not at hand, and then not looked at.
    """
    return header_values(
        facts=statement.facts,
        replied=replied,
        status=statement.status,
        precedence=statement.precedence,
        severity=None if statement.severity is None else str(statement.severity),
        outcome=statement.outcome,
        issued_at=statement.issued_at_ms,
        aware_at=statement.aware_at_ms,
        respond_by=statement.respond_by_ms,
        valid_until=statement.valid_until_ms,
    )


def header_values(
    *, facts: Mapping[str, Any] | None, replied: Mapping[str, Any] | None = None, **named: object
) -> dict[str, object]:
    """The same from its parts, for a statement that is not made yet; `named` are HEADER_NAMES."""
    found = dict(named)
    found |= {f"{FACT}{name}": value for name, value in (facts or {}).items()}
    found |= {f"{_REPLIED}{name}": value for name, value in (replied or {}).items()}
    return found


def facts_given(kind: HasRules) -> frozenset[str]:
    """The facts that a rule gives, so that nobody types them."""
    given = (rule for rule in kind.rules if rule.type == "fact" and (rule.of is not None or rule.as_replied))
    return frozenset(rule.fields[0].removeprefix(FACT) for rule in given)


def filled_facts(
    kind: HasRules, values: Mapping[str, object], facts: Mapping[str, Any], replied: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The facts, with those that a rule gives and nobody stated: hashes of texts, and what the one answered states."""
    found = dict(facts)
    for rule in kind.rules:
        name = rule.fields[0].removeprefix(FACT)
        if rule.type != "fact" or name in found:
            continue
        text = values.get(rule.of or "")
        if isinstance(text, str):
            found[name] = digest(text.encode())
        elif rule.as_replied and (replied or {}).get(name) is not None:
            found[name] = (replied or {})[name]
    return found


def check_rules(
    kind: HasRules, values: Mapping[str, object], header: Mapping[str, object], catalogue: Vocabularies
) -> tuple[Problem, ...]:
    """Check the rules of a kind.

    Args:
        kind: the kind, for its fields and rules.
        values: value by field name, each of them good by its type.
        header: as `header_of` or `header_values` gives it.
        catalogue: where vocabularies are looked up.

    Returns:
        A problem for each rule that is broken: `rule-broken`, with what the rule says.
    """
    return tuple(
        Problem(field=rule.fields[0], code="rule-broken", text=rule.label())
        for rule in broken_rules(kind, values, header, catalogue)
    )


def broken_rules(
    kind: HasRules, values: Mapping[str, object], header: Mapping[str, object], catalogue: Vocabularies
) -> tuple[Rule, ...]:
    """The rules that are broken; arguments as for check_rules."""
    said = _Said(kind, values, header, catalogue)
    return tuple(rule for rule in kind.rules if (rule.when is None or said.holds(rule.when)) and not said.kept(rule))


class _Said:
    """The values of one statement, by the names that rules use."""

    def __init__(
        self, kind: HasRules, values: Mapping[str, object], header: Mapping[str, object], catalogue: Vocabularies
    ) -> None:
        self._kind = kind
        self._values = values
        self._header = header
        self._catalogue = catalogue

    def at(self, name: str) -> Iterator[object]:
        """Every value that stands under a name; none where it is absent."""
        if name in self._header or name in HEADER_NAMES or name.startswith(FACT):
            found = self._header.get(name)
        else:
            of, dot, column = name.partition(".")
            found = self._values.get(of)
            if dot and isinstance(found, list):
                found = [row.get(column) for row in found if isinstance(row, dict)]
        for one in found if isinstance(found, list) else [found]:
            if one is not None:
                yield one

    def holds(self, when: Condition) -> bool:
        """Whether a rule applies."""
        found = list(self.at(when.field))
        if when.values:
            return any(one in when.values for one in found)
        if when.at_least is not None:
            return any(self._ranks(when.field, one, when.at_least) for one in found)
        return bool(found)

    def kept(self, rule: Rule) -> bool:
        """Whether a rule that applies is kept."""
        first = rule.fields[0]
        if rule.type == "count":
            number = sum(sum(1 for _ in self.at(name)) for name in rule.fields)
            least, most = rule.least if isinstance(rule.least, int) else 0, rule.most
            return least <= number and (most is None or number <= most)
        if rule.type == "order":
            return all(_in_order(one, other, rule) for one in self.at(first) for other in self.at(rule.after or ""))
        if rule.type == "value":
            if isinstance(rule.least, str):
                return all(self._ranks(first, one, rule.least) for one in self.at(first))
            return all(one in rule.values for one in self.at(first))
        return all(self._fact_kept(rule, one) for one in self.at(first))

    def _fact_kept(self, rule: Rule, stated: object) -> bool:
        if rule.vocabulary is not None:
            vocabulary = self._catalogue.vocabulary(rule.vocabulary)
            return isinstance(stated, str) and vocabulary is not None and vocabulary.term(stated) is not None
        if rule.of is not None:
            return all(isinstance(text, str) and stated == digest(text.encode()) for text in self.at(rule.of))
        name = f"{_REPLIED}{rule.fields[0].removeprefix(FACT)}"
        return name not in self._header or self._header[name] == stated

    def _ranks(self, name: str, code: object, least: str) -> bool:
        vocabulary = self._catalogue.vocabulary(vocabulary_of(self._kind.fields, name) or "")
        if vocabulary is None:
            return False
        rank, wanted = vocabulary.rank(str(code)), vocabulary.rank(least)
        return rank is not None and wanted is not None and rank >= wanted


def vocabulary_of(fields: tuple[Field, ...], name: str) -> str | None:
    """The vocabulary of what a name of a rule stands for, or None."""
    if name in _RANKED_HEADER:
        return name
    item = item_of(fields, name)
    return None if item is None else item.vocabulary


def item_of(fields: tuple[Field, ...], name: str) -> Field | None:
    """The field or column that a name of a rule stands for, or None."""
    of, dot, column = name.partition(".")
    item = next((one for one in fields if one.name == of), None)
    if item is None or not dot:
        return item
    return next((one for one in item.columns if one.name == column), None)


def _in_order(one: object, other: object, rule: Rule) -> bool:
    """Whether it may be so: a time that is known to the day alone breaks no rule about hours."""
    field_span, after_span = _span(one), _span(other)
    if field_span is None or after_span is None:
        return True
    if field_span[1] < after_span[0]:
        return False
    return rule.within_ms is None or field_span[0] <= after_span[1] + rule.within_ms


def _span(value: object) -> tuple[int, int] | None:
    if isinstance(value, int):
        return value, value
    found = parse_partial_time(value) if isinstance(value, str) else None
    return None if found is None else (found.first_ms, found.last_ms)
