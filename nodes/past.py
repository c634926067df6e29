"""The logs of a channel that ended: their files, and what of them counts.

    past/ARC-1.db             the store as it was when ARC's log of epoch 1 ended, both voices, never written again
    past/ARC-1.counted.db     only where that store held another past of ARC's log: what counts, from the counterpart
    past/ARC-1.succession     the succession that ended it (`nodes/succession_file.py`)

Source: spec/succession.md, "What stays".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keys.roster import Roster
from nodes.errors import NodeError
from nodes.files import read_file
from nodes.home import ChannelHome
from nodes.sqlite_store import SqliteStore
from nodes.store import LogStore, StoreDamaged
from nodes.succession_file import FILE_BYTES_MAX, SuccessionFile
from protocol.agreement import Agreement
from protocol.lineage import Lineage, Segment
from protocol.succession import Succession

_NAME: Final = re.compile(r"([A-Z]{2,4})-([1-9][0-9]{0,5})\.succession")


class PastRefused(NodeError):
    """A log that ended is not there as it counts, or a succession was begun here and not finished."""


@dataclass(frozen=True, slots=True)
class Ended:
    """One log that ended.

    Attributes:
        party: whose.
        epoch: its number.
        base: number of its entry 0 in the voice.
        file: the succession that ended it.
        succession: the document in that.
        store: where its entries are.
    """

    party: str
    epoch: int
    base: int
    file: SuccessionFile
    succession: Succession
    store: LogStore

    @property
    def size(self) -> int:
        """How many of its entries count."""
        return self.succession.past.size


@dataclass(frozen=True, slots=True)
class Past:
    """Every log of a channel that ended, oldest first for each party.

    Attributes:
        ended: those.
        shorts: the parties, in the agreement's order.
    """

    ended: tuple[Ended, ...]
    shorts: tuple[str, str]

    def of(self, party: str) -> list[Ended]:
        """Those of one party."""
        return [one for one in self.ended if one.party == party]

    def base(self, party: str) -> int:
        """Number of a party's voice at which its present log begins."""
        return sum(one.size for one in self.of(party))

    @property
    def lineage(self) -> Lineage:
        """Where the logs of both voices begin."""
        first, second = (self._segments(party) for party in self.shorts)
        return Lineage((first, second))

    def _segments(self, party: str) -> tuple[Segment, ...]:
        found = [Segment(0, 1)]
        for one in self.of(party):
            found.append(Segment(one.base + one.size, one.file.version(party)))
        return tuple(found)

    def close(self) -> None:
        """Let go of files."""
        for one in self.ended:
            one.store.close()


def ended_path(home: ChannelHome, party: str, epoch: int, suffix: str) -> Path:
    """Path of one of the files of a log that ended: `.db`, `.counted.db` or `.succession`."""
    return home.past / f"{party}-{epoch}{suffix}"


def open_past(home: ChannelHome, agreement: Agreement, *, own: str) -> Past:
    """Open the logs of a channel that ended, for reading.

    Args:
        home: the channel's files.
        agreement: its agreement.
        own: short name of the home's party.

    Returns:
        Them, each with the root that its succession names at the size that it names.

    Raises:
        PastRefused: `succession-unfinished`, or `past-missing` where one is absent or another.
        NodeError: a file cannot be read.
    """
    if home.succession_begun.exists():
        raise PastRefused(
            "succession-unfinished", f"a succession on the channel with {home.counterpart} was not finished"
        )
    return read_past(home, agreement, own=own)


def read_past(home: ChannelHome, agreement: Agreement, *, own: str) -> Past:
    """As `open_past`, also while a succession is unfinished."""
    ended: list[Ended] = []
    try:
        for party in agreement.shorts:
            base = 0
            for epoch in _epochs(home, party):
                file = SuccessionFile.parse(
                    read_file(ended_path(home, party, epoch, ".succession"), bytes_max=FILE_BYTES_MAX)
                )
                one = _open(home, own, agreement, party, epoch, base, file)
                ended.append(one)
                base += one.size
    except BaseException:
        for one in ended:
            one.store.close()
        raise
    return Past(tuple(ended), agreement.shorts)


def _epochs(home: ChannelHome, party: str) -> list[int]:
    if not home.past.is_dir():
        return []
    found = [_NAME.fullmatch(item.name) for item in home.past.iterdir()]
    return sorted(int(match[2]) for match in found if match is not None and match[1] == party)


def _open(
    home: ChannelHome, own: str, agreement: Agreement, party: str, epoch: int, base: int, file: SuccessionFile
) -> Ended:
    succession = file.succession
    checkpoint = succession.checkpoint
    if checkpoint.origin != agreement.origin(party, epoch):
        raise PastRefused("past-missing", f"the succession in {home.past} is not of {party}'s log {epoch}")
    path = ended_path(home, party, epoch, ".counted.db")
    if not path.exists():
        path = ended_path(home, party, epoch, ".db")
    if not path.is_file():
        raise PastRefused("past-missing", f"{path} is absent: {party}'s log {epoch}, which its successor goes on from")
    file.version(party)
    try:
        store = SqliteStore.open(path, own=own, their=home.counterpart, readonly=True)
        try:
            whole = store.head(party).size >= checkpoint.size
            if not whole or store.root(party, checkpoint.size) != checkpoint.root:
                raise PastRefused("past-missing", f"{path} does not hold {party}'s log {epoch} as it counts")
        except BaseException:
            store.close()
            raise
    except StoreDamaged as error:
        # Nobody gives it back over the line, so it is not damage that mends itself.
        raise PastRefused("past-missing", error.text) from error
    return Ended(party, epoch, base, file, succession, store)


def check_epoch(past: Past, rosters: Sequence[Roster]) -> None:
    """Check that every log before the present ones is there.

    Args:
        past: what is there.
        rosters: of one party, the first one and the one in force.

    Raises:
        PastRefused: `past-missing`.
    """
    party = rosters[0].party
    if rosters[-1].epoch - rosters[0].epoch != len(past.of(party)):
        raise PastRefused("past-missing", f"a log of {party} that was succeeded is not in the home's past/")
