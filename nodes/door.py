"""Listening sockets that let in so many strangers and no more, before a single byte is read.

A connection costs some 300 kB as soon as TLS has begun with it, and 2 ms of the event loop by the time the handshake is
over, whoever it is; a stranger who only connects could have as much of that as the process may open files. So both are
counted where connections are accepted, and those beyond are closed there and then. Whoever has turned out to be a
counterpart is no stranger: however many lines a node has, all of them find room.

Source: spec/channel.md, "Sessions", step 6.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from typing import Any
from weakref import WeakKeyDictionary

from nodes.budget import Pace
from nodes.config import Endpoint
from nodes.errors import NodeError

SHUT_OUT_AT_ONCE = 64
"""Connections refused in a row before others get their turn."""


class Door(socket.socket):
    """A listening socket with room for a number of strangers at once, and patience for so many a second.

    Args:
        family: AF_INET or AF_INET6.
        room: strangers that may be inside at once.
        room_of_one: of these, from one source: an address, or a network of 64 bits where addresses are IPv6.
        pace: how often strangers may come; None for as often as they like.
    """

    def __init__(self, family: int, *, room: int, room_of_one: int, pace: Pace | None = None) -> None:
        # Named, because asyncio turns delays off only where it sees TCP: without it, each message waits 40 ms.
        super().__init__(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._room = room
        self._room_of_one = room_of_one
        self._pace = pace
        # By the connection itself: one that was closed, or forgotten, takes no room, whoever closed it.
        self._inside: WeakKeyDictionary[socket.socket, str] = WeakKeyDictionary()

    def accept(self) -> tuple[socket.socket, Any]:
        """Give the next connection for which there is room.

        Raises:
            BlockingIOError: there is none now.
        """
        for _ in range(SHUT_OUT_AT_ONCE):
            connection, address = super().accept()
            source = source_of(str(address[0]))
            inside = [other for one, other in self._inside.items() if one.fileno() >= 0]
            roomy = len(inside) < self._room and inside.count(source) < self._room_of_one
            if roomy and (self._pace is None or self._pace.take(source)):
                self._inside[connection] = source
                return connection, address
            connection.close()
        raise BlockingIOError("connections for which there is no room")

    def known(self, handle: int) -> str | None:
        """A connection is no stranger's: it takes no room any more.

        Args:
            handle: its file descriptor.

        Returns:
            Its source, or None where it did not come in here.
        """
        for connection, source in list(self._inside.items()):
            if connection.fileno() == handle:
                del self._inside[connection]
                return source
        return None


def source_of(address: str) -> str:
    """Whom an address counts for: who has one of IPv6 has all of its network."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped) if parsed.ipv4_mapped is not None else parsed.exploded[:19]
    return address


async def resolve(host: str, port: int) -> list[tuple[int, Any]]:
    """The addresses of a host, each once, with their families; where it is one already, nobody is asked and no thread
    is waited for.

    Raises:
        OSError: it has none, or nobody knows.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    return list(dict.fromkeys((family, where) for family, _, _, _, where in found))


async def open_doors(address: Endpoint, *, room: int, room_of_one: int, pace: Pace | None = None) -> list[Door]:
    """Bind every address that a host has; each socket still has to listen.

    Raises:
        NodeError: `port-in-use`, or another reason why one cannot be had.
    """
    host, port = address
    doors: list[Door] = []
    try:
        for family, where in await resolve(host, port):
            door = Door(family, room=room, room_of_one=room_of_one, pace=pace)
            doors.append(door)
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            door.bind(where)
            door.setblocking(False)
    except OSError as error:
        for door in doors:
            with suppress(OSError):
                door.close()
        raise NodeError("port-in-use", f"cannot listen at {host}:{port}: {error.strerror}") from error
    return doors
