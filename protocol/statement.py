"""What a party says: the header of a statement, which everyone who may ever see the entry may read.

A statement is a canonical map with exactly the fields of `HEADER`, every one present, nil where it does not apply. The
signed bytes are kept as they came; because a second spelling is refused, encoding a parsed statement gives them again.

`agreement`, `roster` and their like are documents: their body is the exact text, in the open, and they have neither
commitments nor opener. A kind that a node may say alone states its matter in `facts` and has no body at all; one that
persons sign may have facts beside its body.

Source: spec/statement-and-entry.md, "Statement".
"""

import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from protocol.canonical import encode_sorted, ordered
from protocol.errors import Malformed
from protocol.limits import BODY_BYTES_MAX, COMMITMENTS_MAX, SEVERITY_MAX, SIZE_MAX, STATEMENT_BYTES_MAX
from protocol.schema import (
    Table,
    array,
    hash32,
    integer,
    mapping,
    matching,
    maybe,
    octets,
    one_of,
    party,
    row,
    time_ms,
    token,
)
from protocol.tagged import Hash, digest

ID_BYTES: Final = 16
ACTUAL: Final = "actual"
"""The status of what is meant."""

STATUSES: Final = (ACTUAL, "exercise", "test", "system")
PRECEDENCES: Final = ("flash", "immediate", "priority", "routine")
"""From the most urgent to the least."""

LANGUAGE_PATTERN: Final = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")
"""Language, script and region of BCP 47, in the letter case that it recommends."""


class LogState(NamedTuple):
    """How far a log goes: the number of entries, and the root hash over them (32 bytes)."""

    size: int
    root: Hash


EMPTY_LOG: Final = LogState(0, digest(b""))
"""The state of a log without entries; its root is the hash of nothing."""

log_state: Final = row(integer(0, SIZE_MAX), hash32)
"""Check for the state of a log in an encoding: [size, root]."""

