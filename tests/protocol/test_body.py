"""Sealed bodies: opened by the two parties, or by the secret, and by nobody else."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.body import (
    Opened,
    _associated,
    _nonce,
    open_body,
    open_with_secret,
    padded_length,
    recipients_of,
    seal_body,
)
from protocol.canonical import decode, encode
from protocol.errors import BodyRefused, ComposeRefused
from protocol.limits import BODY_BUCKETS, BODY_BYTES_MAX, CONTENTS_BYTES_MAX
from protocol.statement import Statement
from protocol.statement_secret import StatementSecret
from protocol.tagged import digest
from tests.protocol.statement_samples import CHANNEL, SECRET, STATEMENT_ID, sample_setting, sample_statement, sealing

BOUND = StatementSecret(SECRET, channel=CHANNEL, statement_id=STATEMENT_ID)
RECIPIENTS = sample_setting().recipients
FIELDS = {"summary": "Ports are slow.", "count": 3}
ATTACHMENT = {"digest": bytes(32), "key": bytes(32), "name": "log.txt", "size": 17}


def sealed(fields: Any = FIELDS, attachments: Any = ()) -> bytes:
    """A body with these contents."""
    contents = {"attachments": list(attachments), "fields": fields}
    return seal_body(contents, secret=BOUND, author="ARC", recipients=RECIPIENTS)


def header(body: bytes, **changes: Any) -> Statement:
    """A header that names a body."""
    return sample_statement(
        **{"body_digest": digest(body), "body_length": len(body), "opener": BOUND.opener, **changes}
    )


@pytest.mark.parametrize("party", ["ARC", "BOR"])
def test_both_parties_open_the_same(party: str) -> None:
    """Each with its own sealing key; both get the secret and the same contents."""
    body = sealed(attachments=[ATTACHMENT])
    opened = open_body(header(body), body, party=party, key=sealing(party))
    assert opened.fields == FIELDS
    assert opened.attachments == (ATTACHMENT,)
    assert opened.secret.raw == SECRET


def test_what_was_sealed_to_a_key_before_opens() -> None:
    """With the key that the wrap names, whichever is in force; not where that one is gone."""
    body = sealed()
    new = replace(sealing("another"), before=(sealing("yet another"), sealing("BOR")))
    assert open_body(header(body), body, party="BOR", key=new).fields == FIELDS
    with pytest.raises(BodyRefused) as refused:
        open_body(header(body), body, party="BOR", key=sealing("another"))
    assert refused.value.code == "not-for-us"


def test_the_secret_opens_it_too() -> None:
    """For the author, and for whoever is given the secret later."""
    body = sealed()
    assert open_with_secret(header(body), body, SECRET).fields == FIELDS


def test_a_third_party_cannot_open_it() -> None:
    """There is no wrap to another key, nor to a party's key under the other's name."""
    body = sealed()
    for party, key in (("CAS", sealing("CAS")), ("ARC", sealing("CAS")), ("BOR", sealing("ARC"))):
        with pytest.raises(BodyRefused, match="not-for-us"):
            open_body(header(body), body, party=party, key=key)


@pytest.mark.parametrize("change", [{"id": bytes(16)}, {"channel": bytes(32)}, {"party": "BOR"}])
def test_a_wrap_is_of_one_statement_channel_and_author(change: dict[str, Any]) -> None:
    """A body put under another header does not open."""
    body = sealed()
    with pytest.raises(BodyRefused, match="wrap-refused"):
        open_body(header(body, **change), body, party="BOR", key=sealing("BOR"))


def test_a_wrap_of_another_secret_is_found_out() -> None:
    """An author cannot give the counterpart another secret than the one in the signed header."""
    body = sealed()
    with pytest.raises(BodyRefused, match="other-secret"):
        open_body(header(body, opener=bytes(32)), body, party="BOR", key=sealing("BOR"))


def test_any_changed_byte_of_the_body_is_refused() -> None:
    """By the digest in the header; and, where that is changed too, by the opener's own wrap or the cipher."""
    body = bytearray(sealed())
    statement = header(bytes(body))
    for place in (0, 1, 5, 60, 1_000, len(body) // 2, len(body) - 1):
        body[place] ^= 1
        with pytest.raises(BodyRefused, match="other-body"):
            open_with_secret(statement, bytes(body), SECRET)
        with pytest.raises(BodyRefused):
            open_body(header(bytes(body)), bytes(body), party="ARC", key=sealing("ARC"))
        body[place] ^= 1


@settings(max_examples=30)
@given(st.integers(0, 20_000))
def test_only_the_bucket_shows(length: int) -> None:
    """Bodies of one bucket are equally long, and the bucket is the smallest that holds the contents."""
    fields = {"text": "x" * length}
    bucket = padded_length(len(encode({"attachments": [], "fields": fields})))
    body = sealed(fields)
    assert len(body) - bucket == len(sealed({})) - BODY_BUCKETS[0]
    assert open_with_secret(header(body), body, SECRET).fields == fields


def test_the_largest_contents_fit_and_one_byte_more_does_not() -> None:
    """The limit is a limit of the contents, and the body stays within its own."""
    room = CONTENTS_BYTES_MAX - len(encode({"attachments": [], "fields": {"t": b""}})) - 3
    body = sealed({"t": bytes(room)})
    assert len(body) <= BODY_BYTES_MAX
    assert open_with_secret(header(body), body, SECRET).fields == {"t": bytes(room)}
    with pytest.raises(ComposeRefused, match="contents-too-large"):
        sealed({"t": bytes(room + 1)})


def test_sealing_is_told_by_its_wraps() -> None:
    """Whoever holds a body sees to which keys it is sealed."""
    assert recipients_of(sealed()) == tuple((short, key.key_id) for short, key in RECIPIENTS)


def test_contents_of_another_shape_are_not_sealed() -> None:
    """Absent fields are left out, attachments are whole, recipients are different."""
    for fields, attachments in (({"a": None}, ()), (FIELDS, [{"name": "x"}]), (FIELDS, [{**ATTACHMENT, "extra": 1}])):
        with pytest.raises(ComposeRefused, match="bad-contents"):
            sealed(fields, attachments)
    contents: Any = {"attachments": [], "fields": {}}
    for recipients in ((), (RECIPIENTS[0], RECIPIENTS[0])):
        with pytest.raises(ComposeRefused, match="bad-recipients"):
            seal_body(contents, secret=BOUND, author="ARC", recipients=recipients)


def test_a_body_that_was_sealed_carelessly_is_refused() -> None:
    """Padding that is not zeros, a wrong length, a nonce of its own and a second spelling are all found."""
    wraps: Any = decode(sealed(), bytes_max=BODY_BYTES_MAX)
    plain = encode({"attachments": [], "fields": {}})
    size = BODY_BUCKETS[0]

    def body_of(padded: bytes, nonce: bytes | None = None) -> bytes:
        used = _nonce(BOUND, padded) if nonce is None else nonce
        box = AESGCM(BOUND.derive("contents")).encrypt(used, padded, _associated(BOUND, "ARC"))
        return encode([1, wraps[1], used + box])

    length = len(plain).to_bytes(4, "big")
    good = (length + plain).ljust(size, b"\0")
    assert open_with_secret(header(body_of(good)), body_of(good), SECRET).fields == {}
    spelled = b"\xde\x00\x02" + plain[1:]
    for bad in (
        body_of(good[:-1] + b"\x01"),
        body_of(good, nonce=bytes(12)),
        body_of((length + plain).ljust(2 * size, b"\0")),
        body_of(b"\xff\xff\xff\xff" + good[4:]),
        body_of((len(spelled).to_bytes(4, "big") + spelled).ljust(size, b"\0")),
        body_of((len(plain) + 1).to_bytes(4, "big") + good[4:]),
    ):
        with pytest.raises(BodyRefused, match="body-malformed"):
            open_with_secret(header(bad), bad, SECRET)


def test_opened_contents_do_not_show_themselves() -> None:
    """Content in a log line or a traceback would be a leak."""
    body = sealed()
    assert "Ports" not in repr(open_with_secret(header(body), body, SECRET))
    assert isinstance(open_with_secret(header(body), body, SECRET), Opened)
