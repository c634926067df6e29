"""Proof files, and receipts verified by a policy."""

from __future__ import annotations

from functools import cache

from protocol.errors import ProtocolError
from protocol.log_error import LogRefused
from protocol.merkle import leaf_hash, prove_inclusion
from protocol.policy import Policy
from protocol.policy import parse as parse_policy
from protocol.proof import PROOF_BYTES_MAX, TlogProof, parse
from protocol.receipt import make_receipt, verify_receipt
from protocol.tiles import TileReader, tile_path
from tests.builders import World
from tests.fuzz.target import Target, read_or_refused


@cache
def world() -> World:
    """Two logs to prove something about, the same in every process."""
    made = World(begin=False)
    for size in (10, 500, 20, 30, 40):
        made.append("ARC", b"e" * size)
    return made


@cache
def policy() -> Policy:
    """The reader's own."""
    return parse_policy(world().policy("ARC"))


def attempt(data: bytes) -> None:
    """A proof file: taken apart, and verified as a receipt."""
    read_or_refused(data, parse, TlogProof.encode, LogRefused)
    try:
        verified = verify_receipt(data, policy())
    except ProtocolError as error:
        str(error)
        return
    assert world().logs["ARC"].leaves[verified.index] == leaf_hash(verified.entry), "a receipt for what was not logged"


TARGET = Target(name="proof", attempt=attempt, bytes_max=PROOF_BYTES_MAX, shape="lines")


def seeds() -> dict[str, bytes]:
    """Receipts of a small entry and of a large one, and a proof without an entry."""
    files, log = world().files("ARC"), world().logs["ARC"]
    hashes = TileReader(lambda level, index, width: files[tile_path(level, index, width)], len(log.entries))
    made = {}
    for index in (1, 3):
        path = prove_inclusion(index, len(log.entries), hashes)
        made[f"receipt-{index}"] = make_receipt(
            entry=log.entries[index], index=index, path=path, checkpoint_note=files["checkpoint"]
        )
    made["bare"] = TlogProof(None, 0, [], b"a checkpoint\n").encode()
    return made
