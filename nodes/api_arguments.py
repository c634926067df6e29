"""Arguments of the local API, taken by name and type.

A request is a map from whoever may open the socket: nothing in it is what it should be until it was looked at here.

Source: spec/local-api.md, "Operations".
"""

from __future__ import annotations

from typing import Any

from nodes.errors import ApiRefused
from protocol.branches import BRANCHES_MAX
from protocol.limits import SIZE_MAX

PAGE_MAX = 100
"""Entries or threads in one answer; a page of them stays well below the largest message."""

Arguments = dict[str, Any]

_REQUIRED: Any = object()


def take(arguments: Arguments, name: str, kind: type, default: Any = _REQUIRED) -> Any:
    """Give an argument of exactly a type, or the default where it is absent and has one.

    Raises:
        ApiRefused: `request-malformed`.
    """
    value = arguments.get(name)
    if value is None and default is not _REQUIRED:
        return default
    if type(value) is not kind:
        raise ApiRefused("request-malformed", f"{name} is missing or no {kind.__name__}")
    return value


def voice_of(arguments: Arguments, voices: tuple[str, str]) -> str:
    """Give the voice that a request names.

    Raises:
        ApiRefused: `no-such-entry` where it is none of the channel's.
    """
    voice: str = take(arguments, "voice", str)
    if voice not in voices:
        raise ApiRefused("no-such-entry", f"{voice[:8]!r} is not a voice of this channel")
    return voice


def index_of(arguments: Arguments) -> int:
    """Give the place in a log that a request names.

    Raises:
        ApiRefused: `no-such-entry` where no log has such a place.
    """
    index: int = take(arguments, "index", int)
    # Places of both logs are told apart by one bit more, and have to fit 64.
    if not 0 <= index <= SIZE_MAX >> 1:
        raise ApiRefused("no-such-entry", f"there is no entry {index}")
    return index


def branch_of(arguments: Arguments, voice: str, their: str) -> int:
    """Give the disputed branch that a request names; 0 for the log that is held.

    Raises:
        ApiRefused: `no-such-entry` where no such branch can be.
    """
    branch: int = take(arguments, "branch", int, 0)
    if not 0 <= branch <= BRANCHES_MAX or (branch and voice != their):
        raise ApiRefused("no-such-entry", f"there is no branch {branch} of {voice}")
    return branch


def limit_of(arguments: Arguments) -> int:
    """Give how many items a request wants, within what a page takes."""
    limit: int = take(arguments, "limit", int, PAGE_MAX)
    return max(1, min(limit, PAGE_MAX))


def statement_id_of(arguments: Arguments) -> bytes:
    """Give the statement id that a request names.

    Raises:
        ApiRefused: `request-malformed` where it is not hexadecimal.
    """
    try:
        return bytes.fromhex(take(arguments, "id", str))
    except ValueError as error:
        raise ApiRefused("request-malformed", "id is not hexadecimal") from error
