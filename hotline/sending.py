"""Making, signing and handing over a statement: what `send`, `ack`, `ask`, `answer` and `sign` have in common.

The officer's client seals and signs; the node only takes what is complete. Roles are chosen so that the agreement's
slots are filled: each officer signs as the first of their roles that fills a slot nobody fills yet.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hotline.composing import Letter
from hotline.desk import Channel, Desk, Officer, Spoken
from hotline.errors import CouldNot, Misused, Refused
from hotline.reference import parse_reference
from nodes.signed import SignedStatement
from protocol.authority import EMERGENCY, missing_slots, slots_needed
from protocol.compose import Composed, Setting, compose
from protocol.kinds import Kind
from protocol.signature import Signature, sign_statement
from protocol.statement import ID_BYTES, Statement
from protocol.statement_secret import SECRET_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a statement stands in the conversation.

    Attributes:
        thread: leaf hash of the thread's opener; None opens a thread.
        in_reply_to: leaf hash of what it answers, or None.
        status: of the thread, or None for a new one.
    """

    thread: bytes | None = None
    in_reply_to: bytes | None = None
    status: str | None = None


def place_of(kind: Kind, *, reply_to: Spoken | None, thread: Spoken | None, own: str) -> Place:
    """Find a statement's place, and refuse one that both nodes would call a fault.

    Args:
        kind: of the statement.
        reply_to: the entry it answers.
        thread: any entry of the thread it continues.
        own: short name of the author's party.

    Raises:
        Misused: the kind needs what is not given, or does not go there.
        CouldNot: what it refers to has no place yet.
    """
    for named in (reply_to, thread):
        if named is not None and named.branch:
            raise CouldNot("disputed", f"{named.serial} is of a disputed branch; no entry of the log can refer to it")
        if named is not None and named.ahead:
            text = f"{named.serial} is ahead of {named.ahead} entries that are not here; refer to it once they are"
            raise CouldNot("not-in-place", text)
    if reply_to is None and kind.in_reply_to == "required":
        raise Misused("reply-needed", f"a {kind.name} answers something: give --reply-to")
    if reply_to is not None:
        _check_reply(kind, reply_to, own=own)
    anchor = reply_to if reply_to is not None else thread
    if anchor is None:
        if not kind.opens_thread:
            raise Misused("reply-needed", f"{a_kind(kind)} continues a thread: give --reply-to or --thread")
        return Place()
    if not kind.continues_thread:
        raise Misused("reply-unfit", f"{a_kind(kind)} opens a thread of its own")
    if thread is not None and thread.thread != anchor.thread:
        raise Misused("reply-unfit", f"{anchor.serial} is not in the thread of {thread.serial}")
    status = anchor.statement.status if anchor.statement is not None else None
    return Place(thread=anchor.thread, in_reply_to=None if reply_to is None else reply_to.leaf, status=status)


def a_kind(kind: Kind) -> str:
    """A kind's name with its article."""
    return f"{'an' if kind.name[0] in 'aeiou' else 'a'} {kind.name}"


def _check_reply(kind: Kind, target: Spoken, *, own: str) -> None:
    if kind.in_reply_to == "none":
        raise Misused("reply-unfit", f"{a_kind(kind)} answers nothing; give --thread instead")
    if target.statement is None:
        raise Misused("reply-unfit", f"{target.serial} cannot be read, so nothing can answer it")
    if target.statement.kind not in kind.replies_to:
        raise Misused(
            "reply-unfit",
            f"{kind.name} does not answer {target.statement.kind}; it answers {', '.join(kind.replies_to)}",
        )
    whose = "own" if target.voice == own else "other"
    if kind.reply_voice not in {whose, "either"}:
        side = "your own" if kind.reply_voice == "own" else "the other side's"
        raise Misused("reply-unfit", f"{a_kind(kind)} answers {side} statements, and {target.serial} is not one")


