"""A succession: the document by which people end a log and begin its successor.

It is the body of entry 0 of the successor, in the open, and holds why, and the last cosignature that the counterpart
gave the log before: the whole note. What that checkpoint covers stays said; everything after it is unsaid.

    hotline succession 1
    party ARC
    epoch 2
    reason fork

    <the note: the checkpoint of the log before, two lines of its keys, two of the counterpart's mirror>

There is one spelling. The epoch is that of the successor, and the log before is of the epoch before.

Source: spec/succession.md, "The document".
"""

import re
from dataclasses import dataclass
from typing import Final

from protocol.agreement import Agreement
from protocol.checkpoint import Checkpoint, parse_text
from protocol.errors import Malformed, ProtocolError
from protocol.note import parse as parse_note
from protocol.statement import LogState

SUCCESSION_KIND: Final = "succession"

REASONS: Final = ("fork", "stolen-key", "tail-lost")
"""Why a log may end: it cannot be one log any more, its keys are somebody else's too, or its end is nowhere."""

DOCUMENT_BYTES_MAX: Final = 32_768
"""A note with four lines has some 8,000 bytes."""

_HEAD = re.compile(r"hotline succession 1\nparty ([A-Z]{2,4})\nepoch ([1-9][0-9]{0,5})\nreason ([a-z-]{1,20})\n\n")


class SuccessionRefused(ProtocolError):
    """A document that is no succession, or not of this log."""

    def __init__(self, text: str) -> None:
        super().__init__("succession-refused", "succession", text)

    def __reduce__(self) -> tuple[type["SuccessionRefused"], tuple[str]]:
        # The inherited way would hand the base's three arguments to this constructor.
        return type(self), (self.text,)


@dataclass(frozen=True, slots=True)
class Succession:
    """What the document says.

    Attributes:
        party: short name of the party whose log it is.
        epoch: of the successor.
        reason: one of `REASONS`.
        note: the counterpart's last cosignature of the log before, as it was given: four lines.

    Raises:
        Malformed: `bad-field`; a reason or an epoch that there is not.
    """

    party: str
    epoch: int
    reason: str
    note: bytes

    def __post_init__(self) -> None:
        if self.reason not in REASONS or not 1 <= self.epoch <= 999_999:
            raise Malformed("bad-field", "succession", "a reason or an epoch that there is not")

    def encode(self) -> bytes:
        """The exact text."""
        head = f"hotline succession 1\nparty {self.party}\nepoch {self.epoch}\nreason {self.reason}\n\n"
        return head.encode("ascii") + self.note

    @property
    def checkpoint(self) -> Checkpoint:
        """The last checkpoint of the log before; its lines are verified by whoever has the keys.

        Raises:
            NoteRefused, CheckpointRefused: the note is malformed.
        """
        return parse_text(parse_note(self.note).text)

    @property
    def past(self) -> LogState:
        """Size and root of what counts of the log before."""
        checkpoint = self.checkpoint
        return LogState(checkpoint.size, checkpoint.root)


def parse_succession(text: bytes) -> Succession:
    """Read a document strictly.

    Raises:
        SuccessionRefused: it is not one in its one spelling.
    """
    if len(text) > DOCUMENT_BYTES_MAX:
        raise SuccessionRefused(f"{len(text)} bytes; {DOCUMENT_BYTES_MAX} are taken")
    head = text[:100].decode("ascii", "replace")
    found = _HEAD.match(head)
    if found is None:
        raise SuccessionRefused("it does not begin as a succession does")
    try:
        made = Succession(found[1], int(found[2]), found[3], text[found.end() :])
        if made.encode() != text or parse_note(made.note).encode() != made.note or made.checkpoint.size == 0:
            raise SuccessionRefused("it has a second spelling, or ends an empty log")
    except Malformed as error:
        raise SuccessionRefused("a reason or an epoch that there is not") from error
    except SuccessionRefused:
        raise
    except ProtocolError as error:
        raise SuccessionRefused(f"the note in it is none: {error}") from error
    return made


def check_fits(succession: Succession, agreement: Agreement, party: str, *, epoch: int, past: LogState) -> None:
    """Check that a succession is of this party, to the announced epoch, and after what counts of the log before.

    Args:
        succession: parsed.
        agreement: gives the logs their names.
        party: short name.
        epoch: the one announced for the successor.
        past: size and root of what counts of the log before, as it is at hand.

    Raises:
        SuccessionRefused: it is not.
    """
    if (succession.party, succession.epoch) != (party, epoch):
        raise SuccessionRefused(f"it is of epoch {succession.epoch} of {succession.party}; {epoch} of {party} was due")
    checkpoint = succession.checkpoint
    if checkpoint.origin != agreement.origin(party, epoch - 1):
        raise SuccessionRefused("it names another log as the one before")
    if (checkpoint.size, checkpoint.root) != past:
        raise SuccessionRefused("the log before is another one at that size")
