"""`hotline catalogue`: the kinds of statement, and what each asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hotline.cli.catalogue_review import review_command
from hotline.cli.completing import complete_kinds
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused

if TYPE_CHECKING:
    from hotline.words import Words
    from protocol.field import Field
    from protocol.kinds import Catalogue, Kind


@click.group("catalogue")
@common_options
def catalogue_command() -> None:
    """List the kinds of statement, or show one."""


catalogue_command.add_command(review_command)


@catalogue_command.command("list")
@common_options
@click.pass_context
def list_kinds(context: click.Context) -> None:
    """List every kind.

    \b
    Example:
      hotline catalogue list
    """
    from hotline.output import table
    from nodes.resources import catalogue

    known, words = catalogue(), settings_of(context).output.words
    found = [
        {
            "kind": kind.name,
            "procedure": kind.procedure,
            "label": kind.label(),
            "said": _said(words, f"kind.{kind.name}.label", kind.label()),
            "sent_by": "node" if kind.machine else "roots" if kind.by_roots else "officers",
        }
        for kind in known.kinds
    ]
    labels = [words.kind(kind) for kind in known.kinds]
    cells = [(str(one["kind"]), str(one["sent_by"]), str(one["procedure"])) for one in found]
    lines = table([(*row, label) for row, label in zip(cells, labels, strict=True)])
    settings_of(context).output.result(
        {"version": known.version, "digest": known.digest.hex(), "kinds": found},
        [f"Catalogue version {known.version}, {known.digest.hex()}", "", *lines],
    )


@catalogue_command.command("show")
@click.argument("name", metavar="KIND", shell_complete=complete_kinds)
@common_options
@click.pass_context
def show_kind(context: click.Context, name: str) -> None:
    """Show one kind: its fields, how each is typed, and the words they take.

    \b
    Example:
      hotline catalogue show notification
    """
    from nodes.resources import catalogue

    known = catalogue()
    kind = known.kind(name)
    if kind is None:
        raise Misused("no-such-kind", f"there is no kind {name!r}; see: hotline catalogue list")
    output = settings_of(context).output
    output.result(_as_dict(kind, known, output.words), _lines(kind, known, output.words))


def _said(words: Words, key: str, english: str) -> dict[str, str]:
    """A string in the reader's language, and whether anybody has reviewed it."""
    found = words.said(key, english)
    return {"text": found.text, "state": found.state}


def _as_dict(kind: Kind, known: Catalogue, words: Words) -> dict[str, Any]:
    from protocol.wording import kind_key

    return {
        "kind": kind.name,
        "version": kind.version,
        "procedure": kind.procedure,
        "label": kind.label(),
        "help": kind.help(),
        "said": _said(words, f"{kind_key(kind)}.label", kind.label()),
        "opens_thread": kind.opens_thread,
        "continues_thread": kind.continues_thread,
        "in_reply_to": kind.in_reply_to,
        "replies_to": list(kind.replies_to),
        "reply_voice": kind.reply_voice,
        "outcomes": list(kind.outcomes),
        "header": {
            "severity": kind.severity,
            "aware_at": kind.aware_at,
            "respond_by": kind.respond_by,
            "valid_until": kind.valid_until,
            "precedence": kind.precedence,
        },
        "authority": list(kind.authority),
        "facts": dict(kind.facts),
        "fields": [_field_dict(kind, item, None, known, words) for item in kind.fields],
    }


def _field_dict(kind: Kind, of: Field, column: Field | None, known: Catalogue, words: Words) -> dict[str, Any]:
    from protocol.field_types import how_typed
    from protocol.wording import field_key, term_key

    item = column or of
    vocabulary = known.vocabulary(item.vocabulary) if item.vocabulary else None
    terms = [
        {
            "code": term.code,
            "label": term.label(),
            "said": _said(words, f"{term_key(item.vocabulary or '', term.code)}.label", term.label()),
        }
        for term in (vocabulary.terms if vocabulary is not None else ())
        if not item.only or term.code in item.only
    ]
    return {
        "name": item.name,
        "type": item.type,
        "required": item.required,
        "max": item.max,
        "tier": item.tier,
        "label": item.label(),
        "help": item.help(),
        "said": _said(words, f"{field_key(kind, of, column)}.label", item.label()),
        "how": how_typed(item),
        "vocabulary": item.vocabulary,
        "terms": terms,
        "columns": [_field_dict(kind, of, one, known, words) for one in item.columns],
    }


def _lines(kind: Kind, known: Catalogue, words: Words) -> list[str]:
    from protocol.field_types import how_typed

    lines = [f"{kind.name}: {words.kind(kind)}", f"  {words.kind_help(kind)}", ""]
    if kind.replies_to:
        lines.append(f"  answers       {', '.join(kind.replies_to)}")
    if kind.outcomes:
        lines.append(f"  outcome       {', '.join(kind.outcomes)}")
    for name in ("severity", "aware_at", "respond_by", "valid_until"):
        need = getattr(kind, name)
        if need != "none":
            lines.append(f"  {name:<13} {need}")
    lines.append(f"  precedence    {kind.precedence} unless you say otherwise")
    if kind.authority:
        lines.append(f"  signatures    {', '.join(kind.authority)} unless the agreement says otherwise")
    for name, fact in kind.facts.items():
        lines.append(f"  fact {name}: {fact}")
    for item in kind.fields:
        need = "required" if item.required else "optional"
        label = words.field(kind, item)
        lines += ["", f"  {item.name}  ({need}, {item.tier})  {label}", f"      typed as {how_typed(item)}"]
        if item.help():
            lines.append(f"      {words.field_help(kind, item)}")
        for column in (item, *item.columns):
            vocabulary = known.vocabulary(column.vocabulary) if column.vocabulary else None
            if vocabulary is None:
                continue
            codes = [term.code for term in vocabulary.terms if not column.only or term.code in column.only]
            if words.wording is None:
                lines.append(f"      {column.name}: {', '.join(codes)}")
                continue
            name = column.name if column is item else f"{column.name}, {words.field(kind, item, column)}"
            lines.append(f"      {name}:")
            lines += [f"        {code}  {words.term(vocabulary, code)}" for code in codes]
    return lines
