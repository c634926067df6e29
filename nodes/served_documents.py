"""Where the documents are that the entries of served logs name, found once for each log and kept while it is served.

Source: spec/log.md, "Serving".
"""

from __future__ import annotations

import re
import threading
from typing import Final
from weakref import WeakKeyDictionary

from nodes.export import document_places
from nodes.store import LogStore
from protocol.exported_log import DOCUMENT_FOLDERS

_NAME: Final = re.compile(
    "|".join(f"{re.escape(kind)}/[0-9a-f]{{64}}\\.{ending}" for kind, ending in sorted(DOCUMENT_FOLDERS.items()))
)


class ServedDocuments:
    """The documents of every log that is served. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: WeakKeyDictionary[LogStore, dict[str, tuple[int, dict[str, int]]]] = WeakKeyDictionary()

    def find(self, store: LogStore, voice: str, name: str, size: int) -> bytes | None:
        """The exact text of a document, or None where no entry names it.

        Args:
            store: of the log.
            voice: whose.
            name: as in an export, such as `roster/<sha256>.toml`.
            size: entries that count: what later ones name is not there yet.
        """
        if not _NAME.fullmatch(name):
            return None
        with self._lock:
            voices = self._found.setdefault(store, {})
            known, places = voices.get(voice, (0, {}))
            for found, index in document_places(store, voice, known, size):
                places.setdefault(found, index)
            voices[voice] = (max(known, size), places)
            index_of = places.get(name)
        return None if index_of is None or index_of >= size else store.body(voice, index_of)
