"""Make the vectors in spec/vectors/entry: `python -m tests.protocol.make_entry_vectors`, from the repository's root.

Keys and secrets come from fixed seeds. ML-DSA signatures and wraps are drawn at random, so a new run writes other bytes
that mean the same.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgpack

from keys.roles import KeyRole
from keys.suite import SUITE_1, SUITE_2, Suite
from protocol.body import seal_body
from protocol.canonical import decode, encode
from protocol.commitment import disclose
from protocol.compose import Composed, compose
from protocol.signature import sign_statement
from protocol.statement_secret import StatementSecret
from protocol.tagged import digest
from tests.protocol.statement_samples import (
    CREATED_MS,
    SECRET,
    STATEMENT_ID,
    hybrid,
    sample_entry,
    sample_kind,
    sample_setting,
    sample_statement,
    sealing,
    seed,
)
from tests.protocol.statement_vectors import ACCEPTED, VECTORS, Vector, write_vectors

KIND = "acknowledge"


def flip(data: bytes, at: int) -> bytes:
    """Turn one bit of one byte."""
    at %= len(data)
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def canonical_vectors() -> Iterator[Vector]:
    """The rules of the canonical encoding, one broken at a time."""
    good = {
        "nil": b"\xc0",
        "true": b"\xc3",
        "smallest-integer": b"\xd3\x80" + bytes(7),
        "largest-integer": b"\xcf" + b"\xff" * 8,
        "text-of-32-bytes": b"\xd9\x20" + b"a" * 32,
        "empty-map": b"\x80",
        "map-in-order": bytes.fromhex("82a16101a2616202"),
        "map-in-order-of-bytes-not-of-units": encode({"\uffff": 1, "\U00010000": 2}),
        "levels-16": b"\x91" * 15 + b"\x90",
    }
    for name, data in good.items():
        yield Vector(name=f"canonical-{name}", what="nothing", form="canonical", expect=ACCEPTED, data=data)
    bad = {
        "nothing": ("no bytes at all", "truncated", b""),
        "cut-array": ("an array of two with one value", "truncated", b"\x92\x01"),
        "cut-bytes": ("bytes shorter than their length says", "truncated", b"\xc4\x05abc"),
        "trailing-byte": ("a byte behind the value", "trailing-bytes", b"\xc0\xc0"),
        "integer-long-form": ("5 in two bytes", "second-spelling", b"\xcc\x05"),
        "integer-signed-form": ("200 in the signed form of two bytes", "second-spelling", b"\xd1\x00\xc8"),
        "text-long-form": ("short text with a length byte", "second-spelling", b"\xd9\x01a"),
        "bytes-long-form": ("short bytes with a length of two bytes", "second-spelling", b"\xc5\x00\x01a"),
        "array-long-form": ("a short array with a count of two bytes", "second-spelling", b"\xdc\x00\x01\xc0"),
        "map-long-form": ("a short map with a count of two bytes", "second-spelling", b"\xde\x00\x00"),
        "keys-swapped": ("the keys of a map out of order", "unsorted-keys", bytes.fromhex("82a2616202a16101")),
        "key-twice": ("a key of a map twice", "second-spelling", bytes.fromhex("82a16101a16101")),
        "key-integer": ("a key that is an integer", "bad-type", b"\x81\x01\x01"),
        "key-bytes": ("a key that is bytes", "bad-type", b"\x81\xc4\x01a\x01"),
        "key-nil": ("a key that is nil", "bad-type", b"\x81\xc0\x01"),
        "float": ("a number with a fraction", "bad-type", b"\xcb\x3f\xf8" + bytes(6)),
        "float-short": ("a short number with a fraction", "bad-type", b"\xca\x3f\xc0\x00\x00"),
        "not-a-number": ("the value that is no number", "bad-type", b"\xcb\x7f\xf8" + bytes(6)),
        "extension": ("an extension type", "bad-type", b"\xd4\x01\x00"),
        "timestamp": ("the timestamp extension", "bad-type", b"\xd6\xff\x00\x00\x00\x00"),
        "reserved-byte": ("the byte that the encoding never uses", "bad-type", b"\xc1"),
        "text-not-utf-8": ("text that is not UTF-8", "bad-text", b"\xa1\xff"),
        "text-overlong": ("a character in more bytes than it needs", "bad-text", b"\xa2\xc0\x80"),
        "text-surrogate": ("half of a surrogate pair", "bad-text", b"\xa3\xed\xa0\x80"),
        "levels-17": ("seventeen arrays in one another", "too-deep", b"\x91" * 16 + b"\x90"),
        "levels-many": ("thousands of arrays in one another", "too-deep", b"\x91" * 6000 + b"\x90"),
        "items-many": ("more values than are taken", "too-many-items", b"\xdc\x10\x00" + b"\xc0" * 4096),
        "count-beyond-input": ("a count of four thousand million", "too-many-items", b"\xdd\xff\xff\xff\xff"),
        "too-large": ("more bytes than are taken", "too-large", b"\xc6\x00\x01\x00\x00" + bytes(65_536)),
    }
    for name, (what, code, data) in bad.items():
        yield Vector(name=f"canonical-{name}", what=what, form="canonical", expect="malformed", code=code, data=data)


def statement_vectors() -> Iterator[Vector]:
    """Headers with one field changed."""

    def changed(**changes: Any) -> bytes:
        header: Any = decode(sample_statement().encode(), bytes_max=65_535)
        header.update(changes)
        return encode(header)

    yield Vector(name="statement-good", what="nothing", form="statement", expect=ACCEPTED, data=changed())
    kinds: dict[str, dict[str, Any]] = {
        "statement-kind-unknown": {"kind": "something-of-tomorrow"},
        "statement-body-of-bytes-max": {"body_length": (140_000).to_bytes(4, "big")},
        "statement-clock-of-1970": {"issued_at_ms": 0},
        "statement-machine": {
            "kind": "arrival", "facts": {"size": 4}, "body_digest": None, "body_length": None, "opener": None,
            "commitments": [], "thread": None, "severity": None,
        },
        "statement-document": {"kind": "roster", "opener": None, "commitments": []},
        "statement-facts-beside-body": {"facts": {"emergency": True}},
    }  # fmt: skip
    for name, changes in kinds.items():
        yield Vector(name=name, what="nothing", form="statement", expect=ACCEPTED, data=changed(**changes))
    yield Vector(
        name="statement-field-unknown",
        what="a header field of a later version",
        form="statement",
        expect="not understood",
        code="not-understood",
        data=changed(urgency=1),
    )
    missing: Any = decode(sample_statement().encode(), bytes_max=65_535)
    del missing["thread"]
    bad: dict[str, tuple[str, str, bytes]] = {
        "field-missing": ("a field left out instead of nil", "missing-field", encode(missing)),
        "array": ("an array instead of a map", "bad-type", encode(list(missing.values()))),
        "channel-short": ("a channel of 31 bytes", "bad-field", changed(channel=bytes(31))),
        "channel-text": ("a channel that is text", "bad-field", changed(channel="a" * 32)),
        "party-small": ("a party in small letters", "bad-field", changed(party="arc")),
        "party-long": ("a party of five letters", "bad-field", changed(party="ARCAD")),
        "kind-capital": ("a kind with a capital", "bad-field", changed(kind="Notification")),
        "kind-line-feed": ("a kind with a line feed at its end", "bad-field", changed(kind="notification\n")),
        "id-long": ("an id of 17 bytes", "bad-field", changed(id=bytes(17))),
        "status-unknown": ("a status that there is not", "bad-field", changed(status="serious")),
        "precedence-unknown": ("a precedence that there is not", "bad-field", changed(precedence="urgent")),
        "severity-true": ("true for a severity", "bad-field", changed(severity=True)),
        "severity-6": ("a severity above the highest", "bad-field", changed(severity=6)),
        "time-negative": ("a time before 1970", "bad-field", changed(issued_at_ms=-1)),
        "time-far": ("a time in the year 10000", "bad-field", changed(issued_at_ms=253_402_300_800_000)),
        "time-missing": ("no time of issue", "bad-field", changed(issued_at_ms=None)),
        "language-spelling": ("a language in another letter case", "bad-field", changed(language="EN-gb")),
        "after-root-short": ("a root of 31 bytes", "bad-field", changed(after=[5, bytes(31)])),
        "after-three": ("a log state of three values", "bad-field", changed(after=[5, bytes(32), 0])),
        "seen-negative": ("a negative size", "bad-field", changed(seen=[-1, bytes(32)])),
        "commitment-short": ("a commitment of 16 bytes", "bad-field", changed(commitments=[bytes(16)])),
        "commitments-many": ("257 commitments", "bad-field", changed(commitments=[bytes(32)] * 257)),
        "length-integer": ("a body length that is an integer", "bad-field", changed(body_length=6550)),
        "length-two-bytes": ("a body length of two bytes", "bad-field", changed(body_length=b"\x19\x96")),
        "length-alone": ("a body length without digest", "inconsistent-header", changed(body_digest=None)),
        "length-zero": ("a body of no bytes", "inconsistent-header", changed(body_length=bytes(4))),
        "length-far": ("a body of a gigabyte", "inconsistent-header", changed(body_length=b"\x40\0\0\0")),
        "no-opener": ("commitments without an opener", "inconsistent-header", changed(opener=None)),
        "opener-alone": (
            "an opener without a body",
            "inconsistent-header",
            changed(body_digest=None, body_length=None, commitments=[]),
        ),
        "facts-array": ("facts that are no map", "bad-field", changed(facts=[])),
        "too-large": ("more bytes than a statement may have", "too-large", changed(facts={"a": bytes(17_000)})),
    }
    for name, (what, code, data) in bad.items():
        yield Vector(name=f"statement-{name}", what=what, form="statement", expect="malformed", code=code, data=data)


def entry_vectors() -> Iterator[Vector]:
    """Entries with one place changed."""
    entry = sample_entry()
    good: Any = decode(entry.encode(), bytes_max=65_535)

    def changed(place: int, value: Any) -> bytes:
        return encode([*good[:place], value, *good[place + 1 :]])

    signature = good[2][0]
    yield Vector(name="entry-good", what="nothing", form="entry", expect=ACCEPTED, data=entry.encode())
    yield Vector(
        name="entry-unsigned", what="no signature; judged later", form="entry", expect=ACCEPTED, data=changed(2, [])
    )
    yield Vector(
        name="entry-version-2",
        what="a later version",
        form="entry",
        expect="not understood",
        code="not-understood",
        data=encode([2, *good[1:], "and more"]),
    )
    bad: dict[str, tuple[str, str, bytes]] = {
        "map": ("a map instead of an array", "bad-type", encode({"version": 1})),
        "empty": ("an empty array", "bad-type", encode([])),
        "four-places": ("the last place left out", "bad-type", encode(good[:4])),
        "six-places": ("one place too many", "bad-type", encode([*good, None])),
        "version-text": ("a version that is text", "bad-field", changed(0, "1")),
        "version-true": ("true for a version", "bad-field", changed(0, True)),
        "statement-empty": ("an empty statement", "bad-field", changed(1, b"")),
        "statement-map": ("the statement as a map, not as bytes", "bad-field", changed(1, {})),
        "statement-second-spelling": (
            "the statement's map with the long form of its count",
            "second-spelling",
            changed(1, b"\xdf\x00\x00\x00\x19" + entry.statement[3:]),
        ),
        "statement-trailing-byte": ("a byte behind the statement", "trailing-bytes",
                                    changed(1, entry.statement + b"\0")),
        "signer-unknown": ("a signer that is neither node, root nor person", "bad-field",
                           changed(2, [["machine", *signature[1:]]])),
        "signer-zero": ("person 0", "bad-field", changed(2, [["person/0", *signature[1:]]])),
        "signer-padded": ("person 03", "bad-field", changed(2, [["person/03", *signature[1:]]])),
        "signature-empty": ("a signature of no bytes", "bad-field", changed(2, [[*signature[:3], b""]])),
        "signature-long": ("a signature of 8,193 bytes", "bad-field", changed(2, [[*signature[:3], bytes(8_193)]])),
        "signature-twice": ("two signatures by one person in one role", "doubled-signature",
                            changed(2, [signature, [*signature[:3], bytes(3_373)]])),
        "signatures-17": ("seventeen signatures", "bad-field",
                          changed(2, [[f"person/{number}", "duty", "none", b"x"] for number in range(1, 18)])),
        "time-text": ("a time that is text", "bad-field", changed(3, "2026-11-21")),
        "held-nil": ("nothing about the other log", "bad-field", changed(4, None)),
        "too-large": ("65,536 bytes", "too-large", changed(1, bytes(61_500) + entry.statement)),
        "trailing-byte": ("a byte behind the entry", "trailing-bytes", entry.encode() + b"\0"),
        "cut": ("the last byte left out", "truncated", entry.encode()[:-1]),
    }  # fmt: skip
    for name, (what, code, data) in bad.items():
        yield Vector(name=f"entry-{name}", what=what, form="entry", expect="malformed", code=code, data=data)


def signature_vectors() -> Iterator[Vector]:
    """A signed entry, and what can be done to it."""
    statement = sample_statement().encode()
    key = hybrid("ARC duty", KeyRole.OFFICER)
    where = {"channel": sample_statement().channel, "party": "ARC"}
    signature = sign_statement(statement, **where, signer="person/3", role="duty", key=key)  # type: ignore[arg-type]
    elsewhere = sign_statement(statement, channel=bytes(32), party="ARC", signer="person/3", role="duty", key=key)
    for_other = sign_statement(statement, **{**where, "party": "BOR"}, signer="person/3", role="duty", key=key)  # type: ignore[arg-type]
    changed = replace(sample_statement(), severity=4).encode()
    more = {"key": (key.public.raw.hex(),)}
    yield Vector(
        name="signature-good",
        what="nothing",
        form="signed-entry",
        expect=ACCEPTED,
        more=more,
        data=sample_entry(statement, signatures=(signature,)).encode(),
    )
    bad = {
        "ed25519-bit": ("a bit of the Ed25519 half", statement, replace(signature, value=flip(signature.value, 3))),
        "mldsa65-bit": ("a bit of the ML-DSA-65 half", statement, replace(signature, value=flip(signature.value, -9))),
        "cut": ("the last byte left out", statement, replace(signature, value=signature.value[:-1])),
        "other-statement": ("the severity changed after signing", changed, signature),
        "other-person": ("given to another person", statement, replace(signature, signer="person/4")),
        "other-role": ("given in another role", statement, replace(signature, role="senior")),
        "other-channel": ("made for another channel", statement, elsewhere),
        "other-party": ("made for the other party", statement, for_other),
    }
    for name, (what, signed, made) in bad.items():
        yield Vector(
            name=f"signature-{name}",
            what=what,
            form="signed-entry",
            expect="bad signature",
            code="bad-signature",
            more=more,
            data=sample_entry(signed, signatures=(made,)).encode(),
        )
    yield Vector(
        name="signature-algorithm-unknown",
        what="an algorithm that there is not",
        form="signed-entry",
        expect="bad signature",
        code="unknown-algorithm",
        more=more,
        data=sample_entry(statement, signatures=(replace(signature, algorithm="rsa-512"),)).encode(),
    )
    second = hybrid("ARC duty", KeyRole.OFFICER, SUITE_2)
    by_second = sign_statement(statement, **where, signer="person/3", role="duty", key=second)  # type: ignore[arg-type]
    suites = {
        "suite-2-good": ("nothing, under the second suite", second, by_second, ""),
        "suite-other": ("by a key of the second suite, where it is of the first", key, by_second, "other-suite"),
        "suite-other-first": ("by a key of the first, where it is of the second", second, signature, "other-suite"),
        "suite-renamed": ("of the first suite under the second's name", second,
                          replace(signature, algorithm=SUITE_2.name), "bad-signature"),
    }  # fmt: skip
    for name, (what, listed, made, code) in suites.items():
        yield Vector(
            name=f"signature-{name}",
            what=what,
            form="signed-entry",
            expect="bad signature" if code else ACCEPTED,
            code=code,
            more={"key": (listed.public.raw.hex(),)},
            data=sample_entry(statement, signatures=(made,)).encode(),
        )


def composed(**changes: Any) -> Composed:
    """A sealed statement with one field filled."""
    kind = sample_kind(KIND)
    return compose(
        kind,
        sample_setting(),
        statement_id=STATEMENT_ID,
        secret=SECRET,
        issued_at_ms=CREATED_MS,
        fields={kind.fields[0].name: "We are looking into it."},
        **changes,
    )


def body_vectors() -> Iterator[Vector]:
    """A sealed body, and what can be done to it or to its header."""
    made = composed()
    assert made.body is not None
    whole = made.body
    names = tuple(item.name for item in sample_kind(KIND).fields)
    sealed: Any = decode(made.body, bytes_max=200_000)

    def vector(name: str, what: str, expect: str, code: str, **parts: Any) -> Vector:
        body: bytes = parts.get("body", whole)
        header = replace(made.statement, body_digest=digest(body), body_length=len(body))
        if "header" in parts:
            header = replace(header, **parts["header"])
        more = {
            "statement": (header.encode().hex(),),
            "secret": (parts.get("secret", SECRET).hex(),),
            "field": names,
        }
        return Vector(name=f"body-{name}", what=what, form="body", expect=expect, code=code, more=more, data=body)

    refused = "body refused"
    yield vector("good", "nothing", ACCEPTED, "")
    yield vector("digest", "another digest in the header", refused, "other-body", header={"body_digest": bytes(32)})
    yield vector("length", "another length in the header", refused, "other-body", header={"body_length": 6_551})
    yield vector("none", "no body in the header", refused, "no-body",
                 header={"body_digest": None, "body_length": None, "opener": None, "commitments": ()})  # fmt: skip
    yield vector("secret", "another secret", refused, "other-secret", secret=seed("another", 32))
    yield vector("secret-short", "a secret of 31 bytes", refused, "other-secret", secret=SECRET[:31])
    yield vector("opener", "another opener in the header", refused, "other-secret", header={"opener": bytes(32)})
    yield vector("id", "the statement's id changed", refused, "other-secret", header={"id": bytes(16)})
    yield vector("channel", "the channel changed", refused, "other-secret", header={"channel": bytes(32)})
    yield vector("party", "the party changed", refused, "body-damaged", header={"party": "BOR"})
    yield vector("bit", "a bit of the sealed contents", refused, "body-damaged",
                 body=encode([*sealed[:2], flip(sealed[2], 99)]))  # fmt: skip
    yield vector("nonce", "a bit of the nonce", refused, "body-damaged", body=encode([*sealed[:2], flip(sealed[2], 0)]))
    yield vector("cut", "the last byte left out", refused, "body-malformed", body=made.body[:-1])
    yield vector("short", "contents below the smallest size", refused, "body-malformed",
                 body=encode([*sealed[:2], sealed[2][:4_000]]))  # fmt: skip
    yield vector("no-wraps", "no wrap at all", refused, "body-malformed", body=encode([1, [], sealed[2]]))
    yield vector("wrap-short", "a wrap of 1,167 bytes", refused, "body-malformed",
                 body=encode([1, [[*sealed[1][0][:2], sealed[1][0][2][:-1]]], sealed[2]]))  # fmt: skip
    yield vector("version-2", "a later version", refused, "body-not-understood", body=encode([2, *sealed[1:]]))
    yield vector("second-spelling", "the long form of a count", refused, "body-malformed",
                 body=b"\xdc\x00\x03" + made.body[1:])  # fmt: skip
    wrong = (seed("other commitment", 32), *made.statement.commitments[1:])
    yield vector("commitment", "another commitment to the first field", "commitment refused", "wrong-commitment",
                 header={"commitments": wrong})  # fmt: skip
    yield vector("commitments-swapped", "two commitments swapped", "commitment refused", "wrong-commitment",
                 header={"commitments": made.statement.commitments[::-1]})  # fmt: skip
    secret = StatementSecret(SECRET, channel=made.statement.channel, statement_id=STATEMENT_ID)
    recipients = (("BOR", sealing("BOR").public),)
    other = seal_body(
        {"attachments": [], "fields": {names[0]: "No."}}, secret=secret, author="ARC", recipients=recipients
    )
    yield vector(
        "contents", "other contents under the same secret", "commitment refused", "wrong-commitment", body=other
    )


def wrap_vectors() -> Iterator[Vector]:
    """A body as its recipient opens it, under both suites, and wraps that are not theirs."""
    kind = sample_kind(KIND)

    def made(suite: Suite, **changes: Any) -> Composed:
        keys = tuple((party, sealing(party, suite).public) for party in ("ARC", "BOR"))
        setting = sample_setting(recipients=keys, **changes)
        fields = {kind.fields[0].name: "We are looking into it."}
        return compose(kind, setting, statement_id=STATEMENT_ID, secret=SECRET, issued_at_ms=CREATED_MS, fields=fields)

    def vector(name: str, what: str, code: str, body: bytes, suite: Suite, party: str = "BOR") -> Vector:
        header = replace(made(suite).statement, body_digest=digest(body), body_length=len(body))
        more = {
            "statement": (header.encode().hex(),),
            "party": (party,),
            "suite": (suite.name,),
            "seed": (seed(f"sealing {party}", suite.sealing.seed_bytes).hex(),),
        }
        expect = "body refused" if code else ACCEPTED
        return Vector(
            name=f"wrap-{name}", what=what, form="wrapped-body", expect=expect, code=code, more=more, data=body
        )

    first, second = made(SUITE_1).body, made(SUITE_2).body
    moved = made(SUITE_1, channel=bytes(32)).body
    assert first is not None
    assert second is not None
    assert moved is not None
    one: Any = decode(first, bytes_max=200_000)
    two: Any = decode(second, bytes_max=200_000)
    other: Any = decode(moved, bytes_max=200_000)
    (ours, theirs), sealed = one[1], one[2]
    yield vector("good", "nothing", "", first, SUITE_1)
    yield vector("suite-2-good", "nothing, under the second suite", "", second, SUITE_2)
    yield vector("not-for-us", "the recipient's wrap left out", "not-for-us", encode([1, [ours], sealed]), SUITE_1)
    yield vector("of-another-party", "the recipient's wrap in the author's name", "not-for-us",
                 encode([1, [ours, ["ARC", *theirs[1:]]], sealed]), SUITE_1)  # fmt: skip
    yield vector("bit", "a bit of the recipient's wrap", "wrap-refused",
                 encode([1, [ours, [*theirs[:2], flip(theirs[2], 7)]], sealed]), SUITE_1)  # fmt: skip
    yield vector("of-another-channel", "the wrap was made on another channel", "wrap-refused",
                 encode([1, other[1], sealed]), SUITE_1)  # fmt: skip
    yield vector("swapped", "each has the other's wrap", "wrap-refused",
                 encode([1, [[*ours[:2], theirs[2]], [*theirs[:2], ours[2]]], sealed]), SUITE_1)  # fmt: skip
    yield vector(
        "suite-other", "wraps of the second suite, where the key is of the first", "other-suite", second, SUITE_1
    )
    yield vector("suite-other-first", "wraps of the first suite, where the key is of the second", "other-suite",
                 first, SUITE_2)  # fmt: skip
    yield vector("suite-other-named", "a wrap of the first suite under the id of the key of the second", "other-suite",
                 encode([1, [[*two[1][0][:2], ours[2]], [*two[1][1][:2], theirs[2]]], two[2]]), SUITE_2)  # fmt: skip
    yield vector("suites-mixed", "the author's wrap is of the first suite, theirs of the second", "other-suite",
                 encode([1, [ours, two[1][1]], two[2]]), SUITE_2)  # fmt: skip
    yield vector("between-suites", "a wrap of a length between those of the suites", "body-malformed",
                 encode([1, [[*two[1][0][:2], two[1][0][2][:1500]], two[1][1]], two[2]]), SUITE_2)  # fmt: skip


def document_vectors() -> Iterator[Vector]:
    """A document in the open."""
    text = b"format = 1\n"
    header = sample_statement(
        kind="roster", opener=None, commitments=(), body_digest=digest(text), body_length=len(text)
    )
    more = {"statement": (header.encode().hex(),)}
    yield Vector(name="document-good", what="nothing", form="document", expect=ACCEPTED, more=more, data=text)
    yield Vector(
        name="document-line-end",
        what="other line ends",
        form="document",
        expect="body refused",
        code="other-body",
        more=more,
        data=b"format = 1\r\n",
    )
    sealed = sample_statement(body_digest=digest(text), body_length=len(text))
    yield Vector(
        name="document-sealed",
        what="a header with an opener and commitments",
        form="document",
        expect="body refused",
        code="sealed-document",
        more={"statement": (sealed.encode().hex(),)},
        data=text,
    )


def disclosure_vectors() -> Iterator[Vector]:
    """One opened field, and what can be done to it."""
    made = composed()
    name = sample_kind(KIND).fields[0].name
    secret = StatementSecret(SECRET, channel=made.statement.channel, statement_id=STATEMENT_ID)
    good = disclose(secret, name, "We are looking into it.")
    more = {"statement": (made.statement_bytes.hex(),)}
    absent = sample_kind(KIND).fields[1].name
    cases = {
        "good": ("nothing", good),
        "absent": ("nothing; the field is absent", disclose(secret, absent, None)),
        "value": ("the value changed", replace(good, value="We are not.")),
        "value-absent": ("the value taken away", replace(good, value=None)),
        "salt": ("a bit of the salt", replace(good, salt=flip(good.salt, 5))),
        "name": ("the name of another field", replace(good, name=absent)),
    }
    for case, (what, disclosure) in cases.items():
        accepted = what.startswith("nothing")
        yield Vector(
            name=f"disclosure-{case}",
            what=what,
            form="disclosure",
            expect=ACCEPTED if accepted else "commitment refused",
            code="" if accepted else "not-committed",
            more=more,
            data=disclosure.encode(),
        )
    yield Vector(
        name="disclosure-salt-short",
        what="a salt of 16 bytes",
        form="disclosure",
        expect="malformed",
        code="bad-field",
        more=more,
        data=msgpack.packb([name, bytes(16), "We are looking into it."]),
    )


def main() -> None:
    """Write all files."""
    makers = (
        canonical_vectors, statement_vectors, entry_vectors, signature_vectors, body_vectors, wrap_vectors,
        document_vectors, disclosure_vectors,
    )  # fmt: skip
    write_vectors(VECTORS / "entry", (vector for maker in makers for vector in maker()))


if __name__ == "__main__":
    main()
