"""TLS and one-line secrets of pagers.

Pagers are served under names of the public web, unlike counterparts: here the authorities of the system count, or those
that the settings name.
"""

from __future__ import annotations

import ssl
import stat
from pathlib import Path
from typing import Final

from nodes.errors import NodeError
from nodes.files import read_file
from nodes.pagers.errors import PagerFailed

SECRET_BYTES_MAX: Final = 4_096
CREDENTIALS: Final = Path("/run/credentials")
"""Where systemd puts credentials. It guards them by a list of who may read, which shows as a group's mode."""


def context_of(ca_file: Path | None) -> ssl.SSLContext:
    """A context that verifies names and certificates.

    Raises:
        PagerFailed: the authorities cannot be read.
    """
    # Not the one for everybody: that writes its secrets to a file where the environment asks for it.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if ca_file is None:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        else:
            context.load_verify_locations(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise PagerFailed("the authorities of ca_file cannot be read") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def secret_of(path: Path) -> str:
    """The one line of a secret file that only its owner may read.

    Raises:
        PagerFailed: it cannot be read, others may read it, or it holds no line.
    """
    try:
        mode = path.stat().st_mode
        data = read_file(path, bytes_max=SECRET_BYTES_MAX)
    except (OSError, NodeError) as error:
        raise PagerFailed("the file of its secret cannot be read") from error
    allowed = 0o040 if path.is_relative_to(CREDENTIALS) else 0
    if stat.S_IMODE(mode) & 0o077 & ~allowed:
        raise PagerFailed("the file of its secret may be read by others; its mode is to be 0600")
    text = data.decode("ascii", errors="replace").removesuffix("\n").removesuffix("\r")
    if not text or not text.isascii() or not text.isprintable():
        raise PagerFailed("the file of its secret is not one line of printable ASCII")
    return text
