"""Prompts made from the catalogue: every field of a kind, with its help and the way it is typed."""

from __future__ import annotations

import click

from hotline.composing import Letter, choice_of
from hotline.errors import Misused
from hotline.words import Words
from protocol.facts import check_open_facts
from protocol.field import Field
from protocol.field_types import check_field, how_typed
from protocol.kinds import Catalogue
from protocol.rules import facts_given

FACT_TYPES_TYPED = {
    "uint": "a whole number",
    "int": "a whole number",
    "hash": "64 hexadecimal digits",
    "hashes": "several times 64 hexadecimal digits",
    "code": "a code",
    "party": "a short name such as ARC",
    "flag": "yes or no",
    "time": "2026-11-21T04:10Z or +4h",
}
"""How a person types each type of fact."""


def ask_letter(letter: Letter, catalogue: Catalogue, words: Words, *, now_ms: int) -> None:
    """Ask for the header choices that the kind needs, then for every field; Enter leaves an optional one out."""
    kind = letter.kind
    names = {item.name for item in kind.fields}
    click.echo(f"{words.kind(kind)}: {words.kind_help(kind)}", err=True)
    click.echo("Enter leaves a field out where it is not required. Several lines end with an empty one.", err=True)
    for name, need, value in (
        ("severity", kind.severity, letter.choices.severity),
        ("aware_at", kind.aware_at, letter.choices.aware_at_ms),
        ("respond_by", kind.respond_by, letter.choices.respond_by_ms),
        ("valid_until", kind.valid_until, letter.choices.valid_until_ms),
        (
            "outcome",
            "required" if len(kind.outcomes) > 1 and "answers" not in names else "none",
            letter.choices.outcome,
        ),
    ):
        if need == "required" and value is None:
            _ask_choice(letter, name, words, now_ms=now_ms)
    for name, type_ in kind.facts.items():
        if name not in letter.facts and name not in facts_given(kind):
            _ask_fact(letter, name, type_, catalogue, words, now_ms=now_ms)
    for item in kind.fields:
        _ask_field(letter, item, catalogue, words, now_ms=now_ms)
    _ask_again(letter, catalogue, words, now_ms=now_ms)


def _ask_fact(letter: Letter, name: str, type_: str, catalogue: Catalogue, words: Words, *, now_ms: int) -> None:
    """Ask for one fact of the header; those that a rule gives, such as hashes of texts, nobody is asked for."""
    need = "optional" if type_.endswith("?") else "required"
    how = FACT_TYPES_TYPED[type_.removesuffix("?")]
    click.echo(f"\n{words.named(name, name)} ({need}; in the open header; {how})", err=True)
    for rule in letter.kind.rules:
        vocabulary = catalogue.vocabulary(rule.vocabulary or "") if rule.fields == (f"fact.{name}",) else None
        for term in () if vocabulary is None else vocabulary.terms:
            click.echo(f"  {term.code}  {words.term(vocabulary, term.code) if vocabulary else ''}", err=True)
    while True:
        text = str(click.prompt(">", default="", show_default=False, prompt_suffix=" ", err=True)).strip()
        if not text and need == "optional":
            return
        try:
            letter.set_fact(name, text, now_ms=now_ms)
        except Misused as error:
            click.echo(f"  {error.text}", err=True)
            continue
        if not check_open_facts({name: type_}, {}, {name: letter.facts[name]} if name in letter.facts else None):
            return
        letter.facts.pop(name, None)
        click.echo(f"  {how}", err=True)


def _ask_again(letter: Letter, catalogue: Catalogue, words: Words, *, now_ms: int) -> None:
    """Ask anew for the fields of a rule that is broken, so that nothing else has to be written again."""
    for problem in letter.broken(catalogue, now_ms=now_ms):
        rule = next(one for one in letter.kind.rules if one.label() == problem.text)
        click.echo(f"\n{words.rule(letter.kind, problem.text)}", err=True)
        for name in rule.fields:
            item = letter.kind.field(name.partition(".")[0])
            if item is not None:
                _ask_field(letter, item, catalogue, words, now_ms=now_ms)


def _ask_choice(letter: Letter, name: str, words: Words, *, now_ms: int) -> None:
    hints = {
        "severity": "0 to 5",
        "aware_at": "2026-11-21T04:10Z, -2h or now",
        "respond_by": "2026-11-21T04:10Z or +4h",
        "valid_until": "2026-11-21T04:10Z or +30d",
        "outcome": ", ".join(letter.kind.outcomes),
    }
    while True:
        text = click.prompt(f"{_named(name, words)} ({hints[name]})", err=True)
        try:
            letter.choices = choice_of(name, str(text).strip(), now_ms=now_ms).over(letter.choices)
        except Misused as error:
            click.echo(f"  {error.text}", err=True)
        else:
            return


def _ask_field(letter: Letter, item: Field, catalogue: Catalogue, words: Words, *, now_ms: int) -> None:
    need = "required" if item.required else "optional"
    kind = letter.kind
    click.echo(f"\n{words.field(kind, item)} ({need}; {how_typed(item)})", err=True)
    if item.help():
        click.echo(f"  {words.field_help(kind, item)}", err=True)
    for line in _terms(item, catalogue, words):
        click.echo(f"  {line}", err=True)
    many = item.type in {"text", "lines", "records"}
    while True:
        text = _lines() if many else click.prompt(">", default="", show_default=False, prompt_suffix=" ", err=True)
        letter.values.pop(item.name, None)
        try:
            letter.set_text(item.name, str(text), catalogue=catalogue, now_ms=now_ms)
        except Misused as error:
            click.echo(f"  {error.text}", err=True)
            continue
        if letter.values.get(item.name) is None:
            letter.values.pop(item.name, None)
        problems = check_field(item, letter.values.get(item.name), catalogue)
        if not problems:
            return
        click.echo(f"  {problems[0].field} {problems[0].text}", err=True)


def _lines() -> str:
    found: list[str] = []
    while True:
        line: str = click.prompt(">", default="", show_default=False, prompt_suffix=" ", err=True)
        if not line:
            return "\n".join(found)
        found.append(line)


def _named(name: str, words: Words) -> str:
    """A choice of the header as it is typed, and behind it what the reader's language calls it."""
    return words.named(name, name.removesuffix("_at").replace("respond_by", "answer by"))


def _terms(item: Field, catalogue: Catalogue, words: Words) -> list[str]:
    """The codes of a field's vocabulary with their labels."""
    vocabulary = catalogue.vocabulary(item.vocabulary) if item.vocabulary else None
    if vocabulary is None:
        return []
    codes = [code for code in vocabulary.codes if not item.only or code in item.only]
    return [f"{code}  {words.term(vocabulary, code)}" for code in codes]
