"""Openings by the rules: which fields a rule has opened already, and the one text that says so.

The node says what is open; it is asked for a time by so much earlier as the two nodes' clocks may differ by the
agreement: no opening comes too early by the clock of the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from hotline.desk import Channel, Desk, Spoken
from hotline.errors import Misused, Refused
from hotline.reference import Reference
from hotline.zulu import duration
from protocol.disclosure_case import AUDIENCE, OPENS, TEXT
from protocol.disclosure_opening import opening_hash, opening_text

TIMEOUT_S = 60.0


def fields_of(spoken: Spoken) -> list[str]:
    """The names of a statement's fields, in the order of its kind.

    Raises:
        Misused: it has none that can be told apart.
    """
    statement, kind = spoken.statement, spoken.kind
    if statement is None or kind is None or len(kind.fields) != len(statement.commitments):
        raise Misused("usage", f"{spoken.serial} has no fields that can be told apart")
    return [one.name for one in kind.fields]


def chosen(spoken: Spoken, names: Sequence[str]) -> list[str]:
    """The names among a statement's fields, in the order of its kind.

    Raises:
        Misused: it has no such field.
    """
    known = fields_of(spoken)
    for name in names:
        if name not in known:
            raise Misused("unknown-field", f"{spoken.serial} has no field {name!r}; it has {', '.join(known)}")
    return [name for name in known if name in names]


def commitments(spoken: Spoken, names: Sequence[str]) -> list[bytes]:
    """The commitments to some fields of a statement, in the order of its kind."""
    known = fields_of(spoken)
    told = () if spoken.statement is None else spoken.statement.commitments
    return [told[place] for place, name in enumerate(known) if name in names]


def text_of(spoken: Spoken, names: Sequence[str], audience: str) -> str:
    """The exact text with which fields of a statement open."""
    return opening_text(names, spoken.leaf, audience)


def check_open(desk: Desk, channel: Channel, spoken: Spoken, names: Sequence[str], audience: str) -> None:
    """Check that the rules have opened fields of a statement to an audience.

    Raises:
        Refused: `field-closed`; they have not, or not for as long as two clocks may be apart.
    """
    apart_ms = channel.agreement.line.offset_alarm_ms
    told = desk.request(
        "disclosable",
        timeout_s=TIMEOUT_S,
        counterpart=channel.counterpart,
        audience=audience,
        thread=spoken.thread,
        statement=spoken.leaf,
        at_ms=max(0, channel.now_ms - apart_ms),
    )
    groups = [group for view in told["found"]["statements"] for group in view["groups"]]
    opened = {name for group in groups if group["open"] for name in group["fields"]}
    if closed := [name for name in names if name not in opened]:
        text = f"{', '.join(closed)} of {spoken.serial}: no rule had opened it to {audience} {duration(apart_ms)} ago"
        raise Refused("field-closed", text)


def open_by_rule(desk: Desk, channel: Channel, proposal: Spoken) -> bool:
    """Whether what a proposal would publish is open by the rules: the fields that it opens, or its text.

    Raises:
        Refused: `field-closed`; it is an opening by the rules, and they have not opened a field that it names.
    """
    statement = proposal.statement
    facts = {} if statement is None else statement.facts or {}
    audience, named = facts.get(AUDIENCE), frozenset(facts.get(OPENS, ()))
    if statement is None or not isinstance(audience, str):
        return False
    about = None if proposal.view is None else proposal.view["reply_serial"]
    if about is not None and named:
        voice, _, index = str(about).partition(" ")
        target = desk.entry(Reference(channel.counterpart, voice, int(index)))
        names = [name for name in fields_of(target) if commitments(target, [name])[0] in named]
        if facts.get(TEXT) == opening_hash(names, target.leaf, audience):
            check_open(desk, channel, target, names, audience)
            return True
    try:
        check_open(desk, channel, proposal, [TEXT], audience)
    except Refused as error:
        if error.code != "field-closed":
            raise
        return False
    return True
