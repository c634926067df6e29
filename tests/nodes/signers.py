"""A signer in this process: its directory, its keys, questions to it, and its socket on a thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from keys.keyring import ChannelSeeds, NodeKeyring
from nodes.signer import NodeSigner
from nodes.signer_config import SignerConfig
from nodes.signer_marks import Marks
from nodes.signer_server import SignerServer
from protocol.canonical import Value
from tests.keys.samples import CHANNEL, seed

PARTY = "ARC"
EPOCH = 1
ORIGIN = "arcadia.example/hotline/" + sha256(b"ARC").hexdigest() + "/1"
THEIRS = "borealia.example/hotline/" + sha256(b"BOR").hexdigest() + "/1"
MIRROR = "arcadia.example/hotline/" + sha256(b"ARC").hexdigest() + "/mirror"
AT_MS = 1_795_255_200_000


def node_keys() -> NodeKeyring:
    """A node's keys with one channel; the same in each test."""
    calls = iter(range(100))

    def entropy(length: int) -> bytes:
        return seed(f"signer {next(calls)}", length)

    keys = NodeKeyring.generate(PARTY, entropy)
    return keys.with_channel(CHANNEL, ChannelSeeds.generate(entropy, epoch=EPOCH))


KEYS = node_keys()


def root(name: str) -> bytes:
    """A root of some log."""
    return sha256(name.encode()).digest()


def head(job: str, size: int, name: str = "one", *, origin: str | None = None) -> dict[str, Value]:
    """What is asked for a checkpoint of some size."""
    asked: dict[str, Value] = {"channel": CHANNEL.hex(), "size": size, "root": root(name), "at_ms": AT_MS}
    if job == "log":
        return {**asked, "origin": origin or ORIGIN}
    return {**asked, "origin": origin or THEIRS, "name": MIRROR}


@contextmanager
def opened(directory: Path, keys: NodeKeyring = KEYS) -> Iterator[NodeSigner]:
    """A signer on a directory, until it is closed: as a start and an end of its process."""
    marks = Marks.open(directory)
    try:
        yield NodeSigner(keys, marks)
    finally:
        marks.close()


@contextmanager
def serving(directory: Path, keys: NodeKeyring = KEYS, **settings: Any) -> Iterator[Path]:
    """A signer that answers on a socket; gives the socket."""
    chosen = {"socket": directory / "socket", "users": frozenset({os.geteuid()}), **settings}
    with opened(directory, keys) as signer:
        server = SignerServer(signer, SignerConfig(**chosen))
        server.listen()
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            yield chosen["socket"]
        finally:
            server.stop()
            thread.join(20)
