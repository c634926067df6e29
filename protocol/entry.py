"""What is logged: a statement's bytes, the signatures on them, the time, and how far the other log was held.

    entry = [1, statement, [[signer, role, algorithm, value], ...], logged_at_ms, [size, root]]

in the canonical encoding, at most 65,535 bytes. Its leaf hash names it everywhere else.

Source: spec/statement-and-entry.md, "Entry".
"""

from dataclasses import dataclass
from typing import Final

from protocol.canonical import decode, encode_sorted
from protocol.errors import Malformed, NotUnderstood
from protocol.limits import ENTRY_BYTES_MAX, SIGNATURES_MAX, STATEMENT_BYTES_MAX
from protocol.schema import Row, array, integer, octets, time_ms
from protocol.signature import Signature, signature_row
from protocol.statement import LogState, Statement, log_state

VERSION: Final = 1

_ENTRY: Final = Row(
    "entry",
    {
        "version": integer(VERSION, VERSION),
        "statement": octets(1, STATEMENT_BYTES_MAX),
        "signatures": array(signature_row, SIGNATURES_MAX),
        "logged_at_ms": time_ms,
        "held": log_state,
    },
)


def _check_version(data: bytes) -> None:
    """Whether what cannot be read is of another version.

    Raises:
        NotUnderstood: it is; the rest was not looked at.
        Malformed: it is not even canonical.
    """
    value = decode(data, bytes_max=ENTRY_BYTES_MAX)
    if type(value) is list and value and type(value[0]) is int and value[0] != VERSION:
        raise NotUnderstood("entry.version", f"version {value[0]}, this program knows {VERSION}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a log.

    Attributes:
        statement: the signed bytes, kept as they came and not yet parsed.
        signatures: who signed them; no two by the same signer in the same role.
        logged_at_ms: when the node appended it, UTC milliseconds.
        held: size and root of the other party's log as this node held it then.
        version: of this format.
    """

    statement: bytes
    signatures: tuple[Signature, ...]
    logged_at_ms: int
    held: LogState
    version: int = VERSION

    def encode(self) -> bytes:
        """The bytes that are logged.

        Raises:
            Malformed: `too-large`: more than an entry may have.
        """
        data = encode_sorted(
            [
                self.version,
                self.statement,
                [(item.signer, item.role, item.algorithm, item.value) for item in self.signatures],
                self.logged_at_ms,
                self.held,
            ]
        )
        if len(data) > ENTRY_BYTES_MAX:
            raise Malformed("too-large", "entry", f"{len(data)} bytes, at most {ENTRY_BYTES_MAX} are logged")
        return data

    @classmethod
    def parse(cls, data: bytes) -> "Entry":
        """Read an entry strictly. The statement inside is not looked at; see `parse_statement`.

        Args:
            data: the bytes of one leaf.

        Returns:
            An entry whose `encode()` gives `data`.

        Raises:
            NotUnderstood: a version other than 1; the rest was not looked at.
            Malformed: a code of `canonical.decode`, `bad-type`, `bad-field` or `doubled-signature`.
        """
        try:
            _, statement, rows, logged_at_ms, held = _ENTRY.read(data, bytes_max=ENTRY_BYTES_MAX)
        except Malformed:
            _check_version(data)
            raise
        signatures = tuple([Signature(*item) for item in rows])
        if len(signatures) > 1 and len({(item.signer, item.role) for item in signatures}) < len(signatures):
            raise Malformed("doubled-signature", "entry.signatures")
        return cls(statement=statement, signatures=signatures, logged_at_ms=logged_at_ms, held=LogState(*held))

    def parse_statement(self) -> Statement:
        """Read the statement inside.

        Raises:
            NotUnderstood, Malformed: as `Statement.parse`.
        """
        return Statement.parse(self.statement)
