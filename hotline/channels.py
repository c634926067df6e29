"""Which channel of a home a command is about."""

from __future__ import annotations

from hotline.errors import CouldNot, Misused
from nodes.home import ChannelHome, NodeHome


def channel_of(home: NodeHome, counterpart: str | None) -> ChannelHome:
    """The channel with a counterpart, or the only one there is.

    Raises:
        CouldNot: there is none.
        Misused: there are several.
    """
    channels = [one for one in home.channels() if counterpart is None or one.counterpart == counterpart]
    if not channels:
        raise CouldNot("channel-unknown", f"{home.path} has no such channel")
    if len(channels) > 1:
        names = ", ".join(one.counterpart for one in channels)
        raise Misused("channel-not-chosen", f"say which with --with: {names}")
    return channels[0]
