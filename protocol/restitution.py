"""Restitution: what we hold of either log, given back to the other side where it asks.

A node whose disk is gone, or was put back, asks for its own log as we hold it; one whose disk has a damaged range asks
for that range of either. What is given stands under a checkpoint that the log's own keys signed, with a proof that it
is a prefix of what was signed, so that whoever asked need not believe us. More is read from disk only when the session
takes more, and an append of our own log goes between any two parts.

Source: spec/recovery.md, "Fetching".
"""

from dataclasses import dataclass

from keys.errors import KeysError
from protocol import frames
from protocol.checkpoint import Checkpoint
from protocol.cosignature import verify_note
from protocol.effects import Effect, Send
from protocol.errors import Malformed, ProtocolError
from protocol.frames import FrameType
from protocol.incoming import GONE_BODY
from protocol.limits import APPEND_ENTRIES_BYTES_MAX
from protocol.line_keys import LineKeys
from protocol.merkle import prove_consistency
from protocol.note import Note
from protocol.note import parse as parse_note
from protocol.shelf import Shelf

_NOTES = {True: ("own-signed", "own-cosigned"), False: ("their-signed", "their-cosigned")}


@dataclass(slots=True)
class _Asked:
    """What is still to be given.

    Attributes:
        voice: whose log.
        start: the next entry.
        end: one beyond the last.
        note: signed by the log's keys.
        size: of its checkpoint.
    """

    voice: str
    start: int
    end: int
    note: bytes
    size: int


class Restitution:
    """See the module; one a channel.

    Args:
        keys: the keys of both sides.
        shelf: what is durable.

    Attributes:
        again_bytes: of frames with entries that were given before, since the start.
    """

    def __init__(self, *, keys: LineKeys, shelf: Shelf) -> None:
        self.keys = keys
        self._shelf = shelf
        self._asked: _Asked | None = None
        # How far each log was given since the start, theirs and ours.
        self._given_top = [0, 0]
        self.again_bytes = 0

    def session_ends(self) -> None:
        """Whoever asked asks again."""
        self._asked = None

    def ask(self, voice: str, start: int, end: int) -> None:
        """They want a range of a log; it takes the place of what they wanted before.

        Raises:
            Malformed: `wrong-party`; no log of this line.
        """
        own = self.keys.own.party
        if voice not in (own, self.keys.their.party):
            raise Malformed("wrong-party", "fetch", "of a log that is not on this line")
        self._asked = None
        found = self._covering(voice == own)
        if found is not None:
            checkpoint, note = found
            end = min(end, checkpoint.size)
            if start < end:
                self._asked = _Asked(voice, start, end, note, checkpoint.size)

    def _covering(self, own: bool) -> tuple[Checkpoint, bytes] | None:
        """The newest checkpoint of a log under which everything is here, with the lines of its own keys only."""
        here = self._shelf.head(self.keys.own.party if own else self.keys.their.party).size
        log = (self.keys.own if own else self.keys.their).log
        keys = {(key.name, key.key_id) for key in log}
        found: tuple[Checkpoint, bytes] | None = None
        for name in _NOTES[own]:
            data = self._shelf.note(name)
            if data is None:
                continue
            try:
                note = parse_note(data)
                lines = tuple(line for line in note.signatures if (line.name, line.key_id) in keys)
                signed = Note(note.text, lines).encode()
                checkpoint = verify_note(signed, log).checkpoint
            except (ProtocolError, KeysError):
                # The disk changed it. Whoever asked would have to think that we give what was not signed.
                continue
            if checkpoint.size <= here and (found is None or checkpoint.size > found[0].size):
                found = checkpoint, signed
        return found

    @property
    def lag(self) -> int:
        """How many entries are still to be given."""
        return 0 if self._asked is None else self._asked.end - self._asked.start

    def pump(self) -> list[Effect]:
        """The next part, or nothing. Of a body that a log says is gone that is said;
        one that is not here for another reason is left out, and whoever asked sees that."""
        asked = self._asked
        if asked is None:
            return []
        voice, start = asked.voice, asked.start
        entries = self._shelf.read(voice, start, asked.end, bytes_max=APPEND_ENTRIES_BYTES_MAX)
        if not entries:
            self._asked = None
            return []
        asked.start = end = start + len(entries)
        if end >= asked.end:
            self._asked = None
        proof = prove_consistency(end, asked.size, self._shelf.hashes(voice)) if end < asked.size else []
        parts = [
            Send(
                frames.encode(
                    FrameType.FETCHED, voice=voice, note=asked.note, start=start, entries=entries, proof=proof
                )
            )
        ]
        for index in range(start, end):
            body = self._shelf.body(voice, index)
            if body is None and self._shelf.gone(voice, index):
                body = GONE_BODY
            if body is not None:
                parts.append(Send(frames.encode(FrameType.FETCHED_BODY, voice=voice, index=index, body=body)))
        own = voice == self.keys.own.party
        if start < self._given_top[own]:
            self.again_bytes += sum(len(one.data) for one in parts)
        self._given_top[own] = max(self._given_top[own], end)
        return [*parts]
