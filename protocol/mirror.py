"""The mirror: the other side's log as it is durable here, and the signer that cosigns it.

Entries are taken only under a checkpoint of theirs that they bring us towards, with every body they name; they are
cosigned only after what was written has been read back. The signer never cosigns below, or beside, what it cosigned
before, as we or they remember it. Two checkpoints of theirs that cannot be of one log are a fork: the mirror stays
where it is, and what is new of that voice goes into branches beside it.

Source: spec/channel.md, "Mirroring", "What is checked before cosigning" and "Ahead".
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from keys.errors import KeyAway, KeysError, KeyWithheld
from keys.note_key import NoteVerifier
from protocol import frames
from protocol.branches import Branches
from protocol.checkpoint import Checkpoint
from protocol.cosignature import VerifiedCheckpoint, add_cosignatures, cosign, verify_note
from protocol.effects import Effect, Instant, KeepNote, Send, StoreAhead
from protocol.errors import Malformed, ProtocolError
from protocol.frames import Frame, FrameType
from protocol.glance import Glance, glance
from protocol.incoming import Incoming, NotOfThisLog
from protocol.line_keys import LineKeys
from protocol.merkle import Frontier, Hash, leaf_hash, verify_inclusion
from protocol.note import Note
from protocol.once import Once
from protocol.shelf import Shelf, ShelfDamaged
from protocol.shown_ahead import ShownAhead

AHEAD_MAX: Final = 64
"""Entries held ahead of their predecessors; a bound on what a hostile sender can make us keep."""

NEWEST: Final = "their-newest"

READ_BACK_AT_A_TIME: Final = 64
"""Entries, of at most 65,535 bytes each, that are read back together after a start."""

SEEN_MAX: Final = 16
"""Checkpoints of theirs that are remembered before their entries are here."""


class Mirror:
    """Their log on one line.

    Args:
        keys: the keys of both sides.
        shelf: what is durable.
        once: remembers what was told.

    Attributes:
        frontier: of what is durable.
        cosigned: the checkpoint cosigned last, or None.
        branches: what contradicts the mirror.
    """

    def __init__(self, *, keys: LineKeys, shelf: Shelf, once: Once) -> None:
        self.keys = keys
        self._shelf = shelf
        self._once = once
        self._their = keys.their.party
        head = shelf.head(self._their)
        self.frontier: Frontier = head.frontier
        self._ms = head.last_ms
        kept = self._kept("their-cosigned", keys.their.log + keys.own.mirror)
        self.cosigned = None if kept is None else kept[0]
        # As it was verified: what the disk makes of it while we run would end every session.
        self._cosigned_note = None if kept is None else kept[1]
        # What stands beyond was kept before this start and not cosigned: it is read back before it is.
        self._read_back = 0 if kept is None else kept[0].size
        self._unsound = False
        # Below this nothing is ever cosigned.
        self._floor, self._floor_note = self.cosigned, b"" if kept is None else kept[1]
        self._unsigned = self.frontier.size > 0 and self._kept("their-signed", keys.their.log) is None
        self._seen = self._kept_newest(shelf.note(NEWEST))
        self._newest_kept = self._newest_tried = True
        self._incoming: Incoming | None = None
        self._proof: list[Effect] = []
        self._skipping = False
        self._ahead = set(shelf.ahead_indexes())
        self._shown = ShownAhead(shelf)
        self.branches = Branches(keys=lambda: self.keys, shelf=shelf, once=once)

    @property
    def disputed(self) -> bool:
        """Whether they signed two logs that cannot be one."""
        return self.branches.disputed

    def _kept(self, name: str, keys: Sequence[NoteVerifier]) -> tuple[Checkpoint, bytes] | None:
        """A kept note and what it names; None where there is none, or where the disk changed it."""
        note = self._shelf.note(name)
        if note is None:
            return None
        try:
            return verify_note(note, keys).checkpoint, note
        except (ProtocolError, KeysError):
            return None

    def _kept_newest(self, note: bytes | None) -> dict[int, tuple[Checkpoint, bytes]]:
        """The newest checkpoint of theirs that was seen before its entries; none where it is of another epoch."""
        if note is None:
            return {}
        try:
            checkpoint = verify_note(note, self.keys.their.log).checkpoint
        except (ProtocolError, KeysError):
            return {}
        return {checkpoint.size: (checkpoint, note)} if checkpoint.size > self.frontier.size else {}

    def mended(self) -> None:
        """What is stored is whole again."""
        self._unsound = False
        frontier = self._shelf.head(self._their).frontier
        if frontier.size == self.frontier.size:
            self.frontier = frontier

    def session_ends(self) -> None:
        """What was on its way will come again."""
        self._incoming = None
        self._skipping = False
        self._newest_tried = False
        self.branches.session_ends()

    def not_stored(self) -> None:
        """What was to be written could not be, and nothing changed."""
        self.session_ends()
        self.branches.not_stored()
        self._ahead = set(self._shelf.ahead_indexes())
        self._shown.recall()

    def held_note(self) -> bytes | None:
        """The note that shows how far their log is held here, in their own signature."""
        cosigned_size = self.cosigned.size if self.cosigned else 0
        if self.frontier.size <= cosigned_size:
            return self._cosigned_note
        kept = self._kept("their-signed", self.keys.their.log)
        if kept is None:
            self._unsigned = self.frontier.size > 0
            return self._cosigned_note
        return kept[1]

    def _newest_note(self) -> bytes | None:
        """The newest checkpoint of theirs that was seen, where it goes beyond what is held."""
        return self._seen[max(self._seen)][1] if self._seen else None

    def keep_newest(self, *, at_once: bool) -> list[Effect]:
        """Let it be kept that they signed more than is held here, so that they can be told of it.

        Args:
            at_once: between two sessions, because the next one begins by telling them.
        """
        note = self._newest_note()
        self._newest_tried = self._newest_tried or at_once
        if note is None or (self._shelf.durable_note(NEWEST) == note if at_once else self._newest_kept):
            return []
        self._newest_kept = True
        return [KeepNote(NEWEST, note, at_once)]

    @property
    def newest_waits(self) -> bool:
        """Whether there is something to be kept at once that was not tried since the last session ended."""
        return bool(self._seen) and not self._newest_tried

    def told_newest(self) -> bytes | None:
        """The newest checkpoint of theirs that they are told of. They count on our knowing it from then on, so it is
        what a crash cannot make us forget."""
        kept = self._kept_newest(self._shelf.durable_note(NEWEST))
        return next((note for _, note in kept.values()), None)

    def cosignatures(self, now: Instant) -> bytes:
        """Fresh lines under the checkpoint cosigned last; empty where there is none.

        Raises:
            keys.errors.KeyElsewhere: the mirror's keys are not in this process and were not used.
        """
        if self.cosigned is None:
            return b""
        signatures = cosign(self.cosigned, self.keys.signers.mirror, self._time(now))
        return Note(self.cosigned.text(), tuple(signatures)).encode()

    def _time(self, now: Instant) -> int:
        """The time to cosign with, which never goes back."""
        self._ms = max(self._ms, now.wall_ms)
        return self._ms

    def told_by_us(self, told: VerifiedCheckpoint, note: bytes) -> list[Effect]:
        """How far we cosigned theirs, in our own signature: below that we never cosign, whatever our disk says."""
        checkpoint = told.checkpoint
        # Of the times in it only ours: their log's line says theirs, which may be any.
        mine = {key.vkey() for key in self.keys.own.mirror}
        self._ms = max([self._ms, *(at_ms for name, at_ms in told.times_ms.items() if name in mine)])
        if self._floor is None or checkpoint.size > self._floor.size:
            self._floor, self._floor_note = checkpoint, note
            # It was read back when we cosigned it.
            self._read_back = max(self._read_back, min(checkpoint.size, self.frontier.size))
        return [] if checkpoint.size > self.frontier.size else self._compare(checkpoint, note)

    def heed(self, checkpoint: Checkpoint, note: bytes) -> list[Effect]:
        """Compare a checkpoint that they alone signed with what we hold, and with the newest that we saw."""
        if checkpoint.size > self.frontier.size:
            return self._see(checkpoint, note)
        return self._compare(checkpoint, note)

    def shown(self, checkpoint: Checkpoint, note: bytes) -> list[Effect]:
        """Heed the newest checkpoint of theirs, as their `state` shows it."""
        found = self.heed(checkpoint, note)
        if self._unsigned and not found and checkpoint.size == self.frontier.size:
            # It stands in for the one that the disk changed.
            self._unsigned = False
            found = [KeepNote("their-signed", note)]
        return found

    def _compare(self, checkpoint: Checkpoint, note: bytes) -> list[Effect]:
        try:
            if self._shelf.root(self._their, checkpoint.size) == checkpoint.root:
                return []
        except ShelfDamaged:
            return self.branches.unproved()
        return self.branches.differs(checkpoint, note)

    def _see(self, checkpoint: Checkpoint, note: bytes) -> list[Effect]:
        """Remember a checkpoint of theirs though its entries are not here yet: a disk of theirs that was put back could
        otherwise make them sign another log of that size, if nobody holds these entries."""
        known = self._seen.get(checkpoint.size)
        if known is not None:
            return [] if checkpoint.root == known[0].root else self.branches.two_signed(known[1], note)
        self._newest_kept = self._newest_kept and checkpoint.size < max(self._seen, default=0)
        self._seen[checkpoint.size] = (checkpoint, note)
        if len(self._seen) > SEEN_MAX:
            # The newest is what they must be told of, and the oldest is what comes next.
            del self._seen[sorted(self._seen)[-2]]
        return []

    def _belied(self, incoming: Incoming, proof: Sequence[Hash]) -> list[Effect]:
        """What follows where these entries do not fit what was seen before them, a checkpoint or an entry ahead of its
        place; mostly nothing."""
        for known, note in list(self._seen.values()):
            if known != incoming.checkpoint and (found := self.branches.crosses(known, note, incoming, proof)):
                return found
        for index, shown, note in self._shown.replaced(incoming):
            if found := self.branches.replaces(index, shown, note, incoming, proof):
                return found
        return []

    # --- entries ------------------------------------------------------------------------------------------------------

    def append(self, frame: Frame, now: Instant) -> list[Effect]:
        """Take an append frame of an open session.

        Raises:
            Malformed, NotOfThisLog, LogRefused: it is refused, and nothing changed.
        """
        if self._incoming is not None or self.branches.waits:
            raise Malformed("frame-out-of-place", "append", "bodies of the one before are missing")
        checkpoint = verify_note(frame["note"], self.keys.their.log).checkpoint
        found = self.heed(checkpoint, frame["note"])
        if self.branches.takes:
            beside = self._take_beside(frame, checkpoint, found)
            if beside is not None:
                return beside
        elif found:
            # It cannot be of the log that is here, and what is here does not prove it: nothing of it is taken.
            self._skipping = True
            return found
        start, entries = frame["start"], frame["entries"]
        self._skipping = start > self.frontier.size
        if self._skipping:
            return [Send(frames.encode(FrameType.WANT, voice=self._their, start=self.frontier.size))]
        entries = entries[self.frontier.size - start :]
        if not entries:
            return self.cosign(now, tell=True)
        if self.frontier.size + len(entries) > checkpoint.size:
            raise NotOfThisLog("root-differs", "append", "more entries than the checkpoint covers")
        try:
            incoming = Incoming.check(
                note=frame["note"], checkpoint=checkpoint, mirror=self.frontier, entries=entries, proof=frame["proof"]
            )
        except NotOfThisLog:
            self._skipping = True
            found = self.branches.look_back(frame, checkpoint)
            self._skipping = not self.branches.waits
            return found
        if belied := self._belied(incoming, frame["proof"]):
            beside = self._take_beside(frame, checkpoint, belied) if self.disputed else None
            self._skipping = beside is None or not self.branches.waits
            return belied if beside is None else beside
        self._incoming = incoming
        self._proof = self.branches.prove(incoming, frame["proof"])
        return self._store_if_whole(now)

    def _take_beside(self, frame: Frame, checkpoint: Checkpoint, found: list[Effect]) -> list[Effect] | None:
        """Entries that contradict the mirror, or may; None where they fit it after all."""
        try:
            taken = self.branches.append(frame, checkpoint)
        except NotOfThisLog:
            if not found:
                raise
            taken = []
        if taken is None:
            return None
        self._skipping = not self.branches.waits
        return [*found, *taken]

    def body(self, frame: Frame, now: Instant) -> list[Effect]:
        """Take a body frame.

        Raises:
            Malformed: it is not the body that is waited for.
        """
        if self.branches.waits:
            return self.branches.body(frame)
        if self._incoming is None:
            if frame["index"] < self.frontier.size or self.branches.takes or self._skipping:
                return []
            raise Malformed("body-unexpected", "body", "no entry waits for it")
        if frame["index"] < self._incoming.start:
            return []
        self._incoming.take_body(frame["index"], frame["body"], may_be_gone=True)
        return self._store_if_whole(now)

    def _store_if_whole(self, now: Instant) -> list[Effect]:
        if self._incoming is None or self._incoming.missing:
            return []
        return [*self._proof, self._incoming.store(self._time(now))]

    def stored(
        self, entries: list[bytes], bodies: list[bytes | None], now: Instant, *, tell: bool
    ) -> list[Effect] | None:
        """What `StoreMirror` asked for is durable; cosign it if it is what was checked.

        Args:
            entries: the same range, read back.
            bodies: their bodies, read back.
            now: the present moment.
            tell: whether a session is open.

        Returns:
            What follows, or None if what reads back is not what was written: the node must stop.
        """
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return []
        if not incoming.check_stored(self.frontier, entries, bodies, gone=partial(self._shelf.gone, self._their)):
            return None
        if self._read_back == self.frontier.size:
            self._read_back = incoming.frontier.size
        self.frontier = incoming.frontier
        self._once.gone("root-differs")
        self._ahead = {index for index in self._ahead if index >= self.frontier.size}
        self._seen = {size: one for size, one in self._seen.items() if size > self.frontier.size}
        return self.cosign(now, incoming, tell=tell)

    def cosign(self, now: Instant, incoming: Incoming | None = None, *, tell: bool) -> list[Effect]:
        """Cosign the mirror where it is as far as a checkpoint of theirs, and beyond what was cosigned."""
        if self.disputed:
            return []
        if incoming is not None:
            note, checkpoint = incoming.note, incoming.checkpoint
        else:
            kept = self._kept("their-signed", self.keys.their.log)
            if kept is None:
                return []
            checkpoint, note = kept
        done = self.cosigned.size if self.cosigned else -1
        if checkpoint.size != self.frontier.size or checkpoint.size <= done:
            return []
        # The mirror's signer: never below, and never beside, what it signed before, as we or they remember it.
        if checkpoint.root != self.frontier.root():
            return self.branches.differs(checkpoint, note)
        if self._floor is not None:
            if checkpoint.size < self._floor.size:
                return []
            if self._shelf.root(self._their, self._floor.size) != self._floor.root:
                return self.branches.differs(self._floor, self._floor_note)
        if self._shelf.lacks(self._their):
            # Who signs for entries without their bodies has a log say so before it has a receipt.
            return []
        if not self._reads_back():
            text = f"what was kept of {self._their} before this start does not read back, and is not cosigned yet"
            return self._once.tell("log-damaged", text, {})
        try:
            lines = cosign(checkpoint, self.keys.signers.mirror, self._time(now))
        except KeyAway:
            # It is durable here and is cosigned when the keys are back, of which whoever watches them tells people.
            return []
        except KeyWithheld as error:
            return self._once.tell(error.code, f"{checkpoint.size} entries of {self._their}: {error}", {})
        self._once.gone(KeyWithheld.code)
        cosigned = add_cosignatures(note, lines)
        self.cosigned = self._floor = checkpoint
        self._floor_note = self._cosigned_note = cosigned
        effects: list[Effect] = [KeepNote("their-cosigned", cosigned)]
        if tell:
            effects.append(Send(frames.encode(FrameType.COSIGNED, note=cosigned)))
        return effects

    def _reads_back(self) -> bool:
        """Whether entries that were kept before this start, and not cosigned then, are still here with their bodies.
        A disk may have changed them since; those written since the start were read back as they came."""
        hashes = self._shelf.hashes(self._their)
        while self._read_back < self.frontier.size and not self._unsound:
            start = self._read_back
            end = min(self.frontier.size, start + READ_BACK_AT_A_TIME)
            try:
                entries = self._shelf.read(self._their, start, end)
                sound = len(entries) == end - start and all(
                    leaf_hash(entry) == hashes(0, index) and self._met(index, glance(entry))
                    for index, entry in enumerate(entries, start)
                )
            except ShelfDamaged:
                sound = False
            self._unsound = not sound
            if sound:
                self._read_back = end
        return self._read_back == self.frontier.size

    def _met(self, index: int, seen: Glance) -> bool:
        """Whether all that an entry names is here, or a log says that it is gone."""
        body = self._shelf.body(self._their, index)
        return seen.met_by(body) or (body is None and self._shelf.gone(self._their, index))

    def again(self, told_size: int) -> list[Effect]:
        """Send the last cosignature again, where they have not stored it; it is the same receipt."""
        if self.cosigned is None or self.cosigned.size <= told_size or self._cosigned_note is None:
            return []
        return [Send(frames.encode(FrameType.COSIGNED, note=self._cosigned_note))]

    def ahead(self, frame: Frame) -> list[Effect]:
        """Take a flash that comes before its predecessors.

        Raises:
            Malformed, LogRefused, ProofError: it is refused, and nothing changed.
        """
        index = frame["index"]
        if index < self.frontier.size or index in self._ahead or len(self._ahead) >= AHEAD_MAX or self.disputed:
            return []
        checkpoint = verify_note(frame["note"], self.keys.their.log).checkpoint
        if forked := self.heed(checkpoint, frame["note"]):
            return forked
        verify_inclusion(
            leaf_index=index,
            tree_size=checkpoint.size,
            leaf_hash=leaf_hash(frame["entry"]),
            path=frame["path"],
            root=checkpoint.root,
        )
        seen = glance(frame["entry"])
        body = frame["body"]
        if not seen.flash:
            raise Malformed("not-flash", "ahead", "only a flash goes ahead of others")
        if (seen.body_digest is None) != (body is None) or (body is not None and not seen.fits(body)):
            raise Malformed("body-differs", "ahead", "not the body that the entry names")
        self._ahead.add(index)
        kept = self._shown.add(index, leaf_hash(frame["entry"]), frame["path"], frame["note"], still=self._ahead)
        return [kept, StoreAhead(index, frame["entry"], body, frame["note"], index - self.frontier.size)]
