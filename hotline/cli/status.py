"""`hotline status`: how the line is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import Misused
from hotline.output import counted
from hotline.printable import printable

if TYPE_CHECKING:
    from hotline.output import Output
    from nodes.home import ChannelHome, NodeHome, OfficerHome

WATCH_EVERY_S = 1.0
_COLOUR = {"up": "green", "degraded": "yellow", "down": "red"}


@click.command("status")
@click.option("--watch", is_flag=True, help="Show it again each second until interrupted.")
@common_options
@click.pass_context
def status_command(context: click.Context, watch: bool) -> None:
    """Say how the line is; works with the node running or stopped, without a passphrase.

    \b
    Examples:
      hotline --home ARC status
      hotline --home ARC status --watch
    """
    settings = settings_of(context)
    output = settings.output
    home = settings.any_home()
    if not watch:
        found = gather(home)
        output.result(found, lines_of(found, output))
        return
    if output.as_json:
        raise Misused("usage", "--watch shows a screen; ask for --json again and again instead")
    _watch(home, settings)


def gather(home: NodeHome | OfficerHome) -> dict[str, Any]:
    """Ask the node, or read the home where no node answers."""
    from nodes.client import NodeClient
    from nodes.errors import ApiRefused
    from nodes.home import NodeHome
    from nodes.stopped import status_of

    socket = home.socket if isinstance(home, NodeHome) else home.node_socket
    try:
        with NodeClient.connect(socket) as client:
            told = client.request("status")
        return {"party": told["party"], "node": "running", "channels": told["channels"]}
    except ApiRefused as error:
        if error.code not in {"node-not-running", "node-closed"} or not isinstance(home, NodeHome):
            raise
    channels = status_of(home)
    for found in channels:
        found["details"] |= _terms_of(home.channel(found["counterpart"]), home.party)
    return {"party": home.party, "node": "stopped", "channels": channels}


def _terms_of(channel: ChannelHome, party: str) -> dict[str, Any]:
    """When the agreement ends and whether its review is due, as the home has it; nothing where it cannot be read."""
    from hotline.clock import now_ms
    from nodes.errors import NodeError
    from nodes.governing import reign_in_force
    from protocol.governance import review_due

    try:
        reign = reign_in_force(channel)
    except NodeError:
        return {}
    return {"ends_ms": reign.ends_of(party), "review_due": review_due(reign.agreement, now_ms())}


def lines_of(found: dict[str, Any], output: Output) -> list[str]:
    """Show a status for people."""
    from hotline.banners import of_details
    from hotline.clock import now_ms
    from hotline.zulu import zulu_short
    from protocol.standing import ABSENCES

    running = found["node"] == "running"
    lines = [f"{found['party']}: node {output.paint(found['node'], 'green' if running else 'red')}"]
    for channel in found["channels"]:
        state = str(channel["line"])
        said = output.words.coded("line-state", state)
        lines.append("")
        lines.append(f"  {channel['counterpart']}  line {output.paint(said, 'bold', _COLOUR.get(state, 'red'))}")
        behind = channel["own_size"] - channel["own_held"]
        lines.append(
            f"    our log    {channel['own_size']} entries, {channel['own_held']} held by them"
            + (f", {behind} on their way" if behind else "")
        )
        lines.append(f"    their log  {channel['their_size']} entries held by us")
        if channel["last_beat_at_ms"] is not None:
            lines.append(f"    last beat  {zulu_short(channel['last_beat_at_ms'])}")
        if channel["round_trip_ms"] is not None:
            lines.append(f"    round trip {channel['round_trip_ms']} ms, clock offset {channel['clock_offset_ms']} ms")
        if channel["due"]:
            lines.append(f"    due        {counted(channel['due'], 'statement')} to look after")
        details = channel.get("details") or {}
        for text in of_details(details, now_ms=now_ms()):
            lines.append(output.paint(f"    {text}", "bold", "yellow"))
        if details.get("no_answer"):
            counts = (f"{number} {ABSENCES[code]}" for code, number in details["no_answer"].items())
            lines.append(f"    no answer  {', '.join(counts)}")
        for one in details.get("witnesses", ()):
            lines.append(f"    witness    {_witness(one)}")
        recovery = details.get("recovery")
        if recovery:
            lines.append(output.paint(f"    PUT BACK   {_recovery(recovery)}", "bold", "yellow"))
        if details and not details.get("live", True):
            lines.append(output.paint("    waiting for the counterpart: what officers send is queued", "yellow"))
        if details.get("disputed"):
            text = f"{channel['counterpart']} signed two logs; what is new of it is kept beside the one that is held"
            lines.append(output.paint(f"    DISPUTED   {text}; run: hotline evidence list", "bold", "red"))
        succeeded = details.get("succeeded", ())
        for one in succeeded:
            where = f"{one['entries']} entries ({one['reason']})"
            text = f"log {one['epoch']} of {one['party']} at {where}; its successor goes on"
            lines.append(f"    ended      {text}")
        for branch in details.get("branches", ()):
            first, last = (f"{channel['counterpart']} {place}~{branch['number']}" for place in _ends(branch))
            lines.append(output.paint(f"    branch {branch['number']:<3} {first} to {last}, not receipted", "red"))
        scrub = details.get("scrub") or {}
        if scrub.get("damaged"):
            text = f"{scrub['damaged']} stored entries are damaged; they are asked back from {channel['counterpart']}"
            lines.append(output.paint(f"    DAMAGED    {text}", "bold", "red"))
        for index in details.get("ahead", ()):
            number = index + sum(one["entries"] for one in succeeded if one["party"] == channel["counterpart"])
            text = f"{channel['counterpart']} {number} came ahead of {max(0, index - channel['their_size'])} entries"
            lines.append(output.paint(f"    FLASH      {text}; read it now with: hotline inbox", "bold", "red"))
        for name in ("queued", "drafts", "held_back"):
            if details.get(name):
                lines.append(f"    {name.replace('_', ' '):<10} {details[name]}")
        if details.get("reviews"):
            text = f"{details['reviews']} released by one person wait for their review; run: hotline drafts"
            lines.append(output.paint(f"    EMERGENCY  {text}", "bold", "red"))
        for alarm in [one for one in details.get("alarms", ()) if one.get("over_ms") is None][-3:]:
            text = printable(f"{zulu_short(alarm['at_ms'])} {alarm['code']}: {alarm['text']}")
            lines.append(output.paint(f"    ALARM      {text}", "bold", "red"))
    if not found["channels"]:
        lines.append("  no channel yet; next: hotline pair")
    return lines


def _witness(one: dict[str, Any]) -> str:
    from hotline.zulu import zulu_short

    name, problem = printable(one["name"]), printable(one["problem"])
    if not one["asked"]:
        return f"{name}: node.toml has no address of it"
    when = (
        "has not cosigned since the start" if one["at_ms"] is None else f"{one['size']} at {zulu_short(one['at_ms'])}"
    )
    return f"{name}: {when}" + (f"; {problem}" if problem else "")


def _recovery(recovery: dict[str, Any]) -> str:
    """That the disk is an old one, and how far the log is back."""
    from hotline.zulu import zulu_short

    parts = []
    if recovery["restored_at_ms"] is not None:
        made = recovery["backup_at_ms"]
        parts.append("without its logs" if made is None else f"from a backup of {zulu_short(made)}")
    if recovery["goal"] is not None:
        parts.append(f"{recovery['entries']} of our {recovery['goal']} entries are here, the rest is asked for")
    return "; ".join(parts)


def _ends(branch: dict[str, Any]) -> tuple[int, int]:
    return branch["start"], branch["size"] - 1


def _watch(home: NodeHome | OfficerHome, settings: Settings) -> None:
    output = settings.output
    screen = output.out.isatty()
    before: list[str] = []
    try:
        while True:
            lines = lines_of(gather(home), output)
            if screen:
                output.out.write("\x1b[H\x1b[2J")
            if screen or lines != before:
                for line in lines:
                    output.line(line)
            before = lines
            time.sleep(WATCH_EVERY_S)
    except KeyboardInterrupt:
        return
