"""Settings of a signer: one TOML file in its directory, read once, strictly.

Source: spec/signer.md, "Files".
"""

from __future__ import annotations

import grp
import json
import pwd
from dataclasses import dataclass
from pathlib import Path

from nodes.errors import HomeRefused
from nodes.files import read_file
from nodes.logs import LEVELS
from protocol import toml_text

FILE = "signer.toml"
KEY_FILE = "node.key"
_NAMES = {"socket", "users", "group", "pkcs11_module", "log_level"}
_ID_MAX = 2**32 - 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerConfig:
    """How a signer runs.

    Attributes:
        socket: where it is asked.
        users: ids of the users whose processes may ask.
        group: id of the group that may open the socket besides its owner; None for nobody.
        pkcs11_module: library of the token that has halves of the keys; None where none has.
        log_level: `debug`, `info`, `warning` or `error`.
    """

    socket: Path
    users: frozenset[int]
    group: int | None = None
    pkcs11_module: Path | None = None
    log_level: str = "info"

    @classmethod
    def load(cls, directory: Path) -> SignerConfig:
        """Read `signer.toml`.

        Raises:
            HomeRefused: it is absent, is not TOML, has an unknown name or a value that cannot be.
        """
        path = directory / FILE
        try:
            values = toml_text.loads(read_file(path))
        except toml_text.TomlRefused as error:
            raise HomeRefused("home-file-malformed", f"{path}: {error}") from error
        unknown = sorted(set(values) - _NAMES)
        if unknown:
            raise _refused(path, f"unknown name {unknown[0]!r}")
        socket, users, group = values.get("socket"), values.get("users"), values.get("group")
        if not isinstance(socket, str) or not socket:
            raise _refused(path, "socket is the path where the signer is asked")
        if not isinstance(users, list) or not users:
            raise _refused(path, "users lists who may ask, by name or number")
        module, level = values.get("pkcs11_module"), values.get("log_level", "info")
        if module is not None and (not isinstance(module, str) or not Path(module).is_absolute()):
            raise _refused(path, "pkcs11_module is the whole path of a library")
        if level not in LEVELS:
            raise _refused(path, f"log_level is one of {', '.join(LEVELS)}")
        return cls(
            socket=directory / socket,
            users=frozenset(_user(path, one) for one in users),
            group=None if group is None else _group(path, group),
            pkcs11_module=None if module is None else Path(module),
            log_level=level,
        )


def _user(path: Path, given: object) -> int:
    if type(given) is int and 0 <= given <= _ID_MAX:
        return given
    try:
        return pwd.getpwnam(given).pw_uid if isinstance(given, str) else _none()
    except KeyError:
        raise _refused(path, f"there is no user {given!r}") from None


def _group(path: Path, given: object) -> int:
    if type(given) is int and 0 <= given <= _ID_MAX:
        return given
    try:
        return grp.getgrnam(given).gr_gid if isinstance(given, str) else _none()
    except KeyError:
        raise _refused(path, f"there is no group {given!r}") from None


def _none() -> int:
    raise KeyError


def _refused(path: Path, text: str) -> HomeRefused:
    return HomeRefused("home-file-malformed", f"{path}: {text}")


def render(*, socket: str, user: int, module: Path | None = None) -> bytes:
    """The text of a new `signer.toml`, with every setting explained.

    Args:
        socket: where it is asked.
        user: id of the node's user.
        module: the PKCS#11 library, or None.
    """
    token = (
        f"pkcs11_module = {json.dumps(str(module))}"
        if module
        else '# pkcs11_module = "/usr/lib/softhsm/libsofthsm2.so"'
    )
    return f"""\
# Settings of the signer, which holds the keys of a node. It reads this at its start.

# Where it is asked. Nobody else may write in the directory. The node's node.toml names the same path: signer = "..."
socket = {json.dumps(socket)}

# The users whose processes may ask, by name or number; the kernel says who asks.
users = [{user}]

# The group that may open the socket besides the signer's own user: the node's. Without it only that user may.
# group = "hotline"

# The library of the token, where a token has the Ed25519 halves of the keys.
{token}

# debug, info, warning or error.
log_level = "info"
""".encode()
