"""`hotline demo`: two parties on one machine, with real incidents."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from hotline.cli.settings import common_options, settings_of

FAILED = 1


@click.command("demo")
@click.option("--dir", "directory", type=click.Path(), help="Where the two homes go; must be new. Default: demo.")
@click.option(
    "--count", type=click.IntRange(1), default=40, show_default=True, help="How many incidents, up to all 143."
)
@common_options
@click.pass_context
def demo_command(context: click.Context, directory: str | None, count: int) -> int:
    """Pair two parties, run both nodes, replay incidents, and audit what they said.

    The transcript of both sides is printed as it happens; with --json it goes to standard error. The homes stay and are
    ready for every other command; their passphrases lie beside them. Exit 0 only if every check held.

    \b
    Examples:
      hotline demo
      hotline demo --dir /tmp/line --count 120
    """
    from hotline.clock import now_ms
    from hotline.demo.run import run
    from hotline.demo.transcript import Transcript

    output = settings_of(context).output
    with _interruptible():
        result = run(Path(directory or "demo"), count=count, transcript=Transcript(output.line, output.paint, now_ms))
    output.result(result.as_dict())
    return 0 if result.ok else FAILED


@contextmanager
def _interruptible() -> Iterator[None]:
    """Take SIGTERM and SIGHUP as Ctrl-C, so that no node is left running whichever of them comes."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
