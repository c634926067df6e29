"""Recovery: our own log on its way back from the other side's mirror.

A node that signed more than is on its disk was put back: the disk is gone, a backup was restored, a machine was rolled
back. It knows by a checkpoint that carries its own two signatures, the *goal*: its high-water mark, or what the other
side shows in its `state`. The goal is made durable in the high-water mark before anything follows from it, so that from
then on nobody can talk the node out of it. Until the log is there again, nothing is signed.

What comes back is believed for our own signatures' sake and not for the other side's: entries under a checkpoint that
we signed, in front of what is here already, each body by its digest. What does not verify is not kept; people are told,
with the objects, and the rest of the line goes on.

Source: spec/recovery.md, "Recovering".
"""

from functools import partial
from typing import Final

from protocol import frames
from protocol.checkpoint import Checkpoint, parse_text
from protocol.cosignature import verify_note
from protocol.effects import Alarm, Effect, KeepMark, KeepNote, Send, StoreOwn
from protocol.errors import Malformed, ProtocolError
from protocol.frames import Frame, FrameType
from protocol.incoming import Incoming, NotOfThisLog
from protocol.limits import SIZE_MAX
from protocol.line_keys import LineKeys
from protocol.merkle import Frontier
from protocol.note import Note
from protocol.note import parse as parse_note
from protocol.once import Once
from protocol.shelf import Shelf

REFUSED: Final = "recovery-refused"
LOST: Final = "tail-lost"

IDLE, ASKED, OVER = "idle", "asked", "over"
"""Of a session: nothing was asked for; parts are coming; what still comes is passed over."""


