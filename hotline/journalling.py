"""Acts for the journal, made by an officer's client; and what commands leave to be written down.

The client makes and signs the act: its text is sealed here, to the key that the party's pinned rosters name, so that
the node stores what it was given and cannot put words into anybody's mouth.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hotline.cli.settings import Settings
from hotline.desk import Channel, Desk, Officer
from hotline.errors import Misused, Refused
from hotline.printable import printable
from keys.roster import Roster
from nodes.errors import NodeError
from nodes.home import NodeHome
from nodes.journal_home import leave_note
from nodes.resources import journal_catalogue
from nodes.signed import SignedStatement
from protocol.canonical import Value
from protocol.journal import JournalSetting, compose_act
from protocol.journal_kinds import PERSON, JournalKind
from protocol.signature import sign_statement
from protocol.statement import ID_BYTES, LogState
from protocol.statement_secret import SECRET_BYTES
from protocol.tagged import digest


@dataclass(frozen=True, slots=True)
class Act:
    """An act that was written down.

    Attributes:
        index: in the journal.
        logged_at_ms: when, UTC milliseconds.
    """

    index: int
    logged_at_ms: int


class Asked(Protocol):
    """Whoever answers for the node: an officer's desk, or what stands in for one."""

    def request(self, op: str, **arguments: Any) -> Any:
        """Ask the node; its word is not verified here."""


def make_act(
    desk: Asked, officer: Officer, roster: Roster, kind: str, facts: Mapping[str, Value], text: str | None = None
) -> SignedStatement:
    """Make and sign an act.

    Args:
        desk: connected.
        officer: who acts.
        roster: one of the party's, as its roots signed it; gives the officer's role and the party's sealing key.
        kind: name of a journal kind that persons sign.
        facts: of the act.
        text: free text, or None.

    Raises:
        Misused: no such kind.
        Refused: the node seals to another key than the roster has, or the roster does not have the officer.
        ActRefused: the kind does not have these facts.
    """
    known = kind_named(kind)
    told = desk.request("journal-setting")
    person = roster.person(officer.number)
    if person is None:
        raise Refused("key-not-in-roster", f"the roster in force has no person {officer.number}")
    if told["sealing"] != roster.sealing.raw or told["catalogue"] != journal_catalogue().digest:
        raise Refused("journal-act-refused", "the node's journal has another sealing key or other kinds")
    setting = JournalSetting(
        origin=told["origin"],
        party=officer.home.party,
        catalogue=told["catalogue"],
        after=LogState(*told["after"]),
        sealing=roster.sealing,
    )
    statement, body = compose_act(
        known,
        setting,
        statement_id=secrets.token_bytes(ID_BYTES),
        secret=secrets.token_bytes(SECRET_BYTES),
        issued_at_ms=told["now_ms"],
        facts=facts,
        text=text,
    )
    raw = statement.encode()
    said = [f"{name}: {value.hex() if isinstance(value, bytes) else value}" for name, value in facts.items()]
    officer.show([f"In the journal of {officer.home.party}: {kind}", *said, *([printable(text)] if text else [])])
    signature = sign_statement(
        raw,
        channel=statement.channel,
        party=officer.home.party,
        signer=f"person/{officer.number}",
        role=person.roles[0],
        key=officer.key,
    )
    return SignedStatement(statement=raw, signatures=(signature,), body=body)


def write_act(
    desk: Desk, officer: Officer, roster: Roster, kind: str, facts: Mapping[str, Value], text: str | None = None
) -> Act:
    """Make an act and hand it to the node; as `make_act`."""
    signed = make_act(desk, officer, roster, kind, facts, text)
    told = desk.request("journal-write", signed=signed.encode())
    return Act(told["index"], told["logged_at_ms"])


def note_override(
    desk: Desk, officer: Officer, channel: Channel, kind: str, statement: bytes, places: Sequence[tuple[str, int]]
) -> None:
    """Write down that an officer sent a statement although something spoke against it.

    Args:
        desk: connected.
        officer: who did.
        channel: verified.
        kind: of the act.
        statement: its signed bytes.
        places: voice and index of what spoke against it.
    """
    for voice, index in places:
        facts: dict[str, Value] = {"counterpart": channel.counterpart, "voice": voice, "index": index}
        facts["statement"] = digest(statement)
        write_act(desk, officer, channel.rosters[channel.own], kind, facts)


def kind_named(name: str) -> JournalKind:
    """Find a kind that persons sign.

    Raises:
        Misused: there is none of that name.
    """
    known = journal_catalogue().kinds.get(name)
    if known is None or known.by != PERSON:
        names = ", ".join(sorted(one.name for one in journal_catalogue().kinds.values() if one.by == PERSON))
        text = f"{name[:40]!r} is no act that a person writes down; these are: {names}"
        raise Misused("no-such-kind", text, next_step="`hotline journal kinds` has their facts.")
    return known


def note_down(settings: Settings, home: NodeHome, kind: str, **facts: Value) -> None:
    """Leave an act of a command for the node to write down. What cannot be left stops no command, and is said."""
    try:
        leave_note(home, kind, facts)
    except NodeError as error:
        settings.output.note(f"warning: the journal will not have this: {error.text}")
