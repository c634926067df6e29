"""`hotline catalogue`: the kinds of statement, and what each asks for."""

from __future__ import annotations

import click

from hotline.cli.catalogue_review import review_command
from hotline.cli.completing import complete_kinds
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused


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
    from hotline.cli.kind_shown import said
    from hotline.output import table
    from nodes.resources import catalogue

    known, words = catalogue(), settings_of(context).output.words
    found = [
        {
            "kind": kind.name,
            "procedure": kind.procedure,
            "label": kind.label(),
            "said": said(words, f"kind.{kind.name}.label", kind.label()),
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
    """Show one kind: what its header may have, its clocks and signatures, its rules, and how each field is typed.

    With a home, also what its agreements make of it: clocks that they set, and who has to sign at which severity and
    precedence.

    \b
    Examples:
      hotline catalogue show notification
      hotline --home ARC catalogue show measure-propose
    """
    from hotline.cli.kind_shown import agreements_of, kind_dict, kind_lines
    from nodes.resources import catalogue

    known = catalogue()
    kind = known.kind(name)
    if kind is None:
        raise Misused("no-such-kind", f"there is no kind {name!r}; see: hotline catalogue list")
    settings = settings_of(context)
    output, agreements = settings.output, agreements_of(settings)
    shown = kind_lines(kind, known, output.words, agreements)
    output.result(kind_dict(kind, known, output.words, agreements), shown)
