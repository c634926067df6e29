"""What a channel asks its node to do, in the order given. The node decides nothing; it moves bytes.

A node carries out a list of effects one after the other. Where one of them cannot be carried out because the disk is
full, the rest is dropped and the session closed: nothing that depends on a write leaves before the write is durable.

Source: spec/channel.md, "Effects".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protocol.checkpoint import Checkpoint
from protocol.glance import Glance
from protocol.merkle import Frontier, Hash


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment, read from two clocks.

    Attributes:
        wall_ms: UTC milliseconds as the machine's clock reads; it may jump.
        mono_ms: milliseconds of a clock that never goes back; it measures intervals and nothing else.
    """

    wall_ms: int
    mono_ms: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send one frame over the session."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """End the session. A new one may be tried."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class StoreMirror:
    """Write entries of the other side's log, with their bodies, in one durable step; then call `Channel.mirrored` with
    what reads back.

    Attributes:
        start: index of the first.
        entries: their bytes.
        leaves: their leaf hashes.
        glances: what was seen of each.
        bodies: the body of each, or None.
        frontier: the mirror's frontier with them.
        note: the checkpoint they were proved under.
        last_ms: time of cosigning to be kept with them, UTC milliseconds.
    """

    start: int
    entries: tuple[bytes, ...]
    leaves: tuple[Hash, ...]
    glances: tuple[Glance, ...]
    bodies: tuple[bytes | None, ...]
    frontier: Frontier
    note: bytes
    last_ms: int


@dataclass(frozen=True, slots=True)
class StoreOwn:
    """Write entries of our own log that came back, with their bodies, in one durable step; then call `Channel.returned`
    with what reads back. Everything is as in `StoreMirror`; the time is that of the last entry."""

    start: int
    entries: tuple[bytes, ...]
    leaves: tuple[Hash, ...]
    glances: tuple[Glance, ...]
    bodies: tuple[bytes | None, ...]
    frontier: Frontier
    note: bytes
    last_ms: int


@dataclass(frozen=True, slots=True)
class KeepMark:
    """Make durable, before anything else, that our own log was signed so far: nothing below it is signed again."""

    note: bytes
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class StoreCosigned:
    """Keep, durably, a checkpoint of our log that the other side cosigned; then tell those who wait that it is held."""

    note: bytes
    size: int


@dataclass(frozen=True, slots=True)
class StoreBranch:
    """Write, durably, entries of the other side's log that contradict the mirror, into a branch beside it.

    Attributes:
        number: of the branch, from 1; a new one is begun where it is not there yet.
        start: index of the first of these entries.
        entries: their bytes.
        bodies: the body of each, or None.
        note: the checkpoint they were proved under.
    """

    number: int
    start: int
    entries: tuple[bytes, ...]
    bodies: tuple[bytes | None, ...]
    note: bytes


@dataclass(frozen=True, slots=True)
class StoreNote:
    """Keep a note, durably, before anything else."""

    name: str
    note: bytes


@dataclass(frozen=True, slots=True)
class StoreAhead:
    """Keep, durably, a flash entry that came before its predecessors; then show it."""

    index: int
    entry: bytes
    body: bytes | None
    note: bytes
    behind: int


@dataclass(frozen=True, slots=True)
class KeepNote:
    """Keep a note with the next write; it can be made again.

    Attributes:
        at_once: with a write of its own, where there is room for one; without room nothing else is held up.
    """

    name: str
    note: bytes
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """The other side has said how far it holds our log: new entries may be signed."""


@dataclass(frozen=True, slots=True)
class Received:
    """A verified beat of the other side came; keep it as evidence."""

    beat: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class GivenBack:
    """An entry that was asked back because it is damaged here, with the body it names; nothing of it is verified."""

    voice: str
    index: int
    entry: bytes
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person must know.

    Attributes:
        code: declared in `protocol.codes`.
        text: one sentence, without contents.
        evidence: signed objects by name, for a third party; may be empty.
    """

    code: str
    text: str
    evidence: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LineChanged:
    """The line's state changed: `up`, `degraded` or `down`."""

    state: str


@dataclass(frozen=True, slots=True)
class Say:
    """Log a machine statement of this kind with these facts."""

    kind: str
    facts: Mapping[str, Any]


Effect = (
    Send
    | Close
    | StoreMirror
    | StoreOwn
    | KeepMark
    | StoreCosigned
    | StoreAhead
    | StoreBranch
    | StoreNote
    | KeepNote
    | Live
    | Received
    | GivenBack
    | Alarm
    | LineChanged
    | Say
)
