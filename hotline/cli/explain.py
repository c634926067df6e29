"""`hotline explain`: what a code means and what to do next."""

from __future__ import annotations

import click

from hotline.cli.completing import complete_codes
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused


@click.command("explain")
@click.argument("name", metavar="CODE", required=False, shell_complete=complete_codes)
@common_options
@click.pass_context
def explain_command(context: click.Context, name: str | None) -> None:
    """Say what a code means and what to do next; without a code, list them all.

    \b
    Example:
      hotline explain line-down
    """
    from hotline.explaining import similar
    from hotline.output import table
    from protocol.codes import CODES, GROUPS

    output = settings_of(context).output
    if name is None:
        found = [{"code": one.name, "severity": one.severity, "text": one.text} for one in CODES.values()]
        lines: list[str] = []
        for heading, group in GROUPS.items():
            lines += ["", output.paint(heading, "bold"), *table([(one.name, one.severity, one.text) for one in group])]
        output.result({"codes": found}, lines[1:])
        return
    one = CODES.get(name)
    if one is None:
        close = similar(name)
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise Misused("code-unknown", f"there is no code {name!r}{hint}")
    output.result(
        {
            "code": one.name,
            "severity": one.severity,
            "text": one.text,
            "means": one.means,
            "next": one.next,
            "exit": one.exit,
        },
        [
            f"{output.paint(one.name, 'bold')} ({one.severity}): {one.text}",
            "",
            f"What it means: {one.means}",
            f"What to do:    {one.next}",
        ],
    )
