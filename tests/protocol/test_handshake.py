"""The handshake: a signature holds for one connection, side, channel, party and pair of offers, and nothing else."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from keys.errors import SignatureRefused
from keys.roles import KeyRole
from keys.suite import SUITE_2
from protocol import frames, handshake
from protocol.frames import FrameType
from protocol.handshake import HandshakeRefused, Tie
from tests.builders import hybrid

CHANNEL = sha256(b"channel").digest()
ARC, BOR = hybrid("ARC", KeyRole.NODE), hybrid("BOR", KeyRole.NODE)
ARC_PIN, BOR_PIN = sha256(b"arc tls").digest(), sha256(b"bor tls").digest()
DIALLED = Tie(dialled=True, own_pin=ARC_PIN, their_pin=BOR_PIN, nonce=bytes(32))
LISTENED = Tie(dialled=False, own_pin=BOR_PIN, their_pin=ARC_PIN, nonce=bytes([1]) * 32)
ARC_HELLO = handshake.hello(channel=CHANNEL, party="ARC", tie=DIALLED)
BOR_HELLO = handshake.hello(channel=CHANNEL, party="BOR", tie=LISTENED)


def proof_of_arc(**changes: Any) -> bytes:
    """ARC's signature over its view of the connection."""
    view: dict[str, Any] = {
        "signer": ARC, "channel": CHANNEL, "party": "ARC", "tie": DIALLED, "version": 1,
        "own_hello": ARC_HELLO, "their_hello": BOR_HELLO,
    }  # fmt: skip
    return bytes(frames.parse(handshake.prove(**{**view, **changes}))["signature"])


def check_at_bor(signature: bytes, **changes: Any) -> None:
    """BOR's check of it."""
    view: dict[str, Any] = {
        "key": ARC.public, "channel": CHANNEL, "party": "ARC", "tie": LISTENED, "version": 1,
        "own_hello": BOR_HELLO, "their_hello": ARC_HELLO,
    }  # fmt: skip
    handshake.check(**{**view, **changes}, signature=signature)


def test_both_sides_sign_one_transcript() -> None:
    """What one side proves the other side checks, each way."""
    check_at_bor(proof_of_arc())
    back = handshake.prove(
        signer=BOR, channel=CHANNEL, party="BOR", tie=LISTENED, version=1, own_hello=BOR_HELLO, their_hello=ARC_HELLO
    )
    handshake.check(
        key=BOR.public, channel=CHANNEL, party="BOR", tie=DIALLED, version=1, own_hello=ARC_HELLO,
        their_hello=BOR_HELLO, signature=frames.parse(back)["signature"],
    )  # fmt: skip


OTHER_HELLO = handshake.hello(channel=CHANNEL, party="ARC", tie=replace(DIALLED, nonce=bytes([7]) * 32))
WRONG: dict[str, dict[str, Any]] = {
    "another key": {"signer": hybrid("CAR", KeyRole.NODE)},
    "another channel": {"channel": bytes(32)},
    "another party": {"party": "BOR"},
    "the same side": {"tie": replace(DIALLED, dialled=False)},
    "another TLS key of its own": {"tie": replace(DIALLED, own_pin=bytes(32))},
    "another TLS key of the other": {"tie": replace(DIALLED, their_pin=bytes(32))},
    "another version": {"version": 2},
    "another hello of its own": {"own_hello": OTHER_HELLO},
    "another hello of the other": {"their_hello": OTHER_HELLO},
    "hellos that changed places": {"own_hello": BOR_HELLO, "their_hello": ARC_HELLO},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_signature_for_anything_else_is_refused(what: str) -> None:
    """Each thing that the transcript names, changed alone, breaks the signature."""
    with pytest.raises(SignatureRefused):
        check_at_bor(proof_of_arc(**WRONG[what]))


def test_a_signature_of_another_suite_is_refused() -> None:
    """Under the key that the roster has, of the second suite: the same seed with the first is another key."""
    with pytest.raises(SignatureRefused):
        check_at_bor(proof_of_arc(), key=hybrid("ARC", KeyRole.NODE, SUITE_2).public)


def test_a_reflected_signature_is_refused() -> None:
    """BOR's own signature, sent back to it as if it were ARC's, does not pass, even under BOR's key."""
    own = handshake.prove(
        signer=BOR, channel=CHANNEL, party="BOR", tie=LISTENED, version=1, own_hello=BOR_HELLO, their_hello=ARC_HELLO
    )
    signature = frames.parse(own)["signature"]
    with pytest.raises(SignatureRefused):
        check_at_bor(signature)
    with pytest.raises(SignatureRefused):
        check_at_bor(signature, key=BOR.public, party="BOR")


def test_a_transcript_is_no_statement() -> None:
    """The purpose stands in what is signed: a handshake is good for nothing else."""
    signature = proof_of_arc()
    for purpose in ("beat", "statement"):
        with pytest.raises(SignatureRefused):
            ARC.public.verify(purpose, channel=CHANNEL, author="ARC", message=b"", signature=signature)


def test_the_highest_common_version_is_chosen() -> None:
    """Whatever the order of the offers; and none in common is an error."""
    assert handshake.choose(bytes([1]), bytes([1])) == 1
    assert handshake.choose(bytes([1, 3, 2]), bytes([9, 2, 3])) == 3
    with pytest.raises(HandshakeRefused) as caught:
        handshake.choose(bytes([1]), bytes([2]))
    assert caught.value.code == "unknown-version"


def test_a_hello_offers_every_version() -> None:
    """The frame holds the offer, channel, party and nonce."""
    read = frames.parse(ARC_HELLO)
    assert read.type is FrameType.HELLO
    assert read.items == {"versions": bytes([1]), "channel": CHANNEL, "party": "ARC", "nonce": bytes(32)}
