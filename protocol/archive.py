"""What a judge remembers of the two logs: their trees, and what was found about earlier entries.

The judge asks through this interface, so that a node keeps the memory in its database and an auditor in tables that
take little room. Voices are 0 and 1, the places of the parties in the agreement.

Source: spec/docket.md, "Verdicts".
"""

from collections.abc import Callable
from typing import Protocol

from protocol.statement import LogState
from protocol.tagged import Hash
from protocol.verdict import Located, Verdict, location

DocumentReader = Callable[[int, int, Hash], bytes | None]
"""`document(voice, index, digest)` gives the exact text that an entry names, or None where it is not there."""


_NAMES_MAX = 0xFFF0
"""Pairs of kind and status that the memory tells apart; the last few of 65,536 are kept for the others."""


_ROOTS_MAX = 256
"""Roots of one log that are remembered at once."""


class Archive(Protocol):
    """The judge's memory. What was added stays."""

    def size(self, voice: int) -> int:
        """How many entries of a log are there to be read, judged or not."""

    def root(self, voice: int, size: int) -> Hash:
        """Root of a log at a size not above `size(voice)`."""

    def locate(self, leaf: Hash) -> Located | None:
        """Find a judged entry by its leaf hash: the first one where two entries have the same bytes."""

    def first(self, voice: int, statement_id: bytes) -> int | None:
        """Index of the first judged entry of a log with this statement id, or None."""

    def document(self, voice: int, index: int, digest: Hash) -> bytes | None:
        """The exact text that an entry names as its body, or None where it is not there."""

    def add(self, verdict: Verdict) -> None:
        """Remember a verdict. Those of one voice come in the order of its log; only the referable are found again."""


class KnownRoots:
    """Asks an archive for roots, and remembers the last few hundred: entries near one another name the same ones."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._known: tuple[dict[int, Hash], dict[int, Hash]] = ({}, {})

    def holds(self, voice: int, claimed: LogState, limit: int) -> bool:
        """Whether a log, looked at up to `limit` entries, had the claimed root at the claimed size."""
        size, root = claimed
        if size > limit:
            return False
        known = self._known[voice]
        found = known.get(size)
        if found is None:
            if size > self._archive.size(voice):
                return False
            found = self._archive.root(voice, size)
            if len(known) >= _ROOTS_MAX:
                known.clear()
            known[size] = found
        return found == root


class MemoryArchive:
    """An archive in memory, for audits and tests.

    Args:
        roots: gives the root of a voice's log at a size.
        sizes: entries of the two logs.
        document: gives the exact texts of agreements and rosters.
    """

    def __init__(
        self,
        *,
        roots: Callable[[int, int], Hash],
        sizes: tuple[int, int],
        document: DocumentReader,
    ) -> None:
        self._roots = roots
        self.sizes = list(sizes)
        self._document = document
        self._names: list[str] = []
        self._name_numbers: dict[str, int] = {}
        # One dictionary slot an entry, and one integer that holds all that is remembered of it.
        self._leaves: dict[bytes, int] = {}
        self._ids: tuple[dict[bytes, int], dict[bytes, int]] = ({}, {})

    def size(self, voice: int) -> int:
        """See Archive."""
        return self.sizes[voice]

    def root(self, voice: int, size: int) -> Hash:
        """See Archive."""
        return self._roots(voice, size)

    def locate(self, leaf: Hash) -> Located | None:
        """See Archive."""
        packed = self._leaves.get(leaf)
        if packed is None:
            return None
        name = packed & 0xFFFF
        place = packed >> 16 & (1 << 64) - 1
        kind, status = self._names[name].split(" ")
        return Located(place, kind, status, (packed >> 80) - 1)

    def first(self, voice: int, statement_id: bytes) -> int | None:
        """See Archive."""
        return self._ids[voice].get(statement_id)

    def document(self, voice: int, index: int, digest: Hash) -> bytes | None:
        """See Archive."""
        return self._document(voice, index, digest)

    def add(self, verdict: Verdict) -> None:
        """See Archive."""
        statement = verdict.statement
        if statement is None or not verdict.referable:
            return
        text = f"{statement.kind} {statement.status}"
        number = self._name_numbers.get(text)
        if number is None:
            # A log can name as many unknown kinds as it has entries; beyond a number that real catalogues do not
            # reach they share one name, which no kind replies to.
            if len(self._names) >= _NAMES_MAX:
                text = f"- {statement.status}"
            number = self._name_numbers.setdefault(text, len(self._names))
            if number == len(self._names):
                self._names.append(text)
        place = location(verdict.voice, verdict.index)
        packed = (verdict.thread + 1) << 80 | place << 16 | number
        self._leaves.setdefault(verdict.leaf, packed)
        self._ids[verdict.voice].setdefault(statement.id, verdict.index)
