"""Several messages in one packet: the kernel is told to wait for the last of them.

Source: tcp(7), TCP_CORK.
"""

from __future__ import annotations

import contextlib
import socket
from asyncio import BaseTransport
from collections.abc import Iterator

CORK = getattr(socket, "TCP_CORK", None)
"""Linux has it; elsewhere packets are as they are."""


@contextlib.contextmanager
def corked(transport: BaseTransport | None) -> Iterator[None]:
    """Let what is sent meanwhile leave in as few packets as can be.

    Args:
        transport: of a TCP connection, with or without TLS; None where there is no such thing.
    """
    connection = None if transport is None else transport.get_extra_info("socket")
    if connection is None or CORK is None:
        yield
        return
    # Where the connection is gone there is nothing to hold back, nor to let go.
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, CORK, 1)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, CORK, 0)
