"""Contents after unsealing: a counterpart whose signature is good may have sealed anything."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hotline.showing import field_lines
from keys.suite import SUITE_1
from nodes.resources import catalogue
from protocol import body as bodies
from protocol.body import Opened, open_with_secret
from protocol.canonical import encode_sorted
from protocol.compose import check_opened
from protocol.errors import BodyRefused, ProtocolError
from protocol.fields import check_fields
from protocol.kinds import Kind
from protocol.statement import Statement
from protocol.statement_secret import StatementSecret
from protocol.tagged import digest
from tests.fuzz.target import Target
from tests.nodes.homes import letter

CONTENTS_BYTES_MAX = 8_000


@cache
def kinds() -> tuple[Kind, ...]:
    """Kinds that have contents."""
    return tuple(kind for kind in catalogue().kinds if kind.fields)


@cache
def secret() -> StatementSecret:
    """What the hostile author sealed under; the header names it."""
    statement = letter("BOR").statement
    return StatementSecret(bytes(range(32)), channel=statement.channel, statement_id=statement.id)


@cache
def header() -> Statement:
    """The header of the bodies here."""
    found = letter("BOR").statement
    return replace(found, opener=secret().opener, id=secret().statement_id)


def sealed(contents: bytes) -> bytes:
    """A body that seals these bytes, whatever they are, in the way of an honest one."""
    padded = len(contents).to_bytes(bodies.LENGTH_BYTES, "big") + contents
    padded += bytes(bodies.padded_length(len(contents)) - len(padded))
    nonce = bodies._nonce(secret(), padded)
    box = AESGCM(secret().derive("contents")).encrypt(nonce, padded, bodies._associated(secret(), "BOR"))
    return encode_sorted([bodies.VERSION, [["ARC", bytes(32), bytes(SUITE_1.sealing.wrap_bytes)]], nonce + box])


def opened(contents: bytes) -> Opened | None:
    """What a reader makes of them."""
    body = sealed(contents)
    statement = replace(header(), body_digest=digest(body), body_length=len(body))
    try:
        return open_with_secret(statement, body, secret().raw)
    except BodyRefused as error:
        str(error)
        return None


def attempt(data: bytes) -> None:
    """Contents open as fields or are refused; fields are checked and shown as those of any kind."""
    found = opened(data[1:])
    if found is None or not data:
        return
    again = encode_sorted({"attachments": list(found.attachments), "fields": found.fields})
    assert again == data[1:], "contents with another spelling were taken"
    kind = kinds()[data[0] % len(kinds())]
    problems = check_fields(kind, found.fields, catalogue())
    for problem in problems:
        str(problem)
    if not problems:
        lines = field_lines(kind, found.fields, catalogue())
        assert all(line.isprintable() for line in lines), "what acts on a screen was shown"
    try:
        check_opened(header(), found, kind)
    except ProtocolError as error:
        str(error)


TARGET = Target(name="contents", attempt=attempt, bytes_max=CONTENTS_BYTES_MAX, shape="msgpack", head_bytes=1)


def seeds() -> dict[str, bytes]:
    """Contents of each kind of field."""
    made = {}
    fields = {"message": "Good evening.\nAnd more.", "summary": "A summary", "affected_sectors": ["energy"]}
    for place, kind in enumerate(kinds()):
        values = {item.name: fields.get(item.name, _value(item.type)) for item in kind.fields}
        plain = {"attachments": [], "fields": dict(sorted(values.items()))}
        made[kind.name] = bytes([place]) + encode_sorted(plain)
    named = {"digest": bytes(32), "key": bytes(32), "name": "a.pdf", "size": 7}
    made["attachment"] = b"\x00" + encode_sorted({"attachments": [named], "fields": {}})
    return made


def _value(type_: str) -> object:
    """Some value of a type of field; not always one that its limits or vocabulary take."""
    return {
        "integer": 3,
        "flag": True,
        "when": "2015-12-23T14:05Z",
        "grade": "B2",
        "choices": ["unknown"],
        "identifiers": ["CVE-2024-3400"],
        "lines": ["one", "two"],
        "records": [{"name": "x"}],
    }.get(type_, "unknown")
