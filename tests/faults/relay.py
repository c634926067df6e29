"""A relay between two nodes that harms the bytes it carries: what a middle man can do without a key.

It counts the bytes of each direction, so that a fault hits one chosen byte of TLS: in the handshake, or behind it.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

FROM_DIALLER, FROM_LISTENER = "from the dialler", "from the listener"


@dataclass(frozen=True)
class Fault:
    """What happens to one connection.

    Attributes:
        where: the direction.
        at: the byte of it, from 0.
        what: `flip` a bit there, `inject` noise before it, `cut` with a FIN, `reset` with an RST, `stall` for ever, or
            `crumbs`: all bytes one by one, from there on.
    """

    where: str
    at: int
    what: str


class Relay:
    """See the module.

    Attributes:
        port: where it listens.
        target: where it leads; can be changed for those who come later.
        faults: of the next connections, one each; once they are used up, the relay is honest.
        hit: how many of them had their effect.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.faults: list[Fault] = []
        self.hit = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def harm(self, *faults: Fault) -> None:
        """End every connection, and let the next ones have these faults."""
        with self._lock:
            self.faults = list(faults)
            self.hit = 0
        self.drop()

    def drop(self) -> None:
        """End every connection as a router does that has forgotten it."""
        with self._lock:
            for one in self._open:
                _reset(one)

    def close(self) -> None:
        """Stop."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.drop()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target, timeout=2)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                fault = self.faults.pop(0) if self.faults else None
                self._open |= {near, far}
            self._start(self._carry, near, far, FROM_DIALLER, fault)
            self._start(self._carry, far, near, FROM_LISTENER, fault)

    def _carry(self, source: socket.socket, sink: socket.socket, where: str, fault: Fault | None) -> None:
        mine = fault if fault is not None and fault.where == where else None
        place = 0
        with suppress(OSError):
            while data := source.recv(65_536):
                start, place = place, place + len(data)
                if mine is None or place <= mine.at:
                    sink.sendall(data)
                    continue
                if not self._harm(sink, data, max(0, mine.at - start), mine):
                    break
                if mine.what != "crumbs":
                    mine = None
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        with self._lock:
            self._open -= {source, sink}

    def _harm(self, sink: socket.socket, data: bytes, at: int, fault: Fault) -> bool:
        """Carry the bytes in which the fault lies; returns whether the connection goes on."""
        self.hit += 1
        if fault.what == "flip":
            sink.sendall(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        elif fault.what == "inject":
            sink.sendall(data[:at] + b"\x00noise that nobody sent" + data[at:])
        elif fault.what == "crumbs":
            for byte in data[:2_000]:
                sink.sendall(bytes([byte]))
            sink.sendall(data[2_000:])
        else:
            sink.sendall(data[:at])
            if fault.what == "stall":
                # Nothing more in this direction; the connection stays.
                threading.Event().wait(8)
            if fault.what == "reset":
                _reset(sink)
            return False
        return True


def _reset(one: socket.socket) -> None:
    """End a connection with an RST, and without a word of TLS."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RD)
        one.close()


@contextmanager
def relay(target: tuple[str, int]) -> Iterator[Relay]:
    """A relay, for as long as the block lasts."""
    made = Relay(target)
    try:
        yield made
    finally:
        made.close()