HEADER: Final = Table(
    "header",
    {
        "after": log_state,
        "agreement": hash32,
        "aware_at_ms": maybe(time_ms),
        "body_digest": maybe(hash32),
        "body_length": maybe(octets(4)),
        "catalogue": hash32,
        "channel": hash32,
        "commitments": array(hash32, COMMITMENTS_MAX),
        "facts": maybe(mapping),
        "id": octets(ID_BYTES),
        "in_reply_to": maybe(hash32),
        "issued_at_ms": time_ms,
        "kind": token,
        "language": matching(LANGUAGE_PATTERN),
        "opener": maybe(hash32),
        "outcome": maybe(token),
        "party": party,
        "precedence": one_of(*PRECEDENCES),
        "release_by_ms": maybe(time_ms),
        "respond_by_ms": maybe(time_ms),
        "seen": log_state,
        "severity": maybe(integer(0, SEVERITY_MAX)),
        "status": one_of(*STATUSES),
        "thread": maybe(hash32),
        "valid_until_ms": maybe(time_ms),
    },
    open_fields=("facts",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement's header.

    Attributes:
        channel: 32 bytes, the pair of parties under their founding agreement.
        party: short name of the party that speaks.
        kind: name in the catalogue; one that this program does not know is kept and shown as not understood.
        id: 16 random bytes; a statement counts once.
        thread: leaf hash of the entry that opened the thread; None where this one opens it.
        in_reply_to: leaf hash of the entry answered.
        outcome: where the kind has outcomes, which one.
        status: `actual`, `exercise`, `test` or `system`.
        precedence: `flash`, `immediate`, `priority` or `routine`.
        severity: 0 to 5, or None where the kind has none.
        aware_at_ms: when the party became aware of the matter, UTC milliseconds.
        issued_at_ms: when the statement was made.
        release_by_ms: logged after this time it does not count.
        respond_by_ms: when an answer is asked for.
        valid_until_ms: when it lapses by itself.
        agreement: digest of the agreement in force.
        catalogue: digest of the catalogue by which it was written.
        language: language of its text.
        after: the own log that the statement belongs to; in a log with another past it is void.
        seen: the other party's log that its author had in view. It is shown and orders nothing.
        commitments: one hash for each field of the kind, in the catalogue's order.
        opener: hash of the secret that opens the body; None where there is none, and for documents.
        body_digest: SHA-256 of the body's bytes; None where there is no body.
        body_length: number of the body's bytes; None where there is no body.
        facts: what is stated in the open: all that a machine kind has to say, or what moves a procedure, a clock or a
            rule of authority beside a body.
    """

    channel: Hash
    party: str
    kind: str
    id: bytes
    thread: Hash | None = None
    in_reply_to: Hash | None = None
    outcome: str | None = None
    status: str
    precedence: str
    severity: int | None = None
    aware_at_ms: int | None = None
    issued_at_ms: int
    release_by_ms: int | None = None
    respond_by_ms: int | None = None
    valid_until_ms: int | None = None
    agreement: Hash
    catalogue: Hash
    language: str
    after: LogState
    seen: LogState
    commitments: tuple[Hash, ...] = ()
    opener: Hash | None = None
    body_digest: Hash | None = None
    body_length: int | None = None
    facts: dict[str, Any] | None = None

    @property
    def opens_thread(self) -> bool:
        """Whether this statement opens its thread, which then has its leaf hash for a name."""
        return self.thread is None

    def encode(self) -> bytes:
        """The canonical bytes, the ones that are signed.

        Raises:
            ValueError, TypeError: `facts` holds what the encoding cannot; our own mistake.
        """
        # The fields stand in the order of their names: nothing is left to sort.
        return encode_sorted(
            {
                "after": self.after,
                "agreement": self.agreement,
                "aware_at_ms": self.aware_at_ms,
                "body_digest": self.body_digest,
                "body_length": None if self.body_length is None else self.body_length.to_bytes(4, "big"),
                "catalogue": self.catalogue,
                "channel": self.channel,
                "commitments": self.commitments,
                "facts": None if self.facts is None else ordered(self.facts),
                "id": self.id,
                "in_reply_to": self.in_reply_to,
                "issued_at_ms": self.issued_at_ms,
                "kind": self.kind,
                "language": self.language,
                "opener": self.opener,
                "outcome": self.outcome,
                "party": self.party,
                "precedence": self.precedence,
                "release_by_ms": self.release_by_ms,
                "respond_by_ms": self.respond_by_ms,
                "seen": self.seen,
                "severity": self.severity,
                "status": self.status,
                "thread": self.thread,
                "valid_until_ms": self.valid_until_ms,
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> "Statement":
        """Read a statement strictly.

        Args:
            data: the signed bytes, as they stand in an entry.

        Returns:
            A statement whose `encode()` gives `data`.

        Raises:
            NotUnderstood: a header field that this program does not know.
            Malformed: a code of `canonical.decode`, `missing-field`, `bad-field`, or `inconsistent-header`.
        """
        header = HEADER.read(data, bytes_max=STATEMENT_BYTES_MAX)
        header["after"] = LogState(*header["after"])
        header["seen"] = LogState(*header["seen"])
        header["commitments"] = tuple(header["commitments"])
        length = header["body_length"]
        if length is not None:
            header["body_length"] = int.from_bytes(length, "big")
        statement = cls(**header)
        statement.check()
        return statement

    def check(self) -> None:
        """Check what fields say of one another.

        Raises:
            Malformed: `inconsistent-header`: a body with digest but no length or the other way about, a body beyond
                the limit, commitments or an opener without a body, commitments without an opener.
        """
        if self.body_digest is None or self.body_length is None:
            if self.body_digest is not None or self.body_length is not None:
                raise Malformed("inconsistent-header", "header.body_length", "a digest and a length come together")
            if self.commitments or self.opener is not None:
                raise Malformed("inconsistent-header", "header.opener", "without a body nothing is committed to")
            return
        if not 0 < self.body_length <= BODY_BYTES_MAX:
            raise Malformed("inconsistent-header", "header.body_length", "no body has that length")
        if self.opener is None and self.commitments:
            raise Malformed("inconsistent-header", "header.opener", "commitments need the secret that opens them")