def make(letter: Letter, place: Place, channel: Channel, *, now_ms: int, emergency: bool = False) -> Composed:
    """Seal and spell a statement; nothing is signed or sent yet.

    Args:
        letter: what is said.
        place: where it stands.
        channel: verified.
        now_ms: UTC milliseconds.
        emergency: whether one person releases it by the agreement's emergency clause.

    Raises:
        Misused: another status than the thread's.
        Refused: `no-emergency-clause`.
        ComposeRefused: the contents are too large, or a choice cannot stand in the header.
    """
    choices = letter.choices
    if place.status is not None and choices.status not in {None, place.status}:
        raise Misused("status-mixed", f"the thread is {place.status}; a statement of another status has no place in it")
    facts = dict(letter.facts)
    if emergency:
        clause = channel.agreement.emergency
        if clause is None or not clause.covers(letter.kind.name):
            text = f"the agreement lets nobody release a {letter.kind.name} alone; send it with the signatures it needs"
            raise Refused("no-emergency-clause", text)
        facts[EMERGENCY] = True
    setting = Setting(
        channel=channel.agreement.channel,
        party=channel.own,
        agreement=channel.agreement.digest,
        catalogue=channel.agreement.catalogue_digest,
        after=channel.own_log,
        seen=channel.their_log,
        recipients=tuple((short, channel.rosters[short].sealing) for short in channel.agreement.shorts),
    )
    return compose(
        letter.kind,
        setting,
        statement_id=secrets.token_bytes(ID_BYTES),
        secret=secrets.token_bytes(SECRET_BYTES) if letter.kind.fields else None,
        issued_at_ms=now_ms,
        fields=letter.values,
        facts=facts or None,
        status=choices.status or place.status or "actual",
        precedence=choices.precedence,
        language=choices.language or channel.agreement.languages[0],
        thread=place.thread,
        in_reply_to=place.in_reply_to,
        outcome=choices.outcome,
        severity=choices.severity,
        aware_at_ms=choices.aware_at_ms,
        release_by_ms=choices.release_by_ms,
        respond_by_ms=choices.respond_by_ms,
        valid_until_ms=choices.valid_until_ms,
    )


def sign(
    statement: Statement,
    raw: bytes,
    kind: Kind,
    channel: Channel,
    officers: Sequence[Officer],
    *,
    already: Sequence[Signature] = (),
) -> tuple[Signature, ...]:
    """Sign a statement by one or more officers.

    Args:
        statement: its header.
        raw: its exact bytes.
        kind: of the statement.
        channel: verified.
        officers: who sign, in order.
        already: signatures that are there.

    Returns:
        The new signatures.

    Raises:
        Refused: an officer has signed already, or is not needed or not able to fill a slot.
    """
    needs = slots_needed(channel.agreement, kind, statement.severity, statement.precedence, statement.facts)
    signers = [(one.person, one.role) for one in already if one.person is not None]
    made: list[Signature] = []
    for officer in officers:
        person = channel.person(officer.number)
        missing = missing_slots(needs, signers)
        if not missing:
            text = f"the statement is complete without {officer.home.name}"
            way = "Leave that person out. `hotline drafts` shows what is held back, and until when."
            raise Refused("signer-not-needed", text, next_step=way)
        if any(number == officer.number for number, _ in signers):
            raise Refused("already-signed", f"{officer.home.name} has signed this statement")
        role = next(
            (
                role
                for role in person.roles
                if len(missing_slots(needs, [*signers, (person.number, role)])) < len(missing)
            ),
            None,
        )
        if role is None:
            text = f"{officer.home.name} fills no open place; still needed: {', '.join(missing)}"
            raise Refused("signer-not-needed", text)
        signature = sign_statement(
            raw,
            channel=channel.agreement.channel,
            party=channel.own,
            signer=f"person/{person.number}",
            role=role,
            key=officer.key,
        )
        # Another officer's page may be at the same port.
        officer.close()
        made.append(signature)
        signers.append((person.number, role))
    return tuple(made)


def submit(
    desk: Desk,
    channel: Channel,
    composed: Composed,
    signatures: Sequence[Signature],
    *,
    wait: str,
    timeout_s: float,
    automated: bool = False,
) -> dict[str, Any]:
    """Hand a statement to the node and wait as far as asked. What a program made carries no signature, and is a draft.

    Returns:
        The outcome, as `--json` shows it.
    """
    signed = SignedStatement(statement=composed.statement_bytes, signatures=tuple(signatures), body=composed.body)
    outcome: dict[str, Any] = desk.request(
        "submit",
        timeout_s=timeout_s + 10,
        counterpart=channel.counterpart,
        signed=signed.encode(),
        automated=automated,
        wait=wait,
        timeout_ms=int(timeout_s * 1000),
    )
    return outcome


def said_already(desk: Desk, spoken: Spoken, kind: str) -> bool:
    """Say whether our side has already answered an entry with a statement of this kind."""
    for view in desk.request("thread", counterpart=spoken.counterpart or None, id=spoken.thread):
        if view["voice"] != spoken.voice and view["kind"] == kind and view["in_reply_to"] == spoken.leaf.hex():
            return True
    return False


def fetch(desk: Desk, text: str) -> Spoken:
    """Fetch the entry that a person named by its serial."""
    return desk.entry(parse_reference(text, party=desk.officer.home.party))
