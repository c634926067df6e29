"""`hotline demo`: two parties on one machine, with real incidents."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.cli.settings import common_options, settings_of

NOT_EVERY_CHECK_HELD = 1


@click.command("demo")
@click.option("--dir", "directory", type=click.Path(), default="demo", show_default=True, help="Must be new.")
@click.option("--count", type=click.IntRange(1), default=40, show_default=True, help="How many incidents.")
@common_options
@click.pass_context
def demo_command(context: click.Context, directory: str, count: int) -> int:
    """Pair two parties, run both nodes, replay incidents, and audit what they said.

    What happens is told as it happens (with --json on standard error). The homes stay and are ready for every other
    command. Exit 0 only if every check held.

    \b
    Examples:
      hotline demo
      hotline demo --dir /tmp/line --count 120
    """
    from hotline.clock import now_ms
    from hotline.demo.run import run
    from hotline.demo.transcript import Transcript

    output = settings_of(context).output
    transcript = Transcript(write=output.line, paint=output.paint, now_ms=now_ms)
    result = run(Path(directory), count=count, transcript=transcript)
    output.result(result.as_dict())
    return 0 if result.ok else NOT_EVERY_CHECK_HELD
