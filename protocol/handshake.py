"""Who is at the other end: both sides sign one transcript of everything that was offered.

The transcript names both hellos as they were sent (versions, channel, party, nonce), the hash of both TLS keys as each
side sees them, and which side dialled. Each side signs it with its node key under its own name and side, so that a
signature cannot be reflected, moved to another channel, connection or version, or be taken for one of the other side.

    transcript = SHA-256(tag, dialler's hello, listener's hello, dialler's TLS pin, listener's TLS pin)
    signed     = ["dial" or "listen", version chosen, transcript]

The version chosen is the highest that both hellos offer; as both offers are signed, neither can be lowered on the way.

What each side then says of how far the logs went decides whether the other may sign. It is signed in the same way, with
the transcript in it: said in an older session, it would be true of an older day.

Source: spec/channel.md, "Handshake".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keys.hybrid import HybridPublicKey, Signer
from protocol import canonical, frames
from protocol.errors import ProtocolError
from protocol.frames import FrameType
from protocol.tagged import Hash, tagged

VERSIONS: Final = (1,)
"""Protocol versions this program speaks, lowest first."""

PURPOSE: Final = "handshake"
STATE_PURPOSE: Final = "state"


class HandshakeRefused(ProtocolError):
    """The other end is not who it should be, or speaks no version that we do."""


@dataclass(frozen=True, slots=True)
class Tie:
    """One connection, as one side sees it.

    Args:
        dialled: whether this side dialled.
        own_pin: SHA-256 of this side's TLS public key (SubjectPublicKeyInfo).
        their_pin: the same of the other side, from the certificate it showed.
        nonce: 32 fresh random bytes of this side.
    """

    dialled: bool
    own_pin: Hash
    their_pin: Hash
    nonce: bytes


def hello(*, channel: Hash, party: str, tie: Tie) -> bytes:
    """The hello frame of this side."""
    return frames.encode(FrameType.HELLO, versions=bytes(VERSIONS), channel=channel, party=party, nonce=tie.nonce)


def choose(own: bytes, theirs: bytes) -> int:
    """The highest version in both offers.

    Raises:
        HandshakeRefused: `unknown-version`; there is none.
    """
    common = set(own) & set(theirs)
    if not common:
        raise HandshakeRefused("unknown-version", "hello", f"we speak {list(own)}, they speak {list(theirs)}")
    return max(common)


def transcript(tie: Tie, own_hello: bytes, their_hello: bytes) -> Hash:
    """The name of a session, the same for both sides: everything that was offered, and by whom.

    Args:
        tie: the connection, as this side sees it.
        own_hello: this side's hello frame, as sent.
        their_hello: the other side's, as received.
    """
    mine_first = tie.dialled
    first, second = (own_hello, their_hello) if mine_first else (their_hello, own_hello)
    first_pin, second_pin = (tie.own_pin, tie.their_pin) if mine_first else (tie.their_pin, tie.own_pin)
    # Hellos have one length each way only by chance, so both go in as hashes of 32 bytes.
    return tagged("transcript", tagged("hello", first), tagged("hello", second), first_pin, second_pin)


def _message(own_side: bool, tie: Tie, version: int, own_hello: bytes, their_hello: bytes, *more: Hash) -> bytes:
    """What is signed; `own_side` says for which of the two sides, and `more` what goes beyond who that is."""
    side = "dial" if tie.dialled == own_side else "listen"
    return canonical.encode([side, version, transcript(tie, own_hello, their_hello), *more])


def prove(
    *, signer: Signer, channel: Hash, party: str, tie: Tie, version: int, own_hello: bytes, their_hello: bytes
) -> bytes:
    """The auth frame of this side: its node's signature over the transcript."""
    message = _message(True, tie, version, own_hello, their_hello)
    return frames.encode(FrameType.AUTH, signature=signer.sign(PURPOSE, channel=channel, author=party, message=message))


def check(
    *,
    key: HybridPublicKey,
    channel: Hash,
    party: str,
    tie: Tie,
    version: int,
    own_hello: bytes,
    their_hello: bytes,
    signature: bytes,
) -> None:
    """Check the other side's signature over the same transcript.

    Args:
        key: the node key in the other party's roster.
        channel: the channel's id, 32 bytes.
        party: the other party's short name.
        tie: the connection, as this side sees it.
        version: the version chosen.
        own_hello: this side's hello frame, as sent.
        their_hello: the other side's hello frame, as received.
        signature: from its auth frame.

    Raises:
        SignatureRefused: it does not verify.
    """
    message = _message(False, tie, version, own_hello, their_hello)
    key.verify(PURPOSE, channel=channel, author=party, message=message, signature=signature)


def _state_digest(items: Mapping[str, object]) -> Hash:
    said = [items[item.name] for item in frames.FRAMES[FrameType.STATE] if item.name != "signature"]
    return tagged("state", canonical.encode(said))


def vouch(
    *,
    signer: Signer,
    channel: Hash,
    party: str,
    tie: Tie,
    version: int,
    own_hello: bytes,
    their_hello: bytes,
    items: Mapping[str, object],
) -> bytes:
    """The state frame of this side: how far the logs went, signed by its node for this session.

    Args:
        items: of the frame, without the signature.
    """
    message = _message(True, tie, version, own_hello, their_hello, _state_digest(items))
    signature = signer.sign(STATE_PURPOSE, channel=channel, author=party, message=message)
    return frames.encode(FrameType.STATE, **items, signature=signature)


def check_vouched(
    *,
    key: HybridPublicKey,
    channel: Hash,
    party: str,
    tie: Tie,
    version: int,
    own_hello: bytes,
    their_hello: bytes,
    items: Mapping[str, object],
) -> None:
    """Check that the other side's node said this state in this session; the arguments are those of `check`.

    Args:
        items: of the state frame, with the signature.

    Raises:
        SignatureRefused: it did not.
    """
    message = _message(False, tie, version, own_hello, their_hello, _state_digest(items))
    signature = items["signature"]
    if not isinstance(signature, bytes):
        raise TypeError("a state frame that was not parsed")
    key.verify(STATE_PURPOSE, channel=channel, author=party, message=message, signature=signature)
