"""Succession files: what people hand over so that both nodes begin the successor of a log.

A succession file holds entry 0 of the successor, as it stands there, and after it the rosters that the log before does
not have, the last of which brings the successor. Persons sign the statement and roots each roster; nothing in it is
secret. The form is canonical msgpack:

    ["hotline-succession", 1, signed statement, [signed roster, ...]]

An attestation is what the counterpart gives beforehand: its last cosignature of the log, and where they are wanted, the
entries of its mirror from one place on, with their bodies:

    ["hotline-attestation", 1, note, start, [[entry, body or nil], ...]]

Source: spec/succession.md, "Files".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from keys.errors import KeysError
from keys.root_set import VERSION_MAX
from keys.roster import Roster
from keys.roster import parse as parse_roster
from nodes.errors import NodeError
from nodes.signed import SIGNED_BYTES_MAX, SignedRefused, SignedStatement
from protocol import canonical
from protocol.errors import ProtocolError
from protocol.limits import ENTRY_BYTES_MAX, SIZE_MAX
from protocol.statement import Statement
from protocol.succession import SUCCESSION_KIND, Succession, parse_succession

ROSTERS_MAX: Final = 16
FILE_BYTES_MAX: Final = (1 + ROSTERS_MAX) * SIGNED_BYTES_MAX + 8 * 1024 * 1024
"""Eight megabytes for root sets: 256 versions of three roots."""
ATTESTED_BYTES_MAX: Final = 64 * 1024 * 1024
"""Some ten thousand entries with small bodies. What is wanted of a mirror is where two pasts part and after."""

ATTESTED_MAX: Final = 100_000


class SuccessionFileRefused(NodeError):
    """A file that is no succession or attestation, or that does not hold."""

    def __init__(self, text: str, code: str = "succession-refused") -> None:
        super().__init__(code, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessionFile:
    """A succession with the rosters that go with it.

    Attributes:
        signed: the statement of entry 0, its signatures, and the document as its body.
        rosters: signed statements of the rosters, in order.
        root_sets: signed statements of the party's root sets that count, from version 2 on: what the rosters are
            verified by, for those who only have the agreement.
        succession: the document (made here).
    """

    signed: SignedStatement
    rosters: tuple[SignedStatement, ...]
    root_sets: tuple[SignedStatement, ...] = ()

    @property
    def statement(self) -> Statement:
        """The statement of entry 0."""
        return Statement.parse(self.signed.statement)

    @property
    def succession(self) -> Succession:
        """The document."""
        return parse_succession(self.signed.body or b"")

    def version(self, party: str) -> int:
        """Version of the roster that brings the successor.

        Raises:
            SuccessionFileRefused: the last roster is none.
        """
        return self.roster(party).version

    def roster(self, party: str) -> Roster:
        """The roster that brings the successor; who signed it is checked elsewhere.

        Raises:
            SuccessionFileRefused: it is none of that party.
        """
        try:
            roster = parse_roster(self.rosters[-1].body or b"")
        except KeysError as error:
            raise SuccessionFileRefused(f"the last roster in the file is none: {error}") from error
        if roster.party != party:
            raise SuccessionFileRefused(f"the last roster in the file is of {roster.party}")
        return roster

    def encode(self) -> bytes:
        """Give the file's bytes."""
        rosters, sets = ([one.encode() for one in listed] for listed in (self.rosters, self.root_sets))
        if not sets:
            return canonical.encode(["hotline-succession", 1, self.signed.encode(), rosters])
        return canonical.encode(["hotline-succession", 2, self.signed.encode(), rosters, sets])

    @classmethod
    def parse(cls, data: bytes) -> SuccessionFile:
        """Read a file strictly. Who signed what is checked by `nodes.succession`.

        Raises:
            SuccessionFileRefused: it is none.
        """
        sets: list[object] = []
        match _decode(data, FILE_BYTES_MAX, items_max=64 + VERSION_MAX):
            case ["hotline-succession", 1, bytes(signed), list(rosters)]:
                pass
            case ["hotline-succession", 2, bytes(signed), list(rosters), list(sets)] if 0 < len(sets) < VERSION_MAX:
                pass
            case _:
                raise SuccessionFileRefused("this is not a succession file of version 1 or 2")
        if not 1 <= len(rosters) <= ROSTERS_MAX:
            raise SuccessionFileRefused(f"a succession file has 1 to {ROSTERS_MAX} rosters")
        try:
            made = cls(
                signed=SignedStatement.parse(signed),
                rosters=tuple(SignedStatement.parse(one if type(one) is bytes else b"") for one in rosters),
                root_sets=tuple(SignedStatement.parse(one if type(one) is bytes else b"") for one in sets),
            )
            statement, succession = made.statement, made.succession
        except (SignedRefused, ProtocolError) as error:
            raise SuccessionFileRefused(f"what is in the succession file does not read: {error}") from error
        if statement.kind != SUCCESSION_KIND or statement.party != succession.party:
            raise SuccessionFileRefused("the statement in the file is no succession of that party")
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What the counterpart gives: how far it cosigned the log, and entries of its mirror.

    Attributes:
        note: its last cosignature, four lines.
        start: index of the first entry given.
        entries: entries with their bodies; may be none.
    """

    note: bytes
    start: int
    entries: tuple[tuple[bytes, bytes | None], ...]

    def encode(self) -> bytes:
        """Give the file's bytes."""
        return canonical.encode(
            ["hotline-attestation", 1, self.note, self.start, [[entry, body] for entry, body in self.entries]]
        )

    @classmethod
    def parse(cls, data: bytes) -> Attestation:
        """Read a file strictly; nothing of it is verified yet.

        Raises:
            SuccessionFileRefused: it is none.
        """
        match _decode(data, ATTESTED_BYTES_MAX, items_max=3 * ATTESTED_MAX + 8):
            case ["hotline-attestation", 1, bytes(note), int(start), list(rows)] if 0 <= start <= SIZE_MAX:
                pass
            case _:
                raise SuccessionFileRefused("this is not an attestation of version 1")
        entries: list[tuple[bytes, bytes | None]] = []
        for row in rows:
            match row:
                case [bytes(entry), None | bytes() as body] if len(entry) <= ENTRY_BYTES_MAX:
                    entries.append((entry, body))
                case _:
                    raise SuccessionFileRefused("an entry in the attestation is of another form")
        return cls(note=note, start=start, entries=tuple(entries))


def _decode(data: bytes, bytes_max: int, *, items_max: int = 64) -> object:
    try:
        value = canonical.decode(data, bytes_max=bytes_max, items_max=items_max)
    except ProtocolError as error:
        raise SuccessionFileRefused(f"this is no file of that kind: {error}") from error
    if type(value) is list and bool in map(type, value):
        # To Python true is 1, and would be another spelling of a version.
        raise SuccessionFileRefused("this is no file of that kind: a truth value where a number belongs")
    return value
