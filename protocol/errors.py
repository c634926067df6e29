"""What can go wrong in this package, as data.

    ProtocolError                  base of every error of `protocol`
    +-- Malformed                  bytes that are not what the format says; `code` names how
    +-- NotUnderstood              a version or a field that this program does not know: keep it and show it
    +-- BodyRefused                a body that does not open, or whose contents are not what the header names
    +-- CommitmentRefused          a field that is not the one committed to
    +-- BadSignature               a signature on a statement that does not verify
    +-- AgreementRefused           an agreement whose text reads well but cannot stand
    +-- ComposeRefused             our own caller asked for a statement that the format has no place for

Other modules of the package add their own classes below `ProtocolError`. `Malformed` and `NotUnderstood` are kept apart
because the first is a fault of whoever wrote the bytes and the second may be a fault of ours: a newer format. An entry
that raises either one is still held and receipted.

Every error carries a short code in kebab-case, by which programs tell it apart and `hotline explain` finds its text,
and `where`, the name of the field concerned (empty when it is the whole). No error quotes content.
"""


class ProtocolError(Exception):
    """Base of all errors of this package.

    Args:
        code: short kebab-case name of the fault, stable between releases.
        where: the field or part concerned, such as `header.thread`; empty for the whole.
        text: one clause for people, without content of any field.
    """

    def __init__(self, code: str, where: str = "", text: str = "") -> None:
        super().__init__(code, where, text)
        self.code = code
        self.where = where
        self.text = text

    def __str__(self) -> str:
        """The code, the place and the reason in one line."""
        head = f"{self.code} at {self.where}" if self.where else self.code
        return f"{head}: {self.text}" if self.text else head

    @property
    def beside_code(self) -> str:
        """The place and the reason, for whoever names the code beside it; the code as words where that is all."""
        return ": ".join(part for part in (self.where, self.text) if part) or self.code.replace("-", " ")


class Malformed(ProtocolError):
    """Bytes that break their format: too large, damaged, of a second spelling, or with a field of the wrong shape."""


class NotUnderstood(ProtocolError):
    """Bytes that may be well formed under a format this program does not know. The code is always `not-understood`."""

    def __init__(self, where: str = "", text: str = "") -> None:
        super().__init__("not-understood", where, text)


class BodyRefused(ProtocolError):
    """A body that is damaged, not sealed to us, or not the one that its header names."""


class CommitmentRefused(ProtocolError):
    """A field, salt and value that do not give the commitment in the header."""


class BadSignature(ProtocolError):
    """A signature that does not verify, or is of an algorithm that this program does not check."""


class AgreementRefused(ProtocolError):
    """An agreement that parses and contradicts itself, for instance with one key at two places."""


class ComposeRefused(ProtocolError):
    """A statement that cannot be made as asked; the mistake is the caller's."""
