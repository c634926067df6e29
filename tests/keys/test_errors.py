"""The tree of errors."""

import pytest

from keys import errors


@pytest.mark.parametrize(
    "name",
    [
        "KeysMisused",
        "KeyRefused",
        "SignatureRefused",
        "SealRefused",
        "EnvelopeRefused",
        "PassphraseRefused",
        "RosterRefused",
    ],
)
def test_one_base_catches_every_error(name: str) -> None:
    """Whoever catches KeysError catches all of them, and each carries a kind."""
    error = getattr(errors, name)("text")
    assert isinstance(error, errors.KeysError)
    assert error.kind
    assert str(error) == "text"


def test_kind_can_be_given() -> None:
    """A single failure may be of a finer kind than its class."""
    assert errors.RosterRefused("text", kind=errors.KEY_REUSED).kind == "key reused"
    assert errors.RosterRefused("text").kind == "malformed"


def test_wrong_passphrase_is_a_refused_envelope() -> None:
    """Who only asks whether a key file opens needs one class."""
    assert issubclass(errors.PassphraseRefused, errors.EnvelopeRefused)
