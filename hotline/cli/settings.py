"""Options that every command takes, before or after its name, and what they lead to.

`hotline --home ARC send ...` and `hotline send --home ARC ...` are the same. Repeatable options add up. Nothing is read
from the environment but whether the terminal wants colour and HOTLINE_LANG, once, at the start.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hotline.cli.completing import complete_officers
from hotline.errors import CouldNot, Misused
from hotline.output import Output
from hotline.words import ENGLISH, Words

if TYPE_CHECKING:
    from nodes.home import NodeHome, OfficerHome

_PASSPHRASE_BYTES_MAX = 1024
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(slots=True)
class Settings:
    """What was asked for on the command line, apart from the command itself.

    Attributes:
        home: directory of a node or an officer; None means the working directory.
        officers: names of the officers who act, in order.
        passphrase_files: one file for each officer in order; the last serves the rest.
        passkey: officers sign with passkeys, on a page, and not with their key files.
        no_input: never ask.
        lang: language that labels are shown in; None leaves it to the officer's home, and else it is English.
        output: where and how to show things.
    """

    home: Path | None = None
    officers: list[str] = field(default_factory=list)
    passphrase_files: list[Path] = field(default_factory=list)
    passkey: bool = False
    no_input: bool = False
    lang: str | None = None
    output: Output = field(default_factory=Output)

    def __post_init__(self) -> None:
        self.output.find_words = self.words

    @property
    def may_ask(self) -> bool:
        """Whether a person is there to be asked."""
        return not self.no_input and not self.output.as_json and sys.stdin.isatty() and sys.stderr.isatty()

    def words(self) -> Words:
        """Give the words of the reader's language: the one asked for, else the one of the officer who acts.

        Where they cannot be had or shown they are English, and a line says why.
        """
        from hotline.language_files import find_words, lang_of_home

        lang = self.lang or lang_of_home(self)
        if lang is None or lang == "en":
            return ENGLISH
        return find_words(lang, home=self.home or Path(), output=self.output)

    def any_home(self) -> NodeHome | OfficerHome:
        """Give the home the command is about.

        Raises:
            HomeRefused: the directory is no home.
        """
        from nodes.home import open_home

        return open_home(self.home or Path())

    def banner(self, only: str | None = None) -> list[str]:
        """What stands above every screen of the home: as far as the home knows by itself, without its node.

        Args:
            only: the counterpart that the screen is about; None for all.
        """
        from hotline.banners import at_home
        from hotline.clock import now_ms

        return at_home(self.any_home(), now_ms=now_ms(), only=only)

    def node_home(self) -> NodeHome:
        """Give the node home the command is about.

        Raises:
            HomeRefused: the directory is no node home.
        """
        from nodes.home import NodeHome

        return NodeHome.open(self.home or Path())

    def officer_homes(self) -> list[OfficerHome]:
        """Give the homes of the officers who act: those named with --as, or the one that is obvious.

        Obvious is the officer home itself, or in a node home its only officer, or the one called `duty`.

        Raises:
            Misused: it is not obvious who acts, or a named officer is not here.
        """
        from nodes.home import NodeHome

        home = self.any_home()
        if not isinstance(home, NodeHome):
            if any(name != home.name for name in self.officers):
                raise Misused("officer-missing", f"{home.path} is the home of {home.name}, not of another officer")
            return [home]
        names = home.officer_names()
        chosen = list(dict.fromkeys(self.officers))
        if not chosen:
            if not names:
                raise CouldNot("officer-missing", f"{home.path} has no officer home; use --home with an officer's")
            if len(names) > 1 and "duty" not in names:
                raise Misused("officer-not-chosen", f"say who acts with --as: {', '.join(names)}")
            chosen = ["duty"] if "duty" in names else names
        for name in chosen:
            if name not in names:
                raise Misused("officer-missing", f"{home.path} has no officer {name!r}; it has {', '.join(names)}")
        return [home.officer(name) for name in chosen]

    def passphrase(self, place: int = 0, *, what: str, confirm: bool = False) -> bytes:
        """Give the passphrase for the officer or node in a place: from its file, or asked on the terminal.

        A file's one trailing line end is not part of the passphrase.

        Raises:
            Misused: there is no file and nobody to ask.
            CouldNot: the file cannot be read or is empty.
        """
        from nodes.files import is_private, read_file
        from nodes.hardening import keep_memory_private

        # Whoever opens keys begins here.
        keep_memory_private()
        if self.passphrase_files:
            path = self.passphrase_files[min(place, len(self.passphrase_files) - 1)]
            data = read_file(path, bytes_max=_PASSPHRASE_BYTES_MAX).removesuffix(b"\n").removesuffix(b"\r")
            if not data:
                raise CouldNot("passphrase-empty", f"{path} is empty")
            if not is_private(path):
                self.output.note(f"warning: others on this machine may read {path}; run: chmod 600 {path}")
            return data
        if not self.may_ask:
            raise Misused("passphrase-needed", f"a passphrase for {what} is needed: give --passphrase-file")
        entered: str = click.prompt(f"Passphrase for {what}", hide_input=True, err=True, confirmation_prompt=confirm)
        if not entered:
            raise Misused("passphrase-empty", "the passphrase is empty")
        return entered.encode("utf-8")

    def confirm(self, question: str, *, yes: bool) -> None:
        """Go on only if a person says yes, or said so beforehand: with --yes, or with --no-input or --json.

        Raises:
            Misused: the person said no, or could not be asked.
        """
        if yes or self.no_input or self.output.as_json:
            return
        if not self.may_ask:
            raise Misused("not-confirmed", "there is no terminal to ask at; nothing was done")
        if not click.confirm(question, default=False, err=True):
            raise Misused("not-confirmed", "nothing was done")


def settings_of(context: click.Context) -> Settings:
    """Give the one settings object of this run."""
    found = context.find_object(Settings)
    if found is None:
        found = Settings()
        context.find_root().obj = found
    return found


def common_options(command: Command) -> Command:
    """Add the options that every command takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


