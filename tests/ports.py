"""Ports for servers of tests that stay free until a server listens there.

A port that the system hands out is also one that it gives to the next connection of anybody, and a node that starts
later, or again, finds it taken. These lie below those.
"""

import random
import socket
from contextlib import suppress
from pathlib import Path

_LOWEST = 16_384
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")

_chance = random.SystemRandom()
_given: set[int] = set()


def _below() -> int:
    """The first port that the system hands out by itself."""
    with suppress(OSError):
        lowest = int(_RANGE.read_text().split()[0])
        if lowest > 2 * _LOWEST - 1024:
            return lowest
    return 32_768


def free_port() -> int:
    """A port of loopback that nobody uses now, and that this process was not given before."""
    while True:
        port = _chance.randrange(_LOWEST, _below())
        if port in _given:
            continue
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port
