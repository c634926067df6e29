"""How the vectors of statements, entries, agreements and frames are written, read and judged.

A file is a few header lines `name: value`, one empty line, and the bytes to be judged, up to the end of the file: in
hexadecimal for the binary formats, as they are for agreements.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from keys.hybrid import HybridPublicKey
from keys.roles import KeyRole
from keys.sealing import SealingPrivateKey
from keys.suite import SUITES
from protocol.agreement import Agreement
from protocol.body import open_body, open_with_secret
from protocol.canonical import decode
from protocol.commitment import Disclosure, commit_all, verify_disclosure
from protocol.compose import check_document
from protocol.entry import Entry
from protocol.errors import (
    AgreementRefused,
    BadSignature,
    BodyRefused,
    CommitmentRefused,
    Malformed,
    NotUnderstood,
    ProtocolError,
)
from protocol.frames import encode as encode_frame
from protocol.frames import parse as parse_frame
from protocol.limits import ENTRY_BYTES_MAX
from protocol.signature import verify_signature
from protocol.statement import Statement

VECTORS = Path(__file__).resolve().parents[2] / "spec" / "vectors"

ACCEPTED = "accepted"
KINDS: Mapping[type[ProtocolError], str] = {
    Malformed: "malformed",
    NotUnderstood: "not understood",
    BodyRefused: "body refused",
    CommitmentRefused: "commitment refused",
    BadSignature: "bad signature",
    AgreementRefused: "agreement refused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One file.

    Attributes:
        name: of the file, without suffix: what was done.
        what: the same in a sentence.
        form: which format the bytes are of.
        expect: kind of failure, or `accepted`.
        code: short code of the failure, empty where it is accepted.
        more: further header lines, by name.
        data: the bytes to be judged.
    """

    name: str
    what: str
    form: str
    expect: str
    code: str = ""
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    data: bytes

    def encode(self) -> bytes:
        """The bytes of the file."""
        lines = [f"what: {self.what}", f"format: {self.form}", f"expect: {self.expect}"]
        lines += [f"code: {self.code}"] if self.code else []
        lines += [f"{name}: {value}" for name, values in self.more.items() for value in values]
        body = self.data if self.form == "agreement" else self.data.hex().encode()
        return "\n".join(lines).encode() + b"\n\n" + body


def read_vector(file: Path) -> Vector:
    """Read a file."""
    head, _, body = file.read_bytes().partition(b"\n\n")
    header: dict[str, list[str]] = defaultdict(list)
    for line in head.decode().split("\n"):
        name, _, value = line.partition(": ")
        header[name].append(value)
    form = header["format"][0]
    return Vector(
        name=file.stem,
        what=header["what"][0],
        form=form,
        expect=header["expect"][0],
        code=header["code"][0] if "code" in header else "",
        more={name: tuple(values) for name, values in header.items()},
        data=body if form == "agreement" else bytes.fromhex(body.decode()),
    )


def write_vectors(folder: Path, vectors: Iterable[Vector]) -> int:
    """Write one file for each vector, after those of an earlier run are gone; refuse two of one name."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.txt"):
        file.unlink()
    count = 0
    for vector in vectors:
        with (folder / f"{vector.name}.txt").open("xb") as out:
            out.write(vector.encode())
        count += 1
    return count


def judge(vector: Vector) -> tuple[str, str]:
    """What this program says of a vector: kind of failure and code, or `accepted`."""
    try:
        _judge(vector)
    except ProtocolError as error:
        return KINDS[type(error)], error.code
    return ACCEPTED, ""


def _judge(vector: Vector) -> None:
    def header(name: str) -> bytes:
        return bytes.fromhex(vector.more[name][0])

    match vector.form:
        case "canonical":
            decode(vector.data, bytes_max=ENTRY_BYTES_MAX)
        case "statement":
            assert Statement.parse(vector.data).encode() == vector.data
        case "entry":
            entry = Entry.parse(vector.data)
            assert entry.encode() == vector.data
            entry.parse_statement()
        case "signed-entry":
            entry = Entry.parse(vector.data)
            statement = entry.parse_statement()
            key = HybridPublicKey(header("key"), KeyRole.OFFICER)
            for signature in entry.signatures:
                verify_signature(entry.statement, signature, channel=statement.channel, party=statement.party, key=key)
        case "body":
            statement = Statement.parse(header("statement"))
            opened = open_with_secret(statement, vector.data, header("secret"))
            fields = [(name, opened.fields.get(name)) for name in vector.more["field"]]
            if commit_all(opened.secret, fields) != statement.commitments:
                raise CommitmentRefused("wrong-commitment")
        case "wrapped-body":
            key_of = SealingPrivateKey.from_seed(header("seed"), SUITES[vector.more["suite"][0]])
            open_body(Statement.parse(header("statement")), vector.data, party=vector.more["party"][0], key=key_of)
        case "document":
            check_document(Statement.parse(header("statement")), vector.data)
        case "disclosure":
            verify_disclosure(Disclosure.parse(vector.data), Statement.parse(header("statement")))
        case "frame":
            frame = parse_frame(vector.data)
            assert encode_frame(frame.type, **frame.items) == vector.data
        case "agreement":
            agreement = Agreement.parse(vector.data)
            for short in agreement.shorts if "channel" in vector.more else ():
                assert f"{short} {agreement.log_id(short)}" in vector.more["log-id"]
                assert agreement.channel == header("channel")
        case _:
            raise AssertionError(f"no format {vector.form}")
