"""What a room asks of a file that is handed in, before anything in it is used.

In this order: it is none of our own; of this attempt; the one that this step takes; of the newest version; by the party
that the ceremony is with; and it answers what we gave. Whether its contents hold is asked by `hotline/pairing.py` then.

Source: spec/pairing.md, "In two rooms".
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from hotline.ceremony_files import SignedTranscript, file_name, parse_minutes, parse_text
from hotline.ceremony_state import State
from hotline.ceremony_steps import Step, steps_of
from hotline.errors import Misused, Refused
from hotline.pairing_files import Offer, SignedTerms
from protocol.agreement import Agreement
from protocol.errors import ProtocolError
from protocol.statement import Statement


def sort_files(step: Step, state: State, files: Sequence[bytes]) -> dict[str, bytes]:
    """Find out which file is which; each is one that the step takes, or one that was taken before, unchanged.

    Args:
        step: that comes next.
        state: of the room.
        files: as they were handed in, in any order.

    Raises:
        Refused: one is not what is taken here (`ceremony-...`, `pairing-file-malformed`).
        Misused: one is missing, or there twice.
    """
    found: dict[str, bytes] = {}
    for data in files:
        name = _check_file(step, state, data)
        if name is None:
            continue
        if name in found:
            raise Misused("ceremony-refused", f"two files were given as {name}")
        found[name] = data
    missing = [name for name in step.takes if name not in found]
    if missing:
        raise Misused("ceremony-refused", f"this step takes a file that was not given: {', '.join(missing)}")
    return found


def check_refers(name: str, data: bytes, state: State, agreement: Agreement | None) -> None:
    """Check that a file answers what this room gave.

    Args:
        name: of the file in the table of steps.
        data: its bytes.
        state: of the room.
        agreement: the text that this room signed or compared; None while there is none.

    Raises:
        Refused: `ceremony-file-old`, `ceremony-other-file`.
    """
    if name == "answer":
        refers, expected = SignedTerms.parse(data, final=False).refers_to.hex(), state.files["offer"]
    elif agreement is None:
        return
    elif name == "final":
        refers, expected = SignedTerms.parse(data, final=True).refers_to.hex(), agreement.digest.hex()
    else:
        text = parse_minutes(data) if name == "minutes" else parse_text(SignedTranscript.parse(data).text)
        refers, expected = text.agreement.hex(), agreement.digest.hex()
    if refers == expected:
        return
    if refers in state.earlier:
        raise Refused("ceremony-file-old", f"the {name} is of an attempt that was given up")
    raise Refused("ceremony-other-file", f"the {name} answers nothing that this room gave")


def _check_file(step: Step, state: State, data: bytes) -> str | None:
    """The file's name; None for one that was taken before and is still the same."""
    digest = hashlib.sha256(data).hexdigest()
    given = {name for one in steps_of(state.room) for name in one.gives}
    ours = {state.files[name] for name in given if name in state.files}
    if digest in ours:
        raise Refused("ceremony-own-file", "this is a file that this room gave out itself")
    if digest in state.earlier:
        raise Refused("ceremony-file-old", "this file is of an attempt that was given up")
    name = file_name(data)
    author = _author(name, data)
    if author == state.party:
        raise Refused("ceremony-own-file", f"this {name} is by {state.party}, as this room is")
    if author != state.counterpart:
        raise Refused("ceremony-other-party", f"this {name} is by {author[:8]}, not by {state.counterpart}")
    if name in step.takes:
        return name
    before = state.files.get(name)
    if before == digest:
        return None
    if before is not None and name not in given:
        raise Refused(
            "ceremony-file-changed", f"this {name} is not the one that was taken: it was exchanged, or they began anew"
        )
    wanted = ", ".join(step.takes) or "no file"
    raise Refused("ceremony-wrong-step", f"this is {_with_article(name)}; the step {step.name} takes {wanted}")


def _author(name: str, data: bytes) -> str:
    """Who a file says it is by. A transcript is by its second party, a countersigned one by its first."""
    if name == "offer":
        offer = Offer.parse(data)
        if offer.terms.format == 1:
            raise Refused("ceremony-file-old", "the offer is of version 1; ask for one made by a newer program")
        return offer.party.short
    if name in {"answer", "final"}:
        signed = SignedTerms.parse(data, final=name == "final")
        try:
            return Statement.parse(signed.agreement.statement).party
        except ProtocolError as error:
            raise Refused("pairing-file-malformed", f"its agreement is no statement: {error}") from error
    if name == "minutes":
        return parse_minutes(data).first.party
    text = parse_text(SignedTranscript.parse(data).text)
    return text.counterpart if name == "transcript" else text.first.party


def _with_article(name: str) -> str:
    return {"answer": "an answer", "offer": "an offer", "final": "a final file", "minutes": "a file of minutes"}.get(
        name, f"a {'countersigned ' if name == 'countersigned' else ''}transcript"
    )
