"""Prompts made from the catalogue: every field of a kind, with its help and the way it is typed."""

from __future__ import annotations

import click

from hotline.composing import Letter, choice_of
from hotline.errors import Misused
from hotline.words import Words
from protocol.field import Field
from protocol.field_types import check_field, how_typed
from protocol.kinds import Catalogue


def ask_letter(letter: Letter, catalogue: Catalogue, words: Words, *, now_ms: int) -> None:
    """Ask for the header choices that the kind needs, then for every field; Enter leaves an optional one out."""
    kind = letter.kind
    click.echo(f"{words.kind(kind)}: {words.kind_help(kind)}", err=True)
    click.echo("Enter leaves a field out where it is not required. Several lines end with an empty one.", err=True)
    for name, need, value in (
        ("severity", kind.severity, letter.choices.severity),
        ("aware_at", kind.aware_at, letter.choices.aware_at_ms),
        ("respond_by", kind.respond_by, letter.choices.respond_by_ms),
        ("outcome", "required" if kind.outcomes else "none", letter.choices.outcome),
    ):
        if need == "required" and value is None:
            _ask_choice(letter, name, words, now_ms=now_ms)
    for item in kind.fields:
        _ask_field(letter, item, catalogue, words, now_ms=now_ms)


def _ask_choice(letter: Letter, name: str, words: Words, *, now_ms: int) -> None:
    hints = {
        "severity": "0 to 5",
        "aware_at": "2026-11-21T04:10Z, -2h or now",
        "respond_by": "2026-11-21T04:10Z or +4h",
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
