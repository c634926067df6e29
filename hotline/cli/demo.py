"""`hotline demo`: two parties on one machine, with real incidents."""

from __future__ import annotations

from itertools import chain, count
from pathlib import Path

import click

from hotline.cli.settings import common_options, settings_of

NOT_EVERY_CHECK_HELD = 1


@click.command("demo")
@click.option(
    "--dir", "directory", type=click.Path(), help="Must be new. Default: demo, or demo-2 where that is there."
)
@click.option("--count", "incidents", type=click.IntRange(1), default=40, show_default=True, help="How many incidents.")
@common_options
@click.pass_context
def demo_command(context: click.Context, directory: str | None, incidents: int) -> int:
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
    result = run(free_directory() if directory is None else Path(directory), count=incidents, transcript=transcript)
    output.result(result.as_dict())
    return 0 if result.ok else NOT_EVERY_CHECK_HELD


def free_directory() -> Path:
    """The first of demo, demo-2, demo-3 ... that is not there yet."""
    names = chain(["demo"], (f"demo-{number}" for number in count(2)))
    return next(Path(name) for name in names if not Path(name).exists())