SUITE_NAMES = ("ed25519+ml-dsa-65", "ed25519+ml-dsa-87")
"""The names in `keys.suite.SUITES`, without loading them for every command; a test compares."""


def suite_option(help_text: str, default: str | None = SUITE_NAMES[0]) -> Callable[[Command], Command]:
    """The option that names a suite."""
    choice = click.Choice(SUITE_NAMES)
    return click.option("--suite", type=choice, default=default, show_default=default is not None, help=help_text)


def _take(update: Callable[[Settings, Any], None]) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value is not None and value != () and value is not False:
            update(settings_of(context), value)

    return callback


def _set_home(settings: Settings, value: str) -> None:
    settings.home = Path(value)


def _add_officers(settings: Settings, value: tuple[str, ...]) -> None:
    settings.officers.extend(value)


def _add_files(settings: Settings, value: tuple[str, ...]) -> None:
    settings.passphrase_files.extend(Path(item) for item in value)


def _set_passkey(settings: Settings, _value: bool) -> None:
    settings.passkey = True


def _set_lang(settings: Settings, value: str) -> None:
    settings.lang = value


def _set_no_input(settings: Settings, _value: bool) -> None:
    settings.no_input = True


def _set_json(settings: Settings, _value: bool) -> None:
    settings.output.as_json = True


_OPTIONS = (
    click.option(
        "--home",
        type=click.Path(),
        expose_value=False,
        callback=_take(_set_home),
        help="Home of the node or of the officer. Default: the working directory.",
    ),
    click.option(
        "--as",
        "officers",
        metavar="NAME",
        multiple=True,
        expose_value=False,
        shell_complete=complete_officers,
        callback=_take(_add_officers),
        help="Officer who acts. Repeat it to sign by several at once.",
    ),
    click.option(
        "--passphrase-file",
        "passphrase_files",
        type=click.Path(),
        multiple=True,
        expose_value=False,
        callback=_take(_add_files),
        help="File with the passphrase; repeat it in the order of --as where they differ.",
    ),
    click.option(
        "--passkey",
        is_flag=True,
        expose_value=False,
        callback=_take(_set_passkey),
        help="Log in and sign with a passkey, on a page in a browser, and not with the officer's key file.",
    ),
    click.option(
        "--lang",
        type=click.Choice(["en", "fr", "es", "ru", "ar", "zh"]),
        expose_value=False,
        callback=_take(_set_lang),
        help="Language of labels. Default: HOTLINE_LANG, the officer's `lang`, or English.",
    ),
    click.option(
        "--no-input",
        is_flag=True,
        expose_value=False,
        callback=_take(_set_no_input),
        help="Never ask: what is missing fails, and what would be confirmed is done.",
    ),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        expose_value=False,
        callback=_take(_set_json),
        help="Give one JSON object on standard output and nothing else.",
    ),
    click.option("--debug", is_flag=True, expose_value=False, hidden=True, help="Show where an error came from."),
)
