"""Words: what kinds, fields and codes are called on the screen of this reader.

In English everything is as the catalogue says it. In another language a string that nobody has reviewed has its English
in brackets behind it, and a code stays beside its label, because codes are what was signed. Arabic is set in Unicode
isolates, so that it reorders nothing around it; these are the only such characters that ever reach a screen, and only
from here: whatever the other side wrote is escaped.

Source: spec/languages.md, "On the screen".
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotline.printable import printable

if TYPE_CHECKING:
    from protocol.field import Field
    from protocol.kinds import Kind
    from protocol.vocabulary import Vocabulary
    from protocol.wording import Said, Wording

_ISOLATE, _END = "\u2067", "\u2069"
WIDTH, WIDTH_TRANSLATED = 14, 34
"""Columns that the name of a header row takes, in English and with the English beside it."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one reader.

    Attributes:
        wording: strings of the reader's language; None for English.
    """

    wording: Wording | None = None

    @property
    def width(self) -> int:
        """Columns that the name of a header row takes."""
        return WIDTH if self.wording is None else WIDTH_TRANSLATED

    def kind(self, kind: Kind) -> str:
        """The label of a kind."""
        return self._say(f"kind.{kind.name}.label", kind.label())

    def kind_help(self, kind: Kind) -> str:
        """The help of a kind."""
        return self._say(f"kind.{kind.name}.help", kind.help())

    def field(self, kind: Kind, item: Field, column: Field | None = None) -> str:
        """The label of a field, or of one of its columns."""
        return self._field("label", kind, item, column)

    def field_help(self, kind: Kind, item: Field, column: Field | None = None) -> str:
        """The help of a field, or of one of its columns; may be empty."""
        return self._field("help", kind, item, column)

    def rule(self, kind: Kind, english: str) -> str:
        """What a rule of the kind says, by its English; any other text as it is, printable."""
        from protocol.wording import rule_key

        numbers = (number for number, rule in enumerate(kind.rules, 1) if rule.label() == english)
        number = next(numbers, None)
        return printable(english) if number is None else self._say(f"{rule_key(kind, number)}.help", english)

    def term(self, vocabulary: Vocabulary, code: str) -> str:
        """The label of a code of the vocabulary."""
        from protocol.wording import term_key

        return self._say(f"{term_key(vocabulary.name, code)}.label", vocabulary.label(code))

    def row(self, name: str) -> str:
        """The name of a header row, such as "signed by"."""
        return self._say(f"header.{name}", name)

    def named(self, name: str, row: str) -> str:
        """The name that something of the header is typed by, and behind it what its row is called."""
        return self._beside(name, f"header.{row}")

    def desk(self, name: str) -> str:
        """What a desk is called, by its name in the agreement."""
        return self._say(f"vocabulary.desk.{name}.label", f"{name} desk")

    def state(self, code: str) -> str:
        """A state of a thread, a rung or a clock: the code, and behind it the word of the reader's language."""
        return self._beside(code, f"state.{code}")

    def absence(self, code: str, english: str) -> str:
        """Why there is no answer, in the reader's language."""
        return self._say(f"state.no-answer-{code}", english)

    def clock(self, name: str) -> str:
        """The name of a clock, and behind it the word of the reader's language."""
        return self._beside(name, f"clock.{name}")

    def register(self, name: str) -> str:
        """The name of a register, and behind it the word of the reader's language."""
        return self._beside(name, f"register.{name}")

    def kind_name(self, name: str) -> str:
        """The name of a kind in a list, and behind it the label in the reader's language."""
        return self._beside(name, f"kind.{name}.label")

    def coded(self, vocabulary: str, code: str) -> str:
        """A code of the header, and behind it the label in the reader's language; in English the code alone."""
        return self._beside(code, f"vocabulary.{vocabulary}.{code}.label")

    def said(self, key: str, english: str) -> Said:
        """A string with its state, for answers that programs read."""
        from protocol.wording import Said

        if self.wording is None:
            return Said(english=english, text=english, state="source")
        return self.wording.label(key, english)

    def _field(self, what: str, kind: Kind, item: Field, column: Field | None) -> str:
        one = column or item
        english = one.label() if what == "label" else one.help()
        if self.wording is None or not english:
            return english
        from protocol.wording import field_key

        return self._say(f"{field_key(kind, item, column)}.{what}", english)

    def _say(self, key: str, english: str) -> str:
        if self.wording is None or not english:
            return english
        found = self.wording.label(key, english)
        text = self._set(found.text) if found.state != "source" else found.text
        return text if found.beside is None else f"{text} [{found.beside}]"

    def _beside(self, code: str, key: str) -> str:
        """The code, which is English itself and whatever it is made printable, with the word behind it."""
        shown = printable(code)
        found = None if self.wording is None else self.wording.strings.get(key)
        if found is None or found.text == code:
            return shown
        # A number says nothing by itself, so the English of an unreviewed label stands there too.
        beside = f" [{found.beside}]" if found.beside is not None and code.isdigit() else ""
        return f"{shown} ({self._set(found.text)}{beside})"

    def _set(self, text: str) -> str:
        """A text in its own direction, apart from what stands around it."""
        from protocol.wording import RIGHT_TO_LEFT

        assert self.wording is not None  # noqa: S101 - only texts of a wording come here.
        return f"{_ISOLATE}{text}{_END}" if self.wording.language in RIGHT_TO_LEFT else text


ENGLISH = Words()


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: two for a wide character, none for a mark or an isolate."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(one) in {"Mn", "Me", "Cf"} else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def padded(text: str, width: int) -> str:
    """A text with blanks behind it, up to a number of columns."""
    return text + " " * (width - columns(text))


def cut(text: str, width: int) -> str:
    """A printable text no wider than a number of columns, with a sign where it was cut; an open isolate is closed."""
    if columns(text) <= width:
        return text
    kept = ""
    room = width - 1
    for one in text:
        room -= columns(one)
        if room < 0:
            break
        kept += one
    return kept + "…" + _END * (kept.count(_ISOLATE) - kept.count(_END))
