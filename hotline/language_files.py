"""The files of a language: those of the package, and what a ministry has reviewed, in its own home.

A ministry's reviews stand in `HOME/languages/<lang>.toml`, in the format of the package's files, and count before
those; an officer home inside a node home reads that node's too. So a new version of the program takes no review away,
and a string whose English was changed since is unreviewed again.

Source: spec/languages.md, "Reviews".
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hotline.errors import HotlineError, Misused
from hotline.output import Output
from hotline.printable import printable
from hotline.words import ENGLISH, Words
from nodes.errors import FileRefused, HomeRefused
from nodes.files import make_directory, read_file, write_file
from nodes.resources import language_file
from protocol.wording import LANGUAGES, SOURCE_LANGUAGE, Said, Wording, WordingRefused

if TYPE_CHECKING:
    from hotline.cli.settings import Settings

FOLDER = "languages"
FILE_BYTES_MAX = 4_194_304
"""Far above any file of ours; what is longer is no file of strings."""

_HEAD = """\
# Strings that this ministry has reviewed, before those that come with the program: `hotline catalogue review`.
# by: an office, never a person. A string counts only while the program says the very English under `en`.
"""


def lang_of_home(settings: Settings) -> str | None:
    """Give the language that the officer who acts has chosen, or None where it is not clear who acts."""
    try:
        return settings.officer_homes()[0].lang
    except (HotlineError, HomeRefused):
        # Whatever needs the home says what is wrong with it; a list of kinds needs none.
        return None


def find_words(lang: str, *, home: Path, output: Output) -> Words:
    """Read the words of a language; what stands in the way of them stands in the way of nothing else.

    Args:
        lang: one of LANGUAGES; with any other the words are English, and a line says so.
        home: of the node or officer; it may be no home at all. Reviews that cannot be read are left out, with a line.
        output: where they are to be shown.
    """
    if lang not in LANGUAGES:
        output.note(printable(f"shown in English: there is no language {lang!r}; there are {', '.join(LANGUAGES)}"))
    if lang not in LANGUAGES or lang == SOURCE_LANGUAGE:
        return ENGLISH
    if not _shows_unicode(output):
        output.note("shown in English: this terminal is not set to UTF-8")
        return ENGLISH
    try:
        return Words(read_wording(lang, home))
    except (WordingRefused, FileRefused) as error:
        output.note(printable(f"no reviewed labels: {error}"))
        return Words(Wording.load(language_file(lang), lang))


def check_language(lang: str) -> None:
    """Refuse a language that the program does not have.

    Raises:
        Misused: naming those it has.
    """
    if lang not in LANGUAGES:
        raise Misused("language-unknown", f"there is no language {lang!r}; there are {', '.join(LANGUAGES)}")


def read_wording(lang: str, home: Path) -> Wording:
    """Read the strings of a language: the package's, under what was reviewed in the home."""
    wording = Wording.load(language_file(lang), lang)
    for path in reversed(_places(home)):
        wording = read_reviews(path, lang).over(wording)
    return wording


def read_reviews(path: Path, lang: str) -> Wording:
    """Read what was reviewed in one home; nothing where there is no such file."""
    file = path / FOLDER / f"{lang}.toml"
    return Wording.load(read_file(file, bytes_max=FILE_BYTES_MAX) if file.is_file() else b"", lang)


def write_reviews(path: Path, lang: str, strings: Mapping[str, Said]) -> Path:
    """Write what was reviewed in one home; gives the file's path."""
    file = path / FOLDER / f"{lang}.toml"
    if not file.parent.is_dir():
        make_directory(file.parent)
    lines = [f"{_toml(key)} = {_entry(said)}\n" for key, said in sorted(strings.items())]
    write_file(file, (_HEAD + "".join(lines)).encode())
    return file


def _places(home: Path) -> list[Path]:
    """The homes whose reviews count, the nearest first."""
    path = home.absolute()
    above = path.parent.parent
    inside = path.parent.name == "officers" and (above / "node.toml").is_file()
    return [path, above] if inside else [path]


def _entry(said: Said) -> str:
    named = {"en": said.english, "text": said.text, "state": said.state, "by": said.by, "on": said.on}
    return "{ " + ", ".join(f"{name} = {_toml(text)}" for name, text in named.items() if text is not None) + " }"


def _toml(text: str) -> str:
    from hotline.party_file import toml_string

    return toml_string(text)


def _shows_unicode(output: Output) -> bool:
    """Whether what is written there may be any text; what is no terminal and no file of an encoding takes all."""
    encoding = getattr(output.out, "encoding", None)
    return output.as_json or encoding is None or codecs.lookup(encoding).name == "utf-8"
