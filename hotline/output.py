"""Everything that a command shows, in one place.

Four rules. With `--json`, standard output is one JSON object and nothing else. Without it, what was asked for goes to
standard output; progress, questions, errors and hints go to standard error. Colour is used only on a terminal. Text
that somebody else wrote passes through `printable`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from hotline.printable import printable
from hotline.words import ENGLISH, Words, columns, padded

_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


@dataclass(slots=True)
class Output:
    """Where a command writes.

    Attributes:
        as_json: whether one JSON object is all that standard output gets.
        colour: whether standard output takes colour.
        colour_err: whether standard error takes colour.
        find_words: gives the reader's words when a command first asks for them.
    """

    as_json: bool = False
    colour: bool = False
    colour_err: bool = False
    out: IO[str] = field(default_factory=lambda: sys.stdout)
    err: IO[str] = field(default_factory=lambda: sys.stderr)
    find_words: Callable[[], Words] | None = None
    _words: Words | None = None

    @property
    def words(self) -> Words:
        """What things are called in the reader's language; files of a language are read here, once, or never."""
        if self._words is None:
            self._words = ENGLISH if self.find_words is None else self.find_words()
        return self._words

    def result(self, value: Mapping[str, object], lines: Iterable[str] = ()) -> None:
        """Show what a command found or did: the object with `--json`, else the lines."""
        if self.as_json:
            self.out.write(to_json(value) + "\n")
        else:
            for line in lines:
                self.out.write(line + "\n")
        self.out.flush()

    def line(self, text: str = "") -> None:
        """Show one line of an answer for people; with `--json` it goes to standard error."""
        stream = self.err if self.as_json else self.out
        stream.write(text + "\n")
        stream.flush()

    def note(self, text: str) -> None:
        """Show a line about what is going on, beside the answer."""
        self.err.write(text + "\n")
        self.err.flush()

    def paint(self, text: str, *colours: str) -> str:
        """Colour a text for standard output, where that takes colour."""
        return _paint(text, colours) if self.colour and not self.as_json else text

    def error(self, *, code: str, text: str, next_step: str) -> None:
        """Show an error and what to do about it."""
        if self.as_json:
            self.out.write(to_json({"error": {"code": code, "text": text, "next": next_step}}) + "\n")
            self.out.flush()
            return
        label = _paint("error", ("bold", "red")) if self.colour_err else "error"
        self.err.write(f"{label} {code}: {printable(text, lines=True)}\n")
        if next_step:
            self.err.write(f"next: {printable(next_step, lines=True)}\n")
        self.err.flush()


def to_json(value: object) -> str:
    """Spell a value as one line of JSON that is harmless on a terminal: pure ASCII, no control characters."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False).replace("\x7f", "\\u007f")


def table(rows: Sequence[Sequence[str]], *, heads: Sequence[str] = ()) -> list[str]:
    """Set rows in columns, two spaces apart; the last column is not padded."""
    everything = [list(heads), *map(list, rows)] if heads else [list(row) for row in rows]
    if not everything:
        return []
    widths = [max(columns(row[place]) for row in everything) for place in range(len(everything[0]))]
    lines = []
    for row in everything:
        cells = [padded(cell, width) for cell, width in zip(row[:-1], widths, strict=False)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return lines


def _paint(text: str, colours: Sequence[str]) -> str:
    codes = ";".join(_COLOURS[colour] for colour in colours)
    return f"\x1b[{codes}m{text}\x1b[0m"


def counted(count: int, noun: str) -> str:
    """A number with its noun: `1 error`, `2 errors`."""
    return f"{count} {noun}" + ("" if count == 1 else "s")
