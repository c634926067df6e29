"""Times for people: UTC with a Z, durations in words; and back, strictly."""

from __future__ import annotations

import datetime
import re

from protocol.limits import TIME_MS_MAX

_DURATION = re.compile(r"([1-9][0-9]{0,5})(ms|s|min|m|h|d)")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?Z",
)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def zulu(at_ms: int) -> str:
    """Give a time as "2026-11-21T09:14:07.123Z"; one that no header can have as the first or the last that one can."""
    at_ms = min(max(at_ms, 0), TIME_MS_MAX)
    instant = _EPOCH + datetime.timedelta(milliseconds=at_ms)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}Z"


def zulu_short(at_ms: int) -> str:
    """Give a time as "2026-11-21 09:14:07Z"."""
    return zulu(at_ms)[:19].replace("T", " ") + "Z"


def duration(span_ms: int) -> str:
    """Give a span as its two largest units: "3 h 20 min", "4 s"."""
    if span_ms < 0:
        return "-" + duration(-span_ms)
    if span_ms < 1000:
        return f"{span_ms} ms"
    seconds = span_ms // 1000
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def parse_instant(text: str, *, now_ms: int) -> int:
    """Read a time: "2026-11-21T09:14Z" (seconds and milliseconds may follow), "+4h" from now, or "now".

    Returns:
        UTC milliseconds.

    Raises:
        ValueError: another form, or no such time.
    """
    if text == "now":
        return now_ms
    if text.startswith(("+", "-")):
        span = parse_duration(text[1:])
        return now_ms + span if text[0] == "+" else now_ms - span
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time such as 2026-11-21T09:14Z or +4h")
    year, month, day, hour, minute = (int(match[index]) for index in range(1, 6))
    second = int(match[6] or "0")
    milliseconds = int((match[7] or "0").ljust(3, "0"))
    instant = datetime.datetime(year, month, day, hour, minute, second, milliseconds * 1000, tzinfo=datetime.UTC)
    return (instant - _EPOCH) // datetime.timedelta(milliseconds=1)


def parse_duration(text: str) -> int:
    """Read a span such as "90s", "4h" or "250ms" as milliseconds.

    Raises:
        ValueError: another form.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 90s, 15min, 4h or 30d")
    return int(match[1]) * _UNIT_MS[match[2]]
