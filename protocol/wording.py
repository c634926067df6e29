"""Wording: what the catalogue and the program's own few words are called in the reader's language.

What is signed are codes, and codes are never translated. What a person reads beside them may be: a file for each
language gives, under a key, the text in that language, the English it was made from and a state. The files stand in
`protocol/languages/`, outside the catalogue and its digest: a better word changes no agreement.

A string counts only while the catalogue says the very English it was made from, and is shown with that English until
somebody has reviewed it. Where there is none, the English stands alone. This module is given bytes and looks for no
file itself.

Source: spec/languages.md.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from protocol import toml_text
from protocol.errors import ProtocolError
from protocol.field import Field
from protocol.kinds import Catalogue, Kind
from protocol.plain_text import problem_of_line

SOURCE_LANGUAGE = "en"
LANGUAGES = ("en", "fr", "es", "ru", "ar", "zh")
"""Languages that come with the program, English first: it is what the others are made from."""

RIGHT_TO_LEFT = frozenset({"ar"})
STATES = ("source", "unreviewed", "reviewed")
REVIEWER_BYTES_MAX = 120
_KEY = re.compile(r"(?:header|state|clock|register|kind|field|vocabulary)\.[A-Za-z0-9._ +:,-]{1,160}", re.ASCII)
_MARK = re.compile(r"(?:TLP|PAP):[A-Z+]+", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class WordingRefused(ProtocolError):
    """A file of a language that is not what spec/languages.md says: `where` names the language and the key."""

    def __init__(self, where: str, text: str) -> None:
        super().__init__("wording-refused", where, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One string in one language.

    Attributes:
        english: what it was made from.
        text: in the language of the file.
        state: one of STATES; source where `text` is the English.
        by: for reviewed strings who reviewed it, an office and never a person's name; else None.
        on: the day of the review as YYYY-MM-DD, or None.
    """

    english: str
    text: str
    state: str
    by: str | None = None
    on: str | None = None

    @property
    def beside(self) -> str | None:
        """The English to show beside the text, or None where it is reviewed or says the same."""
        return self.english if self.state == "unreviewed" and self.text != self.english else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The strings of one language.

    Attributes:
        language: one of LANGUAGES.
        strings: by key.
    """

    language: str
    strings: Mapping[str, Said]

    @classmethod
    def load(cls, data: bytes, language: str) -> "Wording":
        """Read a file of a language.

        Args:
            data: the whole file, `key = { en, text, state }` a line; its length was bounded by whoever read it.
            language: which language it is.

        Raises:
            WordingRefused: no such language, no TOML, a key or name that is not known, or a text that is no line.
        """
        if language not in LANGUAGES or language == SOURCE_LANGUAGE:
            raise WordingRefused(language, "is no language that strings are kept in")
        try:
            values = toml_text.loads(data)
        except toml_text.TomlRefused as error:
            raise WordingRefused(language, str(error)) from None
        return cls(
            language=language,
            strings=MappingProxyType({key: _read(language, key, value) for key, value in values.items()}),
        )

    def label(self, key: str, english: str) -> Said:
        """Look a string up.

        Args:
            key: as `wanted` lists it.
            english: what the catalogue in use says; an older one may say something else under the same key.

        Returns:
            The string of this language, or the English as its own source where there is none for just that English.
        """
        found = self.strings.get(key)
        if found is None or found.english != english:
            return Said(english=english, text=english, state="source")
        return found

    def over(self, below: "Wording") -> "Wording":
        """These strings before those of another; one made from an English that the other has anew does not count."""
        strings = dict(below.strings)
        for key, said in self.strings.items():
            if key not in strings or strings[key].english == said.english:
                strings[key] = said
        return replace(self, strings=MappingProxyType(strings))


def _read(language: str, key: str, value: object) -> Said:
    where = f"{language} {key if _KEY.fullmatch(key) else '?'}"
    if _KEY.fullmatch(key) is None:
        raise WordingRefused(where, "has a key of another form")
    if not isinstance(value, dict) or not {"en", "text", "state"} <= set(value) <= {"en", "text", "state", "by", "on"}:
        raise WordingRefused(where, "needs en, text and state, and may have by and on")
    if not all(isinstance(one, str) and problem_of_line(one) is None for one in value.values()):
        raise WordingRefused(where, "holds what is not a line of plain text")
    made = Said(english=value["en"], text=value["text"], state=value["state"], by=value.get("by"), on=value.get("on"))
    if made.state not in {"unreviewed", "reviewed"}:
        raise WordingRefused(where, "is neither unreviewed nor reviewed")
    if (made.state == "reviewed") != (made.by is not None) or (made.by is None) != (made.on is None):
        raise WordingRefused(where, "says by whom and on which day where it is reviewed, and only there")
    if made.by is not None and len(made.by.encode()) > REVIEWER_BYTES_MAX:
        raise WordingRefused(where, f"names the reviewer in more than {REVIEWER_BYTES_MAX} bytes")
    if made.on is not None and _DATE.fullmatch(made.on) is None:
        raise WordingRefused(where, "has a day that is no YYYY-MM-DD")
    if is_mark(made.english):
        raise WordingRefused(where, "is a mark that is never translated")
    return made


def is_mark(english: str) -> bool:
    """Whether a text is a mark that reads the same in every language, such as TLP:AMBER."""
    return _MARK.fullmatch(english) is not None


def kind_key(kind: Kind) -> str:
    """Give the key that a kind's strings begin with."""
    return f"kind.{kind.name}"


