"""Exhibits: one spelling of what is kept, and one item to a commitment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.exhibit import SALT_BYTES, Exhibit, begin, salt_of, same

ANY = st.builds(
    Exhibit, st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.integers(0, 2**59)
)


@given(ANY)
def test_what_is_kept_reads_as_it_was_written(exhibit: Exhibit) -> None:
    """Salt, hash and length come back."""
    assert Exhibit.parse(exhibit.encode()) == exhibit


@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(lambda one, at, to: _changed(one.encode(), at, to), ANY, st.integers(0, 400), st.binary(max_size=2)),
    )
)
def test_another_spelling_is_refused(data: bytes) -> None:
    """What reads is what would be written."""
    found = Exhibit.parse(data)
    assert found is None or found.encode() == data


def _changed(data: bytes, at: int, to: bytes) -> bytes:
    at %= len(data)
    return data[:at] + to + data[at + 1 :]


def test_a_salt_of_another_length_is_none() -> None:
    """Or the first bytes of an item could be called salt, and one hash would open to two items."""
    salt, item = bytes(range(SALT_BYTES)), b"item"
    hash_ = begin(salt)
    hash_.update(item)
    longer = salt + item[:1]
    with pytest.raises(ValueError, match="33"):
        begin(longer)
    assert [salt_of(one) for one in (longer.hex(), salt.hex().upper(), salt.hex() + "\n", "")] == [None] * 4
    again = begin(salt_of(salt.hex()) or b"")
    again.update(item)
    assert same(hash_.digest(), again.digest())
