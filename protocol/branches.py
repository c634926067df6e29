"""Branches: what a voice says under checkpoints that contradict what the mirror holds, kept beside it.

The mirror is one log and stays what it was. Once its author's key has signed another, everything new of that voice goes
into branches: each begins where its entries first differ from the mirror's, is checked against a signed checkpoint like
the mirror itself, and is neither cosigned nor judged. There is room for little, so that a hostile voice fills no disk.

Where entries do not fit the mirror and nothing is disputed yet, the sender is asked for earlier ones, further and
further back, until they fit: that place shows two logs, or the sender's fault.

Source: spec/disputes.md, "Fork" and "Branches".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from protocol import canonical, frames
from protocol.checkpoint import Checkpoint, parse_text
from protocol.effects import Effect, Instant, KeepNote, Say, Send, StoreBranch, StoreNote
from protocol.errors import ProtocolError
from protocol.fork import Fork, Leaf, LeavesDiffer, RootsDiffer, Step
from protocol.frames import Frame, FrameType
from protocol.incoming import Incoming, NotOfThisLog
from protocol.line_keys import LineKeys
from protocol.log_error import LogRefused
from protocol.merkle import Frontier, Hash, HashReader, leaf_hash, node_hash, prove_consistency, prove_inclusion
from protocol.note import parse as parse_note
from protocol.once import Once
from protocol.shelf import Shelf

BRANCHES_MAX: Final = 16
ENTRIES_MAX: Final = 8_192
"""Entries of all branches together; their hashes stay in memory."""
BYTES_MAX: Final = 16 * 1_048_576
"""Bytes of all branches together, bodies counted."""

LOOK_BACK: Final = 256
"""How far back the sender is asked to go at first; four times as far each time after."""

ANSWER_PAUSE_MS: Final = 60_000
"""Between two answers to entries of one branch: one is for many."""

FORK_NOTE: Final = "their-fork"
"""Note name: the first evidence that they signed two logs."""
PROOF_NOTE: Final = "their-proof"
"""Note name: the proof that the mirror is the beginning of what `their-signed` signs."""
ANSWERED_NOTE: Final = "their-disputed-answered"
"""Note name: how far each branch was answered."""


def grown(read: HashReader, size: int, leaves: Sequence[Hash]) -> HashReader:
    """Reader of a tree that begins with `size` leaves of another and goes on with these."""

    def at(level: int, index: int) -> Hash:
        if (index + 1) << level <= size:
            return read(level, index)
        if level == 0:
            return leaves[index - size]
        return node_hash(at(level - 1, 2 * index), at(level - 1, 2 * index + 1))

    return at


@dataclass(slots=True)
class Branch:
    """One branch.

    Attributes:
        number: from 1; 0 stands for the mirror itself.
        start: the first place where it differs from the mirror.
        leaves: leaf hashes from there on.
        note: the newest checkpoint that covers it.
        bytes: it takes on the disk.
        answered: the size up to which we have said that we have it.
    """

    number: int
    start: int
    leaves: list[Hash]
    note: bytes
    bytes: int = 0
    answered: int = 0
    answered_mono_ms: int | None = None

    @property
    def size(self) -> int:
        """Number of entries of the log that it is the end of."""
        return self.start + len(self.leaves)


@dataclass(slots=True)
class _Arriving:
    """Entries on their way into a branch."""

    branch: Branch
    incoming: Incoming
    shared: tuple[tuple[bytes, ...], tuple[bytes | None, ...]]


class Branches:
    """The branches of their log on one line.

    Args:
        keys: gives the keys of the line.
        shelf: what is durable.
        once: remembers what was told.

    Attributes:
        disputed: whether they signed two logs that cannot be one.
    """

    def __init__(self, *, keys: Callable[[], LineKeys], shelf: Shelf, once: Once) -> None:
        self._keys = keys
        self._shelf = shelf
        self._once = once
        self._their = keys().their.party
        self.disputed = shelf.note(FORK_NOTE) is not None
        self._branches = self._load()
        self._arriving: _Arriving | None = None
        self._asked: int | None = None
        self._back = LOOK_BACK
        self._fits_nowhere: Checkpoint | None = None
        self._full = False

    def _load(self) -> list[Branch]:
        found = []
        told = self._shelf.note(ANSWERED_NOTE)
        answered = {} if told is None else dict(_pairs(told))
        for head in self._shelf.branches():
            entries = self._shelf.read_branch(head.number, head.start, head.size)
            branch = Branch(head.number, head.start, [leaf_hash(entry) for entry in entries], head.note, head.bytes)
            branch.answered = answered.get(head.number, 0)
            found.append(branch)
        return found

    def session_ends(self) -> None:
        """What was on its way will come again."""
        self._arriving = None
        self._asked = None
        self._back = LOOK_BACK
        self._full = False

    def not_stored(self) -> None:
        """What was to be written could not be."""
        self.session_ends()
        self.disputed = self._shelf.note(FORK_NOTE) is not None
        self._branches = self._load()

    @property
    def takes(self) -> bool:
        """Whether entries of that voice come here and not into the mirror."""
        return self.disputed or self._asked is not None

    @property
    def waits(self) -> bool:
        """Whether bodies are missing of entries that came."""
        return self._arriving is not None

    # --- accusing -----------------------------------------------------------------------------------------------------

    def differs(self, checkpoint: Checkpoint, note: bytes) -> list[Effect]:
        """A checkpoint of theirs has another root than the mirror at its size."""
        if self.disputed:
            return []
        ours = self._held_under(checkpoint.size)
        if ours is None:
            return self.unproved()
        held, steps = ours
        return self._accuse(Fork(note, held, RootsDiffer(steps)))

    def two_signed(self, first: bytes, second: bytes) -> list[Effect]:
        """Two checkpoints of one size have two roots; neither need be held."""
        return self._accuse(Fork(first, second, RootsDiffer(())))

    def crosses(self, seen: Checkpoint, note: bytes, incoming: Incoming, proof: Sequence[Hash]) -> list[Effect]:
        """Entries have another root at the size of a checkpoint that was seen before them."""
        if not incoming.start < seen.size <= incoming.frontier.size:
            return []
        read = grown(self._shelf.hashes(self._their), incoming.start, incoming.leaves)
        if Frontier.read(seen.size, read).root() == seen.root:
            return []
        steps = _steps(seen.size, incoming, read, proof)
        return self._accuse(Fork(note, incoming.note, RootsDiffer(steps)))

    def replaces(self, index: int, shown: Leaf, note: bytes, incoming: Incoming, proof: Sequence[Hash]) -> list[Effect]:
        """Entries have another one at a place of which one was shown ahead. Where that cannot be proved any more, after
        damage to what was kept of it, nobody is accused and they are taken."""
        fork = Fork(note, incoming.note, LeavesDiffer(index, shown, self._arriving_leaf(index, incoming, proof)))
        return self._accuse(fork) if fork.holds(self._keys().their.log) else []

    def _arriving_leaf(self, place: int, incoming: Incoming, proof: Sequence[Hash]) -> Leaf:
        """What the log that entries come from has at a place of theirs."""
        reached = incoming.frontier
        new = grown(self._shelf.hashes(self._their), incoming.start, incoming.leaves)
        path = tuple(prove_inclusion(place, reached.size, new))
        return Leaf(new(0, place), path, _steps(reached.size, incoming, new, proof))

    def _accuse(self, fork: Fork) -> list[Effect]:
        if self.disputed:
            return []
        if not fork.holds(self._keys().their.log):
            return self.unproved()
        self.disputed = True
        text = "the counterpart signed two logs that cannot be one"
        return [StoreNote(FORK_NOTE, fork_bytes(fork)), *self._once.tell("fork", text, fork.objects())]

    def unproved(self) -> list[Effect]:
        """What we hold does not prove it: then it is our disk that is to be looked at, and nobody is accused."""
        text = "a checkpoint of the counterpart does not fit what is held, and what is held proves nothing against it"
        return self._once.tell("log-damaged", text, {})

    def _held_under(self, size: int) -> tuple[bytes, tuple[Step, ...]] | None:
        """A checkpoint of theirs that covers so much of the mirror, with the steps from that size up to it."""
        shelf, read = self._shelf, self._shelf.hashes(self._their)
        held = shelf.head(self._their).frontier
        for name in ("their-cosigned", "their-signed"):
            note = shelf.note(name)
            top = None if note is None else _top(note)
            if note is None or top is None or top.size < size:
                continue
            end = min(top.size, held.size)
            steps: list[Step] = []
            if size < end:
                path = tuple(prove_consistency(size, end, read))
                steps.append(Step(size, Frontier.read(size, read).root(), path))
            if end < top.size:
                proof = self._kept_proof(end)
                if proof is None:
                    continue
                steps.append(Step(end, held.root(), proof))
            return note, tuple(steps)
        return None

    def _kept_proof(self, size: int) -> tuple[Hash, ...] | None:
        data = self._shelf.note(PROOF_NOTE)
        if data is None:
            return None
        try:
            value = canonical.decode(data, bytes_max=frames.NOTE_BYTES_MAX)
        except ProtocolError:
            return None
        match value:
            case [int(kept), list(path)] if kept == size:
                return tuple(one for one in path if isinstance(one, bytes))
            case _:
                return None

    def prove(self, incoming: Incoming, proof: Sequence[Hash]) -> list[Effect]:
        """Keep, with the entries, the proof that they are the beginning of what was signed."""
        if incoming.frontier.size == incoming.checkpoint.size:
            return []
        return [KeepNote(PROOF_NOTE, canonical.encode([incoming.frontier.size, list(proof)]))]

    # --- entries ------------------------------------------------------------------------------------------------------

    def look_back(self, frame: Frame, checkpoint: Checkpoint) -> list[Effect]:
        """Entries do not fit the mirror: look where they do, and ask for earlier ones where they do nowhere.

        Raises:
            NotOfThisLog: they fit nowhere, and there are no earlier ones, or the same was tried in vain before.
        """
        if checkpoint == self._fits_nowhere:
            raise _no_prefix()
        if self._asked is None:
            self._asked = frame["start"]
        found = self.append(frame, checkpoint)
        # By its leaves the mirror fits, and by what it goes on from it does not: that is our own disk.
        return self.unproved() if found is None else found

    def _ask_back(self, start: int, checkpoint: Checkpoint) -> list[Effect]:
        start = min(start, self._shelf.head(self._their).size)
        if start == 0 or checkpoint == self._fits_nowhere:
            self._asked = None
            self._fits_nowhere = checkpoint
            raise _no_prefix()
        self._asked = max(0, start - self._back)
        self._back *= 4
        return [Send(frames.encode(FrameType.WANT, voice=self._their, start=self._asked))]

    def append(self, frame: Frame, checkpoint: Checkpoint) -> list[Effect] | None:
        """Take entries that do not go into the mirror.

        Returns:
            What follows; None where they fit the mirror after all and nothing is disputed.

        Raises:
            NotOfThisLog: they fit nowhere.
        """
        start, entries = frame["start"], frame["entries"]
        if not entries or (self._asked is not None and start > self._asked):
            return []
        if start + len(entries) > checkpoint.size:
            raise _no_prefix()
        mirror = Branch(0, self._shelf.head(self._their).size, [], b"")
        found: list[tuple[tuple[int, bool, bool], Branch, Incoming]] = []
        for branch in [mirror, *reversed(self._branches)]:
            if start > branch.size:
                continue
            read = self._reader(branch)
            base = Frontier.read(start, read)
            try:
                incoming = Incoming.check(
                    note=frame["note"], checkpoint=checkpoint, mirror=base, entries=entries, proof=frame["proof"]
                )
            except NotOfThisLog:
                continue
            place = _agrees_up_to(branch, read, incoming)
            # The one that they have most in common with; then one that they go on from, and not beside it.
            found.append(((place, place == branch.size > branch.start, branch is mirror), branch, incoming))
        if found:
            (place, _, _), branch, incoming = max(found, key=lambda one: one[0])
            return self._fitting(branch, place, incoming, frame["proof"])
        # They may follow what was passed over.
        return [] if self._full else self._ask_back(start, checkpoint)

    def _reader(self, branch: Branch) -> HashReader:
        return grown(self._shelf.hashes(self._their), branch.start, branch.leaves)

    def _fitting(self, branch: Branch, place: int, incoming: Incoming, proof: Sequence[Hash]) -> list[Effect] | None:
        """Entries that agree with the mirror or a branch up to a place."""
        if self._asked is not None:
            # The next ones follow these, until there is a difference.
            self._asked = place
        if place == incoming.frontier.size:
            return []
        effects: list[Effect] = []
        if not self.disputed:
            if place == branch.size:
                self._asked = None
                return None
            effects = self._accuse_at(place, incoming, proof)
            if not self.disputed:
                self._asked = None
                return effects
        self._asked = None
        self._back = LOOK_BACK
        return [*effects, *self._begin(branch, place, incoming)]

    def _accuse_at(self, place: int, incoming: Incoming, proof: Sequence[Hash]) -> list[Effect]:
        """Their entry at a place of the mirror is another one."""
        ours = self._held_under(place + 1)
        if ours is None:
            return self.unproved()
        held, steps = ours
        top = parse_text(parse_note(held).text)
        read = self._shelf.hashes(self._their)
        end = min(top.size, self._shelf.head(self._their).size)
        first = Leaf(read(0, place), tuple(prove_inclusion(place, end, read)), tuple(s for s in steps if s.size == end))
        second = self._arriving_leaf(place, incoming, proof)
        return self._accuse(Fork(held, incoming.note, LeavesDiffer(place, first, second)))

    def _begin(self, branch: Branch, place: int, incoming: Incoming) -> list[Effect]:
        """Let entries from a place on become the end of a branch, or a branch of their own."""
        skipped = place - incoming.start
        rest = replace(
            incoming,
            start=place,
            entries=incoming.entries[skipped:],
            leaves=incoming.leaves[skipped:],
            glances=incoming.glances[skipped:],
            missing=[index for index in incoming.missing if index >= place],
        )
        size = sum(map(len, rest.entries)) + sum(seen.body_length for seen in rest.glances)
        new = branch.number == 0 or place != branch.size
        # What a branch has in common with another one, but not with the mirror, it has once more.
        shared = range(branch.start, place) if new and branch.number > 0 else range(0)
        kept = sum(one.bytes for one in self._branches)
        count = sum(len(one.leaves) for one in self._branches)
        if shared:
            size, count = size + branch.bytes, count + len(branch.leaves)
        if (
            kept + size > BYTES_MAX
            or count + len(rest.leaves) > ENTRIES_MAX
            or (new and len(self._branches) >= BRANCHES_MAX)
        ):
            self._full = True
            return self._once.tell("disputed-full", "there is no more room for what is disputed; it is passed over", {})
        target = branch
        entries: tuple[bytes, ...] = ()
        bodies: tuple[bytes | None, ...] = ()
        if new:
            number = max((one.number for one in self._branches), default=0) + 1
            target = Branch(number, shared.start if shared else place, list(branch.leaves[: len(shared)]), rest.note)
            entries = tuple(self._shelf.read_branch(branch.number, shared.start, shared.stop))
            bodies = tuple(self._shelf.branch_body(branch.number, index) for index in shared)
        self._arriving = _Arriving(target, rest, (entries, bodies))
        return self._store_if_whole()

    def body(self, frame: Frame) -> list[Effect]:
        """Take a body of entries that go into a branch.

        Raises:
            Malformed: it is not the body that is waited for.
        """
        arriving = self._arriving
        if arriving is None or frame["index"] < arriving.incoming.start:
            return []
        arriving.incoming.take_body(frame["index"], frame["body"])
        return self._store_if_whole()

    def _store_if_whole(self) -> list[Effect]:
        arriving = self._arriving
        if arriving is None or arriving.incoming.missing:
            return []
        self._arriving = None
        branch, incoming = arriving.branch, arriving.incoming
        shared, shared_bodies = arriving.shared
        start = incoming.start - len(shared)
        entries = shared + incoming.entries
        bodies = tuple(incoming.bodies.get(index) for index in range(incoming.start, incoming.frontier.size))
        bodies = shared_bodies + bodies
        branch.leaves += incoming.leaves
        branch.note = incoming.note
        branch.bytes += sum(map(len, entries)) + sum(len(body) for body in bodies if body is not None)
        if branch not in self._branches:
            self._branches.append(branch)
        return [StoreBranch(branch.number, start, entries, bodies, incoming.note)]

    # --- answering ----------------------------------------------------------------------------------------------------

    def answers(self, now: Instant) -> list[Effect]:
        """Say, signed by the node, which entries came and are not receipted; one statement for many."""
        effects: list[Effect] = []
        for branch in self._branches:
            top = _top(branch.note)
            if top is None or branch.size != top.size or top.size <= branch.answered:
                continue
            last = branch.answered_mono_ms
            if last is not None and now.mono_ms - last < ANSWER_PAUSE_MS:
                continue
            branch.answered, branch.answered_mono_ms = top.size, now.mono_ms
            effects.append(Say("received-disputed", self._answer(top)))
        if effects:
            said = canonical.encode([[one.number, one.answered] for one in self._branches])
            effects.insert(0, KeepNote(ANSWERED_NOTE, said))
        return effects

    def _answer(self, received: Checkpoint) -> dict[str, object]:
        note = self._shelf.note("their-cosigned")
        held = None if note is None else _top(note)
        return {
            "party": self._their,
            "size": received.size,
            "root": received.root,
            "held_size": 0 if held is None else held.size,
            "held_root": Frontier.empty().root() if held is None else held.root,
        }


def _top(note: bytes) -> Checkpoint | None:
    """What a kept note names; None where the disk changed it."""
    try:
        return parse_text(parse_note(note).text)
    except ProtocolError:
        return None


def _agrees_up_to(branch: Branch, read: HashReader, incoming: Incoming) -> int:
    """The first place at which entries are not those of a branch."""
    place = incoming.start
    for leaf in incoming.leaves:
        if place >= branch.size or read(0, place) != leaf:
            break
        place += 1
    return place


def _no_prefix() -> NotOfThisLog:
    return NotOfThisLog("root-differs", "append", "the entries are no prefix of what was signed")


def _steps(size: int, incoming: Incoming, read: HashReader, proof: Sequence[Hash]) -> tuple[Step, ...]:
    """From a size of a log up to the checkpoint that came with its entries."""
    reached, top = incoming.frontier, incoming.checkpoint
    steps = []
    if size < reached.size:
        path = tuple(prove_consistency(size, reached.size, read))
        steps.append(Step(size, Frontier.read(size, read).root(), path))
    if reached.size < top.size:
        steps.append(Step(reached.size, reached.root(), tuple(proof)))
    return tuple(steps)


def fork_bytes(fork: Fork) -> bytes:
    """A fork in one piece."""
    return canonical.encode(fork.objects())


def fork_of(data: bytes) -> Fork:
    """Read what `fork_bytes` wrote.

    Raises:
        LogRefused, Malformed: it is something else.
    """
    value = canonical.decode(data, bytes_max=4 * frames.NOTE_BYTES_MAX)
    if type(value) is not dict or not all(type(one) is bytes for one in value.values()):
        raise LogRefused("not the parts of a fork")
    return Fork.parse({name: one for name, one in value.items() if isinstance(one, bytes)})


def _pairs(data: bytes) -> list[tuple[int, int]]:
    try:
        value = canonical.decode(data, bytes_max=frames.NOTE_BYTES_MAX)
    except ProtocolError:
        # The disk changed it: what was answered is answered once more.
        return []
    items = value if isinstance(value, list) else []
    return [(one[0], one[1]) for one in items if isinstance(one, list) and len(one) == 2]  # type: ignore[misc]
