"""Entries: what is logged around a statement."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canonical import encode
from protocol.entry import Entry
from protocol.errors import Malformed, NotUnderstood, ProtocolError
from protocol.limits import ENTRY_BYTES_MAX, TIME_MS_MAX
from protocol.signature import Signature
from protocol.statement import LogState
from tests.protocol.statement_samples import sample_entry, sample_statement

signatures = st.builds(
    Signature,
    st.sampled_from(["node", "root/1", "root/9", "person/1", "person/123456"]),
    st.sampled_from(["node", "root", "duty", "senior"]),
    st.just("ed25519+ml-dsa-65"),
    st.binary(min_size=1, max_size=80),
)
entries = st.builds(
    Entry,
    statement=st.binary(min_size=1, max_size=300),
    signatures=st.lists(signatures, max_size=16, unique_by=lambda item: (item.signer, item.role)).map(tuple),
    logged_at_ms=st.integers(0, TIME_MS_MAX),
    held=st.builds(LogState, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32)),
)


@given(entries)
def test_what_is_written_is_read(entry: Entry) -> None:
    """Every entry comes back equal, whatever its statement is."""
    assert Entry.parse(entry.encode()) == entry


@given(entries, st.data())
def test_a_changed_byte_is_refused_or_is_another_entry(entry: Entry, data: Any) -> None:
    """No two byte strings are one entry."""
    encoded = bytearray(entry.encode())
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    try:
        parsed = Entry.parse(bytes(encoded))
    except ProtocolError:
        return
    assert parsed != entry
    assert parsed.encode() == bytes(encoded)


def test_a_statement_that_does_not_parse_leaves_the_entry_readable() -> None:
    """Signatures, time and held of an entry are known even where its statement is noise."""
    entry = Entry.parse(sample_entry(b"noise").encode())
    assert entry.held.size == 4
    with pytest.raises(Malformed):
        entry.parse_statement()


def test_the_statement_is_kept_as_it_came() -> None:
    """The bytes that were signed are the bytes that are verified."""
    entry = Entry.parse(sample_entry().encode())
    assert entry.statement == sample_statement().encode()
    assert entry.parse_statement() == sample_statement()


def test_a_later_version_is_not_understood() -> None:
    """Whatever a later version holds, it is told apart from a fault."""
    with pytest.raises(NotUnderstood):
        Entry.parse(encode([7, "something", {"else": 1}]))


def test_an_entry_is_never_made_too_large() -> None:
    """The writer refuses what a bundle of entries could not carry."""
    many = tuple(Signature(f"person/{number}", "duty", "x", bytes(8_000)) for number in range(1, 9))
    with pytest.raises(Malformed, match="too-large"):
        sample_entry(signatures=many).encode()
    fitting = sample_entry(
        bytes(ENTRY_BYTES_MAX - len(sample_entry(b"", signatures=many[:7]).encode()) - 1), signatures=many[:7]
    )
    assert len(fitting.encode()) == ENTRY_BYTES_MAX


def test_one_person_may_sign_in_two_roles_and_not_twice_in_one() -> None:
    """Roles are counted elsewhere; here only a doubled signature is a fault."""
    duty = Signature("person/1", "duty", "x", b"a")
    both = sample_entry(signatures=(duty, Signature("person/1", "senior", "x", b"b")))
    assert Entry.parse(both.encode()) == both
    with pytest.raises(Malformed, match="doubled-signature"):
        Entry.parse(sample_entry(signatures=(duty, Signature("person/1", "duty", "y", b"b"))).encode())
