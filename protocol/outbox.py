"""The outbox: our own log towards the other side, which is a difference and nothing that is kept.

It is our signed size less what the other side holds. There are no acknowledgements of frames and nothing to retransmit:
a session begins where the other side stands, and a receipt is its cosignature. What the other side says of our log
counts in our own signature: how far it holds it decides whether we may sign anything new.

Source: spec/channel.md, "The start-up rule", "Mirroring" and "Ahead".
"""

from collections import OrderedDict
from typing import Final

from keys.errors import KeysError
from keys.note_key import NoteVerifier
from protocol import frames
from protocol.checkpoint import Checkpoint, parse_text
from protocol.cosignature import VerifiedCheckpoint, verify_lines, verify_note
from protocol.effects import Effect, Send, StoreCosigned
from protocol.errors import ProtocolError
from protocol.frames import FrameType
from protocol.incoming import GONE_BODY
from protocol.limits import APPEND_ENTRIES_BYTES_MAX
from protocol.line_keys import LineKeys
from protocol.merkle import Hash, ProofError, prove_consistency, prove_inclusion, verify_consistency
from protocol.note import Note
from protocol.note import parse as parse_note
from protocol.once import Once
from protocol.shelf import Shelf, ShelfDamaged

AHEAD_DISTANCE: Final = 64
"""A flash entry with more than this many before it in the outbox goes ahead of them."""

AHEAD_LOOK: Final = 64
"""Flash entries looked at in the backlog at a time."""

UNKNOWN, GOOD, BEHIND, FORKED, DAMAGED = "unknown", "good", "behind", "forked", "damaged"
"""What the other side has shown of our log: nothing yet; what is here; more than is here; another one."""

NOTES_REMEMBERED: Final = 64
"""Checkpoints of ours whose signature lines are known when they come back under a receipt."""


_STANDINGS: Final = {"rolled-back-self": BEHIND, "fork-self": FORKED, "log-damaged": DAMAGED}
"""Where we stand, by what people are told."""


