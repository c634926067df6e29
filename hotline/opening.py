"""Saying that a statement was opened: once, by the first officer who has it on the screen."""

from __future__ import annotations

from typing import Any

from hotline.clock import now_ms
from hotline.composing import Letter
from hotline.desk import Channel, Desk, Spoken
from hotline.errors import HotlineError
from hotline.sending import make, place_of, said_already, sign, submit

KIND = "opened"
SUBMIT_TIMEOUT_S = 10.0


def say_opened(desk: Desk, channel: Channel, spoken: Spoken, *, readable: bool) -> dict[str, Any] | None:
    """Send `opened` for a statement of the other side, if nobody of ours has.

    Args:
        desk: of the officer who opened it.
        channel: verified.
        spoken: the statement.
        readable: whether its contents could be read.

    Returns:
        The outcome, or None where there is nothing to say: it is not a statement that people answer, it has no place
        yet, it was said before, or this officer may not say it.
    """
    kind = channel.catalogue.kind(KIND)
    if kind is None or spoken.statement is None or spoken.statement.kind not in kind.replies_to:
        return None
    if spoken.view is not None and (spoken.view["faults"] or "opened" in spoken.view["rungs"]):
        return None
    if spoken.ahead or said_already(desk, spoken, KIND):
        return None
    letter = Letter(kind=kind, values={"readable": readable})
    try:
        place = place_of(kind, reply_to=spoken, thread=None, own=channel.own)
        composed = make(letter, place, channel, now_ms=now_ms())
        signatures = sign(composed.statement, composed.statement_bytes, kind, channel, [desk.officer])
    except HotlineError:
        # An officer without a role for it may still read; somebody else will say it.
        return None
    return submit(desk, channel, composed, signatures, wait="logged", timeout_s=SUBMIT_TIMEOUT_S)
