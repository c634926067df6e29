"""`hotline demo`: two parties on one machine, with real incidents, or with one of the scenarios."""

from __future__ import annotations

from itertools import chain, count
from pathlib import Path

import click

from hotline.cli.completing import complete_scenarios
from hotline.cli.settings import common_options, settings_of

NOT_EVERY_CHECK_HELD = 1
IN_SIMULATOR = "make scenario NAME={}"


@click.command("demo")
@click.option(
    "--dir", "directory", type=click.Path(), help="Must be new. Default: demo, or demo-2 where that is there."
)
@click.option("--count", "incidents", type=click.IntRange(1), default=40, show_default=True, help="How many incidents.")
@click.option(
    "--scenario", metavar="NAME", shell_complete=complete_scenarios, help="Play one scenario instead of incidents."
)
@click.option("--list", "listed", is_flag=True, help="List the scenarios.")
@common_options
@click.pass_context
def demo_command(
    context: click.Context, directory: str | None, incidents: int, scenario: str | None, listed: bool
) -> int:
    """Pair two parties, run both nodes, replay incidents, and audit what they said.

    With --scenario, the two parties play a script instead: what they say, and what must come of it at both nodes and in
    the audit. Its days pass in seconds, because its agreement is made so.

    What happens is told as it happens (with --json on standard error). The homes stay and are ready for every other
    command. Exit 0 only if every check held.

    \b
    Examples:
      hotline demo
      hotline demo --dir /tmp/line --count 120
      hotline demo --list
      hotline demo --scenario clarification-partly
    """
    if listed:
        return list_scenarios(context)
    if scenario is not None:
        return play_scenario(context, scenario, directory)
    from hotline.clock import now_ms
    from hotline.demo.run import run
    from hotline.demo.transcript import Transcript

    output = settings_of(context).output
    transcript = Transcript(write=output.line, paint=output.paint, now_ms=now_ms)
    result = run(free_directory() if directory is None else Path(directory), count=incidents, transcript=transcript)
    output.result(result.as_dict())
    return 0 if result.ok else NOT_EVERY_CHECK_HELD


def list_scenarios(context: click.Context) -> int:
    """List the scenarios that come with the program."""
    from hotline.output import table
    from hotline.scenarios.shelf import scenario, scenario_names

    output = settings_of(context).output
    found = [scenario(name) for name in scenario_names()]
    listed = [
        {
            "name": one.name,
            "title": one.title,
            "about": one.about,
            "watchable": one.watchable,
            "simulator_only": one.simulator_only or None,
        }
        for one in found
    ]
    rows = [
        (one.name, one.title + (f" (only in the simulator: {one.simulator_only})" if one.simulator_only else ""))
        for one in found
    ]
    rest = f"For the simulator, in the source tree: {IN_SIMULATOR.format('...')}"
    output.result({"scenarios": listed}, [*table(rows), "", rest])
    return 0


def play_scenario(context: click.Context, name: str, directory: str | None) -> int:
    """Play one of them between two nodes."""
    from hotline.clock import now_ms
    from hotline.demo.transcript import Transcript
    from hotline.errors import Refused
    from hotline.scenarios.shelf import scenario
    from hotline.scenarios.watch import watch

    output = settings_of(context).output
    chosen = scenario(name)
    if not chosen.watchable:
        text = f"no two nodes can play {name} as they are: {chosen.simulator_only}"
        way = f"In the source tree: {IN_SIMULATOR.format(name)}"
        raise Refused("scenario-unplayable", text, next_step=way)
    transcript = Transcript(write=output.line, paint=output.paint, now_ms=now_ms)
    result = watch(free_directory() if directory is None else Path(directory), chosen, transcript)
    output.result(result.as_dict())
    return 0 if result.ok else NOT_EVERY_CHECK_HELD


def free_directory() -> Path:
    """The first of demo, demo-2, demo-3 ... that is not there yet."""
    names = chain(["demo"], (f"demo-{number}" for number in count(2)))
    return next(Path(name) for name in names if not Path(name).exists())
