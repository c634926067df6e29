"""The sealed body: what a statement says, for the two parties only.

    body      = [1, [[party, key id, wrap], ...], sealed]
    sealed    = nonce (12) and AES-256-GCM of the padded contents
    padded    = length (4, big-endian), contents, zeros up to a power of two from 4 KiB to 128 KiB
    contents  = {"attachments": [...], "fields": {...}}

The secret is wrapped by HPKE to each party's sealing key and never used for anything else; key and nonce come from it.
The nonce depends on the contents too, so that a caller who seals two texts under one secret by mistake loses less, and
is compared on opening, so that contents have one sealing. AES-GCM by itself would let a forger make one ciphertext for
two keys; the opener in the signed header names one secret, and so one key.

Source: spec/statement-and-entry.md, "Body".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.errors import SealRefused
from keys.sealing import Opener, SealingPublicKey, opener_named
from keys.suite import WRAP_BYTES, suite_of_wrap
from protocol.canonical import Value, decode, encode, encode_sorted
from protocol.errors import BodyRefused, ComposeRefused, Malformed, NotUnderstood
from protocol.limits import (
    ATTACHMENT_NAME_CHARS_MAX,
    ATTACHMENTS_MAX,
    BODY_BUCKETS,
    BODY_BYTES_MAX,
    CONTENTS_BYTES_MAX,
    RECIPIENTS_MAX,
    SIZE_MAX,
)
from protocol.schema import Row, Table, array, hash32, integer, mapping, octets, party, row, text
from protocol.statement import Statement
from protocol.statement_secret import SECRET_BYTES, StatementSecret
from protocol.tagged import Hash, digest, tag_prefix

VERSION: Final = 1
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
LENGTH_BYTES: Final = 4

_SEALED_BYTES_MIN: Final = NONCE_BYTES + BODY_BUCKETS[0] + TAG_BYTES
_SEALED_BYTES_MAX: Final = NONCE_BYTES + BODY_BUCKETS[-1] + TAG_BYTES

_BODY: Final = Row(
    "body",
    {
        "version": integer(VERSION, VERSION),
        "wraps": array(row(party, hash32, octets(WRAP_BYTES[0], WRAP_BYTES[-1])), RECIPIENTS_MAX, 1),
        "sealed": octets(_SEALED_BYTES_MIN, _SEALED_BYTES_MAX),
    },
)

_ATTACHMENT: Final = Table(
    "attachment",
    {"digest": hash32, "key": hash32, "name": text(ATTACHMENT_NAME_CHARS_MAX), "size": integer(0, SIZE_MAX)},
)

_CONTENTS: Final = Table("contents", {"attachments": array(mapping, ATTACHMENTS_MAX), "fields": mapping})

Recipient = tuple[str, SealingPublicKey]
"""Short name of a party and its sealing key."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened body.

    Attributes:
        secret: what opens it, to be kept by whoever may open it again.
        fields: values by name; a field that is absent is not there.
        attachments: maps of digest, key, name and size.
    """

    secret: StatementSecret
    fields: dict[str, Value]
    attachments: tuple[dict[str, Any], ...]

    def __repr__(self) -> str:
        return f"Opened({self.secret!r}, {len(self.fields)} fields)"


def padded_length(length: int) -> int:
    """How many bytes contents of that length take once padded.

    Raises:
        ComposeRefused: `contents-too-large`.
    """
    for bucket in BODY_BUCKETS:
        if LENGTH_BYTES + length <= bucket:
            return bucket
    raise ComposeRefused("contents-too-large", "body", f"{length} bytes, at most {CONTENTS_BYTES_MAX} can be sealed")


def wrap_info(*, channel: bytes, author: str, statement_id: bytes, recipient: str, key_id: bytes) -> bytes:
    """What a wrapped secret is bound to: type and version, channel, author, statement, recipient and key."""
    return tag_prefix("body-wrap") + encode_sorted([VERSION, channel, author, statement_id, recipient, key_id])


def seal_body(
    contents: Mapping[str, Value],
    *,
    secret: StatementSecret,
    author: str,
    recipients: Sequence[Recipient],
) -> bytes:
    """Seal the contents of a statement.

    Args:
        contents: `{"fields": {...}, "attachments": [...]}`.
        secret: fresh for this statement; it knows the channel and the statement id.
        author: short name of the party that speaks.
        recipients: both parties with their sealing keys.

    Returns:
        The bytes of the body.

    Raises:
        ComposeRefused: `contents-too-large`, `bad-contents` or `bad-recipients`.
    """
    try:
        plain = encode(contents)
        _check_contents_shape(decode(plain, bytes_max=CONTENTS_BYTES_MAX))
    except Malformed as error:
        code = "contents-too-large" if error.code == "too-large" else "bad-contents"
        raise ComposeRefused(code, error.where, error.code) from error
    except NotUnderstood as error:
        raise ComposeRefused("bad-contents", error.where) from error
    except (TypeError, ValueError) as error:
        raise ComposeRefused("bad-contents", "contents", str(error)) from error
    if not 1 <= len(recipients) <= RECIPIENTS_MAX or len({key.key_id for _, key in recipients}) < len(recipients):
        raise ComposeRefused("bad-recipients", "body", f"1 to {RECIPIENTS_MAX} different sealing keys")
    padded = len(plain).to_bytes(LENGTH_BYTES, "big") + plain
    padded += bytes(padded_length(len(plain)) - len(padded))
    nonce = _nonce(secret, padded)
    sealed = nonce + AESGCM(secret.derive("contents")).encrypt(nonce, padded, _associated(secret, author))
    wraps = []
    for short, key in recipients:
        info = wrap_info(
            channel=secret.channel,
            author=author,
            statement_id=secret.statement_id,
            recipient=short,
            key_id=key.key_id,
        )
        wraps.append([short, key.key_id, key.wrap(secret.raw, info)])
    return encode_sorted([VERSION, wraps, sealed])


def check_named(statement: Statement, body: bytes) -> None:
    """Check that a body is the one that a header names.

    Raises:
        BodyRefused: `no-body` where the header names none, or `other-body`.
    """
    if statement.body_digest is None:
        raise BodyRefused("no-body", "body", "the header names none")
    if len(body) != statement.body_length or digest(body) != statement.body_digest:
        raise BodyRefused("other-body", "body", "not of the digest and length in the header")


def open_body(statement: Statement, body: bytes, *, party: str, key: Opener) -> Opened:
    """Open a sealed body with a party's sealing key, the one in force or the one before that it was sealed to.

    Args:
        statement: its header.
        body: its bytes, as they came.
        party: short name of the party that opens.
        key: its sealing key.

    Returns:
        The secret and the contents. Commitments are not looked at; see `compose.check_contents`.

    Raises:
        BodyRefused: `no-body`, `other-body`, `body-malformed`, `body-not-understood`, `not-for-us` where no wrap is to
            a key of the party's, `other-suite` where a wrap is of another suite than the key, `wrap-refused`,
            `other-secret` or `body-damaged`.

    Source: spec/statement-and-entry.md, "Opening", steps 1 to 7.
    """
    check_named(statement, body)
    wraps, sealed = _parse(body)
    suite = key.public.suite
    if suite_of_wrap(len(wraps[0][2])) is not suite:
        raise BodyRefused("other-suite", "body.wraps", f"they are not of {suite.sealing.algorithm}")
    ours = [(held, wrap) for short, key_id, wrap in wraps if short == party and (held := opener_named(key, key_id))]
    if not ours:
        name = key.public.key_id.hex()[:16]
        raise BodyRefused("not-for-us", "body", f"no wrap to the sealing key {name} of {party}, or to one before it")
    opener, wrap = ours[0]
    info = wrap_info(
        channel=statement.channel,
        author=statement.party,
        statement_id=statement.id,
        recipient=party,
        key_id=opener.public.key_id,
    )
    try:
        raw = opener.unwrap(wrap, info)
    except SealRefused as error:
        raise BodyRefused("wrap-refused", "body") from error
    return _open(statement, sealed, raw)


def open_with_secret(statement: Statement, body: bytes, secret: bytes) -> Opened:
    """Open a sealed body with the statement's secret, as its author or an auditor who was given it.

    Args:
        statement: its header.
        body: its bytes.
        secret: 32 bytes.

    Raises:
        BodyRefused: as `open_body`, without what concerns the wraps.
    """
    check_named(statement, body)
    _, sealed = _parse(body)
    return _open(statement, sealed, secret)


def recipients_of(body: bytes) -> tuple[tuple[str, Hash], ...]:
    """To whom a body is sealed: party and key id of each wrap, as written in it and not proved.

    Raises:
        BodyRefused: `body-malformed`, `body-not-understood`, or `other-suite` where wraps are of two.
    """
    wraps, _ = _parse(body)
    return tuple((short, key_id) for short, key_id, _ in wraps)


def _parse(body: bytes) -> tuple[list[tuple[str, bytes, bytes]], bytes]:
    """The wraps and the sealed contents of a body."""
    try:
        value: Any = decode(body, bytes_max=BODY_BYTES_MAX)
        if type(value) is list and value and type(value[0]) is int and value[0] != VERSION:
            raise BodyRefused("body-not-understood", "body.version", f"version {value[0]}")
        _BODY.check(value)
    except Malformed as error:
        raise BodyRefused("body-malformed", error.where, error.code) from error
    _, wraps, sealed = value
    suites = {suite_of_wrap(len(wrap)) for _, _, wrap in wraps}
    if None in suites:
        raise BodyRefused("body-malformed", "body.wraps", "a wrap of a length that no suite has")
    if len(suites) > 1:
        raise BodyRefused("other-suite", "body.wraps", "wraps of two suites")
    return [(short, key_id, wrap) for short, key_id, wrap in wraps], sealed


def _open(statement: Statement, sealed: bytes, raw: bytes) -> Opened:
    """Open the contents under a secret that has still to show that it is the one in the header."""
    if len(raw) != SECRET_BYTES:
        raise BodyRefused("other-secret", "header.opener")
    secret = StatementSecret(raw, channel=statement.channel, statement_id=statement.id)
    if statement.opener is None or not compare_digest(secret.opener, statement.opener):
        raise BodyRefused("other-secret", "header.opener", "the secret is not the one that the header names")
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        padded = AESGCM(secret.derive("contents")).decrypt(nonce, ciphertext, _associated(secret, statement.party))
    except InvalidTag as error:
        raise BodyRefused("body-damaged", "body.sealed") from error
    length = int.from_bytes(padded[:LENGTH_BYTES], "big")
    if length > CONTENTS_BYTES_MAX or padded_length(length) != len(padded) or any(padded[LENGTH_BYTES + length :]):
        raise BodyRefused("body-malformed", "contents", "padding")
    if not compare_digest(_nonce(secret, padded), nonce):
        raise BodyRefused("body-malformed", "body.sealed", "nonce")
    try:
        contents = decode(padded[LENGTH_BYTES : LENGTH_BYTES + length], bytes_max=CONTENTS_BYTES_MAX)
        checked = _check_contents_shape(contents)
    except Malformed as error:
        raise BodyRefused("body-malformed", error.where or "contents", error.code) from error
    except NotUnderstood as error:
        raise BodyRefused("body-not-understood", error.where) from error
    return Opened(secret, checked["fields"], tuple(checked["attachments"]))


def _check_contents_shape(value: Value) -> dict[str, Any]:
    """The contents, where they are fields and attachments and nothing else."""
    contents: dict[str, Any] = _CONTENTS.check(value)
    for attachment in contents["attachments"]:
        _ATTACHMENT.check(attachment)
    if None in contents["fields"].values():
        # Absent and nil would be two spellings of one thing.
        raise Malformed("bad-field", "contents.fields", "an absent field is left out")
    return contents


def _nonce(secret: StatementSecret, padded: bytes) -> bytes:
    """The nonce for these contents under this secret."""
    return hmac_digest(secret.derive("nonce"), padded, "sha256")[:NONCE_BYTES]


def _associated(secret: StatementSecret, author: str) -> bytes:
    """What the contents are bound to beside their key."""
    return tag_prefix("body") + encode_sorted([VERSION, secret.channel, author, secret.statement_id])
