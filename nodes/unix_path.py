"""Unix socket addresses for paths of any length.

A socket's address holds 107 bytes of path, and homes lie deeper than that. The kernel also resolves a path below
`/proc/self/fd/N`, which is short; the directory stays open only while the address is used.

Who is at the other end of a socket is what the kernel says; whose a socket is depends on the directory that it is in.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from nodes.errors import NodeError

PATH_BYTES_MAX = 107


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """Give an address that `bind` and `connect` accept for a path, valid inside the `with` block.

    Raises:
        OSError: the directory cannot be opened.
    """
    plain = os.fspath(path)
    if len(os.fsencode(plain)) <= PATH_BYTES_MAX:
        yield plain
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def check_directory(directory: Path, *, owners: Collection[int]) -> None:
    """Refuse a directory in which somebody else could put another socket in the place of ours.

    Args:
        directory: where the socket is.
        owners: user ids that it may belong to.

    Raises:
        NodeError: `socket-directory-missing`; `socket-exposed` where it is another user's, or others may write in it.
    """
    try:
        state = os.stat(directory)
    except FileNotFoundError as error:
        text = (
            f"the directory {directory} does not exist: make it, for the user whose socket is in it, mode 0755 or less"
        )
        raise NodeError("socket-directory-missing", text) from error
    except OSError as error:
        raise NodeError("socket-exposed", f"{directory}: {error.strerror}") from error
    if state.st_uid not in owners:
        raise NodeError("socket-exposed", f"{directory} belongs to user {state.st_uid}")
    if state.st_mode & 0o022:
        raise NodeError("socket-exposed", f"{directory} can be written by others than its owner")


def peer_user(connection: socket.socket) -> int:
    """User id of the process at the other end of a Unix socket, as the kernel says it."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    return int(user)
