"""Records of statements that wait: one spelling, and those of earlier releases as they were."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.kept import Kept
from nodes.signed import SignedRefused, SignedStatement
from protocol.signature import Signature

SIGNATURES = st.builds(
    Signature,
    st.sampled_from(["node", "person/1", "person/22"]),
    st.just("duty"),
    st.just("hybrid-1"),
    st.binary(min_size=1, max_size=40),
)
SIGNED = st.builds(
    SignedStatement,
    statement=st.binary(max_size=200),
    signatures=st.lists(SIGNATURES, max_size=3).map(tuple),
    body=st.none() | st.binary(max_size=200),
)
TIMES = st.none() | st.integers(0, 2**53)
KEPT = st.builds(
    Kept,
    signed=SIGNED,
    automated=st.booleans(),
    person=st.integers(0, 65_535),
    hold=st.none() | st.sampled_from(["window", "rate", "anomaly", "restored"]),
    until_ms=TIMES,
    closed_ms=TIMES,
    act=st.none() | st.binary(max_size=100),
)


@given(KEPT)
def test_a_record_is_read_as_it_was_written(kept: Kept) -> None:
    """And written again as it was read."""
    assert Kept.parse(kept.encode()) == kept
    assert Kept.parse(kept.encode()).encode() == kept.encode()


@given(SIGNED)
def test_a_record_of_an_earlier_release_is_read(signed: SignedStatement) -> None:
    """A signed statement alone is one of which nothing else is known."""
    assert Kept.parse(signed.encode()) == Kept(signed=signed)


@given(KEPT, st.data())
def test_a_damaged_record_is_refused_or_is_another(kept: Kept, data: st.DataObject) -> None:
    """Nothing else comes out of any change of a byte."""
    raw = bytearray(kept.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read = Kept.parse(bytes(raw))
    except SignedRefused:
        return
    assert read != kept


@pytest.mark.parametrize("hold", [None, "window", "rate", "anomaly", "restored"])
def test_only_the_window_needs_no_person(hold: str | None) -> None:
    """Everything else waits for a look."""
    kept = Kept(signed=SignedStatement(statement=b"", signatures=(), body=None))
    assert replace(kept, hold=hold).checked == (hold in (None, "window"))
