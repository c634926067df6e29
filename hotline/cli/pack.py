"""`hotline pack`: both voices of a channel in one file for auditors."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.cli.settings import common_options, settings_of


@click.command("pack")
@click.argument("out", metavar="OUT.hotline", type=click.Path())
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@common_options
@click.pass_context
def pack_command(context: click.Context, out: str, counterpart: str | None) -> None:
    """Write both voices of a channel, as far as each was cosigned, into one file for auditors.

    It holds headers and proofs and no contents, needs no passphrase, and works with the node running or stopped. Any
    tool for ZIP opens it; `hotline audit OUT.hotline --policy FILE` audits it.

    \b
    Examples:
      hotline --home ARC pack line.hotline
      hotline --home ARC pack bor.hotline --with BOR
    """
    from hotline.channels import channel_of
    from hotline.clock import now_ms
    from hotline.journalling import note_down
    from nodes.pack import pack
    from nodes.past import open_past
    from nodes.stopped import open_store, read_agreement

    settings = settings_of(context)
    home = settings.node_home()
    channel = channel_of(home, counterpart)
    agreement = read_agreement(channel)
    past = open_past(channel, agreement, own=home.party)
    at_ms = now_ms()
    try:
        with open_store(home, channel) as store:
            packed = pack(store, Path(out), agreement=agreement, past=past, at_ms=at_ms)
    finally:
        past.close()
    for voice, size in packed.sizes.items():
        note_down(settings, home, "log-exported", counterpart=channel.counterpart, voice=voice, size=size, at_ms=at_ms)
    settings.output.result(
        {
            "out": out,
            "counterpart": channel.counterpart,
            "sizes": packed.sizes,
            "files": packed.files,
            "bytes": packed.bytes,
        },
        [
            f"{out}: {', '.join(f'{size} entries of {voice}' for voice, size in packed.sizes.items())}",
            f"next: hotline audit {out} --policy FILE, with a policy that does not come from here",
        ],
    )
