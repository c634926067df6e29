"""A table of a TOML text that is read strictly: each name is taken once, and what is left over was never understood.

Source: spec/agreement.md, "Reading".
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from protocol.errors import Malformed, NotUnderstood
from protocol.schema import token

_T = TypeVar("_T")
_HASH_PATTERN: Final = re.compile(r"[0-9a-f]{64}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Block:
    """A table from which names are taken.

    Args:
        table: as TOML gave it.
        where: its place in the text, for errors.
    """

    def __init__(self, table: dict[str, Any], where: str) -> None:
        self._left = dict(table)
        self.where = where

    def has(self, name: str) -> bool:
        """Whether the name is there and not yet taken."""
        return name in self._left

    def take(self, name: str, kind: type[_T]) -> _T:
        """The value of a name, of exactly that type.

        Raises:
            Malformed: `missing-field` or `bad-field`.
        """
        if name not in self._left:
            raise Malformed("missing-field", f"{self.where}.{name}")
        value = self._left.pop(name)
        if type(value) is not kind:
            raise Malformed("bad-field", f"{self.where}.{name}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """An array of text."""
        values = self.take(name, list)
        if not all(type(value) is str for value in values):
            raise Malformed("bad-field", f"{self.where}.{name}")
        return tuple(values)

    def hash32(self, name: str) -> bytes:
        """64 lower-case hexadecimal digits."""
        digits = self.take(name, str)
        if _HASH_PATTERN.fullmatch(digits) is None:
            raise Malformed("bad-field", f"{self.where}.{name}")
        return bytes.fromhex(digits)

    def time_ms(self, name: str) -> int:
        """A moment in UTC, in whole milliseconds."""
        moment = self.take(name, datetime)
        if moment.utcoffset() != timedelta(0) or moment.microsecond % 1000:
            raise Malformed("bad-field", f"{self.where}.{name}")
        return (moment - _EPOCH) // timedelta(milliseconds=1)

    def block(self, name: str) -> "Block":
        """A table inside this one; whoever takes it finishes it."""
        return Block(self.take(name, dict), f"{self.where}.{name}")

    def blocks(self, name: str, reader: Callable[["Block"], _T]) -> Iterator[_T]:
        """An array of tables, each read and finished; none where the name is absent."""
        tables = self.take(name, list) if self.has(name) else []
        for number, table in enumerate(tables, 1):
            if type(table) is not dict:
                raise Malformed("bad-field", f"{self.where}.{name}")
            block = Block(table, f"{self.where}.{name}[{number}]")
            yield reader(block)
            block.finish()

    def finish(self) -> None:
        """Refuse what is left.

        Raises:
            NotUnderstood: naming the block, and the field where it reads like one of ours.
        """
        for name in self._left:
            readable = token(name.replace("_", "-"))
            raise NotUnderstood(f"{self.where}.{name}" if readable else self.where, "unknown field")
