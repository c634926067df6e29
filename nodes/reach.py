"""TCP towards a counterpart: connecting in time, and noticing in time that nobody is at the other end any more.

A host that vanishes sends no word of it. Left to itself, the kernel then tries a connection again at ever longer
intervals, a minute and more in the end, and nothing would leave for as long after the host is back. So a connection on
which nothing was answered for a while is given up, and dialled anew: the kernel watches over idle ones with probes, and
over those with something under way by its own retransmissions.

Source: tcp(7), TCP_KEEPIDLE, TCP_USER_TIMEOUT; spec/channel.md, "Sessions", step 2.
"""

from __future__ import annotations

import asyncio
import socket

from nodes.config import Endpoint
from nodes.door import resolve

REACH_TIMEOUT_S = 2.0
"""For TCP alone, which a host that is there answers at once; two attempts of the kernel fit into it."""

SILENT_MAX_MS = 6_000
"""Unanswered for so long, a connection is given up. The longest pause between two attempts before is 3.2 s."""

UNDER_WAY_BYTES_MAX = 1024 * 1024
"""Bytes that may be between the two nodes, sent and not read. What is said later, such as a flash, comes behind them,
and a kernel left to itself lets ten times as many in."""

UNSENT_BYTES_MAX = 128 * 1024
"""Bytes that may wait in our own kernel; more wait in the session, where a flash goes before the rest."""

PROBE_AFTER_S = 2
PROBE_EVERY_S = 1


def watch(connection: socket.socket) -> None:
    """Let the kernel give a connection up once the other host is silent, not only unwilling, and keep little of what is
    said on its way."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_AFTER_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_EVERY_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MAX_MS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, UNDER_WAY_BYTES_MAX)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)


async def reach(endpoint: Endpoint) -> socket.socket:
    """Connect to the first of a host's addresses that answers.

    Returns:
        The socket, which does not block and is watched.

    Raises:
        OSError: nobody answers there.
        TimeoutError: or not in time.
    """
    loop = asyncio.get_running_loop()
    problem: OSError = OSError("the host has no address")
    async with asyncio.timeout(REACH_TIMEOUT_S):
        for family, address in await resolve(*endpoint):
            # Named, because asyncio turns delays off only where it sees TCP.
            connection = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            try:
                connection.setblocking(False)
                watch(connection)
                await loop.sock_connect(connection, address)
            except OSError as error:
                connection.close()
                problem = error
            except BaseException:
                connection.close()
                raise
            else:
                return connection
    raise problem
