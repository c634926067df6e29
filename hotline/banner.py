"""What every screen begins with: that nothing on the channel is meant, or that its agreement has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotline.showing import DEMONSTRATION
from hotline.zulu import zulu

if TYPE_CHECKING:
    from hotline.desk import Channel


def ended(ends_ms: int | None, at_ms: int) -> list[str]:
    """Say that an agreement has ended.

    Args:
        ends_ms: from when on only what always passes is carried, UTC milliseconds; None for never.
        at_ms: now.

    Returns:
        One line, or nothing before that time.
    """
    if ends_ms is None or at_ms < ends_ms:
        return []
    text = "*** THE AGREEMENT HAS ENDED: only flash messages, retractions and assistance pass ***"
    return [f"{text} (since {zulu(ends_ms)})"]


def banner(channel: Channel) -> list[str]:
    """The lines that a screen about a channel begins with."""
    found = [DEMONSTRATION] if channel.agreement.demonstration else []
    return [*found, *ended(channel.ends_ms, channel.now_ms)]
