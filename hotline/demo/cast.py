"""The cast: officers at their desks.

Each officer has a key of their own, opened once, and a connection to their own party's node. They work as the command
line does: the client pins the agreement, checks the rosters, seals and signs; whoever reads opens the body and checks
it against the signed header; whoever signs second looks at the contents first.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hotline.clock import now_ms
from hotline.composing import Choices, Letter, find_kind
from hotline.demo.script import Say
from hotline.demo.stage import Side
from hotline.desk import Desk, Officer, Spoken, open_told
from hotline.errors import CouldNot, Refused
from hotline.reference import Reference
from hotline.sending import make, place_of, sign, submit
from nodes.errors import ApiRefused
from nodes.resources import catalogue
from nodes.signed import signatures_from_wire
from protocol.statement import Statement

WAIT_TIMEOUT_S = 20.0
SLICE_S = 2.0
"""A node is asked to wait so long at a time; in between somebody looks whether both nodes are still there."""

LOOK_S = 0.01


@dataclass(slots=True, kw_only=True)
class Placed:
    """A statement that was said.

    Attributes:
        event: of the script.
        outcome: as the node gives it; replaced as the statement gets further.
        precedence: in its header.
        waited_for: slots that were open while it was a draft.
        took_ms: from handing it over to the outcome that the script waited for.
    """

    event: Say
    outcome: dict[str, Any]
    precedence: str
    waited_for: tuple[str, ...] = ()
    took_ms: int = 0

    @property
    def index(self) -> int:
        """Its place in its author's log; it has one once it is logged."""
        return int(str(self.outcome["serial"]).partition(" ")[2])


@dataclass(slots=True)
class Desks:
    """The desks of one party.

    Attributes:
        side: whose.
        officers: with their keys, by name.
    """

    side: Side
    officers: Mapping[str, Officer]
    _open: dict[str, Desk] = field(default_factory=dict)

    def open(self) -> None:
        """Connect every officer to the node and log in.

        Raises:
            ApiRefused: the node does not answer or lets somebody not in.
        """
        self.close()
        for name, officer in self.officers.items():
            self._open[name] = Desk.open(officer)

    def close(self) -> None:
        """End the connections."""
        for desk in self._open.values():
            desk.client.close()
        self._open.clear()

    def desk(self, name: str = "duty") -> Desk:
        """Give one officer's desk."""
        return self._open[name]

    def find(self, placed: Placed) -> Spoken:
        """Fetch a statement of either side from our own node, as soon as it is there.

        Raises:
            CouldNot: it does not come.
        """
        return self.fetch(placed.event.voice, placed.index)

    def fetch(self, voice: str, index: int, *, judged: bool = False) -> Spoken:
        """Fetch an entry from our own node, as soon as it is there, and judged if that is asked for.

        Raises:
            CouldNot: it does not come.
        """
        until = time.monotonic() + WAIT_TIMEOUT_S
        while True:
            try:
                found = self.desk().entry(Reference(None, voice, index))
                if found.view is not None or not judged:
                    return found
            except ApiRefused as error:
                if error.code != "no-such-entry":
                    raise
            if time.monotonic() > until:
                raise CouldNot(
                    "timed-out", f"{voice} {index} did not come to {self.side.actor.short} in {WAIT_TIMEOUT_S:.0f} s"
                )
            time.sleep(LOOK_S)

    def read(self, placed: Placed, *, officer: str = "duty") -> dict[str, Any]:
        """Open what the other side said; the client checks every commitment.

        Raises:
            Refused: it does not open, or is not what was committed to.
        """
        contents = self.desk(officer).contents(self.find(placed))
        return contents or {}

    def say(self, event: Say, *, to: Placed | None, thread: Placed | None) -> Placed:
        """Compose, sign and hand over a statement, and wait as far as the script asks.

        Args:
            event: of the script.
            to: what it answers.
            thread: what it continues.

        Raises:
            HotlineError, NodeError, ProtocolError: it cannot be said.
        """
        desk = self.desk(event.officers[0])
        channel = desk.channel(None, fresh=True)
        letter = self._letter(event)
        composed = make(
            letter,
            place_of(
                letter.kind,
                reply_to=None if to is None else self.find(to),
                thread=None if thread is None else self.find(thread),
                own=channel.own,
            ),
            channel,
            now_ms=now_ms(),
        )
        signers = event.officers[:1] if event.as_draft else event.officers
        signatures = sign(
            composed.statement,
            composed.statement_bytes,
            letter.kind,
            channel,
            [self.officers[name] for name in signers],
        )
        begun = time.monotonic()
        outcome = submit(desk, channel, composed, signatures, wait=event.wait, timeout_s=SLICE_S)
        placed = Placed(event=event, outcome=outcome, precedence=composed.statement.precedence)
        placed.took_ms = round((time.monotonic() - begun) * 1000)
        if event.as_draft:
            placed.waited_for = tuple(outcome["missing"])
        return placed

    def sign_draft(self, placed: Placed, name: str) -> None:
        """Sign a draft as a further officer, who opens it first and sees that it says what was meant to be said.

        Raises:
            Refused: the draft says something else.
        """
        desk = self.desk(name)
        channel = desk.channel(None)
        told = desk.request("draft", id=placed.outcome["draft"])
        statement = Statement.parse(told["statement"])
        kind = find_kind(placed.event.kind, catalogue())
        if open_told(statement, kind, told) != self._letter(placed.event).values:
            raise Refused("contents-differ", "the draft does not say what its author handed over")
        (signature,) = sign(
            statement,
            told["statement"],
            kind,
            channel,
            [self.officers[name]],
            already=signatures_from_wire(told["signatures"]),
        )
        begun = time.monotonic()
        placed.outcome = desk.request(
            "sign",
            timeout_s=SLICE_S + 10,
            id=placed.outcome["draft"],
            signature=[signature.signer, signature.role, signature.algorithm, signature.value],
            wait=placed.event.wait,
            timeout_ms=int(SLICE_S * 1000),
        )
        placed.took_ms = round((time.monotonic() - begun) * 1000)

    def wait_held(self, placed: Placed) -> None:
        """Wait a while for the other side to hold a statement of ours, and note how far it came."""
        placed.outcome = self.desk().request(
            "wait",
            timeout_s=SLICE_S + 10,
            id=placed.outcome["id"],
            wait="held",
            timeout_ms=int(SLICE_S * 1000),
        )

    def receipt(self, placed: Placed) -> bytes:
        """The receipt of a statement of ours."""
        found: bytes = self.desk().request("receipt", voice=placed.event.voice, index=placed.index)
        return found

    def _letter(self, event: Say) -> Letter:
        at_ms = now_ms()
        respond_by_ms = None if event.respond_within_ms is None else at_ms + event.respond_within_ms
        letter = Letter(
            kind=find_kind(event.kind, catalogue()),
            values=dict(event.values),
            choices=Choices(**event.choices, respond_by_ms=respond_by_ms),
        )
        letter.check(catalogue(), now_ms=at_ms)
        return letter
