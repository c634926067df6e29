"""A relay between two nodes on one machine, so that the line between them can be cut and mended.

It moves bytes and knows nothing of them: what it carries is the nodes' own TLS. Cut, it ends every connection and lets
no new one through.
"""

from __future__ import annotations

import contextlib
import socket
import threading

from hotline.demo.stage import LOOPBACK

_CHUNK_BYTES = 65_536


class Relay:
    """Carries connections to one node.

    Args:
        port: where the node listens, on the loopback.

    Attributes:
        port: where the relay listens, for the counterpart to come to.
        down: whether the line is cut.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self.down = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self, *, down: bool) -> None:
        """End every connection, and let none through until it is mended."""
        with self._lock:
            self.down = down
            ended, self._open = self._open, set()
        for one in ended if down else ():
            # Whoever waits for bytes on it wakes up.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop for good."""
        self.cut(down=True)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near:
            try:
                far = socket.create_connection((LOOPBACK, self._to))
            except OSError:
                return
            with far:
                with self._lock:
                    if self.down:
                        return
                    self._open |= {near, far}
                back = threading.Thread(target=_pump, args=(far, near), daemon=True)
                back.start()
                _pump(near, far)
                back.join()
                with self._lock:
                    self._open -= {near, far}


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Move bytes one way until either end is over, and end the other with it."""
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK_BYTES):
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
