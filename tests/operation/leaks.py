"""Secrets in every spelling in which a program might let them out, and where they turn up."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

PARTS_MIN = 12
"""Characters of base64 that must be left of a secret in the middle of something else, to be looked for."""


def spellings(secret: bytes) -> set[bytes]:
    """A secret raw, in hexadecimal, in base64 wherever it may begin, as Python and JSON write bytes and text, and as a
    list of numbers."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode(), repr(secret)[2:-1].encode()}
    found.add(", ".join(map(str, secret)).encode())
    for before in range(3):
        # What surrounds the secret changes the characters at its two ends and no others.
        text = base64.b64encode(bytes(before) + secret)
        whole = text[-(-before * 8 // 6) : len(text) - (4 if len(secret) + before != 3 * (len(text) // 4) else 0)]
        if len(whole) >= PARTS_MIN:
            found |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    try:
        found.add(json.dumps(secret.decode())[1:-1].encode())
    except UnicodeDecodeError:
        pass
    return found


class Search:
    """Looks for secrets.

    Args:
        secrets: each by what it is called where it is found.
    """

    def __init__(self, secrets: Mapping[str, bytes]) -> None:
        self._spellings = {name: spellings(secret) for name, secret in secrets.items()}
        self.found: list[str] = []

    def look(self, where: str, data: bytes) -> None:
        """Look through some bytes."""
        for name, all_of_it in self._spellings.items():
            self.found += [f"{name} is in {where}" for one in all_of_it if one in data][:1]

    def look_in(self, paths: Iterable[Path]) -> int:
        """Look through files; returns how many there were."""
        count = 0
        for path in paths:
            if path.is_file():
                self.look(str(path), path.read_bytes())
                count += 1
        return count
