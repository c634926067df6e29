"""Whatever signs checkpoints with the two keys of a log or of a mirror, wherever these are.

Two keys in memory are a sequence of `NoteSigner`; each signs whatever bytes it is given. Keys that another process
holds are asked for the signatures on a checkpoint, and not on bytes: so whoever holds them knows what is signed, and
can refuse a second root of one size.

Source: spec/log.md, "Checkpoint"; spec/signer.md, "What is asked".
"""

from collections.abc import Sequence
from typing import Protocol

from keys.note_key import NoteSigner, NoteVerifier
from protocol.cosigned_message import sign_line
from protocol.note import NoteSignature


class HeadSigner(Protocol):
    """The two keys of a log or a mirror that are not in this process."""

    @property
    def verifiers(self) -> tuple[NoteVerifier, NoteVerifier]:
        """Their public sides: 0x01 and 0x06, or 0x04 and 0x06."""
        ...

    def check(self) -> None:
        """See that they can be used now, as far as that costs nothing.

        Raises:
            keys.errors.KeyAway: they cannot.
        """
        ...

    def remind(self, note: bytes) -> None:
        """Show what these keys signed before, so that a holder whose memory was put back signs nothing below it.

        Args:
            note: a signed checkpoint with a line of each of these keys, and perhaps others.

        Raises:
            keys.errors.KeyAway: they cannot be reached now.
            keys.errors.KeyWithheld: the note is none of theirs, or contradicts what they signed.
        """
        ...

    def lines(self, *, origin: str, size: int, root: bytes, at_ms: int) -> tuple[NoteSignature, NoteSignature]:
        """Sign a checkpoint with both.

        Args:
            origin, size, root: of the checkpoint.
            at_ms: time of signing, UTC milliseconds.

        Raises:
            keys.errors.KeyAway: they cannot be used now; whether anything was signed is not known.
            keys.errors.KeyWithheld: they are not used for this.
        """
        ...


HeadSigners = Sequence[NoteSigner] | HeadSigner
"""Two keys in memory, or two that are elsewhere."""


def verifiers_of(signers: HeadSigners) -> tuple[NoteVerifier, ...]:
    """The public sides of these keys."""
    return tuple(signer.verifier for signer in signers) if isinstance(signers, Sequence) else signers.verifiers


def lines_of(
    signers: HeadSigners, *, text: str, origin: str, size: int, root: bytes, at_ms: int
) -> tuple[NoteSignature, ...]:
    """A signature line of each of these keys.

    Args:
        signers: the keys.
        text: the note text of the checkpoint.
        origin, size, root: what it says.
        at_ms: time of signing, UTC milliseconds.

    Raises:
        keys.errors.KeyElsewhere: as `HeadSigner.lines`.
    """
    if not isinstance(signers, Sequence):
        return signers.lines(origin=origin, size=size, root=root, at_ms=at_ms)
    return tuple(sign_line(one, text=text, origin=origin, size=size, root=root, at_ms=at_ms) for one in signers)


def remind(signers: HeadSigners, note: bytes | None) -> None:
    """Show keys that are elsewhere what they signed before; those in memory remember nothing.

    Raises:
        keys.errors.KeyElsewhere: as `HeadSigner.remind`.
    """
    if note is not None and not isinstance(signers, Sequence):
        signers.remind(note)


def check_there(signers: HeadSigners) -> None:
    """See that these keys can be used now; those in memory always can.

    Raises:
        keys.errors.KeyAway: they cannot.
    """
    if not isinstance(signers, Sequence):
        signers.check()
