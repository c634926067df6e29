"""Two hosts and a wire that loses, delays, doubles and reorders packets, or carries none at all.

A host is a network namespace with one TUN device. The wire is a thread that carries packets from one device to the
other, so what TCP makes of a bad network is the kernel's own doing. Everything can be changed while packets are on
their way. Needs root; the kernel needs nothing but TUN, which is there where `netem` is not.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ADDRESSES = {"ARC": "192.0.2.7", "BOR": "192.0.2.8"}
PACKET_BYTES_MAX = 65_536
MTU = 4_000

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_QUEUE_MAX = 20_000


@dataclass
class Way:
    """One direction of the wire.

    Attributes:
        loss, double, reorder: share of the packets that are lost, come twice, or are overtaken.
        delay_s, jitter_s: how long each takes, and how much more some take.
        blocked: whether nothing comes through.
        carried, lost, doubled, overtaken: packets so far.
    """

    loss: float = 0.0
    double: float = 0.0
    reorder: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    blocked: bool = False
    carried: int = 0
    lost: int = 0
    doubled: int = 0
    overtaken: int = 0


@dataclass
class Wire:
    """Both directions, by the party that sends.

    Attributes:
        spaces: the hosts' network namespaces, by party.
        ways: what happens to what a party sends.
    """

    spaces: dict[str, str]
    handles: dict[str, int]
    seed: str
    ways: dict[str, Way] = field(default_factory=lambda: {party: Way() for party in ADDRESSES})

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._ended = False
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def prefix(self, party: str) -> tuple[str, ...]:
        """What runs a program on a party's host."""
        return ("ip", "netns", "exec", self.spaces[party])

    def cut(self, *senders: str) -> None:
        """Let nothing of these through any more, or of either."""
        for party in senders or tuple(self.ways):
            self.ways[party].blocked = True

    def mend(self) -> None:
        """A wire without a fault; what was counted stays."""
        for way in self.ways.values():
            way.loss = way.double = way.reorder = way.delay_s = way.jitter_s = 0.0
            way.blocked = False

    def worsen(self, **faults: float) -> None:
        """Give both directions these faults."""
        for way in self.ways.values():
            for name, value in faults.items():
                setattr(way, name, value)

    def close(self) -> None:
        """Let go of the devices."""
        self._ended = True
        self._thread.join()
        for handle in self.handles.values():
            os.close(handle)

    def _carry(self) -> None:
        there = {party: self.handles[other] for party, other in (("ARC", "BOR"), ("BOR", "ARC"))}
        under_way: list[tuple[float, int, int, bytes]] = []
        poller = select.poll()
        for handle in self.handles.values():
            poller.register(handle, select.POLLIN)
        senders = {handle: party for party, handle in self.handles.items()}
        number = 0
        while not self._ended:
            due_s = under_way[0][0] - time.monotonic() if under_way else 0.05
            for handle, _ in poller.poll(max(0.0, min(0.05, due_s)) * 1000):
                party = senders[handle]
                try:
                    packet = os.read(handle, PACKET_BYTES_MAX)
                except OSError:
                    continue
                for at_s in self._fate(self.ways[party], time.monotonic()):
                    number += 1
                    if len(under_way) < _QUEUE_MAX:
                        heapq.heappush(under_way, (at_s, number, there[party], packet))
            now_s = time.monotonic()
            while under_way and under_way[0][0] <= now_s:
                _, _, handle, packet = heapq.heappop(under_way)
                try:
                    os.write(handle, packet)
                except OSError:
                    continue

    def _fate(self, way: Way, now_s: float) -> list[float]:
        """When a packet comes out at the other end: never, once or twice."""
        if way.blocked or self._chance.random() < way.loss:
            way.lost += 1
            return []
        way.carried += 1
        at_s = now_s + way.delay_s + self._chance.random() * way.jitter_s
        if self._chance.random() < way.reorder:
            way.overtaken += 1
            at_s += 0.02
        if self._chance.random() < way.double:
            way.doubled += 1
            return [at_s, at_s + 0.003]
        return [at_s]


def _enter(path: str) -> None:
    """Move this thread to a network namespace."""
    handle = os.open(path, os.O_RDONLY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(handle, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {path}")
    finally:
        os.close(handle)


def _device(space: str, name: str, address: str) -> int:
    """A TUN device in a namespace, and the handle that packets come and go by."""
    made: list[int] = []

    def make() -> None:
        # On a thread of its own, which then ends: a namespace is a thread's.
        _enter(f"/run/netns/{space}")
        handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
        made.append(handle)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    for command in (
        f"link set {name} mtu {MTU}",
        f"addr add {address}/24 dev {name}",
        f"link set {name} up",
        "link set lo up",
    ):
        subprocess.run(["ip", "-n", space, *command.split()], check=True)
    return made[0]


@contextmanager
def two_hosts(seed: str = "wire") -> Iterator[Wire]:
    """Two hosts of this test alone, for as long as the block lasts."""
    tag = f"{os.getpid() % 100_000:05d}{time.monotonic_ns() % 1000:03d}"
    spaces = {party: f"hl{tag}{party.lower()}" for party in ADDRESSES}
    wire = None
    try:
        for space in spaces.values():
            subprocess.run(["ip", "netns", "add", space], check=True)
        handles = {party: _device(spaces[party], "wire0", ADDRESSES[party]) for party in ADDRESSES}
        wire = Wire(spaces, handles, seed)
        yield wire
    finally:
        if wire is not None:
            wire.close()
        for space in spaces.values():
            if Path(f"/run/netns/{space}").exists():
                subprocess.run(["ip", "netns", "del", space], check=False)
