"""Frames between a node and its signer: four bytes of length, then one value in the canonical encoding.

    request   [number, operation, {arguments}]
    answer    [number, true, value]  or  [number, false, code, text]

Answers come in the order of the requests of their connection. Lengths are looked at before anything is read.

Source: spec/signer.md, "Frames".
"""

from __future__ import annotations

import socket
import time
from typing import Any, Final

from nodes.errors import NodeError
from protocol import canonical
from protocol.canonical import Value
from protocol.errors import ProtocolError

FRAME_BYTES_MAX: Final = 393_216
"""A beat with its cosignatures has some 4,000 bytes, a sealed secret 1,713; the public keys of 90 channels 245,000, and
64 sealing keys before the one in force 107,000."""

NUMBER_MAX: Final = 2**32 - 1
_LENGTH_BYTES: Final = 4


class FrameRefused(NodeError):
    """What came is no frame."""

    def __init__(self, text: str) -> None:
        super().__init__("signer-frame-refused", text)


def encode(value: object) -> bytes:
    """A frame.

    Raises:
        FrameRefused: it would be too long.
    """
    data = canonical.encode(value)
    if len(data) > FRAME_BYTES_MAX:
        raise FrameRefused(f"a frame of {len(data)} bytes; {FRAME_BYTES_MAX} fit")
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def read(connection: socket.socket, *, idle_s: float | None, whole_s: float) -> Value:
    """Wait for one frame.

    Args:
        connection: blocking.
        idle_s: how long to wait for its first byte; None for ever.
        whole_s: how long the rest may take from then on.

    Raises:
        EOFError: the connection ended before a frame began.
        TimeoutError: it did not come, or not whole.
        FrameRefused: it is none, or ended in its middle.
        OSError: the connection failed.
    """
    connection.settimeout(idle_s)
    first = connection.recv(_LENGTH_BYTES)
    if not first:
        raise EOFError
    until = time.monotonic() + whole_s
    length = int.from_bytes(first + _exactly(connection, _LENGTH_BYTES - len(first), until), "big")
    if length > FRAME_BYTES_MAX:
        raise FrameRefused(f"a frame of {length} bytes; {FRAME_BYTES_MAX} fit")
    try:
        return canonical.decode(_exactly(connection, length, until), bytes_max=FRAME_BYTES_MAX)
    except ProtocolError as error:
        raise FrameRefused(str(error)) from error


def _exactly(connection: socket.socket, count: int, until: float) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        part = connection.recv(count - len(parts))
        if not part:
            raise FrameRefused("the connection ended in the middle of a frame")
        parts += part
    return bytes(parts)


def request_of(value: Value) -> tuple[int, str, dict[str, Any]]:
    """Read a request.

    Raises:
        FrameRefused: it is none.
    """
    match value:
        case [int(number), str(operation), dict(arguments)] if type(number) is int and 0 <= number <= NUMBER_MAX:
            return number, operation, arguments
        case _:
            raise FrameRefused("no request")
