"""Making a statement out of a kind, values and choices, and checking that contents are what a statement commits to.

There are four shapes, and the kind decides which:

- a kind with fields has a sealed body, an opener and one commitment for each field, and facts in the header where
  the kind has any;
- a kind without fields has no body: there is nothing to seal, and everyone knows so;
- a document (`agreement`, `roster`) has its text, in the open, for a body;
- a machine kind has facts in the header, and no body.

Nothing is drawn at random and no clock is read: id, secret and times are given. Values are checked against the fields'
types before they come here; this module looks only at names.

Source: spec/statement-and-entry.md, "Shapes of a statement" and "Opening".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol.body import Opened, Recipient, check_named, open_with_secret, seal_body
from protocol.canonical import Value, encode
from protocol.commitment import commit_all
from protocol.errors import BodyRefused, CommitmentRefused, ComposeRefused, Malformed, NotUnderstood
from protocol.facts import check_open_facts
from protocol.kinds import Kind
from protocol.limits import BODY_BYTES_MAX
from protocol.statement import LogState, Statement
from protocol.statement_secret import StatementSecret
from protocol.tagged import Hash, digest

_NO_FIELDS: Final[Mapping[str, Value]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where a statement is made: what its author's node knows and the author does not choose.

    Attributes:
        channel: 32 bytes.
        party: short name of the party that speaks.
        agreement: digest of the agreement in force.
        catalogue: digest of the catalogue the agreement names.
        after: state of the own log.
        seen: state of the other party's log, as the author has it in view.
        recipients: both parties with their sealing keys; empty where nothing is sealed.
    """

    channel: Hash
    party: str
    agreement: Hash
    catalogue: Hash
    after: LogState
    seen: LogState
    recipients: tuple[Recipient, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A statement ready to be signed.

    Attributes:
        statement: its header.
        statement_bytes: what is signed and logged.
        body: bytes that go beside it, or None.
        secret: what opens the body, or None where nothing is sealed.
    """

    statement: Statement
    statement_bytes: bytes
    body: bytes | None
    secret: bytes | None

    def __repr__(self) -> str:
        return f"Composed({self.statement.kind} {self.statement.id.hex()})"


def compose(
    kind: Kind,
    setting: Setting,
    *,
    statement_id: bytes,
    secret: bytes | None,
    issued_at_ms: int,
    fields: Mapping[str, Value] = _NO_FIELDS,
    attachments: Sequence[Mapping[str, Any]] = (),
    facts: Mapping[str, Value] | None = None,
    document: bytes | None = None,
    status: str = "actual",
    precedence: str | None = None,
    language: str = "en",
    thread: Hash | None = None,
    in_reply_to: Hash | None = None,
    outcome: str | None = None,
    severity: int | None = None,
    aware_at_ms: int | None = None,
    release_by_ms: int | None = None,
    respond_by_ms: int | None = None,
    valid_until_ms: int | None = None,
) -> Composed:
    """Make a statement.

    Args:
        kind: from the catalogue.
        setting: channel, party, digests, log states and sealing keys.
        statement_id: 16 fresh random bytes.
        secret: 32 fresh random bytes; not looked at where nothing is sealed.
        issued_at_ms: the author's time, UTC milliseconds.
        fields: values by name; a field that is absent is left out or None.
        attachments: maps of digest, key, name and size.
        facts: for a machine kind, what it states; for one that persons sign, its facts that apply, or None for none.
        document: for a document, its exact text.
        precedence: as in the header; None for the kind's own default.
        status, language, thread, in_reply_to, outcome, severity, aware_at_ms, release_by_ms, respond_by_ms,
            valid_until_ms: as in the header.

    Returns:
        The statement, its bytes, and the body where there is one.

    Raises:
        ComposeRefused: `unknown-field`, `not-for-this-kind`, `document-missing`, `facts-missing`, `facts-unfit`,
            `bad-secret`, `bad-contents`, `contents-too-large`, `bad-recipients` or `bad-header`.
    """
    _check_shape(kind, fields, attachments, facts, document)
    body: bytes | None = document
    opener: Hash | None = None
    commitments: tuple[Hash, ...] = ()
    kept: bytes | None = None
    if kind.fields:
        if secret is None:
            raise ComposeRefused("bad-secret", "secret", "the kind has fields to seal")
        bound = StatementSecret(secret, channel=setting.channel, statement_id=statement_id)
        filled: dict[str, Value] = {name: value for name, value in fields.items() if value is not None}
        named: list[Value] = [dict(item) for item in attachments]
        body = seal_body(
            {"attachments": named, "fields": filled},
            secret=bound,
            author=setting.party,
            recipients=setting.recipients,
        )
        commitments = commit_all(bound, _in_order(kind, filled))
        opener, kept = bound.opener, secret
    statement = Statement(
        channel=setting.channel,
        party=setting.party,
        kind=kind.name,
        id=statement_id,
        thread=thread,
        in_reply_to=in_reply_to,
        outcome=outcome,
        status=status,
        precedence=kind.precedence if precedence is None else precedence,
        severity=severity,
        aware_at_ms=aware_at_ms,
        issued_at_ms=issued_at_ms,
        release_by_ms=release_by_ms,
        respond_by_ms=respond_by_ms,
        valid_until_ms=valid_until_ms,
        agreement=setting.agreement,
        catalogue=setting.catalogue,
        language=language,
        after=setting.after,
        seen=setting.seen,
        commitments=commitments,
        opener=opener,
        body_digest=None if body is None else digest(body),
        body_length=None if body is None else len(body),
        facts=None if facts is None else dict(facts),
    )
    try:
        # What this program makes it must also read: the parser is the check.
        statement_bytes = statement.encode()
        statement = Statement.parse(statement_bytes)
    except (Malformed, NotUnderstood, TypeError, ValueError, OverflowError) as error:
        where = error.where if isinstance(error, Malformed | NotUnderstood) else "header"
        raise ComposeRefused("bad-header", where, str(error)) from error
    return Composed(statement=statement, statement_bytes=statement_bytes, body=body, secret=kept)


def check_opened(statement: Statement, opened: Opened, kind: Kind) -> dict[str, Value]:
    """Check that opened contents are what the header commits to.

    Args:
        statement: the header.
        opened: its body, opened by whichever way.
        kind: the header's kind, from the catalogue that the header names.

    Returns:
        The values by name of field, each of them committed to. Absent fields are left out.

    Raises:
        CommitmentRefused: `wrong-count`, or `wrong-commitment` naming the field.
        BodyRefused: `unknown-field`: contents with a field that the kind does not have.

    Source: spec/statement-and-entry.md, "Opening", steps 8 to 10.
    """
    if len(statement.commitments) != len(kind.fields):
        raise CommitmentRefused("wrong-count", "header.commitments", f"the kind has {len(kind.fields)} fields")
    names = {item.name for item in kind.fields}
    if not names.issuperset(opened.fields):
        raise BodyRefused("unknown-field", "contents.fields")
    computed = commit_all(opened.secret, _in_order(kind, opened.fields))
    for item, expected, held in zip(kind.fields, computed, statement.commitments, strict=True):
        if expected != held:
            raise CommitmentRefused("wrong-commitment", item.name)
    return opened.fields


def check_contents(statement: Statement, secret: bytes | None, body: bytes | None, kind: Kind) -> dict[str, Value]:
    """Open a body with its secret and recompute every commitment, as an officer does before signing.

    Args:
        statement: the header.
        secret: 32 bytes, or None for a kind without fields.
        body: the bytes of the body, or None.
        kind: the header's kind.

    Returns:
        The values by name of field.

    Raises:
        BodyRefused: as `body.open_with_secret`, or `body-missing`, or `unexpected-body` for a kind that has none.
        CommitmentRefused: as `check_opened`.
    """
    if not kind.fields:
        if statement.commitments or statement.opener is not None or (body is not None and not kind.document):
            raise BodyRefused("unexpected-body", "body", "the kind has no fields")
        return {}
    if body is None or secret is None:
        raise BodyRefused("body-missing", "body")
    return check_opened(statement, open_with_secret(statement, body, secret), kind)


def check_document(statement: Statement, body: bytes) -> bytes:
    """Check that a text is the document that a statement carries.

    Returns:
        The text.

    Raises:
        BodyRefused: `no-body`, `other-body`, or `sealed-document` where the header has an opener or commitments.
    """
    check_named(statement, body)
    if statement.opener is not None or statement.commitments:
        raise BodyRefused("sealed-document", "header.opener", "a document is in the open")
    return body


def _in_order(kind: Kind, values: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    """Every field of the kind with its value, in the catalogue's order."""
    return tuple((item.name, values.get(item.name)) for item in kind.fields)


def _check_shape(
    kind: Kind,
    fields: Mapping[str, Value],
    attachments: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Value] | None,
    document: bytes | None,
) -> None:
    """Refuse what the kind has no place for, and miss what it cannot do without."""
    names = {item.name for item in kind.fields}
    for name in fields:
        if name not in names:
            raise ComposeRefused("unknown-field", name, f"{kind.name} has no such field")
    if attachments and not kind.fields:
        raise ComposeRefused("not-for-this-kind", "attachments", f"{kind.name} has no body to name them in")
    if kind.document is (document is None):
        code = "document-missing" if kind.document else "not-for-this-kind"
        raise ComposeRefused(code, "document", f"{kind.name} {'is' if kind.document else 'is not'} a document")
    if document is not None and not 0 < len(document) <= BODY_BYTES_MAX:
        raise ComposeRefused("contents-too-large", "document", f"1 to {BODY_BYTES_MAX} bytes")
    if kind.machine:
        if facts is None:
            raise ComposeRefused("facts-missing", "facts", f"{kind.name} states facts")
        return
    wrong = check_open_facts(kind.facts, kind.common_facts, facts)
    if wrong:
        stated = facts or {}
        code = "facts-missing" if all(name in kind.facts and name not in stated for name in wrong) else "facts-unfit"
        if not kind.facts and not kind.common_facts:
            code = "not-for-this-kind"
        raise ComposeRefused(code, "facts", f"{kind.name}: {', '.join(wrong)}")


def contents_length(fields: Mapping[str, Value]) -> int:
    """How many bytes the values take before padding, for a form that tells its user how much room is left."""
    return len(encode({"attachments": [], "fields": dict(fields)}))
