"""Lineage: how a log and its successors count as one voice.

Where a log ended, its successor's entries count on: with a log that counts up to 40, entry 0 of its successor is number
40 of the voice. Everything that judges and folds works with these numbers; for a voice without a successor they are the
places in its one log. What a statement or an entry says of a log (`after`, `seen`, `held`) is always of one log by
itself, and is turned into numbers of the voice here.

Which log another party speaks of is decided by its own log: of the successor from the `roster-held` on by which it says
that it holds the roster that made the successor, and of the log before until then. Of a log that ended nobody can have
held more, for this purpose, than counts.

Source: spec/succession.md, "Counting on".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from protocol.statement import EMPTY_LOG, LogState, Statement
from protocol.tagged import Hash

ROSTER_HELD: Final = "roster-held"

RootAt = Callable[[int, int], Hash]
"""`root(voice, number)`: root of the log that ends just before that number of the voice: at a place where a successor
begins, of the log before."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One log of a voice.

    Attributes:
        base: number of its entry 0.
        version: the roster version that brought it.
    """

    base: int
    version: int


_FIRST: Final = Segment(0, 1)


@dataclass(frozen=True, slots=True)
class Lineage:
    """The logs of both voices, oldest first.

    Attributes:
        voices: the segments of each; the first begins at 0 in any case.
    """

    voices: tuple[tuple[Segment, ...], tuple[Segment, ...]] = ((_FIRST,), (_FIRST,))

    @property
    def trivial(self) -> bool:
        """Whether neither voice has a successor."""
        return len(self.voices[0]) == len(self.voices[1]) == 1

    def bases(self, voice: int) -> tuple[int, ...]:
        """Where the logs of a voice begin."""
        return tuple(one.base for one in self.voices[voice])

    def begins(self, voice: int, number: int) -> bool:
        """Whether a successor begins at a number."""
        return len(self.voices[voice]) > 1 and number > 0 and any(one.base == number for one in self.voices[voice])

    def log_of(self, voice: int, number: int) -> int:
        """Which log of a voice, from 0, a number is in."""
        logs = self.voices[voice]
        if len(logs) == 1:
            return 0
        return max(place for place, one in enumerate(logs) if one.base <= number)

    def acknowledged(self, voice: int, short: str, known: int, statement: Statement | None) -> int:
        """Which log of a voice the other one speaks of, from this entry of its own on.

        Args:
            voice: whose logs.
            short: short name of that party.
            known: what it spoke of before.
            statement: of the entry.
        """
        logs = self.voices[voice]
        if len(logs) == known + 1 or statement is None or statement.kind != ROSTER_HELD or statement.facts is None:
            return known
        facts = statement.facts
        version = facts.get("version")
        if facts.get("party") != short or type(version) is not int:
            return known
        return max([known, *(place for place, one in enumerate(logs) if one.version <= version)])

    def numbered(self, voice: int, log: int, state: LogState, root: RootAt) -> LogState:
        """The state of one log of a voice as a state of the voice.

        Args:
            voice: whose.
            log: which of its logs.
            state: as a statement or an entry has it.
            root: of the voice.

        Returns:
            A number, and the root that the voice must have there if the state is a true one.
        """
        logs = self.voices[voice]
        if len(logs) == 1:
            return state
        base = logs[log].base
        number = base + state.size
        if log + 1 < len(logs) and number > logs[log + 1].base:
            end = logs[log + 1].base
            return LogState(end, root(voice, end))
        if base and state.size == 0:
            # Nothing of the successor: all that counts of the log before.
            return LogState(base, root(voice, base) if state.root == EMPTY_LOG.root else b"")
        return LogState(number, state.root)
