"""Shapes of decoded values, declared as data: which fields a map or a row has, and what may stand in each.

A check is a function from a value to true or false. A `Table` lists the fields of a map, a `Row` the places of an
array. Both say which field is wrong and never repeat its value.

    HEADER = Table("header", {"id": octets(16), "thread": maybe(octets(32)), "status": one_of("actual", "test")})
    HEADER.check(value)

Source: spec/statement-and-entry.md, "Shapes".
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from protocol.canonical import decode, decode_shaped
from protocol.errors import Malformed, NotUnderstood
from protocol.limits import TIME_MS_MAX, TOKEN_CHARS_MAX

Check = Callable[[object], bool]
"""True where the value may stand in the field."""

TOKEN_PATTERN: Final = re.compile(r"[a-z][a-z0-9]*(?:[-+][a-z0-9]+)*")
PARTY_PATTERN: Final = re.compile(r"[A-Z]{2,4}")


def integer(low: int, high: int) -> Check:
    """An integer from `low` to `high`; a boolean is not one."""
    return lambda value: type(value) is int and low <= value <= high


def time_ms(value: object) -> bool:
    """UTC milliseconds from 1970 to the end of 9999. Wrong clocks are measured elsewhere, not refused here."""
    return type(value) is int and 0 <= value <= TIME_MS_MAX


def boolean(value: object) -> bool:
    """True or false, and no integer."""
    return type(value) is bool


def octets(low: int, high: int | None = None) -> Check:
    """Bytes of exactly `low`, or of `low` to `high`."""
    if high is None:
        return lambda value: type(value) is bytes and len(value) == low
    return lambda value: type(value) is bytes and low <= len(value) <= high


def text(chars_max: int) -> Check:
    """Text of 1 to `chars_max` characters. Whether people may be shown it is judged where it is shown."""
    return lambda value: type(value) is str and 0 < len(value) <= chars_max


def matching(pattern: re.Pattern[str], chars_max: int = TOKEN_CHARS_MAX) -> Check:
    """Text that matches the whole pattern, of at most `chars_max` characters."""
    fullmatch = pattern.fullmatch
    return lambda value: type(value) is str and len(value) <= chars_max and fullmatch(value) is not None


def one_of(*allowed: str) -> Check:
    """One of the given words."""
    words = frozenset(allowed)
    return lambda value: type(value) is str and value in words


def maybe(check: Check) -> Check:
    """Nil, or what `check` takes."""

    def check_maybe(value: object) -> bool:
        return value is None or check(value)

    _MAYBE[check_maybe] = (check, True)
    return check_maybe


_MAYBE: Final[dict[Check, tuple[Check, bool]]] = {}
"""What stands behind a `maybe`, for tables that look for nil themselves and save a call for nearly every field."""


def array(check: Check, count_max: int, count_min: int = 0) -> Check:
    """An array of values that `check` takes."""
    return lambda value: type(value) is list and count_min <= len(value) <= count_max and all(map(check, value))


def row(*checks: Check) -> Check:
    """An array with one place for each check."""
    count = len(checks)

    def check_row(value: object) -> bool:
        if type(value) is not list or len(value) != count:
            return False
        for check, item in zip(checks, value, strict=True):  # noqa: SIM110 (a generator would double the cost)
            if not check(item):
                return False
        return True

    return check_row


def mapping(value: object) -> bool:
    """Any map; its fields are another table's business."""
    return type(value) is dict


token: Final = matching(TOKEN_PATTERN)
"""A name of ours: `clarification-request`, `ed25519+ml-dsa-65`."""

party: Final = matching(PARTY_PATTERN)
"""Short name of a party: two to four capitals."""

hash32: Final = octets(32)
"""A SHA-256 hash."""


