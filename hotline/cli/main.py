"""The command line: `hotline COMMAND`.

Each command lives in a module of its own that is imported only when it is used, so that help and completion answer at
once. Exit status: 0 done or verified, 1 refuted or refused, 2 misused, 3 could not, 4 waiting for signatures.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence

import click

from hotline.cli.settings import Settings, common_options
from hotline.errors import HotlineError
from hotline.output import Output

DONE, REFUSED, MISUSED, COULD_NOT, WAITING = range(5)

# Name, module, one line of help. The order is the order of the help page: first what an officer needs at night.
COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("inbox", "hotline.cli.inbox", "Show what the other side has said."),
    ("show", "hotline.cli.show", "Show one statement with its content; says that you opened it."),
    ("ack", "hotline.cli.reply", "Acknowledge a statement."),
    ("ask", "hotline.cli.reply", "Ask for clarification of a statement."),
    ("answer", "hotline.cli.reply", "Answer a clarification request."),
    ("translate", "hotline.cli.translate", "Say that a statement was translated, and how well."),
    ("challenge", "hotline.cli.authenticity", "Ask by a second way whether a grave message is theirs."),
    ("prove", "hotline.cli.authenticity", "Answer such a challenge."),
    ("send", "hotline.cli.send", "Compose, sign and send a statement."),
    ("drafts", "hotline.cli.drafts", "List statements that wait for signatures."),
    ("sign", "hotline.cli.drafts", "Sign a draft as another officer."),
    ("intake", "hotline.cli.intake", "Take in reports as drafts: STIX, VERIS, JSON."),
    ("threads", "hotline.cli.threads", "List the threads, or show one."),
    ("review", "hotline.cli.review", "Look back at a thread: clocks, decisions and grounds, lessons."),
    ("assess", "hotline.cli.assess", "Say what incidents come to by the agreed thresholds."),
    ("due", "hotline.cli.docket", "Show what either side owes, and by when."),
    ("docket", "hotline.cli.docket", "Show the state of everything said, now or at another time."),
    ("registers", "hotline.cli.docket", "Show what is in force: measures, red lines, mandates and the others."),
    ("disclosable", "hotline.cli.disclosure", "Show which fields may be told to whom, and why."),
    ("disclose", "hotline.cli.disclosure", "Agree with the other side on what is told to others."),
    ("erase", "hotline.cli.erase", "Destroy contents whose retention has ended."),
    ("status", "hotline.cli.status", "Say how the line is."),
    ("watch", "hotline.cli.watch", "Watch the lines; a sound until somebody acknowledges."),
    ("pages", "hotline.cli.pages", "Show whom the node calls for what; acknowledge, mute, test."),
    ("contacts", "hotline.cli.contacts", "Show whom to call by voice when the line is down."),
    ("receipt", "hotline.cli.receipt", "Write the receipt of a statement to a file."),
    ("verify", "hotline.cli.verify", "Verify a receipt, evidence or a pack against a policy; needs no home."),
    ("evidence", "hotline.cli.evidence", "What proves that a key was misused; items that are committed to."),
    ("audit", "hotline.cli.audit", "Audit the exports of both voices, or a pack; needs no home."),
    ("monitor", "hotline.cli.monitor", "Follow what both nodes serve, and say at once what is wrong."),
    ("log", "hotline.cli.log", "Export a voice's log for auditors."),
    ("pack", "hotline.cli.pack", "Write both voices into one file for auditors."),
    ("witness", "hotline.cli.witness", "Cosign how far logs go, as a third party."),
    ("journal", "hotline.cli.journal", "Write down and show what this party does at its node."),
    ("catalogue", "hotline.cli.catalogue", "List the kinds of statement, or show one."),
    ("templates", "hotline.cli.templates", "List, show and propose templates with slots."),
    ("explain", "hotline.cli.explain", "Say what a code means and what to do next."),
    ("doctor", "hotline.cli.doctor", "Check a home, its keys and its node."),
    ("backup", "hotline.cli.backup", "Write a sealed backup of a home; the node may run."),
    ("restore", "hotline.cli.restore", "Make a home from a backup, or verify one."),
    ("recover", "hotline.cli.recover", "Bring back lost logs from the counterparts."),
    ("scrub", "hotline.cli.scrub", "Compare everything stored with what was signed."),
    ("init", "hotline.cli.init", "Make the home of a party: roots, node, card."),
    ("keys", "hotline.cli.keys", "Say what becomes of the keys when; give them successors."),
    ("officer", "hotline.cli.officer", "List, add, retire officers; delegate their roles."),
    ("root", "hotline.cli.root", "Back root keys up on paper; replace them; publish root sets."),
    ("roster", "hotline.cli.roster", "Renew the party's rosters; take one of the other side's by hand."),
    ("compromise", "hotline.cli.compromise", "Revoke a key that is or may be in other hands."),
    ("succession", "hotline.cli.succession", "End a log that cannot be repaired; begin its successor."),
    ("agreement", "hotline.cli.agreement", "Draft, amend, countersign and show the text both sides sign."),
    ("pair", "hotline.cli.pair", "Agree with another party and open a channel."),
    ("ceremony", "hotline.cli.ceremony", "Pair with another party in two rooms, led step by step."),
    ("node", "hotline.cli.node", "Run the node."),
    ("signer", "hotline.cli.signer", "Hold the node's keys in a process of another user."),
    ("demo", "hotline.cli.demo", "Run two parties on one machine with real incidents."),
    ("completion", "hotline.cli.completion", "Print the shell's completion script."),
)


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of the table."""
        return [name for name, _module, _help in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; its module names it as `<name>_command`."""
        for name, module, _help in COMMANDS:
            if name == cmd_name:
                found = getattr(importlib.import_module(module), f"{name}_command")
                assert isinstance(found, click.Command)  # noqa: S101 - a programming error, caught by a test.
                return found
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, _module, text in COMMANDS])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Examples:  hotline --home ARC inbox   ·   hotline --home ARC show 'BOR 4'   ·   hotline explain line-down",
)
@common_options
@click.version_option(package_name="hotline", prog_name="hotline")
def cli() -> None:
    """A direct line between two ministries.

    Signed statements about cyber incidents, held by both sides, verifiable by anyone. Each command has its own
    --help with examples.
    """


def run(arguments: Sequence[str], output: Output, *, lang: str | None = None) -> int:
    """Run one command and give its exit status; every expected failure is shown as code, text and next step.

    Args:
        arguments: without the program's name.
        output: where to show things.
        lang: language of labels where the arguments name none, or None.
    """
    settings = Settings(output=output, lang=lang)
    # A usage error can come before the option is read, and it too must be JSON where JSON was asked for.
    wants_json = "--json" in arguments
    debug = "--debug" in arguments
    try:
        status = cli.main(args=list(arguments), prog_name="hotline", obj=settings, standalone_mode=False)
        return status if isinstance(status, int) else DONE
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        output.as_json = output.as_json or wants_json
        command = error.ctx.command_path if error.ctx is not None else "hotline"
        return _fail(output, "usage", _one_line(error), MISUSED, next_step=f"Run: {command} --help")
    except click.ClickException as error:
        return _fail(output, "usage", _one_line(error), MISUSED)
    except (click.Abort, KeyboardInterrupt):
        return _fail(output, "interrupted", "Interrupted; see status for what was done.", COULD_NOT)
    except HotlineError as error:
        return _fail(output, error.code, error.text, error.status, next_step=error.next_step)
    except BrokenPipeError:
        # The reader of our output went away; nothing more can be said to it.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it lives until the process ends.
        return COULD_NOT
    except Exception as error:  # noqa: BLE001 - the one place where errors of the packages below become exit statuses.
        if debug:
            traceback.print_exc(file=output.err)
        code, text, status = _classify(error)
        return _fail(output, code, text, status)


def _classify(error: Exception) -> tuple[str, str, int]:
    from keys.errors import KeysError
    from nodes.errors import ApiRefused, NodeError
    from protocol.errors import ProtocolError

    code = getattr(error, "code", None)
    if isinstance(error, ApiRefused):
        return error.code, error.text, COULD_NOT if error.code in _UNREACHABLE else REFUSED
    if isinstance(error, NodeError):
        return error.code, error.text, COULD_NOT
    if isinstance(error, ProtocolError):
        return error.code, error.beside_code, REFUSED
    if isinstance(error, KeysError):
        return code or _key_code(error), str(error), REFUSED
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return "system-refused", f"{where}{error.strerror or error}", COULD_NOT
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    return "internal-error", f"{type(error).__name__}: {error}{where}", COULD_NOT


def _key_code(error: Exception) -> str:
    from keys import errors

    if isinstance(error, errors.PassphraseRefused):
        return "wrong-passphrase"
    if isinstance(error, errors.EnvelopeRefused):
        return "key-file-damaged"
    return "key-refused"


_UNREACHABLE = frozenset({"node-not-running", "node-closed", "timed-out"})


def _one_line(error: click.ClickException) -> str:
    """The library's message, which lists choices in lines with tabs, as one line."""
    return " ".join(error.format_message().split())


def _fail(output: Output, code: str, text: str, status: int, *, next_step: str | None = None) -> int:
    """Show a failure and give its exit status: what `explain` says of the code, else what its class means."""
    from hotline.explaining import exit_status_for, next_step_for

    output.error(code=code, text=text, next_step=next_step or next_step_for(code))
    return exit_status_for(code) or status


def main() -> None:
    """Run the command line and end the process."""
    dumb = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    output = Output(colour=not dumb and sys.stdout.isatty(), colour_err=not dumb and sys.stderr.isatty())
    sys.exit(run(sys.argv[1:], output, lang=os.environ.get("HOTLINE_LANG") or None))
