"""The exported logs of one voice in one row: those that ended, as far as they count, and the present one.

An export with a past holds each log that ended in a folder of its own, `before/<epoch>/`: an export without a policy.

Source: spec/succession.md, "Exports and audit".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from keys.errors import KeysError
from keys.roster import parse as parse_roster
from protocol.evidence import Evidence
from protocol.exported_log import ROSTER_FOLDER, ExportedLog
from protocol.lineage import Segment
from protocol.merkle import Frontier, Hash

BEFORE_FOLDER: Final = "before"

_STEP_MAX: Final = 1024
"""Leaves from one root to the next that are hashed one after the other; beyond that the tree is looked up anew."""

_NEVER: Final = 1 << 62


class Within:
    """The part of an export that lies in one folder; see `protocol.evidence.Evidence`.

    Args:
        evidence: the whole export.
        folder: its name, with slashes and none at the end.
    """

    def __init__(self, evidence: Evidence, folder: str) -> None:
        self.label = f"{evidence.label}/{folder}"
        self._evidence = evidence
        self._prefix = f"{folder}/"

    def names(self) -> Iterable[str]:
        """See Evidence."""
        length = len(self._prefix)
        return [name[length:] for name in self._evidence.names() if name.startswith(self._prefix)]

    def odd(self) -> Iterable[str]:
        """See Evidence; the whole export says what is odd."""
        return ()

    def read(self, name: str) -> bytes | None:
        """See Evidence."""
        return self._evidence.read(self._prefix + name)


class _Part:
    """One log with the number of its entry 0, and the tree where it was asked for last."""

    def __init__(self, log: ExportedLog, base: int) -> None:
        self.log, self.base = log, base
        self._last = Frontier.empty()

    def root(self, size: int) -> Hash:
        """Its root at a size."""
        last = self._last
        if last.size < size <= last.size + _STEP_MAX:
            # Roots are asked for from the beginning to the end, most of them a few entries after the one before.
            self._last = last = last.extend(self.log.leaves(last.size, size))
            return last.root()
        found = self.log.frontier(size)
        if size > last.size:
            self._last = found
        return found.root()


class JoinedLog:
    """A voice as an audit reads it.

    Args:
        logs: oldest first; at least one, each with every entry there and good.
    """

    def __init__(self, logs: Sequence[ExportedLog]) -> None:
        self.logs = tuple(logs)
        self._parts: list[_Part] = []
        base = 0
        for log in logs:
            self._parts.append(_Part(log, base))
            base += log.size
        self.size = base
        self.short = logs[-1].short
        self.evidence = logs[-1].evidence

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Where the logs begin, and the roster version that brought each."""
        found = [Segment(0, 1)]
        found += [Segment(part.base, _version_of(part.log)) for part in self._parts[1:]]
        return tuple(found)

    def _part(self, number: int) -> _Part:
        return next(part for part in reversed(self._parts) if part.base <= number)

    def read(self, start: int, count: int) -> list[bytes]:
        """Entries from a number on, at least one and at most so many."""
        part = self._part(start)
        return part.log.read(start - part.base, min(count, part.log.size - (start - part.base)))

    def root(self, size: int) -> Hash:
        """Root of the log that ends at a number or goes on there: where a successor begins, of the log before."""
        part = next(part for part in self._parts if size <= part.base + part.log.size)
        return part.root(size - part.base)

    def document(self, index: int, wanted: Hash) -> bytes | None:
        """The text that the entry of a number names."""
        return self._part(index).log.document(wanted)

    def unnamed(self, named: Mapping[Hash, int]) -> list[str]:
        """Documents that no entry names: where each lies."""
        return [log.where(name) for log in self.logs for wanted, name in log.documents.items() if wanted not in named]


def _version_of(log: ExportedLog) -> int:
    """The lowest version of a roster in a log; none makes a log that nobody can have said to hold."""
    versions = []
    for wanted, name in log.documents.items():
        text = log.document(wanted) if name.startswith(f"{ROSTER_FOLDER}/") else None
        if text is None:
            continue
        try:
            roster = parse_roster(text)
        except KeysError:
            continue
        if log.checkpoint.origin.endswith(f"/{roster.epoch}"):
            versions.append(roster.version)
    return min(versions, default=_NEVER)