class Table:
    """The fields of a map. Every field is present, nil where its check allows; there are no others.

    Args:
        name: what the map is, for the place in errors.
        fields: check for each field name.
        optional: check for each field that may be left out.
        open_fields: those whose check does not look at what is in them.
    """

    __slots__ = ("_checks", "_keys", "_only", "_open", "_optional", "name")

    def __init__(
        self,
        name: str,
        fields: Mapping[str, Check],
        optional: Mapping[str, Check] | None = None,
        *,
        open_fields: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self._checks = tuple(sorted(fields.items()))
        self._only = [_MAYBE.get(check, (check, False)) for _, check in self._checks]
        self._keys = [key for key, _ in self._checks]
        self._open = open_fields
        self._optional = dict(optional or {})

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields that must be there, in canonical order."""
        return tuple(self._keys)

    def read(self, data: bytes, *, bytes_max: int) -> dict[str, Any]:
        """Decode a canonical map and check it against the table.

        Raises:
            Malformed, NotUnderstood: as `canonical.decode` and `check`.
        """
        value = decode_shaped(data, bytes_max=bytes_max, fits=self._fits)
        return self.check(decode(data, bytes_max=bytes_max)) if value is None else value

    def _fits(self, value: object) -> bool:
        """Whether a value is a map of just these fields in order, each right, and none of those that may hold any."""
        if type(value) is not dict or list(value) != self._keys:
            return False
        for (check, nullable), item in zip(self._only, value.values(), strict=True):
            if (item is not None or not nullable) and not check(item):
                return False
        return all(value[name] is None for name in self._open)

    def check(self, value: object) -> dict[str, object]:
        """Check a decoded map against the table.

        Args:
            value: what `canonical.decode` gave.

        Returns:
            The same map.

        Raises:
            NotUnderstood: a field that the table does not know, beside all those it asks for.
            Malformed: `bad-type` where it is no map, `missing-field`, or `bad-field` naming the first wrong one.
        """
        if type(value) is not dict:
            raise Malformed("bad-type", self.name)
        if list(value) != self._keys:
            self._check_names(value)
        for key, check in self._checks:
            if not check(value[key]):
                raise Malformed("bad-field", f"{self.name}.{key}")
        return value

    def _check_names(self, value: dict[str, object]) -> None:
        """The slow way, taken only where the fields are not exactly those asked for."""
        for key in self._keys:
            if key not in value:
                raise Malformed("missing-field", f"{self.name}.{key}")
        for key in value:
            if key in self._optional:
                if not self._optional[key](value[key]):
                    raise Malformed("bad-field", f"{self.name}.{key}")
            elif key not in self._keys:
                # The name is the writer's and may be anything; only one that reads like ours is repeated.
                readable = token(key.replace("_", "-"))
                raise NotUnderstood(f"{self.name}.{key}" if readable else self.name, "unknown field")


class Row:
    """The places of an array of fixed length, such as a frame or an entry.

    Args:
        name: what the array is, for the place in errors.
        places: check for each place, by name and in order.
    """

    __slots__ = ("_checks", "_count", "_only", "name")

    def __init__(self, name: str, places: Mapping[str, Check]) -> None:
        self.name = name
        self._checks = tuple(places.items())
        self._only = [check for _, check in self._checks]
        self._count = len(self._checks)

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the places, in order."""
        return tuple(name for name, _ in self._checks)

    def read(self, data: bytes, *, bytes_max: int) -> list[Any]:
        """Decode a canonical array and check it against the places, none of which may hold whatever it likes.

        Raises:
            Malformed: as `canonical.decode` and `check`.
        """
        value = decode_shaped(data, bytes_max=bytes_max, fits=self._fits)
        return self.check(decode(data, bytes_max=bytes_max)) if value is None else value

    def _fits(self, value: object) -> bool:
        if type(value) is not list or len(value) != self._count:
            return False
        for check, item in zip(self._only, value, strict=True):  # noqa: SIM110 (a generator would double the cost)
            if not check(item):
                return False
        return True

    def check(self, value: object) -> list[object]:
        """Check a decoded array against the places.

        Returns:
            The same array.

        Raises:
            Malformed: `bad-type` where it is no array of that length, or `bad-field` naming the first wrong place.
        """
        if type(value) is not list or len(value) != self._count:
            raise Malformed("bad-type", self.name)
        for (name, check), item in zip(self._checks, value, strict=True):
            if not check(item):
                raise Malformed("bad-field", f"{self.name}.{name}")
        return value
