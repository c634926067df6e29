"""What keeps an officer from saying something by accident: quoting talk of operators, acting on what was not proved.

Both can be overridden, because a person decides; and then it stands in the party's journal who did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotline.errors import Refused
from hotline.showing import PROOFS
from hotline.zulu import zulu_short
from nodes.errors import ApiRefused
from nodes.proofs import CHALLENGE
from nodes.unofficial import texts_in
from protocol.audit_time import span
from protocol.clocks import Clockwork

if TYPE_CHECKING:
    from hotline.cli.settings import Settings
    from hotline.composing import Letter
    from hotline.desk import Channel, Spoken
    from hotline.journalling import Asked

Place = tuple[str, int]
"""Voice and index."""

_NO_ACTING: Final = frozenset({"asked", "held", "declined"})
"""Steps that only win time or ask: whoever doubts a message may take them."""


def longer_than_agreed(letter: Letter, channel: Channel) -> str | None:
    """What to tell whoever gives a statement a later end than it can have; None where there is nothing to tell.

    Args:
        letter: what is about to be said.
        channel: verified.
    """
    clocks = Clockwork(channel.agreement, channel.catalogue).own(letter.kind, 0)
    longest_ms, until_ms = clocks.get("longest_ms"), letter.choices.valid_until_ms
    if longest_ms is None or until_ms is None:
        return None
    last_ms = channel.now_ms + clocks.get("notice_ms", 0) + longest_ms
    if until_ms <= last_ms:
        return None
    return (
        f"It ends by {zulu_short(last_ms)} at the latest: a {letter.kind.name} may last {span(longest_ms)}, no longer."
    )


def idle_reply(desk: Asked, channel: Channel, letter: Letter, spoken: Spoken | None) -> str | None:
    """What to tell whoever answers something in a way that changes nothing of it, or that no longer gives them time.

    Args:
        desk: connected; the node has the docket.
        channel: verified.
        letter: what is about to be said.
        spoken: what it answers, or None.

    Returns:
        None where it does what it says.
    """
    if spoken is None:
        return None
    choices = letter.choices
    told = desk.request(
        "effect",
        counterpart=channel.counterpart,
        kind=letter.kind.name,
        voice=spoken.voice,
        index=spoken.index,
        outcome=choices.outcome,
        respond_by_ms=choices.respond_by_ms,
        valid_until_ms=choices.valid_until_ms,
    )
    name, missed_ms = letter.kind.name, told["missed_ms"]
    if not told["changes"]:
        return f"{spoken.serial} is {told['state']}: another {name} is held and shown, and changes nothing of it."
    if missed_ms is None:
        return None
    return (
        f"An answer to {spoken.serial} was due at {zulu_short(missed_ms)}: a {name} now is held and shown, and "
        "lengthens nothing. The answer is late, whenever it comes."
    )


def check_quotes(desk: Asked, channel: Channel, letter: Letter, *, allowed: bool) -> list[Place]:
    """Refuse an official text that has a piece of an unofficial statement in it.

    Args:
        desk: connected; the node compares, because it can open both.
        channel: verified.
        letter: what is about to be said.
        allowed: whether the officer said that it may be quoted.

    Returns:
        What is quoted all the same.

    Raises:
        Refused: `unofficial-quoted`.
    """
    texts = list(texts_in(letter.values))
    if not letter.kind.official or not texts:
        return []
    try:
        found = [(str(voice), int(index)) for voice, index in _quoted(desk, channel, texts)]
    except ApiRefused as error:
        # Whoever reads no contents has none to quote.
        if error.code == "not-permitted":
            return []
        raise
    if found and not allowed:
        named = ", ".join(f"{voice} {index}" for voice, index in found)
        text = f"the text has a piece of {named}, which is not official; write it anew, or give --quote-unofficial"
        raise Refused("unofficial-quoted", text)
    return found


def _quoted(desk: Asked, channel: Channel, texts: list[str]) -> list[list[str]]:
    found: list[list[str]] = desk.request("quoted", counterpart=channel.counterpart, texts=texts)
    return found


def check_proof(settings: Settings, spoken: Spoken | None, letter: Letter, *, allowed: bool, yes: bool) -> list[Place]:
    """Warn of a grave message that was not proved on a second channel, and ask before it is acted on.

    Args:
        settings: of this run.
        spoken: what the letter answers or continues, or None.
        letter: what is about to be said.
        allowed: whether the officer said that they act on it all the same.
        yes: whether they said that they want to be asked nothing.

    Returns:
        What is acted on unproved.

    Raises:
        Refused: `unproved`; nobody is there to be asked, or what was asked was disowned.
        Misused: the officer said no.
    """
    proof = None if spoken is None or spoken.view is None else spoken.view.get("proof")
    kind = letter.kind
    if spoken is None or proof not in PROOFS or kind.procedure == "receipt" or kind.name == CHALLENGE:
        return []
    if kind.step in _NO_ACTING:
        return []
    word, meaning = PROOFS[proof]
    settings.output.note(f"*** {spoken.serial} is {word}: {meaning} ***")
    if not allowed:
        if yes or not settings.may_ask:
            text = f"{spoken.serial} is {word}; run: hotline challenge '{spoken.serial}', or give --act-unproved"
            raise Refused("unproved", text)
        settings.confirm(f"Act on {spoken.serial} all the same?", yes=False)
    return [(spoken.voice, spoken.index)]
