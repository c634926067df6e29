"""The small part of TOML that a roster is written in, one spelling a value.

A file that people read and machines sign must mean one thing. So there is one way to write it, and the reader takes
the lines in the order in which the writer puts them: names that are unknown, twice or elsewhere never fit. Everything
written here is TOML, and any TOML reader gives the same values; the reverse is not so, and is not meant to be. The
time of a full TOML reader can also grow with the square of the parts of a dotted name: 64 kB of dots cost tomllib 20 s.

Source: TOML 1.0.0; RFC 3339; spec/keys-and-rosters.md, "Roster: the text".
"""

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from keys.errors import KeysMisused, RosterRefused

INTEGER_MAX: Final = 2**53 - 1
INSTANT_MAX_MS: Final = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last instant that RFC 3339 can write."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER = re.compile(r"0|[1-9][0-9]{0,15}")
_INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z", re.ASCII)
# No quotes and no backslashes: then a string is what stands between its quotes, and needs no escapes.
_STRING = re.compile(r'"([ !#-\[\]-~]*)"')
_STRINGS = re.compile(r'\["[ !#-\[\]-~]*"(?:, "[ !#-\[\]-~]*")*\]')


def instant_text(at_ms: int) -> str:
    """An instant as RFC 3339 in UTC with milliseconds, such as ``2026-11-21T09:14:07.000Z``.

    Args:
        at_ms: milliseconds since 1970-01-01T00:00:00Z, from 0 to :data:`INSTANT_MAX_MS`.

    Raises:
        KeysMisused: out of range.
    """
    if not 0 <= at_ms <= INSTANT_MAX_MS:
        raise KeysMisused(f"no instant that can be written: {at_ms} ms")
    return (_EPOCH + timedelta(milliseconds=at_ms)).strftime("%Y-%m-%dT%H:%M:%S") + f".{at_ms % 1000:03d}Z"


def instant_ms(text: str) -> int:
    """The milliseconds of such a text.

    Raises:
        RosterRefused: another spelling, a day or time that does not exist, or before 1970.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise RosterRefused(f"no UTC time with milliseconds: {text!r}")
    year, month, day, hour, minute, second, milli = (int(group) for group in match.groups())
    try:
        at = datetime(year, month, day, hour, minute, second, milli * 1000, tzinfo=UTC)
    except ValueError:
        raise RosterRefused(f"no such time: {text!r}") from None
    at_ms = (at - _EPOCH) // timedelta(milliseconds=1)
    if at_ms < 0:
        raise RosterRefused(f"a time before 1970: {text!r}")
    return at_ms


class LineWriter:
    """Collects lines. Every method adds one; :meth:`encode` gives the file."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def blank(self) -> None:
        """An empty line."""
        self._lines.append("")

    def comment(self, text: str) -> None:
        """A line for people, ``# text``."""
        self._lines.append(f"# {text}")

    def header(self, line: str) -> None:
        """A table header such as ``[node]`` or ``[[person]]``."""
        self._lines.append(line)

    def string(self, name: str, value: str) -> None:
        """``name = "value"``; printable ASCII without quotes and backslashes."""
        self._add(name, f'"{value}"', _STRING)

    def strings(self, name: str, values: Iterable[str]) -> None:
        """``name = ["one", "two"]`` with at least one value."""
        self._add(name, "[" + ", ".join(f'"{value}"' for value in values) + "]", _STRINGS)

    def integer(self, name: str, value: int) -> None:
        """``name = 7``, from 0 to :data:`INTEGER_MAX`."""
        self._add(name, str(value), _INTEGER)

    def instant(self, name: str, at_ms: int) -> None:
        """``name = 2026-11-21T09:14:07.000Z``."""
        self._lines.append(f"{name} = {instant_text(at_ms)}")

    def base64(self, name: str, value: bytes) -> None:
        """``name = "…"`` in standard base64 with padding."""
        self.string(name, base64.b64encode(value).decode("ascii"))

    def encode(self) -> bytes:
        """All lines, each ended by a line feed."""
        return "".join(line + "\n" for line in self._lines).encode("ascii")

    def _add(self, name: str, value: str, form: re.Pattern[str]) -> None:
        if not form.fullmatch(value):
            raise KeysMisused(f"cannot be written as {name}: {value!r}")
        self._lines.append(f"{name} = {value}")


