"""The files of a catalogue as they parse, kept beside it, so that a program does not parse two hundred at every start.

One line a file: the SHA-256 of its bytes in hexadecimal, a blank, and its tables as JSON. A line counts only for a file
of exactly those bytes: one that is out of date costs the time of parsing and changes nothing.

Source: spec/catalogue.md, "Files and digest".
"""

import json
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from protocol.tagged import digest

NAME: Final = "catalogue.jsonl"
"""The file beside the folder of the catalogue."""

Parsed = Mapping[bytes, bytes]
"""JSON by the SHA-256 of the bytes that it was parsed from."""


def read_parsed(data: bytes) -> Parsed:
    """Split the lines; what is in them is read when it is asked for.

    Args:
        data: the file, which this program's package brings with it.
    """
    lines = (line.partition(b" ") for line in data.splitlines())
    return {bytes.fromhex(name.decode("ascii")): text for name, _, text in lines}


def write_parsed(files: Mapping[str, bytes]) -> bytes:
    """The lines for files that parse, in the order of their names."""
    lines = []
    for name in sorted(files):
        tables = tomllib.loads(files[name].decode("utf-8"))
        text = json.dumps(tables, ensure_ascii=False, separators=(",", ":"))
        lines.append(f"{digest(files[name]).hex()} {text}\n")
    return "".join(lines).encode("utf-8")


def tables_of(data: bytes, parsed: Parsed) -> dict[str, Any]:
    """The tables of a file.

    Raises:
        UnicodeDecodeError, tomllib.TOMLDecodeError: it is not TOML.
    """
    kept = parsed.get(digest(data))
    if kept is not None:
        tables: dict[str, Any] = json.loads(kept)
        return tables
    return tomllib.loads(data.decode("utf-8"))
