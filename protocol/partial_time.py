"""Partial time: a moment known to the year, month, day, hour, minute or second, and no better.

The written form is the value: `2015`, `2015-12`, `2015-12-23`, `2015-12-23T14Z`, `2015-12-23T14:05Z`,
`2015-12-23T14:05:09Z`. How much is written is how much is known, so nobody has to invent a day to fill a form. There is
one spelling of each; all are UTC.

Source: spec/catalogue.md, "when"; the fidelities are those of the incident extension of STIX 2.1.
"""

import datetime
import re
from dataclasses import dataclass

YEAR_MIN = 1000  # four digits without a leading zero; nothing that happens on a line is older
_SHAPE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2})(?::([0-9]{2})(?::([0-9]{2}))?)?Z)?)?)?", re.ASCII
)
_FIDELITIES = ("year", "month", "day", "hour", "minute", "second")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MS = datetime.timedelta(milliseconds=1)
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_STEPS = {
    "day": datetime.timedelta(days=1),
    "hour": datetime.timedelta(hours=1),
    "minute": datetime.timedelta(minutes=1),
    "second": datetime.timedelta(seconds=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialTime:
    """What a partial time covers.

    Attributes:
        fidelity: year, month, day, hour, minute or second.
        first_ms: the first millisecond it may mean, UTC, may be negative before 1970.
        last_ms: the last millisecond it may mean; lists are ordered by it: only then has the moment surely passed.
    """

    fidelity: str
    first_ms: int
    last_ms: int


def parse_partial_time(text: str) -> PartialTime | None:
    """Read a partial time.

    Args:
        text: one of the six written forms.

    Returns:
        What it covers, or None when the text is not such a form or names no date of the calendar.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    numbers = [int(part) for part in match.groups() if part is not None]
    fidelity = _FIDELITIES[len(numbers) - 1]
    year, month, day, hour, minute, second = numbers + [0, 1, 1, 0, 0, 0][len(numbers) :]
    if year < YEAR_MIN:
        return None
    try:
        first = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        return None
    first_ms = (first - _EPOCH) // _MS
    return PartialTime(fidelity=fidelity, first_ms=first_ms, last_ms=first_ms + _length_ms(first, fidelity) - 1)


def _length_ms(first: datetime.datetime, fidelity: str) -> int:
    """Count the milliseconds of the year, month, day, hour, minute or second that begins at first."""
    leap = first.year % 4 == 0 and (first.year % 100 != 0 or first.year % 400 == 0)
    if fidelity == "year":
        step = datetime.timedelta(days=366 if leap else 365)
    elif fidelity == "month":
        step = datetime.timedelta(days=29 if leap and first.month == 2 else _MONTH_DAYS[first.month - 1])
    else:
        step = _STEPS[fidelity]
    return step // _MS
