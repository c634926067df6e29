"""Evidence: the files of an export, wherever they lie.

Source: spec/audit.md, "Exports".
"""

from collections.abc import Iterable, Mapping
from typing import Protocol


class Evidence(Protocol):
    """The files of one export, by relative path with slashes."""

    @property
    def label(self) -> str:
        """What people call this export, such as the name of its directory."""

    def names(self) -> Iterable[str]:
        """The path of every file there is."""

    def odd(self) -> Iterable[str]:
        """Paths of what is there and is no plain file: links, devices, names that no export has."""

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, or None where it is absent or cannot be read."""


class MemoryEvidence:
    """Evidence in memory, for tests and for packs that were taken apart."""

    def __init__(self, label: str, files: Mapping[str, bytes]) -> None:
        self.label = label
        self._files = files

    def names(self) -> Iterable[str]:
        """See Evidence."""
        return self._files

    def odd(self) -> Iterable[str]:
        """See Evidence."""
        return ()

    def read(self, name: str) -> bytes | None:
        """See Evidence."""
        return self._files.get(name)