class LineReader:
    """Takes lines in the order of the writer. Comments and blank lines are passed over: whoever reads a whole file
    writes it anew and compares, and so checks them too.

    Args:
        data: the file.
        bytes_max: refused above this, before anything is read.

    Raises:
        RosterRefused: (from every method, too) too long, not ASCII, no line feed at the end, or a line that is not
            the expected one; the text names the line by its number, counted from 1.
    """

    def __init__(self, data: bytes, *, bytes_max: int) -> None:
        if len(data) > bytes_max:
            raise RosterRefused(f"the text has {len(data)} bytes, more than {bytes_max}")
        try:
            text = data.decode("ascii")
        except UnicodeDecodeError as error:
            raise RosterRefused(f"byte {error.start} is not ASCII") from None
        if not text.endswith("\n"):
            raise RosterRefused("the last line has no line feed")
        numbered = enumerate(text[:-1].split("\n"), start=1)
        self._lines = [(number, line) for number, line in numbered if line and not line.startswith("#")]
        self._next = 0

    @property
    def ended(self) -> bool:
        """Whether every line was taken."""
        return self._next == len(self._lines)

    def follows(self, start: str) -> bool:
        """Whether the next line begins like this. Takes nothing."""
        return not self.ended and self._lines[self._next][1].startswith(start)

    def header(self, line: str) -> None:
        """Take a table header."""
        if self._take() != line:
            raise self._refusal(f"expected {line}")

    def string(self, name: str) -> str:
        """Take ``name = "value"``."""
        match = _STRING.fullmatch(self._value(name))
        if match is None:
            raise self._refusal(f"{name} is not a plain string")
        return match[1]

    def strings(self, name: str) -> tuple[str, ...]:
        """Take ``name = ["one", "two"]``."""
        value = self._value(name)
        if not _STRINGS.fullmatch(value):
            raise self._refusal(f"{name} is not a list of plain strings")
        return tuple(value[2:-2].split('", "'))

    def integer(self, name: str) -> int:
        """Take ``name = 7``."""
        value = self._value(name)
        if not _INTEGER.fullmatch(value) or int(value) > INTEGER_MAX:
            raise self._refusal(f"{name} is not a whole number in range")
        return int(value)

    def instant(self, name: str) -> int:
        """Take a time; milliseconds since 1970."""
        return instant_ms(self._value(name))

    def base64(self, name: str) -> bytes:
        """Take bytes."""
        return decode_base64(self.string(name), name=name)

    def end(self) -> None:
        """Refuse what is left over."""
        if not self.ended:
            self._take()
            raise self._refusal("nothing more was expected")

    def _take(self) -> str:
        if self.ended:
            raise RosterRefused("the text ends too early")
        self._next += 1
        return self._lines[self._next - 1][1]

    def _value(self, name: str) -> str:
        line = self._take()
        if not line.startswith(f"{name} = "):
            raise self._refusal(f"expected {name}")
        return line[len(name) + 3 :]

    def _refusal(self, why: str) -> RosterRefused:
        return RosterRefused(f"line {self._lines[self._next - 1][0]}: {why}")


def decode_base64(text: str, *, name: str) -> bytes:
    """Standard base64 with padding, in its one spelling.

    Raises:
        RosterRefused: stray characters, or loose last bits.
    """
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RosterRefused(f"{name} is not base64") from None
    if base64.b64encode(value).decode("ascii") != text:
        raise RosterRefused(f"{name} is a second spelling of its base64")
    return value
