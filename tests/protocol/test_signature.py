"""Signatures on statements: bound to statement, channel, party, signer and role."""

from dataclasses import replace
from typing import Any

import pytest

from keys.roles import KeyRole
from protocol.errors import BadSignature
from protocol.signature import Signature, sign_statement, signing_message, verify_signature
from tests.protocol.statement_samples import CHANNEL, hybrid, sample_statement

STATEMENT = sample_statement().encode()
KEY = hybrid("ARC duty", KeyRole.OFFICER)


@pytest.fixture(scope="module")
def signature() -> Signature:
    """Person 3 of Arcadia signs as duty officer."""
    return sign_statement(STATEMENT, channel=CHANNEL, party="ARC", signer="person/3", role="duty", key=KEY)


def test_a_signature_verifies_where_it_was_made_for(signature: Signature) -> None:
    """The same statement, channel, party and key."""
    verify_signature(STATEMENT, signature, channel=CHANNEL, party="ARC", key=KEY.public)


@pytest.mark.parametrize(
    "change",
    [
        {"statement": sample_statement(severity=4).encode()},
        {"channel": bytes(32)},
        {"party": "BOR"},
        {"key": hybrid("BOR duty", KeyRole.OFFICER).public},
        {"signer": "person/4"},
        {"role": "senior"},
        {"value": bytes(3_373)},
        {"value": b"short"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_signature_cannot_be_moved(signature: Signature, change: dict[str, Any]) -> None:
    """Whatever it was bound to, changed, makes it noise."""
    parts: dict[str, Any] = {"statement": STATEMENT, "channel": CHANNEL, "party": "ARC", "key": KEY.public}
    of_signature = {name: value for name, value in change.items() if name not in parts}
    parts |= {name: value for name, value in change.items() if name in parts}
    statement = parts.pop("statement")
    with pytest.raises(BadSignature) as caught:
        verify_signature(statement, replace(signature, **of_signature), **parts)
    assert caught.value.code == "bad-signature"


def test_another_algorithm_is_named_as_such(signature: Signature) -> None:
    """A signature of an algorithm that there is not is told apart from a wrong one."""
    with pytest.raises(BadSignature, match="unknown-algorithm"):
        verify_signature(STATEMENT, replace(signature, algorithm="none"), channel=CHANNEL, party="ARC", key=KEY.public)


def test_signers_are_numbered() -> None:
    """The number of a person and of a root key come out of the signer's name."""
    assert Signature("person/3", "duty", "x", b"x").person == 3
    assert Signature("person/3", "duty", "x", b"x").root is None
    assert Signature("root/2", "root", "x", b"x").root == 2
    assert Signature("node", "node", "x", b"x").person is None


def test_the_signed_message_has_one_spelling() -> None:
    """An array of the statement's digest, the signer and the role."""
    message = signing_message(b"statement", "person/3", "duty")
    assert message.hex().startswith("93c420")
    assert message.endswith(b"\xa8person/3\xa4duty")
