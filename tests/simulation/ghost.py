"""What really happened in a world, and what must hold of it whatever happened.

The ghost sees every write that took place, every message that left, every answer an officer got and every alarm. It
knows what no node knows: how long each log was when somebody saw it, and which node was given an old disk. Its checks
run where the state they speak of changes, which is after every step that could break them. The codes are those of the
list of invariants: I1 append-only, I2 no equivocation, I3 durable before visible, I4 accepted once, I5 authentic, I6 no
gaps, I7 twins, I8 no false accusation, I9 no missed fork, I10 a receipt means that entry, I15 times in order, I17 what
comes again or was never said changes nothing, I20 an audit says the same, I22 a failed write ends the process; L1
convergence; and P with a number, of what must always hold, where the list has none.

What must always hold, and the codes by which a world shows that it does not:

     1 an acknowledged entry survives         I3, I4       9 nothing counts unauthorised          P9, I20
     2 a receipt is of what is held           I3, I10     10 one docket for both and an auditor   P10, I20
     3 never two logs                         I1, I2      11 no words of a field leave            P11
     4 the mirror is the log, in one order    I6, I7, P4  12 clocks drop and hold back nothing    I15, L1
     5 both converge by themselves            L1          13 evidence services hold up nothing    none takes part
     6 a fork is found, nobody else accused   I8, I9      14 an exercise never counts as actual   P14
     7 what is not said changes nothing       I5, I17     15 what is not understood is kept       P15, I7
     8 what is hostile is bounded             L1, P8
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from nodes.store import OWN_COSIGNED, THEIR_NEWEST, Row
from protocol import beat as beats
from protocol.branches import BRANCHES_MAX
from protocol.checkpoint import Checkpoint, parse_text
from protocol.effects import Alarm
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.fork import Fork
from protocol.frames import Frame, FrameType
from protocol.frames import parse as parse_frame
from protocol.glance import glance
from protocol.line_keys import voice_keys
from protocol.merkle import Frontier, Hash, empty_root, leaf_hash
from protocol.mirror import AHEAD_MAX
from protocol.note import parse as parse_note
from protocol.statement import Statement
from tests.simulation import parties
from tests.simulation.disk import ChannelDisk

ACCUSATIONS: Final = frozenset({"fork", "rollback", "held-differs", "root-differs", "docket-differs"})
"""Alarms that say something about the other side."""

SELF_FOUND: Final = frozenset({"rolled-back-self", "fork-self", "high-water-ahead", "high-water-differs"})
"""Alarms by which a node says that its own disk is not the last one."""

BEYOND_MENDING: Final = frozenset({"tail-lost", "fork-self", "high-water-differs", "recovery-refused"})
"""Those after which its log does not come back; after any other it must."""

BETWEEN_US: Final = b"between the two of us"
"""In every field that has words."""

Voice = tuple[str, str]
"""Whose log, and with whom the channel is."""


class Violation(AssertionError):
    """Something that must hold does not."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


@dataclass
class Said:
    """What is worth remembering of an entry."""

    leaf: Hash
    kind: str
    thread: Hash | None
    status: str
    statement_id: bytes


@dataclass
class Truth:
    """One log as it really went.

    Attributes:
        entries: as they are on the author's disk, or were on the last one.
        said: of each.
        frontier: at its end.
        roots: one for each size.
        left: the largest size under whose signature something left the author's node.
        kept: the largest size that became durable at the other side.
        cosigned: the largest size that the other side's cosignature left for.
        heard: the largest size that its author was told of in a session that it opened.
        places: where each statement is.
        forgotten: sizes and roots that an old disk did not have, and that its author wrote over.
        rolled_back: whether its author was given an old disk.
        forked: whether its author signed two logs, being dishonest.
    """

    entries: list[bytes] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    frontier: Frontier = field(default_factory=Frontier.empty)
    roots: list[Hash] = field(default_factory=lambda: [empty_root()])
    times: list[int] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    left: int = 0
    kept: int = 0
    cosigned: int = 0
    heard: int = 0
    places: dict[bytes, int] = field(default_factory=dict)
    forgotten: set[tuple[int, Hash]] = field(default_factory=set)
    rolled_back: bool = False
    forked: bool = False

    def root(self, size: int) -> Hash | None:
        """The root at a size, or None where the log was never so long."""
        return self.roots[size] if size < len(self.roots) else None


