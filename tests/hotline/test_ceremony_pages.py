"""The checklists of docs/ceremonies: every command on them is one that exists, and every code is declared."""

import re
import shlex
from pathlib import Path

import click
import pytest

from hotline.ceremony_steps import ROOMS, checklist
from hotline.cli.main import cli
from hotline.cli.settings import Settings
from protocol.codes import CODES

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "ceremonies").glob("*.md"))


def commands() -> list[tuple[str, str]]:
    """Every command in backticks or in a console block, with its page."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for line in re.findall(r"`hotline ([^`]+)`", text) + re.findall(r"(?m)^\$ hotline (.+)$", text):
            found.append((page.name, line))
    return found


def resolved(line: str) -> click.Command:
    """Follow the words of a line to its command, which takes its options."""
    context: click.Context = cli.make_context("hotline", shlex.split(line), obj=Settings())
    while isinstance(context.command, click.Group) and (context._protected_args or context.args):
        words = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, words)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return context.command


@pytest.mark.parametrize(("page", "line"), commands())
def test_every_command_on_a_checklist_parses(page: str, line: str) -> None:
    """Names of commands, arguments and options are as the program has them."""
    if re.fullmatch(r"[a-z ]+", line):
        command: click.Command | None = cli
        for word in line.split():
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), word)
        assert command is not None, page
    else:
        assert not isinstance(resolved(line), click.Group), page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_code_on_a_checklist_is_declared(page: Path) -> None:
    """What stands alone in backticks in the first cell of a table of what it says."""
    rows = re.findall(r"(?m)^\| ((?:`[a-z]+(?:-[a-z]+)+`(?:, )?)+) \|", page.read_text(encoding="utf-8"))
    named = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
    assert named <= CODES.keys()


@pytest.mark.parametrize("room", ROOMS)
def test_the_page_of_the_pairing_is_its_table_of_steps(room: str) -> None:
    """Each line of a room's checklist stands on the page, in order: `hotline ceremony show` prints them."""
    text = (PAGES[0].parent / "pairing.md").read_text(encoding="utf-8")
    assert f"## The {room} room\n\n" + "\n".join(checklist(room)) + "\n\n## " in text
