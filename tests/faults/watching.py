"""What a node lets out, in plain words, in the record of its system calls.

What goes to the counterpart is encrypted by then, so that a record of system calls cannot tell a receipt from a beat.
Here every frame and every answer to an officer is written to the null device at the moment it is handed over for
sending, which is no later than it leaves.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from nodes import api, peer
from nodes.api_frames import encode_answer

FRAME = b"frame "
ANSWER = b"answer "


def watch() -> None:
    """From now on, in this process."""
    handle = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    send = peer.WebsocketSession.send

    def sent(self: peer.WebsocketSession, messages: Sequence[bytes]) -> None:
        for data in messages:
            os.write(handle, FRAME + data)
        send(self, messages)

    def answered(number: int, value: object) -> bytes:
        data = encode_answer(number, value)
        os.write(handle, ANSWER + data)
        return data

    peer.WebsocketSession.send = sent  # type: ignore[method-assign]
    api.encode_answer = answered  # type: ignore[attr-defined]
