"""`hotline log export`: a voice's log as files for auditors."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused


@click.group("log")
@common_options
def log_command() -> None:
    """Export a voice's log for auditors."""


@log_command.command("export")
@click.argument("out", type=click.Path())
@click.option("--voice", metavar="ABC", help="Whose log: ours, or the counterpart's as we hold it. Default: ours.")
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@common_options
@click.pass_context
def export_command(context: click.Context, out: str, voice: str | None, counterpart: str | None) -> None:
    """Write a voice's log, up to the newest checkpoint that the other side cosigned, to a directory.

    It needs no passphrase and works with the node running or stopped. Auditors compare both voices.

    \b
    Examples:
      hotline --home ARC log export arc-log
      hotline --home ARC log export bor-log --voice BOR
    """
    from hotline.channels import channel_of
    from hotline.clock import now_ms
    from hotline.journalling import note_down
    from nodes.export import export
    from nodes.past import open_past
    from nodes.stopped import open_store, read_agreement

    settings = settings_of(context)
    home = settings.node_home()
    channel = channel_of(home, counterpart if counterpart or voice in {None, home.party} else voice)
    chosen = voice or home.party
    if chosen not in {home.party, channel.counterpart}:
        raise Misused("channel-unknown", f"{chosen} is not a voice of the channel with {channel.counterpart}")
    agreement = read_agreement(channel)
    past = open_past(channel, agreement, own=home.party)
    try:
        with open_store(home, channel) as store:
            written = export(store, chosen, Path(out), agreement=agreement, past=past)
    finally:
        past.close()
    note_down(
        settings,
        home,
        "log-exported",
        counterpart=channel.counterpart,
        voice=written.voice,
        size=written.size,
        at_ms=now_ms(),
    )
    settings.output.result(
        {
            "voice": written.voice,
            "counterpart": channel.counterpart,
            "origin": written.origin,
            "size": written.size,
            "files": written.files,
            "bytes": written.bytes,
            "directory": out,
        },
        [
            f"{written.voice}: {written.size} entries in {written.files} files, {written.bytes} bytes, in {out}.",
            f"  origin {written.origin}",
        ],
    )