class Ghost:
    """See the module.

    Args:
        voices: every log of the world.
    """

    def __init__(self, voices: Sequence[Voice]) -> None:
        self.truth = {voice: Truth() for voice in voices}
        self.acknowledged: dict[Voice, dict[bytes, str]] = {voice: {} for voice in voices}
        self.forgiven: set[bytes] = set()
        self.alarms: list[tuple[str, str, str]] = []
        self.unauthorised: set[bytes] = set()
        self.unheard_of: set[bytes] = set()
        self.flipped: set[Voice] = set()
        self.mixed: set[bytes] = set()
        self._states: set[tuple[str, bytes]] = set()
        self._beats: set[tuple[str, bytes]] = set()
        self.frames = 0
        self.in_parts = 0
        self._notes: dict[bytes, Checkpoint] = {}

    # --- writes -------------------------------------------------------------------------------------------------------

    def wrote_own(self, disk: ChannelDisk, size: int, rows: Sequence[Row]) -> None:
        """Entries were written to a log by its author."""
        truth = self.truth[disk.party, disk.counterpart]
        known = truth.entries[size : size + len(rows)]
        if truth.rolled_back and known and [row.entry for row in rows[: len(known)]] == known:
            # What an old disk did not have any more came back.
            size, rows = size + len(known), rows[len(known) :]
            if not rows:
                return
        if size < len(truth.entries):
            # What left and reached nobody's disk is known to nobody: the counterpart cannot tell of it, and did not.
            kept = max(truth.kept, truth.heard)
            if not truth.forked and (not truth.rolled_back or size < kept):
                raise Violation("I2", f"{disk.party} wrote entry {size} again; {kept} are known of its log")
            self._forget(truth, size)
            truth.left = size
        if size != len(truth.entries):
            raise Violation("I6", f"{disk.party} wrote at {size}, its log has {len(truth.entries)}")
        for row in rows:
            entry = Entry.parse(row.entry)
            statement = Statement.parse(entry.statement)
            if truth.times and entry.logged_at_ms < truth.times[-1]:
                raise Violation("I15", f"{disk.party} {len(truth.entries)} is older than the one before")
            if statement.id in truth.places:
                raise Violation("I4", f"{disk.party} logged a statement twice")
            self._check_held(disk, truth, entry)
            if leaf_hash(row.entry) != row.leaf:
                raise Violation("I1", "a leaf is not of its entry")
            truth.places[statement.id] = len(truth.entries)
            truth.entries.append(row.entry)
            truth.said.append(Said(row.leaf, statement.kind, statement.thread, statement.status, statement.id))
            truth.times.append(entry.logged_at_ms)
            truth.held.append(entry.held.size)
            truth.frontier = truth.frontier.append(row.leaf)
            truth.roots.append(truth.frontier.root())

    def _forget(self, truth: Truth, size: int) -> None:
        for said in truth.said[size:]:
            self.forgiven.add(said.statement_id)
            truth.places.pop(said.statement_id, None)
        for things in (truth.entries, truth.said, truth.times, truth.held):
            del things[size:]
        truth.forgotten.update(enumerate(truth.roots[size + 1 :], size + 1))
        del truth.roots[size + 1 :]
        truth.frontier = Frontier.empty().extend([said.leaf for said in truth.said])

    def _check_held(self, disk: ChannelDisk, truth: Truth, entry: Entry) -> None:
        other = self.truth[disk.counterpart, disk.party]
        if other.forked or other.rolled_back or truth.rolled_back:
            return
        if truth.held and entry.held.size < truth.held[-1]:
            raise Violation("I6", f"`held` of {disk.party} went down")
        if entry.held.size > disk.store.head(disk.counterpart).size or entry.held.root != other.root(entry.held.size):
            raise Violation("I7", f"`held` of {disk.party} is not of the log of {disk.counterpart}")

    def wrote_their(self, disk: ChannelDisk, start: int, rows: Sequence[Row]) -> None:
        """Entries were written to a mirror."""
        truth = self.truth[disk.counterpart, disk.party]
        truth.kept = max(truth.kept, start + len(rows))
        if truth.forked or truth.rolled_back:
            return
        for index, row in enumerate(rows, start):
            if index >= len(truth.entries) or row.entry != truth.entries[index]:
                raise Violation("I7", f"{disk.party} mirrors another entry {index} of {disk.counterpart}")
            named = glance(row.entry).body_digest
            if (named is None) != (row.body is None):
                raise Violation("I10", f"{disk.party} mirrors entry {index} of {disk.counterpart} without its body")

    def wrote_mark(self, disk: ChannelDisk, checkpoint: Checkpoint) -> None:
        """A signature over the own log became durable."""
        truth = self.truth[disk.party, disk.counterpart]
        if (checkpoint.size, checkpoint.root) in truth.forgotten:
            # It was signed before an old disk was put in, and somebody remembers it after all.
            return
        learned = truth.rolled_back and checkpoint.root == truth.root(checkpoint.size)
        if checkpoint.size > disk.store.head(disk.party).size and not learned:
            raise Violation("I3", f"{disk.party} signed {checkpoint.size} entries, of which not all are durable")
        if checkpoint.root != truth.root(checkpoint.size):
            raise Violation("I1", f"{disk.party} signed a root that is not of its log at {checkpoint.size}")

    def wrote_cosigned(self, disk: ChannelDisk, note: bytes, size: int, peer: ChannelDisk) -> None:
        """A receipt became durable: the other side must hold just that."""
        checkpoint = self.checkpoint(note)
        truth = self.truth[disk.party, disk.counterpart]
        if truth.forked or self.truth[disk.counterpart, disk.party].rolled_back:
            return
        if checkpoint.size != size or checkpoint.root != truth.root(size):
            raise Violation("I10", f"{disk.party} took a receipt of another log")
        if peer.store.head(disk.party).size < size:
            raise Violation("I10", f"{disk.party} took a receipt for {size}, {disk.counterpart} holds less")

    # --- messages -----------------------------------------------------------------------------------------------------

    def checkpoint(self, note: bytes) -> Checkpoint:
        """What a note says."""
        found = self._notes.get(note)
        if found is None:
            found = self._notes[note] = parse_text(parse_note(note).text)
        return found

    def _position(self, note: bytes) -> beats.Position:
        checkpoint = self.checkpoint(note)
        return checkpoint.size, checkpoint.root

    def sent(self, disk: ChannelDisk, data: bytes) -> FrameType:
        """An honest node sends a frame: all of it must be durable."""
        self.frames += 1
        if BETWEEN_US in data:
            raise Violation("P11", f"{disk.party} sends words of a field")
        frame = parse_frame(data)
        kind, items = frame.type, frame.items
        if kind is FrameType.BEAT:
            beat = beats.parse(items["beat"])
            if beat.own[0]:
                self._own_left(disk, *beat.own, by_log=False)
            if beat.held[0]:
                self._cosigned_left(disk, *beat.held)
            if beat.shows_rollback and not self.truth[disk.party, disk.counterpart].rolled_back:
                raise Violation("I8", f"{disk.party} signs that it was rolled back, and was not")
        elif kind is FrameType.APPEND or kind is FrameType.AHEAD:
            self.in_parts += kind is FrameType.APPEND and len(items["proof"]) > 0
            self._own_left(disk, *self._position(items["note"]))
        elif kind is FrameType.COSIGNED:
            self._cosigned_left(disk, *self._position(items["note"]))
        elif kind is FrameType.STATE:
            if items["own_note"] is not None:
                self._own_left(disk, *self._position(items["own_note"]))
            if items["held_size"] > disk.store.head(disk.counterpart).size:
                raise Violation("I3", f"{disk.party} says that it holds more than is durable")
            seen = disk.store.durable_note(THEIR_NEWEST)
            whole = (disk.party, disk.counterpart) not in self.flipped
            if seen is not None and whole and self.checkpoint(seen).size > self._tells(frame):
                raise Violation("I9", f"{disk.party} does not tell {disk.counterpart} what it signed")
        return kind

    def _tells(self, frame: Frame) -> int:
        """How far a state says that the other log went."""
        notes = [frame[name] for name in ("held_note", "newest_note") if frame[name] is not None]
        return max([int(frame["held_size"]), *(self.checkpoint(note).size for note in notes)])

    def quoted(self, disk: ChannelDisk, data: bytes) -> None:
        """A node made a frame; if it is a beat, it quotes what the node has a receipt for."""
        receipt = disk.store.note(OWN_COSIGNED)
        frame = parse_frame(data)
        if receipt is None or frame.type is not FrameType.BEAT or (disk.party, disk.counterpart) in self.flipped:
            return
        if beats.parse(frame["beat"]).quoted < self.checkpoint(receipt).size:
            raise Violation("I9", f"{disk.party} does not quote what it has a receipt for")

    def opened(self, party: str, counterpart: str, data: bytes) -> None:
        """A node opened a session on this state of the other side."""
        if (party, data) in self._states:
            raise Violation("I17", f"{party} opens a second session on one state")
        self._states.add((party, data))
        truth = self.truth[party, counterpart]
        truth.heard = max(truth.heard, self._tells(parse_frame(data)))

    def _own_left(self, disk: ChannelDisk, size: int, root: Hash, *, by_log: bool = True) -> None:
        truth = self.truth[disk.party, disk.counterpart]
        if truth.forked:
            return
        if truth.rolled_back and size < truth.left:
            # An old disk may be spoken of; what must not be is a new signature that contradicts the last one.
            if root != truth.root(size):
                raise Violation("I2", f"{disk.party} signed two roots at {size}")
            return
        if by_log and (disk.mark is None or disk.mark[1].size < size):
            raise Violation("I3", f"{disk.party} sends its signature over {size} before that is durable")
        if size > disk.store.head(disk.party).size:
            raise Violation("I3", f"{disk.party} sends a signature over {size}, which is not durable")
        if root != truth.root(size):
            raise Violation("I2", f"{disk.party} signed two roots at {size}")
        truth.left = max(truth.left, size)

    def _cosigned_left(self, disk: ChannelDisk, size: int, root: Hash) -> None:
        truth = self.truth[disk.counterpart, disk.party]
        mine = disk.store
        if size > mine.head(disk.counterpart).size:
            raise Violation("I3", f"{disk.party} cosigns {size} entries and holds fewer")
        if (disk.party, disk.counterpart) not in self.flipped and root != mine.root(disk.counterpart, size):
            raise Violation("I10", f"{disk.party} cosigns a root that is not of what it holds")
        if not (truth.forked or truth.rolled_back) and root != truth.root(size):
            raise Violation("I7", f"{disk.party} cosigns another log of {disk.counterpart}")
        if not truth.forked:
            self._check_bodies(disk, truth.cosigned, size)
            truth.cosigned = max(truth.cosigned, size)

    def _check_bodies(self, disk: ChannelDisk, start: int, end: int) -> None:
        if start >= end:
            return
        for index, entry in enumerate(disk.store.read(disk.counterpart, start, end), start):
            seen = glance(entry)
            body = disk.store.body(disk.counterpart, index)
            if seen.body_digest is not None and (body is None or not seen.fits(body)):
                raise Violation("I10", f"{disk.party} cosigned entry {index} of {disk.counterpart} without its body")

    # --- answers and alarms -------------------------------------------------------------------------------------------

    def answered(self, disk: ChannelDisk, peer: ChannelDisk, statement_id: bytes, state: str) -> None:
        """An officer was told how far a statement is."""
        voice = disk.party, disk.counterpart
        self.acknowledged[voice][statement_id] = state
        self.check_kept(disk, only=statement_id)
        if state == "held" and not self.truth[disk.counterpart, disk.party].rolled_back:
            place = self.truth[voice].places[statement_id]
            if peer.store.head(disk.party).size <= place:
                raise Violation("I10", f"{disk.party} {place} was shown as held and is not")

    def check_kept(self, disk: ChannelDisk, *, only: bytes | None = None) -> None:
        """Everything that was acknowledged is on the disk, as far as that disk was never replaced."""
        voice = disk.party, disk.counterpart
        truth = self.truth[voice]
        promised = self.acknowledged[voice]
        for statement_id in promised if only is None else (only,):
            state = promised[statement_id]
            logged = disk.store.find(statement_id) is not None
            waits = disk.store.waiting_of(statement_id) is not None
            if truth.rolled_back or statement_id in self.forgiven:
                continue
            if not logged and (state in ("logged", "held") or not waits):
                raise Violation("I3", f"a statement acknowledged as {state} is not on the disk of {disk.party}")

    def replaced(self, disk: ChannelDisk, *, lying: bool = False) -> None:
        """A node was given an old disk; what it knew since then is outside of the promise.

        Args:
            disk: as it is now.
            lying: its node will sign on from there whatever it is told.
        """
        truth = self.truth[disk.party, disk.counterpart]
        truth.rolled_back = True
        truth.forked = lying

    def alarmed(self, party: str, counterpart: str, code: str, *, excused: bool) -> None:
        """A node raised an alarm, which what an adversary did on the way may excuse."""
        self.alarms.append((party, counterpart, code))
        if excused:
            return
        own, their = self.truth[party, counterpart], self.truth[counterpart, party]
        if (party, counterpart) in self.flipped or (counterpart, party) in self.flipped:
            # What a disk made of it is not told from what was said; nobody is accused of a fork for it.
            if code == "fork" and not (their.forked or their.rolled_back):
                raise Violation("I8", f"{party} raises fork against {counterpart} for a bit that flipped")
            return
        if code in ACCUSATIONS and not (their.forked or their.rolled_back or own.rolled_back or own.forked):
            raise Violation("I8", f"{party} raises {code} against {counterpart}, which is honest")
        if code in SELF_FOUND and not (own.rolled_back or own.forked or their.forked):
            raise Violation("I8", f"{party} raises {code} and its disk is the last one")

    def counted(self, party: str, beat: bytes) -> None:
        """A node took a beat as a sign of life."""
        if (party, beat) in self._beats:
            raise Violation("I17", f"{party} counts one beat twice")
        self._beats.add((party, beat))

    def accused(self, party: str, counterpart: str, alarm: Alarm) -> None:
        """An alarm with its evidence: it must hold before whoever has only the keys."""
        if alarm.code != "fork":
            return
        pair = (min(party, counterpart), max(party, counterpart))
        keys = voice_keys(parties.agreement(pair), parties.roster(counterpart, pair), frozenset()).log
        try:
            Fork.parse(alarm.evidence).check(keys)
        except ProtocolError as error:
            raise Violation("I9", f"{party} accuses {counterpart} of a fork that its evidence does not show") from error

    def is_whole(self, disk: ChannelDisk) -> bool:
        """Whether both logs are on a disk as they were said, bit for bit."""
        for voice in ((disk.party, disk.counterpart), (disk.counterpart, disk.party)):
            truth, size = self.truth[voice], disk.store.head(voice[0]).size
            entries = disk.store.read(voice[0], 0, size)
            if entries != truth.entries[:size] or disk.store.hash_rows(voice[0], 0, 0, size) != [
                said.leaf for said in truth.said[:size]
            ]:
                return False
            for index, seen in enumerate(map(glance, entries)):
                body = disk.store.body(voice[0], index)
                if seen.body_digest is not None and (body is None or not seen.fits(body)):
                    return False
        return True

    # --- what stands ahead of the mirror ------------------------------------------------------------------------------

    def check_ahead(self, disk: ChannelDisk) -> None:
        """What is shown ahead of its predecessors is of the other side's log."""
        truth = self.truth[disk.counterpart, disk.party]
        if len(disk.store.ahead_indexes()) > AHEAD_MAX or len(disk.store.branches()) > BRANCHES_MAX:
            raise Violation("P8", f"{disk.party} keeps more of {disk.counterpart} than it has room for")
        for item in disk.store.ahead():
            known = item.index < len(truth.entries) and truth.entries[item.index] == item.entry
            if not (truth.forked or truth.rolled_back or known):
                raise Violation("I5", f"{disk.party} shows a flash that {disk.counterpart} never logged")


def readable(data: bytes) -> str:
    """A frame, for a trace."""
    try:
        frame = parse_frame(data)
    except ProtocolError:
        return f"unreadable {len(data)}"
    match frame.type:
        case FrameType.APPEND:
            return f"append {frame['start']}+{len(frame['entries'])}"
        case FrameType.BODY | FrameType.AHEAD:
            return f"{frame.type.name.lower()} {frame['index']}"
        case FrameType.COSIGNED:
            return f"cosigned {parse_text(parse_note(frame['note']).text).size}"
        case FrameType.STATE:
            return f"state holds {frame['held_size']}"
        case FrameType.WANT:
            return f"want {frame['start']}"
        case FrameType.BEAT:
            beat = beats.parse(frame["beat"])
            return f"beat {beat.number} own {beat.own[0]} held {beat.held[0]} quoted {beat.quoted}"
        case FrameType.PROBLEM:
            return f"problem {frame['code']}"
        case _:
            return frame.type.name.lower()
