"""`hotline pages`: whom the node calls for what, whether they were reached, and mutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.session import open_desk
from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import Misused, Refused
from keys.roles import ROLES

if TYPE_CHECKING:
    from hotline.desk import Desk, Officer
    from protocol.canonical import Value

TEST_TIMEOUT_S = 150.0


@click.group("pages", invoke_without_command=True)
@common_options
@click.pass_context
def pages_command(context: click.Context) -> None:
    """Show whom the node calls for what: pages, pagers and mutes.

    A page is one thing that a person has to know of: a statement that nobody has opened, a clock that runs out, a draft
    that waits, an alarm, a line that is down. The pagers are tables of node.toml. Acknowledging a page says nothing to
    the other side; `show`, `ack` and `answer` do, and end the page as well.

    \b
    Examples:
      hotline --home ARC pages
      hotline --home ARC pages ack p7
      hotline --home ARC pages test duty
      hotline --home ARC pages mute duty --for 30m --reason "Exchange of the pager"
    """
    if context.invoked_subcommand is None:
        _list(settings_of(context))


@pages_command.command("list")
@common_options
@click.pass_context
def list_pages(context: click.Context) -> None:
    """List the pages, the most urgent first, with the pagers and how each did.

    \b
    Example:
      hotline --home ARC pages list
    """
    _list(settings_of(context))


def _list(settings: Settings) -> None:
    from hotline.banners import at_desk
    from hotline.paging import mute_line, page_line, pager_line

    with open_desk(settings) as (desk, officers):
        found: dict[str, Any] = desk.request("pages")
        lines = at_desk(desk, sorted(officers[0].home.pins()))
    output, now_ms = settings.output, found["now_ms"]
    lines += [mute_line(mute) for mute in found["mutes"]]
    lines += [page_line(page, now_ms=now_ms, output=output) for page in found["pages"]] or ["No pages."]
    lines.append("")
    lines += [pager_line(pager, now_ms=now_ms, output=output) for pager in found["pagers"]] or [
        "No pagers: nobody is called who does not look at a screen. Add [[page]] to node.toml."
    ]
    output.result(found, lines)


@pages_command.command("ack")
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--all", "everything", is_flag=True, help="All that call for somebody now.")
@common_options
@click.pass_context
def acknowledge(context: click.Context, ids: tuple[str, ...], everything: bool) -> None:
    """Acknowledge pages: nobody further is called for them. The other side is told nothing.

    \b
    Example:
      hotline --home ARC pages ack p7 p8
    """
    if bool(ids) == everything:
        raise Misused("usage", "name pages, such as p7, or give --all")
    settings = settings_of(context)
    with open_desk(settings) as (desk, _):
        found: list[str] = desk.request("page-ack", ids=["all"] if everything else list(ids))
    missing = [one for one in ids if one not in found]
    if missing:
        raise Refused("no-such-page", f"there is no page {', '.join(missing)}")
    text = f"Acknowledged: {', '.join(found)}." if found else "Nothing calls for anybody."
    settings.output.result({"acknowledged": found}, [text])


def _role_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("role", type=click.Choice(ROLES))(command)


@pages_command.command("test")
@_role_argument
@common_options
@click.pass_context
def test_pagers(context: click.Context, role: str) -> int:
    """Call every pager of a role with a test, and say which were reached. Exit 1 where one was not.

    \b
    Example:
      hotline --home ARC pages test duty
    """
    settings = settings_of(context)
    with open_desk(settings) as (desk, _):
        results: list[dict[str, Any]] = desk.request("page-test", role=role, timeout_s=TEST_TIMEOUT_S)
    lines = [
        f"{one['pager']} ({one['way']}): " + ("reached" if one["reached"] else f"NOT REACHED: {one['problem']}")
        for one in results
    ]
    settings.output.result({"role": role, "pagers": results}, lines)
    return 0 if all(one["reached"] for one in results) else 1


@pages_command.command("mute")
@_role_argument
@click.option("--for", "span", required=True, metavar="30m", help="How long, at most 7d; it ends by itself.")
@click.option("--reason", required=True, help="Why; it is sealed in the journal.")
@click.option("--even-flash", is_flag=True, help="Flashes do not call the role either.")
@common_options
@click.pass_context
def mute(context: click.Context, role: str, span: str, reason: str, even_flash: bool) -> None:
    """Do not call a role for a while. Whoever comes next in its place is called instead.

    Only for a role of your own; what calls others is ended by `pages ack`. You sign it: it is an act in the journal.
    Every screen of `watch` says so until it ends. A flash calls all the same, unless it is muted too; the last role
    that flashes reach cannot be.

    \b
    Example:
      hotline --home ARC pages mute duty --for 30m --reason "Exchange of the pager"
    """
    from hotline.paging import mute_line
    from hotline.zulu import parse_duration

    settings = settings_of(context)
    try:
        for_ms = parse_duration(span)
    except ValueError as error:
        raise Misused("usage", f"--for: {error}") from error
    if not reason.strip():
        raise Misused("mute-refused", "a mute has a reason")
    with open_desk(settings) as (desk, officers):
        until_ms = desk.request("pages")["now_ms"] + for_ms
        facts: dict[str, Value] = {"role": role, "until_ms": until_ms, "even_flash": even_flash or None}
        told = desk.request("page-mute", act=_act(desk, officers[0], "mute", facts, reason))
    found = {**facts, "even_flash": even_flash, "by": f"person {officers[0].number}", "entry": told["entry"]}
    settings.output.result(found, [mute_line(found)])


def _act(desk: Desk, officer: Officer, kind: str, facts: dict[str, Value], text: str | None = None) -> bytes:
    """An act for the journal, signed by the officer, whom one of the party's rosters names."""
    from hotline.journalling import make_act

    name = next(iter(sorted(officer.home.pins())), None)
    channel = desk.channel(name)
    return make_act(desk, officer, channel.rosters[channel.own], kind, facts, text).encode()


@pages_command.command("unmute")
@_role_argument
@common_options
@click.pass_context
def unmute(context: click.Context, role: str) -> None:
    """Call a role again before its mute ends.

    \b
    Example:
      hotline --home ARC pages unmute duty
    """
    settings = settings_of(context)
    with open_desk(settings) as (desk, officers):
        was: bool = desk.request("page-unmute", act=_act(desk, officers[0], "unmute", {"role": role}))
    settings.output.result({"role": role, "was_muted": was}, [f"{role} is called{' again' if was else ''}."])
