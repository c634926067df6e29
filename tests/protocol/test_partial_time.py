"""Partial times: as much as is known, one spelling each."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.partial_time import parse_partial_time

DAY = 86_400_000


@pytest.mark.parametrize(
    ("text", "fidelity", "length_ms"),
    [
        ("2015", "year", 365 * DAY),
        ("2016", "year", 366 * DAY),
        ("1900", "year", 365 * DAY),
        ("2000", "year", 366 * DAY),
        ("2015-12", "month", 31 * DAY),
        ("2015-02", "month", 28 * DAY),
        ("2016-02", "month", 29 * DAY),
        ("9999-12", "month", 31 * DAY),
        ("2015-12-23", "day", DAY),
        ("2015-12-23T14Z", "hour", 3_600_000),
        ("2015-12-23T14:05Z", "minute", 60_000),
        ("2015-12-23T14:05:09Z", "second", 1_000),
    ],
)
def test_each_fidelity_covers_its_length(text: str, fidelity: str, length_ms: int) -> None:
    """A year, month, day, hour, minute or second covers exactly itself."""
    found = parse_partial_time(text)
    assert found is not None
    assert found.fidelity == fidelity
    assert found.last_ms - found.first_ms + 1 == length_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "15",
        "0999",
        "2015-13",
        "2015-00",
        "2015-2",
        "2015-02-29",
        "2015-12-23T14",
        "2015-12-23T24Z",
        "2015-12-23 14:05Z",
        "2015-12-23T14:05:60Z",
        "2015-12-23T14:05:09.1Z",
        "2015-12-23T14:05:09+00:00",
        "2015Z",
        "２０１５",
        " 2015",
        "2015\n",
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    """No second spelling of a time, and no date that the calendar lacks, is read."""
    assert parse_partial_time(text) is None


@given(st.datetimes(min_value=datetime.datetime(1000, 1, 1)))  # noqa: DTZ001 (strategies take naive bounds)
def test_coarser_forms_contain_finer_ones(moment: datetime.datetime) -> None:
    """Cut to a coarser form, a time covers what the finer form covers, and neighbours touch."""
    forms = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%HZ", "%Y-%m-%d", "%Y-%m", "%Y")
    finer = None
    for form in forms:
        found = parse_partial_time(moment.strftime(form))
        assert found is not None
        if finer is not None:
            assert found.first_ms <= finer.first_ms
            assert finer.last_ms <= found.last_ms
        finer = found
