"""`hotline evidence`: what a node keeps behind its alarms, and files of it for a third party."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.exhibits import COMMANDS
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused
from hotline.printable import printable

if TYPE_CHECKING:
    from nodes.evidence import Kept
    from nodes.home import ChannelHome, NodeHome
    from protocol.accusation import Accusation

PORTABLE = "a third party can check it"
NOT_PORTABLE = "for this node only"


@click.group("evidence")
@common_options
def evidence_command() -> None:
    """Evidence of what the other side's keys, or ours, signed and should not have; and items that are committed to.

    A node keeps the signed objects behind each alarm. Some of them prove to anyone what happened: those can be
    exported, and checked with `hotline verify` by whoever has the file and a policy: list, show, export.

    A file that proves something of an incident is committed to now and opened later, and its hand-overs are
    countersigned: commit, release, verify, hand, take, chain. `registers evidence` lists what is in force.
    """


for _command in COMMANDS:
    evidence_command.add_command(_command)


@evidence_command.command("list")
@common_options
@click.pass_context
def list_command(context: click.Context) -> None:
    """List what is kept, the oldest first. It needs no passphrase and works with the node running or stopped.

    \b
    Example:
      hotline --home ARC evidence list
    """
    from hotline.zulu import zulu

    settings = settings_of(context)
    output = settings.output
    home = settings.node_home()
    found: list[dict[str, Any]] = []
    lines: list[str] = []
    for channel, kept in _all(home):
        portable = _is_portable(home, channel, kept)
        found.append(
            {
                "name": kept.name,
                "counterpart": channel.counterpart,
                "code": kept.code,
                "at_ms": kept.at_ms,
                "portable": portable,
            }
        )
        lines.append(
            f"{kept.name:<34}  {channel.counterpart:<4}  {zulu(kept.at_ms)}  {PORTABLE if portable else NOT_PORTABLE}"
        )
    if not found:
        lines = ["Nothing is kept: no alarm had objects behind it."]
    else:
        lines.append("Next: hotline evidence export NAME -o FILE; what a code means: hotline explain CODE")
    output.result({"evidence": found}, [*settings.banner(), *lines])


@evidence_command.command("show")
@click.argument("name")
@common_options
@click.pass_context
def show_command(context: click.Context, name: str) -> None:
    """Show one piece: its alarm, and what each object is.

    \b
    Example:
      hotline --home ARC evidence show 1795255200000-fork
    """
    from hotline.zulu import zulu
    from protocol.codes import CODES

    settings = settings_of(context)
    home = settings.node_home()
    channel, kept = _one(home, name)
    portable = _is_portable(home, channel, kept)
    known = CODES.get(kept.code)
    objects = {part: _describe(part, data) for part, data in sorted(kept.objects.items())}
    lines = [
        settings.output.paint(kept.name, "bold"),
        f"  {'channel':<14}{home.party} with {channel.counterpart}",
        f"  {'raised':<14}{zulu(kept.at_ms)}",
        f"  {'alarm':<14}{kept.code}" + (f": {known.text}" if known is not None else ""),
        f"  {'proves':<14}{PORTABLE if portable else NOT_PORTABLE}",
        *(f"  {part:<14}{printable(text)}" for part, text in objects.items()),
    ]
    settings.output.result(
        {
            "name": kept.name,
            "counterpart": channel.counterpart,
            "code": kept.code,
            "at_ms": kept.at_ms,
            "portable": portable,
            "objects": {
                part: {"text": objects[part], "hex": data.hex()} for part, data in sorted(kept.objects.items())
            },
        },
        lines,
    )


@evidence_command.command("export")
@click.argument("name")
@click.option("-o", "--out", type=click.Path(), help="File to write. Default: NAME.evidence in the working directory.")
@common_options
@click.pass_context
def export_command(context: click.Context, name: str, out: str | None) -> None:
    """Write evidence that a third party checks with this file and a policy alone. NAME is one of `evidence list`.

    The file holds checkpoints, proofs, beats, an agreement or a receipt, as the case needs: headers and signatures,
    and nothing that was sealed.

    \b
    Examples:
      hotline --home ARC evidence export 1795255200000-fork -o fork.evidence
      hotline verify fork.evidence --policy policy
    """
    from hotline.clock import now_ms
    from hotline.journalling import note_down
    from nodes.files import write_file
    from protocol.tagged import digest

    settings = settings_of(context)
    home = settings.node_home()
    channel, kept = _one(home, name)
    accusation = _portable(home, channel, kept)
    path = Path(out) if out is not None else Path(f"{kept.name}.evidence")
    data = accusation.encode()
    write_file(path, data, mode=0o644)
    note_down(settings, home, "evidence-exported", counterpart=channel.counterpart, digest=digest(data), at_ms=now_ms())
    settings.output.result(
        {"name": kept.name, "kind": accusation.kind, "file": str(path), "bytes": len(data)},
        [f"Evidence of a {accusation.kind} is in {path}.", "Check it with: hotline verify FILE --policy POLICY"],
    )


def _all(home: NodeHome) -> Iterator[tuple[ChannelHome, Kept]]:
    from nodes.evidence import names, read

    for channel in home.channels():
        for name in names(channel.evidence):
            yield channel, read(channel.evidence, name)


def _one(home: NodeHome, name: str) -> tuple[ChannelHome, Kept]:
    from nodes.errors import NodeError
    from nodes.evidence import names, read

    found = [channel for channel in home.channels() if name in names(channel.evidence)]
    if not found:
        raise NodeError("no-such-evidence", f"{home.path} keeps no evidence {printable(name[:60])!r}")
    if len(found) > 1:
        raise Misused("channel-not-chosen", f"{name} is kept for {', '.join(one.counterpart for one in found)}")
    return found[0], read(found[0].evidence, name)


def _portable(home: NodeHome, channel: ChannelHome, kept: Kept) -> Accusation:
    """What is kept as evidence for others, by the present logs or by those that ended."""
    from nodes.evidence import NotPortable, portable
    from nodes.stopped import open_stores, read_agreement

    agreement = read_agreement(channel)
    with open_stores(home, channel) as stores:
        for store in stores[:-1]:
            try:
                return portable(kept, home=channel, store=store, agreement=agreement)
            except NotPortable:
                continue
        return portable(kept, home=channel, store=stores[-1], agreement=agreement)


def _is_portable(home: NodeHome, channel: ChannelHome, kept: Kept) -> bool:
    """Whether a third party could check it. Where the logs cannot be read, nobody knows."""
    from nodes.errors import NodeError

    try:
        _portable(home, channel, kept)
    except NodeError:
        return False
    return True


def _describe(name: str, data: bytes) -> str:
    """One line about an object, which may be anything."""
    from protocol import beat, frames
    from protocol.checkpoint import parse_text
    from protocol.errors import ProtocolError
    from protocol.note import parse as parse_note

    try:
        if name == "beat":
            read = beat.parse(data)
            return f"beat of {read.party}: own log {read.own[0]}, held {read.held[0]}, quoted {read.quoted}"
        if name == "frame":
            return f"{frames.parse(data).type.name.lower()} frame of {len(data)} bytes"
        note = parse_note(data)
        checkpoint = parse_text(note.text)
        return (
            f"checkpoint of {checkpoint.size} entries, root {checkpoint.root.hex()[:16]}, {len(note.signatures)} lines"
        )
    except ProtocolError:
        return f"{len(data)} bytes"