class Recovery:
    """See the module; one a channel.

    Args:
        keys: the keys of both sides.
        shelf: what is durable.
        once: remembers what was told.
        owed: the checkpoint in the high-water mark and its note, where it is of more than is on the disk.

    Attributes:
        goal: the largest checkpoint of ours that is known and is not here yet, with its note; None once it is.
    """

    def __init__(self, *, keys: LineKeys, shelf: Shelf, once: Once, owed: tuple[Checkpoint, bytes] | None) -> None:
        self.keys = keys
        self._shelf = shelf
        self._once = once
        self._own = keys.own.party
        self.goal = owed
        self._incoming: Incoming | None = None
        self._before = Frontier.empty()
        self._state = IDLE
        self._note_seen = b""

    @property
    def size(self) -> int:
        """How many entries of our log are here."""
        return self._shelf.head(self._own).size

    def session_ends(self) -> None:
        """What was on its way is asked for again."""
        self._incoming = None
        self._state = IDLE

    def learn(self, checkpoint: Checkpoint, note: bytes) -> list[Effect]:
        """We signed this; it was verified. Keep that it was so, where there is less here.

        Args:
            checkpoint: what our keys signed.
            note: its bytes, perhaps with lines of the other side's mirror.
        """
        if checkpoint.size <= self.size:
            return []
        if self.goal is not None and self.goal[0].size >= checkpoint.size:
            if self.goal[0].size == checkpoint.size and self.goal[0].root != checkpoint.root:
                return self._two_pasts(checkpoint, note)
            return []
        keys = {(key.name, key.key_id) for key in self.keys.own.log}
        parsed = parse_note(note)
        own_lines = tuple(line for line in parsed.signatures if (line.name, line.key_id) in keys)
        self.goal = checkpoint, Note(parsed.text, own_lines).encode()
        return [KeepMark(self.goal[1], checkpoint)]

    def _two_pasts(self, checkpoint: Checkpoint, note: bytes) -> list[Effect]:
        known = {} if self.goal is None else {"signed": self.goal[1]}
        text = f"our keys signed two logs of {checkpoint.size} entries; neither is complete here"
        return self._once.tell("fork-self", text, {**known, "held": note})

    def begin(self, held_size: int) -> list[Effect]:
        """A session is open: ask for what is missing.

        Args:
            held_size: how many entries of ours they say they hold.
        """
        if self.goal is None:
            return []
        if held_size <= self.size:
            return self._lost()
        self._state = ASKED
        return [Send(frames.encode(FrameType.FETCH, voice=self._own, start=self.size, end=SIZE_MAX))]

    def _lost(self) -> list[Effect]:
        """They have no more than we have, and we signed more."""
        if self.goal is None:
            return []
        goal = self.goal[0].size
        last = f"entries {self.size} to {goal - 1} of our log" if goal - self.size > 1 else f"entry {self.size}"
        text = f"{last}: signed by us before, and neither here nor with the counterpart"
        return self._once.tell(LOST, text, {"signed": self.goal[1]})

    # --- what comes back ----------------------------------------------------------------------------------------------

    def take(self, frame: Frame) -> list[Effect]:
        """Take a part of our log.

        Raises:
            Malformed: it was not asked for.
        """
        if self._state == IDLE:
            raise Malformed("frame-out-of-place", "fetched", "nothing was asked for")
        if self.goal is None or self._state == OVER:
            return []
        try:
            return self._take(frame, self.goal[0])
        except ProtocolError as error:
            return self._refuse(error, frame["note"], frame["start"])

    def _take(self, frame: Frame, goal: Checkpoint) -> list[Effect]:
        head = self._shelf.head(self._own)
        if self._incoming is not None or frame["start"] != head.size or not frame["entries"]:
            raise Malformed("frame-out-of-place", "fetched", "not the part that comes next")
        note = frame["note"]
        checkpoint = self._verified(note)
        if checkpoint.size > goal.size:
            raise NotOfThisLog("root-differs", "fetched", "under a checkpoint that was not shown before")
        if checkpoint.size == goal.size and checkpoint.root != goal.root:
            return self._two_pasts(checkpoint, note)
        if head.size + len(frame["entries"]) > checkpoint.size:
            raise NotOfThisLog("root-differs", "fetched", "more entries than the checkpoint covers")
        self._before = head.frontier
        self._incoming = Incoming.check(
            note=note, checkpoint=checkpoint, mirror=head.frontier, entries=frame["entries"], proof=frame["proof"]
        )
        return self._store_if_whole()

    def _verified(self, note: bytes) -> Checkpoint:
        """The same checkpoint comes with each part, and its two lines are verified once."""
        if note == self._note_seen:
            return parse_text(parse_note(note).text)
        checkpoint = verify_note(note, self.keys.own.log).checkpoint
        self._note_seen = note
        return checkpoint

    def body(self, frame: Frame) -> list[Effect]:
        """Take a body of our log.

        Raises:
            Malformed: it was not asked for.
        """
        if self._state == IDLE:
            raise Malformed("frame-out-of-place", "fetched-body", "nothing was asked for")
        if self._incoming is None:
            # Of a part that was refused, or of entries that name no body: there is no use for it.
            return []
        try:
            self._incoming.take_body(frame["index"], frame["body"], may_be_gone=True)
        except Malformed as error:
            return self._refuse(error, self._incoming.note, frame["index"])
        return self._store_if_whole()

    def _refuse(self, error: ProtocolError, note: bytes, index: int) -> list[Effect]:
        """It is not ours. In this session no more is asked for; the line goes on without."""
        text = f"what the counterpart gave back as entry {index} of our log does not belong there: {error}"
        evidence = {"given": note}
        if self.goal is not None:
            evidence["signed"] = self.goal[1]
        return [*self._stop(), *self._once.tell(REFUSED, text[:300], evidence)]

    def _stop(self) -> list[Effect]:
        self._incoming, self._state = None, OVER
        return [Send(frames.encode(FrameType.FETCH, voice=self._own, start=0, end=0))]

    def _store_if_whole(self) -> list[Effect]:
        incoming = self._incoming
        if incoming is None or incoming.missing:
            return []
        plan = incoming.store(max((seen.logged_at_ms for seen in incoming.glances), default=0))
        return [
            StoreOwn(
                start=plan.start,
                entries=plan.entries,
                leaves=plan.leaves,
                glances=plan.glances,
                bodies=plan.bodies,
                frontier=plan.frontier,
                note=plan.note,
                last_ms=plan.last_ms,
            )
        ]

    def stored(self, entries: list[bytes], bodies: list[bytes | None]) -> list[Effect] | None:
        """What `StoreOwn` asked for is durable.

        Args:
            entries: the same range, read back.
            bodies: their bodies, read back.

        Returns:
            What follows, or None if what reads back is not what was written: the node must stop.
        """
        incoming, self._incoming = self._incoming, None
        if incoming is None or self.goal is None:
            return []
        if not incoming.check_stored(self._before, entries, bodies, gone=partial(self._shelf.gone, self._own)):
            return None
        goal, note = self.goal
        size = incoming.frontier.size
        if size < goal.size:
            return self._lost() if size == incoming.checkpoint.size else []
        if incoming.frontier.root() != goal.root:
            return self._two_pasts(goal, incoming.note)
        self.goal, self._state = None, OVER
        self._once.gone("rolled-back-self", REFUSED, LOST)
        text = f"our log is here again: {size} entries, as we signed them"
        return [KeepNote("own-signed", note), Alarm("recovered", text)]
