"""The officer's page: every command on it is one that exists, with options that it has."""

import re
import shlex
from pathlib import Path

import click
import pytest

from hotline.cli.main import cli
from hotline.cli.settings import Settings
from hotline.composing import Letter, find_kind, pairs
from nodes.resources import catalogue
from protocol.codes import CODES
from protocol.field_types import check_field

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "officer.md"
LINES_MAX = 110


def commands() -> list[str]:
    """Every line of the console blocks of the page, and of the one that it leads to."""
    pages = PAGE.read_text(encoding="utf-8") + (DOCS / "release.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", pages, re.DOTALL)
    return [line.removeprefix("$ hotline ") for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("line", commands())
def test_every_command_on_the_page_parses(line: str) -> None:
    """Names of commands, arguments and options are as the program has them."""
    context: click.Context = cli.make_context("hotline", shlex.split(line), obj=Settings())
    while isinstance(context.command, click.Group):
        words = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, words)
        assert command is not None
        context = command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("line", [line for line in commands() if " --set " in line])
def test_every_field_on_the_page_takes_its_value(line: str) -> None:
    """What the page sets is a field of the kind, with a word of its vocabulary."""
    words = shlex.split(line)
    known = catalogue()
    letter = Letter(kind=find_kind(words[words.index("send") + 1], known))
    given = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    for name, text in pairs(given):
        letter.set_text(name, text, catalogue=known, now_ms=0)
        item = letter.kind.field(name)
        assert item is not None
        assert not check_field(item, letter.values[name], known)


def test_the_codes_on_the_page_are_declared() -> None:
    """What the page says to wake somebody for can be explained."""
    for code in ("fork", "rollback", "disk-full", "line-down"):
        assert f"`{code}`" in PAGE.read_text(encoding="utf-8") or f"explain {code}" in PAGE.read_text(encoding="utf-8")
        assert code in CODES


def test_it_is_one_page() -> None:
    """What does not fit on a page is not read at three in the morning."""
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= LINES_MAX
