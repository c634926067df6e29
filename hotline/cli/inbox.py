"""`hotline inbox`: what the other side has said."""

from __future__ import annotations

from typing import Any

import click

from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of
from protocol.limits import SIZE_MAX


@click.command("inbox")
@click.option("--from", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many, newest first.")
@click.option("--before", type=click.IntRange(0, SIZE_MAX), help="Only entries of a lower index, for the next page.")
@common_options
@click.pass_context
def inbox_command(context: click.Context, counterpart: str | None, limit: int, before: int | None) -> None:
    """Show what the other side has said, newest first, with how far it was taken note of.

    A flash stands on top before what was said ahead of it is here: `show` opens it, replies wait until then. Above all
    stand amendments that the other side proposes, and drafts that wait for your signature.

    \b
    Example:
      hotline --home ARC inbox
    """
    from hotline.banners import banner
    from hotline.showing import view_line
    from hotline.waiting import waiting_for

    settings = settings_of(context)
    output = settings.output
    with open_desk(settings) as (desk, _):
        channel = desk.channel(counterpart)
        views: list[dict[str, Any]] = desk.request("inbox", counterpart=channel.counterpart, limit=limit, before=before)
        demonstration = channel.agreement.demonstration
        proposals, drafts = waiting_for(desk, channel)
    lines = banner(channel)
    lines += [
        f"{serial} proposes another text of the agreement. Look: hotline agreement show; the roots accept it with: "
        f"hotline agreement countersign '{serial}'"
        for serial in proposals
    ]
    lines += [
        f"A draft waits for your signature: {output.words.kind_name(kind)}. Look and sign: hotline sign {draft_id}"
        for draft_id, kind in drafts
    ]
    lines += [view_line(view, output) for view in views] or ["Nothing yet."]
    output.result(
        {
            "counterpart": channel.counterpart,
            "demonstration": demonstration,
            "proposals": proposals,
            "drafts": [{"draft": draft_id, "kind": kind} for draft_id, kind in drafts],
            "entries": views,
        },
        lines,
    )
