"""What is found about one entry: which faults it has, whether it counts, who signed it.

A verdict stands beside an entry and never replaces it. It is a function of the two logs alone, so both nodes and every
auditor come to the same one.

Source: spec/docket.md, "Verdicts".
"""

from dataclasses import dataclass

from keys.errors import KeysError
from keys.public_key import PublicKey
from protocol.entry import Entry
from protocol.faults import SHOWN, WRONG_CHANNEL, WRONG_PARTY
from protocol.kinds import Kind
from protocol.statement import LogState, Statement
from protocol.tagged import Hash

NO_LOCATION = -1


def location(voice: int, index: int) -> int:
    """One number for an entry's place on a channel: twice its index, and one more in the second voice."""
    return index << 1 | voice


def voice_of(place: int) -> int:
    """The voice, 0 or 1, of a location."""
    return place & 1


def index_of(place: int) -> int:
    """The index, in its own log, of a location."""
    return place >> 1


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """One signature to verify, apart from everything else so that it can be done on another thread.

    Attributes:
        key: whose it must be.
        purpose: what it must be for.
        channel: 32 bytes.
        author: short name of the party.
        message: the bytes that were signed.
        signature: its bytes.
    """

    key: PublicKey
    purpose: str
    channel: bytes
    author: str
    message: bytes
    signature: bytes

    def holds(self) -> bool:
        """Verify it. Takes some hundred microseconds, most of them outside the interpreter's lock."""
        try:
            self.key.verify(
                self.purpose,
                channel=self.channel,
                author=self.author,
                message=self.message,
                signature=self.signature,
            )
        except KeysError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Located:
    """What is remembered of a judged entry, for those that refer to it.

    Attributes:
        place: its location.
        kind: name of its kind.
        status: `actual`, `exercise`, `test` or `system`.
        thread: location of the entry that opened its thread, its own where it did; NO_LOCATION where it has none.
    """

    place: int
    kind: str
    status: str
    thread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is found about one entry.

    Attributes:
        voice: 0 or 1: the author's place among the agreement's parties, which are sorted by short name.
        party: short name of the author.
        index: place in the author's log, from 0.
        leaf: leaf hash of the entry.
        entry: the entry, or None where it does not parse.
        statement: the statement in it, or None where that does not parse.
        kind: its kind, or None where the catalogue has none of that name.
        faults: codes, the first found first; empty for nearly all entries.
        notes: codes of what could not be checked with the logs at hand; they are no faults.
        signers: person number and role of each valid signature that a person made.
        missing: slots of the agreement's rule that no valid signature fills, such as `release/senior`.
        held: how far this entry shows that its author held the other log: the largest good `held` up to here.
        thread: location of the thread's opener, the entry's own where it opens one, or NO_LOCATION.
        reply: location of the entry answered, or NO_LOCATION.
        reign: number of the reign that governs it (`protocol.governance`); 0 is that of the founding agreement.
    """

    voice: int
    party: str
    index: int
    leaf: Hash
    entry: Entry | None
    statement: Statement | None
    kind: Kind | None
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    signers: tuple[tuple[int, str], ...]
    missing: tuple[str, ...]
    held: LogState
    thread: int
    reply: int
    reign: int = 0

    @property
    def effective(self) -> bool:
        """Whether the entry counts: it has no fault but those that are only shown."""
        return not self.faults or SHOWN.issuperset(self.faults)

    @property
    def referable(self) -> bool:
        """Whether others may refer to it: not if it was made for another log, as a copy could pass for the original."""
        return self.statement is not None and not (WRONG_PARTY in self.faults or WRONG_CHANNEL in self.faults)

    @property
    def place(self) -> int:
        """The entry's location."""
        return location(self.voice, self.index)

    @property
    def serial(self) -> str:
        """How people name the entry: `ARC 17`."""
        return f"{self.party} {self.index}"
