"""A statement of ours that has no place yet, as the store keeps it, with what is known of it beside its bytes.

    draft      a signature is missing, or a person has to look first
    held-back  complete, and to be released at its time unless somebody cancels it
    queue      complete, while the node may sign nothing new
    refused    complete, and not to be logged any more
    closed     somebody refused or cancelled it; nobody can sign it any more
    review     logged by one person in an emergency; another has yet to review it

One that nothing is known of is its signed record alone, as earlier releases kept each. Another is canonical msgpack:
["hotline-kept", 1, {"act", "automated", "closed_ms", "hold", "person", "until_ms"}, signed record].

Source: spec/local-api.md, "Drafts".
"""

from __future__ import annotations

from dataclasses import dataclass

from nodes.signed import SIGNED_BYTES_MAX, SignedRefused, SignedStatement
from protocol import canonical
from protocol.errors import ProtocolError

DRAFT, QUEUE, REFUSED, HELD_BACK, CLOSED, REVIEW = "draft", "queue", "refused", "held-back", "closed", "review"

_MAGIC, _VERSION = "hotline-kept", 1
_BYTES_MAX = 2 * SIGNED_BYTES_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A statement that waits, was closed, or is to be reviewed.

    Attributes:
        signed: its bytes, signatures and body.
        automated: whether a program put it in.
        person: who brought it, closed it or released it; 0 where nothing is known.
        hold: why it waits: `window`, or for a person's check `rate`, `anomaly` or `restored`; None for not at all.
        until_ms: when it is released, or is to be reviewed by; UTC milliseconds, or None for no time.
        closed_ms: when it was closed, UTC milliseconds, or None.
        act: the signed record of the journal act that closed it, or None.
    """

    signed: SignedStatement
    automated: bool = False
    person: int = 0
    hold: str | None = None
    until_ms: int | None = None
    closed_ms: int | None = None
    act: bytes | None = None

    @property
    def checked(self) -> bool:
        """Whether no person has to look first."""
        return self.hold in (None, "window")

    def encode(self) -> bytes:
        """Give the record."""
        about: dict[str, canonical.Value] = {
            "act": self.act,
            "automated": self.automated,
            "closed_ms": self.closed_ms,
            "hold": self.hold,
            "person": self.person,
            "until_ms": self.until_ms,
        }
        signed = self.signed.encode()
        if self == Kept(signed=self.signed):
            return signed
        return canonical.encode([_MAGIC, _VERSION, about, signed])

    @classmethod
    def parse(cls, data: bytes) -> Kept:
        """Read a record.

        Raises:
            SignedRefused: it is none.
        """
        try:
            value = canonical.decode(data, bytes_max=_BYTES_MAX)
        except ProtocolError as error:
            raise SignedRefused("statement-file-malformed", f"not a statement that waits: {error}") from error
        match value:
            case [
                "hotline-kept",
                1,
                {
                    "act": None | bytes() as act,
                    "automated": bool(automated),
                    "closed_ms": None | int() as closed_ms,
                    "hold": None | str() as hold,
                    "person": int(person),
                    "until_ms": None | int() as until_ms,
                },
                bytes(signed),
            ]:
                kept = cls(
                    signed=SignedStatement.parse(signed),
                    automated=automated,
                    person=person,
                    hold=hold,
                    until_ms=until_ms,
                    closed_ms=closed_ms,
                    act=act,
                )
                # `true` equals 1, and a record without anything beside it has another form.
                if kept.encode() != data:
                    raise SignedRefused("statement-file-malformed", "a second spelling of a statement that waits")
                return kept
            case _:
                return cls(signed=SignedStatement.parse(data))
