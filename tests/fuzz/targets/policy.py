"""Trust policies."""

from __future__ import annotations

from protocol.errors import ProtocolError
from protocol.log_error import LogRefused
from protocol.party_keys import party_keys
from protocol.policy import Policy, evaluate, parse
from tests.builders import World
from tests.fuzz.target import Target, read_or_refused

NOTE = World(begin=False).checkpoint("ARC")


def attempt(data: bytes) -> None:
    """A policy may be spelled in many ways, but written again it has one; it names two parties or is refused."""
    try:
        policy = parse(data)
    except LogRefused as error:
        str(error)
        return
    again = read_or_refused(policy.encode(), parse, Policy.encode, ())
    assert again == policy, "written and read it is another policy"
    for use in (party_keys, lambda one: evaluate(one, NOTE)):
        try:
            use(policy)
        except ProtocolError as error:
            str(error)


TARGET = Target(name="policy", attempt=attempt, bytes_max=65_536, shape="lines")


def seeds() -> dict[str, bytes]:
    """The policies of both parties, and one with only a quorum."""
    world = World(begin=False)
    text = world.policy("ARC")
    keys = [line.split(b" ") for line in text.split(b"\n") if line.startswith((b"log", b"witness"))]
    small = b"".join(b" ".join(words) + b"\n" for words in keys if len(words[-1]) < 500)
    return {"arc": text, "none": b"quorum none\n", "ed25519": small + b"group all any 1\nquorum none\n"}
