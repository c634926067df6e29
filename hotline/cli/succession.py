"""`hotline succession`: people end a log that cannot be repaired, and begin its successor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotline.cli.settings import common_options, settings_of
from hotline.errors import CouldNot, Misused
from hotline.printable import printable
from protocol.succession import REASONS

if TYPE_CHECKING:
    from hotline.cli.settings import Settings
    from hotline.succession import Shown
    from nodes.home import ChannelHome, NodeHome
    from nodes.succession_file import SuccessionFile


@click.group("succession")
@common_options
def succession_command() -> None:
    """End a log that cannot be repaired, and begin its successor.

    After a fork, a stolen log key, or a tail that is at neither side any more, only a successor log leads on. The
    counterpart attests how far it receipted the log; the party's roots and officers sign; both nodes, stopped, put the
    succession in place. What was receipted stays said; what was not is said anew.

    \b
    In order:
      counterpart   hotline --home BOR succession attest --with ARC ARC.attested
      party         hotline --home ARC succession begin --with BOR --reason fork --attested ARC.attested ARC.succession
      officers      hotline --home ARC succession sign --as senior ARC.succession
      party         hotline --home ARC succession complete ARC.succession
      counterpart   hotline --home BOR succession accept ARC.succession
    """


@succession_command.command("attest")
@click.argument("out", type=click.Path())
@click.option("--with", "counterpart", metavar="ABC", help="Whose log is to end; needed with several channels.")
@click.option("--entries-from", type=click.IntRange(min=0), help="Also give the entries from this one on.")
@common_options
@click.pass_context
def attest_command(context: click.Context, out: str, counterpart: str | None, entries_from: int | None) -> None:
    """Say to the counterpart how far its log is receipted here: our last cosignature, in a file.

    Needs no passphrase; the node may run. Stop it before you accept the succession, and attest after a stop if the log
    may still grow.

    \b
    Examples:
      hotline --home BOR succession attest --with ARC ARC.attested
      hotline --home BOR succession attest --with ARC --entries-from 40 ARC.attested
    """
    from hotline.succession import attest
    from nodes.files import write_file
    from protocol.checkpoint import parse_text
    from protocol.note import parse as parse_note

    settings = settings_of(context)
    home, channel = _channel(settings, counterpart)
    made = attest(home, channel, entries_from=entries_from)
    write_file(Path(out), made.encode(), replace=False)
    checkpoint = parse_text(parse_note(made.note).text)
    settings.output.result(
        {
            "party": channel.counterpart,
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "entries": len(made.entries),
            "file": out,
        },
        [
            f"{out}: we receipted {checkpoint.size} entries of {channel.counterpart}, and no more.",
            f"  origin {checkpoint.origin}",
            f"  entries in the file: {len(made.entries)}",
        ],
    )


@succession_command.command("begin")
@click.argument("out", type=click.Path())
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option("--reason", type=click.Choice(REASONS), required=True, help="Why the log cannot go on.")
@click.option("--attested", type=click.Path(), help="The counterpart's attestation. Default: its last receipt here.")
@click.option(
    "--roots", "roots_directory", type=click.Path(), help="Directory with root and reserve keys. Default: HOME/roots."
)
@click.option("--roots-passphrase-file", type=click.Path(), help="Passphrase of the root keys.")
@common_options
@click.pass_context
def begin_command(
    context: click.Context,
    out: str,
    counterpart: str | None,
    reason: str,
    attested: str | None,
    roots_directory: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Make the succession of our own log, for the officers to sign. The node is stopped.

    The roots sign the roster that brings the announced log, and announces the one after it. Nothing changes in the home
    before `complete`. The attestation is the safe way: the counterpart takes no other end than its own last receipt.

    \b
    Example:
      hotline --home ARC succession begin --with BOR --reason fork --attested ARC.attested ARC.succession
    """
    from hotline.clock import now_ms
    from hotline.secret_files import root_secrets
    from hotline.succession import begin
    from nodes.errors import FileRefused
    from nodes.files import read_file, write_file
    from nodes.succession_file import ATTESTED_BYTES_MAX, Attestation

    settings = settings_of(context)
    home, channel = _channel(settings, counterpart)
    if Path(out).exists():
        raise FileRefused("file-exists", Path(out), "there is a file already")
    given = None if attested is None else Attestation.parse(read_file(Path(attested), bytes_max=ATTESTED_BYTES_MAX))
    opened = root_secrets(settings, home, directory=roots_directory, passphrase_file=roots_passphrase_file)
    data, shown = begin(home, channel, opened, reason=reason, attested=given, now_ms=now_ms())
    write_file(Path(out), data, replace=False)
    _show(settings, shown, out, "Next: the officers sign it: hotline succession sign")


@succession_command.command("sign")
@click.argument("file", type=click.Path())
@click.option("--yes", is_flag=True, help="Sign without being asked.")
@common_options
@click.pass_context
def sign_command(context: click.Context, file: str, yes: bool) -> None:
    """Sign a succession as an officer of the party whose log ends. No node is needed.

    Your own client checks the roster in it against the roots of the agreement that you pinned, and shows what you sign.

    \b
    Example:
      hotline --home ARC succession sign --as senior --as duty ARC.succession
    """
    from hotline.clock import now_ms
    from hotline.desk import Officer
    from hotline.succession import add_signatures, pinned, shown
    from nodes.files import write_file

    settings = settings_of(context)
    given = _read(file)
    officers = [
        Officer.open(home, settings.passphrase(place, what=home.name))
        for place, home in enumerate(settings.officer_homes())
    ]
    for line in _lines(shown(given, pinned(officers[0], given)), file):
        settings.output.note(line)
    settings.confirm("Sign that this log ends so, and goes on in its successor?", yes=yes)
    signed, now = add_signatures(given, officers, now_ms=now_ms())
    write_file(Path(file), signed.encode())
    _show(
        settings, now, file, "Next: hotline succession complete" if not now.missing else "Next: another officer signs"
    )


