"""Times for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.zulu import duration, parse_duration, parse_instant, zulu, zulu_short

NOW = 1_795_305_236_589


@given(st.integers(min_value=0, max_value=253_402_300_799_999))
def test_a_shown_time_can_be_typed_again(at_ms: int) -> None:
    """What is shown names exactly that millisecond."""
    assert parse_instant(zulu(at_ms), now_ms=0) == at_ms


@pytest.mark.parametrize("at_ms", [253_402_300_800_000, (2**63 - 1) * 1000])
def test_a_time_beyond_the_calendar_is_shown_as_its_end(at_ms: int) -> None:
    """The other side's signatures may state any; a receipt with one is shown all the same."""
    assert zulu(at_ms) == "9999-12-31T23:59:59.999Z"


def test_times_can_be_typed_short_and_relative() -> None:
    """Minutes suffice, and a time may be counted from now."""
    assert zulu_short(parse_instant("2026-11-21T04:10Z", now_ms=NOW)) == "2026-11-21 04:10:00Z"
    assert parse_instant("+4h", now_ms=NOW) == NOW + 14_400_000
    assert parse_instant("-90s", now_ms=NOW) == NOW - 90_000
    assert parse_instant("now", now_ms=NOW) == NOW


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21",
        "2026-11-21T04:10",
        "2026-13-01T00:00Z",
        "2026-11-21T04:10+01:00",
        "+4",
        "+04h",
        "٢٠٢٦-11-21T04:10Z",
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    """No guess is made about a day, a zone or a unit."""
    with pytest.raises(ValueError):
        parse_instant(text, now_ms=NOW)


def test_spans_are_shown_in_their_two_largest_units() -> None:
    """A person reads hours, not milliseconds."""
    assert duration(250) == "250 ms"
    assert duration(parse_duration("90s")) == "1 min 30 s"
    assert duration(-parse_duration("30d")) == "-30 d"
