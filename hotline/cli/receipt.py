"""`hotline receipt`: write the receipt of a statement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotline.cli.settings import common_options, settings_of
from hotline.errors import CouldNot, Misused

if TYPE_CHECKING:
    from hotline.reference import Reference
    from nodes.receipts import RevokedCosigner


@click.command("receipt")
@click.argument("serial")
@click.option("-o", "--out", type=click.Path(), help="File to write. Default: ARC-17.tlog-proof.")
@common_options
@click.pass_context
def receipt_command(context: click.Context, serial: str, out: str | None) -> None:
    """Write the receipt of a statement: its place in the log, under a checkpoint that the other side cosigned.

    Anyone can verify it with a policy file and no home. It needs no passphrase and works with the node stopped. Where
    the other side's mirror key was revoked since, it says from which entry on such a receipt shows nothing.

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
    from nodes.receipts import cosigner_of, receipt_of
    from nodes.stopped import open_store, read_agreement
    from protocol.trust import AFTER_LAST_TRUST

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
    agreement = read_agreement(channels[0])
    past = open_past(channels[0], agreement, own=home.party)
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
    revoked = cosigner_of(data, channels[0], agreement, voice=reference.voice, index=reference.index)
    lines = [f"The receipt of {reference.serial} is in {path}.", "Check it with: hotline verify FILE --policy POLICY"]
    if revoked is not None:
        lines += [settings.output.paint(line, "bold", "red") for line in _revoked_lines(revoked, reference)]
    settings.output.result(
        {
            "serial": reference.serial,
            "counterpart": channels[0].counterpart,
            "file": str(path),
            "bytes": len(data),
            "distrusted": None
            if revoked is None
            else {
                "code": AFTER_LAST_TRUST,
                "reason": revoked.key.reason,
                "trusted": revoked.key.trusted,
                "from": f"{reference.voice} {revoked.key.trusted}",
                "entry": reference.index >= revoked.key.trusted,
            },
        },
        lines,
    )


def _revoked_lines(revoked: RevokedCosigner, reference: Reference) -> list[str]:
    """Say from which entry on the receipt shows nothing, and what to do."""
    from protocol.trust import AFTER_LAST_TRUST

    first = f"{reference.voice} {revoked.key.trusted}"
    text = f"{AFTER_LAST_TRUST}: its checkpoint is cosigned with a mirror key of {revoked.party} that was revoked"
    lines = [f"{text} ({revoked.key.reason}): not trusted from {first} on."]
    if reference.index < revoked.key.trusted:
        return [*lines, f"{reference.serial} is before that: for it the receipt counts."]
    lines.append(f"For {reference.serial} it shows nothing. Where {revoked.party}'s new key has cosigned the log,")
    return [*lines, "the same command writes a receipt that counts: see hotline status."]
