"""`hotline scrub`: compare everything that is stored with what was signed, now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.settings import common_options, settings_of
from hotline.errors import CouldNot

if TYPE_CHECKING:
    from hotline.output import Output
    from nodes.home import NodeHome

LOOK_EVERY_S = 0.25
SAY_EVERY_S = 2.0
DAMAGED = 1


@click.command("scrub")
@click.option(
    "--timeout", type=click.IntRange(1), default=3600, show_default=True, help="Seconds after which to stop waiting."
)
@common_options
@click.pass_context
def scrub_command(context: click.Context, timeout: int) -> int:
    """Read everything that is stored of every channel, and compare it with what was signed.

    A running node does this by itself, slowly, once a day; this begins a pass now, at full speed, and waits for it.
    What is damaged is fetched back from the other side, verified and written anew; the line goes on meanwhile. With
    the node stopped it only says what is damaged. It needs no passphrase. Exit 1 where damage is left.

    \b
    Example:
      hotline --home ARC scrub
    """
    from nodes.client import NodeClient
    from nodes.errors import ApiRefused

    settings = settings_of(context)
    home = settings.node_home()
    try:
        with NodeClient.connect(home.socket) as client:
            found = _follow(client.request, settings.output, timeout)
    except ApiRefused as error:
        if error.code not in {"node-not-running", "node-closed"}:
            raise
        found = _alone(home)
    left = sum(one["damaged"] for one in found.values())
    repaired = sum(one["repaired"] for one in found.values())
    lines = []
    for counterpart, one in found.items():
        text = "everything is what was signed" if not one["damaged"] else f"{one['damaged']} entries are damaged"
        mended = f", {one['repaired']} mended since the node started" if one["repaired"] else ""
        lines.append(f"{home.party} with {counterpart}: {text}{mended}.")
    if left:
        lines.append("What is left comes back once the other side's node answers; see: hotline explain log-damaged")
    settings.output.result({"party": home.party, "channels": found, "damaged": left, "repaired": repaired}, lines)
    return DAMAGED if left else 0


def _follow(request: Any, output: Output, timeout: int) -> dict[str, dict[str, Any]]:
    """Wait until a pass that began now is whole at every line."""
    before: dict[str, Any] = request("scrub")
    # A pass that is under way has looked at some of it already; the next one looks at all of it.
    wanted = {name: one["passes"] + (2 if one["running"] or one["position"] else 1) for name, one in before.items()}
    until = time.monotonic() + timeout
    said = time.monotonic()
    while True:
        found: dict[str, dict[str, Any]] = request("scrub")
        open_ones = [name for name, one in found.items() if one["passes"] < wanted.get(name, 1)]
        if not open_ones:
            # Damage that the other side can make good comes back within a moment.
            if not any(one["damaged"] for one in found.values()) or time.monotonic() >= until:
                return found
            return _settle(request, found)
        if time.monotonic() >= until:
            raise CouldNot("timed-out", f"the pass over {', '.join(open_ones)} is not whole yet; it goes on")
        if any(not found[name]["running"] for name in open_ones):
            request("scrub", now=True)
        if time.monotonic() - said >= SAY_EVERY_S:
            said = time.monotonic()
            for name in open_ones:
                one = found[name]
                output.note(f"{name}: {one['voice']} {one['position']} of {one['size']}")
        time.sleep(LOOK_EVERY_S)


def _settle(request: Any, found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    until = time.monotonic() + 10
    while time.monotonic() < until and any(one["damaged"] for one in found.values()):
        time.sleep(LOOK_EVERY_S)
        found = request("scrub")
    return found


def _alone(home: NodeHome) -> dict[str, dict[str, Any]]:
    """Look at the files of a stopped node; nothing is written."""
    from nodes.highwater import HighWater
    from nodes.soundness import damage_of
    from nodes.stopped import open_store

    found = {}
    for channel in home.channels():
        if not channel.log_db.is_file():
            continue
        with open_store(home, channel) as store:
            places = sum(damage_of(store, HighWater(channel.high_water), voice) for voice in (store.own, store.their))
        found[channel.counterpart] = {"damaged": places, "repaired": 0, "running": False}
    return found
