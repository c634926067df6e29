"""Commitments and disclosures: one field can be shown, and only as it was said."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.commitment import Disclosure, commit, commit_all, disclose, verify_disclosure
from protocol.errors import CommitmentRefused, Malformed
from protocol.statement_secret import StatementSecret
from tests.protocol.statement_samples import CHANNEL, SECRET, STATEMENT_ID, sample_statement

BOUND = StatementSecret(SECRET, channel=CHANNEL, statement_id=STATEMENT_ID)
FIELDS: list[tuple[str, Any]] = [("summary", "Ports are slow."), ("count", 3), ("note", None), ("sectors", ["energy"])]
STATEMENT = sample_statement(commitments=commit_all(BOUND, FIELDS))


@pytest.mark.parametrize("place", range(len(FIELDS)))
def test_each_field_opens_at_its_place(place: int) -> None:
    """Filled or absent, a field opens its own commitment."""
    name, value = FIELDS[place]
    disclosure = Disclosure.parse(disclose(BOUND, name, value).encode())
    assert verify_disclosure(disclosure, STATEMENT) == place
    assert verify_disclosure(disclosure, STATEMENT, position=place) == place
    with pytest.raises(CommitmentRefused):
        verify_disclosure(disclosure, STATEMENT, position=(place + 1) % len(FIELDS))


@pytest.mark.parametrize(
    "change", [{"value": "Ports are fast."}, {"value": None}, {"salt": bytes(32)}, {"name": "note"}]
)
def test_nothing_else_opens(change: dict[str, Any]) -> None:
    """Another value, salt or name is refused."""
    with pytest.raises(CommitmentRefused, match="not-committed"):
        verify_disclosure(replace(disclose(BOUND, *FIELDS[0]), **change), STATEMENT)


def test_a_disclosure_is_of_one_statement_and_channel() -> None:
    """The same field of another statement, or on another channel, is refused."""
    for change in ({"id": bytes(16)}, {"channel": bytes(32)}):
        with pytest.raises(CommitmentRefused):
            verify_disclosure(disclose(BOUND, *FIELDS[0]), replace(STATEMENT, **change))  # type: ignore[arg-type]


@given(st.text(max_size=6), st.text(max_size=6), st.text(max_size=6), st.text(max_size=6))
def test_name_and_value_cannot_be_moved_into_one_another(name: str, value: str, name_2: str, value_2: str) -> None:
    """Equal commitments under one salt mean equal names and values."""
    first = commit(channel=CHANNEL, statement_id=STATEMENT_ID, field=name, salt=bytes(32), value=value)
    second = commit(channel=CHANNEL, statement_id=STATEMENT_ID, field=name_2, salt=bytes(32), value=value_2)
    assert (first == second) == ((name, value) == (name_2, value_2))


def test_all_at_once_is_each_by_itself() -> None:
    """The quick way and the plain way agree."""
    plain = tuple(
        commit(channel=CHANNEL, statement_id=STATEMENT_ID, field=name, salt=BOUND.salt(name), value=value)
        for name, value in FIELDS
    )
    assert plain == STATEMENT.commitments


def test_equal_values_of_two_fields_do_not_show() -> None:
    """Two absent fields have unlike commitments."""
    first, second = commit_all(BOUND, [("a", None), ("b", None)])
    assert first != second


def test_a_disclosure_with_more_places_is_refused() -> None:
    """Name, salt and value, and nothing else."""
    with pytest.raises(Malformed):
        Disclosure.parse(b"\x90")
