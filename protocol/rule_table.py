"""Reading the rules of a kind from its file, strictly, and refusing one that names what is not there.

Used by protocol/kinds.py alone; protocol/rules.py says what each rule means.
"""

from collections.abc import Mapping

from protocol.catalogue_table import CatalogueRefused, Table
from protocol.field import Field, Vocabularies
from protocol.rules import FACT, HEADER_NAMES, TYPES, Condition, Rule, item_of, vocabulary_of


def read_rule(row: Table) -> Rule:
    """Read one rule; whether what it names is there is checked with the kind.

    Raises:
        CatalogueRefused: it is not what the format says.
    """
    type_ = row.one_of("type", TYPES)
    when = _condition(row.table("when")) if row.has("when") else None
    labels = row.labels("text")
    rule = Rule(type=type_, fields=(), when=when, labels=labels)
    match type_:
        case "order":
            within = row.number("within_ms") if row.has("within_ms") else None
            rule = Rule(
                type=type_,
                fields=(row.text("field"),),
                when=when,
                after=row.text("after"),
                within_ms=within,
                labels=labels,
            )
        case "value":
            values, least = row.plain_values("is"), row.text("at_least") if row.has("at_least") else None
            if bool(values) == (least is not None):
                raise row.refuse("a value has either is or at_least")
            rule = Rule(type=type_, fields=(row.text("field"),), when=when, values=values, least=least, labels=labels)
        case "count":
            low = row.number("at_least") if row.has("at_least") else None
            high = row.number("at_most") if row.has("at_most") else None
            if low is None and high is None:
                raise row.refuse("a count has at_least or at_most")
            rule = Rule(type=type_, fields=row.texts("fields"), when=when, least=low, most=high, labels=labels)
        case "fact":
            rule = Rule(
                type=type_,
                fields=(f"{FACT}{row.text('fact')}",),
                when=when,
                vocabulary=row.text("vocabulary") if row.has("vocabulary") else None,
                of=row.text("of") if row.has("of") else None,
                as_replied=row.flag("as_replied"),
                labels=labels,
            )
            if (rule.vocabulary is not None) + (rule.of is not None) + rule.as_replied != 1:
                raise row.refuse("a fact has one of vocabulary, of and as_replied")
    row.done()
    if not rule.fields:
        raise row.refuse("names no field")
    return rule


def _condition(table: Table) -> Condition:
    made = Condition(
        field=table.text("field"),
        values=table.plain_values("is"),
        at_least=table.text("at_least") if table.has("at_least") else None,
    )
    table.done()
    return made


def check_rule(
    rule: Rule, where: str, fields: tuple[Field, ...], facts: Mapping[str, str], vocabularies: Vocabularies
) -> None:
    """Refuse a rule that names what its kind does not have.

    Raises:
        CatalogueRefused: naming it.
    """

    def require(holds: bool, text: str) -> None:
        if not holds:
            raise CatalogueRefused(where, f"has a rule whose {text}")

    named = [*rule.fields, *(name for name in (rule.after, rule.of, rule.when and rule.when.field) if name)]
    for name in named:
        known = name in HEADER_NAMES or item_of(fields, name) is not None or name.removeprefix(FACT) in facts
        require(known, f"{name} is not there")
    if rule.vocabulary is not None:
        require(vocabularies.vocabulary(rule.vocabulary) is not None, f"vocabulary {rule.vocabulary} is not there")
    ranked = [(rule.fields[0], rule.least)] if rule.type == "value" else []
    ranked += [(rule.when.field, rule.when.at_least)] if rule.when is not None else []
    for name, least in ranked:
        if least is not None:
            vocabulary = vocabularies.vocabulary(vocabulary_of(fields, name) or "")
            require(vocabulary is not None and vocabulary.rank(str(least)) is not None, f"{least} has no rank")
