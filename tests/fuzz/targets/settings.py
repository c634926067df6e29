"""Files that are read from a directory: TOML of any kind, and a party's own description."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

from hotline.errors import CouldNot
from hotline.party_file import Member, PartyFile, read_party
from keys.envelope import Cost, seal, unseal
from keys.errors import EnvelopeRefused, KeysError
from keys.keyring import NodeKeyring, OfficerKeyring
from nodes.config import NodeConfig, render
from nodes.errors import NodeError
from protocol import toml_text
from tests.builders import keyring, make_agreement, make_roster, roots
from tests.fuzz.target import Target, read_or_refused


@cache
def file() -> Path:
    """Where an input lies."""
    return Path(tempfile.mkdtemp(prefix="hotline-fuzz-")) / "file.toml"


def close() -> None:
    """Remove it."""
    shutil.rmtree(file().parent)
    file.cache_clear()


def attempt(data: bytes) -> None:
    """The reader of TOML, a party file, a node's settings, a keyring and a key file take it or say what is wrong."""
    try:
        toml_text.loads(data)
    except toml_text.TomlRefused as error:
        str(error)
    file().write_bytes(data)
    try:
        party = read_party(file())
    except (CouldNot, NodeError) as error:
        str(error)
    else:
        file().write_bytes(party.render())
        assert read_party(file()) == party, "written and read it is another party"
        file().write_bytes(data)
    try:
        NodeConfig.load(file())
    except NodeError as error:
        str(error)
    read_or_refused(data, NodeKeyring.parse, NodeKeyring.encode, KeysError)
    read_or_refused(data, OfficerKeyring.parse, OfficerKeyring.encode, KeysError)
    # With the digest that it ends in, so that the reader goes on; for a purpose that stops before the costly part.
    read_or_refused(data, lambda one: unseal(one + sha256(one).digest(), b"x", purpose="fuzz"), bytes, EnvelopeRefused)


TARGET = Target(name="settings", attempt=attempt, bytes_max=32_768, shape="lines", close=close)


def seeds() -> dict[str, bytes]:
    """A party file, a node's settings, a keyring, and TOML of every kind."""
    people = make_roster("ARC", make_agreement()).people
    party = PartyFile(
        short="ARC",
        name="Republic of Arcadia",
        domain="line.arcadia.example",
        roots=roots("ARC"),
        members=tuple(Member(home=f"officer-{one.number}", person=one) for one in people[:1]),
    )
    return {
        "party": party.render(),
        "node": render(listen="127.0.0.1:4000"),
        "key-file": seal(b"plain", b"x", purpose="node", salt=bytes(16), nonce=bytes(12), cost=Cost(64, 1, 1))[:-32],
        "keyring": keyring("ARC", make_agreement().channel).encode(),
        "toml": b'a.b = [1, 2.5, true, "x", \'y\', 1979-05-27T07:32:00Z]\n[c]\nd = """\nz"""\n[[e]]\nf = {g = 0x1F}\n',
    }
