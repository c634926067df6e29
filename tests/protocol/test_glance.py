"""What a mirror sees of an entry: enough to know its body, and never a judgement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.entry import Entry
from protocol.glance import UNREADABLE, glance
from protocol.tagged import digest
from tests.builders import START_MS
from tests.lines import entry_of

BODY = b"a body"


def test_an_entry_with_a_body_names_it() -> None:
    """Id, kind, precedence, body and times are seen."""
    data = entry_of("ARC", 1, body=BODY, flash=True)
    seen = glance(data)
    statement = Entry.parse(data).parse_statement()
    assert (seen.statement_id, seen.kind, seen.flash) == (statement.id, "notification", True)
    assert (seen.body_digest, seen.body_length, seen.logged_at_ms) == (digest(BODY), len(BODY), START_MS)
    assert seen.fits(BODY)


@pytest.mark.parametrize("other", [b"", b"a Body", BODY + b" ", BODY[:-1]])
def test_another_body_does_not_fit(other: bytes) -> None:
    """Digest and length must both be right."""
    assert not glance(entry_of("ARC", 1, body=BODY)).fits(other)


def test_an_entry_without_a_body_names_none() -> None:
    """And nothing fits it, not even nothing."""
    seen = glance(entry_of("ARC", 1))
    assert seen.body_digest is None
    assert not seen.flash
    assert not seen.fits(b"")


@given(st.binary(max_size=100))
def test_what_cannot_be_read_names_no_body(data: bytes) -> None:
    """Noise, and an entry around noise, are mirrored like any other and call for nothing."""
    assert glance(data) == UNREADABLE
    inner = Entry.parse(entry_of("ARC", 1))
    noisy = Entry(statement=data or b"x", signatures=inner.signatures, logged_at_ms=inner.logged_at_ms, held=inner.held)
    assert glance(noisy.encode()) == UNREADABLE
