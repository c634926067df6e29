"""`hotline show`: one statement with its content. Having seen it, you say so, once."""

from __future__ import annotations

from typing import Any

import click

from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of


@click.command("show")
@click.argument("serial")
@click.option("--peek", is_flag=True, help="Do not say that you opened it.")
@common_options
@click.pass_context
def show_command(context: click.Context, serial: str, peek: bool) -> None:
    """Show one statement with its content.

    For a statement of the other side this sends `opened`, signed by you, the first time; --peek does not. A flash
    that came ahead of others is shown at once; `opened` and every reply wait until those are here.

    \b
    Examples:
      hotline --home ARC show 'BOR 4'
      hotline --home ARC show 'BOR 4' --peek
    """
    from hotline.banners import banner
    from hotline.desk import Spoken
    from hotline.errors import Refused
    from hotline.opening import say_opened
    from hotline.printable import printable
    from hotline.rules_read import broken_texts
    from hotline.sending import fetch
    from hotline.showing import field_lines, header_lines, row, said_row, verdict_lines
    from hotline.templates import DIFFERS, differing
    from hotline.translations import NONE, VOCABULARY, has_text, translations_of
    from nodes.errors import ApiRefused

    settings = settings_of(context)
    output = settings.output
    with open_desk(settings) as (desk, _):
        spoken: Spoken = fetch(desk, serial)
        channel = desk.channel(spoken.counterpart or None)
        problem: str | None = None
        contents: dict[str, Any] | None = None
        try:
            contents = desk.contents(spoken)
        except (Refused, ApiRefused) as error:
            problem = error.code
        translations = translations_of(desk, spoken) if has_text(spoken) else None
        broken = broken_texts(desk, spoken, contents)
        differs = differing(desk, channel, spoken, contents)
        opened = None
        if not peek and spoken.voice != channel.own:
            opened = say_opened(desk, channel, spoken, readable=problem is None)
    lines = [output.paint(spoken.serial, "bold")]
    lines += banner(channel)
    if spoken.statement is None:
        lines.append("This entry cannot be read. It is kept, held and without effect.")
    else:
        lines += header_lines(spoken.statement, spoken.kind, output)
    if translations is not None:
        found = [one.text(output.words) for one in translations] or [output.words.coded(VOCABULARY, NONE)]
        lines += [said_row("translation", text, output.words) for text in found]
    lines += verdict_lines(spoken.view, output, kind=spoken.kind)
    if problem is not None:
        lines.append(row("CONTENTS", f"cannot be shown: {problem}", output.words))
    elif contents and spoken.kind is not None and spoken.catalogue is not None:
        lines.append("")
        lines += (
            field_lines(spoken.kind, contents, spoken.catalogue, output.words)
            if spoken.kind.fields
            else [row("text", contents["text"], output.words)]
        )
    for text in broken:
        said = printable(text) if spoken.kind is None else output.words.rule(spoken.kind, text)
        lines.append(output.paint(said_row("RULE BROKEN", said, output.words), "bold", "red"))
    for text in differs:
        lines.append(output.paint(row("TEMPLATE DIFFERS", text, output.words), "bold", "red"))
        lines.append(row("", f"run: hotline explain {DIFFERS}"))
    if spoken.branch:
        lines += ["", f"DISPUTED: {spoken.voice} signed two logs. This is kept beside the one that is held, not in it."]
    if opened is not None:
        lines += ["", f"The other side is told that you opened it ({opened.get('serial') or opened['state']})."]
    elif spoken.ahead and not peek:
        lines += ["", "Nothing can refer to it before it has its place. Show it again then, to say that you opened it."]
    output.result(
        {
            "serial": spoken.serial,
            "counterpart": channel.counterpart,
            "demonstration": channel.agreement.demonstration,
            "leaf": spoken.leaf.hex(),
            "thread": spoken.thread.hex(),
            "contents": contents,
            "problem": problem,
            "broken": broken,
            "template_differs": differs,
            "translations": None if translations is None else [one.as_dict() for one in translations],
            "opened": opened,
            "view": spoken.view,
        },
        lines,
    )
