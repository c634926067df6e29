"""`hotline watch`: the duty officer's screen."""

from __future__ import annotations

import shlex
import sys

import click

from hotline.cli.session import open_officers
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused


@click.command("watch")
@click.option("--plain", is_flag=True, help="One line for each change instead of a screen, for logs and pipes.")
@click.option(
    "--sound-command",
    metavar="COMMAND",
    help="Run this in the place of the bell. Default: sound_command of officer.toml.",
)
@click.option("--no-bell", is_flag=True, help="Make no sound of the terminal; the screen says so.")
@common_options
@click.pass_context
def watch_command(context: click.Context, plain: bool, sound_command: str | None, no_bell: bool) -> None:
    """Watch the lines: their state, what is due and overdue, what was said, and what calls for a person.

    A sound goes on until somebody acknowledges: here by a key, or anywhere by opening or answering the statement, or by
    `pages ack`. Keys: a acknowledges all that calls, 1 to 9 one of it, space turns to what does not fit, q quits. That
    says nothing to the other side. When the node does not answer, the desk is silent, and the screen says so.

    The passphrase is asked for once; the key stays open in this program, which logs in again after each restart of the
    node. It opens no contents.

    \b
    Examples:
      hotline --home officers/duty watch
      hotline --home officers/duty watch --sound-command 'paplay /usr/share/sounds/alarm.oga'
      hotline --home officers/duty --passphrase-file pass watch --json
    """
    from hotline.watch.run import as_lines, at_screen
    from hotline.watch.watcher import Watcher

    settings = settings_of(context)
    output = settings.output
    lines = plain or output.as_json
    if not lines and not (sys.stdin.isatty() and output.out.isatty()):
        raise Misused("usage", "watch needs a terminal; give --plain or --json for lines")
    if settings.passkey:
        # It logs in again whenever the node was away, and nobody is there then to touch anything.
        raise Misused("passkey-not-here", "a watch logs in with the officer's key file, not with a passkey")
    officer = open_officers(settings)[0]
    try:
        program = shlex.split(sound_command or officer.home.sound_command or "")
    except ValueError as error:
        raise Misused("usage", f"--sound-command: {error}") from error
    watcher = Watcher(officer)
    if lines:
        as_lines(watcher, output, program=program)
    else:
        at_screen(watcher, output, program=program, bell=not no_bell)
