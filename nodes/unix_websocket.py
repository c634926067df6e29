"""A websocket over a Unix socket for one thread that asks and waits.

The library's own blocking client reads on a thread beside the caller's, and every answer has to wake both. Here the
caller reads, and reads as well while it sends: a node whose answers nobody takes would stop taking requests.

Source: RFC 6455; the protocol itself is the library's.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from contextlib import suppress

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

URI = "ws://localhost/"
READ_BYTES = 65_536
CLOSE_TIMEOUT_S = 1.0
_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})


class UnixWebsocket:
    """An open connection.

    Args:
        address: of the socket.
        bytes_max: of a message that may come.
        timeout_s: for connecting.

    Raises:
        OSError: nobody listens, or not for us.
        TimeoutError, InvalidHandshake, ConnectionClosed: who listens is no websocket, or closed at once.
    """

    def __init__(self, address: str, *, bytes_max: int, timeout_s: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._protocol = ClientProtocol(parse_uri(URI), max_size=bytes_max)
        self._messages: deque[bytes | str] = deque()
        self._parts: list[Frame] = []
        self._opened = False
        until = time.monotonic() + timeout_s
        try:
            self._socket.settimeout(timeout_s)
            self._socket.connect(address)
            self._socket.setblocking(False)
            self._protocol.send_request(self._protocol.connect())
            self._flush(until)
            while not self._opened:
                self._read(until)
        except BaseException:
            self._socket.close()
            raise

    def send(self, data: bytes) -> None:
        """Send one message.

        Raises:
            ConnectionClosed, OSError: the other side is gone.
        """
        if self._protocol.state is State.CLOSED:
            raise self._protocol.close_exc
        if self._protocol.state is not State.OPEN:
            raise ConnectionResetError("the other side is closing the connection")
        self._protocol.send_binary(data)
        self._flush(None)

    def recv(self, timeout_s: float | None) -> bytes | str:
        """Wait for one message.

        Args:
            timeout_s: how long; None for ever.

        Raises:
            TimeoutError: none came.
            ConnectionClosed, OSError: the other side is gone.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._messages:
            self._read(until)
        return self._messages.popleft()

    def close(self) -> None:
        """Say goodbye and let go."""
        with suppress(ConnectionClosed, OSError, TimeoutError):
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(1000)
                self._flush(time.monotonic() + CLOSE_TIMEOUT_S)
                while True:
                    self._read(time.monotonic() + CLOSE_TIMEOUT_S)
        self._socket.close()

    def _flush(self, until: float | None) -> None:
        """Write what the protocol has to say; read meanwhile what comes."""
        for data in self._protocol.data_to_send():
            rest = memoryview(data)
            while rest:
                readable, writable = self._wait(until, write=True)
                if writable:
                    rest = rest[self._socket.send(rest) :]
                elif readable:
                    self._take(self._socket.recv(READ_BYTES))

    def _read(self, until: float | None) -> None:
        """Wait for bytes once."""
        if self._protocol.state is State.CLOSED:
            raise self._protocol.close_exc
        self._wait(until, write=False)
        self._take(self._socket.recv(READ_BYTES))
        # A ping or a goodbye is answered at once.
        self._flush(until)

    def _wait(self, until: float | None, *, write: bool) -> tuple[bool, bool]:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | (select.POLLOUT if write else 0))
        left_ms = None if until is None else max(0, (until - time.monotonic()) * 1000)
        found = poll.poll(left_ms)
        if not found:
            raise TimeoutError
        events = found[0][1]
        return bool(events & ~select.POLLOUT), bool(events & select.POLLOUT)

    def _take(self, data: bytes) -> None:
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._opened = True
            elif isinstance(event, Frame) and event.opcode in _DATA:
                self._parts.append(event)
                if event.fin:
                    self._end_message()
        if self._protocol.handshake_exc is not None:
            raise InvalidHandshake("no websocket answers") from self._protocol.handshake_exc

    def _end_message(self) -> None:
        whole = b"".join(bytes(part.data) for part in self._parts)
        text = self._parts[0].opcode is Opcode.TEXT
        self._parts = []
        self._messages.append(whole.decode("utf-8", errors="replace") if text else whole)
