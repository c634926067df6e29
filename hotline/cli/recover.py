"""`hotline recover`: both logs of a home whose disk is gone, back from the counterparts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused, Refused

if TYPE_CHECKING:
    from hotline.output import Output
    from nodes.recovery import Come

SAY_EVERY_S = 1.0


@click.command("recover")
@click.option(
    "--patience", type=click.IntRange(1), default=60, show_default=True, help="Seconds that nothing may come."
)
@common_options
@click.pass_context
def recover_command(context: click.Context, patience: int) -> None:
    """Bring back the logs of a node whose disk is gone, from its counterparts' nodes.

    The home has its keys, settings and documents again (hotline restore, of a backup with --keys-only or any other), on
    this machine or a new one. The command runs the node without letting it say anything, fetches its own log, the
    mirror and the bodies, and checks all of it: signatures, hashes, commitments, and that every body opens. It may be
    interrupted and run again. Then start the node: it goes on under the same log.

    A file of logs that no node can use any more (store-unreadable) is set aside under another name first. What waited
    in it as a draft or in the queue is not brought back.

    \b
    Example:
      hotline --home ARC --passphrase-file pass recover
    """
    import asyncio
    import os

    from hotline.clock import now_ms
    from nodes import logs
    from nodes.config import NodeConfig
    from nodes.node import Node
    from nodes.open_keys import open_keys
    from nodes.recovery import RecoveryFailed, prepare, recover

    settings = settings_of(context)
    output = settings.output
    home = settings.node_home()
    if not home.channels():
        raise Misused("channel-unknown", f"{home.path} has no channel to recover")
    config = NodeConfig.load(home.config_path)
    keyring = open_keys(home, config, lambda: settings.passphrase(0, what=f"the node of {home.party}"))
    logs.configure("error")
    os.umask(0o077)
    progress = _Progress(output)

    async def work() -> list[Come]:
        node = Node(home, config, keyring, silent=True)
        for path in prepare(node, now_ms()):
            output.note(f"{path}: the file of logs could not be used and was set aside under this name")
        node.open()
        return await recover(node, progress, patience_s=patience)

    began_s = time.monotonic()
    try:
        found = asyncio.run(work())
    except RecoveryFailed as error:
        raise Refused(error.code, error.text) from error
    took_s = time.monotonic() - began_s
    lines = [f"{home.party}: everything is here again and verifies ({took_s:.1f} s)."]
    lines += [f"  {come.counterpart}  {come.own} entries of ours, {come.their} of theirs" for come in found]
    lines.append("What was logged here and never held by the other side is not among it: ask the officers.")
    lines.append(f"Next: hotline --home {home.path} node run")
    output.result(
        {
            "party": home.party,
            "seconds": round(took_s, 3),
            "channels": {come.counterpart: {"own": come.own, "their": come.their} for come in found},
            "next": f"hotline --home {home.path} node run",
        },
        lines,
    )


class _Progress:
    """One line a second, for each counterpart."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._said_s: dict[str, float] = {}

    def __call__(self, come: Come) -> None:
        """Take how far a line is; it may come from any thread."""
        now_s = time.monotonic()
        if now_s - self._said_s.setdefault(come.counterpart, now_s) < SAY_EVERY_S:
            return
        self._said_s[come.counterpart] = now_s
        own = f"{come.own} of {come.own_of}" if come.own_of is not None else str(come.own)
        their = f"{come.their} of {come.their_of}" if come.their_of is not None else str(come.their)
        waits = "; the counterpart has not answered yet" if come.their_of is None else ""
        self._output.note(f"{come.counterpart}: {come.step}: {own} entries of ours, {their} of theirs{waits}")
