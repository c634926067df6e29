"""What is sent when speed is measured: incident notifications, composed, sealed and signed as an officer's client does.

Where a field must be unique it carries a number; nothing else differs from one to the next.
"""

from __future__ import annotations

import time

from hotline.composing import Choices, Letter
from hotline.desk import Desk
from hotline.sending import Place, make, sign
from nodes.resources import catalogue
from nodes.signed import SignedStatement

SUMMARY = (
    "Traffic between two control centres of a grid operator was redirected for about forty minutes. Operators went to "
    "manual control; supply was not interrupted. The same infrastructure was seen in an earlier case."
)


def now_ms() -> int:
    """The wall clock, UTC milliseconds."""
    return time.time_ns() // 1_000_000


def letter_of(number: int) -> Letter:
    """What one notification says; `number` stands in its title."""
    kind = catalogue().kind("notification")
    assert kind is not None
    letter = Letter(kind=kind, choices=Choices(severity=2))
    letter.values = {
        "title": f"Redirected traffic at a grid operator, report {number}",
        "class": ["malware-configuration"],
        "summary": SUMMARY,
        "first_seen": "2026-11-20",
        "sectors": ["energy"],
    }
    return letter


def notification(desk: Desk, number: int) -> SignedStatement:
    """Compose, seal and sign one notification.

    Args:
        desk: of the officer who sends.
        number: told in the title.

    Returns:
        The statement with its signature and body, ready to be submitted.
    """
    channel, at_ms, letter = desk.channel(None), now_ms(), letter_of(number)
    letter.check(catalogue(), now_ms=at_ms)
    composed = make(letter, Place(), channel, now_ms=at_ms)
    signatures = sign(composed.statement, composed.statement_bytes, letter.kind, channel, [desk.officer])
    return SignedStatement(statement=composed.statement_bytes, signatures=signatures, body=composed.body)
