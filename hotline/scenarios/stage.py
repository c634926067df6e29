"""What a scenario needs of whoever plays it: two nodes, their officers, an auditor, and a clock that goes on.

There are two stages: processes of their own for people to watch (`hotline.scenarios.live`), and the simulator's, in
virtual time, of the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hotline.desk import Channel, Officer, Spoken
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.kinds import Catalogue
from protocol.signature import Signature

AUDITOR = "auditor"


class Unplayable(Exception):
    """This stage cannot do what a step asks for."""


class Declined(Exception):
    """A node or a client did not take what it was given.

    Attributes:
        code: why, as declared in `protocol.codes`.
        text: for people.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One entry as one observer sees it.

    Attributes:
        state: in the docket, now; None where the docket has nothing of it.
        rung: how far the other side has taken note of it.
        faults: codes.
        clocks: state by name of clock; `overdue` where it runs and was due before now.
        effective: whether it counts.
        in_force: whether it is in force now.
        no_answer: why there is no answer, as `protocol.standing` names it, or None.
        registers: those that list it, now.
        phase: the number of the phase that was stated last, or None.
    """

    state: str | None
    rung: str | None
    faults: tuple[str, ...]
    clocks: Mapping[str, str]
    effective: bool
    in_force: bool = False
    no_answer: str | None = None
    registers: tuple[str, ...] = ()
    phase: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What an auditor says in the end.

    Attributes:
        verdict: verified, refuted or unchecked.
        codes: of the findings that refute, or leave unchecked.
        findings: every finding: code and text.
    """

    verdict: str
    codes: tuple[str, ...]
    findings: tuple[tuple[str, str], ...] = field(default=())


class Stage(Protocol):
    """See the module.

    Attributes:
        agreement: that both nodes were paired under.
        catalogue: that it names.
        pace: by how much every span is divided.
        observers: whom `see` takes: both parties, and perhaps the auditor.
    """

    agreement: Agreement
    catalogue: Catalogue
    pace: float
    observers: Sequence[str]

    def until(self, at_ms: int) -> None:
        """Let time go on, to so many milliseconds of the agreement's time after the beginning."""

    def settle(self) -> None:
        """Let what was said reach whomever it can reach, and be judged."""

    def now_ms(self, party: str) -> int:
        """The clock of a party's node, UTC milliseconds."""

    def channel(self, party: str) -> Channel:
        """The channel as a party's officers verify it, with how far the logs go now."""

    def officer(self, party: str, name: str) -> Officer:
        """One officer with their key; a name is a role, with a number for a further one: `duty-2`.

        Raises:
            KeyError: there is no such officer.
        """

    def spoken(self, party: str, voice: str, index: int) -> Spoken:
        """One entry as a party's node gives it."""

    def submit(self, party: str, signed: SignedStatement) -> Mapping[str, Any]:
        """Give a statement to a party's node; gives its outcome.

        Raises:
            Declined: it is not taken.
        """

    def sign_draft(self, party: str, draft: str, signature: Signature) -> Mapping[str, Any]:
        """Add a signature to a draft; gives the outcome.

        Raises:
            Declined: it is not taken.
        """

    def put(self, party: str, signed: SignedStatement) -> Mapping[str, Any]:
        """Give a draft that a program made, without any signature, to a party's node; gives its outcome.

        Raises:
            Declined: it is not taken.
        """

    def decide(
        self,
        party: str,
        op: str,
        officer: Officer,
        signed: SignedStatement,
        act: tuple[str, Mapping[str, Any], str | None],
    ) -> None:
        """Let an officer decide about a draft, by an act that they sign for the journal.

        Args:
            party: whose draft.
            op: of the local API: stop, check or review.
            officer: who decides.
            signed: the draft.
            act: its kind, its facts beside those that name the draft, and why.

        Raises:
            Declined: it is not taken.
        """

    def outcome(self, party: str, statement_id: bytes) -> Mapping[str, Any]:
        """How far a statement has come.

        Raises:
            Declined: the node has it no more: somebody refused or cancelled it.
        """

    def called(self, party: str, statement_id: bytes) -> tuple[str, ...]:
        """The roles that a draft calls by now."""

    def forge(self, party: str, signed: SignedStatement) -> int:
        """Let a party's node log something past every check that it would make; gives its index.

        Raises:
            Unplayable: only a node that was tampered with does that.
        """

    def enact(
        self, party: str, kind: str, text: bytes, *, thread: bytes | None, in_reply_to: bytes | None
    ) -> tuple[SignedStatement, Mapping[str, Any]]:
        """Let a party's roots sign a document and its node take it; gives it and its outcome.

        Raises:
            Declined: it is not taken.
            Unplayable: this stage has no roots at hand.
        """

    def dismiss(self, party: str, name: str) -> None:
        """Let a party's roots sign the next roster, in which an officer is no more.

        Raises:
            Unplayable: this stage has no roots at hand.
        """

    def revoke(self, party: str, name: str, trusted: int) -> None:
        """Let a party's roots sign the next roster, in which an officer has another key and the old one is revoked.

        Args:
            party: whose.
            name: of the officer, who signs with the new key from here on.
            trusted: index of the party's first statement that the old key is not trusted for.

        Raises:
            Unplayable: this stage has no roots at hand.
        """

    def replace_root(self, party: str, number: int) -> int:
        """Let a party's roots sign a root set in which a new root takes the place of one; gives its number.

        Raises:
            Unplayable: this stage has no roots at hand.
        """

    def see(self, observer: str, voice: str, index: int) -> Seen | None:
        """One entry as an observer sees it now; None where they do not have it yet."""

    def proof(self, party: str, voice: str, index: int) -> str | None:
        """How far a party has a grave message of the other proved on a second channel; None where nothing is asked."""

    def ask(self, party: str, op: str, **arguments: Any) -> Any:
        """Ask a party's node, as an officer's client does before it signs.

        Raises:
            Declined: it does not answer that.
        """

    def alarms(self, party: str) -> tuple[str, ...]:
        """Codes of the alarms that a party's node raised."""

    def line_state(self, party: str) -> str:
        """The line as a party's node sees it: up, degraded or down."""

    def cut(self, down: bool) -> None:
        """Cut the line between the nodes, or mend it."""

    def power(self, party: str, up: bool) -> None:
        """End a party's node, or start it again."""

    def turn_clock(self, party: str, by_ms: int) -> None:
        """Make a party's clock show another time from now on.

        Raises:
            Unplayable: this stage has no clock to turn.
        """

    def audit(self) -> Audited:
        """End it all, export both logs, and have them audited by somebody with a policy of their own."""
