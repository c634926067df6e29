"""`hotline demo`: two parties on one machine, with real incidents."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.cli.settings import common_options, settings_of


@click.command("demo")
@click.option("--dir", "directory", type=click.Path(), help="Where the two homes go; must be new. Default: demo.")
@click.option("--count", type=click.IntRange(1), default=40, show_default=True, help="How many incidents.")
@common_options
@click.pass_context
def demo_command(context: click.Context, directory: str | None, count: int) -> int:
    """Pair two parties, run both nodes, replay incidents, and audit what they said.

    The homes stay and are ready for every other command.

    \b
    Examples:
      hotline demo
      hotline demo --dir /tmp/line --count 120
    """
    from hotline import demo

    settings = settings_of(context)
    status: int = demo.run(Path(directory or "demo"), count=count, output=settings.output)
    return status