class Outbox:
    """Our log on one line.

    Args:
        keys: the keys of both sides.
        shelf: what is durable.
        signed: the last checkpoint signed, with its bytes, or None.
        once: remembers what was told.

    Attributes:
        standing: how our log stands to what the other side has shown of it, in our own signature.
        live: whether anything new may be signed on it.
        quoted: the largest size of our log that they claimed to hold, where the claim is true.
        cursor: the next entry to send in this session.
        early: a receipt for more than is here, which counts once it is.
        again_bytes: of frames with entries that were sent before, since the start.
    """

    def __init__(self, *, keys: LineKeys, shelf: Shelf, signed: tuple[Checkpoint, bytes] | None, once: Once) -> None:
        self.keys = keys
        self._shelf = shelf
        self._once = once
        self._own = keys.own.party
        self._signed = signed
        self._signed_notes: OrderedDict[int, bytes] = OrderedDict()
        self._cosigned: Checkpoint | None
        self._receipt: bytes | None
        self._cosigned, self._receipt = self._kept()
        self.quoted = self.held_size
        self.standing = UNKNOWN
        self.live = False
        self.cursor = 0
        self.early: tuple[VerifiedCheckpoint, bytes] | None = None
        self._sent_ahead: set[int] = set()
        self._sent_top = 0
        self.again_bytes = 0

    def _kept(self) -> tuple[Checkpoint, bytes] | tuple[None, None]:
        """The newest receipt on disk, verified, and its bytes."""
        note = self._shelf.note("own-cosigned")
        if note is None:
            return None, None
        try:
            return verify_note(note, self.keys.own.log + self.keys.their.mirror).checkpoint, note
        except (ProtocolError, KeysError):
            # The disk changed it. It is no receipt any more, and the other side has another one.
            return None, None

    def rekeyed(self, keys: LineKeys) -> None:
        """A roster came into force. How far they hold our log stays; a receipt of a mirror's key that is not theirs any
        more is not shown to them, who would take it for no receipt of theirs and end the session."""
        if keys.their.mirror != self.keys.their.mirror:
            self._receipt = None
        self.keys = keys

    @property
    def held_size(self) -> int:
        """How far they cosigned our log."""
        return self._cosigned.size if self._cosigned else 0

    @property
    def signed_note(self) -> bytes | None:
        """Our newest checkpoint, as signed."""
        return self._signed[1] if self._signed else None

    @property
    def cosigned_note(self) -> bytes | None:
        """The newest receipt, as it came."""
        # As it was verified: what the disk makes of it while we run would end every session.
        return self._receipt

    def position(self) -> tuple[int, Hash]:
        """Size and root that we stand by: what is signed, or, where the mark of that is lost, the log as it stands.

        An empty log in its place would be a rollback that never was.
        """
        own = self._signed[0] if self._signed else self._shelf.head(self._own)
        return own.size, own.root

    def session_begins(self, held_size: int) -> None:
        """They hold so many of our entries; what comes after is to be sent."""
        self.cursor = min(held_size, self._signed[0].size if self._signed else 0)

    def session_ends(self) -> None:
        """Nothing is on its way."""
        self._sent_ahead.clear()

    def not_stored(self) -> None:
        """A receipt could not be written; it will come again."""
        self._cosigned, self._receipt = self._kept()

    def signed(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Our log grew; its new checkpoint is signed and the signature durable. `pump` sends it."""
        self._signed = (checkpoint, note)
        self._signed_notes[checkpoint.size] = note
        while len(self._signed_notes) > NOTES_REMEMBERED:
            self._signed_notes.popitem(last=False)

    def heed(
        self,
        told: VerifiedCheckpoint | None,
        note: bytes | None,
        seen: VerifiedCheckpoint | None = None,
        seen_note: bytes | None = None,
    ) -> list[Effect]:
        """How far our log went, in our own signature, as they know it.

        Args:
            told: what covers as much as they hold, or None if they hold nothing.
            note: its bytes.
            seen: the newest that they saw of it, if that is more than they hold.
            seen_note: its bytes.
        """
        if told is not None:
            self.quoted = max(self.quoted, told.checkpoint.size)
        for known, bytes_ in ((told, note), (seen, seen_note)):
            if known is not None and bytes_ is not None and (doubts := self._doubts(known.checkpoint)):
                self.live = False
                code, text = doubts
                self.standing = _STANDINGS[code]
                return self._once.tell(code, text, {} if code == "log-damaged" else {"held": bytes_})
        self.standing = GOOD
        self._once.gone("rolled-back-self", "fork-self", "log-damaged")
        effects: list[Effect] = []
        early, self.early = self.early, None
        if early is not None:
            effects += self.take_receipt(early[1], early[0])
        if told is None or note is None:
            return effects
        if told.times_ms.keys() & {key.vkey() for key in self.keys.their.mirror}:
            effects += self.take_receipt(note, told)
        return effects

    def _doubts(self, checkpoint: Checkpoint) -> tuple[str, str] | None:
        """Why a checkpoint that we signed cannot be of the log that is here: code and text; None where it can."""
        size = self._shelf.head(self._own).size
        if checkpoint.size > size:
            text = f"the counterpart knows {checkpoint.size} entries that we signed; here are {size}"
            return "rolled-back-self", text
        if self._is(checkpoint.size, checkpoint.root):
            return None
        if not self.sound_at(checkpoint.size):
            return (
                "log-damaged",
                f"our log of {checkpoint.size} entries is not what we signed; the disk may have changed it",
            )
        return "fork-self", f"we signed another log of {checkpoint.size} entries"

    def _is(self, size: int, root: Hash) -> bool:
        """Whether our log has this root at a size that it reached."""
        try:
            return self._shelf.root(self._own, size) == root
        except ShelfDamaged:
            return False

    def sound_at(self, size: int) -> bool:
        """Whether our log as it is stored leads from a size up to what we signed last. If not, the disk changed it, and
        a difference from what others say shows nothing."""
        top = self._signed[0] if self._signed else None
        if top is None or top.size < size:
            return True
        reader = self._shelf.hashes(self._own)
        try:
            verify_consistency(
                old_size=size,
                old_root=self._shelf.root(self._own, size),
                new_size=top.size,
                new_root=top.root,
                path=prove_consistency(size, top.size, reader),
            )
        except (ProofError, ShelfDamaged):
            return False
        return True

    # --- sending ------------------------------------------------------------------------------------------------------

    @property
    def lag(self) -> int:
        """How many entries of our log the session lacks, which `pump` would give."""
        # What they hold already can do no harm, and a node that waits for us to be whole must not wait for ever.
        if self.standing not in (GOOD, BEHIND) or self._signed is None:
            return 0
        return max(0, self._signed[0].size - self.cursor)

    def pump(self) -> list[Effect]:
        """What to send next of our log; called when the connection takes more, until it gives nothing.

        Returns:
            The frames of one append, or of one flash that goes ahead, or nothing.
        """
        if not self.lag or self._signed is None:
            return []
        checkpoint, note = self._signed
        if checkpoint.size - self.cursor > AHEAD_DISTANCE:
            for index in self._shelf.flash_from(self._own, self.cursor + AHEAD_DISTANCE, AHEAD_LOOK):
                if index < checkpoint.size and index not in self._sent_ahead and not self._shelf.gone(self._own, index):
                    effects = self._send_ahead(index, checkpoint, note)
                    self._sent_ahead.add(index)
                    return effects
        start = self.cursor
        entries = self._shelf.read(self._own, start, checkpoint.size, bytes_max=APPEND_ENTRIES_BYTES_MAX)
        end = start + len(entries)
        if end < checkpoint.size:
            # A size that was signed on the way gets its receipt now, and not only when everything is caught up.
            on_the_way = max((size for size in self._signed_notes if start < size <= end), default=None)
            if on_the_way is not None:
                entries, note = entries[: on_the_way - start], self._signed_notes[on_the_way]
                end = on_the_way
                checkpoint = parse_text(parse_note(note).text)
        proof = prove_consistency(end, checkpoint.size, self._shelf.hashes(self._own)) if end < checkpoint.size else []
        effects = [Send(frames.encode(FrameType.APPEND, note=note, start=start, entries=entries, proof=proof))]
        for index in range(start, end):
            body = self._shelf.body(self._own, index)
            if body is None and self._shelf.gone(self._own, index):
                body = GONE_BODY
            if body is not None:
                effects.append(Send(frames.encode(FrameType.BODY, index=index, body=body)))
        if start < self._sent_top:
            self.again_bytes += sum(len(one.data) for one in effects if isinstance(one, Send))
        self._sent_top = max(self._sent_top, end)
        # Last, because what cannot be read was not sent, and the other side is not to blame for lacking it.
        self.cursor = end
        return effects

    def _send_ahead(self, index: int, checkpoint: Checkpoint, note: bytes) -> list[Effect]:
        path = prove_inclusion(index, checkpoint.size, self._shelf.hashes(self._own))
        entry = self._shelf.read(self._own, index, index + 1)[0]
        body = self._shelf.body(self._own, index)
        return [Send(frames.encode(FrameType.AHEAD, note=note, index=index, path=path, entry=entry, body=body))]

    def want(self, start: int) -> None:
        """They ask for our log from here."""
        self.cursor = min(self.cursor, start)

    # --- receipts -----------------------------------------------------------------------------------------------------

    def receipt(self, note_bytes: bytes) -> list[Effect]:
        """Take a checkpoint of ours that they cosigned.

        Raises:
            LogRefused: it is not signed by us and cosigned by their mirror.
        """
        note = parse_note(note_bytes)
        checkpoint = parse_text(note.text)
        keys: tuple[NoteVerifier, ...] = self.keys.own.log + self.keys.their.mirror
        own, ours = self._signed_notes.get(checkpoint.size), len(self.keys.own.log)
        if own is not None and len(note.signatures) > ours and note_bytes.startswith(own):
            # It begins with the very bytes that we signed; what is to be verified is what they put under them.
            note, keys = Note(note.text, note.signatures[ours:]), self.keys.their.mirror
        return self.take_receipt(note_bytes, verify_lines(note, checkpoint, keys))

    def take_receipt(self, note: bytes, verified: VerifiedCheckpoint) -> list[Effect]:
        """A receipt: they hold our log so far."""
        told = verified.checkpoint
        self.quoted = max(self.quoted, told.size)
        if told.size <= self.held_size:
            return []
        if told.size > self._shelf.head(self._own).size:
            self.live, self.standing, self.early = False, BEHIND, (verified, note)
            return self._once.tell(
                "rolled-back-self", "a receipt under our own signature for more than is here", {"held": note}
            )
        if not self._is(told.size, told.root):
            code = "fork-self" if self.sound_at(told.size) else "log-damaged"
            self.live, self.standing, self.early = False, _STANDINGS[code], (verified, note)
            text = "a receipt under our own signature for another log of ours"
            return self._once.tell(code, text, {} if code == "log-damaged" else {"held": note})
        self._cosigned, self._receipt = told, note
        return [StoreCosigned(note, told.size)]

    def heard(self, size: int, root: Hash) -> bool:
        """Whether a claim to hold our log is true; without our signature it counts only then.

        Otherwise we could be made to sign our own rollback.
        """
        if size > self._shelf.head(self._own).size or not self._is(size, root):
            return False
        self.quoted = max(self.quoted, size)
        return True
