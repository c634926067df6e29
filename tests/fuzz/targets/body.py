"""Sealed bodies as they come, before anything of them is known to be good."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from protocol.body import open_body, recipients_of
from protocol.errors import BodyRefused
from protocol.limits import BODY_BYTES_MAX
from protocol.statement import Statement
from protocol.tagged import digest
from tests.builders import keyring
from tests.fuzz.target import Target
from tests.nodes.homes import agreement, letter


@cache
def header() -> Statement:
    """The header of the bodies here, which names whichever comes."""
    return letter("BOR").statement


def attempt(data: bytes) -> None:
    """The body that a header names is opened or refused, and what was made of it is what was sealed."""
    for use in (recipients_of, _opened):
        try:
            use(data)
        except BodyRefused as error:
            str(error)


def _opened(data: bytes) -> None:
    statement = replace(header(), body_digest=digest(data), body_length=len(data))
    open_body(statement, data, party="ARC", key=keyring("ARC", agreement().channel).sealing())


TARGET = Target(name="body", attempt=attempt, bytes_max=BODY_BYTES_MAX + 1, shape="msgpack")


def seeds() -> dict[str, bytes]:
    """The smallest body there is; sealing is random, so it is another one every time."""
    return {"good": letter("BOR").body or b""}
