"""The secret of a statement, and what is derived from it."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocol.errors import ComposeRefused
from protocol.statement_secret import StatementSecret
from tests.protocol.statement_samples import CHANNEL, SECRET, STATEMENT_ID

BOUND = StatementSecret(SECRET, channel=CHANNEL, statement_id=STATEMENT_ID)


@pytest.mark.parametrize(("purpose", "name"), [("contents", ""), ("nonce", ""), ("salt", "summary"), ("salt", "é")])
def test_derivation_is_hkdf(purpose: str, name: str) -> None:
    """Another implementation of RFC 5869 gives the same bytes."""
    info = b"hotline/1/" + purpose.encode() + b"\0" + CHANNEL + STATEMENT_ID + name.encode()
    assert BOUND.derive(purpose, name) == HKDF(SHA256(), 32, None, info).derive(SECRET)


def test_everything_derived_differs() -> None:
    """By purpose, field, statement, channel and secret."""
    other_id = StatementSecret(SECRET, channel=CHANNEL, statement_id=bytes(16))
    other_channel = StatementSecret(SECRET, channel=bytes(32), statement_id=STATEMENT_ID)
    other_secret = StatementSecret(bytes(32), channel=CHANNEL, statement_id=STATEMENT_ID)
    all_of_them = [
        value
        for secret in (BOUND, other_id, other_channel, other_secret)
        for value in (
            secret.derive("contents"),
            secret.derive("nonce"),
            secret.salt("a"),
            secret.salt("b"),
            secret.opener,
        )
    ]
    assert len(set(all_of_them)) == len(all_of_them)


@pytest.mark.parametrize(("raw", "channel", "statement_id"), [(31, 32, 16), (33, 32, 16), (32, 31, 16), (32, 32, 17)])
def test_lengths_are_fixed(raw: int, channel: int, statement_id: int) -> None:
    """What is joined without lengths must have fixed ones."""
    with pytest.raises(ComposeRefused):
        StatementSecret(bytes(raw), channel=bytes(channel), statement_id=bytes(statement_id))


def test_it_never_shows_itself() -> None:
    """A secret in a log line or a traceback would be a leak."""
    assert SECRET.hex() not in repr(BOUND)
    assert repr(SECRET) not in repr(BOUND)
