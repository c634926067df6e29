"""Who answers for the people in a room: they themselves at a terminal, or a file that says what they decided.

A file of answers is TOML with the names of questions in `hotline/ceremony_steps.py`:

    terms-read = true
    number-known = true
    own-words-read = true
    heard-words = "acorn bridge ..."
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from hotline.ceremony_steps import QUESTIONS
from hotline.ceremony_words import typed_words
from hotline.errors import Misused
from hotline.output import Output

FILE_BYTES_MAX = 16 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """Answers from a file first, and from a person where it has none and one is there.

    Attributes:
        given: from the file, by name of the question.
        output: where a person sees what they are asked about.
        may_ask: whether a person is there.
    """

    given: Mapping[str, bool | str]
    output: Output
    may_ask: bool

    def confirm(self, question: str, about: Sequence[str]) -> bool:
        """Say whether people did what is asked.

        Raises:
            Misused: `ceremony-answer-missing`.
        """
        found = self.given.get(question)
        if found is None:
            self._require_person(question)
        for line in about:
            self.output.note(line)
        if found is not None:
            return found is True
        return bool(click.confirm(QUESTIONS[question].text, default=False, err=True))

    def words(self, question: str) -> str:
        """Give the words that were heard; at a terminal a slip is typed again.

        Raises:
            Misused: `ceremony-answer-missing`.
        """
        found = self.given.get(question)
        if isinstance(found, str):
            return found
        self._require_person(question)
        while True:
            typed: str = click.prompt(QUESTIONS[question].text, err=True)
            try:
                typed_words(typed)
            except Misused as error:
                self.output.note(f"  {error.text}: type them again")
                continue
            return typed

    def _require_person(self, question: str) -> None:
        if not self.may_ask:
            raise Misused("ceremony-answer-missing", f"{question}: {QUESTIONS[question].text}")


def parse_answers(data: bytes) -> dict[str, bool | str]:
    """Read a file of answers.

    Args:
        data: at most `FILE_BYTES_MAX` bytes.

    Raises:
        Misused: `ceremony-refused`; it is not TOML, or has a name or a value that no question has.
    """
    # Dotted names cost a TOML reader the square of their parts; no line here has any.
    if len(data) > FILE_BYTES_MAX or any(line.split(b"=")[0].count(b".") > 1 for line in data.splitlines()):
        raise Misused("ceremony-refused", "the file of answers is too large or no file of answers")
    try:
        values = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Misused("ceremony-refused", f"the file of answers is no TOML: {error}") from error
    for name, value in values.items():
        asked = QUESTIONS.get(name)
        if asked is None or not isinstance(value, str if asked.words else bool):
            raise Misused("ceremony-refused", f"the file of answers has {name[:40]!r}, and no question takes that")
    return values
