"""Texts of root sets, the file that carries them, and the public key of a root."""

from __future__ import annotations

from hotline.errors import HotlineError
from hotline.root_keys import read_public
from hotline.root_sets import RootSetFile, Row, missing
from keys import root_set
from keys.errors import KeysError
from keys.root_set import RootChain
from tests.builders import roots
from tests.fuzz.target import Target, read_or_refused
from tests.nodes.homes import agreement, document
from tests.root_sets import RootWorld

WORLD = RootWorld()
CHAIN: RootChain = WORLD.chains["ARC"]
TEXT = root_set.render(WORLD.next_roots("ARC"))


def attempt(data: bytes) -> None:
    """A text reads as the root set that it is the text of, or is refused; a file likewise."""
    if read_or_refused(data, root_set.parse, root_set.render, KeysError) is not None:
        try:
            CHAIN.then(data)
        except KeysError as error:
            str(error)
        return
    try:
        read_public(data)
    except HotlineError as error:
        str(error)
    made = read_or_refused(data, RootSetFile.parse, RootSetFile.encode, HotlineError)
    if made is not None:
        try:
            missing(made)
        except HotlineError as error:
            str(error)


TARGET = Target(name="root_set", attempt=attempt, bytes_max=131_072, shape="lines")


def seeds() -> dict[str, bytes]:
    """A root set, a file with one, and a public key."""
    founding = RootChain.first("ARC", agreement().channel, roots("ARC"))
    row = Row("BOR", founding.texts[0], document("ARC", "root-set", TEXT))
    return {
        "text": TEXT,
        "file": RootSetFile("ARC", roots("ARC"), (row,)).encode(),
        "public": b"ARC root 4 AAAA\n",
    }
