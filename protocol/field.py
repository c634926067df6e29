"""Field: the declaration of one named value, and what is reported about it.

What each type means is in protocol/field_types.py; checking and reading whole statements in protocol/fields.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from protocol.errors import ProtocolError
from protocol.vocabulary import Vocabulary

COLUMN_SEPARATOR = "|"

Value = object
"""A field's value: None, bool, int, str, or a list or dict of them."""


class FieldRefused(ProtocolError):
    """Typed text that is no value of its field: code `bad-field`, `where` the field and `text` what to do about it.

    The text quotes what was typed, because it is shown to the person who typed it.
    """

    def __init__(self, *, name: str, text: str) -> None:
        super().__init__("bad-field", name, text)


class Vocabularies(Protocol):
    """What the checks ask of a catalogue."""

    def vocabulary(self, name: str) -> Vocabulary | None:
        """Find a vocabulary by name, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a kind, or one column of a field of records.

    Attributes:
        name: lower case with underscores, unique in its kind.
        type: one of FIELD_TYPES.
        required: whether a statement without it is refused.
        max: for text its bytes, for lists their items, for integers the largest value.
        min: for integers the smallest value, else 0.
        item_max: for lists of text, the bytes of one item.
        vocabulary: name of the vocabulary for choice and choices, else None.
        only: codes of the vocabulary that this field takes; empty for all.
        pattern: a regular expression that every identifier of the field matches whole, or None.
        tier: who may see it before any rule opens it wider, a code of the vocabulary `tlp`.
        columns: the columns of records, in the order they are typed.
        labels: short text by language; always has `en`.
        helps: one or two sentences by language; may be empty.
        shared: whether label and help are those of fields.toml, so that several kinds say the same.
    """

    name: str
    type: str
    required: bool = False
    max: int
    min: int = 0
    item_max: int = 0
    vocabulary: str | None = None
    only: tuple[str, ...] = ()
    pattern: str | None = None
    tier: str = "TLP:RED"
    columns: "tuple[Field, ...]" = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    helps: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False

    def label(self, lang: str = "en") -> str:
        """Give the label in a language, or in English, or the name."""
        return self.labels.get(lang, self.labels.get("en", self.name))

    def help(self, lang: str = "en") -> str:
        """Give the help in a language, or in English, or an empty text."""
        return self.helps.get(lang, self.helps.get("en", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with the values of a statement.

    Attributes:
        field: name of the field, with the item and column where it is in a list: `answers[2].state`.
        code: missing-field, unknown-field, bad-field or field-too-long.
        text: one clause that follows the field's name.
    """

    field: str
    code: str
    text: str


class HasFields(Protocol):
    """What the checks ask of a kind."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields, in order."""