def field_key(kind: Kind, item: Field, column: Field | None = None) -> str:
    """Give the key that the strings of a field, or of one of its columns, begin with.

    A field that several kinds share is translated once.
    """
    key = f"field.{item.name}" if item.shared else f"kind.{kind.name}.{item.name}"
    return key if column is None else f"{key}.{column.name}"


def rule_key(kind: Kind, number: int) -> str:
    """Give the key that the string of a kind's rule begins with; its number counts from 1."""
    return f"{kind_key(kind)}.rule.{number}"


def term_key(vocabulary: str, code: str) -> str:
    """Give the key that the strings of a code begin with."""
    return f"vocabulary.{vocabulary}.{code}"


def own_strings(data: bytes) -> dict[str, str]:
    """Read the English strings that stand in no catalogue: rows of a header, states, clocks and registers.

    Args:
        data: `languages/en.toml`, `key = "text"` a line.

    Raises:
        WordingRefused: another form.
    """
    values = tomllib.loads(data.decode("utf-8"))
    for key, text in values.items():
        if _KEY.fullmatch(key) is None or not isinstance(text, str) or problem_of_line(text) is not None:
            raise WordingRefused(f"{SOURCE_LANGUAGE} {key}", "is no key with a line of plain text")
    return values


def wanted(catalogue: Catalogue, own: Mapping[str, str], *, kinds: Iterable[str] | None = None) -> dict[str, str]:
    """List every string there is to translate.

    Args:
        catalogue: of the kinds.
        own: as `own_strings`.
        kinds: names of the kinds that are asked for, with the vocabularies of their fields and facts; None for all.

    Returns:
        English by key; marks that are never translated left out.
    """
    names = {kind.name for kind in catalogue.kinds} if kinds is None else set(kinds)
    vocabularies = {one.name for one in catalogue.vocabularies} if kinds is None else set(_HEADER_VOCABULARIES)
    found = dict(own)
    for kind in (one for one in catalogue.kinds if one.name in names):
        found.update(_labelled(kind_key(kind), kind.label(), kind.help()))
        for item in kind.fields:
            for column in (None, *item.columns):
                one = column or item
                found.update(_labelled(field_key(kind, item, column), one.label(), one.help()))
                vocabularies |= {one.vocabulary} - {None}  # type: ignore[arg-type]
        for number, rule in enumerate(kind.rules, 1):
            found[f"{rule_key(kind, number)}.help"] = rule.label()
            vocabularies |= {rule.vocabulary} - {None}  # type: ignore[arg-type]
    for vocabulary in catalogue.vocabularies:
        if vocabulary.name in vocabularies:
            for term in vocabulary.terms:
                found.update(_labelled(term_key(vocabulary.name, term.code), term.label(), term.help()))
    return {key: text for key, text in found.items() if not is_mark(text)}


# Those of the header, and of facts that no rule speaks of.
_HEADER_VOCABULARIES = (
    "severity", "precedence", "status", "outcome", "role", "desk", "line-state", "gone-reason", "rung",
)  # fmt: skip


def _labelled(key: str, label: str, help_text: str) -> Iterator[tuple[str, str]]:
    yield f"{key}.label", label
    if help_text:
        yield f"{key}.help", help_text


def copies_english(said: Said, international: Iterable[str]) -> bool:
    """Whether a string repeats its English though the words are not the same in both languages.

    Args:
        said: the string.
        international: words that the language shares with English, as they are spelt.
    """
    return said.text.casefold() == said.english.casefold() and said.text not in set(international)
