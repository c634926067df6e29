"""Texts of talk between operators, so that none of it gets into an official statement by accident.

Both texts are brought to one spelling (letters and digits in lower case, everything else one space), and a run of
RUN_CHARS that both have is a quotation. The texts are compared at the node, which can open them: nothing of them goes
anywhere for that.

Source: spec/local-api.md, "quoted".
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from nodes.errors import NodeError
from protocol.body import Opened
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue

RUN_CHARS: Final = 40
"""Characters in a row that two texts share by quoting and hardly ever by chance."""

NOTES_MAX: Final = 256
"""Newest unofficial statements of each side that are compared."""

ENTRIES_MAX: Final = 2_000
"""Newest statements of each side among which they are looked for."""

_OTHER = re.compile(r"[\W_]+")


class Inbox(Protocol):
    """What is asked of the derived docket."""

    def newest_of(self, voice: str, kinds: Sequence[str], *, among: int, limit: int) -> list[int]:
        """Where the newest statements of some kinds are."""


def normalised(text: str) -> str:
    """One spelling of a text: its letters and digits in lower case, everything else one space."""
    return _OTHER.sub(" ", text.casefold()).strip()


def runs(text: str) -> set[str]:
    """Every run of a normalised text; one that is shorter has none."""
    return {text[at : at + RUN_CHARS] for at in range(len(text) - RUN_CHARS + 1)}


def texts_in(value: object) -> Iterator[str]:
    """Every text in the values of a statement."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts_in(one)


class Unofficial:
    """The unofficial texts of one line.

    Args:
        voices: short names of both parties.
        inbox: the derived docket.
        catalogue: gives the one in force.
        open_contents: opens an entry's body.
    """

    def __init__(
        self,
        *,
        voices: tuple[str, str],
        inbox: Inbox,
        catalogue: Callable[[], Catalogue],
        open_contents: Callable[[str, int], Opened],
    ) -> None:
        self._voices = voices
        self._inbox = inbox
        self._catalogue = catalogue
        self._open = open_contents
        self._known: OrderedDict[tuple[str, int], str] = OrderedDict()

    def quoted(self, texts: Sequence[str]) -> list[tuple[str, int]]:
        """Which unofficial statements are quoted in texts; voice and index. Call it on a thread."""
        wanted: set[str] = set()
        for text in texts:
            wanted |= runs(normalised(text))
        if not wanted:
            return []
        return [place for place, text in self._texts() if not wanted.isdisjoint(runs(text))]

    def _texts(self) -> Iterator[tuple[tuple[str, int], str]]:
        kinds = [one.name for one in self._catalogue().kinds if not one.official and one.fields]
        for voice in self._voices if kinds else ():
            for index in self._inbox.newest_of(voice, kinds, among=ENTRIES_MAX, limit=NOTES_MAX):
                yield (voice, index), self._text((voice, index))

    def _text(self, place: tuple[str, int]) -> str:
        known = self._known.get(place)
        if known is None:
            try:
                known = normalised(" ".join(texts_in(self._open(*place).fields)))
            except (NodeError, ProtocolError):
                known = ""
            self._known[place] = known
            while len(self._known) > 2 * NOTES_MAX:
                self._known.popitem(last=False)
        return known
