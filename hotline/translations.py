"""Translations of a statement's free text: who says that there is one, into which language, and how well it was made.

A statement keeps its own words; a `translated` of the side that reads it says at sight, rough or official, the language
and the hash of the text. Where nobody has said so, the state is none.

Source: spec/languages.md, "Free text".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hotline.desk import Desk, Spoken
from hotline.errors import HotlineError
from hotline.printable import printable
from hotline.reference import Reference
from hotline.words import Words
from nodes.errors import ApiRefused

KIND = "translated"
VOCABULARY = "translation-state"
NONE = "none"
SHOWN_MAX = 8
"""Translations shown for one statement, the last ones: each is opened, which asks the node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What a side says of a translation.

    Attributes:
        serial: of the entry that says it.
        state: a code of the vocabulary translation-state.
        target: language it was translated into.
        text_hash: SHA-256 of the translation in hexadecimal digits, or None where it is not given.
    """

    serial: str
    state: str
    target: str
    text_hash: str | None

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {"serial": self.serial, "state": self.state, "into": self.target, "text_hash": self.text_hash}

    def text(self, words: Words, *, serial: bool = True) -> str:
        """For people, printable; with the serial of the entry that says it, or without."""
        said = f"{words.coded(VOCABULARY, self.state)} into {printable(self.target)}"
        return f"{said} ({printable(self.serial)})" if serial else said


def has_text(spoken: Spoken) -> bool:
    """Whether a statement holds words that could be translated, and is one that the kind of a translation names."""
    kind = None if spoken.catalogue is None else spoken.catalogue.kind(KIND)
    if kind is None or spoken.statement is None or spoken.branch or spoken.ahead:
        return False
    return spoken.statement.body_digest is not None and spoken.statement.kind in kind.replies_to


def translations_of(desk: Desk, spoken: Spoken) -> list[Translation]:
    """Find what was said of a statement's translations, in the order of its thread.

    Args:
        desk: of the officer who reads.
        spoken: the statement.
    """
    views = desk.request("thread", counterpart=spoken.counterpart or None, id=spoken.thread)
    named = [view for view in views if view["kind"] == KIND and view["in_reply_to"] == spoken.leaf.hex()]
    return opened(desk, spoken.counterpart or None, named)


def opened(desk: Desk, counterpart: str | None, views: Iterable[Mapping[str, Any]]) -> list[Translation]:
    """Open the entries that say it; one that has no effect, or cannot be opened by this officer, is left out."""
    found = []
    for view in [one for one in views if one["effective"]][-SHOWN_MAX:]:
        try:
            said = desk.entry(Reference(counterpart, view["voice"], view["index"]))
            values = desk.contents(said) or {}
        except (HotlineError, ApiRefused):
            continue
        state, target, digest = (values.get(name) for name in ("state", "target", "text_hash"))
        if isinstance(state, str) and isinstance(target, str):
            found.append(
                Translation(
                    serial=said.serial,
                    state=state,
                    target=target,
                    text_hash=digest if isinstance(digest, str) else None,
                )
            )
    return found
