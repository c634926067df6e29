"""The command line as a whole: help, errors, options in both places, and how fast it starts."""

import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest

from hotline.cli.main import COMMANDS, LazyGroup, cli
from hotline.zulu import duration
from protocol.codes import CODES
from tests.hotline.people import hotline, ok

HELP_MS_MAX = 300


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with its words."""
    context = click.Context(group)
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            found += leaves(command, (*path, name))
        else:
            found.append(((*path, name), command))
    return found


LEAVES = leaves(cli)


@pytest.mark.parametrize(("words", "command"), LEAVES, ids=[" ".join(words) for words, _ in LEAVES])
def test_every_command_has_examples_and_the_common_options(words: tuple[str, ...], command: click.Command) -> None:
    """Its help shows how it is typed, and --home, --as, --passphrase-file, --no-input and --json go behind it too."""
    shown = hotline(*words, "--help")
    assert shown.status == 0
    assert "Example" in shown.out or words == ("completion",)
    names = {name for parameter in command.params for name in parameter.opts}
    assert {"--home", "--as", "--passphrase-file", "--no-input", "--json"} <= names


def test_the_table_of_commands_is_the_help() -> None:
    """The help page lists every command without importing any."""
    assert isinstance(cli, LazyGroup)
    page = hotline("--help").out
    assert all(f"\n  {name} " in page for name, _, _ in COMMANDS)


@pytest.mark.alone
def test_help_comes_at_once() -> None:
    """Help imports no command and no crypto; processor time counts, and of three times the best: what else the machine
    does is no fault of the help."""
    program = "from hotline.cli.main import main; main()"
    spans = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program, "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spans.append(round(1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)))
    assert min(spans) < HELP_MS_MAX, duration(min(spans))


def test_the_package_runs_as_a_module() -> None:
    """Where the command is not on the path."""
    done = subprocess.run([sys.executable, "-m", "hotline", "--help"], capture_output=True, text=True, check=True)
    assert "Usage: hotline " in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [("send",), ("nonsense",), ("send", "goodwill", "--nonsense"), ("--json", "show"), ("explain", "no-such-thing")],
)
def test_misuse_is_one_json_object_and_exit_2(arguments: tuple[str, ...]) -> None:
    """Even where the command line itself does not parse."""
    done = hotline(*arguments, "--json")
    assert done.status == 2
    assert set(done.json) == {"error"}
    assert set(done.json["error"]) == {"code", "text", "next"}


def test_a_usage_error_is_one_line_of_plain_text() -> None:
    """Also where the library lists choices in lines with tabs."""
    done = hotline("completion", "--json")
    assert done.status == 2
    assert {"bash,", "fish,", "zsh"} <= set(done.json["error"]["text"].split(" "))


def test_a_directory_that_is_no_home_is_said(tmp_path: Path) -> None:
    """Exit 3, and the error is on standard error for people."""
    done = hotline("--home", tmp_path, "status")
    assert (done.status, done.out) == (3, "")
    assert done.err.startswith("error home-missing: ")
    assert "\nnext: " in done.err


def test_every_code_is_explained() -> None:
    """Each declared code has what it means and what to do."""
    assert len(ok("explain")["codes"]) == len(CODES)
    found = ok("explain", "line-down")
    assert found["means"]
    assert found["next"]


def test_the_catalogue_is_shown_as_forms_need_it() -> None:
    """Kinds, and a kind's fields with the words that they take."""
    kinds = {one["kind"]: one["sent_by"] for one in ok("catalogue", "list")["kinds"]}
    assert (kinds["notification"], kinds["line"], kinds["roster"]) == ("officers", "node", "roots")
    shown = ok("catalogue", "show", "notification")
    assert shown["header"]["severity"] == "required"
    terms = next(item for item in shown["fields"] if item["name"] == "class")["terms"]
    assert "malware-configuration" in [term["code"] for term in terms]
    assert hotline("catalogue", "show", "nothing", "--json").status == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(shell: str) -> None:
    """A script for each shell, that asks the program itself."""
    assert "_HOTLINE_COMPLETE" in ok("completion", shell)["script"]