@succession_command.command("show")
@click.argument("file", type=click.Path())
@common_options
@click.pass_context
def show_command(context: click.Context, file: str) -> None:
    """Show what a succession file says. It is checked by `complete` and `accept`, not here.

    \b
    Example:
      hotline --home BOR succession show ARC.succession
    """
    from hotline.succession import shown
    from nodes.stopped import read_agreement

    settings = settings_of(context)
    given = _read(file)
    for channel in settings.node_home().channels():
        agreement = read_agreement(channel)
        if agreement.digest == given.statement.agreement:
            _show(settings, shown(given, agreement), file, "")
            return
    raise CouldNot("channel-unknown", "this succession is on no channel of this home")


@succession_command.command("complete")
@click.argument("file", type=click.Path())
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option(
    "--roots", "roots_directory", type=click.Path(), help="Directory with the reserve keys. Default: HOME/roots."
)
@click.option("--roots-passphrase-file", type=click.Path(), help="Passphrase of the root keys.")
@common_options
@click.pass_context
def complete_command(
    context: click.Context,
    file: str,
    counterpart: str | None,
    roots_directory: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Put the succession of our own log in place. The node is stopped; start it afterwards.

    The log that ended stays in the home, whole, and is exported and audited with its successor. Interrupted, the same
    command finishes it. Then hand the file to the counterpart.

    \b
    Example:
      hotline --home ARC succession complete --with BOR ARC.succession
    """
    from hotline.secret_files import root_secrets
    from hotline.succession import complete

    settings = settings_of(context)
    home, channel = _channel(settings, counterpart)
    given = _read(file)
    opened = root_secrets(settings, home, directory=roots_directory, passphrase_file=roots_passphrase_file)
    shown = complete(home, channel, given, opened)
    _show(settings, shown, file, f"In place. Hand {file} to {channel.counterpart}, and start the node.")


@succession_command.command("accept")
@click.argument("file", type=click.Path())
@click.option("--with", "counterpart", metavar="ABC", help="Whose log ends; needed with several channels.")
@common_options
@click.pass_context
def accept_command(context: click.Context, file: str, counterpart: str | None) -> None:
    """Take the succession of the counterpart's log. The node is stopped; start it afterwards.

    The roots of the agreement must have signed the roster, persons of the roster in force the succession, and it must
    end the log where we cosigned it last. Our mirror of the log that ended stays, with everything disputed beside it.

    \b
    Example:
      hotline --home BOR succession accept --with ARC ARC.succession
    """
    from hotline.succession import accept

    settings = settings_of(context)
    home, channel = _channel(settings, counterpart)
    shown = accept(home, channel, _read(file))
    _show(settings, shown, file, "In place. Start the node.")


def _read(path: str) -> SuccessionFile:
    from nodes.files import read_file
    from nodes.succession_file import FILE_BYTES_MAX, SuccessionFile

    return SuccessionFile.parse(read_file(Path(path), bytes_max=FILE_BYTES_MAX))


def _channel(settings: Settings, counterpart: str | None) -> tuple[NodeHome, ChannelHome]:
    home = settings.node_home()
    channels = [one for one in home.channels() if counterpart in (None, one.counterpart)]
    if not channels:
        raise CouldNot("channel-unknown", f"{home.path} has no such channel")
    if len(channels) > 1:
        names = ", ".join(one.counterpart for one in channels)
        raise Misused("channel-not-chosen", f"say which with --with: {names}")
    return home, channels[0]


def _lines(shown: Shown, file: str) -> list[str]:
    succession = shown.succession
    checkpoint = succession.checkpoint
    ends = f"log {succession.epoch - 1} of {shown.party} with {shown.counterpart} ends"
    lines = [
        f"{printable(file)}: {ends}; log {succession.epoch} goes on.",
        f"  reason   {succession.reason}",
        f"  counts   {checkpoint.size} entries, root {checkpoint.root.hex()}",
        f"  signed   {', '.join(shown.signers) or 'nobody yet'}",
    ]
    if shown.missing:
        lines.append(f"  missing  {', '.join(shown.missing)}")
    if shown.waiting:
        lines.append(f"  {shown.waiting} statements that waited here are void; say them anew.")
    return lines


def _show(settings: Settings, shown: Shown, file: str, last: str) -> None:
    succession = shown.succession
    settings.output.result(
        {
            "party": shown.party,
            "counterpart": shown.counterpart,
            "epoch": succession.epoch,
            "reason": succession.reason,
            "size": succession.checkpoint.size,
            "root": succession.checkpoint.root.hex(),
            "signers": list(shown.signers),
            "missing": list(shown.missing),
            "void": shown.waiting,
            "file": file,
        },
        [*_lines(shown, file), *([last] if last else [])],
    )
