"""Errors of the package: what they say alone, and beside their code."""

import pytest

from protocol.errors import Malformed, NotUnderstood, ProtocolError


@pytest.mark.parametrize(
    ("error", "alone", "beside"),
    [
        (
            Malformed("bad-field", "header.thread", "no hash"),
            "bad-field at header.thread: no hash",
            "header.thread: no hash",
        ),
        (Malformed("bad-field", "", "no hash"), "bad-field: no hash", "no hash"),
        (Malformed("bad-field", "header"), "bad-field at header", "header"),
        (Malformed("bad-field"), "bad-field", "bad field"),
        (NotUnderstood("header.x"), "not-understood at header.x", "header.x"),
    ],
)
def test_an_error_does_not_repeat_the_code_that_stands_beside_it(error: ProtocolError, alone: str, beside: str) -> None:
    """Alone it begins with its code; beside its code it says what else there is, and never nothing."""
    assert str(error) == alone
    assert error.beside_code == beside
