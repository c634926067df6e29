"""Vocabulary: a closed list of words both parties use in one meaning.

A vocabulary is data: a TOML file in `protocol/catalogue/vocabularies/`. Each term has a code, which is what is signed
and never translated, and labels and helps by language, which are what people read. A term may have a rank, where the
list is a scale, and numbers with a unit in their name.

Source: spec/catalogue.md, "Vocabularies".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One word of a vocabulary.

    Attributes:
        code: what is stored and signed.
        labels: short text by language; always has `en`.
        helps: one sentence by language; may be empty.
        group: the wider class that the code belongs to, or None.
        rank: place on a scale, larger is more; None where the list is no scale.
        numbers: further numbers by name, the unit at the end of each name.
    """

    code: str
    labels: Mapping[str, str]
    helps: Mapping[str, str] = field(default_factory=dict)
    group: str | None = None
    rank: int | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)

    def label(self, lang: str = "en") -> str:
        """Give the label in a language, or in English where there is none."""
        return self.labels.get(lang, self.labels["en"])

    def help(self, lang: str = "en") -> str:
        """Give the help in a language, or in English, or an empty text."""
        return self.helps.get(lang, self.helps.get("en", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """A named, ordered list of terms.

    Attributes:
        name: as fields refer to it; also the name of its file.
        title: what it is, in English.
        source: where the values come from.
        terms: in the order people are shown them.
    """

    name: str
    title: str
    source: str
    terms: tuple[Term, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """Give all codes, in order."""
        return tuple(term.code for term in self.terms)

    def term(self, code: str) -> Term | None:
        """Find a term by its exact code, or None."""
        for term in self.terms:
            if term.code == code:
                return term
        return None

    def label(self, code: str, lang: str = "en") -> str:
        """Give the label of a code, or the code itself where it is not of this vocabulary."""
        term = self.term(code)
        return code if term is None else term.label(lang)

    def rank(self, code: str) -> int | None:
        """Give the rank of a code, or None where it has none or is unknown."""
        term = self.term(code)
        return None if term is None else term.rank

    def resolve(self, text: str) -> str | None:
        """Find the code a person meant: the code or an English label, in any case; None where nothing fits."""
        wanted = text.strip().casefold()
        for term in self.terms:
            if term.code.casefold() == wanted:
                return term.code
        for term in self.terms:
            if any(label.casefold() == wanted for label in term.labels.values()):
                return term.code
        return None
