"""Unix socket addresses for paths of any length.

A socket's address holds 107 bytes of path, and homes lie deeper than that. The kernel also resolves a path below
`/proc/self/fd/N`, which is short; the directory stays open only while the address is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
