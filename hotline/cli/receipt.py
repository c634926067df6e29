"""`hotline receipt`: write the receipt of a statement."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.cli.settings import common_options, settings_of
from hotline.errors import CouldNot, Misused


@click.command("receipt")
@click.argument("serial")
@click.option("-o", "--out", type=click.Path(), help="File to write. Default: ARC-17.tlog-proof.")
@common_options
@click.pass_context
def receipt_command(context: click.Context, serial: str, out: str | None) -> None:
    """Write the receipt of a statement: its place in the log, under a checkpoint that the other side cosigned.

    Anyone can verify it with a policy file and no home. It needs no passphrase and works with the node stopped.

    \b
    Examples:
      hotline --home ARC receipt 'ARC 17' -o arc17.tlog-proof
      hotline --home ARC receipt 'ARC/BOR 17'
    """
    from hotline.clock import now_ms
    from hotline.journalling import note_down
    from hotline.reference import parse_reference
    from nodes.files import write_file
    from nodes.past import open_past
    from nodes.receipts import receipt_of
    from nodes.stopped import open_store, read_agreement

    settings = settings_of(context)
    home = settings.node_home()
    reference = parse_reference(serial, party=home.party)
    channels = home.channels()
    if reference.counterpart is not None:
        channels = [channel for channel in channels if channel.counterpart == reference.counterpart]
    if not channels:
        raise CouldNot("channel-unknown", f"{home.path} has no channel for {serial!r}")
    if len(channels) > 1:
        names = ", ".join(f"{home.party}/{channel.counterpart}" for channel in channels)
        raise Misused("channel-not-chosen", f"say which channel: one of {names}, as in '{home.party}/BOR 17'")
    past = open_past(channels[0], read_agreement(channels[0]), own=home.party)
    try:
        with open_store(home, channels[0]) as store:
            data = receipt_of(store, past, reference.voice, reference.index)
    finally:
        past.close()
    path = Path(out) if out is not None else Path(f"{reference.voice}-{reference.index}.tlog-proof")
    write_file(path, data, mode=0o644)
    note_down(
        settings,
        home,
        "receipt-given",
        counterpart=channels[0].counterpart,
        voice=reference.voice,
        index=reference.index,
        at_ms=now_ms(),
    )
    settings.output.result(
        {"serial": reference.serial, "counterpart": channels[0].counterpart, "file": str(path), "bytes": len(data)},
        [f"The receipt of {reference.serial} is in {path}.", "Check it with: hotline verify FILE --policy POLICY"],
    )
