"""How far a statement has come: draft, queued, logged, held; and the drafts that wait for signatures.

A *draft* lacks a signature that the agreement asks for, or a person's look at what a program put in. What is *held
back* is complete, and is released at its time unless somebody cancels it. A *queued* statement is complete and has no
position yet, because the node may not sign anything new. A *logged* one has a position in our log and survives any
crash. A *held* one was cosigned by the counterpart: they have it on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nodes.draft_waits import DraftWaits
from protocol.signature import Signature

State = Literal["draft", "held-back", "queued", "logged", "held"]
STATES: tuple[State, ...] = ("draft", "held-back", "queued", "logged", "held")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one statement so far.

    Attributes:
        state: the furthest state reached.
        draft: the draft's id while `state` is "draft" or "held-back", else None.
        serial: "ARC 17" once logged, else None.
        id: the statement's id, 32 hex digits.
        thread: leaf hash of the entry that opened its thread, 64 hex digits; None before that entry is logged.
        missing: the slots of the agreement's rule that have no signature yet, such as "release/senior".
        issued_at_ms: the author's time, UTC milliseconds.
        logged_at_ms: the node's time of logging, UTC milliseconds, or None.
        held_at_ms: when the first receipt for it came, by the node's clock, UTC milliseconds, or None.
        release_at_ms: when what is held back is released, UTC milliseconds; else None.
        hold: why a person has to look first, `rate`, `anomaly` or `restored`; else None.
    """

    state: State
    draft: str | None
    serial: str | None
    id: str
    thread: str | None
    missing: tuple[str, ...]
    issued_at_ms: int
    logged_at_ms: int | None
    held_at_ms: int | None
    release_at_ms: int | None = None
    hold: str | None = None

    def reached(self, state: State) -> bool:
        """Say whether the statement has come at least as far as `state`."""
        return STATES.index(self.state) >= STATES.index(state)

    @property
    def index(self) -> int | None:
        """The entry's place in its log, once logged."""
        return None if self.serial is None else int(self.serial.split()[1])

    def as_dict(self) -> dict[str, object]:
        """Give the fields as the local API and `--json` show them."""
        return {
            "state": self.state,
            "draft": self.draft,
            "serial": self.serial,
            "id": self.id,
            "thread": self.thread,
            "missing": list(self.missing),
            "issued_at_ms": self.issued_at_ms,
            "logged_at_ms": self.logged_at_ms,
            "held_at_ms": self.held_at_ms,
            "release_at_ms": self.release_at_ms,
            "hold": self.hold,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A statement that waits at its node for the signatures the agreement asks for.

    Attributes:
        id: the statement's id, 32 hex digits.
        statement: the bytes that were signed and are to be signed.
        body: the sealed body, or None for a kind without one.
        signatures: those already there, verified by the node.
        missing: the slots still without a signature.
        created_at_ms: when the node first had it, UTC milliseconds.
        automated: whether a program put it in.
        hold: `window`, or why a person has to look first: `rate`, `anomaly` or `restored`; None for neither.
        until_ms: when it is released by itself, UTC milliseconds, or None.
        waits: whom it waits for, and from when.
    """

    id: str
    statement: bytes
    body: bytes | None
    signatures: tuple[Signature, ...]
    missing: tuple[str, ...]
    created_at_ms: int
    automated: bool = False
    hold: str | None = None
    until_ms: int | None = None
    waits: tuple[DraftWaits, ...] = ()
