"""The plain form of a keyring: JSON with hexadecimal seeds, in one spelling.

JSON readers take a name twice, spaces and unknown names; so whoever reads a keyring encodes it again and compares.
No error shows a value.

Source: RFC 8259; spec/keys-and-rosters.md, "Keyrings".
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from keys.errors import EnvelopeRefused
from keys.suite import SUITE_1, SUITES, Suite

FORMAT: Final = "hotline/1/keyring"

_HEX = re.compile(r"(?:[0-9a-f]{2})+")


class Fields:
    """Reads typed values out of the JSON. What is left unread shows when the keyring is encoded again."""

    def __init__(self, data: bytes | Mapping[str, Any], kind: str) -> None:
        if isinstance(data, Mapping):
            self._values = data
            return
        try:
            values = json.loads(data.decode("ascii"))
        except (ValueError, RecursionError):
            raise EnvelopeRefused("the keyring is no JSON") from None
        if not isinstance(values, dict) or values.get("format") != FORMAT or values.get("kind") != kind:
            raise EnvelopeRefused(f"this is no keyring of the kind: {kind}")
        self._values = values

    def absent(self, name: str) -> bool:
        """Whether there is no value, or null."""
        return self._values.get(name) is None

    def text(self, name: str) -> str:
        """A string."""
        value = self._values.get(name)
        if not isinstance(value, str):
            raise EnvelopeRefused(f"{name} is no text")
        return value

    def number(self, name: str) -> int:
        """A whole number."""
        value = self._values.get(name)
        # True and False are whole numbers to Python, but not to the format.
        if type(value) is not int:
            raise EnvelopeRefused(f"{name} is no whole number")
        return value

    def seed(self, name: str) -> bytes:
        """Bytes in lower-case hexadecimal."""
        value = self.text(name)
        if not _HEX.fullmatch(value):
            raise EnvelopeRefused(f"{name} is not hexadecimal")
        return bytes.fromhex(value)

    def seeds(self, name: str) -> tuple[bytes, ...]:
        """A list of such bytes; none where there is no such name."""
        values = self._values.get(name, [])
        if not isinstance(values, list) or not all(isinstance(one, str) and _HEX.fullmatch(one) for one in values):
            raise EnvelopeRefused(f"{name} is no list of hexadecimal seeds")
        return tuple(map(bytes.fromhex, values))

    def suite(self) -> Suite:
        """The suite of the keys; the first one is not written."""
        name = self._values.get("suite", SUITE_1.name)
        found = SUITES.get(name) if isinstance(name, str) else None
        if found is None:
            raise EnvelopeRefused("the keys are of a suite that this program does not know")
        return found

    def each(self, name: str) -> list[tuple[str, "Fields"]]:
        """The tables in a table, with their names."""
        value = self._values.get(name)
        if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
            raise EnvelopeRefused(f"{name} is no table of tables")
        return [(key, Fields(each, "")) for key, each in value.items()]


def encode(kind: str, *, suite: Suite = SUITE_1, **fields: object) -> bytes:
    """The one spelling: sorted names, no spaces, ASCII."""
    named = {} if suite is SUITE_1 else {"suite": suite.name}
    values = {"format": FORMAT, "kind": kind, **named, **fields}
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode("ascii")


def check_same(again: bytes, data: bytes) -> None:
    """Refuse a keyring that is encoded otherwise when it is encoded again."""
    if again != data:
        raise EnvelopeRefused("the keyring has unknown names, or is a second spelling")
