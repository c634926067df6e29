"""Files of a succession: the succession with its document and rosters, and the attestation."""

from __future__ import annotations

from dataclasses import replace

from nodes.errors import NodeError
from nodes.signed import SignedStatement
from nodes.succession_file import Attestation, SuccessionFile
from protocol.errors import ProtocolError
from protocol.succession import Succession, parse_succession
from protocol.tagged import digest
from tests.builders import World
from tests.fuzz.target import Target, read_or_refused
from tests.successions import Succeeded


def attempt(data: bytes) -> None:
    """Bytes read as the file, or the document, that they are, or are refused."""
    read = read_or_refused(data, SuccessionFile.parse, SuccessionFile.encode, NodeError)
    if read is not None:
        try:
            read.version(read.succession.party)
        except NodeError as error:
            str(error)
    read_or_refused(data, Attestation.parse, Attestation.encode, NodeError)
    read_or_refused(data, parse_succession, Succession.encode, ProtocolError)


TARGET = Target(name="succession", attempt=attempt, bytes_max=65_536, shape="msgpack")


def seeds() -> dict[str, bytes]:
    """A succession with one roster, its document, and an attestation of two entries."""
    world = Succeeded()
    note = world.checkpoint("ARC")
    text = Succession("ARC", 2, "fork", note).encode()
    statement = world.statement("ARC", "succession", body_digest=digest(text), body_length=len(text))
    signed = SignedStatement(statement=statement.encode(), signatures=(), body=text)
    small = replace(signed, body=b"")
    log = World().logs["ARC"]
    rows = tuple((entry, None) for entry in log.entries)
    return {
        "file": SuccessionFile(signed=signed, rosters=(small,)).encode(),
        "document": text,
        "attestation": Attestation(note=note, start=0, entries=rows).encode(),
    }
