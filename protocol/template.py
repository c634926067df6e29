"""Templates: words that both parties approved in calm, with slots that are filled in haste.

A template is what an accepted `template-register` says: for one kind and language, the text of fields, in which
`{slot}` stands for what is filled in. A statement names the template that it follows in its header (`template`), and
says there (`free`) when it has text beyond it. Rules of authority go by those two facts; whoever holds the bodies sees
whether they are true.

Only text is compared: lines, texts, lists of lines, and records with a column of text. Codes, dates, numbers and
identifiers may be chosen freely, because they say nothing outside the agreed vocabularies.

Between two slots of a line stand words, and what fills a slot does not hold the words that follow it: so a line is
compared in one pass, whoever wrote it.

Source: spec/catalogue.md, "Templates".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from protocol.errors import ProtocolError
from protocol.field import Field
from protocol.field_types import show_text
from protocol.kind import Kind
from protocol.partial_time import parse_partial_time
from protocol.plain_text import problem_of_line

REGISTER_KIND: Final = "template-register"
TEMPLATE: Final = "template"
"""The fact that names the template which is followed, by its leaf hash."""

FREE: Final = "free"
"""The fact that says that there is text beyond the template."""

_SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+/@ -]*", re.ASCII)


class TemplateRefused(ProtocolError):
    """Words or slots that are no template, or a slot that is filled with what it does not take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What is filled in.

    Attributes:
        name: as in the braces.
        type: a code of the vocabulary slot-type.
        bytes_max: of what fills it, in UTF-8.
        hint: for the person who fills it.
    """

    name: str
    type: str
    bytes_max: int
    hint: str = ""

    def takes(self, text: str) -> bool:
        """Whether a text may fill it."""
        if not text or problem_of_line(text) is not None or len(text.encode()) > self.bytes_max:
            return False
        match self.type:
            case "number":
                return _NUMBER.fullmatch(text) is not None
            case "when":
                return parse_partial_time(text) is not None
            case "identifier":
                return _IDENTIFIER.fullmatch(text) is not None
        return self.type == "line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template.

    Attributes:
        name: of the template.
        edition: counts up.
        kind: of the statements that follow it.
        language: of its words.
        slots: by name.
        words: lines of text by field.
    """

    name: str
    edition: int
    kind: str
    language: str
    slots: Mapping[str, Slot]
    words: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Template":
        """Take a template out of the values of a `template-register`, which are good by their fields.

        Raises:
            TemplateRefused: two slots of one name, a slot that is not declared, two slots without words between them,
                or braces around anything else.
        """
        slots: dict[str, Slot] = {}
        for row in values.get("slots") or ():
            if row["slot"] in slots:
                raise TemplateRefused("template-malformed", row["slot"], "is there twice")
            slots[row["slot"]] = Slot(
                name=row["slot"], type=row["type"], bytes_max=row["bytes"], hint=row.get("hint") or ""
            )
        words: dict[str, tuple[str, ...]] = {}
        for row in values["words"]:
            _check_line(row["field"], row["text"], slots)
            words[row["field"]] = (*words.get(row["field"], ()), row["text"])
        return cls(
            name=values["name"],
            edition=values["edition"],
            kind=values["for_kind"],
            language=values["text_language"],
            slots=slots,
            words=words,
        )

    def fill(self, given: Mapping[str, str]) -> dict[str, str]:
        """Fill the slots.

        Args:
            given: text by slot.

        Returns:
            Text by field, as a person would type it.

        Raises:
            TemplateRefused: a slot is not filled, is not there, or does not take its text.
        """
        for name in given:
            if name not in self.slots:
                raise TemplateRefused("slot-unfit", name, f"is no slot of {self.name}")
        for name, slot in self.slots.items():
            if name not in given:
                raise TemplateRefused("slot-unfit", name, "is not filled")
            if not slot.takes(given[name]):
                text = f"takes a {slot.type} of at most {slot.bytes_max} bytes"
                raise TemplateRefused("slot-unfit", name, text)
        made: dict[str, str] = {}
        for field, lines in self.words.items():
            filled = [_SLOT.sub(lambda found: given[found[1]], line) for line in lines]
            for line, text in zip(lines, filled, strict=True):
                if not self._fits(line, text):
                    raise TemplateRefused("slot-unfit", field, "a slot holds the words that follow it")
            made[field] = "\n".join(filled)
        return made

    def free_fields(self, kind: Kind, values: Mapping[str, Any]) -> tuple[str, ...]:
        """The fields whose text goes beyond the template, in the kind's order.

        Args:
            kind: of the statement; where it is not the template's, every text does.
            values: value by field.
        """
        found = []
        for item in kind.fields:
            value = values.get(item.name)
            if value is None or not _has_text(item):
                continue
            lines = self.words.get(item.name, ()) if kind.name == self.kind else ()
            said = show_text(item, value).split("\n")
            if len(said) != len(lines) or not all(map(self._fits, lines, said)):
                found.append(item.name)
        return tuple(found)

    def _fits(self, line: str, text: str) -> bool:
        """Whether a text is a line of the template with its slots filled; one pass over the text."""
        parts = _SLOT.split(line)
        if not text.startswith(parts[0]):
            return False
        at = len(parts[0])
        for place in range(1, len(parts), 2):
            slot, after = self.slots[parts[place]], parts[place + 1]
            last = place + 2 == len(parts)
            # After the last slot the line ends with the words behind it; before it, with the first place of them.
            end = len(text) - len(after) if last else text.find(after, at)
            if end < at or (last and not text.endswith(after)) or not slot.takes(text[at:end]):
                return False
            at = end + len(after)
        return at == len(text)


def _check_line(field: str, line: str, slots: Mapping[str, Slot]) -> None:
    parts = _SLOT.split(line)
    names, words = parts[1::2], parts[::2]
    if any("{" in part or "}" in part for part in words):
        raise TemplateRefused("template-malformed", field, "has braces around what is no slot")
    if not all(words[1:-1]):
        raise TemplateRefused("template-malformed", field, "has two slots without words between them")
    for name in names:
        if name not in slots:
            raise TemplateRefused("template-malformed", field, f"uses {name}, which is no slot")


def _has_text(item: Field) -> bool:
    if item.type in {"line", "text", "lines"}:
        return True
    return any(column.type == "line" for column in item.columns)
