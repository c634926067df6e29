"""`hotline threads`: list the threads, or show one."""

from __future__ import annotations

from typing import Any

import click

from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of


@click.command("threads")
@click.argument("serial", required=False)
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many threads.")
@common_options
@click.pass_context
def threads_command(context: click.Context, serial: str | None, counterpart: str | None, limit: int) -> None:
    """List the threads, the last spoken in first; or show the one that a statement is in.

    \b
    Examples:
      hotline --home ARC threads
      hotline --home ARC threads 'BOR 4'
    """
    from hotline.banners import banner
    from hotline.dockets import absence_text
    from hotline.sending import fetch
    from hotline.showing import state_text, view_line
    from hotline.translations import KIND, opened
    from hotline.words import padded
    from hotline.zulu import zulu_short

    settings = settings_of(context)
    output = settings.output
    with open_desk(settings) as (desk, _):
        if serial is not None:
            spoken = fetch(desk, serial)
            views: list[dict[str, Any]] = desk.request(
                "thread", counterpart=spoken.counterpart or counterpart, id=spoken.thread
            )
            channel = desk.channel(spoken.counterpart or counterpart)
            said = opened(desk, spoken.counterpart or counterpart, [one for one in views if one["kind"] == KIND])
            titles = {one.serial: one.text(output.words, serial=False) for one in said}
            output.result(
                {"thread": spoken.thread.hex(), "entries": views, "translations": [one.as_dict() for one in said]},
                [*banner(channel), *(view_line(view, output, said=titles.get(view["serial"])) for view in views)],
            )
            return
        channel = desk.channel(counterpart)
        found: list[dict[str, Any]] = desk.request("threads", counterpart=channel.counterpart, limit=limit)
    lines = banner(channel)
    for item in found:
        opener = item["opener"]
        state = state_text(opener)
        cells = [
            f"{opener['serial']:<9}",
            zulu_short(item["last_at_ms"]),
            padded(output.words.kind_name(opener["kind"] or "?"), 23),
            padded(output.words.state(state) if state else "", 13),
            f"{item['entries']} {'entry' if item['entries'] == 1 else 'entries'}",
        ]
        if opener.get("no_answer"):
            cells.append(absence_text(opener, output))
        lines.append("  ".join(cells))
    if not found:
        lines.append("No threads.")
    output.result({"counterpart": channel.counterpart, "threads": found}, lines)
