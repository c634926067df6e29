"""`hotline templates`: words approved in calm, for use in haste."""

from __future__ import annotations

from typing import Any

import click

from hotline.cli.send import run_send, sending_options
from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of
from hotline.printable import printable

_WITH = click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")


@click.group("templates")
@common_options
def templates_command() -> None:
    """List, show and propose templates: fixed words with slots, agreed by both sides before they are needed."""


@templates_command.command("list")
@_WITH
@common_options
@click.pass_context
def list_command(context: click.Context, counterpart: str | None) -> None:
    """List the templates that are in force.

    \b
    Example:
      hotline --home ARC templates list
    """
    from hotline.banners import banner
    from hotline.output import table
    from hotline.templates import in_force
    from hotline.zulu import zulu_short

    settings = settings_of(context)
    with open_desk(settings) as (desk, _):
        channel = desk.channel(counterpart)
        found = in_force(desk, channel)
    rows = [
        (
            held.template.name,
            str(held.template.edition),
            held.template.kind,
            held.template.language,
            held.serial,
            "" if held.until_ms is None else zulu_short(held.until_ms),
        )
        for held in found
    ]
    lines = table([("name", "edition", "kind", "language", "registered", "until"), *rows])
    lines = [*banner(channel), *(lines if found else ["No template is in force."])]
    settings.output.result({"templates": [_as_dict(held) for held in found]}, lines)


@templates_command.command("show")
@click.argument("name")
@_WITH
@common_options
@click.pass_context
def show_command(context: click.Context, name: str, counterpart: str | None) -> None:
    """Show the words and the slots of a template, by its name or its serial.

    \b
    Example:
      hotline --home ARC templates show outage-first-word
    """
    from hotline.showing import row
    from hotline.templates import find_template

    settings = settings_of(context)
    with open_desk(settings) as (desk, _):
        held = find_template(desk, desk.channel(counterpart), name)
    template, words = held.template, settings.output.words
    lines = [f"{template.name}, edition {template.edition}, {held.serial}", row("kind", template.kind, words)]
    lines += [row("language", template.language, words), ""]
    for field, texts in template.words.items():
        lines += [row(field if place == 0 else "", text, words) for place, text in enumerate(texts)]
    lines.append("")
    for slot in template.slots.values():
        lines.append(
            row(f"{{{slot.name}}}", f"{slot.type}, at most {slot.bytes_max} bytes  {slot.hint}".rstrip(), words)
        )
    lines += ["", f"Use it: hotline send {template.kind} --template {template.name} --slot NAME=VALUE ..."]
    settings.output.result(_as_dict(held), [printable(line) for line in lines])


@templates_command.command("new")
@sending_options
@common_options
@click.pass_context
def new_command(context: click.Context, /, **options: Any) -> int:
    """Propose a template; it is in force once the other side accepts it.

    The TOML file names what `catalogue show template-register` lists: name, edition, for_kind, text_language, slots,
    words, approvals, and valid_until. The other side accepts with `send accept --reply-to SERIAL`.

    \b
    Example:
      hotline --home ARC templates new --file outage.toml --as duty --as release --as senior --as legal
    """
    return run_send(settings_of(context), "template-register", **options)


def _as_dict(held: Any) -> dict[str, Any]:
    template = held.template
    return {
        "name": template.name,
        "edition": template.edition,
        "kind": template.kind,
        "language": template.language,
        "serial": held.serial,
        "leaf": held.leaf.hex(),
        "party": held.party,
        "until_ms": held.until_ms,
        "slots": [
            {"slot": one.name, "type": one.type, "bytes": one.bytes_max, "hint": one.hint}
            for one in template.slots.values()
        ],
        "words": {field: list(texts) for field, texts in template.words.items()},
    }
