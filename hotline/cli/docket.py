"""`hotline docket`, `registers` and `due`: the state of everything said, what is in force, and what is owed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused
from protocol.kind import REGISTERS
from protocol.limits import SIZE_MAX

if TYPE_CHECKING:
    from hotline.desk import Channel, Desk
    from hotline.output import Output

DOCKET_TIMEOUT_S = 600.0
"""A docket of the past is folded anew; a million entries take about a minute."""

_WITH = click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
_AT = click.option("--at", "at", metavar="TIME", help="At a time, such as 2026-11-21T09:14Z, +4h or -2d.")


@click.command("docket")
@_WITH
@_AT
@click.option("--at-sizes", metavar="A,B", help="As it was at so many entries of our log and of theirs.")
@common_options
@click.pass_context
def docket_command(context: click.Context, counterpart: str | None, at: str | None, at_sizes: str | None) -> None:
    """Show the docket: what waits for an answer, what is due, what was missed and what is in force.

    Both nodes and every auditor find the same docket at the same two sizes, and so the same digest. A time before now
    shows it as it was then; a time to come shows what will have lapsed if nothing more is said.

    \b
    Examples:
      hotline --home ARC docket
      hotline --home ARC docket --at 2026-11-21T09:14Z
      hotline --home ARC docket --at-sizes 120,98 --json
    """
    from hotline.dockets import docket_lines

    if at is not None and at_sizes is not None:
        raise Misused("usage", "give --at or --at-sizes, not both")
    settings = settings_of(context)
    with open_desk(settings) as (desk, _):
        channel = desk.channel(counterpart)
        arguments: dict[str, Any] = {"at_ms": given_time(at, channel)}
        if at_sizes is not None:
            arguments["sizes"] = _sizes(at_sizes)
        told = desk.request("docket", timeout_s=DOCKET_TIMEOUT_S, counterpart=channel.counterpart, **arguments)
    output = settings.output
    output.result({"counterpart": channel.counterpart, **told}, [*_banner(channel), *docket_lines(told, output)])


@click.command("registers")
@click.argument("name", required=False, type=click.Choice(REGISTERS))
@_WITH
@_AT
@click.option("--contents", is_flag=True, help="Open what is said in each; your role must read contents.")
@common_options
@click.pass_context
def registers_command(
    context: click.Context, name: str | None, counterpart: str | None, at: str | None, contents: bool
) -> None:
    """Show what is in force, by register: measures, pauses, declarations, red lines, mandates and the others.

    Everything shown follows from headers; --contents opens the statements as well. What has lapsed, ended or was
    withdrawn is not listed; --at shows what was in force at another time.

    \b
    Examples:
      hotline --home ARC registers
      hotline --home ARC registers measures --contents
      hotline --home ARC registers red-lines --at 2026-06-01T00:00Z
    """
    from hotline.dockets import head_lines, nothing_in, register_lines

    settings = settings_of(context)
    output = settings.output
    with open_desk(settings) as (desk, _):
        channel = desk.channel(counterpart)
        told = desk.request(
            "registers",
            timeout_s=DOCKET_TIMEOUT_S,
            counterpart=channel.counterpart,
            name=name,
            at_ms=given_time(at, channel),
        )
        lines = register_lines(told["found"], output)
        said: dict[str, Any] = {}
        if contents:
            lines = []
            for register, matters in told["found"].items():
                lines.append(output.paint(output.words.register(register), "bold"))
                lines += [line for matter in matters for line in _opened(desk, channel, matter, said, output)]
                lines += [] if matters else [f"  {nothing_in(register)}"]
    found = {"counterpart": channel.counterpart, **told}
    if contents:
        found["contents"] = said
    output.result(found, [*_banner(channel), *head_lines(told), "", *(lines or ["Nothing is in force."])])


@click.command("due")
@_WITH
@click.option("--missed", is_flag=True, help="Show what was done too late, and what the two nodes disagree on.")
@common_options
@click.pass_context
def due_command(context: click.Context, counterpart: str | None, missed: bool) -> None:
    """Show what either side owes and by when, the most urgent first, and what lapses soon.

    Clocks run from where the other node held a statement, by the agreement. They stand still while a suspension is in
    force, except for flashes and for what always passes.

    \b
    Examples:
      hotline --home ARC due
      hotline --home ARC due --missed
    """
    from hotline.dockets import due_line

    settings = settings_of(context)
    output = settings.output
    with open_desk(settings) as (desk, _):
        channel = desk.channel(counterpart)
        found: list[dict[str, Any]] = desk.request("missed" if missed else "due", counterpart=channel.counterpart)
    lines = [due_line(one, output, now_ms=channel.now_ms) for one in found]
    nothing = "Nothing was missed." if missed else "Nothing is due."
    output.result(
        {"counterpart": channel.counterpart, "missed" if missed else "due": found},
        [*_banner(channel), *(lines or [nothing])],
    )


def _opened(desk: Desk, channel: Channel, matter: dict[str, Any], said: dict[str, Any], output: Output) -> list[str]:
    """A matter with what is said in it."""
    from hotline.dockets import matter_line
    from hotline.errors import Refused
    from hotline.reference import Reference
    from hotline.showing import field_lines
    from nodes.errors import ApiRefused
    from nodes.resources import catalogue_of

    lines = [f"  {matter_line(matter, output)}"]
    voice, _, index = matter["serial"].partition(" ")
    spoken = desk.entry(Reference(channel.counterpart, voice, int(index)))
    try:
        values = desk.contents(spoken)
    except (Refused, ApiRefused) as error:
        return [*lines, f"    contents cannot be shown: {error.code}"]
    said[matter["serial"]] = values
    known = None if spoken.statement is None else catalogue_of(spoken.statement.catalogue)
    if values and spoken.kind is not None and known is not None:
        lines += [f"  {line}" for line in field_lines(spoken.kind, values, known, output.words)]
    return lines


def _banner(channel: Channel) -> list[str]:
    from hotline.banners import banner

    return banner(channel)


def given_time(text: str | None, channel: Channel) -> int | None:
    """The time of `--at`, UTC milliseconds by the node's clock; None where none was given.

    Raises:
        Misused: it is no time, or one before 1970.
    """
    from hotline.zulu import parse_instant

    if text is None:
        return None
    try:
        at_ms = parse_instant(text, now_ms=channel.now_ms)
    except ValueError as error:
        raise Misused("usage", str(error)) from None
    if at_ms < 0:
        raise Misused("usage", f"--at: {text} lies before 1970")
    return at_ms


def _sizes(text: str) -> list[int]:
    first, comma, second = text.partition(",")
    if not (comma and first.isascii() and first.isdecimal() and second.isascii() and second.isdecimal()):
        raise Misused("usage", "--at-sizes takes two sizes, such as 120,98: of our log and of theirs")
    if max(len(first), len(second)) > len(str(SIZE_MAX)) or max(int(first), int(second)) > SIZE_MAX:
        raise Misused("usage", "--at-sizes: no log is as long as that")
    return [int(first), int(second)]
